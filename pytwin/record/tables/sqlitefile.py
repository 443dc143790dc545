"""SQLite files: the tables of a database that nobody vouches for, in batches."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from pytwin.errors import InputError
from pytwin.record.tables.frames import ROWS, arrow, as_text

MAGIC = b"SQLite format 3\x00"
_LONGEST = 1 << 20  # bytes of a cell or row
_SOME = 1024  # rows between looks at their size
_MEMORY = 32 << 20  # bytes of text in a batch
# the smallest row takes four bytes and two of a pointer to it; text may be UTF-16
_ROW_BYTES = 6
_GROWTH = 4
_DATED = ("_date", "_datetime", "time")  # how columns of instants end
_STEPS = 1000  # of SQLite's machine between two looks
_SCHEMA_LOOKS = 60  # while a schema is read: some 7,000 tables and indices


def _broken() -> InputError:
    return InputError("database.malformed", "the database is damaged, or open for writing elsewhere")


@contextmanager
def _opened(path: str) -> Iterator[sqlite3.Connection]:
    """A connection that cannot write, load code or hold large cells; whatever is wrong is an InputError."""
    waiting = Path(path + "-wal")
    # immutable makes no files beside the database, but leaves out what waits in a log
    mode = "mode=ro" if waiting.exists() and waiting.stat().st_size else "mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(f"{Path(path).resolve().as_uri()}?{mode}", uri=True)) as connection:
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
            connection.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, _LONGEST)
            _load_schema(connection)
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA mmap_size = 0")
            yield connection
    except InputError:
        raise
    except (sqlite3.Error, sqlite3.Warning, OSError, OverflowError, MemoryError, ValueError):
        raise _broken() from None


def _load_schema(connection: sqlite3.Connection) -> None:
    """Have SQLite read the schema, and stop it where that is too large."""
    looks = iter(range(_SCHEMA_LOOKS))
    connection.set_progress_handler(lambda: next(looks, None) is None, _STEPS)
    try:
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
    except sqlite3.OperationalError:
        if next(looks, None) is None:
            raise InputError("database.schema", "too many tables or columns") from None
        raise
    connection.set_progress_handler(None, 0)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def tables(path: str, most: int) -> list[tuple[str, str, list[str], bool]]:
    """(schema, name, columns, stored) of each table and view.

    Raises
    ------
    InputError
        ``database.malformed``; ``database.schema`` where there are more than ``most``.
    """
    with _opened(path) as connection:
        query = "SELECT name, type, sql FROM sqlite_master WHERE type IN ('table', 'view') LIMIT ?"
        found = connection.execute(query, (most + 1,)).fetchall()
        if len(found) > most:
            raise InputError("database.schema", "too many tables or columns")
        return [
            ("", name, [] if kind == "view" else _columns(connection, name), _stored(kind, sql))
            for name, kind, sql in found
            if isinstance(name, str) and not name.startswith("sqlite_")
        ]


def _stored(kind: Any, sql: Any) -> bool:
    return kind == "table" and isinstance(sql, str) and not sql[:15].upper().startswith("CREATE VIRTUAL")


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    """The columns that are stored; those that are worked out are not among them."""
    rows = connection.execute(f"PRAGMA table_info({_quoted(table)})").fetchall()
    return [str(row[1]) for row in rows]


def batches(path: str, schema: str, table: str, columns: list[str]) -> Iterator[Any]:
    """Rows in batches of pyarrow.

    Raises
    ------
    InputError
        ``database.malformed``, also where there are more rows or longer texts than the file can hold.
    """
    size = sum(os.path.getsize(name) for name in (path, path + "-wal") if os.path.exists(name))
    with _opened(path) as connection:
        connection.text_factory = bytes
        listed = ", ".join(map(_quoted, columns))
        # an index would give the rows in its own order
        cursor = connection.execute(f"SELECT {listed} FROM {_quoted(table)} NOT INDEXED")
        count = held = 0
        while taken := _some_rows(cursor):
            rows, length = taken
            count += len(rows)
            held += length
            if count > size // _ROW_BYTES or held > size * _GROWTH:
                raise _broken()  # pages that stand in the tree more than once
            arrays = [
                _array(values, dated=name.lower().endswith(_DATED))
                for name, values in zip(columns, zip(*rows, strict=True), strict=True)
            ]
            yield arrow().RecordBatch.from_arrays(arrays, names=columns)


def _some_rows(cursor: sqlite3.Cursor) -> tuple[list[tuple[Any, ...]], int] | None:
    """Rows for one batch, and the bytes of their texts; None at the end."""
    rows: list[tuple[Any, ...]] = []
    length = 0
    while len(rows) < ROWS and length < _MEMORY:
        part = cursor.fetchmany(_SOME)
        if not part:
            break
        rows += part
        length += sum([len(value) for row in part for value in row if type(value) is bytes])
    return (rows, length) if rows else None


def _array(values: Sequence[Any], dated: bool) -> Any:
    """A column, whose cells may each be of another type: numbers where all are, else text.

    A number is no date: it may count seconds, days or microseconds.
    """
    pa = arrow()
    kinds = set(map(type, values)) - {type(None)}
    if kinds <= {int} and not dated:
        return pa.array(values, pa.int64() if kinds else pa.string())
    if kinds <= {int, float} and not dated:
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    if kinds <= {bytes}:
        return as_text(pa.array(values, pa.binary()))
    return pa.array([None if value is None else _written(value) for value in values], pa.string())


def _written(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)
