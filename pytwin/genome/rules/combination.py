"""What strands carry that no pair of named alleles explains: several alleles, or variants outside of all.

A strand is told by the largest named alleles of which it carries all variants, and by the variants left.
No function is known of such a strand. PharmCAT calls these combinations and partial alleles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from pytwin.genome.genotype import OTHER, Genotype
from pytwin.genome.tables import Gene

TURNS = 8
"""Blocks of heterozygous positions that are turned against each other; with more nothing is told."""

Variants = frozenset[tuple[int, str]]


def combinations(gene: Gene, observed: Mapping[int, Genotype]) -> tuple[str, ...]:
    """Diplotypes of combined alleles and variants, one an orientation; positions not seen count as REF."""
    pairs = _strands(gene, observed)
    return tuple(sorted({"/".join(sorted(_named(gene, strand) for strand in pair)) for pair in pairs}))


def _strands(gene: Gene, observed: Mapping[int, Genotype]) -> Iterator[tuple[Variants, Variants]]:
    blocks: dict[object, list[tuple[int, str | None, str | None]]] = {}
    for position in gene.positions:
        genotype = observed.get(position.pos)
        if genotype is None or genotype.missing:
            continue
        first, second = (None if letter == position.ref else letter for letter in genotype.alleles)
        same = first == second
        key: object = "same" if same else ("phased", genotype.phase_set) if genotype.phased else position.pos
        blocks.setdefault(key, []).append((position.pos, first, second))
    common = blocks.pop("same", [])
    turning = list(blocks.values())
    if len(turning) > TURNS:
        return
    for turns in product((False, True), repeat=max(0, len(turning) - 1)):
        one, two = (
            [(pos, letter) for pos, letter, _ in common],
            [(pos, letter) for pos, _, letter in common],
        )
        for block, turn in zip(turning, (False, *turns), strict=False):
            one += [(pos, second if turn else first) for pos, first, second in block]
            two += [(pos, first if turn else second) for pos, first, second in block]
        yield _carried(one), _carried(two)


def _carried(letters: list[tuple[int, str | None]]) -> Variants:
    return frozenset((pos, letter) for pos, letter in letters if letter is not None)


def _named(gene: Gene, strand: Variants) -> str:
    """The largest alleles within a strand, then its other variants."""
    named = [
        (allele.label, frozenset(allele.defined))
        for allele in gene.alleles
        if allele.defined and frozenset(allele.defined) <= strand
    ]
    largest = [(label, own) for label, own in named if not any(own < other for _, other in named)]
    rest = strand.difference(*(own for _, own in largest)) if largest else strand
    parts = [label for label, _ in largest] + [_variant(gene, pos, base) for pos, base in sorted(rest)]
    if not parts:
        return gene.alleles[gene.reference_row].label
    return parts[0] if len(parts) == 1 and largest else f"[{' + '.join(parts)}]"


def _variant(gene: Gene, pos: int, base: str) -> str:
    label = gene.positions[gene.index[pos]].label
    return f"{label} {'other' if base == OTHER else base}"
