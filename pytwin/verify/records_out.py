"""Records written out and read back are the same records."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from pytwin.record import read_records, write_records
from pytwin.verify.case import Case, equal
from pytwin.verify.cohorts import fhir
from pytwin.verify.cohorts.people import cohort
from pytwin.verify.run import Context

_SOURCE = "the synthetic cohort of 20 people, pytwin/verify/cohorts"


def cases(context: Context) -> Iterator[Case]:
    """The cohort, read from FHIR, through MEDS."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "fhir").mkdir()
        records = list(read_records(fhir.write(cohort(), Path(folder) / "fhir")))
        write_records(records, Path(folder) / "meds", format="meds")
        back = {record.patient.id: record.hash for record in read_records(Path(folder) / "meds")}
    wanted = {record.patient.id: record.hash for record in records}
    same = sum(back.get(key) == digest for key, digest in wanted.items())
    yield equal("people of the cohort", len(cohort()), len(wanted), source=_SOURCE)
    yield equal("records with the same hash after MEDS", len(wanted), same, source=_SOURCE)
