"""Columns of a table in pieces, whatever holds them: text as codes, numbers and instants as arrays."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from math import isnan
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytwin.errors import MissingExtraError
from pytwin.record.log import IssueLog
from pytwin.record.tables.instants import Instants, from_microseconds, from_texts

ROWS = 1 << 16  # of a piece
_PLAIN = r"^[+-]?(\d{1,400}\.?\d{0,400}|\.\d{1,400})([eE][+-]?\d{1,4})?$"


class Coded(NamedTuple):
    """A text column: ``texts[codes[i]]`` is row i; a missing value is empty text."""

    codes: NDArray[np.int32]
    texts: list[str]


class Numbers(NamedTuple):
    """A column of numbers.

    Attributes
    ----------
    values : (n,) float64
        NaN where there is no number.
    written : Coded
        As text, where the source holds text; else empty.
    other : Coded
        What is neither empty nor a plain number (``<0.5``, ``positive``); else empty.
    """

    values: NDArray[np.float64]
    written: Coded
    other: Coded


def arrow() -> Any:
    """The module pyarrow.

    Raises
    ------
    MissingExtraError
        ``extra.tables`` where it is not installed.
    """
    try:
        import pyarrow
        import pyarrow.compute
        import pyarrow.csv
        import pyarrow.parquet
    except ImportError:
        hint = 'Install it with pip install "pytwin-health[tables]"'
        raise MissingExtraError("extra.tables", "pyarrow is not installed", hint=hint) from None
    return pyarrow


def damage() -> tuple[type[Exception], ...]:
    """What pyarrow raises for files that are cut off or changed; text that is not UTF-8 is a ValueError."""
    return arrow().ArrowException, OSError, ValueError, OverflowError, MemoryError, csv.Error


def plain_numbers(texts: Any) -> NDArray[np.float64]:
    """Texts (an array of pyarrow) that are decimal numbers as such; NaN for all others."""
    pa = arrow()
    plain = pa.compute.match_substring_regex(texts, _PLAIN)
    values = pa.compute.if_else(plain, texts, pa.scalar(None, pa.string())).cast(pa.float64())
    numbers: NDArray[np.float64] = values.fill_null(float("nan")).to_numpy(zero_copy_only=False)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def as_text(array: Any) -> Any:
    """An array of pyarrow as text; bytes that are not UTF-8 become U+FFFD."""
    pa = arrow()
    if pa.types.is_floating(array.type):
        numbers = array.to_pylist()
        return pa.array(
            [None if x is None or isnan(x) else str(int(x) if x.is_integer() else x) for x in numbers],
            pa.string(),
        )
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        array = array.cast(pa.large_binary())  # a file may call bytes text that are none
    try:
        return array.cast(pa.string())
    except pa.ArrowInvalid:
        texts = [None if x is None else x.decode(errors="replace") for x in array.to_pylist()]
        return pa.array(texts, pa.string())


def no_text(rows: int) -> Coded:
    """A text column without texts."""
    return Coded(np.zeros(rows, np.int32), [""])


class Piece:
    """Some rows of a table.

    Parameters
    ----------
    batch : pyarrow.RecordBatch
    first : int
        Number of the first row in its table, from 1.
    """

    def __init__(self, batch: Any, first: int) -> None:
        self.batch = batch
        self.first = first
        self._columns = {name.strip().lower(): i for i, name in enumerate(batch.schema.names)}

    def __len__(self) -> int:
        return int(self.batch.num_rows)

    def __contains__(self, name: str) -> bool:
        return name in self._columns

    @property
    def positions(self) -> NDArray[np.int64]:
        """Number of each row in its table, from 1."""
        return np.arange(self.first, self.first + len(self), dtype=np.int64)

    def _array(self, name: str) -> Any:
        return self.batch.column(self._columns[name])

    def _distinct(self, name: str) -> tuple[NDArray[np.int32], Any]:
        """(codes, distinct texts as an array of pyarrow, the last of them empty)."""
        pa = arrow()
        array = self._array(name)
        if not pa.types.is_dictionary(array.type):
            array = array.dictionary_encode()
        indices = array.indices.cast(pa.int32())  # narrower ones have no room for one more
        codes = indices.fill_null(len(array.dictionary)).to_numpy(zero_copy_only=False)
        texts = pa.compute.utf8_trim_whitespace(as_text(array.dictionary))
        return codes.astype(np.int32), pa.concat_arrays([texts.fill_null(""), pa.array([""], pa.string())])

    def text(self, name: str) -> Coded:
        """A column as text, stripped; a column that is not there is empty."""
        if name not in self:
            return no_text(len(self))
        codes, texts = self._distinct(name)
        return Coded(codes, texts.to_pylist())

    def names(self, name: str, prefix: str) -> Coded:
        """A column of identifiers, nearly all different, with a text in front of each that is there."""
        if name not in self:
            return no_text(len(self))
        array = self._array(name)
        if arrow().types.is_dictionary(array.type):
            array = array.dictionary_decode()
        texts = arrow().compute.utf8_trim_whitespace(as_text(array)).to_pylist()
        return Coded(np.arange(len(texts), dtype=np.int32), [prefix + text if text else "" for text in texts])

    def numbers(self, name: str) -> Numbers:
        """A column of numbers, held as numbers or as text."""
        rows = len(self)
        if name not in self:
            return Numbers(np.full(rows, np.nan), no_text(rows), no_text(rows))
        types = arrow().types
        kind = self._array(name).type
        if types.is_floating(kind) or types.is_integer(kind):
            array = self._array(name).cast(arrow().float64(), safe=False).fill_null(float("nan"))
            return Numbers(array.to_numpy(zero_copy_only=False).copy(), no_text(rows), no_text(rows))
        codes, texts = self._distinct(name)
        values = plain_numbers(texts)
        written = texts.to_pylist()
        other = no_text(rows)
        odd = np.flatnonzero(np.isnan(values))
        if len(odd) > 1:  # the empty text is one
            number = np.zeros(len(written), np.int32)
            number[odd] = np.arange(1, len(odd) + 1)
            other = Coded(number[codes], ["", *(written[i] for i in odd.tolist())])
        return Numbers(values[codes], Coded(codes, written), other)

    def instants(self, name: str, log: IssueLog, source: str) -> Instants:
        """A column of dates or times, held as such, as microseconds or as text."""
        rows = len(self)
        if name not in self:
            return from_microseconds(np.full(rows, np.iinfo(np.int64).min))
        pa = arrow()
        array = self._array(name)
        if pa.types.is_timestamp(array.type) or pa.types.is_date(array.type):
            day = pa.types.is_date(array.type)
            zone = None if day else array.type.tz
            stamps = array.cast(pa.timestamp("us", zone), safe=False).cast(pa.int64())
            return from_microseconds(_filled(stamps), day=day, zoned=zone is not None)
        if pa.types.is_integer(array.type):
            return from_microseconds(_filled(array.cast(pa.int64(), safe=False)))
        codes, texts = self._distinct(name)
        return from_texts(codes, texts, self.first, name, log, source)


def _filled(array: Any) -> NDArray[np.int64]:
    result: NDArray[np.int64] = array.fill_null(np.iinfo(np.int64).min).to_numpy(zero_copy_only=False)
    return result


def pieces_of(batches: Any) -> Iterator[Piece]:
    """Batches of pyarrow cut into pieces."""
    first = 1
    for batch in batches:
        for start in range(0, batch.num_rows, ROWS):
            part = batch.slice(start, ROWS)
            yield Piece(part, first)
            first += part.num_rows
