"""The general rule: the diplotypes of the highest score are reported.

Genes with nothing of their own: ABCG2, CYP2B6, CYP2C9, CYP2C19, CYP2D6, CYP3A4, CYP3A5, CYP4F2, IFNL3,
NUDT15, TPMT, UGT1A1, VKORC1. What is special about some of them stands in their tables: CYP2C19 ``*1``
scores at every position, as ``*38`` does; ``*80+*28`` and ``*80+*37`` of UGT1A1 are alleles of two
positions; bases outside the tables count as REF in NUDT15 and TPMT.
"""

from __future__ import annotations

from collections.abc import Mapping

from pytwin.genome.genotype import Genotype
from pytwin.genome.match import Match
from pytwin.genome.rules.report import Report, names
from pytwin.genome.tables import Gene


def report(gene: Gene, observed: Mapping[int, Genotype], found: Match) -> Report:
    """The diplotypes of the highest score."""
    if not found.informative:
        return Report()
    top = names(gene, found, found.top)
    return Report(top, names(gene, found, found.callable), top)
