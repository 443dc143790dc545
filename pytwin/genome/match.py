"""Star-allele matching: which pairs of alleles explain what was observed.

Every position belongs to a block whose strands are known relative to each other: positions phased
together, or one unphased heterozygous position alone. A pair (A, B) of alleles is consistent when, in
each block, A agrees with one strand and B with the other; blocks turn independently, so no enumeration
of their orientations is needed. A strand with an unseen allele agrees with every base, so that a missing
position can only widen the set.

The reported call follows PharmCAT (scores, callable alleles), as written down in the reference library,
genomics/CASES.md, section 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytwin.genome.genotype import MISSING, OTHER, Genotype
from pytwin.genome.tables import ANY_BASE, REFERENCE_BIT, Gene

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Match:
    """Allele pairs of one gene, as row indices (first <= second) into ``gene.alleles``.

    ``pairs`` (n, 2) are all consistent ones, ``scores`` (n,) their scores; ``callable`` (n,) marks those
    of which every allele could be tested, ``reported`` (n,) the callable ones of the highest score.
    ``untested`` (alleles,) marks alleles of which no position was seen.
    """

    pairs: NDArray[np.intp]
    scores: NDArray[np.int64]
    callable: Bools
    reported: Bools
    untested: Bools
    informative: bool


@dataclass(frozen=True)
class _Strands:
    """Observed bases as masks (2, positions), the block of each position, and what was seen."""

    masks: NDArray[np.uint16]
    block: NDArray[np.intp]
    available: Bools
    refused: bool


def _mask(gene: Gene, at: int, allele: str | None) -> int:
    if allele is None:
        return ANY_BASE
    if allele == OTHER:
        return REFERENCE_BIT if gene.undocumented_as_reference else 0
    return gene.positions[at].mask(allele)


def _strands(gene: Gene, observed: Mapping[int, Genotype]) -> _Strands:
    """Lay the genotypes out by position; block 0 holds the positions equal on both strands."""
    n = len(gene.positions)
    masks = np.empty((2, n), dtype=np.uint16)
    block = np.zeros(n, dtype=np.intp)
    available = np.zeros(n, dtype=np.bool_)
    names: dict[object, int] = {}
    refused = False
    for at, position in enumerate(gene.positions):
        genotype = observed.get(position.pos, MISSING)
        masks[:, at] = [_mask(gene, at, allele) for allele in genotype.alleles]
        # A half call whose seen allele is REF counts as missing in the score, any other refuses the call.
        half_alt = genotype.half and REFERENCE_BIT not in masks[:, at]
        refused |= half_alt
        available[at] = not genotype.missing and not genotype.half
        if masks[0, at] != masks[1, at]:
            key: object = ("phased", genotype.phase_set) if genotype.phased else at
            block[at] = names.setdefault(key, len(names) + 1)
    return _Strands(masks, block, available, refused)


def _score(gene: Gene, strands: _Strands, strand: int, columns: Bools) -> NDArray[np.int64]:
    """Positions that count for each allele on a strand; an IUPAC letter counts where the base is not REF."""
    seen = columns & strands.available
    not_reference = strands.masks[strand] != REFERENCE_BIT
    counts = gene.scored & seen & (~gene.wobble | not_reference)
    total: NDArray[np.int64] = counts.sum(axis=1, dtype=np.int64)
    return total


def _agree(gene: Gene, strands: _Strands, strand: int, columns: Bools) -> Bools:
    hits = (gene.masks[:, columns] & strands.masks[strand, columns]) != 0
    result: Bools = hits.all(axis=1)
    return result


def match(gene: Gene, observed: Mapping[int, Genotype]) -> Match:
    """Match one gene's genotypes, given by GRCh38 position; an absent position is missing.

    Returns
    -------
    Match
        Without any observed position all pairs are consistent and ``informative`` is False.
    """
    strands = _strands(gene, observed)
    common = strands.block == 0
    both = _agree(gene, strands, 0, common)
    same = _score(gene, strands, 0, common)
    fits = both[:, None] & both[None, :]
    score = same[:, None] + same[None, :]
    for number in range(1, int(strands.block.max(initial=0)) + 1):
        columns = strands.block == number
        one, two = (_agree(gene, strands, s, columns) for s in (0, 1))
        score_one, score_two = (_score(gene, strands, s, columns) for s in (0, 1))
        forward = one[:, None] & two[None, :]
        ahead = np.where(forward, score_one[:, None] + score_two[None, :], -1)
        fits &= forward | forward.T
        score = score + np.maximum(ahead, ahead.T)
    return _select(gene, strands, fits, score)


def _select(gene: Gene, strands: _Strands, fits: Bools, score: NDArray[np.int64]) -> Match:
    """Keep each unordered pair once and mark what a report shows."""
    pairs = np.argwhere(np.triu(fits))
    scores = score[pairs[:, 0], pairs[:, 1]]
    tested: Bools = np.any(gene.scored & strands.available, axis=1)
    complete: Bools = np.all(tested[pairs], axis=1)
    if strands.refused:
        complete = np.zeros_like(complete)
    best = scores[complete].max(initial=-1)
    seen = bool((strands.masks != ANY_BASE).any())
    return Match(pairs, scores, complete, complete & (scores == best), ~tested, seen)
