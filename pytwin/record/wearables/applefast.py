"""Plain records of Apple Health, many at once: what an export writes a million times in the same form.

One expression splits a piece of text into plain records and what stands between them, which goes through the
XML parser as ever. What repeats (types, units, devices, metadata) is checked once for each distinct text;
dates and numbers are checked as columns. Where anything is not as expected the whole piece goes through the
parser, so that both ways give the same rows and the same errors.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
PLAIN = re.compile(
    rb'<Record type="([^"]*+)"'
    rb'( sourceName="[^"]*+"(?: sourceVersion="[^"]*+")?+(?: device="[^"]*+")?+)'
    rb'(?: unit="([^"]*+)")?+(?: creationDate="[-+:0-9 ]*+")?+'
    rb' startDate="([^"]*+)" endDate="([^"]*+)"(?: value="([^"]*+)")?+'
    rb'(/>|>(?:\s*+<MetadataEntry key="[^"]*+" value="[^"]*+"/>)*+\s*+</Record>)'
)
GROUPS = 7
# The same again for what is checked once a text: no markup, no control character, only XML's own entities.
_TEXT = rb"(?:[^\"<&\x00-\x1f]++|&(?:lt|gt|amp|quot|apos|#3[2-9]|#[4-9]\d);)*+"
_NO_ENTITY = re.compile(rb"&(?!(?:lt|gt|amp|quot|apos|#3[2-9]|#[4-9]\d);)")
_ENTRY = rb'\s*+<MetadataEntry key="' + _TEXT + rb'" value="' + _TEXT + rb'"/>'
_TAIL = rb"/>|>(?:" + _ENTRY + rb")*+\s*+</Record>"
_TYPE = rb"HK(?:Quantity|Category)TypeIdentifier[A-Za-z0-9]{1,100}+"
UNIT = re.compile(rb"[^\"<&\x00-\x1f]{1,60}")
NUMBER = re.compile(rb"[+-]?\d{1,20}(?:\.\d{1,20})?(?:[eE][+-]?\d{1,2})?")
WORD = re.compile(rb"[^\"<&\x00-\x1f]{0,128}")
_NONCHARACTERS = (b"\xef\xbf\xbe", b"\xef\xbf\xbf")  # U+FFFE and U+FFFF, which XML does not have
_DATE = np.frombuffer(b"0000-00-00 00:00:00 +0000", np.uint8)
_SIGNS = _DATE != 48
_SIGNS[20] = False
_DIGITS = _DATE == 48
_MOST = 1 << 14  # texts that are remembered
_DATE_LENGTH = len(_DATE)


class OddError(Exception):
    """The piece has something that only the parser can judge."""


def checked(text: bytes, form: re.Pattern[bytes]) -> bytes:
    """A text of a form, in UTF-8.

    Raises
    ------
    OddError
    """
    if form.fullmatch(text) is None:
        raise OddError
    _check_characters(text)
    return text


def _check_characters(text: bytes) -> None:
    if text.isascii():
        return
    try:
        text.decode()
    except UnicodeDecodeError:
        raise OddError from None
    if any(character in text for character in _NONCHARACTERS):
        raise OddError


def _check_attributes(text: bytes) -> None:
    """Look at attributes, whose names and quotation marks the expression has seen to, many in one text."""
    control = np.frombuffer(text, np.uint8) < 32
    if b"<" in text or control.any() or _NO_ENTITY.search(text):
        raise OddError
    _check_characters(text)


def _of_form(form: bytes) -> Callable[[bytes], None]:
    """A check of texts of a form, each with a quotation mark after it."""
    pattern = re.compile(rb"(?:(?:" + form + rb')")*+')

    def check(text: bytes) -> None:
        checked(text, pattern)

    return check


class Known:
    """Texts that hold no quotation mark outside of attributes, each checked once."""

    def __init__(self, check: Callable[[bytes], None]) -> None:
        self._check = check
        self._met: set[bytes] = set()

    def check(self, texts: Iterable[bytes]) -> None:
        """Look at texts that were not met before, all at once.

        Raises
        ------
        OddError
        """
        fresh = set(texts) - self._met
        if fresh:
            self._check(b'"'.join(fresh) + b'"')
        if len(self._met) > _MOST:
            self._met.clear()
        self._met |= fresh


class Columns(NamedTuple):
    """The plain records of a piece as columns.

    Attributes
    ----------
    gaps : list of bytes
        What stands before each, and after the last one.
    types, units, values : list of bytes or None
    start, end, zone : array
        Microseconds UTC, and minutes east of UTC at the start.
    """

    gaps: list[bytes]
    types: list[bytes]
    units: list[bytes | None]
    values: list[bytes | None]
    start: Numbers
    end: Numbers
    zone: Numbers

    def __len__(self) -> int:
        return len(self.types)


class Splitter:
    """Finds the plain records of pieces of one file."""

    def __init__(self) -> None:
        self._about = Known(_check_attributes)
        self._tails = Known(_of_form(_TAIL))
        self._types = Known(_of_form(_TYPE))

    def split(self, piece: bytes) -> Columns | None:
        """The records of a piece; None where there is none, or where something is odd."""
        parts = PLAIN.split(piece)
        step = GROUPS + 1
        if len(parts) == 1:
            return None
        try:
            self._types.check(parts[1::step])
            self._about.check(parts[2::step])
            self._tails.check(parts[7::step])
            start, zone = times(parts[4::step])
            end, _ = times(parts[5::step])
        except OddError:
            return None
        types, units, values = (parts[at::step] for at in (1, 3, 6))
        return Columns(parts[::step], types, units, values, start, end, zone)


def times(texts: Sequence[bytes]) -> tuple[Numbers, Numbers]:
    """Microseconds UTC, and zones in minutes, of ``2024-01-02 03:04:05 -0700`` and the like.

    Raises
    ------
    OddError
        One is not of this form or does not exist.
    """
    joined = b"".join(texts)
    if len(joined) != _DATE_LENGTH * len(texts) or set(map(len, texts)) - {_DATE_LENGTH}:
        raise OddError
    written = np.frombuffer(joined, np.uint8).reshape(-1, _DATE_LENGTH)
    digits = written[:, _DIGITS].astype(np.int64) - 48
    signs = written[:, 20]
    fits = (written[:, _SIGNS] == _DATE[_SIGNS]).all() and ((digits >= 0) & (digits <= 9)).all()
    if not fits or not ((signs == 43) | (signs == 45)).all():
        raise OddError
    year = digits[:, :4] @ np.array([1000, 100, 10, 1])
    month, day, hour, minute, second, hours, minutes = (digits[:, 4:].reshape(-1, 7, 2) @ [10, 1]).T
    zone = hours * 60 + minutes
    real = (
        (month >= 1) & (month <= 12) & (day >= 1) & (year >= 1) & (hour < 24) & (minute < 60) & (second < 61)
    )
    if not (real & (zone <= 840) & (minutes < 60)).all() or (day > _length(year, month)).any():
        raise OddError
    zone = np.where(signs == 45, -zone, zone)
    clock = (hour * 60 + minute - zone) * 60 + second
    return (_days(year, month, day) * 86_400 + clock) * 1_000_000, zone


def _length(year: Numbers, month: Numbers) -> Numbers:
    """Days of a month."""
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    lengths = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    found: Numbers = lengths[month] + (leap & (month == 2))
    return found


def _days(year: Numbers, month: Numbers, day: Numbers) -> Numbers:
    """Days since 1970-01-01 in the Gregorian calendar, with years that begin in March."""
    early = month < 3
    y = year - early
    of_year = (153 * (month + np.where(early, 9, -3)) + 2) // 5 + day - 1
    return 365 * y + y // 4 - y // 100 + y // 400 + of_year - 719_468
