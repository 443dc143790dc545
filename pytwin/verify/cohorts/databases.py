"""The cohort's OMOP tables in the file of a database, with the types that the CDM gives columns."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from pytwin.verify.cohorts.people import Person
from pytwin.verify.cohorts.tables import write_omop

Tables = dict[str, tuple[Sequence[str], Sequence[Sequence[Any]]]]


def column_type(name: str) -> str:
    """The type of a column of the CDM, by its name."""
    if name.endswith(("_id", "_of_birth")) and name != "vocabulary_id":
        return "BIGINT"
    endings = {"_datetime": "TIMESTAMP", "_date": "DATE", "_number": "DOUBLE"}
    return next((kind for ending, kind in endings.items() if name.endswith(ending)), "VARCHAR")


def _cell(name: str, text: str) -> Any:
    if not text:
        return None
    return {"BIGINT": int, "DOUBLE": float}.get(column_type(name), str)(text)


def fill(connection: Any, tables: Tables) -> None:
    """Make tables, given as (header, rows) by name, through a connection of sqlite3 or duckdb."""
    for name, (header, rows) in tables.items():
        connection.execute(f"CREATE TABLE {name} ({', '.join(f'{c} {column_type(c)}' for c in header)})")
        if rows:
            connection.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(header))})", rows)


def _tables(people: tuple[Person, ...], folder: Path) -> Tables:
    part = folder / "csv"
    part.mkdir()
    found: Tables = {}
    for path in sorted(write_omop(people, part).glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as stream:
            header, *rows = csv.reader(stream)
        found[path.stem.lower()] = header, [tuple(map(_cell, header, row)) for row in rows]
    return found


def write_sqlite(people: tuple[Person, ...], folder: Path) -> Path:
    """An SQLite file."""
    path = folder / "cdm.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        fill(connection, _tables(people, folder))
        connection.commit()
    return path


def write_duckdb(people: tuple[Person, ...], folder: Path) -> Path:
    """A DuckDB file."""
    import duckdb

    path = folder / "cdm.duckdb"
    with closing(duckdb.connect(str(path))) as connection:
        fill(connection, _tables(people, folder))
    return path
