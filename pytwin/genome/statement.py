"""What a source states about a gene, and the calls that follow where the gene has an allele table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from pytwin.genome.call import Call, missing_call, stated_call
from pytwin.genome.stated import is_missing, parse_diplotype
from pytwin.genome.tables import Gene, load_tables
from pytwin.issues import Issues


@dataclass(frozen=True, slots=True)
class Statement:
    """What one source states about one gene; ``repr`` holds no diplotype and no phenotype.

    Attributes
    ----------
    gene : str
    diplotypes : tuple of str
        As written; several where the source leaves it open.
    phenotype : str
        As written, empty where the source has none.
    activity_score : float or None
    place : str
        File and position.
    """

    gene: str
    diplotypes: tuple[str, ...] = field(repr=False)
    phenotype: str = field(default="", repr=False)
    activity_score: float | None = field(default=None, repr=False)
    place: str = ""


def digest(calls: Mapping[str, Call]) -> str:
    """SHA-256 of the reported diplotypes, for a genome that comes from no file."""
    text = json.dumps({name: call.reported for name, call in calls.items()}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def calls_of(diplotypes: Mapping[str, str | None], source: str, issues: Issues) -> dict[str, Call]:
    """A call for every gene of the tables from stated diplotypes; a gene that is not stated is missing."""
    tables = load_tables()
    for name in diplotypes:
        if name not in tables.genes:
            issues.add(
                "genome.gene-unknown",
                "there is no allele table for the gene",
                place=source,
                action="not used",
                severity="error",
            )
    return {
        name: _stated(gene, diplotypes[name], issues, source) if name in diplotypes else missing_call(gene)
        for name, gene in tables.genes.items()
    }


def _stated(gene: Gene, text: object, issues: Issues, source: str) -> Call:
    place = f"{source}:{gene.name}"
    if is_missing(text):
        issues.add("genome.missing", "no genotype is given", place=place, action="missing, never reference")
        return missing_call(gene)
    pair = parse_diplotype(gene, str(text))
    if pair is None:
        issues.add(
            "genome.diplotype-unreadable",
            "not a diplotype of the gene",
            place=place,
            action="missing",
            severity="error",
            found=str(text),
        )
        return missing_call(gene)
    if any(gene.allele(name) is None for name in pair):
        issues.add(
            "genome.allele-unknown",
            "an allele that the tables do not list",
            place=place,
            action="kept, no function",
        )
    return stated_call(gene, *pair)
