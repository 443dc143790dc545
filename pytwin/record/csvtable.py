"""The rows that a mapping is applied to, from CSV text or from typed columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple, TextIO

from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.record.csvcolumns import columns_of
from pytwin.record.csvmap import Mapping
from pytwin.record.tables import sources
from pytwin.record.tables.cells import rows_of_text

_DELIMITERS = ",;\t|"


class Row(NamedTuple):
    """One row of a table.

    Attributes
    ----------
    number : int
        Of the line at which it ends in a file, or of the row.
    cells : list of str
    problem : str
        Issue code that says why the row cannot be used.
    """

    number: int
    cells: list[str]
    problem: str = ""


class TextTable:
    """A CSV file that can be read more than once."""

    counted = "line"  # what places count

    def __init__(self, source: Input, mapping: Mapping) -> None:
        self.mapping = mapping
        self.name = source.name
        self._source = source

    def _open(self) -> TextIO:
        stream = self._source.open()
        try:
            return io.TextIOWrapper(stream, self.mapping.encoding, errors="replace", newline="")
        except LookupError:
            stream.close()
            raise InputError("csv.mapping", "the encoding of the mapping is not known") from None

    def rows(self) -> Iterator[Row]:
        """The header first, then every row."""
        with self._open() as text:
            first = text.readline(1 << 20)
            delimiter = self.mapping.delimiter or max(_DELIMITERS, key=first.count)
            if len(delimiter) != 1:
                raise InputError("csv.mapping", "the delimiter must be one character")
            reader = csv.reader(chain([first], text), delimiter=delimiter)
            try:
                for cells in reader:
                    if cells:
                        yield Row(reader.line_num, cells)
            except csv.Error:
                place = f"{self.name}:line {reader.line_num}"
                raise InputError("csv.malformed", "the text is not CSV", place=place) from None


class TypedTable:
    """A Parquet file, a data frame or a table of a database, that can be read more than once."""

    counted = "row"

    def __init__(self, source: Input, mapping: Mapping) -> None:
        self.mapping = mapping
        self.name = source.name
        self._source = source

    def rows(self) -> Iterator[Row]:
        """The names of the columns first, then every row; cells that the mapping does not name are empty."""
        header = sources.columns_of(self._source)
        yield Row(0, header)
        names = [name.strip() for name in header]
        for number, cells in rows_of_text(self._source, columns_of(self.mapping, names)):
            yield Row(number, cells)


Table = TextTable | TypedTable


def table_of(source: Input, mapping: Mapping) -> Table:
    """The rows of a file or frame."""
    return (TypedTable if sources.is_typed(source) else TextTable)(source, mapping)
