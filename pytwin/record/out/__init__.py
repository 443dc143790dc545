"""Records out again, in formats of others, so that they read back the same."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator

from pytwin.errors import InputError
from pytwin.record.out import fhir, meds, omop
from pytwin.record.record import Record

__all__ = ["write_records"]

_Writer = Callable[[Iterable[Record], str | os.PathLike[str]], None]
_WRITERS: dict[str, _Writer] = {
    "meds": meds.write,
    "omop": lambda records, path: omop.write(records, path, "parquet"),
    "omop-csv": lambda records, path: omop.write(records, path, "csv"),
    "fhir": fhir.write,
    "fhir-bulk": fhir.write_bulk,
}


def write_records(
    records: Record | Iterable[Record], path: str | os.PathLike[str], *, format: str = "meds"
) -> None:
    """Write records so that ``read_records`` gives the same ones.

    Parameters
    ----------
    records : Record or iterable of Record
        Each of another patient. Those of an iterator are written one after another, except as MEDS.
    path : path
        A folder, which is made where it is not there; for FHIR it must be empty. Files have mode 0600.
    format : str
        ``fhir``: a Bundle of FHIR R4 for each record (``Record.to_fhir``), ``000001.json`` and so on. What
        FHIR lacks stands in extensions ``urn:pytwin:event``. ``fhir-bulk``: the same resources as NDJSON, a
        file for each type, as bulk exports are.

        ``meds``: ``data/0.parquet`` with subject_id, time, code, numeric_value and text_value as MEDS has
        them. ``omop``: the tables of CDM 5.4, a Parquet file each; ``omop-csv``: the same in CSV; see
        ``Record.to_omop``.
        What a format lacks stands in one more column, ``pytwin``, as JSON. Identifiers of patients that
        are no plain numbers stand there too, and ``subject_id`` or ``person_id`` is then a number of its own.

    Raises
    ------
    InputError
        ``format.unknown``; ``record.two-records`` where two records have one identifier; ``out.mixed``
        where the folder holds OMOP tables in the other form; ``file.exists``, ``file.cannot-write``.
        Nothing is left of what was written before.
    MissingExtraError
        MEDS and OMOP without pyarrow.

    Notes
    -----
    All columns of the events but ``source``, ``place`` and ``changes`` read back equal, and so do the
    patient, the genotypes and ``record.hash``; issues and sources are not written. Read with a terminology
    other than the built-in one, columns may differ that depend on it.
    """
    writer = _WRITERS.get(format)
    if writer is None:
        raise InputError("format.unknown", f"format must be one of {', '.join(_WRITERS)}")
    writer(_apart([records] if isinstance(records, Record) else records), path)


def _apart(records: Iterable[Record]) -> Iterator[Record]:
    """Records one after another, as long as each is of another patient."""
    met: set[str] = set()
    for record in records:
        if record.patient.id in met:
            message = "two records have the same patient identifier"
            raise InputError("record.two-records", message, hint="Join them with Record.merged.")
        met.add(record.patient.id)
        yield record
