"""OMOP CDM 5.4 out: tables in Parquet or CSV, many patients in bounded memory.

A batch of records becomes rows, the rows are read back as the reader would, and what then differs from
the events stands beside them in the column ``pytwin``. Only concepts that are known have an id; the code of
any other is the row's source value, and SOURCE_TO_CONCEPT_MAP says which vocabulary it is of.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.record.carry import COLUMN, difference, person_content, written
from pytwin.record.event import Event
from pytwin.record.out import omop_rows as say
from pytwin.record.out.folder import Folder, dump
from pytwin.record.out.omop_schema import CARRYING, EVENTS, TABLES, arrow_table
from pytwin.record.record import Record
from pytwin.record.sink import Options, Sink
from pytwin.record.table import EventTable
from pytwin.record.tables import omop as reader
from pytwin.record.tables.frames import arrow
from pytwin.record.tables.omop_concepts import Known
from pytwin.record.time import NAT

_BATCH = 20_000  # events that are turned into rows together
_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)
_NOBODY = {"person": None}  # stands beside a row that is no event
_SINCE, _EVER = date(1970, 1, 1), date(2099, 12, 31)  # of concepts, as the vocabularies of OHDSI have them
_NO_CONCEPT = Known(0, "None", "No matching concept", "Metadata", "Undefined", "No matching concept")
_SEXES = (
    Known(8507, "Gender", "M", "Gender", "Gender", "MALE"),
    Known(8532, "Gender", "F", "Gender", "Gender", "FEMALE"),
)


class _Line(NamedTuple):
    """A row of a table, with the event that it must read back as, and what stands beside it anyway."""

    row: say.Row
    event: Event | None
    content: dict[str, Any]


class Writer:
    """Turns records into rows of tables; identifiers go on from one batch to the next.

    Parameters
    ----------
    kind : str
        ``parquet`` or ``csv``: rows are read back in this form.
    """

    def __init__(self, kind: str = "parquet") -> None:
        self._kind = kind
        self._rows = dict.fromkeys(TABLES, 0)  # so far, which are the identifiers, too
        self._persons: set[int] = set()
        self._free = 1
        self._sources: dict[
            str, tuple[str, str]
        ] = {}  # code -> (vocabulary, name) that it was first met with
        self._concepts: dict[int, Known] = {}

    def batch(self, records: Iterable[Record]) -> dict[str, Any]:
        """The rows of some records, by table."""
        lines: dict[str, list[_Line]] = {table: [] for table in TABLES}
        for record in records:
            self._record(record, lines)
        tables = {table: self._carrying(table, lines) for table in EVENTS if lines[table]}
        for table in ("person", "observation_period"):
            tables[table] = arrow_table(table, [{**x.row, COLUMN: written(x.content)} for x in lines[table]])
        for table, rows in lines.items():
            self._rows[table] += len(rows)
        return tables

    def _record(self, record: Record, lines: dict[str, list[_Line]]) -> None:
        number = self._number(record.patient.id)
        content = person_content(record.patient, record.genotypes)
        lines["person"].append(_Line(say.person_row(number, record.patient), None, content))
        times = record.events.time[record.events.time != NAT]
        if len(times):
            row = say.period_row(number, int(times.min()), int(times.max()))
            lines["observation_period"].append(_Line(row, None, {}))
        events = list(record.events)
        tables = _tables_of(events)
        if record.patient.death and "death" not in tables:
            lines["death"].append(_Line(say.death_row(number, record.patient.death), None, _NOBODY))
        for event, table in zip(events, tables, strict=True):
            row = say.event_row(table, self._rows[table] + len(lines[table]) + 1, number, event)
            self._note_codes(event, table)
            lines[table].append(_Line(row, event, {}))

    def _number(self, identifier: str) -> int:
        """A person's number: the identifier where it is one and free, else the next that is free."""
        own = int(identifier) if _NUMBER.fullmatch(identifier) else None
        if own is None or own in self._persons:
            while self._free in self._persons:
                self._free += 1
            own = self._free
        self._persons.add(own)
        return own

    def _note_codes(self, event: Event, table: str) -> None:
        if table == "death" or not event.valid:
            return
        found = say.coding(event)
        known = [concept for concept in (found.concept, say.unit_concept(event.unit)) if concept]
        self._concepts |= {concept.concept_id: concept for concept in known}
        if event.code and not found.concept:
            code = say.text(event.code) or ""
            self._sources.setdefault(code.strip(), (found.vocabulary, say.text(event.name) or ""))

    def _carrying(self, table: str, lines: dict[str, list[_Line]]) -> Any:
        """The rows of a table of events, with what must stand beside them."""
        plain = arrow_table(table, [line.row for line in lines[table]]).drop_columns([COLUMN])
        found = dict(self._read_back(plain))
        first = self._rows[table] + 1
        group: dict[tuple[int, str], int] = {}
        contents = []
        for index, line in enumerate(lines[table]):
            content = dict(line.content)
            if line.event is not None:
                # the reader gives the patient the identifier that the person's row has
                content = difference(found[index + 1], line.event._replace(patient=found[index + 1].patient))
                leader = group.setdefault((line.row["person_id"], line.event.id), index)
                if line.event.id and leader != index:
                    # rows with one id are one resource, and not versions of one, where they share a place
                    content["place"] = f"row {first + leader}#{index - leader}"
            contents.append(content)
        column = arrow().array([written(content) or None for content in contents], arrow().string())
        return plain.append_column(COLUMN, column)

    def _read_back(self, table: Any) -> Iterator[tuple[int, Event]]:
        """(number in the batch, event) of rows, as they are read without what stands beside them."""
        sink = Sink()
        about = arrow_table("source_to_concept_map", self._source_rows())
        inputs = [Input(dump(part, self._kind)) for part in (table, about)]
        for _ in reader.read(inputs, sink, Options()):
            pass
        read = EventTable.concat(sink.tables)
        return zip(read.position.tolist(), read, strict=True)

    def about(self) -> dict[str, Any]:
        """The tables that say what the codes are; whole, after the last batch."""
        concepts = [_NO_CONCEPT, *_SEXES, *(self._concepts[key] for key in sorted(self._concepts))]
        valid = {"valid_start_date": _SINCE, "valid_end_date": _EVER}
        rows = [c._asdict() | valid | {"standard_concept": "S" if c.concept_id else None} for c in concepts]
        source_rows = self._source_rows()
        names = {c.vocabulary_id for c in concepts} | {row["source_vocabulary_id"] for row in source_rows}
        about: dict[str, list[say.Row]] = {
            "concept": rows,
            "vocabulary": [
                {"vocabulary_id": name, "vocabulary_name": name, "vocabulary_concept_id": 0}
                for name in sorted(names)
            ],
            "source_to_concept_map": source_rows,
            "cdm_source": [_cdm_source()],
        }
        return {table: arrow_table(table, rows) for table, rows in about.items()}

    def _source_rows(self) -> list[say.Row]:
        return [
            {
                "source_code": code,
                "source_concept_id": 0,
                "source_vocabulary_id": vocabulary,
                "source_code_description": name,
                "target_concept_id": 0,
                "target_vocabulary_id": "None",
                "valid_start_date": _SINCE,
                "valid_end_date": _EVER,
            }
            for code, (vocabulary, name) in sorted(self._sources.items())
            if vocabulary
        ]


