"""What OMOP's tables say of one person and of one event, without what they lack."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from pytwin.record.analytes import ANALYTES
from pytwin.record.event import Event
from pytwin.record.record import PatientInfo
from pytwin.record.systems import VOCABULARIES
from pytwin.record.tables.omop import RACES, SEXES, TABLES
from pytwin.record.tables.omop_concepts import Known, known_concepts
from pytwin.record.tables.omop_rules import OPERATORS
from pytwin.record.time import DAY, NAT, Instant

Row = dict[str, Any]

# concept_id of the OHDSI vocabularies: "EHR", and what a drug exposure was found as
EHR = 32817
_DRUG_TYPES = {"order": 32838, "dispense": 32825, "administration": 32818, "statement": 32865}
_DRUGS = (*_DRUG_TYPES, "immunization")
_KINDS = {
    **dict.fromkeys(_DRUGS, "drug_exposure"), "condition": "condition_occurrence",
    "procedure": "procedure_occurrence", "encounter": "visit_occurrence", "death": "death",
}  # fmt: skip
_PREFIX = {
    "visit_occurrence": "visit", "condition_occurrence": "condition", "drug_exposure": "drug",
    "procedure_occurrence": "procedure", "death": "cause",
}  # fmt: skip
# the end of a row that must have one, where none is known: its start, by the conventions of OHDSI
_MUST_END = ("visit_occurrence", "drug_exposure")
_SEX_OF = {sex: int(number) for number, sex in SEXES.items()}
_RACE_OF = {race: int(number) for number, race in RACES.items()}
_OPERATOR_OF = {sign: int(number) for number, sign in OPERATORS.items() if sign}
_EPOCH = datetime(1970, 1, 1)
_FIRST, _LAST = (
    (d - _EPOCH) // timedelta(microseconds=1) for d in (datetime(1, 1, 1), datetime(9999, 12, 31))
)
_VOCABULARY_OF = {name: vocabulary for vocabulary, name in reversed(VOCABULARIES.items())}


class Coding(NamedTuple):
    """The code of a row, its public vocabulary (or empty), and its concept where that is known."""

    vocabulary: str
    code: str
    concept: Known | None


@lru_cache(maxsize=1)
def _concepts() -> dict[tuple[str, str], Known]:
    return {(known.vocabulary_id, known.concept_code): known for known in known_concepts()}


def coding(event: Event) -> Coding:
    """How the code of an event stands in its row."""
    vocabulary = _VOCABULARY_OF.get(event.system, "")
    return Coding(vocabulary, event.code, _concepts().get((vocabulary, event.code)))


def unit_concept(unit: str) -> Known | None:
    """The concept of a UCUM unit."""
    return _concepts().get(("UCUM", unit))


def text(value: str) -> str | None:
    """Text that UTF-8 can hold; none where there is none. What is lost is part of the difference."""
    return value.encode(errors="replace").decode() or None


def table_of(event: Event) -> str:
    """The table that an event belongs to; what OMOP has none for is an observation.

    So is what was taken back or did not happen, because OMOP cannot say so: its row has no code and no value.
    """
    if not event.valid:
        return "observation"
    if event.kind != "observation":
        return _KINDS.get(event.kind, "observation")
    measured = event.value == event.value or event.name in ANALYTES
    return "measurement" if measured else "observation"


def person_row(number: int, info: PatientInfo) -> Row:
    """The row of PERSON."""
    birth = info.birth
    known = _moment(birth.us) if birth else None
    width = birth.width if birth else 0
    return {
        "person_id": number,
        "gender_concept_id": _SEX_OF.get(info.sex or "", 0),
        "year_of_birth": known.year if known else None,
        "month_of_birth": known.month if known and width < 300 * DAY else None,
        "day_of_birth": known.day if known and width <= DAY else None,
        "birth_datetime": known if width < DAY else None,
        "race_concept_id": _RACE_OF.get(info.race or "", 0),
        "ethnicity_concept_id": 0,
        "person_source_value": text(info.id),
        "gender_source_value": info.sex,
        "race_source_value": info.race,
    }


def death_row(number: int, death: Instant) -> Row:
    """The row of DEATH of a person whose death is no event."""
    return {"person_id": number, "death_type_concept_id": EHR, "cause_concept_id": 0,
            **_start("death", death.us, death.width)}  # fmt: skip


def period_row(number: int, first: int, last: int) -> Row:
    """The row of OBSERVATION_PERIOD: from the first event to the last."""
    start, end = _moment(first), _moment(last)
    return {
        "observation_period_id": number,
        "person_id": number,
        "observation_period_start_date": start.date() if start else None,
        "observation_period_end_date": end.date() if end else None,
        "period_type_concept_id": EHR,
    }


def event_row(table: str, identifier: int, number: int, event: Event) -> Row:
    """The row of an event in the table that it stands in."""
    columns = TABLES[table]
    prefix = _PREFIX.get(table, table)
    row = {"person_id": number, **_start(columns.start, event.time, event.width), **_typed(table, event)}
    if columns.id:
        row[columns.id] = identifier
    if columns.end:
        row |= _end(columns.end, event, must=table in _MUST_END)
    if not event.valid:
        return row | {f"{prefix}_concept_id": 0, f"{prefix}_source_value": text(event.status)}
    if table == "death":
        return row | {"cause_concept_id": 0, "cause_source_value": text(event.text)}
    known = coding(event).concept
    concept = known.concept_id if known else 0
    row |= {
        f"{prefix}_concept_id": concept,
        f"{prefix}_source_concept_id": concept,
        f"{prefix}_source_value": text(event.code),
    }
    if table in ("measurement", "observation"):
        return row | _value(table, event)
    if table == "drug_exposure":
        return row | _drug(event)
    if table == "condition_occurrence":
        row["condition_status_source_value"] = text(event.status)
    return row


def _typed(table: str, event: Event) -> Row:
    name = "visit" if table == "visit_occurrence" else table.partition("_")[0]
    return {f"{name}_type_concept_id": _DRUG_TYPES.get(event.kind, EHR)}


def _moment(us: int) -> datetime | None:
    """A date with time, naive UTC; None where it is unknown or of no year that files can hold."""
    return _EPOCH + timedelta(microseconds=us) if _FIRST <= us <= _LAST else None


def _start(stem: str, us: int, width: int) -> Row:
    moment = _moment(us)
    day: date | None = moment.date() if moment else None
    return {f"{stem}_date": day, f"{stem}_datetime": moment if width < DAY else None}


def _end(stem: str, event: Event, must: bool) -> Row:
    if event.until == NAT and must:
        return _start(stem, event.time, event.width)
    return _start(stem, event.until, 0)


def _value(table: str, event: Event) -> Row:
    known = unit_concept(event.unit)
    number = None if event.value != event.value else event.value
    row: Row = {
        "value_as_number": number,
        "operator_concept_id": _OPERATOR_OF.get(event.comparator),
        "unit_concept_id": known.concept_id if known else 0 if event.unit else None,
        "unit_source_value": text(event.unit or (event.original_unit if number is not None else "")),
        "value_source_value": text(event.original_value if number is not None else event.text),
    }
    if table == "observation":
        del row["operator_concept_id"]
        row["value_as_string"] = row["value_source_value"]
    return row


def _drug(event: Event) -> Row:
    return {
        "sig": text(event.text),
        "route_concept_id": 0,
        "route_source_value": text(event.route),
        "dose_unit_source_value": text(event.unit),
    }
