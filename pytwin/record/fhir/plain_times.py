"""Times as plain Observations have them, fast; any other form takes the reader of all forms."""

from __future__ import annotations

from datetime import UTC, datetime

from pytwin.errors import InputError
from pytwin.record.time import DAY, NAIVE, NAT, SECOND, parse_time

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def time_of_day(text: str) -> tuple[int, int] | None:
    """(instant, zone) of a time of day with a zone, the only one that has no issue."""
    found = _quick(text)
    if found is not None:
        return found
    try:
        instant = parse_time(text)
    except InputError:
        return None
    return None if instant.width or instant.offset == NAIVE else (instant.us, instant.offset)


def recording(text: str) -> int | None:
    """When something was recorded; None where that is not a time."""
    if not text:
        return NAT
    found = _quick(text)
    try:
        return found[0] if found else parse_time(text).us
    except InputError:
        return None


def _quick(text: str) -> tuple[int, int] | None:
    """(instant, zone) of ``2020-05-17T08:30:00+02:00``, with or without milliseconds, else None."""
    size = len(text)
    if size not in (20, 24, 25, 29) or text[4] + text[7] + text[10] + text[13] + text[16] != "--T::":
        return None
    if text[-1] == "Z":
        fits = size in (20, 24)
    else:
        fits = size in (25, 29) and text[-6] in "+-" and text[-3] == ":" and text[-2] < "6"
    if not fits or (size in (24, 29) and text[19] != "."):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    zone, since = moment.utcoffset(), moment - _EPOCH
    minutes = zone.days * 1440 + zone.seconds // 60 if zone else 0
    us = since.days * DAY + since.seconds * SECOND + since.microseconds
    return (us, minutes) if -840 <= minutes <= 840 else None
