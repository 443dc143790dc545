"""What tables are read from: CSV and Parquet, in pieces."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from typing import Any

from pytwin.errors import InputError
from pytwin.formats.archive import Member
from pytwin.formats.files import Input
from pytwin.formats.replaced import replaced
from pytwin.record.log import IssueLog
from pytwin.record.tables.frames import ROWS, Piece, arrow, damage, pieces_of

_BLOCK = 8 << 20  # bytes of CSV


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


def parquet_pieces(source: Input) -> Iterator[Piece]:
    """A Parquet file in pieces.

    Raises
    ------
    InputError
        ``parquet.malformed``.
    """
    file = parquet_file(source)
    try:
        yield from pieces_of(file.iter_batches(batch_size=ROWS, use_threads=False))
    except damage():
        raise damaged_parquet(source) from None


def parquet_file(source: Input) -> Any:
    """A Parquet file, opened.

    Raises
    ------
    InputError
        ``parquet.malformed``.
    """
    pa = arrow()
    in_file = isinstance(source.source, (str, os.PathLike)) and not isinstance(source, Member)
    stored = str(source.source) if in_file else pa.BufferReader(source.load().data)
    try:
        return pa.parquet.ParquetFile(stored)
    except damage():
        raise damaged_parquet(source) from None


def damaged_parquet(source: Input) -> InputError:
    """The error of a Parquet file that cannot be read."""
    return InputError("parquet.malformed", "the Parquet file is damaged", place=source.name)


def table_head(source: Input) -> bytes:
    """The first bytes of a table; of Parquet, whose columns stand at its end, ``PAR1`` and a line of them."""
    head = source.head().removeprefix(b"\xef\xbb\xbf")
    if not head.startswith(b"PAR1"):
        return head
    return b"PAR1\n" + ",".join(parquet_file(source).schema_arrow.names).encode()


def pieces(source: Input, log: IssueLog) -> Iterator[Piece]:
    """A table in CSV (plain or gzip) or Parquet, in pieces."""
    if source.head(4) == b"PAR1":
        return parquet_pieces(source)
    return csv_pieces(source, log)
