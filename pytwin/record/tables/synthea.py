"""The CSV export of the Synthea generator: patients.csv, observations.csv, conditions.csv and so on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.record.event import Event
from pytwin.record.people import SEXES
from pytwin.record.record import PatientInfo
from pytwin.record.resolver import Resolver
from pytwin.record.sink import Options, Sink
from pytwin.record.tables import rules
from pytwin.record.tables.encode import Rule
from pytwin.record.tables.folder import Table, header, read_tables, rows_of, stem
from pytwin.record.tables.sources import pieces
from pytwin.record.time import UNKNOWN, Instant, parse_time

_RACE = {
    "white": "White", "black": "Black or African American", "asian": "Asian",
    "native": "American Indian or Alaska Native", "hawaiian": "Native Hawaiian or Other Pacific Islander",
}  # fmt: skip
_OTHERS = (
    "careplans", "claims", "claims_transactions", "devices", "imaging_studies", "organizations",
    "payer_transitions", "payers", "providers", "supplies",
)  # fmt: skip


def _observation(resolver: Resolver, texts: tuple[str, ...]) -> Rule:
    code, name, unit, kind, value = texts
    if kind == "text" and value:
        rule = rules.measured(resolver, "LOINC", code, name, "", value)
        return rule if rule.event.text else Rule(rule.event._replace(unit=unit))
    return rules.measured(resolver, "LOINC", code, name, unit, value)


def _drug(resolver: Resolver, texts: tuple[str, ...]) -> Rule:
    code, name, _ = texts
    return rules.drug(resolver, "order", "RxNorm", code, name)


def _allergy(resolver: Resolver, texts: tuple[str, ...]) -> Rule:
    code, name, system, _ = texts
    return Rule(Event(kind="allergy", system=system or "SNOMED", code=code, name=name))


def _condition(resolver: Resolver, texts: tuple[str, ...]) -> Rule:
    return rules.coded("condition", "SNOMED", *texts[:2])


def _procedure(resolver: Resolver, texts: tuple[str, ...]) -> Rule:
    return rules.coded("procedure", "SNOMED", *texts[:2])


def _immunization(resolver: Resolver, texts: tuple[str, ...]) -> Rule:
    return rules.coded("immunization", "CVX", *texts[:2])


def _encounter(resolver: Resolver, texts: tuple[str, ...]) -> Rule:
    return rules.coded("encounter", "SNOMED", *texts[:2])


_CODE = ("code", "description")
TABLES = {
    "observations": Table("patient", "date", "", (*_CODE, "units", "type"), _observation, "value"),
    "conditions": Table("patient", "start", "stop", _CODE, _condition),
    "medications": Table("patient", "start", "stop", _CODE, _drug),
    "procedures": Table("patient", "start", "stop", _CODE, _procedure),
    "immunizations": Table("patient", "date", "", _CODE, _immunization),
    "allergies": Table("patient", "start", "stop", (*_CODE, "system"), _allergy),
    "encounters": Table("patient", "start", "stop", _CODE, _encounter, id="id"),
}


def recognises(head: bytes, name: str) -> bool:
    """Whether a file is one of Synthea's tables, by its name and header."""
    table, columns = stem(name), header(head)
    if table == "patients":
        return {"id", "birthdate", "deathdate", "gender"} <= set(columns)
    if table in TABLES:
        return {"patient", "code", "description"} <= set(columns)
    return table in _OTHERS and bool({"id", "patient", "patientid"} & set(columns))


def read(inputs: Sequence[Input], sink: Sink, options: Options) -> Iterator[None]:
    """Read the patients of an export."""
    yield from read_tables(inputs, sink, options, {"patients": _people}, TABLES, "synthea")


def _people(source: Input, sink: Sink) -> Iterator[None]:
    names = ("id", "birthdate", "deathdate", "race", "gender")
    for piece in pieces(source, sink.log()):
        for key, birth, death, race, sex in rows_of(piece, names):
            known = _RACE.get(race.lower())
            died = _time(death, sink, key, source.name) if death else None
            born = _time(birth, sink, key, source.name) if birth else None
            sink.person(key, PatientInfo(key, born, SEXES.get(sex.lower()), known, death=died))
        yield


def _time(text: str, sink: Sink, key: str, source: str) -> Instant:
    try:
        return parse_time(text)
    except InputError as error:
        sink.log(key).add(error.code, error.message, source, "unknown", "error", text)
        return UNKNOWN
