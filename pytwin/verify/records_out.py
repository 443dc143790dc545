"""Records written out and read back are the same records."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pytwin.record import Record, read_records, write_records
from pytwin.verify.case import Case, equal
from pytwin.verify.cohorts import ccda, fhir, hl7, tables
from pytwin.verify.cohorts.people import cohort
from pytwin.verify.run import Context

_COHORT = "the synthetic cohort of 20 people, pytwin/verify/cohorts"
FORMATS = {"meds": "MEDS", "omop": "OMOP in Parquet", "omop-csv": "OMOP in CSV"}
_WRITERS = {
    "FHIR R4": fhir.write, "HL7 v2": hl7.write, "C-CDA": ccda.write, "OMOP": tables.write_omop,
    "MEDS": tables.write_meds, "CSV": tables.write_csv,
}  # fmt: skip
_LARGE = 20_000  # events of a record set that are written together
# events beyond which the rest of a folder is left to --full
_ENOUGH = 20_000


def cases(context: Context) -> Iterator[Case]:
    """The cohort as read from each format, and the records of the reference library, through each format."""
    for name, write in _WRITERS.items():
        with tempfile.TemporaryDirectory() as folder:
            mapping = tables.MAPPING if name == "CSV" else None
            records = list(read_records(write(cohort(), Path(folder)), mapping=mapping))
        for form, count in _same(records).items():
            case = f"people of the cohort read from {name} with the same hash after {FORMATS[form]}"
            yield equal(case, len(cohort()), count, source=_COHORT)
    for entry in sorted(path for path in context.folder("ehr").iterdir() if path.is_dir()):
        found, same = _folder(entry, context.full)
        for form in FORMATS if found else ():
            case = f"{entry.name}: records with the same hash after {FORMATS[form]}"
            yield equal(case, found, same[form], source=f"reference library, ehr/{entry.name}")


def _same(records: list[Record]) -> Counter[str]:
    """How many records come back with their hash, by format."""
    same: Counter[str] = Counter()
    for form in FORMATS:
        with tempfile.TemporaryDirectory() as folder:
            write_records(records, folder, format=form)
            back = {record.patient.id: record.hash for record in read_records(folder)}
        same[form] = sum(back.get(record.patient.id) == record.hash for record in records)
    return same


def _folder(entry: Path, full: bool) -> tuple[int, Counter[str]]:
    """The records of a folder of files, and how many come back, by format."""
    same: Counter[str] = Counter()
    found = 0
    for records in _sets(entry, full):
        found += len(records)
        same += _same(records)
    return found, same


def _sets(entry: Path, full: bool) -> Iterator[list[Record]]:
    """Records that can be written together: each of another patient, and not too many."""
    records: list[Record] = []
    events = total = 0
    for record in read_records(entry, errors="list"):
        again = any(record.patient.id == other.patient.id for other in records)
        if records and (again or events + len(record.events) > _LARGE):
            yield records
            records, events = [], 0
        if total > _ENOUGH and not full:
            break
        records.append(record)
        events += len(record.events)
        total += len(record.events)
    if records:
        yield records
