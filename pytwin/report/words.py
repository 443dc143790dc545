"""Times, spans, lists and schedules in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytwin.model import Plan

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")
_HOUR = 3_600_000_000
_TAGS = {
    "twin": "the dose that the twin computes",
    "label": "the label's dose for this genotype",
    "current": "as taken now",
}
_TAGGED = re.compile(r" \[((?:twin|label|current)(?:, (?:twin|label|current))*)\]$")


def instant(microseconds: int, offset: int = 0) -> str:
    """Microseconds UTC as a local date and time, ``offset`` minutes east: ``3 Feb 2025, 07:30``."""
    local = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds, minutes=offset)
    return f"{date(local)} {local.year}, {local:%H:%M}"


def date(day: datetime) -> str:
    """``3 Feb``, whatever the process's locale."""
    return f"{day.day} {_MONTHS[day.month - 1]}"


def age(microseconds: int) -> str:
    """How old something is: hours below two days, else days."""
    hours = microseconds / _HOUR
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} d"


def days(hours: float) -> str:
    """``30 days``."""
    number = hours / 24.0
    return "1 day" if number == 1 else f"{number:g} days"


def listed(texts: Sequence[str]) -> str:
    """``a, b and c``."""
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}" if texts else ""


def count(number: int) -> str:
    """A small number at the start of a sentence."""
    return _NUMBERS[number] if number < len(_NUMBERS) else str(number)


def plans(number: int) -> str:
    """``One plan was`` or ``Three plans were``."""
    return "One plan was" if number == 1 else f"{count(number)} plans were"


def sentence(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]


def unit(ucum: str) -> str:
    """A unit for a label: nothing for numbers without a dimension, UCUM annotations included."""
    bare = ucum == "1" or (ucum.startswith("{") and ucum.endswith("}"))
    return "" if bare else f"1{ucum}" if ucum.startswith("/") else ucum


def interval(values: Sequence[float]) -> str:
    """(low, median, high) as ``median (low to high)``."""
    low, median, high = values
    if high - low <= 1e-6 * abs(median):
        return f"{median:.3g} (known)"
    return f"{median:.3g} ({low:.3g} to {high:.3g})"


def percent(share: float) -> str:
    """A share as a percentage: what is not zero is not shown as zero, nor what is not all as all."""
    value = abs(100.0 * share)
    if 0.0 < value < 0.5:
        return "<1\u00a0%"
    return ">99\u00a0%" if 99.5 <= value < 100.0 else f"{value:.0f}\u00a0%"


def bare(name: str) -> str:
    """A plan's name without the tags that a ranking puts behind it."""
    return _TAGGED.sub("", name)


def tags(name: str) -> tuple[str, ...]:
    """Where a plan comes from, in words."""
    found = _TAGGED.search(name)
    return tuple(_TAGS[tag] for tag in found[1].split(", ")) if found else ()


def schedule(plan: Plan, hours: float, shown: int = 14) -> str:
    """A plan's daily amounts over its first days; empty where its name already says so."""
    amounts = [(t, dose.amount) for t, dose in plan.administrations(min(hours, 24.0 * shown))]
    if not amounts:
        return "no dose"
    unit_ = plan.doses[0].unit
    last = int(amounts[-1][0] // 24)
    by_day = [sum(a for t, a in amounts if 24 * d <= t < 24 * (d + 1)) for d in range(last + 1)]
    runs = _runs(by_day)
    if len(runs) > 3:
        return f"{unit_} by day: {', '.join(f'{a:g}' for a in by_day[:7])} ..."
    parts = [f"{f'{a:g} {unit_} a day' if a else 'no dose'} for {days(24.0 * n)}" for a, n in runs[:-1]]
    text = ", then ".join([*parts, f"{runs[-1][0]:g} {unit_} a day"])
    return "" if bare(plan.name) == f"{by_day[0]:g} {unit_} daily" and len(runs) == 1 else text


def _runs(values: Sequence[float]) -> list[tuple[float, int]]:
    """Equal neighbours counted: (value, how often in a row)."""
    runs: list[tuple[float, int]] = []
    for value in values:
        if runs and runs[-1][0] == value:
            runs[-1] = (value, runs[-1][1] + 1)
        else:
            runs.append((value, 1))
    return runs
