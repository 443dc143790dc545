"""SLCO1B1: where no diplotype fits, rs4149056 alone says what a recommendation goes by."""

from __future__ import annotations

from collections.abc import Mapping

from pytwin.genome.genotype import Genotype
from pytwin.genome.match import Match
from pytwin.genome.rules import usual
from pytwin.genome.rules.report import Report
from pytwin.genome.tables import Gene

KEY = "rs4149056"
STAND_IN = {"T": "*1", "C": "*5"}


def report(gene: Gene, observed: Mapping[int, Genotype], found: Match) -> Report:
    """The general rule; without a call the diplotype that rs4149056 alone would give, for look-up only."""
    plain = usual.report(gene, observed, found)
    pos = next(position.pos for position in gene.positions if position.rsid == KEY)
    genotype = observed.get(pos)
    if plain.reported or genotype is None:
        return plain
    letters = [STAND_IN.get(letter or "") for letter in genotype.alleles]
    first, second = letters
    if first is None or second is None:
        return plain
    return plain._replace(
        recommended=(gene.diplotype_name(first, second),),
        note=f"no diplotype fits; phenotype and recommendation go by {KEY} alone",
    )
