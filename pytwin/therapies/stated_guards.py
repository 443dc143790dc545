"""Whether a rule names what a laboratory states of a gene: HLA types, phenotypes, carriers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytwin.therapies.guards import GenotypeGuard

_CARRIER = re.compile(r"(\*[0-9]+(?::[0-9A-Z]+)*)[\s:,-]*(positive|negative|present|absent)", re.IGNORECASE)
_YES = ("positive", "present")
# Last words of phenotypes that CPIC assigns, and those of G6PD; another text says nothing.
_PHENOTYPES = ("metabolizer", "function", "normal", "variable", "deficient", "deficient with cnsha")
_SHORT = {
    "pm": "poor metabolizer",
    "im": "intermediate metabolizer",
    "nm": "normal metabolizer",
    "em": "normal metabolizer",
    "rm": "rapid metabolizer",
    "um": "ultrarapid metabolizer",
}


def of_statements(rule: GenotypeGuard, statements: Iterable[Any]) -> tuple[float, float]:
    """(probability of what the rule names, of what can't be told): sources that differ leave it open."""
    answers = {answer for s in statements if (answer := _of_statement(rule, s)) != "silent"}
    if len(answers) != 1 or None in answers:
        return 0.0, 1.0
    return float(True in answers), 0.0


def _of_statement(rule: GenotypeGuard, statement: Any) -> bool | str | None:
    """True or False; None where it is open; "silent" where the source says nothing that the rule asks."""
    if rule.when == "phenotype":
        return _phenotype(rule, statement.phenotype)
    answers = {_diplotype(rule, text) for text in statement.diplotypes}
    carried = _carrier(rule, statement.phenotype) if rule.when == "allele" else "silent"
    if carried != "silent":
        answers.add(bool(carried))
    if not answers:
        return "silent"
    return answers.pop() if len(answers) == 1 else None


def _phenotype(rule: GenotypeGuard, text: str) -> bool | str:
    named = text.strip().lower().replace("metaboliser", "metabolizer").removeprefix(rule.gene.lower())
    named = _SHORT.get(named.strip(" :"), named.strip(" :"))
    if named in [m.lower() for m in rule.matches]:
        return True
    return False if named.endswith(_PHENOTYPES) else "silent"


def _diplotype(rule: GenotypeGuard, text: str) -> bool | None:
    """A pair of alleles; one alone says nothing of the other."""
    alleles = [a.strip() for a in text.split("/") if a.strip()]
    if rule.when == "genotype":
        bare = sorted(a.removeprefix(rule.gene).strip() for a in alleles)
        return bare in [sorted(m.split("/")) for m in rule.matches]
    answers = {names(match, allele) for match in rule.matches for allele in alleles}
    if True in answers:
        return True
    return None if None in answers or len(alleles) < 2 else False


def _carrier(rule: GenotypeGuard, text: str) -> bool | str:
    """``*57:01 positive``."""
    told = {m[2].lower() in _YES for m in _CARRIER.finditer(text) if names(rule.matches[0], m[1])}
    return told.pop() if len(told) == 1 and len(rule.matches) == 1 else "silent"


def names(match: str, allele: str) -> bool | None:
    """Whether an allele is the one named, by whole fields: ``*57:01:01`` is ``*57:01``, ``*57`` may be."""
    wanted = match.removeprefix("*").split(":")
    fields = allele.rsplit("*", 1)[-1].split(":")
    if fields[: len(wanted)] == wanted:
        return True
    return None if fields == wanted[: len(fields)] else False
