"""NAT2: five positions are required, and unphased data prefer the known haplotypes of a list.

With two or more heterozygous positions most samples fit several diplotypes. The list (in the table's
``priorities``) names sets of diplotypes that fit together and the one that is by far the commonest.
"""

from __future__ import annotations

from collections.abc import Mapping

from pytwin.genome.genotype import Genotype
from pytwin.genome.match import Match
from pytwin.genome.rules import usual
from pytwin.genome.rules.report import Report
from pytwin.genome.tables import Gene


def report(gene: Gene, observed: Mapping[int, Genotype], found: Match) -> Report:
    """Nothing where a required position was not seen; else the preferred one of unphased diplotypes."""
    seen = (observed.get(pos) for pos in gene.required)
    if not all(genotype is not None and None not in genotype.alleles for genotype in seen):
        return Report(note="not reported: a required position was not seen")
    plain = usual.report(gene, observed, found)
    if found.blocks < 2 or len(plain.matched) < 2:
        return plain
    picks = tuple(pick for together, pick in gene.priorities if together <= set(plain.matched))
    if len(picks) != 1:
        return Report(plain.matched, plain.matched, plain.matched)
    return Report(picks, plain.matched, picks, "the commonest of the diplotypes that unphased data allow")
