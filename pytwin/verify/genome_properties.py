"""A position that is not seen never narrows what is possible: every gene, drawn genotypes."""

from __future__ import annotations

import random
from collections.abc import Iterator

from pytwin.genome.call import Call, call_gene
from pytwin.genome.genotype import MISSING, Genotype
from pytwin.genome.tables import Gene, load_tables
from pytwin.verify.case import Case, equal
from pytwin.verify.run import Context

_SOURCE = "the set of diplotypes with all positions, asked of the set with fewer"
_DRAWS = 20


def cases(context: Context) -> Iterator[Case]:
    """One case a gene: pairs of alleles that were possible and are no longer."""
    for name, gene in load_tables().genes.items():
        draw = random.Random(name)
        lost = sum(_lost(gene, draw) for _ in range(_DRAWS * (5 if context.full else 1)))
        yield equal(f"{name}: diplotypes excluded by taking positions away", 0, lost, source=_SOURCE)


def _lost(gene: Gene, draw: random.Random) -> int:
    """Diplotypes of a drawn sample that are gone, or differ, once positions are absent, ``./.`` or half."""
    full = _drawn(gene, draw)
    hidden = set(draw.sample(sorted(full), min(len(full), draw.randint(1, 4))))
    absent = {pos: g for pos, g in full.items() if pos not in hidden}
    uncalled = {pos: MISSING if pos in hidden else g for pos, g in full.items()}
    half = {
        pos: Genotype((g.alleles[0], None), g.phased, g.phase_set) if pos in hidden else g
        for pos, g in full.items()
    }
    before, after = call_gene(gene, full), call_gene(gene, absent)
    gone = _excluded(before, after) + _excluded(before, call_gene(gene, half))
    return gone + (after.diplotypes != call_gene(gene, uncalled).diplotypes)


def _excluded(before: Call, after: Call) -> int:
    """Of the 50 likeliest diplotypes before those that are not allowed after; without information all are."""
    if after.status == "no information":
        return 0
    return sum(not after.allows(*diplotype.alleles) for diplotype in before.diplotypes[:50])


def _drawn(gene: Gene, draw: random.Random) -> dict[int, Genotype]:
    """A diplotype of the table, phased or not, with another variant now and then."""
    one, two = (dict(draw.choice(gene.alleles).defined) for _ in range(2))
    phased = draw.random() < 0.5
    sample = {}
    for position in gene.positions:
        letters = [strand.get(position.pos, position.ref) for strand in (one, two)]
        first, second = (a if a in (position.ref, *position.alts) else position.alts[0] for a in letters)
        if draw.random() < 0.01:
            second = draw.choice(position.alts)
        sample[position.pos] = Genotype((first, second), phased)
    return sample
