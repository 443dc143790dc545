"""The event table as a Parquet file."""

from __future__ import annotations

import os

from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.formats.private import private_file
from pytwin.record.event import COLUMNS, DTYPES
from pytwin.record.frames import VERSION, from_frame, to_arrow
from pytwin.record.table import EventTable
from pytwin.record.tables.frames import arrow, damage
from pytwin.record.tables.sources import damaged_parquet, parquet_file

_ROWS = 1 << 20  # of a row group


def to_parquet(table: EventTable, path: str | os.PathLike[str]) -> None:
    """Write the table; see ``EventTable.to_parquet``."""
    packed = to_arrow(table, packed=True)
    texts = [name for name in COLUMNS if name not in DTYPES]
    with private_file(path) as stream:
        arrow().parquet.write_table(
            packed, stream, row_group_size=_ROWS, use_dictionary=texts, compression="zstd"
        )


def from_parquet(path: str | os.PathLike[str]) -> EventTable:
    """Read what ``to_parquet`` wrote; see ``EventTable.from_parquet``."""
    source = Input(path)
    file = parquet_file(source)
    if VERSION not in (file.schema_arrow.metadata or {}):
        message = "the Parquet file is no event table that pytwin wrote"
        hint = "Read any other with EventTable.from_frame"
        raise InputError("frame.version", message, place=source.name, hint=hint)
    try:
        with file:
            return from_frame(file.read())
    except InputError:
        raise
    except damage():
        raise damaged_parquet(source) from None
