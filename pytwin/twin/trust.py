"""How far a Population can be trusted for one patient."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import comb, isnan
from typing import Any, Literal

State = Literal["good", "caution", "unknown"]

# Fewer forecasts than this say nothing about their calibration.
_FEW = 4
_LEVEL = 0.9
_RARE = 0.05


@dataclass(frozen=True, slots=True)
class Trust:
    """One thing that speaks for or against the Population in this patient.

    Attributes
    ----------
    topic : str
    state : {"good", "caution", "unknown"}
    text : str
    """

    topic: str
    state: State
    text: str


def trust(twin: Any, *, genome: bool = True) -> tuple[Trust, ...]:
    """Covariates, genotypes, patients behind the Population, its validation, forecasts so far, conflicts.

    Without ``genome`` nothing tells which genotypes the patient has.
    """
    return (
        *_covariates(twin),
        *_genes(twin),
        *_validation(twin, genome),
        *_numbers(twin),
        _forecasts(twin),
        *_conflicts(twin),
    )


def _covariates(twin: Any) -> Iterator[Trust]:
    ranges = {r["covariate"]: r for r in twin.population.data.get("ranges", ())}
    for name in twin.population.covariates:
        if name in twin.population.switches:
            continue
        value = twin.history.covariates.get(name)
        known = ranges.get(name)
        if value is None:
            yield Trust(name, "caution", _unknown(twin.population, name))
        elif known is None and value in (0.0, 1.0):
            continue  # a group, of which the validation tells
        elif known is None:
            yield Trust(name, "unknown", "the Population does not say what range was studied")
        else:
            span = f"{known['lower']:g} to {known['upper']:g} {known['unit']}"
            inside = known["lower"] <= value <= known["upper"]
            text = f"{'within' if inside else 'outside'} the range studied, {span}"
            yield Trust(name, "good" if inside else "caution", text)


def _unknown(population: Any, name: str) -> str:
    rows = [r for r in population.data.get("reference", ()) if r["covariate"] == name]
    fixed = [r for r in rows if not r.get("sd") and "adjust" not in r]
    what = f"taken to be {fixed[0]['value']:g}" if fixed else "the prior is wider"
    return f"unknown in this patient: {what}"


def _genes(twin: Any) -> Iterator[Trust]:
    for gene in twin.population.genes:
        if gene in twin.genotypes:
            yield Trust(gene, "good", "known, and the Population has a value for it")
        else:
            yield Trust(gene, "caution", "unknown or without a value: averaged over genotypes")


def _validation(twin: Any, genome: bool) -> Iterator[Trust]:
    """The Population's own figures: ``[validation]`` with ``patients``, ``text``, and ``groups`` of ``name``,
    ``field``, ``value``, ``patients``, ``coverage``, ``text``; all optional."""
    patients = twin.population.data.get("provenance", {}).get("n")
    if patients is None:
        yield Trust("patients behind it", "unknown", "the Population's file does not say how many")
    else:
        yield Trust("patients behind it", "good", f"fitted on {patients}")
    found: Mapping[str, Any] = twin.population.data.get("validation", {})
    if not found:
        text = "the Population's file carries no figures from patients that it was not fitted on"
        yield Trust("validation", "unknown", text)
        return
    count = f"{found['patients']} patients" if "patients" in found else ""
    yield Trust("validation", "good", ": ".join(t for t in (count, str(found.get("text", ""))) if t))
    fields = {"race": twin.record.patient.race, "sex": twin.record.patient.sex}
    fields |= twin.genotypes if genome else {}
    for group in found.get("groups", ()):
        if fields.get(group.get("field", "")) == group.get("value", ""):
            yield Trust(f"validation, {group['name']}", *_group(group))


def _group(group: Mapping[str, Any]) -> tuple[State, str]:
    parts = [f"{group['patients']} patients"] if "patients" in group else []
    covered = group.get("coverage")
    if covered is not None:
        parts.append(f"intervals of {group.get('level', 0.8):.0%} held {covered:.0%}")
    if "text" in group:
        parts.append(str(group["text"]))
    far = covered is not None and abs(covered - group.get("level", 0.8)) > 0.06
    return ("caution" if far else "good"), ", ".join(parts)


def _numbers(twin: Any) -> Iterator[Trust]:
    """Numbers of the Population whose source was not traced."""
    data = twin.population.data
    entries = [e for value in data.values() if isinstance(value, list) for e in value if isinstance(e, dict)]
    open_ = sum(e.get("traced", True) is False for e in entries)
    if open_:
        yield Trust("sources", "caution", f"{open_} of its numbers could not be traced to their source")


def _forecasts(twin: Any) -> Trust:
    """Whether as many one-step forecasts held the measurement as should have (binomial tail)."""
    seen = [p for p in twin.trace if not isnan(p.value)]
    n, inside = len(seen), sum(p.inside for p in seen)
    text = f"{inside} of {n} measurements in the {_LEVEL:.0%} interval of their forecast"
    if n < _FEW:
        return Trust("forecasts so far", "unknown", f"{text}: too few to judge")
    tail = sum(comb(n, k) * _LEVEL**k * (1 - _LEVEL) ** (n - k) for k in range(inside + 1))
    return Trust("forecasts so far", "good" if tail > _RARE else "caution", text)


def _conflicts(twin: Any) -> Iterator[Trust]:
    if not twin.conflicts and twin.trace:
        yield Trust("conflicts", "good", "none between the data and what the twin expected")
    for conflict in twin.conflicts:
        yield Trust("conflict", "caution", str(conflict))
