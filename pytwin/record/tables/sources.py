"""What tables are read from: CSV and Parquet, in pieces."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator
from typing import IO, Any

from pytwin.errors import InputError
from pytwin.formats.archive import Member
from pytwin.formats.files import Blob, Input
from pytwin.formats.replaced import replaced
from pytwin.record.log import IssueLog
from pytwin.record.tables.frames import ROWS, Piece, arrow, damage, pieces_of

_BLOCK = 8 << 20  # bytes of CSV
_COLUMNS = 10_000  # of a Parquet file
_RATIO = 200  # columns compress 5 to 50 times
_CELL = 4  # bytes that a cell takes at least on average
_FLOOR = 64 << 20  # bytes below which a high ratio does no harm


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
            yield from pieces_of(
                pa.csv.open_csv(
                    replaced(stream),
                    read_options=pa.csv.ReadOptions(block_size=_BLOCK, use_threads=False),
                    parse_options=pa.csv.ParseOptions(
                        delimiter=delimiter, newlines_in_values=True, invalid_row_handler=odd
                    ),
                    convert_options=pa.csv.ConvertOptions(column_types=types, check_utf8=False),
                )
            )
        except InputError:
            raise
        except damage():
            raise InputError("csv.malformed", "the text is not CSV", place=source.name) from None


def _header(source: Input, delimiter: str) -> list[str]:
    with source.open() as stream:
        line = stream.readline(1 << 20).decode("utf-8-sig", errors="replace")
    try:
        names = next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        raise InputError("csv.malformed", "the header is not CSV", place=source.name) from None
    if not names:
        raise InputError("file.empty", "the file has no header", place=source.name)
    return names


def bounded(batches: Iterable[Any], stored: int, cells: int, name: str) -> Iterator[Any]:
    """Batches of pyarrow from a file of some size, which must not hold much less than they do.

    Parameters
    ----------
    batches : iterable of pyarrow.RecordBatch
    stored : int
        Bytes of the file.
    cells : int
        Rows times columns, as the file states them.
    name : str
        Of the table, for the error.

    Raises
    ------
    InputError
        ``file.too-large``.
    """
    most = max(_FLOOR, _RATIO * stored)
    error = InputError("file.too-large", "the decompressed table is too large", place=name)
    if cells * _CELL > most:
        raise error
    size = 0
    for batch in batches:
        size += batch.nbytes
        if size > most:
            raise error
        yield batch


def parquet_pieces(source: Input) -> Iterator[Piece]:
    """A Parquet file in pieces.

    Raises
    ------
    InputError
        ``parquet.malformed``.
    """
    file = parquet_file(source)
    try:
        batches = file.iter_batches(batch_size=ROWS, use_threads=False)
        cells = file.metadata.num_rows * len(file.schema_arrow)
        yield from pieces_of(bounded(batches, _stored(source), cells, source.name))
    except InputError:
        raise
    except damage():
        raise damaged_parquet(source) from None


def _in_file(source: Input) -> bool:
    return isinstance(source.source, (str, os.PathLike)) and not isinstance(source, Member)


def _stored(source: Input) -> int:
    return os.path.getsize(str(source.source)) if _in_file(source) else len(source.load().data)


def parquet_file(source: Input) -> Any:
    """A Parquet file, opened.

    Raises
    ------
    InputError
        ``parquet.malformed``, ``table.columns``.
    """
    pa = arrow()
    stored = str(source.source) if _in_file(source) else pa.BufferReader(source.load().data)
    try:
        file = pa.parquet.ParquetFile(stored)
    except damage():
        raise damaged_parquet(source) from None
    if file.metadata.num_columns > _COLUMNS:
        file.close()
        raise InputError("table.columns", "the table has too many columns", place=source.name)
    return file


def damaged_parquet(source: Input) -> InputError:
    """The error of a Parquet file that cannot be read."""
    return InputError("parquet.malformed", "the Parquet file is damaged", place=source.name)


class Columnar(Input):
    """A table that is no file of its own: a data frame, or a table of a database.

    Attributes
    ----------
    columns : list of str
    """

    columns: list[str]

    def batches(self) -> Iterator[Any]:
        """Batches of pyarrow, in memory one at a time."""
        raise NotImplementedError

    def open(self) -> IO[bytes]:
        """There are no bytes."""
        raise InputError(
            "format.unsupported", "a table is not of the format that was asked for", place=self.name
        )

    def head(self, size: int = 4096) -> bytes:
        """There are no bytes."""
        return b""

    def load(self) -> Blob:
        """There are no bytes."""
        return Blob(self.name, self.open().read(), "")


def is_typed(source: Input) -> bool:
    """Whether a table has columns of types of their own, unlike CSV."""
    return isinstance(source, Columnar) or source.head(4) == b"PAR1"


def columns_of(source: Input) -> list[str]:
    """Names of the columns of a table for which ``is_typed`` holds."""
    if isinstance(source, Columnar):
        return source.columns
    with parquet_file(source) as file:
        return list(file.schema_arrow.names)


def table_head(source: Input) -> bytes:
    """The first bytes of a table; of one with typed columns ``PAR1`` and a line of their names."""
    if is_typed(source):
        return b"PAR1\n" + ",".join(columns_of(source)).encode(errors="replace")
    return source.head().removeprefix(b"\xef\xbb\xbf")


def typed_pieces(source: Input) -> Iterator[Piece]:
    """A table for which ``is_typed`` holds, in pieces.

    Raises
    ------
    InputError
        ``parquet.malformed``, or what makes a database unreadable.
    """
    if isinstance(source, Columnar):
        return pieces_of(source.batches())
    return parquet_pieces(source)


def pieces(source: Input, log: IssueLog) -> Iterator[Piece]:
    """A table in CSV (plain or gzip) or with typed columns, in pieces."""
    return typed_pieces(source) if is_typed(source) else csv_pieces(source, log)
