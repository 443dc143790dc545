"""Tables of the eICU Collaborative Research Database: patient and lab.

Times are minutes from the admission to a unit, and nothing says when that was: instants count
from 1970-01-01, at the patient's admission to the hospital, and say so. A record is one stay in hospital,
because stays of one person cannot be put in order.

A laboratory value is given twice: ``labresulttext`` in the unit of ``labmeasurenameinterface``, and
``labresult``, which is meant to be in ``labmeasurenamesystem`` but is converted only sometimes. The text
is taken, with its own unit; the unit of the system only where its own is blank.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from pytwin.formats.files import Input
from pytwin.record.event import Event
from pytwin.record.people import SEXES
from pytwin.record.quantity import parse_number
from pytwin.record.record import PatientInfo
from pytwin.record.resolver import Resolver
from pytwin.record.sink import Options, Sink
from pytwin.record.tables import rules
from pytwin.record.tables.encode import Rows, Rule
from pytwin.record.tables.folder import Table, header, read_events, rows_of, stem
from pytwin.record.tables.frames import Coded, Piece
from pytwin.record.tables.instants import Instants
from pytwin.record.tables.sources import pieces
from pytwin.record.time import MINUTE, NAIVE, NAT, UNKNOWN

_RACE = {
    "Caucasian": "White", "African American": "Black or African American", "Asian": "Asian",
    "Native American": "American Indian or Alaska Native",
}  # fmt: skip
_PERSON = (
    "patientunitstayid", "patienthealthsystemstayid", "gender", "age", "ethnicity", "hospitaladmitoffset",
    "hospitaldischargeoffset", "hospitaldischargestatus", "admissionheight", "admissionweight",
)  # fmt: skip
_HEIGHT, _WEIGHT = ("8302-2", "body height", "cm"), ("29463-7", "body weight", "kg")


class Stay(NamedTuple):
    """A stay in a unit: whose it is, and minutes from the admission to hospital to that to the unit."""

    key: str
    offset: int


def _lab(resolver: Resolver, texts: tuple[str, ...]) -> Rule:
    name, interface, system, other = texts
    rule = rules.measured(resolver, "local", name, name, interface or system, other)
    if not interface and system and not rule.event.reason:
        changes = ";".join(filter(None, (rule.event.changes, "unit:blank->system")))
        rule = rule._replace(event=rule.event._replace(changes=changes))
    return rule


_LAB = Table(
    "patientunitstayid", "", "", ("labname", "labmeasurenameinterface", "labmeasurenamesystem"), _lab,
    "labresulttext",
)  # fmt: skip


def recognises(head: bytes, name: str) -> bool:
    """Whether a file is one of the tables, by its header."""
    columns = set(header(head))
    return "patientunitstayid" in columns or (stem(name) == "hospital" and "numbedscategory" in columns)


def read(inputs: Sequence[Input], sink: Sink, options: Options) -> Iterator[None]:
    """Read the stays of the tables given."""
    files: dict[str, list[Input]] = {}
    for source in inputs:
        sink.opened(source)
        files.setdefault(stem(source.name), []).append(source)
    stays: dict[str, Stay] = {}
    for source in files.pop("patient", []):
        _people(source, sink, stays, options.resolver)
        yield
    for source in files.pop("lab", []):
        adjust = partial(_placed, stays)
        yield from read_events(_LAB, source, sink, options.resolver, adjust)
    for name in sorted(files):
        message = f"the table {name} holds no events that are read"
        sink.log().add("eicu.not-read", message, name, "not read", "note")


def _placed(stays: dict[str, Stay], piece: Piece, rows: Rows) -> Rows:
    """Rows of the stay in hospital, at minutes from its beginning; later revisions replace earlier ones."""
    units = rows.patient
    known = [stays.get(text, Stay(f"unit stay {text}", 0)) for text in units.texts]
    shift = np.array([stay.offset for stay in known])[units.codes]
    when = piece.numbers("labresultoffset").values
    us = np.where(np.isnan(when), NAT, (np.nan_to_num(when).astype(np.int64) + shift) * MINUTE)
    revised = piece.numbers("labresultrevisedoffset").values
    recorded = np.where(np.isnan(revised), NAT, (np.nan_to_num(revised).astype(np.int64) + shift) * MINUTE)
    names = piece.text("labname")
    ids = [
        f"lab/{units.texts[unit]}/{names.texts[name]}/{minute:g}"
        for unit, name, minute in zip(units.codes.tolist(), names.codes.tolist(), when.tolist(), strict=True)
    ]
    return rows._replace(
        patient=Coded(units.codes, [stay.key for stay in known]),
        time=Instants(us, np.zeros(len(us), np.int32), [(0, NAIVE)]),
        ids=Coded(np.arange(len(ids), dtype=np.int32), ids),
        recorded=recorded,
    )


class _Row(NamedTuple):
    """One row of the table patient."""

    unit: str
    key: str
    sex: str
    age: str
    race: str
    admitted: str
    left: str
    status: str
    height: str
    weight: str


def _people(source: Input, sink: Sink, stays: dict[str, Stay], resolver: Resolver) -> None:
    for piece in pieces(source, sink.log()):
        for line, cells in enumerate(rows_of(piece, _PERSON), start=piece.first):
            row = _Row(*cells)
            minutes = parse_number(row.admitted)
            offset = -int(minutes[1]) if minutes else 0
            stays[row.unit] = Stay(row.key, offset)
            if row.key not in sink.people:
                message = "times count from the admission to hospital, whose date is not known"
                sink.log(row.key).add("time.relative", message, source.name, "placed at 1970-01-01", "note")
            sink.person(row.key, _info(row, sink, f"{source.name}:row {line}"))
            start = Event(time=offset * MINUTE, source=source.name, place=f"row {line}")
            for event in (
                *_sizes(row, start, resolver),
                *_stay(row, start, offset),
                *_death(row, start, offset),
            ):
                sink.resource(row.key, [event])


def _sizes(row: _Row, start: Event, resolver: Resolver) -> Iterator[Event]:
    """Height and weight at the admission to the unit."""
    for (code, name, unit), text in ((_HEIGHT, row.height), (_WEIGHT, row.weight)):
        if text:
            rule = rules.measured(resolver, "LOINC", code, name, unit, text)
            value, target, usable, reason, change = rule.unit.apply(rule.event.value)
            yield rule.event._replace(
                value=value, unit=target, usable=usable, reason=reason, changes=change,
                original_value=text, time=start.time, id=f"{code}/{row.unit}",
                source=start.source, place=start.place,
            )  # fmt: skip


def _stay(row: _Row, start: Event, offset: int) -> Iterator[Event]:
    """The stay in the unit."""
    minutes = parse_number(row.left)
    end = (int(minutes[1]) + offset) * MINUTE if minutes else NAT
    yield start._replace(
        kind="encounter", system="local", code="unit stay", name="unit stay", until=end,
        id=f"stay/{row.unit}",
    )  # fmt: skip


def _death(row: _Row, start: Event, offset: int) -> Iterator[Event]:
    """The death that ended the stay in hospital."""
    minutes = parse_number(row.left)
    if row.status == "Expired":
        end = (int(minutes[1]) + offset) * MINUTE if minutes else NAT
        yield start._replace(kind="death", name="death", time=end, id=f"death/{row.key}")


def _info(row: _Row, sink: Sink, place: str) -> PatientInfo:
    years = parse_number(row.age)
    if years and years[0]:
        message = "an age given as above a limit"
        sink.log(row.key).add("patient.age-hidden", message, place, "unknown", "note", row.age)
    exact = years[1] if years and not years[0] else None
    died = UNKNOWN if row.status == "Expired" else None
    sex, race = SEXES.get(row.sex.lower()), _RACE.get(row.race)
    return PatientInfo(row.key, None, sex, race, age_years=exact, death=died)
