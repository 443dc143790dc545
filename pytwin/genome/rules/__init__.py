"""What a report shows for a gene: the general rule, and those of genes that have one of their own.

The rules are PharmCAT's, as written down in the reference library, genomics/CASES.md, section 3. They are
conventions about what to show; ``Call.diplotypes`` holds what is possible.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pytwin.genome.genotype import Genotype
from pytwin.genome.match import Match
from pytwin.genome.rules import nat2, slco1b1, usual
from pytwin.genome.rules.report import Report
from pytwin.genome.tables import Gene

Rule = Callable[[Gene, Mapping[int, Genotype], Match], Report]

RULES: dict[str, Rule] = {"NAT2": nat2.report, "SLCO1B1": slco1b1.report}


def report(gene: Gene, observed: Mapping[int, Genotype], found: Match) -> Report:
    """What a report shows for a gene."""
    return RULES.get(gene.name, usual.report)(gene, observed, found)


__all__ = ["RULES", "Report", "Rule", "report"]
