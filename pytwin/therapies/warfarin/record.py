"""What warfarin reads from a record: doses, INRs, covariates, interacting drugs, the start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pytwin.errors import InputError
from pytwin.issues import Issues
from pytwin.model.population import Population
from pytwin.therapies.dosing import NO_TIME, US_PER_HOUR, timeline
from pytwin.therapies.therapy import Coverage, Given, History, Start, Switch
from pytwin.therapies.warfarin.person import TARGET, person

DRUG = "warfarin"
# Ingredients behind the covariates of the Populations. Inducers: those of the IWPC data.
SWITCH_DRUGS = {
    "amiodarone": ("amiodarone",),
    "enzyme_inducer": ("carbamazepine", "phenytoin", "phenobarbital", "rifampicin", "enzyme inducer"),
}
# An INR above this without treatment is not believed to be a baseline (normal 0.8 to 1.2, with the error of
# one measurement).
UNTREATED_INR = 1.5
BASELINE_DAYS = 30.0
# Targets that are believed: indications ask for 1.5 to 4.
TARGETS = (1.5, 4.5)
STALE_INR_DAYS = 30.0
# The instant of a record without any time; an age by date of birth is then unknown.
UNDATED = 0
# Days after the first order within which a raised INR cannot be its effect: the patient took warfarin before.
EARLY_DAYS = 1.0
# Covariate -> times (start, stop) in which one of its drugs was taken, microseconds UTC, apart from each
# other; stop None while one goes on.
Taken = dict[str, tuple[tuple[int, int | None], ...]]
_DAY = 24.0
_US_PER_DAY = 24 * US_PER_HOUR


@dataclass(frozen=True, slots=True)
class Reading:
    """One INR: microseconds UTC, value, censoring."""

    time: int
    value: float
    censor: int


@dataclass(slots=True)
class Draft:
    """A History in the making."""

    record: Any
    readings: list[Reading]
    doses: Any
    until: int
    dated: bool
    issues: Issues = field(default_factory=Issues)


def read(record: Any, start: str, population: Population, until: int | None = None) -> History:
    """A record as warfarin sees it.

    Parameters
    ----------
    record : Record
    start : {"auto", "untreated", "steady", "unknown"}
        The state at the first dose or INR. "auto": steady where the first thing said about doses is a
        statement of current use; unknown where an INR is raised before any dose; else untreated.
    population : Population
        Says which covariates matter.
    until : int, optional
        Microseconds UTC; what is later is not used.

    Returns
    -------
    History
    """
    draft = _draft(record, until)
    origin = _origin(draft)
    end = (draft.until - origin) / US_PER_HOUR
    doses, differences = timeline(draft.doses, origin, end, draft.issues)
    begin, regimen = _start(draft, start, doses, origin)
    if begin == "steady":
        doses = _since_origin(_continued(doses, regimen, draft.issues))
    baseline, rest = _baseline(draft, doses, origin, begin, population)
    taken = interacting(record)
    return History(
        origin=origin,
        output="INR",
        start=begin,
        doses=doses,
        switches=_switches(taken, origin, population),
        times=np.array([(r.time - origin) / US_PER_HOUR for r in rest]),
        values=np.array([r.value for r in rest], dtype=np.float64),
        censor=np.array([r.censor for r in rest], dtype=np.int8),
        baseline=None if baseline is None else baseline.value,
        baseline_time=None if baseline is None else baseline.time,
        covariates=covariates(record, origin if draft.dated else NO_TIME, population, taken),
        regimen=regimen,
        coverage=_coverage(draft, doses, end),
        end=end,
        issues=draft.issues,
        differences=differences,
        target=_target(record, draft.until),
    )


def _draft(record: Any, until: int | None) -> Draft:
    issues = Issues()
    limit = until if until is not None else np.iinfo(np.int64).max
    readings = [r for r in _readings(record, issues) if r.time <= limit]
    doses = record.doses(DRUG)
    started = [row.time for row in doses if row.usable and NO_TIME < row.time <= limit]
    known = [r.time for r in readings] + started
    last = until if until is not None else max(known, default=_last_event(record))
    dated = bool(known) or until is not None or _last_event(record) != UNDATED
    if not dated:
        issues.add("record.undated", "no event has a time", action="age only as stated", severity="note")
    return Draft(record, readings, doses, last, dated, issues)


def _readings(record: Any, issues: Issues) -> list[Reading]:
    found = []
    for row in record.observations("INR"):
        if not row.usable:
            continue
        if row.time == NO_TIME or row.width > _US_PER_DAY:
            issues.add(
                "inr.no-time", "an INR has no day", action="left out", place=f"{row.source}:{row.place}"
            )
        elif not (np.isfinite(row.value) and row.value > 0):
            place = f"{row.source}:{row.place}"
            issues.add("inr.no-value", "an INR has no value above 0", action="left out", place=place)
        else:
            censor = {"<": -1, "<=": -1, ">": 1, ">=": 1}.get(row.comparator or "", 0)
            found.append(Reading(int(row.time) + int(row.width) // 2, float(row.value), censor))
    return sorted(found, key=lambda r: r.time)


def _last_event(record: Any) -> int:
    times = np.asarray(record.events.time)
    times = times[times != NO_TIME]
    return int(times.max()) if times.size else UNDATED


def _origin(draft: Draft) -> int:
    """The first dose or INR; without either the last event of the record."""
    started = [row.time for row in draft.doses if row.usable and NO_TIME < row.time <= draft.until]
    return int(min([r.time for r in draft.readings] + started, default=draft.until))


def _start(
    draft: Draft, wanted: str, doses: Sequence[Given], origin: int
) -> tuple[Start, tuple[float, float] | None]:
    if wanted not in ("auto", "untreated", "steady", "unknown"):
        hint = "One of auto, untreated, steady, unknown"
        raise InputError("twin.bad-start", "no such start", place=wanted, hint=hint)
    regimen = _regimen(draft)
    if wanted == "steady" and regimen is None:
        raise InputError(
            "twin.no-regimen", "a steady start needs a dose that is stated or ordered", place="start"
        )
    begin = _believed(draft, doses, origin, regimen) if wanted == "auto" else wanted
    return begin, regimen if begin == "steady" else None  # type: ignore[return-value]


def _believed(
    draft: Draft, doses: Sequence[Given], origin: int, regimen: tuple[float, float] | None
) -> Start:
    first = doses[0] if doses else None
    early = EARLY_DAYS * _DAY if first is not None and first.source == "order" else 0.0
    latest = np.inf if first is None else origin + (first.time + early) * US_PER_HOUR
    before = [r for r in draft.readings if r.time <= latest]
    if before and max(r.value for r in before) > UNTREATED_INR:
        return "steady" if regimen and _speaks_first(draft, "statement") else "unknown"
    if regimen and not before and _speaks_first(draft, "statement"):
        return "steady"
    return "untreated"


def _speaks_first(draft: Draft, kind: str) -> bool:
    """Whether the earliest row about doses is of this kind; one without a time is earliest of all."""
    rows = [r for r in draft.doses if r.usable and r.time <= draft.until]
    return bool(rows) and min(rows, key=lambda r: r.time).kind == kind


def _regimen(draft: Draft) -> tuple[float, float] | None:
    """Amount and interval of the earliest statement, else of the earliest order.

    One for weekdays or times of day has several rows; its mean daily amount then stands for it.
    """
    for kind in ("statement", "order"):
        rows = [
            r for r in draft.doses if r.usable and r.kind == kind and np.isfinite(r.value) and not r.as_needed
        ]
        if rows:
            row = min(rows, key=lambda r: r.time)
            every = float(row.every) if row.every > 0 else _DAY
            same = [r for r in rows if r.id and r.id == row.id and r.time - row.time < every * US_PER_HOUR]
            if len(same) > 1:
                return sum(r.value * _DAY / (r.every if r.every > 0 else _DAY) for r in same), _DAY
            return float(row.value), every
    return None


def _continued(
    doses: tuple[Given, ...], regimen: tuple[float, float] | None, issues: Issues
) -> tuple[Given, ...]:
    """A steady regimen goes on from the origin until the first dose that the record holds."""
    if regimen is None or not doses or doses[0].time <= regimen[1]:
        return doses
    amount, every = regimen
    times = np.arange(doses[0].time - every, 0.0, -every)[::-1]
    issues.add(
        "dose.regimen-continued",
        "the first dose of the record is later than the start",
        action="the stated regimen is taken to have been in use since the start",
        place="doses",
        severity="note",
    )
    return (*(Given(float(t), amount, "assumed") for t in times), *doses)


def _target(record: Any, until: int) -> float | None:
    """The last stated target up to an instant, of those that a person can be given."""
    low, high = TARGETS
    rows = [r for r in record.observations(TARGET) if r.usable and r.time <= until and low <= r.value <= high]
    return float(max(rows, key=lambda r: r.time).value) if rows else None


def _since_origin(doses: Sequence[Given]) -> tuple[Given, ...]:
    return tuple(d for d in doses if d.time >= 0)


def _baseline(
    draft: Draft, doses: Sequence[Given], origin: int, begin: Start, population: Population
) -> tuple[Reading | None, list[Reading]]:
    """The last INR before treatment, and those under treatment.

    Where the Population takes no measured value as its baseline, every INR is an observation.
    """
    if begin != "untreated" or not population.baseline:
        return None, draft.readings
    first = origin + doses[0].time * US_PER_HOUR if doses else np.inf
    before = [r for r in draft.readings if r.time <= first and r.censor == 0]
    rest = [r for r in draft.readings if r.time > first]
    recent = [r for r in before if not doses or first - r.time <= BASELINE_DAYS * _US_PER_DAY]
    return (recent[-1] if recent else None), rest


def covariates(record: Any, time: int, population: Population, taken: Taken) -> dict[str, float]:
    """Covariates at an instant (or none, ``NO_TIME``): age (with its lowest and highest value), weight,
    height, interacting drugs."""
    found: dict[str, float] = {}
    found.update(_age(record, time))
    for name, analyte in (("weight", "body weight"), ("height", "body height")):
        rows = [r for r in record.observations(analyte) if r.usable and np.isfinite(r.value)]
        if rows:
            found[name] = float(max(rows, key=lambda r: r.time).value)
    found.update({k: v for k, v in person(record).items() if k in population.covariates})
    for name, spans in taken.items():
        if name in population.switches:
            found[name] = float(any(a <= time and (b is None or b > time) for a, b in spans))
    return found


def _age(record: Any, time: int) -> dict[str, float]:
    """Age in years, and its lowest and highest value where only a decade is known."""
    age = record.age(time)
    if age is None:
        return {}
    decade = record.patient.age_decade
    exact = record.patient.birth is not None or record.patient.age_years is not None
    low, high = (age, age) if exact or decade is None else (10.0 * decade, 10.0 * decade + 10)
    return {"age": float(age), "age_lowest": low, "age_highest": high}


def interacting(record: Any) -> Taken:
    """When interacting drugs were taken."""
    by_drug: dict[str, list[Any]] = {}
    for row in record.doses():
        if row.valid:
            by_drug.setdefault(row.name, []).append(row)
    found: Taken = {}
    for name, drugs in SWITCH_DRUGS.items():
        rows = [row for drug in drugs for row in by_drug.get(drug, ())]
        if rows:
            found[name] = _joined([(int(row.time), _stop(row)) for row in rows])
    return found


def _joined(spans: list[tuple[int, int | None]]) -> tuple[tuple[int, int | None], ...]:
    """Spans of time with those that meet made one; a day between two is no stop."""
    joined: list[tuple[int, int | None]] = []
    for start, stop in sorted(spans, key=lambda s: s[0]):
        last = joined[-1] if joined else None
        if last is None or (last[1] is not None and start > last[1] + _US_PER_DAY):
            joined.append((start, stop))
        else:
            ends = (last[1], stop)
            joined[-1] = (last[0], None if None in ends else max(e for e in ends if e is not None))
    return tuple(joined)


def _stop(row: Any) -> int | None:
    if row.kind == "administration":
        return int(row.time) + _US_PER_DAY
    return None if row.until == NO_TIME else int(row.until)


def _switches(taken: Taken, origin: int, population: Population) -> tuple[Switch, ...]:
    switches = []
    for name, spans in taken.items():
        for start, stop in spans if name in population.switches else ():
            if start > origin:
                switches.append(Switch((start - origin) / US_PER_HOUR, name, True))
            if stop is not None and stop > origin:
                switches.append(Switch((stop - origin) / US_PER_HOUR, name, False))
    return tuple(sorted(switches, key=lambda s: s.time))


def _coverage(draft: Draft, doses: Sequence[Given], end: float) -> tuple[Coverage, ...]:
    return (_inr_coverage(draft), _dose_coverage(doses, end))


def _inr_coverage(draft: Draft) -> Coverage:
    if not draft.readings:
        return Coverage("INR", "missing", None, "no INR")
    age = (draft.until - draft.readings[-1].time) / _US_PER_DAY
    text = f"{len(draft.readings)} INRs, the last {age:.0f} d before the twin's time"
    return Coverage("INR", "stale" if age > STALE_INR_DAYS else "present", age, text)


def _dose_coverage(doses: Sequence[Given], end: float) -> Coverage:
    if not doses:
        return Coverage("doses", "missing", None, "no dose")
    age = max(0.0, (end - doses[-1].time) / _DAY)
    sources = sorted({d.source for d in doses})
    text = f"{len(doses)} doses from {', '.join(sources)}"
    return Coverage("doses", "present", age, text)
