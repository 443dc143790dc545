"""read_record, read_records and stream_events: the formats are recognised by what the files contain."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from pytwin.errors import InputError, MissingExtraError
from pytwin.formats.files import PathLike
from pytwin.issues import Issues
from pytwin.record.csvmap import Mapping as ColumnMapping
from pytwin.record.gather import DataSet, SourceLike, data_sets, left_out
from pytwin.record.record import PatientInfo, Record
from pytwin.record.resolver import DEFAULT, Resolver
from pytwin.record.sink import Options, Sink
from pytwin.record.table import EventTable
from pytwin.record.terminology import Terminology

MappingLike = ColumnMapping | Mapping[str, Any] | PathLike
TerminologyLike = Terminology | str | os.PathLike[str]
_CHUNK = 1 << 16  # rows that are made a table of while a record is read
_STREAMED = 1 << 14  # rows of a table that is handed on, of which two are there at a time


def _resolver(terminology: TerminologyLike | None) -> Resolver:
    if terminology is None:
        return DEFAULT
    return Resolver(terminology if isinstance(terminology, Terminology) else Terminology.load(terminology))


def read_record(
    source: SourceLike,
    *,
    format: str = "auto",
    mapping: MappingLike | None = None,
    patient: str | None = None,
    terminology: TerminologyLike | None = None,
) -> Record:
    """Read the record of one patient.

    Parameters
    ----------
    source : path, bytes, data frame, or iterable of these
        A file, a folder of files that belong together, or several files, read as one record. A frame may be
        of pandas, polars, Arrow, or any that narwhals accepts; an index of pandas is not a column.
    format : str
        ``auto`` looks at the content; else the name of a format.
    mapping : Mapping, dict or path, optional
        Meaning of the columns of a CSV or Parquet file or a frame; a path names a TOML or JSON file.
    patient : str, optional
        Which patient, where there are several.
    terminology : Terminology or path, optional
        Analytes, drugs, local codes and spellings of units that are known; a path names a TOML or CSV
        file that adds to the built-in ones.

    Returns
    -------
    Record

    Raises
    ------
    InputError
        The input as a whole cannot be read: its format is not known, it is cut off, without a patient,
        or with several (``read_records`` reads those). What is odd inside is in ``record.issues``.

    Examples
    --------
    >>> record = read_record("patient.json")  # doctest: +SKIP
    """
    options = Options(mapping, patient, _resolver(terminology))
    sink = Sink()
    issues = Issues()
    by_format: dict[str, DataSet] = {}
    for adapter, files in data_sets(source, format, options, issues, "raise"):
        by_format.setdefault(adapter.name, (adapter, []))[1].extend(files)
    names = [file.name for _, files in by_format.values() for file in files]
    if not names:
        raise InputError("file.none", "no file was given")
    sink.log().extend(issues)
    for adapter, files in by_format.values():
        for _ in adapter.read(files, sink, options):
            if len(sink.sheet) >= _CHUNK:
                sink.flush()
    place = names[0] if len(names) == 1 else f"{len(names)} files"
    return sink.take([_only(sink.keys(), patient, place)])[0]


def _only(keys: list[str], patient: str | None, place: str) -> str:
    if patient is not None:
        if patient in keys:
            return patient
        message = "there is no patient with the identifier asked for"
        raise InputError("record.no-such-patient", message, place=place)
    if not keys:
        raise InputError("record.no-patient", "there is no patient", place=place)
    if len(keys) > 1:
        hint = "Use pytwin.read_records to read them all, or name one with patient="
        raise InputError("record.two-patients", f"there are {len(keys)} patients", place=place, hint=hint)
    return keys[0]


class _Reading:
    """Data sets one after another; what cannot be read is raised or listed."""

    def __init__(self, source: SourceLike, stated: str, options: Options, errors: str) -> None:
        if errors not in ("raise", "list"):
            raise InputError("option.unknown", "errors must be 'raise' or 'list'")
        self.issues = Issues()
        self._errors = errors
        self._options = options
        self._sets = data_sets(source, stated, options, self.issues, errors)

    def sinks(self) -> Iterator[tuple[Sink, bool]]:
        """(sink, at the end) whenever a data set has come on."""
        for adapter, files in self._sets:
            sink = Sink()
            try:
                for _ in adapter.read(files, sink, self._options):
                    yield sink, False
                yield sink, True
            except (InputError, MissingExtraError) as error:
                if self._errors == "raise":
                    raise
                left_out(self.issues, error)


class RecordIterator(Iterator[Record]):
    """Records one after another.

    Attributes
    ----------
    issues : Issues
        With ``errors="list"``: the files that could not be read.
    """

    def __init__(self, reading: _Reading, patient: str | None) -> None:
        self.issues = reading.issues
        self._records = self._all(reading, patient)

    def _all(self, reading: _Reading, patient: str | None) -> Iterator[Record]:
        for sink, ended in reading.sinks():
            if ended or sink.finished:
                keys = sink.keys() if ended else list(dict.fromkeys(sink.finished))
                if ended and not keys and not sink.taken:
                    self.issues.extend(sink.all_issues())
                    self.issues.add("record.no-patient", "a data set without a patient", severity="error")
                yield from sink.take(key for key in keys if patient in (None, key))
            elif len(sink.sheet) >= _CHUNK:
                sink.flush()

    def __next__(self) -> Record:
        return next(self._records)


def read_records(
    source: SourceLike,
    *,
    format: str = "auto",
    mapping: MappingLike | None = None,
    patient: str | None = None,
    terminology: TerminologyLike | None = None,
    errors: str = "raise",
) -> RecordIterator:
    """Read the records of many patients, one after another.

    Parameters
    ----------
    source : path, bytes, data frame, or iterable of these
        One file with several patients, a folder, or files. Files of a format that spreads a patient over
        several files (tables, bulk exports) are read together with those in the same folder, others each
        by itself.
    format, mapping, patient, terminology : optional
        As in ``read_record``.
    errors : str
        ``raise`` stops at the first file that cannot be read; ``list`` notes it in the
        iterator's ``issues`` and goes on.

    Returns
    -------
    RecordIterator
        What is read together is in memory together, 60 bytes an event; a CSV file whose rows are grouped
        by patient one patient at a time.

    Raises
    ------
    InputError
        As ``read_record``.
    """
    options = Options(mapping, patient, _resolver(terminology))
    return RecordIterator(_Reading(source, format, options, errors), patient)


class EventStream(Iterator[EventTable]):
    """Tables of events as they are read, of any patients, with at most some 16,384 rows each.

    Attributes
    ----------
    issues : Issues
        What was odd so far.
    people : dict of str to PatientInfo
        Who was met so far, by the identifier in the column ``patient``.
    """

    def __init__(self, reading: _Reading) -> None:
        self.issues = reading.issues
        self.people: dict[str, PatientInfo] = {}
        self._tables = self._all(reading)

    def _all(self, reading: _Reading) -> Iterator[EventTable]:
        for sink, ended in reading.sinks():
            if ended or len(sink.sheet) >= _STREAMED or sink.tables:
                sink.flush()
                self.people.update(sink.people)
                yield from sink.tables
                sink.tables.clear()
                sink.finished.clear()
            if ended:
                self.issues.extend(sink.all_issues())

    def __next__(self) -> EventTable:
        return next(self._tables)


def stream_events(
    source: SourceLike,
    *,
    format: str = "auto",
    mapping: MappingLike | None = None,
    terminology: TerminologyLike | None = None,
    errors: str = "raise",
) -> EventStream:
    """Read events in bounded memory, as they come, of any number of patients.

    Versions and duplicates are not resolved, because what replaces an event may come later:
    ``Record.from_tables`` and ``read_records`` do that.

    Parameters
    ----------
    source : path, bytes, data frame, or iterable of these
        As in ``read_records``; an iterator may give messages as bytes without end.
    format, mapping, terminology, errors : optional
        As in ``read_records``.

    Returns
    -------
    EventStream
    """
    options = Options(mapping, resolver=_resolver(terminology))
    return EventStream(_Reading(source, format, options, errors))
