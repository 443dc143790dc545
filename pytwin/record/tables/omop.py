"""OMOP Common Data Model 5.3 and 5.4: the tables of persons, events and concepts, in CSV or Parquet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np

from pytwin.formats.files import Input
from pytwin.record.carry import COLUMN
from pytwin.record.log import IssueLog
from pytwin.record.record import PatientInfo
from pytwin.record.resolver import Resolver
from pytwin.record.sink import Options, Sink
from pytwin.record.tables import omop_rules
from pytwin.record.tables.carried import Carried
from pytwin.record.tables.encode import Rows, encode
from pytwin.record.tables.folder import header, stem, strangers
from pytwin.record.tables.frames import Coded, Numbers, Piece
from pytwin.record.tables.instants import Instants
from pytwin.record.tables.omop_concepts import Concepts
from pytwin.record.tables.sources import pieces, table_head
from pytwin.record.time import NAT, UNKNOWN, Instant, parse_time

_PLACE = "row {}"


class Columns(NamedTuple):
    """Where a table of events keeps what.

    Attributes
    ----------
    id, start, end : str
        Columns; of ``start`` and ``end`` without ``_date`` or ``_datetime``.
    keys : tuple of str
        Columns that the table's rule takes, in this order.
    number : str
        Column of a value.
    written : str
        Column of the value as written.
    """

    id: str
    start: str
    end: str
    keys: tuple[str, ...]
    number: str = ""
    written: str = ""


_VALUED = ("operator_concept_id", "value_as_concept_id", "unit_concept_id", "unit_source_value")
TABLES = {
    "measurement": Columns(
        "measurement_id", "measurement", "",
        ("measurement_concept_id", "measurement_source_concept_id", "measurement_source_value", *_VALUED),
        "value_as_number", "value_source_value",
    ),
    "observation": Columns(
        "observation_id", "observation", "",
        ("observation_concept_id", "observation_source_concept_id", "observation_source_value", *_VALUED),
        "value_as_number", "value_as_string",
    ),
    "condition_occurrence": Columns(
        "condition_occurrence_id", "condition_start", "condition_end",
        ("condition_concept_id", "condition_source_concept_id", "condition_source_value",
         "condition_status_source_value"),
    ),
    "drug_exposure": Columns(
        "drug_exposure_id", "drug_exposure_start", "drug_exposure_end",
        ("drug_concept_id", "drug_source_concept_id", "drug_source_value", "drug_type_concept_id",
         "route_concept_id", "route_source_value", "sig", "quantity", "days_supply"),
    ),
    "procedure_occurrence": Columns(
        "procedure_occurrence_id", "procedure", "procedure_end",
        ("procedure_concept_id", "procedure_source_concept_id", "procedure_source_value"),
    ),
    "visit_occurrence": Columns(
        "visit_occurrence_id", "visit_start", "visit_end",
        ("visit_concept_id", "visit_source_concept_id", "visit_source_value"),
    ),
    "death": Columns("", "death", "", ("cause_concept_id", "cause_source_concept_id", "cause_source_value")),
}  # fmt: skip
# columns that only one table has
_OWNED = {
    **{name: {"person_id", table.keys[0], f"{table.start}_date"} for name, table in TABLES.items()},
    "death": {"person_id", "death_date"},
    "person": {"person_id", "year_of_birth"},
    "concept": {"concept_id", "vocabulary_id", "concept_code"},
    "source_to_concept_map": {"source_code", "source_vocabulary_id", "target_concept_id"},
}
# the tables that are part of a data set and say nothing that is read
_OTHERS = """
care_site cdm_source cohort cohort_definition concept_ancestor concept_class concept_relationship
concept_synonym condition_era cost device_exposure domain dose_era drug_era drug_strength episode
episode_event fact_relationship location location_history metadata note note_nlp observation_period
payer_plan_period provider relationship specimen survey_conduct visit_detail
vocabulary
"""
_SILENT = frozenset(_OTHERS.split())
SEXES = {"8507": "male", "8532": "female"}
# race_concept_id of the OHDSI vocabularies
RACES = {
    "8527": "White", "8515": "Asian", "8516": "Black or African American",
    "8657": "American Indian or Alaska Native", "8557": "Native Hawaiian or Other Pacific Islander",
}  # fmt: skip


def table_of(columns: Sequence[str], name: str) -> str:
    """The table that a file holds: by its name where a column fits it, else by the columns that it alone has.

    Empty where it is none of OMOP's.
    """
    found, called = set(columns), stem(name)
    if called in _OWNED and found & _OWNED[called]:
        return called
    if called in _SILENT and any(column.endswith("_id") or column.startswith("cdm_") for column in found):
        return called
    return next((table for table, owned in _OWNED.items() if owned <= found), "")


def recognises(head: bytes, name: str) -> bool:
    """Whether a file is a table of OMOP."""
    return bool(table_of(header(head), name))


def read(inputs: Sequence[Input], sink: Sink, options: Options) -> Iterator[None]:
    """Read the persons of a folder of tables: persons and concepts first, then each table of events."""
    by_table: dict[str, list[Input]] = {}
    for source in inputs:
        table = table_of(header(table_head(source)), source.name) or stem(source.name)
        by_table.setdefault(table, []).append(source)
    concepts = Concepts()
    for source in by_table.pop("concept", []):
        sink.opened(source)
        concepts.add(source, sink.log())
    for source in by_table.pop("source_to_concept_map", []):
        sink.opened(source)
        concepts.add_sources(source, sink.log())
    keys: dict[str, str] = {}
    for source in by_table.pop("person", []):
        sink.opened(source)
        carried = Carried(sink, source.name)
        for piece in pieces(source, sink.log()):
            _persons(piece, sink, source.name, carried)
            yield
        keys |= carried.keys
    for table in sorted(by_table):
        for source in by_table[table]:
            sink.opened(source)
            if table in TABLES:
                yield from _events(table, source, concepts, sink, options.resolver, keys)
            else:
                message = f"the table {table} holds no events that are read"
                sink.log().add("omop.not-read", message, source.name, "not read", "note")


def _persons(piece: Piece, sink: Sink, source: str, carried: Carried) -> None:
    carried.people(piece.text("person_id"), piece.text(COLUMN), piece.first)
    names = (
        "person_id", "gender_concept_id", "race_concept_id", "birth_datetime", "year_of_birth",
        "month_of_birth", "day_of_birth",
    )  # fmt: skip
    columns = [piece.text(name) for name in names]
    rows = ([column.texts[i] for i in column.codes.tolist()] for column in columns)
    for key, sex, race, moment, *date in zip(*rows, strict=True):
        if key in carried.keys:
            continue
        if key:
            birth = _birth(moment, date)
            sink.person(key, PatientInfo(key, birth, SEXES.get(sex), RACES.get(race)))
        else:
            sink.log().add("record.no-patient", "a person without an id", source, "left out", "error")


def _birth(moment: str, date: list[str]) -> Instant | None:
    """Date of birth from its parts, whose width is honest, else from the time."""
    year, month, day = date
    text = year.zfill(4) if year else moment[:10]
    if year and month:
        text += f"-{month.zfill(2)}" + (f"-{day.zfill(2)}" if day else "")
    try:
        return parse_time(text) if text else None
    except ValueError:
        return None


def _events(
    table: str, source: Input, concepts: Concepts, sink: Sink, resolver: Resolver, keys: Mapping[str, str]
) -> Iterator[None]:
    """One file; ``keys`` are identifiers of people by what stands for them in the tables."""
    columns = TABLES[table]
    rule = lru_cache(maxsize=1 << 17)(partial(omop_rules.RULES[table], concepts, resolver))
    carried = Carried(sink, source.name)
    for piece in pieces(source, sink.log()):
        rows = _rows(piece, columns, table, sink.log(), source.name)
        people = Coded(rows.patient.codes, [keys.get(text, text) for text in rows.patient.texts])
        rows = rows._replace(patient=people)
        strangers(people, sink, source.name)
        if COLUMN in piece:
            contents = carried.contents(piece.text(COLUMN), piece.first)
            carried.events(encode(rows, rule, source.name, _PLACE, IssueLog()), contents, piece.first)
        else:
            if table == "death":
                _deaths(rows, sink)
            sink.table(encode(rows, rule, source.name, _PLACE, sink.log()))
        yield
    carried.done()


def _rows(piece: Piece, columns: Columns, table: str, log: IssueLog, source: str) -> Rows:
    start = _instants(piece, columns.start, log, source)
    end = _instants(piece, columns.end, log, source) if columns.end else None
    width = np.array([width for width, _ in end.kinds])[end.kind] if end else 0
    return Rows(
        patient=piece.text("person_id"),
        keys=[piece.text(name) for name in columns.keys],
        position=piece.positions,
        time=start,
        value=_value(piece, columns) if columns.number else None,
        ids=piece.names(columns.id, f"{table}/"),
        until=np.where(end.us == NAT, NAT, end.us + width) if end else None,
    )


def _instants(piece: Piece, stem: str, log: IssueLog, source: str) -> Instants:
    """The time where there is one, else the date with its width."""
    if f"{stem}_datetime" not in piece:
        return piece.instants(f"{stem}_date", log, source)
    times = piece.instants(f"{stem}_datetime", log, source)
    exact = times.us != NAT
    if exact.all():
        return times
    dates = piece.instants(f"{stem}_date", log, source)
    us = np.where(exact, times.us, dates.us)
    kind = np.where(exact, times.kind, dates.kind + len(times.kinds)).astype(np.int32)
    return Instants(us, kind, [*times.kinds, *dates.kinds])


def _value(piece: Piece, columns: Columns) -> Numbers:
    """The number, with the value as written; what is written where there is no number is a value too."""
    value = piece.numbers(columns.number)
    written = piece.text(columns.written)
    none = len(written.texts)
    other = np.where(np.isnan(value.values), written.codes, none).astype(np.int32)
    if len(value.other.texts) > 1 and any(value.other.texts):
        return value
    return Numbers(value.values, written, Coded(other, [*written.texts, ""]))


def _deaths(rows: Rows, sink: Sink) -> None:
    for row in range(len(rows.position)):
        key = rows.patient.texts[rows.patient.codes[row]]
        us = int(rows.time.us[row])
        moment = Instant(us, *rows.time.kinds[rows.time.kind[row]]) if us != NAT else UNKNOWN
        sink.person(key, PatientInfo(key, death=moment))
