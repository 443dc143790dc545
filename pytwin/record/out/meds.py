"""MEDS out: one Parquet file of all events, people among them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from pytwin.formats.files import Input
from pytwin.formats.private import private_file
from pytwin.record.carry import COLUMN, difference, person_content, written
from pytwin.record.event import Event
from pytwin.record.record import PatientInfo, Record
from pytwin.record.sink import Options, Sink
from pytwin.record.table import EventTable
from pytwin.record.tables import meds as reader
from pytwin.record.tables.frames import arrow
from pytwin.record.time import NAT

_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)
_VOCABULARY = {"ICD-10": "ICD//10", "ICD-9": "ICD//9"}
_SEX = {"female": "F", "male": "M"}
_HEADS = {
    "condition": "DIAGNOSIS", "procedure": "PROCEDURE", "encounter": "HOSPITAL_ENCOUNTER",
    "immunization": "IMMUNIZATION", "allergy": "ALLERGY",
}  # fmt: skip
_DRUG_KINDS = ("order", "administration", "statement", "dispense")


class _Row(NamedTuple):
    """A row of the file, with the event that it must read back as; without one it is about the person."""

    subject: int
    time: int
    code: str
    value: float | None
    text: str
    event: Event | None
    content: dict[str, Any]


def write(records: Iterable[Record], path: str | os.PathLike[str]) -> None:
    """Write ``data/0.parquet`` in a folder."""
    several = list(records)
    rows = [
        row
        for record, subject in zip(several, _subjects(several), strict=True)
        for row in _rows(record, subject)
    ]
    contents = _contents(rows)
    folder = Path(path) / "data"
    folder.mkdir(parents=True, exist_ok=True)
    with private_file(folder / "0.parquet") as stream:
        arrow().parquet.write_table(_table(rows, contents), stream)


def _subjects(records: Sequence[Record]) -> list[int]:
    """A number for each record: its identifier where that is one, else the next that is free."""
    own = [int(r.patient.id) if _NUMBER.fullmatch(r.patient.id) else None for r in records]
    free = iter(sorted(set(range(1, 2 * len(records) + 1)) - set(own)))
    return [next(free) if number is None else number for number in own]


def _rows(record: Record, subject: int) -> list[_Row]:
    info = record.patient
    birth = info.birth.us if info.birth else NAT
    content = person_content(info, record.genotypes)
    rows = [_Row(subject, birth, "MEDS_BIRTH", None, "", None, content)]
    rows += [_Row(subject, NAT, code, None, "", None, {"person": None}) for code in _facts(info)]
    events = list(record.events)
    if info.death and all(event.kind != "death" for event in events):
        rows.append(_Row(subject, info.death.us, "MEDS_DEATH", None, "", None, {"person": None}))
    for event in events:
        known = event.valid and event.value == event.value
        text = event.text if event.valid else ""
        rows.append(_Row(subject, event.time, _code(event), event.value if known else None, text, event, {}))
    return rows


def _facts(info: PatientInfo) -> list[str]:
    sex = [f"GENDER//{_SEX[info.sex]}"] if info.sex in _SEX else []
    return sex + ([f"RACE//{info.race}"] if info.race else [])


def _code(event: Event) -> str:
    """The code of an event, as the convention of MEDS has it.

    MEDS cannot say that something was taken back or did not happen: its row has neither code nor value.
    """
    if not event.valid:
        return f"NOT_VALID//{event.status}"
    if event.kind == "death":
        return "MEDS_DEATH"
    if event.kind in _DRUG_KINDS:
        return f"MEDICATION//{event.name or event.code}"
    coded = f"{_VOCABULARY.get(event.system, event.system or 'local')}//{event.code}"
    if event.kind in _HEADS:
        return f"{_HEADS[event.kind]}//{coded}"
    head = event.system if event.system in reader.SYSTEMS else "LAB"
    return f"{head}//{event.code}//{event.unit or 'UNK'}"


def _contents(rows: Sequence[_Row]) -> list[dict[str, Any]]:
    """What must stand beside each row, from what it is read as without."""
    found = {table_row: event for table_row, event in _read_back(_table(rows, None))}
    contents = []
    group: dict[tuple[int, str], int] = {}
    for number, row in enumerate(rows, 1):
        content = dict(row.content)
        if row.event is not None:
            # the reader gives the patient the identifier that the person's row has
            wanted = row.event._replace(patient=found[number].patient)
            content = difference(found[number], wanted)
            first = group.setdefault((row.subject, row.event.id), number)
            if row.event.id and first != number:
                # rows with one id are one resource, and not versions of one, where they share a place
                content["place"] = f"row {first}#{number - first}"
        contents.append(content)
    return contents


def _read_back(table: Any) -> list[tuple[int, Event]]:
    """(number, event) of the rows of a file that are events."""
    sink = Sink()
    with TemporaryDirectory() as folder:
        file = Path(folder) / "0.parquet"
        arrow().parquet.write_table(table, str(file))
        for _ in reader.read([Input(file)], sink, Options()):
            pass
    read = EventTable.concat(sink.tables)
    return list(zip(read.position.tolist(), read, strict=True))


def _text(text: str) -> str:
    """Text that UTF-8 can hold; what is lost is part of the difference."""
    return text.encode(errors="replace").decode()


def _table(rows: Sequence[_Row], contents: Sequence[dict[str, Any]] | None) -> Any:
    pa = arrow()
    columns: dict[str, Any] = {
        "subject_id": pa.array([row.subject for row in rows], pa.int64()),
        "time": pa.array([None if row.time == NAT else row.time for row in rows], pa.timestamp("us")),
        "code": pa.array([_text(row.code) for row in rows], pa.string()),
        "numeric_value": pa.array([row.value for row in rows], pa.float64()),
        "text_value": pa.array([_text(row.text) or None for row in rows], pa.string()),
    }
    if contents is not None:
        columns[COLUMN] = pa.array([written(content) or None for content in contents], pa.string())
    return pa.table(columns)
