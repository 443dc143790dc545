"""Repeat patterns of orders in the letters of HL7 table 0335 and prescriptions: ``BID``, ``Q6H``, ``PRN``."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from pytwin.record.time import YEAR, hours_of

NAN = float("nan")
_UNITS = {"S": "s", "M": "min", "H": "h", "D": "d", "W": "wk", "L": "mo"}
_WORDS = {
    "QD": 24, "OD": 24, "DAILY": 24, "QDAY": 24, "ONCE DAILY": 24, "QAM": 24, "QPM": 24, "QHS": 24, "HS": 24,
    "AM": 24, "PM": 24, "BED": 24, "BID": 12, "TID": 8, "QID": 6, "QOD": 48, "WEEKLY": 168, "QWK": 168,
    "QSHIFT": 8, "MONTHLY": YEAR / 12 / 3.6e9,
}  # fmt: skip
_EVERY = re.compile(r"Q ?(\d{0,3}) ?([SMHDWL])", re.ASCII)
_TIMES = re.compile(r"([1-9]\d?) ?ID", re.ASCII)
_SPOKEN = re.compile(r"EVERY (\d{1,3}) (HOUR|DAY|WEEK|MONTH|MINUTE)S?", re.ASCII)
_SPOKEN_UNITS = {"MINUTE": "min", "HOUR": "h", "DAY": "d", "WEEK": "wk", "MONTH": "mo"}
_LENGTH = re.compile(r"([SMHDWLX])(\d{1,4})", re.ASCII)


class Pattern(NamedTuple):
    """How a dose is repeated.

    Attributes
    ----------
    every : float
        Hours between doses; NaN for one dose or where the pattern does not say.
    once, as_needed : bool
    known : bool
        The pattern was understood.
    """

    every: float = NAN
    once: bool = False
    as_needed: bool = False
    known: bool = True


@lru_cache(maxsize=4096)
def pattern_of(text: str) -> Pattern:
    """The meaning of a repeat pattern; empty text is not known."""
    words = " ".join(text.upper().split())
    as_needed = words.startswith("PRN") or words.endswith("PRN")
    words = words.removeprefix("PRN").removesuffix("PRN").strip()
    if words in ("ONCE", "STAT", "1X", "X1", "ONE TIME"):
        return Pattern(once=True, as_needed=as_needed)
    if words in _WORDS:
        return Pattern(float(_WORDS[words]), as_needed=as_needed)
    every = _EVERY.fullmatch(words)
    if every:
        return _checked(hours_of(float(every[1] or 1), _UNITS[every[2]]), as_needed)
    times = _TIMES.fullmatch(words)
    if times:
        return Pattern(24.0 / int(times[1]), as_needed=as_needed)
    spoken = _SPOKEN.fullmatch(words)
    if spoken:
        return _checked(hours_of(float(spoken[1]), _SPOKEN_UNITS[spoken[2]]), as_needed)
    return Pattern(as_needed=as_needed, known=False)


def _checked(hours: float, as_needed: bool) -> Pattern:
    return Pattern(hours, as_needed=as_needed) if hours > 0 else Pattern(as_needed=as_needed, known=False)


def length_of(text: str, every: float) -> float:
    """Hours of a duration such as ``D4`` or ``X10`` (times); NaN where it says none."""
    found = _LENGTH.fullmatch(text.upper())
    if not found:
        return NAN
    if found[1] == "X":
        return (int(found[2]) - 1) * every
    return hours_of(float(found[2]), _UNITS[found[1]])
