"""From a diplotype to its activity score and phenotype, by the CPIC function tables."""

from __future__ import annotations

from typing import NamedTuple

from pytwin.genome.tables import Allele, Gene


class Phenotype(NamedTuple):
    """Phenotype and activity score of one diplotype; None where CPIC assigns none."""

    name: str | None
    activity_score: float | None


NOT_AVAILABLE = Phenotype(None, None)


def phenotype(gene: Gene, first: str, second: str) -> Phenotype:
    """Phenotype of a pair of alleles.

    An allele that is not in the table, or has no function there, gives ``Phenotype(None, None)``:
    it never falls back to normal function.
    """
    alleles = (_strand(gene, first), _strand(gene, second))
    functions = {(a.function, a.activity) for a in alleles if a is not None and a.function is not None}
    if any(a is None or a.function is None for a in alleles):
        return NOT_AVAILABLE
    known = gene.pairs.get(frozenset((name, value) for name, value in functions if name is not None))
    if known is None:
        return NOT_AVAILABLE
    score, text = known
    return Phenotype(text, score)


def _strand(gene: Gene, label: str) -> Allele | None:
    """The allele that a strand counts as: of a combination the one of the lowest activity."""
    known = gene.allele(label)
    if known is not None or not gene.combines:
        return known
    carried = [gene.allele(part) for part in gene.parts(label)]
    rated = [(a.activity, a.label, a) for a in carried if a is not None and a.activity is not None]
    return min(rated)[2] if len(rated) == len(carried) else None
