"""Headers of WFDB: the record line, one line a signal or segment, comments.

Form and defaults are those of header(5) of the WFDB Applications Guide.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

from pytwin.errors import InputError
from pytwin.record.time import DAY, UNKNOWN, Instant, parse_time

_RECORD = re.compile(
    r"([-\w]{1,200})(?:/(\d{1,7}))?[ \t]+(\d{1,5})"
    r"(?:[ \t]+(\d{1,12}(?:\.\d{0,20})?|\.\d{1,20})(?:/[-.\d]{1,30})?(?:\([-.\d]{1,30}\))?"
    r"(?:[ \t]+(\d{1,15})"
    r"(?:[ \t]+(\d{1,2}(?::\d{1,2}){0,2}(?:\.\d{1,9})?)"
    r"(?:[ \t]+(\d{1,2})/(\d{1,2})/(\d{4}))?)?)?)?",
    re.ASCII,
)
_FORMAT = re.compile(r"(\d{1,4})(?:x(\d{1,6}))?(?::(\d{1,9}))?(?:\+(\d{1,12}))?", re.ASCII)
_GAIN = re.compile(
    r"([+-]?(?:\d{1,20}\.?\d{0,20}|\.\d{1,20})(?:[eE][+-]?\d{1,3})?)(?:\(([+-]?\d{1,12})\))?(?:/(\S{1,40}))?",
    re.ASCII,
)
_INTEGER = re.compile(r"[+-]?\d{1,12}", re.ASCII)
_SEGMENT = re.compile(r"(~|[-\w]{1,200})[ \t]+(\d{1,15})", re.ASCII)
_AGE = re.compile(r"<?age>?\s*:\s*(\d{1,3})\b", re.IGNORECASE | re.ASCII)
_SEX = re.compile(r"<?(?:sex|gender)>?\s*:\s*(f|m)", re.IGNORECASE | re.ASCII)
FREQUENCY = Fraction(250)  # Hz, where none is stated
_MOST_LINES = 20_000


class Signal(NamedTuple):
    """One signal as its line describes it.

    Attributes
    ----------
    file : str
    format, per_frame, skew, offset : int
        Storage format, samples in a frame, frames of delay, bytes before the samples.
    gain : float
        Units of ADC a physical unit; 0 where it is not calibrated.
    baseline : int
        Sample of the physical value 0.
    unit, name : str
    first, checksum : int or None
        Value of the first sample, and sum of all in 16 bits.
    """

    file: str
    format: int
    per_frame: int
    skew: int
    offset: int
    gain: float
    baseline: int
    unit: str
    name: str
    first: int | None
    checksum: int | None


class Segment(NamedTuple):
    """A part of a record: a record of its own, or a gap where the name is ``~``."""

    name: str
    frames: int


class Header(NamedTuple):
    """What a header says; ``frames`` is 0 where it does not say how many there are."""

    name: str
    frequency: Fraction
    frames: int
    start: Instant
    clock: int
    signals: tuple[Signal, ...]
    segments: tuple[Segment, ...]
    age: int | None
    sex: str | None


def lines_of(text: str) -> tuple[list[tuple[int, str]], list[str]]:
    """Lines with their numbers, and comments."""
    every = [(number, line.strip()) for number, line in enumerate(text.split("\n"), 1)]
    plain = [(number, line) for number, line in every if line and not line.startswith("#")]
    return plain, [line[1:].strip() for _, line in every if line.startswith("#")]


def is_header(text: str, whole: bool) -> bool:
    """Whether a text begins with the lines of a header; the last line may be cut off if not ``whole``."""
    plain, _ = lines_of(text if whole else text.rpartition("\n")[0])
    found = _RECORD.fullmatch(plain[0][1]) if plain else None
    if found is None or len(plain) < 2:
        return False
    if found[2]:
        return bool(_SEGMENT.fullmatch(plain[1][1]))
    fields = plain[1][1].split()
    return len(fields) > 1 and bool(_FORMAT.fullmatch(fields[1])) and "." in fields[0]


def _malformed(name: str, line: int) -> InputError:
    return InputError("wfdb.header", "a line of the header cannot be read", place=f"{name}:line {line}")


def parse(text: str, name: str) -> Header:
    """Read a header.

    Raises
    ------
    InputError
        ``wfdb.header``.
    """
    plain, comments = lines_of(text)
    if not plain or len(plain) > _MOST_LINES:
        raise InputError("wfdb.header", "the header has no record line", place=name)
    number, line = plain[0]
    found = _RECORD.fullmatch(line)
    if found is None:
        raise _malformed(name, number)
    frequency = Fraction(found[4]) if found[4] else FREQUENCY
    if frequency == 0:
        raise _malformed(name, number)
    count = int(found[2] or found[3])
    if len(plain) - 1 < count:
        raise InputError("wfdb.header", "the header ends before its last signal", place=name)
    rest = plain[1 : 1 + count]
    start, clock = _begin(found, name, number)
    about = " ".join(comments)
    age, sex = _AGE.search(about), _SEX.search(about)
    return Header(
        found[1],
        frequency,
        int(found[5] or 0),
        start,
        clock,
        () if found[2] else tuple(_signal(line, name, number) for number, line in rest),
        tuple(_segment(line, name, number) for number, line in rest) if found[2] else (),
        int(age[1]) if age else None,
        ({"f": "female", "m": "male"}[sex[1].lower()]) if sex else None,
    )


def _begin(found: re.Match[str], name: str, line: int) -> tuple[Instant, int]:
    """The instant of the first frame, unknown without a date; and the time of day in microseconds."""
    clock = 0
    if found[6]:
        parts = [Fraction(part) for part in found[6].split(":")]
        for part in parts:
            clock = clock * 60 + int(part * 1_000_000)
        if clock >= DAY or any(part >= 60 for part in parts[1:]):
            raise _malformed(name, line)
    if not found[9]:
        return UNKNOWN, clock
    try:
        day = parse_time(f"{found[9]}-{int(found[8]):02d}-{int(found[7]):02d}")
    except InputError:
        raise _malformed(name, line) from None
    return Instant(day.us + clock), clock


def _signal(line: str, name: str, number: int) -> Signal:
    fields = line.split(None, 8)
    found = _FORMAT.fullmatch(fields[1]) if len(fields) > 1 else None
    if found is None:
        raise _malformed(name, number)
    gain = _GAIN.fullmatch(fields[2]) if len(fields) > 2 else None
    if len(fields) > 2 and gain is None:
        raise _malformed(name, number)
    for field in fields[3:8]:
        if not _INTEGER.fullmatch(field):
            raise _malformed(name, number)
    zero = int(fields[4]) if len(fields) > 4 else 0
    return Signal(
        fields[0],
        int(found[1]),
        int(found[2] or 1) or 1,
        int(found[3] or 0),
        int(found[4] or 0),
        float(gain[1]) if gain else 0.0,
        int(gain[2]) if gain and gain[2] else zero,
        (gain[3] if gain else "") or "",
        fields[8].strip() if len(fields) > 8 else "",
        int(fields[5]) if len(fields) > 5 else None,
        int(fields[6]) if len(fields) > 6 else None,
    )


def _segment(line: str, name: str, number: int) -> Segment:
    found = _SEGMENT.fullmatch(line)
    if found is None:
        raise _malformed(name, number)
    return Segment(found[1], int(found[2]))
