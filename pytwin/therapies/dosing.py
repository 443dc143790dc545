"""A record's doses become a sequence of doses that were given.

Administrations are believed before statements, statements before orders; a source speaks for the time that it
covers. Where a lower source covers the same time and says something else, the difference is kept as an issue.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
    """One row of a dose table: hours since the origin; ``start`` is None where the record has no time."""

    kind: str
    start: float | None
    until: float | None
    every: float | None
    amount: float
    as_needed: bool


def entries(table: Any, origin: int, issues: Issues) -> list[Entry]:
    """Rows of a Record's dose table that can be used; the others become issues."""
    found = []
    for row in table:
        held = row.kind == "administration" and row.status in HELD
        if not (row.usable or held):
            if row.valid:
                issues.add("dose.not-usable", "a dose can't be used", action="left out", place=_place(row))
            continue
        start = None if row.time == NO_TIME else (row.time + row.width // 2 - origin) / US_PER_HOUR
        until = None if row.until == NO_TIME else (row.until - origin) / US_PER_HOUR
        every = float(row.every) if row.every > 0 else None
        entry = Entry(row.kind, start, until, every, 0.0 if held else float(row.value), bool(row.as_needed))
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
    return found


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
        more, windows = _expand([e for e in rows if e.kind == kind], end, every)
        differences += _compare(given, more, covered, kind, issues)
        given += [d for d in more if not _inside(d.time, covered)]
        covered += windows
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


def _expand(rows: list[Entry], end: float, every: float) -> tuple[list[Given], list[tuple[float, float]]]:
    """Doses of statements or orders: each lasts until it ends or the next of its kind starts."""
    rows = sorted((e for e in rows if e.start is not None), key=lambda e: e.start or 0.0)
    given: list[Given] = []
    windows = []
    for index, entry in enumerate(rows):
        start = entry.start or 0.0
        step = entry.every or every
        following = rows[index + 1].start if index + 1 < len(rows) else None
        stop = min(end, entry.until if entry.until is not None else np.inf)
        times = start + step * np.arange(max(0, int((stop - start) / step + 1 + _SAME)))
        if following is not None:
            stop = min(stop, following)
            times = times[times < following - _SAME]
        given += [Given(float(t), entry.amount, entry.kind) for t in times]
        windows.append((start - step / 2, stop + step / 2))
    return given, windows


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
