"""What sources state about genes, and the calls that follow where a gene has an allele table.

What two sources state may differ; then both remain possible and an issue says so, because choosing one
would be a guess.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from pytwin.genome.call import Call, missing_call
from pytwin.genome.known import is_gene
from pytwin.genome.phenotype import phenotype
from pytwin.genome.stated import is_missing, parse_diplotype
from pytwin.genome.tables import Gene, load_tables
from pytwin.genome.witness import Pair, of_pairs, witnessed
from pytwin.issues import Issues

_SHORT = {
    "pm": "poor metabolizer",
    "im": "intermediate metabolizer",
    "nm": "normal metabolizer",
    "em": "normal metabolizer",
    "rm": "rapid metabolizer",
    "um": "ultrarapid metabolizer",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """What one source states about one gene; ``repr`` holds no diplotype and no phenotype.

    Attributes
    ----------
    gene : str
    diplotypes : tuple of str
        As written; several where the source leaves it open, none where it states a phenotype alone.
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


def grouped(statements: Iterable[Statement], issues: Issues) -> dict[str, tuple[Statement, ...]]:
    """Statements by gene; one about something that is no known gene becomes an issue."""
    found: dict[str, tuple[Statement, ...]] = {}
    for one in statements:
        if is_gene(one.gene):
            found[one.gene] = (*found.get(one.gene, ()), one)
        else:
            message = "there is no allele table for the gene"
            issues.add("genome.gene-unknown", message, place=one.place, action="not used", severity="error")
    return found


def calls_of(stated: Mapping[str, Sequence[Statement]], issues: Issues) -> dict[str, Call]:
    """A call for every gene of the tables; a gene that is not stated is missing."""
    return {
        name: _stated(gene, stated[name], issues) if name in stated else missing_call(gene)
        for name, gene in load_tables().genes.items()
    }


def _stated(gene: Gene, statements: Sequence[Statement], issues: Issues) -> Call:
    """One call of all statements about a gene; where they differ, all that they state remains."""
    found: dict[frozenset[Pair], Statement] = {}
    for one in statements:
        pairs = stated_pairs(gene, one, issues)
        if pairs:
            found.setdefault(frozenset(pairs), one)
    if not found:
        return missing_call(gene)
    if len(found) > 1:
        issues.add(
            "genome.contradiction",
            "statements about the gene differ",
            place=statements[0].place,
            action="all that is stated remains possible",
            severity="error",
        )
    witnesses = [of_pairs(gene, sorted(pairs)) for pairs in found]
    named = [pair for pairs, one in found.items() if one.diplotypes for pair in sorted(pairs)]
    return witnessed(gene, witnesses, named)


def stated_pairs(gene: Gene, statement: Statement, issues: Issues) -> list[Pair]:
    """The pairs of alleles that a statement leaves possible; empty where it says nothing that is usable."""
    place = statement.place
    texts = [text for text in statement.diplotypes if not is_missing(text)]
    if not texts:
        return _by_phenotype(gene, statement, issues)
    pairs: list[Pair] = []
    for text in texts:
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
            return []
        pairs.append(_ordered(gene, pair))
    if any(gene.allele(part) is None for pair in pairs for name in pair for part in parts(name)):
        message = "an allele that the tables do not list"
        issues.add("genome.allele-unknown", message, place=place, action="kept, no function")
    _compare_phenotype(gene, pairs, statement, issues)
    return list(dict.fromkeys(pairs))


def parts(name: str) -> list[str]:
    """The alleles of one strand: those of ``[a + b]``, or the one."""
    return name[1:-1].split(" + ") if name.startswith("[") else [name]


def _ordered(gene: Gene, pair: Pair) -> Pair:
    order, last = gene.order, len(gene.order)
    first, second = sorted(pair, key=lambda name: (order.get(name, last), name))
    return first, second


def _plain(text: str) -> str:
    """A phenotype in lower-case words of CPIC: ``Extensive Metabolisers (EM)`` is ``normal metabolizer``."""
    words = re.sub(r"\(.*?\)", " ", text.lower()).replace("metaboliser", "metabolizer")
    plain = re.sub(r"[^a-z0-9]+", " ", words).strip().removesuffix("s")
    return _SHORT.get(plain, plain).replace("extensive metabolizer", "normal metabolizer")


@lru_cache(maxsize=64)
def _phenotypes(gene: Gene) -> Mapping[str, tuple[Pair, ...]]:
    """Phenotype and activity score, in plain words -> the pairs of alleles that have it."""
    labels = list(dict.fromkeys((*gene.labels, *(allele.label for allele in gene.structural))))
    found: dict[str, list[Pair]] = {}
    for at, first in enumerate(labels):
        for second in labels[at:]:
            name, score = phenotype(gene, first, second)
            for key in (name and _plain(name), score is not None and f"activity {score:g}"):
                if key:
                    found.setdefault(key, []).append((first, second))
    return {key: tuple(pairs) for key, pairs in found.items()}


def _by_phenotype(gene: Gene, statement: Statement, issues: Issues) -> list[Pair]:
    """All pairs with a stated phenotype or activity score, which is all that such a statement says."""
    known = _phenotypes(gene)
    keys = [] if is_missing(statement.phenotype) else [_plain(statement.phenotype.removeprefix(gene.name))]
    if statement.activity_score is not None:
        keys.append(f"activity {statement.activity_score:g}")
    if not keys:
        message = "no genotype is given"
        issues.add("genome.missing", message, place=statement.place, action="missing, never reference")
        return []
    fitting = [known[key] for key in keys if key in known]
    if not fitting:
        issues.add(
            "genome.phenotype-unknown",
            "the tables have no such phenotype of the gene",
            place=statement.place,
            action="missing",
            severity="error",
            found=statement.phenotype,
        )
        return []
    return [pair for pair in fitting[0] if all(pair in other for other in fitting[1:])]


def _compare_phenotype(gene: Gene, pairs: Sequence[Pair], statement: Statement, issues: Issues) -> None:
    """An issue where the stated phenotype is not that of the tables."""
    known = {phenotype(gene, *pair).name for pair in pairs}
    if is_missing(statement.phenotype) or None in known:
        return
    stated = _plain(statement.phenotype.removeprefix(gene.name))
    if stated not in {_plain(str(name)) for name in known}:
        issues.add(
            "genome.phenotype-differs",
            "the stated phenotype is not that of the diplotype by the tables",
            place=statement.place,
            action="the tables are followed",
            found=statement.phenotype,
        )
