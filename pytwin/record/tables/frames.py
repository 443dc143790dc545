"""Columns of a table in pieces, whatever holds them: text as codes, numbers and instants as arrays."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.record.log import IssueLog
from pytwin.record.tables.instants import Instants, from_microseconds, from_texts

_ROWS = 1 << 17  # of a piece
_BLOCK = 8 << 20  # bytes of CSV
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
    InputError
        ``extra.missing`` where it is not installed.
    """
    try:
        import pyarrow
        import pyarrow.compute
        import pyarrow.csv
        import pyarrow.parquet
    except ImportError:
        hint = 'Install it with pip install "pytwin-health[tables]"'
        raise InputError("extra.missing", "this format needs pyarrow", hint=hint) from None
    return pyarrow


def plain_numbers(texts: list[str]) -> NDArray[np.float64]:
    """Texts that are decimal numbers as such; NaN for all others."""
    compute = arrow().compute
    array = arrow().array(texts, arrow().string())
    plain = compute.match_substring_regex(array, _PLAIN)
    values = compute.if_else(plain, array, arrow().scalar(None, arrow().string())).cast(arrow().float64())
    numbers: NDArray[np.float64] = values.fill_null(float("nan")).to_numpy(zero_copy_only=False)
    return np.where(np.isfinite(numbers), numbers, np.nan)


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
        self._batch = batch
        self.first = first
        self._columns = {name.strip().lower(): i for i, name in enumerate(batch.schema.names)}

    def __len__(self) -> int:
        return int(self._batch.num_rows)

    def __contains__(self, name: str) -> bool:
        return name in self._columns

    @property
    def positions(self) -> NDArray[np.int64]:
        """Number of each row in its table, from 1."""
        return np.arange(self.first, self.first + len(self), dtype=np.int64)

    def _array(self, name: str) -> Any:
        return self._batch.column(self._columns[name])

    def rows(self, keep: NDArray[np.bool_]) -> Piece:
        """Some of the rows; their numbers are lost."""
        return Piece(self._batch.filter(arrow().array(keep)), self.first)

    def text(self, name: str) -> Coded:
        """A column as text, stripped; a column that is not there is empty."""
        if name not in self:
            return no_text(len(self))
        array = self._array(name)
        types = arrow().types
        if not types.is_dictionary(array.type):
            array = array.dictionary_encode()
        distinct = array.dictionary.to_pylist()
        codes = array.indices.fill_null(len(distinct)).to_numpy(zero_copy_only=False).astype(np.int32)
        return Coded(codes, ["" if text is None else _text(text) for text in (*distinct, "")])

    def numbers(self, name: str) -> Numbers:
        """A column of numbers, held as numbers or as text."""
        rows = len(self)
        if name not in self:
            return Numbers(np.full(rows, np.nan), no_text(rows), no_text(rows))
        types = arrow().types
        kind = self._array(name).type
        if types.is_floating(kind) or types.is_integer(kind):
            array = self._array(name).cast(arrow().float64()).fill_null(float("nan"))
            return Numbers(array.to_numpy(zero_copy_only=False).copy(), no_text(rows), no_text(rows))
        written = self.text(name)
        values = plain_numbers(written.texts)
        plain = np.isfinite(values)
        other = ["" if ok else text for text, ok in zip(written.texts, plain.tolist(), strict=True)]
        return Numbers(values[written.codes], written, Coded(written.codes, other))

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
            stamps = array.cast(pa.timestamp("us", zone)).cast(pa.int64())
            return from_microseconds(_filled(stamps), day=day, zoned=zone is not None)
        if pa.types.is_integer(array.type):
            return from_microseconds(_filled(array.cast(pa.int64())))
        coded = self.text(name)
        return from_texts(coded.codes, coded.texts, self.first, name, log, source)


def _filled(array: Any) -> NDArray[np.int64]:
    result: NDArray[np.int64] = array.fill_null(np.iinfo(np.int64).min).to_numpy(zero_copy_only=False)
    return result


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace").strip()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def csv_pieces(source: Input, log: IssueLog, delimiter: str = ",") -> Iterator[Piece]:
    """A CSV file, plain or gzip, in pieces; every cell is text.

    Rows with too many or too few cells are issues and left out.

    Raises
    ------
    InputError
        ``csv.malformed``, ``file.empty``, or what makes the file unreadable.
    """
    pa = arrow()

    def odd(row: Any) -> str:
        place = f"{source.name}:row {row.number}" if row.number else source.name
        log.add("csv.ragged-row", "a row with too many or too few cells", place, "left out", "error")
        return "skip"

    names = _header(source, delimiter)
    types = dict.fromkeys(names, pa.binary())
    with source.open() as stream:
        try:
            yield from _pieces(
                pa.csv.open_csv(
                    stream,
                    read_options=pa.csv.ReadOptions(block_size=_BLOCK, use_threads=False),
                    parse_options=pa.csv.ParseOptions(
                        delimiter=delimiter, newlines_in_values=True, invalid_row_handler=odd
                    ),
                    convert_options=pa.csv.ConvertOptions(column_types=types, check_utf8=False),
                )
            )
        except pa.ArrowInvalid:
            raise InputError("csv.malformed", "the text is not CSV", place=source.name) from None


def _header(source: Input, delimiter: str) -> list[str]:
    with source.open() as stream:
        line = stream.readline(1 << 20).decode("utf-8-sig", errors="replace")
    names = next(csv.reader([line], delimiter=delimiter), [])
    if not names:
        raise InputError("file.empty", "the file has no header", place=source.name)
    return names


def _pieces(batches: Any) -> Iterator[Piece]:
    first = 1
    for batch in batches:
        for start in range(0, batch.num_rows, _ROWS):
            part = batch.slice(start, _ROWS)
            yield Piece(part, first)
            first += part.num_rows


def parquet_pieces(source: Input, columns: Sequence[str] | None = None) -> Iterator[Piece]:
    """A Parquet file in pieces.

    Raises
    ------
    InputError
        ``parquet.malformed``.
    """
    pa = arrow()
    try:
        stored = pa.BufferReader(source.source) if isinstance(source.source, bytes) else str(source.source)
        file = pa.parquet.ParquetFile(stored)
        yield from _pieces(file.iter_batches(batch_size=_ROWS, columns=columns, use_threads=False))
    except (pa.ArrowException, OSError):
        raise InputError("parquet.malformed", "the Parquet file is damaged", place=source.name) from None
