"""Events of the test records, by hours after one start."""

from __future__ import annotations

from typing import Any

from pytwin.record.table import Event
from pytwin.record.time import parse_time

HOUR = 3_600_000_000
START = parse_time("2025-01-13T08:00:00Z").us


def at(hours: float) -> int:
    """Microseconds UTC, hours after the start of all test records."""
    return START + round(hours * HOUR)


def inr(hours: float, value: float, **more: Any) -> Event:
    return Event(
        time=at(hours), kind="observation", system="LOINC", code="6301-6", name="INR", value=value, **more
    )


def given(hours: float, amount: float, **more: Any) -> Event:
    return Event(
        time=at(hours), kind="administration", name="warfarin", value=amount, unit="mg", route="oral", **more
    )


def stated(hours: float, amount: float, kind: str = "statement", every: float = 24.0, **more: Any) -> Event:
    more = {"name": "warfarin", "unit": "mg", "route": "oral", **more}
    return Event(time=at(hours), kind=kind, value=amount, every=every, **more)


def condition(name: str, **more: Any) -> Event:
    return Event(time=at(-1000), kind="condition", name=name, code="x", **more)
