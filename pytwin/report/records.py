"""Records in the terminal: what each holds, and what was odd."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from pytwin.issues import Issues
from pytwin.record import Record
from pytwin.record.time import NAT, iso
from pytwin.report.terminal import table, terminal


def data(record: Record, therapy: str | None = None) -> dict[str, Any]:
    """What a record holds as plain values: counts by kind and name, the issues, and what a therapy needs."""
    needs = {"coverage": [asdict(row) for row in record.coverage(therapy)]} if therapy else {}
    return {
        "patient": record.patient.id,
        "sex": record.patient.sex,
        "events": len(record.events),
        "hash": record.hash,
        "holds": [dict(zip(_COLUMNS, row, strict=True)) for row in held(record)],
        "issues": issues(record.issues),
        **needs,
    }


def issues(found: Issues) -> list[dict[str, str]]:
    """Issues as plain values, without what was found in the data."""
    names = ("code", "severity", "message", "place", "action")
    return [{name: str(getattr(issue, name)) for name in names} for issue in found]


_COLUMNS = ("kind", "name", "unit", "events", "usable", "first", "last")


def held(record: Record) -> Iterator[tuple[str, str, str, int, int, str, str]]:
    """(kind, name, unit, events, usable ones, first day, last day) of all that a record holds."""
    events = record.events
    keys = list(zip(*(events.column(name).tolist() for name in ("kind", "name", "unit")), strict=True))
    rows: dict[tuple[str, str, str], list[int]] = {}
    for row, key in enumerate(keys):
        rows.setdefault(key, []).append(row)
    for (kind, name, unit), members in sorted(rows.items()):
        part = events[members]
        times = part.time[part.time != NAT]
        first, last = (iso(int(t), 0)[:10] for t in (times.min(), times.max())) if len(times) else ("", "")
        yield kind, name, unit, len(part), int(part.usable.sum()), first, last


def show(record: Record, therapy: str | None = None) -> None:
    """Print what a record holds, what a therapy needs of it, and its issues."""
    console = terminal()
    patient = record.patient
    title = (
        f"Record of {patient.id or '(no id)'}, {patient.sex or 'sex unknown'}: {len(record.events)} events"
    )
    console.print(table(title, _COLUMNS, (tuple(map(str, row)) for row in held(record))))
    if therapy:
        rows = [(row.what, row.state, _age(row.age_days), row.text) for row in record.coverage(therapy)]
        console.print(table(f"For {therapy}", ("", "", "age", ""), rows))
    show_issues(record.issues)


def _age(days: float | None) -> str:
    return "" if days is None else f"{days:.0f} d"


def show_issues(found: Issues) -> None:
    """Print issues, one a line."""
    console = terminal()
    for issue in found:
        console.print(f"  {issue}", markup=False)
