"""Digests of rows: what an event says, in 128 bits that do not depend on where or with what it was read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.record.event import DTYPES, SHAPE_COLUMNS
from pytwin.record.table import EventTable

# what an event does not say, but where and when it was found
_ORIGIN = ("source", "place", "changes")
SAID_BY_SHAPE = tuple(name for name in SHAPE_COLUMNS if name not in _ORIGIN)
SAID_BY_ROW = ("patient", "time", "until", "value", "original_value")

Words = NDArray[np.uint64]
_NAN = np.uint64(0x7FF8000000000000)
# odd constants of SplitMix64 (Steele, Lea and Flood 2014), one set for each half
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def _stir(state: Words, word: Words) -> Words:
    """One column taken into the state."""
    state = (state ^ word) * _MIX[0] + _GOLDEN
    state ^= state >> np.uint64(29)
    state *= _MIX[1]
    state ^= state >> np.uint64(32)
    return state


def _texts(table: EventTable, columns: Iterable[NDArray[np.int32]]) -> Words:
    """Two words for each string of the table that some columns of codes use; zero for all others."""
    used = np.zeros(len(table.strings), np.bool_)
    for column in columns:
        used[column] = True
    words = np.zeros((len(used), 2), np.uint64)
    encoded = (table.strings[i].encode(errors="surrogatepass") for i in np.flatnonzero(used).tolist())
    digests = b"".join(hashlib.blake2b(text, digest_size=16).digest() for text in encoded)
    words[used] = np.frombuffer(digests, "<u8").reshape(-1, 2)
    return words


def _words(column: NDArray[Any]) -> Words:
    if column.dtype.kind == "f":
        # NaN has many bit patterns and zero has two
        numbers = column + 0.0
        return np.where(np.isnan(numbers), _NAN, numbers.view(np.uint64))
    return column.astype(np.int64).view(np.uint64)


def row_digests(table: EventTable) -> Words:
    """Digest of what each row says, (n, 2).

    Rows with equal content have equal digests; others differ but for a chance of 2**-128.
    """
    said = [table.shapes[name] for name in SAID_BY_SHAPE if name not in DTYPES]
    said += [table.varying[name] for name in SAID_BY_ROW if name not in DTYPES]
    texts = _texts(table, said)
    halves = []
    for half in (0, 1):
        seed = np.uint64(half + 1)
        shape = np.full(len(table.shapes["kind"]), seed, np.uint64)
        for name in SAID_BY_SHAPE:
            column = table.shapes[name]
            shape = _stir(shape, _words(column) if name in DTYPES else texts[column, half])
        row = shape[table.varying["shape"]]
        for name in SAID_BY_ROW:
            column = table.varying[name]
            row = _stir(row, _words(column) if name in DTYPES else texts[column, half])
        halves.append(row)
    return np.stack(halves, axis=1)


def origin_digests(table: EventTable) -> Words:
    """Digest of where each row was found and under what id, (n,)."""
    columns = [table.codes(name) for name in ("id", "source", "place")]
    texts = _texts(table, columns)
    row = _words(table.position)
    for column in columns:
        row = _stir(row, texts[column, 0])
    return row


def table_hash(digests: Words, about: str = "") -> str:
    """SHA-256 of rows in no order, and of a text."""
    order = np.lexsort((digests[:, 1], digests[:, 0]))
    digest = hashlib.sha256(about.encode(errors="surrogatepass"))
    digest.update(digests[order].astype("<u8").tobytes())
    return digest.hexdigest()
