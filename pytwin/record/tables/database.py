"""Tables of a database in one file (SQLite, DuckDB), known by its first bytes, read and never written."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from pytwin.errors import InputError, MissingExtraError
from pytwin.formats.files import Input
from pytwin.record.tables import duckfile, sqlitefile
from pytwin.record.tables.sources import Columnar

_TABLES = 2000  # CDM 5.4 has 39
_COLUMNS = 2000  # of one table; the limit of SQLite
_CHUNK = 1 << 20


class Listed(NamedTuple):
    """A table of a database.

    Attributes
    ----------
    schema, name : str
    columns : list of str
    stored : bool
        The rows stand in the file; views and what else works rows out when asked are not read.
    """

    schema: str
    name: str
    columns: list[str]
    stored: bool


class Engine(Protocol):
    """What opens a kind of database; a module."""

    def tables(self, path: str, most: int) -> list[tuple[str, str, list[str], bool]]:
        """(schema, name, columns, stored) of each table.

        Raises
        ------
        InputError
            ``database.malformed`` or ``database.schema``.
        """

    def batches(self, path: str, schema: str, table: str, columns: list[str]) -> Iterator[Any]:
        """Rows in batches of pyarrow, in bounded memory."""


def _engine(source: Input) -> Engine | None:
    try:
        head = source.head(16)
    except InputError:
        return None  # whoever reads the file will say so
    if head == sqlitefile.MAGIC:
        return sqlitefile
    return duckfile if head[8:12] == duckfile.MAGIC else None


def is_database(source: Input) -> bool:
    """Whether a file is one of these databases."""
    return _engine(source) is not None


class _File:
    """A database in a file, with a copy of its own where it comes from bytes or packed."""

    def __init__(self, source: Input, engine: Engine) -> None:
        self.name = source.name
        self.folder = source.folder
        self.engine = engine
        self._source = source

    @cached_property
    def path(self) -> str:
        """Where the engine finds it; a copy is private, and goes when this object does."""
        plain = type(self._source) is Input and isinstance(self._source.source, (str, os.PathLike))
        if plain and _head(str(self._source.source)) == self._source.head(16):
            return str(self._source.source)
        handle, path = tempfile.mkstemp(prefix="pytwin-")
        weakref.finalize(self, os.unlink, path)
        with os.fdopen(handle, "wb") as copy, self._source.open() as stream:
            while chunk := stream.read(_CHUNK):
                copy.write(chunk)
        return path

    @cached_property
    def sha256(self) -> str:
        """Of the file as stored."""
        return self._source.sha256()

    def tables(self) -> list[Listed]:
        """All tables.

        Raises
        ------
        InputError
            ``database.malformed``, ``database.schema``, ``database.empty``.
        """
        try:
            found = [Listed(*table) for table in self.engine.tables(self.path, _TABLES)]
        except InputError as error:
            raise InputError(error.code, error.message, place=self.name, hint=error.hint) from None
        if len(found) > _TABLES or any(len(table.columns) > _COLUMNS for table in found):
            raise InputError("database.schema", "too many tables or columns", place=self.name)
        if not found:
            raise InputError("database.empty", "the database has no table", place=self.name)
        return found


def _head(path: str) -> bytes:
    with Path(path).open("rb") as stream:
        return stream.read(16)


class DatabaseTable(Columnar):
    """A table of a database, called by the file and its own name."""

    def __init__(self, file: _File, table: Listed, folder: str) -> None:
        super().__init__(b"", f"{file.name}/{table.name}")
        self._file = file
        self._table = table
        self._folder = folder

    @property
    def folder(self) -> str:
        """The file, and the schema where several hold persons."""
        return self._folder

    @property
    def columns(self) -> list[str]:  # type: ignore[override]
        """Names of the columns."""
        return self._table.columns

    def batches(self) -> Iterator[Any]:
        """The rows as batches of pyarrow."""
        file, table = self._file, self._table
        try:
            yield from file.engine.batches(file.path, table.schema, table.name, self.columns)
        except InputError as error:
            raise InputError(error.code, error.message, place=self.name, hint=error.hint) from None

    def sha256(self) -> str:
        """Of the whole file."""
        return self._file.sha256


class Unread(Columnar):
    """A database or table that cannot be read, and says so when it is looked at."""

    def __init__(self, source: Input, error: InputError | MissingExtraError) -> None:
        super().__init__(b"", source.name)
        self._folder = source.folder
        self._error = error

    @property
    def folder(self) -> str:
        """Where the file is."""
        return self._folder

    @property
    def columns(self) -> list[str]:  # type: ignore[override]
        """Raises the error."""
        raise self._error

    def sha256(self) -> str:
        """Raises the error."""
        raise self._error


def tables_of(source: Input) -> Iterator[Input]:
    """An input as it is, or the tables of a database.

    All schemas are one data set if no more than one holds persons; else each is one of its own.
    """
    engine = _engine(source)
    if engine is None:
        yield source
        return
    file = _File(source, engine)
    try:
        found = file.tables()
    except (InputError, MissingExtraError) as error:
        yield Unread(source, error)
        return
    apart = sum(table.name.lower() in ("person", "patients") for table in found) > 1
    for table in found:
        item = DatabaseTable(file, table, f"{file.folder}/{file.name}!{table.schema if apart else ''}")
        if table.stored:
            yield item
        else:
            message = "a view or virtual table is not read"
            yield Unread(item, InputError("database.view", message, place=item.name))
