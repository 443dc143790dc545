"""Star-allele matching: which pairs of alleles explain what was observed.

Every position belongs to a block whose strands are known relative to each other: positions phased
together, or one unphased heterozygous position alone. A pair (A, B) of alleles is consistent when, in
each block, A agrees with one strand and B with the other; blocks turn independently, so no enumeration
of their orientations is needed. A strand with an unseen allele agrees with every base, so that a missing
position can only widen the set.

A set of alleles is one integer with a bit for each allele, so is a set of positions: what a genotype
leaves possible is one ``and`` a position.

Scores and callable alleles follow PharmCAT, as written down in the reference library, genomics/CASES.md,
section 3; ``pytwin.reference.star_alleles`` is the same by enumeration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations_with_replacement
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytwin.genome.genotype import OTHER, Genotype
from pytwin.genome.tables import Gene

Bools = NDArray[np.bool_]
Pairs = NDArray[np.intp]


class _Column(NamedTuple):
    """One position: its bit, its REF, and the alleles that allow each base."""

    pos: int
    bit: int
    ref: str
    agree: dict[str, int]


class Compiled(NamedTuple):
    """A gene's table as bit sets; ``counts`` and ``wobble`` are sets of positions, one an allele."""

    columns: tuple[_Column, ...]
    every: int
    positions: int
    counts: tuple[int, ...]
    wobble: tuple[int, ...]


@lru_cache(maxsize=64)
def compiled(gene: Gene) -> Compiled:
    """The bit sets of a gene, made once."""
    masks, n = gene.masks, len(gene.alleles)
    columns = []
    for at, position in enumerate(gene.positions):
        agree = {}
        for letter in (position.ref, *position.alts):
            allowed = (masks[:, at] & position.mask(letter)) != 0
            agree[letter] = sum(1 << row for row in range(n) if allowed[row])
        columns.append(_Column(position.pos, 1 << at, position.ref, agree))
    return Compiled(
        tuple(columns),
        (1 << n) - 1,
        (1 << len(columns)) - 1,
        tuple(_bits(row) for row in gene.scored),
        tuple(_bits(row) for row in gene.wobble),
    )


def _bits(flags: Bools) -> int:
    return sum(1 << at for at, flag in enumerate(flags) if flag)


@dataclass(slots=True)
class _Block:
    """Positions that turn together: alleles that agree with each strand, and where each is not REF."""

    one: int
    two: int
    positions: int = 0
    changed_one: int = 0
    changed_two: int = 0


