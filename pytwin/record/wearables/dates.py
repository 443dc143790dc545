"""Dates of exports that follow a locale: whether the day or the month comes first is told by the file."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pytwin.errors import InputError
from pytwin.record.time import UNKNOWN, Instant, parse_time

_DATE = re.compile(
    r"(\d{1,4})([-/.])(\d{1,2})[-/.](\d{1,4})(?: (\d{1,2}):(\d\d)(?::(\d\d))?(?: ?([AP])M)?)?(?: UTC)?",
    re.ASCII | re.IGNORECASE,
)


def order_of(texts: Iterable[str]) -> str:
    """``DMY`` or ``MDY``; empty where no date tells, or dates contradict each other."""
    found: set[str] = set()
    for text in texts:
        date = _DATE.fullmatch(text)
        if date and len(date[1]) <= 2:
            found.update({"DMY"} if int(date[1]) > 12 else ())
            found.update({"MDY"} if int(date[3]) > 12 else ())
    return found.pop() if len(found) == 1 else ""


def needs_order(text: str) -> bool:
    """Whether a date can only be read if its order is known: one with points has the day first."""
    date = _DATE.fullmatch(text)
    return bool(date) and len(date[1]) <= 2 and date[2] != "."  # type: ignore[index]


def time_of(text: str, order: str, century: str = "") -> Instant:
    """A date with or without a time; unknown where it is none, or its order is not known.

    Parameters
    ----------
    text, order : str
        The order is ``DMY``, ``MDY`` or empty.
    century : str, optional
        Put before years of two digits, which are unknown without.
    """
    date = _DATE.fullmatch(text)
    if not date:
        return UNKNOWN
    first, _, second, third, hour, minute, seconds, half = date.groups()
    if len(first) == 4:
        year, month, day = first, second, third
    elif order:
        year, month, day = (third, second, first) if order == "DMY" else (third, first, second)
    else:
        return UNKNOWN
    year = century + year if len(year) == 2 else year
    iso = f"{year}-{month:0>2}-{day:0>2}"
    if hour:
        hours = int(hour) % 12 + 12 * (half.upper() == "P") if half else int(hour)
        iso += f"T{hours:02d}:{minute}" + (f":{seconds}" if seconds else "")
    try:
        return parse_time(iso)
    except InputError:
        return UNKNOWN