def _cdm_source() -> say.Row:
    from pytwin import __version__

    name = f"records written by pytwin {__version__}"
    return {"cdm_source_name": name, "cdm_source_abbreviation": "pytwin", "cdm_version": "5.4"}


def _tables_of(events: list[Event]) -> list[str]:
    """The table of each event: that of the first with its id, and one death a person."""
    first: dict[str, str] = {}
    size: dict[str, int] = {}
    for event in events:
        size[event.id] = size.get(event.id, 0) + 1
    tables = []
    dead = False
    for event in events:
        table = first.get(event.id) if event.id else None
        if table is None:
            table = say.table_of(event)
            if table == "death" and (dead or (event.id and size[event.id] > 1)):
                table = "observation"
            dead |= table == "death"
            first[event.id] = table
        tables.append(table)
    return tables


def tables(records: Iterable[Record]) -> dict[str, Any]:
    """All tables of some records, in memory; those without a row are left out."""
    writer = Writer()
    return {**writer.batch(records), **writer.about()}


def batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Records, together as many as have some 20,000 events."""
    batch: list[Record] = []
    events = 0
    for record in records:
        batch.append(record)
        events += len(record.events)
        if events >= _BATCH:
            yield batch
            batch, events = [], 0
    yield batch


def write(records: Iterable[Record], path: str | os.PathLike[str], kind: str) -> None:
    """Write a folder of tables, one file each.

    Raises
    ------
    InputError
        ``out.mixed``: the folder holds tables in the other form.
    """
    other = "csv" if kind == "parquet" else "parquet"
    target = Path(path)
    if any((target / f"{table}.{other}").exists() for table in TABLES):
        message = f"the folder holds tables in {other.upper() if other == 'csv' else 'Parquet'}"
        raise InputError("out.mixed", message, hint="Write into another folder, or remove them.")
    with Folder(target) as folder:
        writer = Writer(kind)
        for batch in batches(records):
            for table, rows in writer.batch(batch).items():
                folder.add(f"{table}.{kind}", rows)
        for table, rows in writer.about().items():
            folder.add(f"{table}.{kind}", rows)
        for table in CARRYING:
            folder.add(f"{table}.{kind}", arrow_table(table, []))
