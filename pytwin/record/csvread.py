"""CSV with a column mapping: rows grouped by patient, each group a Record."""

from __future__ import annotations

import csv
import hashlib
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple, TextIO

from pytwin.errors import InputError
from pytwin.formats.files import PathLike, fingerprint, inflate, is_gzip, open_binary, truncated
from pytwin.record.csvcolumns import Columns
from pytwin.record.csvmap import Mapping
from pytwin.record.csvrow import PatientRows
from pytwin.record.record import Record, Source

_DELIMITERS = ",;\t|"


class Row(NamedTuple):
    """One line of the file.

    Attributes
    ----------
    line : int
        Line number of its end.
    cells : list of str
    problem : str
        Issue code that says why the row cannot be used.
    """

    line: int
    cells: list[str]
    problem: str = ""


class _File:
    """A CSV file that can be read more than once."""

    def __init__(self, source: PathLike | bytes, mapping: Mapping) -> None:
        self.mapping = mapping
        self._source = source
        if isinstance(source, bytes):
            self.name, self.sha256 = "bytes", hashlib.sha256(source).hexdigest()
            self._data = inflate(source, self.name) if is_gzip(source) else source
        else:
            self.name, self.sha256 = Path(source).name, fingerprint(source)

    def _open(self) -> TextIO:
        stream: IO[bytes]
        if isinstance(self._source, bytes):
            stream = io.BytesIO(self._data)
        else:
            stream = open_binary(self._source)
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
            text.seek(0)
            reader = csv.reader(text, delimiter=delimiter)
            try:
                for cells in reader:
                    if cells:
                        yield Row(reader.line_num, cells)
            except csv.Error:
                place = f"{self.name}:line {reader.line_num}"
                raise InputError("csv.malformed", "the text is not CSV", place=place) from None
            except EOFError:
                raise truncated(self.name) from None
            except (OSError, zlib.error):
                raise InputError("file.corrupt", "the file is damaged", place=self.name) from None


def _body(file: _File, columns: Columns) -> Iterator[tuple[str, Row]]:
    """(patient, row) of every data row; the identifier is empty where the row cannot be used."""
    rows = file.rows()
    next(rows, None)
    for row in rows:
        if len(row.cells) != columns.width:
            yield "", row._replace(problem="csv.ragged-row")
            continue
        patient = columns.cell(row.cells, file.mapping.patient)
        yield patient, row if patient else row._replace(problem="csv.no-patient")


def _grouped(file: _File, columns: Columns) -> bool:
    """Whether the rows of each patient stand together."""
    seen: set[str] = set()
    last = ""
    for patient, _ in _body(file, columns):
        if patient and patient != last:
            if patient in seen:
                return False
            seen.add(patient)
            last = patient
    return True


def _groups(file: _File, columns: Columns) -> Iterator[tuple[str, list[Row]]]:
    """Rows by patient, one patient at a time; rows that cannot be used go with the rows before them."""
    current = ""
    rows: list[Row] = []
    for patient, row in _body(file, columns):
        if patient and current and patient != current:
            yield current, rows
            rows = []
        current = patient or current
        rows.append(row)
    if current:
        yield current, rows


def _scattered(file: _File, columns: Columns) -> Iterator[tuple[str, list[Row]]]:
    """Rows by patient from a file in any order; the whole file is held in memory."""
    groups: dict[str, list[Row]] = {}
    loose: list[Row] = []
    for patient, row in _body(file, columns):
        (groups.setdefault(patient, []) if patient else loose).append(row)
    for index, (patient, rows) in enumerate(groups.items()):
        yield patient, [*loose, *rows] if index == 0 else rows


def read_csv(source: PathLike | bytes, mapping: Mapping, patient: str | None = None) -> Iterator[Record]:
    """Read the patients of a CSV file.

    Parameters
    ----------
    source : path or bytes
        Plain or gzip.
    mapping : Mapping
    patient : str, optional
        Only this one.

    Yields
    ------
    Record
        One patient at a time. Where the rows of a patient stand together, no more than one
        patient is held in memory.

    Raises
    ------
    InputError
        ``csv.no-column``, ``csv.malformed``, ``csv.mapping``, or what makes the file unreadable.
    """
    file = _File(source, mapping)
    header = next(file.rows(), None)
    if header is None:
        raise InputError("file.empty", "the file has no header", place=file.name)
    columns = Columns(header.cells, mapping, file.name)
    split = _groups if _grouped(file, columns) else _scattered
    origin = Source(file.name, file.sha256)
    for identifier, rows in split(file, columns):
        if patient is None or identifier == patient:
            reader = PatientRows(identifier, columns, mapping, file.name)
            for row in rows:
                reader.add(row.line, row.cells, row.problem)
            yield reader.record(origin)
