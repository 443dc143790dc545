"""DPYD as two strands, each a set of variants: what was seen, and which pairs of sets it allows.

Every allele of DPYD but HapB3 is a single variant, and a strand may carry several. HapB3 is the intronic
rs75017182 with the exonic rs56038477; the intronic variant alone is an allele of its own, the exonic one
alone is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from pytwin.genome.genotype import Genotype
from pytwin.genome.tables import Gene

INTRONIC, EXONIC = 97579893, 97573863
HALVES = 6
"""Half calls that are followed both ways; beyond that they count as missing, which only widens the set."""
TURNS = 12
"""Blocks that are turned against each other; 2048 orientations are the most that are looked at."""

Seen = bool | None
Strand = dict[int, Seen]


class Site(NamedTuple):
    """One position: REF, the ALT that is a variant, and the variant's name; none for the sites of HapB3."""

    pos: int
    ref: str
    alt: str
    label: str | None


class Sites(NamedTuple):
    """All positions; names of HapB3, of its intronic part alone, and of the reference."""

    every: tuple[Site, ...]
    hapb3: str
    intronic: str
    reference: str


@lru_cache(maxsize=4)
def sites(gene: Gene) -> Sites:
    """The sites of the gene's table."""
    single = {a.defined[0]: a.label for a in gene.alleles if len(a.defined) == 1}
    hapb3 = next(a.label for a in gene.alleles if len(a.defined) > 1)
    found = []
    for p in gene.positions:
        label = None if p.pos in (INTRONIC, EXONIC) else single[(p.pos, p.alts[0])]
        found.append(Site(p.pos, p.ref, p.alts[0], label))
    intronic = next(label for (pos, _), label in single.items() if pos == INTRONIC)
    return Sites(tuple(found), hapb3, intronic, gene.alleles[gene.reference_row].label)


@dataclass(frozen=True, slots=True)
class Block:
    """Positions that turn together, with what each strand shows: variant, no variant, or not seen."""

    one: Mapping[int, Seen]
    two: Mapping[int, Seen]


@dataclass(frozen=True, slots=True)
class Seen2:
    """What a file shows of the gene: positions alike on both strands, and blocks of those that differ."""

    common: Mapping[int, bool]
    blocks: tuple[Block, ...]
    phase_sets: bool

    @property
    def informative(self) -> bool:
        """Whether any position was seen."""
        return bool(self.common or self.blocks)

    def orientations(self) -> Iterator[tuple[Strand, Strand]]:
        """Pairs of strands, one for each way to turn the blocks; the first block stays."""
        turning = self.blocks[1:TURNS]
        for turns in product((False, True), repeat=len(turning)):
            one, two = dict[int, Seen](self.common), dict[int, Seen](self.common)
            for block, turn in zip(self.blocks, (False, *turns), strict=False):
                one.update(block.two if turn else block.one)
                two.update(block.one if turn else block.two)
            yield one, two


def seen(gene: Gene, observed: Mapping[int, Genotype]) -> Seen2:
    """Sort what was observed into blocks; a base outside the table counts as no variant."""
    common: dict[int, bool] = {}
    ones: dict[object, dict[int, Seen]] = {}
    twos: dict[object, dict[int, Seen]] = {}
    phase_sets = False
    for site in sites(gene).every:
        genotype = observed.get(site.pos)
        if genotype is None or genotype.missing:
            continue
        first, second = (None if letter is None else letter == site.alt for letter in genotype.alleles)
        if first is not None and first == second:
            common[site.pos] = first
            continue
        key: object = ("phased", genotype.phase_set) if genotype.phased else site.pos
        phase_sets |= genotype.phased and genotype.phase_set is not None
        ones.setdefault(key, {})[site.pos] = first
        twos.setdefault(key, {})[site.pos] = second
    blocks = tuple(Block(ones[key], twos[key]) for key in ones)
    return Seen2(common, blocks, phase_sets)


def settled(data: Seen2) -> list[Seen2]:
    """The same without half calls: each is followed both ways, so that the cases exclude each other."""
    halves = [pos for block in data.blocks for pos in block.one if None in (block.one[pos], block.two[pos])]
    kept = halves[:HALVES]
    found = []
    for choice in product((False, True), repeat=len(kept)):
        value = dict(zip(kept, choice, strict=True))
        found.append(_settle(data, value, set(halves) - set(kept)))
    return found


def _settle(data: Seen2, value: Mapping[int, bool], dropped: set[int]) -> Seen2:
    common, blocks = dict(data.common), []
    for block in data.blocks:
        one: dict[int, Seen] = {}
        two: dict[int, Seen] = {}
        for pos in block.one:
            if pos in dropped:
                continue
            first, second = block.one[pos], block.two[pos]
            left = value[pos] if first is None else first
            right = value[pos] if second is None else second
            if left == right:
                common[pos] = left
            else:
                one[pos], two[pos] = left, right
        if one:
            blocks.append(Block(one, two))
    return Seen2(common, tuple(blocks), data.phase_sets)


def fits(table: Sites, variants: frozenset[str], site: Site, state: Seen) -> bool:
    """Whether a strand with these variants may show a state at a site."""
    if state is None:
        return True
    if site.pos == INTRONIC:
        return state == bool(variants & {table.hapb3, table.intronic})
    if site.pos == EXONIC:
        return state if table.hapb3 in variants else not state or table.intronic not in variants
    return state == (site.label in variants)


def allows(gene: Gene, data: Seen2, first: frozenset[str], second: frozenset[str]) -> bool:
    """Whether the data allow two sets of variants, on whichever strand."""
    table = sites(gene)
    if any({table.hapb3, table.intronic} <= strand for strand in (first, second)):
        return False
    of = {site.pos: site for site in table.every}

    def agree(strand: frozenset[str], states: Mapping[int, Seen]) -> bool:
        return all(fits(table, strand, of[pos], state) for pos, state in states.items())

    if not (agree(first, data.common) and agree(second, data.common)):
        return False
    return all(
        (agree(first, b.one) and agree(second, b.two)) or (agree(first, b.two) and agree(second, b.one))
        for b in data.blocks
    )
