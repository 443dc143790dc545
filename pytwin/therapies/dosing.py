"""A record's doses become a sequence of doses that were given.

Administrations are believed before statements, statements before orders; a source speaks for the time that it
covers. Where a lower source covers the same time and says something else, the difference is kept as an issue.
A statement lasts until it ends or the next one starts; one that says "not taken" makes the doses in it 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pytwin.issues import Issues
from pytwin.therapies.therapy import Difference, Given

US_PER_HOUR = 3_600_000_000
NO_TIME = int(np.iinfo(np.int64).min)
# Statuses of a dose that was due and not given: a dose of 0.
HELD = ("not-done", "not-taken")
_DAY = 24.0
_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a dose table: hours since the origin; ``start`` is None where the record has no time.

    Rows of one resource share a ``group``; those that start within one interval are one regimen, as for
    weekdays or times of day.
    """

    kind: str
    start: float | None
    until: float | None
    every: float | None
    amount: float
    as_needed: bool
    group: str = ""
    held: bool = False


def entries(table: Any, origin: int, issues: Issues) -> list[Entry]:
    """Rows of a Record's dose table that can be used; the others become issues."""
    found: list[Entry] = []
    for row in table:
        held = row.kind in ("administration", "statement") and row.status in HELD
        if not (row.usable or held):
            if row.valid:
                issues.add("dose.not-usable", "a dose can't be used", action="left out", place=_place(row))
            continue
        start = None if row.time == NO_TIME else (row.time + row.width // 2 - origin) / US_PER_HOUR
        until = None if row.until == NO_TIME else (row.until - origin) / US_PER_HOUR
        every = float(row.every) if row.every > 0 else None
        amount = 0.0 if held else float(row.value)
        group = f"{row.source} {row.id}" if row.id else f"{row.source} {row.place} {len(found)}"
        entry = Entry(row.kind, start, until, every, amount, bool(row.as_needed), group, held)
        if entry.kind == "administration" and start is None:
            issues.add("dose.no-time", "a given dose has no time", action="left out", place=_place(row))
        elif entry.as_needed and entry.kind != "administration":
            issues.add(
                "dose.as-needed",
                "an as-needed dose is not known to be taken",
                action="left out",
                place=_place(row),
            )
        else:
            found.append(entry)
    return _with_undated(found)


def _with_undated(found: list[Entry]) -> list[Entry]:
    """A statement of current use without a time speaks from the origin on, where nothing else has a time."""
    if any(e.start is not None for e in found):
        return found
    return [replace(e, start=0.0) if e.kind == "statement" else e for e in found]


def _place(row: Any) -> str:
    return f"{row.source}:{row.place}" if row.place else str(row.source)


def timeline(
    table: Any, origin: int, end: float, issues: Issues, every: float = _DAY
) -> tuple[tuple[Given, ...], tuple[Difference, ...]]:
    """Doses that were given until ``end`` (hours), in order, and those on which the sources disagree.

    Parameters
    ----------
    table : EventTable
        A Record's doses of one drug.
    origin : int
        Hour 0, microseconds UTC.
    end : float
        Repeated doses are continued until here.
    issues : Issues
        Takes what was left out and what the sources disagree on.
    every : float
        Hours between doses where a statement or order does not say.
    """
    rows = entries(table, origin, issues)
    given = _administered([e for e in rows if e.kind == "administration"])
    covered = _windows([d.time for d in given], every)
    differences: list[Difference] = []
    for kind in ("statement", "order"):
        more, windows, lost = _expand([e for e in rows if e.kind == kind], end, every)
        differences += _overlaps(lost, kind, issues)
        differences += _compare(given, more, covered, kind, issues)
        given += [d for d in more if not _inside(d.time, covered)]
        covered += windows
    given = _without_held(given, rows, end)
    doses = tuple(sorted((d for d in given if d.time <= end), key=lambda d: d.time))
    return doses, tuple(sorted((d for d in differences if d.time <= end), key=lambda d: d.time))


def _administered(rows: Iterable[Entry]) -> list[Given]:
    """Given doses; a dose that was held is one of amount 0."""
    return sorted((Given(e.start or 0.0, e.amount, "administration") for e in rows), key=lambda d: d.time)


def _windows(times: Sequence[float], every: float) -> list[tuple[float, float]]:
    """Time for which single doses speak: half an interval around each, gaps of a missed dose closed."""
    windows: list[tuple[float, float]] = []
    for t in times:
        if windows and t - windows[-1][1] <= every:
            windows[-1] = (windows[-1][0], t + every / 2)
        else:
            windows.append((t - every / 2, t + every / 2))
    return windows


Windows = list[tuple[float, float]]


def _expand(rows: list[Entry], end: float, every: float) -> tuple[list[Given], Windows, list[Difference]]:
    """Doses of statements or orders, the time they speak for, and doses lost to another of the same start."""
    timed = sorted((e for e in rows if e.start is not None and not e.held), key=lambda e: e.start or 0.0)
    given: list[Given] = []
    lost: list[Difference] = []
    windows = []
    for index, entry in enumerate(timed):
        start, step = entry.start or 0.0, entry.every or every
        following = _following(timed, index, step)
        last = min(end, entry.until if entry.until is not None else np.inf)
        times = start + step * np.arange(max(0, int((last - start) / step + 1 + _SAME)))
        if following is not None and abs((following.start or 0.0) - start) < _SAME:
            lost += [
                Difference(float(t), entry.amount, following.amount, entry.kind, entry.kind) for t in times
            ]
            continue
        stop = last if following is None else min(last, following.start or 0.0)
        if following is not None:
            times = times[times < (following.start or 0.0) - _SAME]
        given += [Given(float(t), entry.amount, entry.kind) for t in times]
        windows.append((start - min(step, _DAY) / 2, stop + min(step, _DAY) / 2))
    return given, windows, lost


def _following(rows: Sequence[Entry], index: int, step: float) -> Entry | None:
    """The entry that ends another one: the next of another resource, or one an interval later of the same."""
    entry = rows[index]
    begin = (entry.start or 0.0) + step - _SAME
    later = (r for r in rows[index + 1 :] if r.group != entry.group or (r.start or 0.0) >= begin)
    return next(later, None)


def _without_held(given: list[Given], rows: Sequence[Entry], end: float) -> list[Given]:
    """Doses that were stated or ordered for a time of which a statement says "not taken" are 0."""
    said = [e for e in rows if e.held and e.kind == "statement" and e.start is not None]
    windows = [(e.start or 0.0, e.until if e.until is not None else end) for e in said]
    return [
        replace(d, amount=0.0) if d.source != "administration" and _within(d.time, windows) else d
        for d in given
    ]


def _within(time: float, windows: Windows) -> bool:
    return any(a <= time <= b for a, b in windows)


def _overlaps(lost: list[Difference], kind: str, issues: Issues) -> list[Difference]:
    """Two statements, or orders, of the same start: only one of them can be the regimen."""
    found = [d for d in lost if abs(d.told - d.believed) > _SAME]
    if found:
        issues.add(
            "dose.same-start",
            f"two {kind}s start at the same time with different doses",
            place=f"hour {found[0].time:g} of the history",
            action="the later one in the record is used",
        )
    return found


def _inside(time: float, windows: Iterable[tuple[float, float]]) -> bool:
    return any(a <= time < b for a, b in windows)


def _compare(
    given: list[Given], other: list[Given], covered: list[tuple[float, float]], kind: str, issues: Issues
) -> list[Difference]:
    """One issue for each day on which a lower source says something else than the one that is believed."""
    found = []
    for dose in other:
        if not _inside(dose.time, covered):
            continue
        near = [d for d in given if abs(d.time - dose.time) <= _DAY / 2]
        believed = min(near, key=lambda d: abs(d.time - dose.time), default=None)
        if believed is None or abs(believed.amount - dose.amount) > _SAME:
            instead = (0.0, "") if believed is None else (believed.amount, believed.source)
            found.append(Difference(dose.time, dose.amount, instead[0], kind, instead[1]))
            told = "no dose" if believed is None else f"{believed.amount:g} by the {believed.source}"
            issues.add(
                "dose.sources-differ",
                f"the {kind} and a more reliable source differ on a dose",
                place=f"hour {dose.time:g} of the history",
                action="the more reliable source is used",
                severity="note",
                found=f"{dose.amount:g} by the {kind}, {told}",
            )
    return found