class Match:
    """Allele pairs of one gene that explain what was observed.

    Attributes
    ----------
    rows : list of (int, int)
        All consistent pairs, as row indices (first <= second) into ``gene.alleles``.
    informative : bool
        False where no position was seen.
    untested : tuple of int
        Rows of the alleles of which no position was seen.
    blocks : int
        Groups of heterozygous positions that may turn against each other.
    """

    def __init__(self, gene: Gene, observed: Mapping[int, Genotype]) -> None:
        self._table = table = compiled(gene)
        self._common = table.every
        self._blocks: dict[object, _Block] = {}
        self._seen = self._available = self._changed = 0
        self._refused = False
        as_reference = gene.undocumented_as_reference
        for column in table.columns:
            genotype = observed.get(column.pos)
            if genotype is None:
                continue
            first, second = genotype.alleles
            if as_reference:
                first = column.ref if first == OTHER else first
                second = column.ref if second == OTHER else second
            if first == second:
                if first is not None:
                    self._take_common(column, first)
            else:
                self._take_block(column, genotype, first, second)
        self.informative = self._seen != 0
        self.blocks = len(self._blocks)
        self.rows = self._pairs()

    def _take_common(self, column: _Column, letter: str) -> None:
        self._common &= column.agree.get(letter, 0)
        self._seen |= column.bit
        self._available |= column.bit
        if letter != column.ref:
            self._changed |= column.bit

    def _take_block(self, column: _Column, genotype: Genotype, first: str | None, second: str | None) -> None:
        every, ref = self._table.every, column.ref
        self._seen |= column.bit
        if first is None or second is None:
            # A half call whose seen allele is REF counts as missing in the score, any other refuses the call.
            self._refused |= ref not in (first, second)
        else:
            self._available |= column.bit
        key: object = ("phased", genotype.phase_set) if genotype.phased else column.pos
        block = self._blocks.setdefault(key, _Block(every, every))
        block.one &= every if first is None else column.agree.get(first, 0)
        block.two &= every if second is None else column.agree.get(second, 0)
        block.positions |= column.bit
        if first not in (ref, None):
            block.changed_one |= column.bit
        if second not in (ref, None):
            block.changed_two |= column.bit

    def _pairs(self) -> list[tuple[int, int]]:
        common, blocks = self._common, tuple(self._blocks.values())
        rows = _rows(common)
        if not blocks:
            return list(combinations_with_replacement(rows, 2))
        found = []
        for row in rows:
            partners = common >> row << row
            for block in blocks:
                straight = block.two if block.one >> row & 1 else 0
                partners &= straight | (block.one if block.two >> row & 1 else 0)
            found += [(row, other) for other in _rows(partners)]
        return found

    @cached_property
    def pairs(self) -> Pairs:
        """``rows`` as an array (n, 2)."""
        return np.array(self.rows, dtype=np.intp).reshape(-1, 2)

    @cached_property
    def untested(self) -> tuple[int, ...]:
        available = self._available
        if available == self._table.positions:
            return ()
        return tuple(row for row, counts in enumerate(self._table.counts) if not counts & available)

    @cached_property
    def callable(self) -> list[int]:
        """Pairs, by their place in ``rows``, of which every allele was tested."""
        if self._refused:
            return []
        hidden = set(self.untested)
        return [at for at, (a, b) in enumerate(self.rows) if a not in hidden and b not in hidden]

    @cached_property
    def top(self) -> list[int]:
        """The callable pairs of the highest score, by their place in ``rows``."""
        if len(self.callable) < 2:
            return self.callable
        scores = self.scores(self.pairs[self.callable])
        best = scores.max()
        return [at for at, score in zip(self.callable, scores, strict=True) if score == best]

    def scores(self, pairs: Pairs) -> NDArray[np.int64]:
        """Scores (n,) of consistent pairs (n, 2): positions that count, in the better orientation."""
        first, second = pairs[:, 0], pairs[:, 1]
        rows = sorted({int(row) for row in pairs.ravel()})
        shared = self._available
        for block in self._blocks.values():
            shared &= ~block.positions
        same = self._count(rows, shared, self._changed)
        total = same[first] + same[second]
        for block in self._blocks.values():
            seen = block.positions & self._available
            one, two = (self._count(rows, seen, c) for c in (block.changed_one, block.changed_two))
            fits_one, fits_two = (_flags(bits, len(self._table.counts)) for bits in (block.one, block.two))
            ahead = np.where(fits_one[first] & fits_two[second], one[first] + two[second], -1)
            behind = np.where(fits_two[first] & fits_one[second], two[first] + one[second], -1)
            total = total + np.maximum(ahead, behind)
        result: NDArray[np.int64] = total
        return result

    def _count(self, rows: list[int], seen: int, changed: int) -> NDArray[np.int64]:
        """Positions that count for each allele; an IUPAC letter counts where the base is not REF."""
        counts, wobble = self._table.counts, self._table.wobble
        found = np.zeros(len(counts), dtype=np.int64)
        for row in rows:
            found[row] = (counts[row] & seen & (~wobble[row] | changed)).bit_count()
        return found


def _rows(bits: int) -> list[int]:
    """Numbers of the bits that are set, ascending."""
    found = []
    while bits:
        low = bits & -bits
        found.append(low.bit_length() - 1)
        bits ^= low
    return found


def _flags(bits: int, n: int) -> Bools:
    """A set of alleles as truth values (n,)."""
    return np.array([bits >> row & 1 for row in range(n)], dtype=np.bool_)


def match(gene: Gene, observed: Mapping[int, Genotype]) -> Match:
    """Match one gene's genotypes, given by GRCh38 position; an absent position is missing.

    Returns
    -------
    Match
        Without any observed position all pairs are consistent and ``informative`` is False.
    """
    return Match(gene, observed)
