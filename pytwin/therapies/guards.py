"""Limits that a genotype sets: which drug must not be given, or not at the usual dose, to whom.

The rules are data (``genotype_guards.tsv``, or a table of one's own with its columns); each cites its
guideline. A genotype that a rule names keeps a plan with the drug out of the ranking; so does one that is not
known, as far as the rule can't be excluded. The reasons name genes and rules, not what the patient carries.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from importlib.resources import files
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

from pytwin.errors import InputError
from pytwin.model.limit import KEPT, Limit, Verdict, max_daily
from pytwin.model.plan import Plan
from pytwin.therapies.stated_guards import names, of_statements

COLUMNS = ("drug", "gene", "when", "matches", "action", "share", "strength", "reason", "source")
# A year: whatever a plan repeats has been given by then.
_HOURS = 365 * 24.0
_SURE = 1.0 - 1e-9
_SLACK = 1e-9


class GenotypeGuard(NamedTuple):
    """One rule.

    Attributes
    ----------
    drug, gene : str
    when : {"allele", "genotype", "phenotype"}
        Whether ``matches`` are alleles of which one is enough, diplotypes, or phenotypes.
    matches : tuple of str
    action : {"avoid", "reduce"}
    share : float
        With "reduce" the largest part of the usual daily dose; with "avoid" 0.
    strength : str
        As the source states it.
    reason : str
        What would happen.
    source : str
    """

    drug: str
    gene: str
    when: str
    matches: tuple[str, ...]
    action: str
    share: float
    strength: str
    reason: str
    source: str

    @property
    def what(self) -> str:
        """The rule in words: ``DPYD Poor Metabolizer``."""
        return f"{self.gene}{'' if self.matches[0].startswith('*') else ' '}{' or '.join(self.matches)}"


def read_guards(path: str | Path) -> tuple[GenotypeGuard, ...]:
    """Rules from a tab-separated file of one's own, with the columns of ``COLUMNS`` in any order.

    Raises
    ------
    InputError
        ``guards.bad-table``: a column is missing, or a row says what no rule can.
    """
    return _parse(Path(path).read_text(encoding="utf-8"), str(path))


@lru_cache(maxsize=1)
def guards() -> tuple[GenotypeGuard, ...]:
    """The rules that are shipped."""
    text = files(__package__).joinpath("genotype_guards.tsv").read_text(encoding="utf-8")
    return _parse(text, "genotype_guards.tsv")


def _parse(text: str, place: str) -> tuple[GenotypeGuard, ...]:
    rows = csv.DictReader(StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE)
    missing = [c for c in COLUMNS if c not in (rows.fieldnames or ())]
    if missing:
        raise _bad(place, "columns are missing: " + ", ".join(missing))
    return tuple(_guard(row, f"{place}:{n}") for n, row in enumerate(rows, start=2))


def _guard(row: dict[str, str | None], place: str) -> GenotypeGuard:
    text = {c: (row[c] or "").strip() for c in COLUMNS}
    matches = tuple(m.strip() for m in text["matches"].split(";") if m.strip())
    if text["when"] not in ("allele", "genotype", "phenotype") or not matches or not text["drug"]:
        raise _bad(place, "a rule needs a drug, when (allele, genotype or phenotype) and matches")
    try:
        share = float(text["share"] or 0.0)
    except ValueError:
        share = -1.0
    if (text["action"], 0.0 < share < 1.0) not in (("avoid", False), ("reduce", True)) or share < 0:
        raise _bad(place, "the action is avoid, or reduce with a share between 0 and 1")
    fields = (text["strength"], text["reason"], text["source"])
    return GenotypeGuard(text["drug"], text["gene"], text["when"], matches, text["action"], share, *fields)


def _bad(place: str, message: str) -> InputError:
    return InputError("guards.bad-table", message, place=place)


def genotype_limits(
    drug: str,
    usual: float | None = None,
    rules: Iterable[GenotypeGuard] | None = None,
    *,
    negligible: float = 0.0,
) -> tuple[Limit, ...]:
    """Limits of a drug, one for each gene, for the ``limits`` of a Therapy.

    Parameters
    ----------
    drug : str
        As the Therapy's plans call it.
    usual : float, optional
        Usual daily dose in mg, of which a rule may allow a share. Without it no dose counts as reduced.
    rules : iterable of GenotypeGuard, optional
        Default: ``guards()``.
    negligible : float
        A rule counts as excluded where its probability is not above this.

    Returns
    -------
    tuple of Limit
        Codes are ``genotype-GENE``, in lower case: what a clinician may confirm where the gene is unknown.
    """
    found: dict[str, list[GenotypeGuard]] = {}
    for rule in guards() if rules is None else rules:
        if rule.drug == drug:
            found.setdefault(rule.gene, []).append(rule)
    return tuple(_limit(drug, gene, own, usual, negligible) for gene, own in found.items())


def _limit(
    drug: str, gene: str, rules: Sequence[GenotypeGuard], usual: float | None, negligible: float
) -> Limit:
    title = "; ".join(f"{r.action} with {r.what}" for r in rules)
    sources = "; ".join(dict.fromkeys(r.source for r in rules))
    check = _checker(drug, gene, rules, usual, negligible)
    return Limit(f"genotype-{gene.lower()}", title, sources, check)


def _checker(
    drug: str, gene: str, rules: Sequence[GenotypeGuard], usual: float | None, negligible: float
) -> Callable[[Plan, Any], Verdict]:
    def check(plan: Plan, patient: Any) -> Verdict:
        dose = max_daily(plan, drug, _HOURS)
        if dose <= 0:
            return KEPT
        told = [
            _judge(r, patient.genome, patient.record.patient.race, negligible)
            for r in rules
            if _forbids(r, dose, usual)
        ]
        for state in ("broken", "not excluded"):
            for found, reason in told:
                if found == state:
                    return found, reason
        return KEPT

    return check


def _forbids(rule: GenotypeGuard, dose: float, usual: float | None) -> bool:
    """Whether a daily dose is more than a rule allows to those whom it names."""
    allowed = rule.share * usual if usual is not None else 0.0
    return dose > allowed * (1 + _SLACK)


def _judge(rule: GenotypeGuard, genome: Any, race: str | None, negligible: float) -> Verdict:
    found, open_ = probability(rule, genome, race)
    does = "rules it out" if rule.action == "avoid" else f"allows {rule.share:.0%} of the usual dose"
    if found >= _SURE:
        return "broken", f"{rule.drug}: the {rule.gene} genotype {does} ({rule.reason})"
    if found + open_ <= negligible:
        return KEPT
    why = "is not known" if found <= 0 else f"leaves it open, probability {found:.2g}"
    return "not excluded", f"{rule.drug}: {rule.what} can't be excluded ({rule.reason}); {rule.gene} {why}"


def probability(rule: GenotypeGuard, genome: Any, race: str | None = None) -> tuple[float, float]:
    """Probability that a genome is one the rule names, and that of what can't be told.

    Parameters
    ----------
    rule : GenotypeGuard
    genome : Genome or None
        Its call of the gene; where that says nothing, as of a gene without an allele table, what sources
        state.
    race : str, optional
        Whose allele frequencies weigh what the data leave open.

    Returns
    -------
    (float, float)
        (0, 1) where nothing is known.
    """
    if genome is None:
        return 0.0, 1.0
    call = genome.genes.get(rule.gene)
    found = (0.0, 1.0) if call is None else _of_call(rule, call, race)
    statements = genome.stated.get(rule.gene, ())
    return of_statements(rule, statements) if found == (0.0, 1.0) and statements else found


def _of_call(rule: GenotypeGuard, call: Any, race: str | None) -> tuple[float, float]:
    if rule.when == "phenotype":
        shares = call.phenotypes(race)
        named = float(sum(shares.get(m, 0.0) for m in rule.matches))
        return (named, float(shares.get(None, 0.0))) if shares else (0.0, 1.0)
    options = call.weighted(race)
    if not options:
        return 0.0, 1.0
    answers = [(_carries(rule, option), option.probability) for option in options]
    named = sum(p for answer, p in answers if answer)
    return named, call.unlisted(race) + sum(p for answer, p in answers if answer is None)


def _carries(rule: GenotypeGuard, option: Any) -> bool | None:
    """Whether a diplotype is one that the rule names; None where its names are too coarse to tell."""
    if rule.when == "genotype":
        return sorted(option.alleles) in [sorted(m.split("/")) for m in rule.matches]
    answers = [names(match, allele) for match in rule.matches for allele in option.alleles]
    return True if True in answers else None if None in answers else False
