"""Records out again, in formats of others, so that they read back the same."""

from __future__ import annotations

import os
from collections.abc import Iterable

from pytwin.errors import InputError
from pytwin.record.out import meds
from pytwin.record.record import Record

__all__ = ["write_records"]

_WRITERS = {"meds": meds.write}


def write_records(
    records: Record | Iterable[Record], path: str | os.PathLike[str], *, format: str = "meds"
) -> None:
    """Write records so that ``read_records`` gives the same ones.

    Parameters
    ----------
    records : Record or iterable of Record
        Each of another patient.
    path : path
        A folder, which is made where it is not there.
    format : str
        ``meds``: ``data/0.parquet`` with subject_id, time, code, numeric_value and text_value as MEDS has
        them. What MEDS lacks stands in one more column, ``pytwin``, as JSON. Identifiers of patients that
        are no plain numbers stand there too, and ``subject_id`` is then a number of its own.

    Raises
    ------
    InputError
        ``format.unknown``; ``record.two-records`` where two records have one identifier.
    MissingExtraError
        Without pyarrow.

    Notes
    -----
    All columns of the events but ``source``, ``place`` and ``changes`` read back equal, and so do the
    patient, the genotypes and ``record.hash``; issues and sources are not written. Read with a terminology
    other than the built-in one, columns may differ that depend on it.
    """
    writer = _WRITERS.get(format)
    if writer is None:
        raise InputError("format.unknown", f"format must be one of {', '.join(_WRITERS)}")
    several = [records] if isinstance(records, Record) else list(records)
    identifiers = {record.patient.id for record in several}
    if len(identifiers) < len(several):
        message = "two records have the same patient identifier"
        raise InputError("record.two-records", message, hint="Join them with Record.merged.")
    writer(several, path)
