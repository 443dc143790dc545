"""DuckDB files: the tables of a database that nobody vouches for, in batches."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from pytwin.errors import InputError, MissingExtraError
from pytwin.record.tables.frames import ROWS
from pytwin.record.tables.sources import bounded

MAGIC = b"DUCK"  # from the ninth byte on
# a view or column may call functions that reach for other files or the network
_CONFIG = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "threads": "1",
    "memory_limit": "1GB",
    "temp_directory": "",
    "lock_configuration": "true",
}


def _duckdb() -> Any:
    try:
        import duckdb
    except ImportError:
        hint = 'Install it with pip install "pytwin-health[tables]"'
        raise MissingExtraError("extra.tables", "duckdb is not installed", hint=hint) from None
    return duckdb


@contextmanager
def _opened(path: str) -> Iterator[Any]:
    """A connection that cannot write or reach anything else; what DuckDB finds wrong is an InputError."""
    duckdb = _duckdb()
    try:
        with closing(duckdb.connect(path, read_only=True, config=_CONFIG)) as connection:
            yield connection
    except InputError:
        raise
    except (duckdb.Error, OSError, RuntimeError, ValueError, MemoryError):
        message = "the database is damaged, of another version of DuckDB, or open elsewhere"
        raise InputError("database.malformed", message) from None


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
        listed = connection.sql(
            "SELECT schema_name, table_name, true FROM duckdb_tables() WHERE NOT internal UNION ALL "
            f"SELECT schema_name, view_name, false FROM duckdb_views() WHERE NOT internal LIMIT {most + 1}"
        ).fetchall()
        if len(listed) > most:
            raise InputError("database.schema", "too many tables or columns")
        columns: dict[tuple[str, str], list[str]] = {}
        for schema, table, column in connection.sql(
            "SELECT schema_name, table_name, column_name FROM duckdb_columns() WHERE NOT internal "
            "ORDER BY column_index"
        ).fetchall():
            columns.setdefault((schema, table), []).append(column)
    return [
        (schema, table, columns.get((schema, table), []), stored) for schema, table, stored in sorted(listed)
    ]


def batches(path: str, schema: str, table: str, columns: list[str]) -> Iterator[Any]:
    """Rows in batches of pyarrow.

    Raises
    ------
    InputError
        ``database.malformed``, ``file.too-large``.
    """
    with _opened(path) as connection:
        # rows as the file's header states them
        stated = connection.execute(
            "SELECT max(estimated_size) FROM duckdb_tables() WHERE schema_name = ? AND table_name = ?",
            [schema, table],
        ).fetchall()[0][0]
        listed = ", ".join(map(_quoted, columns))
        relation = connection.sql(f"SELECT {listed} FROM {_quoted(schema)}.{_quoted(table)}")
        reader = getattr(relation, "to_arrow_reader", None) or relation.fetch_arrow_reader
        yield from bounded(reader(ROWS), os.path.getsize(path), (stated or 0) * len(columns), table)
