"""Times of HL7 v2: ``YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]``."""

from __future__ import annotations

import re
from functools import lru_cache

from pytwin.errors import InputError
from pytwin.record.time import DAY, HOUR, MINUTE, NAIVE, Instant, parse_time

_FORM = re.compile(
    r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(\.\d{1,9})?)?)?)?)?)?([+-]\d{4}|Z)?", re.ASCII
)


@lru_cache(maxsize=16384)
def parse_hl7_time(text: str, zone: int) -> Instant | None:
    """Read a date or time; None where the text is none.

    Parameters
    ----------
    text : str
        As written, or ISO 8601, which some senders write instead.
    zone : int
        Minutes east of UTC for a time of day that states no zone; ``NAIVE`` where none is known.

    Returns
    -------
    Instant or None
        With the width of what is left out.
    """
    found = _FORM.fullmatch(text) if len(text) < 40 else None
    try:
        instant = _read(found) if found else parse_time(text)
    except InputError:
        return None
    if zone != NAIVE and instant.naive and instant.width < DAY:
        return Instant(instant.us - zone * MINUTE, instant.width, zone)
    return instant


def _read(found: re.Match[str]) -> Instant:
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    date = "-".join(part for part in (year, month, day) if part)
    if hour is None:
        return parse_time(date)
    clock = f"{hour}:{minute or '00'}" + (f":{second}{fraction or ''}" if second else "")
    instant = parse_time(f"{date}T{clock}{zone or ''}")
    return instant._replace(width=HOUR) if minute is None else instant
