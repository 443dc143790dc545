"""Tables with a column mapping (CSV, Parquet, data frames): rows grouped by patient, each group a Record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.record.csvcolumns import Columns
from pytwin.record.csvmap import load_mapping
from pytwin.record.csvrow import PatientRows
from pytwin.record.csvtable import Row, Table, table_of
from pytwin.record.sink import Options, Sink


def _body(file: Table, columns: Columns) -> Iterator[tuple[str, Row]]:
    """(patient, row) of every data row; the identifier is empty where the row cannot be used."""
    rows = file.rows()
    next(rows, None)
    for row in rows:
        if len(row.cells) != columns.width:
            yield "", row._replace(problem="csv.ragged-row")
            continue
        patient = columns.cell(row.cells, file.mapping.patient)
        yield patient, row if patient else row._replace(problem="csv.no-patient")


def _grouped(file: Table, columns: Columns) -> bool:
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


def _groups(file: Table, columns: Columns) -> Iterator[tuple[str, list[Row]]]:
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


def _scattered(file: Table, columns: Columns) -> Iterator[tuple[str, list[Row]]]:
    """Rows by patient from a file in any order; the whole file is held in memory."""
    groups: dict[str, list[Row]] = {}
    loose: list[Row] = []
    for patient, row in _body(file, columns):
        (groups.setdefault(patient, []) if patient else loose).append(row)
    for index, (patient, rows) in enumerate(groups.items()):
        yield patient, [*loose, *rows] if index == 0 else rows


def recognises(head: bytes, name: str) -> bool:
    """Whether a file is text, which is the most that can be said of CSV."""
    return b"\x00" not in head


def read(inputs: Sequence[Input], sink: Sink, options: Options) -> Iterator[None]:
    """Read the patients of CSV and Parquet files and of data frames, one at a time.

    Where the rows of a patient stand together, no more than one patient is held in memory.

    Raises
    ------
    InputError
        ``csv.no-mapping``, ``csv.no-column``, ``csv.malformed``, ``csv.mapping``, or what makes a file
        unreadable.
    """
    if options.mapping is None:
        hint = "Say with mapping= what its columns mean"
        raise InputError("csv.no-mapping", "a table needs a column mapping", hint=hint)
    mapping = load_mapping(options.mapping)
    for source in inputs:
        sink.opened(source)
        file = table_of(source, mapping)
        header = next(file.rows(), None)
        if header is None:
            raise InputError("file.empty", "the file has no header", place=file.name)
        columns = Columns(header.cells, mapping, file.name)
        for identifier, lines in (_groups if _grouped(file, columns) else _scattered)(file, columns):
            if options.patient is None or identifier == options.patient:
                reader = PatientRows(identifier, columns, mapping, file.name, options.resolver, file.counted)
                for line in lines:
                    reader.add(line.number, line.cells, line.problem)
                reader.write(sink)
                sink.done(identifier)
                yield
