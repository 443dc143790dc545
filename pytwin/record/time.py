"""Instants: microseconds UTC, with the width of a partial date and the zone as found.

A date without a zone is *naive*: it is placed as if it were UTC and says so, so that two
naive times of one record still compare. A partial date stands for its first instant and
carries its width: ``2020-05`` begins on 2020-05-01 and is 31 days wide.
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from pytwin.errors import InputError

NAT = -(2**63)  # no time; the same bits as NumPy's NaT
NAIVE = -(2**31)  # no zone
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
YEAR = 365.25 * DAY  # Julian year, for ages

_EPOCH = date(1970, 1, 1).toordinal()
_LARGEST_OFFSET = 14 * 60  # minutes; no zone is further from UTC
_FORM = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,30}))?)?"
    r" ?(Z|z|[+-]\d\d:?\d\d)?)?)?)?",
    re.ASCII,
)


class Instant(NamedTuple):
    """A point in time as a record states it.

    Attributes
    ----------
    us : int
        Microseconds since 1970-01-01T00:00Z of the beginning; ``NAT`` where unknown.
    width : int
        Microseconds; 0 for an instant, one day for a date, and so on.
    offset : int
        Minutes east of UTC as written; ``NAIVE`` where none was.
    """

    us: int
    width: int = 0
    offset: int = NAIVE

    @property
    def naive(self) -> bool:
        """Whether no zone was given."""
        return self.offset == NAIVE


UNKNOWN = Instant(NAT)


def _invalid() -> InputError:
    return InputError("time.invalid", "a date or time is not in ISO 8601 form or does not exist")


def _days(year: int, month: int, day: int) -> int:
    return date(year, month, day).toordinal() - _EPOCH


def _partial(year: int, month: str | None, day: str | None) -> Instant:
    """A year, a month or a day with its width."""
    if month is None:
        days = 366 if calendar.isleap(year) else 365
        return Instant(_days(year, 1, 1) * DAY, days * DAY)
    if day is None:
        return Instant(_days(year, int(month), 1) * DAY, calendar.monthrange(year, int(month))[1] * DAY)
    return Instant(_days(year, int(month), int(day)) * DAY, DAY)


def _offset(zone: str | None) -> int:
    if not zone:
        return NAIVE
    if zone in "Zz":
        return 0
    minutes = int(zone[1:3]) * 60 + int(zone[-2:])
    if minutes > _LARGEST_OFFSET or int(zone[-2:]) > 59:
        raise _invalid()
    return -minutes if zone[0] == "-" else minutes


def _full(days: int, clock: tuple[str | None, ...], zone: str | None) -> Instant:
    """A day with a time; seconds may be missing (then the width is a minute) or 60 (leap)."""
    hour, minute, second, fraction = clock
    h, m, s = int(hour or 0), int(minute or 0), int(second or 0)
    if h > 23 or m > 59 or s > 60:
        raise _invalid()
    us = int((fraction or "0")[:6].ljust(6, "0"))
    offset = _offset(zone)
    total = days * DAY + h * HOUR + m * MINUTE + s * SECOND + us
    if offset != NAIVE:
        total -= offset * MINUTE
    return Instant(total, 0 if second else MINUTE, offset)


@lru_cache(maxsize=65536)
def parse_time(text: str) -> Instant:
    """Read an ISO 8601 or FHIR date, dateTime or instant.

    Parameters
    ----------
    text : str
        ``2020``, ``2020-05``, ``2020-05-17``, ``2020-05-17T08:30:00.25+02:00`` and the like.

    Returns
    -------
    Instant
        Fractions of a second are kept to the microsecond, further digits are cut.

    Raises
    ------
    InputError
        ``time.invalid``.
    """
    found = _FORM.fullmatch(text.strip()) if len(text) < 80 else None
    if not found:
        raise _invalid()
    year, month, day, *clock, zone = found.groups()
    try:
        if clock[0] is None:
            return _partial(int(year), month, day)
        return _full(_days(int(year), int(month), int(day)), tuple(clock), zone)
    except (ValueError, OverflowError):
        raise _invalid() from None


def iso(us: int, offset: int = NAIVE, width: int = 0) -> str:
    """Write an instant in ISO 8601, in its own zone; empty for ``NAT``.

    A width of a day or more is written as a date.
    """
    if us == NAT:
        return ""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
    if width >= DAY:
        return moment.strftime("%Y-%m-%d")
    if offset == NAIVE:
        return moment.replace(tzinfo=None).isoformat()
    local = moment + timedelta(minutes=offset)
    sign = "-" if offset < 0 else "+"
    zone = "Z" if offset == 0 else f"{sign}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}"
    return local.replace(tzinfo=None).isoformat() + zone


_DURATIONS = {
    "s": SECOND, "min": MINUTE, "h": HOUR, "d": DAY, "wk": 7 * DAY,
    "mo": int(YEAR / 12), "a": int(YEAR),
}  # fmt: skip


def hours_of(value: float, unit: str) -> float:
    """Length of a duration in hours; NaN for a unit that is none of s, min, h, d, wk, mo, a."""
    return value * _DURATIONS[unit] / HOUR if unit in _DURATIONS else float("nan")
