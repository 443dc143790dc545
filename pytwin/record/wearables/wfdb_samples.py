"""Samples of WFDB signal files, in pieces: formats 8, 16, 24, 32, 61, 80, 160, 212, 310 and 311.

The layouts are those of signal(5) of the WFDB Applications Guide. Each format but the first has a value, the
least that it can hold, that means there is no sample.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int64]
_PIECE = 1 << 18  # samples that are held at once


class Format(NamedTuple):
    """Samples in a group and its bytes; the value of a sample that is missing."""

    samples: int
    size: int
    missing: int | None


FORMATS = {
    8: Format(1, 1, None),
    16: Format(1, 2, -(1 << 15)),
    24: Format(1, 3, -(1 << 23)),
    32: Format(1, 4, -(1 << 31)),
    61: Format(1, 2, -(1 << 15)),
    80: Format(1, 1, -(1 << 7)),
    160: Format(1, 2, -(1 << 15)),
    212: Format(2, 3, -(1 << 11)),
    310: Format(3, 4, -(1 << 9)),
    311: Format(3, 4, -(1 << 9)),
}


def _signed(values: Samples, bits: int) -> Samples:
    """Numbers of some bits in two's complement."""
    half = 1 << (bits - 1)
    return ((values & ((1 << bits) - 1)) ^ half) - half


def _words(data: bytes, kind: str) -> Samples:
    return np.frombuffer(data, kind).astype(np.int64)


def _three_bytes(data: bytes) -> Samples:
    low, middle, high = _words(data, "u1").reshape(-1, 3).T
    return _signed(low | middle << 8 | high << 16, 24)


def _pairs(data: bytes) -> Samples:
    """Two samples of 12 bits in three bytes; the middle one has the high bits of both."""
    first, shared, second = _words(data, "u1").reshape(-1, 3).T
    return _signed(np.stack((first | (shared & 15) << 8, second | shared >> 4 << 8), axis=1).ravel(), 12)


def _split_third(data: bytes) -> Samples:
    """Three samples of 10 bits in two words; each has one in bits 1 to 10 and half of the third above."""
    one, two = _words(data, "<u2").reshape(-1, 2).T
    third = one >> 11 | two >> 11 << 5
    return _signed(np.stack((one >> 1, two >> 1, third), axis=1).ravel(), 10)


def _packed_thirds(data: bytes) -> Samples:
    """Three samples of 10 bits in one word, the first lowest."""
    word = _words(data, "<u4")
    return _signed(np.stack((word, word >> 10, word >> 20), axis=1).ravel(), 10)


_DECODERS: dict[int, Callable[[bytes], Samples]] = {
    8: lambda data: _words(data, "i1"),
    16: lambda data: _words(data, "<i2"),
    24: _three_bytes,
    32: lambda data: _words(data, "<i4"),
    61: lambda data: _words(data, ">i2"),
    80: lambda data: _words(data, "u1") - 128,
    160: lambda data: _words(data, "<u2") - 32768,
    212: _pairs,
    310: _split_third,
    311: _packed_thirds,
}


def decode(data: bytes, format: int) -> Samples:
    """Samples of whole groups, in the order in which they are stored; format 8 gives differences.

    Parameters
    ----------
    data : bytes
        As many whole groups as there are.
    format : int
        A key of ``FORMATS``.
    """
    return _DECODERS[format](data)


def pieces(
    stream: IO[bytes], format: int, width: int, frames: int, before: Samples | None = None
) -> Iterator[Samples]:
    """Frames of a file, a piece at a time, of shape (frames, width).

    Parameters
    ----------
    stream : binary stream
        At the first sample.
    format : int
    width : int
        Samples in a frame, of all signals of the file.
    frames : int
        How many to read at most; 0 reads to the end.
    before : array, shape (width,), optional
        Of format 8: the values that the first differences are added to.

    Notes
    -----
    A group at the end that is cut off counts as far as whole samples are in it, where its format allows.
    """
    kind = FORMATS[format]
    at_once = max(_PIECE // width, 1)
    held = np.empty(0, np.int64)
    last = np.zeros(width, np.int64) if before is None else before
    left = frames or -1
    while left:
        wanted = at_once * width if left < 0 else min(at_once, left) * width
        groups = -(-max(wanted - len(held), 0) // kind.samples)
        data = stream.read(groups * kind.size)
        whole = len(data) // kind.size * kind.size
        held = np.concatenate((held, decode(data[:whole], format), _rest(data[whole:], format)))
        count = min(len(held), wanted) // width
        if not count:
            return
        piece, held = held[: count * width].reshape(count, width), held[count * width :]
        if format == 8:
            piece = piece.cumsum(axis=0) + last
            last = piece[-1]
        yield piece
        left = left - count if left > 0 else left


def _rest(data: bytes, format: int) -> Samples:
    """Whole samples of a group that the end of the file cuts off."""
    if format == 212 and len(data) == 2:
        return decode(data + b"\x00", 212)[:1]
    if format in (310, 311) and len(data) >= 2:
        return decode(data.ljust(4, b"\x00"), format)[:1]
    return np.empty(0, np.int64)
