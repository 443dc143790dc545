"""Columns of dates and times: ISO 8601 text by whole columns, each distinct odd one by itself."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytwin.errors import InputError
from pytwin.record.log import IssueLog
from pytwin.record.time import DAY, NAIVE, NAT, parse_time


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


# form of a text -> (digits, where other characters must stand)
_PLAIN = {10: {4: "-", 7: "-"}, 19: {4: "-", 7: "-", 10: " T", 13: ":", 16: ":"}}


def _plain(texts: NDArray[np.str_], length: int) -> NDArray[np.int64] | None:
    """Microseconds of dates or naive times all of one form; None where one is not."""
    letters = texts.view(np.uint32).reshape(len(texts), -1)[:, :length]
    fixed = _PLAIN[length]
    for at, allowed in fixed.items():
        if not np.isin(letters[:, at], [ord(c) for c in allowed]).all():
            return None
    digits = np.delete(letters, list(fixed), axis=1)
    if not ((digits >= ord("0")) & (digits <= ord("9"))).all():
        return None
    try:
        found: NDArray[np.int64] = texts.astype("datetime64[us]").astype(np.int64)
    except ValueError:
        return None
    return found


def from_texts(
    codes: NDArray[np.int32], texts: list[str], first: int, column: str, log: IssueLog, source: str
) -> Instants:
    """Instants of a text column; what is no date or time is an issue and unknown.

    Parameters
    ----------
    codes, texts
        Row i is ``texts[codes[i]]``.
    first : int
        Number of the first row, for places.
    column, log, source
        For issues.
    """
    us = np.full(len(texts), NAT, np.int64)
    kind = np.zeros(len(texts), np.int32)
    kinds: dict[tuple[int, int], int] = {(0, NAIVE): 0}
    lengths = np.array([len(text) for text in texts])
    done = lengths == 0
    for length, width in ((10, DAY), (19, 0)):
        which = np.flatnonzero(lengths == length)
        found = _plain(np.array([texts[i] for i in which], f"U{length}"), length) if len(which) else None
        # 19 characters with seconds: an instant
        if found is not None:
            us[which] = found
            kind[which] = kinds.setdefault((width, NAIVE), len(kinds))
            done[which] = True
    for i in np.flatnonzero(~done).tolist():
        try:
            instant = parse_time(texts[i])
        except InputError as error:
            row = first + int(np.argmax(codes == i))
            place = f"{source}:row {row}, column {column}"
            log.add(error.code, error.message, place, "unknown", "error", texts[i])
            continue
        us[i] = instant.us
        kind[i] = kinds.setdefault((instant.width, instant.offset), len(kinds))
    return Instants(us[codes], kind[codes], list(kinds))
