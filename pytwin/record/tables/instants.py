"""Columns of dates and times: ISO 8601 text by whole columns, each distinct odd one by itself."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytwin.errors import InputError
from pytwin.record.log import IssueLog
from pytwin.record.time import DAY, HOUR, MINUTE, NAIVE, NAT, SECOND, parse_time


class Instants(NamedTuple):
    """Instants of a column.

    Attributes
    ----------
    us : (n,) int64
        Microseconds UTC; ``NAT`` where there is none.
    kind : (n,) int32
        Index into ``kinds``.
    kinds : list of (width, offset)
        Widths in microseconds and zones in minutes, as in ``Event``.
    """

    us: NDArray[np.int64]
    kind: NDArray[np.int32]
    kinds: list[tuple[int, int]]


def from_microseconds(us: NDArray[np.int64], *, day: bool = False, zoned: bool = False) -> Instants:
    """Instants of a column that holds them as numbers; naive unless it says otherwise."""
    kinds = [(DAY if day else 0, 0 if zoned else NAIVE)]
    return Instants(us.astype(np.int64), np.zeros(len(us), np.int32), kinds)


_LONG = 19
# length of a text -> where other characters than digits must stand
_PLAIN = {10: {4: "-", 7: "-"}, _LONG: {4: "-", 7: "-", 10: " T", 13: ":", 16: ":"}}


def _plain(texts: Any, length: int) -> NDArray[np.int64] | None:
    """Microseconds of dates or naive times (an array of pyarrow) of one length; None where one is odd."""
    data = np.frombuffer(texts.buffers()[2], np.uint8, count=len(texts) * length)
    letters = data.reshape(-1, length)
    fixed = _PLAIN[length]
    for at, allowed in fixed.items():
        if not np.isin(letters[:, at], [ord(c) for c in allowed]).all():
            return None
    digits = np.delete(letters, list(fixed), axis=1)
    if not ((digits >= ord("0")) & (digits <= ord("9"))).all():
        return None
    n = digits.astype(np.int64) - ord("0")
    year = n[:, 0] * 1000 + n[:, 1] * 100 + n[:, 2] * 10 + n[:, 3]
    month, day = n[:, 4] * 10 + n[:, 5], n[:, 6] * 10 + n[:, 7]
    if not ((year >= 1) & (month >= 1) & (month <= 12) & (day >= 1)).all():
        return None
    first = (year - 1970) * 12 + month - 1
    start = first.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    following = (first + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    if (start + day > following).any():
        return None
    us = (start + day - 1) * DAY
    if length == _LONG:
        hour, minute, second = (n[:, i] * 10 + n[:, i + 1] for i in (8, 10, 12))
        if not ((hour <= 23) & (minute <= 59) & (second <= 59)).all():
            return None
        us += hour * HOUR + minute * MINUTE + second * SECOND
    return us


def from_texts(
    codes: NDArray[np.int32], texts: Any, first: int, column: str, log: IssueLog, source: str
) -> Instants:
    """Instants of a text column; what is no date or time is an issue and unknown.

    Parameters
    ----------
    codes : (n,) int32
    texts : pyarrow.Array of str
        Row i is ``texts[codes[i]]``.
    first : int
        Number of the first row, for places.
    column, log, source
        For issues.
    """
    import pyarrow
    from pyarrow import compute

    us = np.full(len(texts), NAT, np.int64)
    kind = np.zeros(len(texts), np.int32)
    kinds: dict[tuple[int, int], int] = {(0, NAIVE): 0}
    lengths = compute.utf8_length(texts).to_numpy()
    single = compute.binary_length(texts).to_numpy() == lengths
    done = lengths == 0
    for length in _PLAIN:
        which = (lengths == length) & single
        if not which.any():
            continue
        found = _plain(compute.take(texts, pyarrow.array(np.flatnonzero(which))), length)
        if found is not None:
            us[which] = found
            kind[which] = kinds.setdefault((0 if length == _LONG else DAY, NAIVE), len(kinds))
            done |= which
    for i in np.flatnonzero(~done).tolist():
        text = texts[i].as_py()
        try:
            instant = parse_time(text)
        except InputError as error:
            row = first + int(np.argmax(codes == i))
            place = f"{source}:row {row}, column {column}"
            log.add(error.code, error.message, place, "unknown", "error", text)
            continue
        us[i] = instant.us
        kind[i] = kinds.setdefault((instant.width, instant.offset), len(kinds))
    return Instants(us[codes], kind[codes], list(kinds))
