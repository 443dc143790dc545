"""read_record and read_records: the formats are recognised by what the files contain."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pytwin.errors import InputError
from pytwin.formats.files import PathLike, head, load
from pytwin.issues import Issue, Issues
from pytwin.record.csvmap import Mapping as ColumnMapping
from pytwin.record.csvmap import load_mapping
from pytwin.record.csvread import read_csv
from pytwin.record.fhir import read_fhir
from pytwin.record.record import Record

MappingLike = ColumnMapping | Mapping[str, Any] | PathLike
FORMATS = ("auto", "fhir", "csv")
_SUFFIXES = (".json", ".csv", ".tsv", ".txt")

# first bytes of formats that this version does not read -> their name
_OTHERS = {
    b"<": "XML",
    b"MSH|": "HL7 v2",
    b"FHS|": "HL7 v2",
    b"BHS|": "HL7 v2",
    b"PAR1": "Parquet",
    b"PK\x03\x04": "ZIP",
    b"SQLite": "SQLite",
    b"Alias:": "FHIR Shorthand",
    b"Instance:": "FHIR Shorthand",
    b"Profile:": "FHIR Shorthand",
    b"%PDF": "PDF",
}


def sniff(source: PathLike | bytes) -> str:
    """The format of an input: ``fhir`` for JSON text or what is named so, ``csv`` for other text.

    Raises
    ------
    InputError
        ``format.unsupported`` for a format that is recognised and not read, ``format.unknown``
        for bytes that are no text, ``file.empty``.
    """
    start = head(source)
    name = "bytes" if isinstance(source, bytes) else Path(source).name
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        raise InputError("file.empty", "the file is empty", place=name)
    if text[:1] in (b"{", b"[") or start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "fhir"
    for magic, other in _OTHERS.items():
        if text.startswith(magic):
            raise InputError("format.unsupported", f"the file is {other}, which is not read", place=name)
    if b"\x00" in start:
        raise InputError("format.unknown", "the file is not text", place=name)
    # Text that is called JSON and is none is better told so than asked for a mapping of its columns.
    return "fhir" if name.removesuffix(".gz").endswith(".json") else "csv"


def _format(source: PathLike | bytes, stated: str) -> str:
    if stated not in FORMATS:
        raise InputError("format.unknown", f"format must be one of {', '.join(FORMATS)}")
    return sniff(source) if stated == "auto" else stated


def read_record(
    source: PathLike | bytes | Iterable[PathLike],
    *,
    format: str = "auto",
    mapping: MappingLike | None = None,
    patient: str | None = None,
) -> Record:
    """Read the record of one patient.

    Parameters
    ----------
    source : path, bytes, or iterable of paths
        A FHIR R4 file (Bundle or resource, JSON, plain or gzip) or a CSV file; several FHIR
        files are read as one record.
    format : str
        ``auto`` looks at the content; ``fhir`` or ``csv``.
    mapping : Mapping, dict or path, optional
        Meaning of the columns of a CSV file; a path names a TOML or JSON file.
    patient : str, optional
        Which patient, where there are several.

    Returns
    -------
    Record

    Raises
    ------
    InputError
        The input as a whole cannot be read: it is no FHIR or CSV, cut off, without a patient,
        or with several (``read_records`` reads those). What is odd inside is in ``record.issues``.

    Examples
    --------
    >>> record = read_record("patient.json")  # doctest: +SKIP
    """
    if isinstance(source, (str, bytes, os.PathLike)):
        if _format(source, format) == "csv":
            return _only(read_csv(source, _mapping(mapping), patient), patient, source)
        return read_fhir([load(source)], patient)[0]
    paths = list(source)
    if not paths:
        raise InputError("file.none", "no file was given")
    for path in paths:
        if _format(path, format) == "csv":
            message = "several CSV files are not read as one"
            raise InputError("format.unsupported", message, place=Path(path).name)
    return read_fhir([load(path) for path in paths], patient)[0]


def _mapping(mapping: MappingLike | None) -> ColumnMapping:
    if mapping is None:
        hint = "Say with mapping= what its columns mean"
        raise InputError("csv.no-mapping", "a CSV file needs a column mapping", hint=hint)
    return load_mapping(mapping)


def _only(records: Iterator[Record], patient: str | None, source: PathLike | bytes) -> Record:
    place = "bytes" if isinstance(source, bytes) else Path(source).name
    first = next(records, None)
    if first is None:
        code = "record.no-patient" if patient is None else "record.no-such-patient"
        message = "the file has no such patient" if patient else "there is no patient"
        raise InputError(code, message, place=place)
    if next(records, None) is not None:
        hint = "Use pytwin.read_records to read them all, or name one with patient="
        raise InputError("record.two-patients", "there is more than one patient", place=place, hint=hint)
    return first


class RecordIterator(Iterator[Record]):
    """Records one after another; at most one file is in memory at a time.

    Attributes
    ----------
    issues : Issues
        With ``errors="list"``: the files that could not be read.
    """

    def __init__(self, sources: list[PathLike | bytes], options: dict[str, Any], errors: str) -> None:
        self.issues = Issues()
        self._errors = errors
        self._records = self._all(sources, options)

    def _all(self, sources: list[PathLike | bytes], options: dict[str, Any]) -> Iterator[Record]:
        for source in sources:
            try:
                yield from _records_of(source, **options)
            except InputError as error:
                if self._errors == "raise":
                    raise
                issue = Issue(error.code, error.message, error.place, "file left out", "error")
                self.issues.extend([issue])

    def __next__(self) -> Record:
        return next(self._records)


def _records_of(
    source: PathLike | bytes, stated: str, mapping: MappingLike | None, patient: str | None
) -> Iterator[Record]:
    if _format(source, stated) == "csv":
        yield from read_csv(source, _mapping(mapping), patient)
    else:
        yield from read_fhir([load(source)], patient, many=True)


def _files(source: PathLike | bytes | Iterable[PathLike]) -> list[PathLike | bytes]:
    if isinstance(source, bytes):
        return [source]
    if not isinstance(source, (str, os.PathLike)):
        return list(source)
    path = Path(source)
    if not path.is_dir():
        return [path]
    files = sorted(p for p in path.rglob("*") if p.is_file() and _is_record(p))
    if not files:
        raise InputError("file.none", "the folder has no JSON or CSV file", place=path.name)
    return list(files)


def _is_record(path: Path) -> bool:
    name = path.name.lower().removesuffix(".gz")
    return name.endswith(_SUFFIXES) and not name.startswith(".")


def read_records(
    source: PathLike | bytes | Iterable[PathLike],
    *,
    format: str = "auto",
    mapping: MappingLike | None = None,
    patient: str | None = None,
    errors: str = "raise",
) -> RecordIterator:
    """Read the records of many patients, one after another.

    Parameters
    ----------
    source : path, bytes, or iterable of paths
        One file with several patients, a folder, or files; each file is read by itself.
    format, mapping, patient : optional
        As in ``read_record``.
    errors : str
        ``raise`` stops at the first file that cannot be read; ``list`` notes it in the
        iterator's ``issues`` and goes on.

    Returns
    -------
    RecordIterator
        A file of FHIR is in memory as a whole, a CSV file whose rows are grouped by patient
        one patient at a time.

    Raises
    ------
    InputError
        As ``read_record``.
    """
    if errors not in ("raise", "list"):
        raise InputError("option.unknown", "errors must be 'raise' or 'list'")
    options = {"stated": format, "mapping": mapping, "patient": patient}
    return RecordIterator(_files(source), options, errors)
