"""One synthetic cohort in every format: the readers find the same events, as far as a format carries them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pytwin.record import read_records
from pytwin.verify.case import Case, equal
from pytwin.verify.cohorts import ccda, databases, fhir, hl7, tables
from pytwin.verify.cohorts.people import Fact, Person, cohort
from pytwin.verify.run import Context

_SOURCE = "the synthetic cohort of 20 people, pytwin/verify/cohorts"
_EVERY = ("observation", "condition", "allergy", "procedure", "immunization", "order")
_CODED = ("observation", "condition", "procedure", "immunization")
Key = tuple[Any, ...]


class Carrier(NamedTuple):
    """A format, how it is written, and what it carries.

    ``kinds`` are the kinds of events; ``status`` says whether observations have one.
    """

    name: str
    write: Callable[[tuple[Person, ...], Path], Path]
    kinds: tuple[str, ...]
    status: bool
    mapping: dict[str, Any] | None = None


CARRIERS = (
    Carrier("FHIR R4", fhir.write, _EVERY, True),
    Carrier("HL7 v2", hl7.write, (*_CODED, "order"), True),
    Carrier("C-CDA", ccda.write, (*_CODED, "allergy"), False),
    Carrier("OMOP", tables.write_omop, _CODED, False),
    Carrier("OMOP in SQLite", databases.write_sqlite, _CODED, False),
    Carrier("OMOP in DuckDB", databases.write_duckdb, _CODED, False),
    Carrier("MEDS", tables.write_meds, ("observation", "condition", "procedure"), False),
    Carrier("CSV", tables.write_csv, ("observation",), True, tables.MAPPING),
)


def cases(context: Context) -> Iterator[Case]:
    """One case for each format: events that are missing, different or too many."""
    people = cohort(200 if context.full else 20)
    for carrier in CARRIERS:
        wanted = _wanted(people, carrier)
        got = _got(people, carrier)
        yield equal(
            f"{carrier.name}: {len(wanted)} events, of which missing or different",
            0,
            len(wanted - got),
            source=_SOURCE,
        )
        yield equal(f"{carrier.name}: events that nobody wrote", 0, len(got - wanted), source=_SOURCE)


def _wanted(people: tuple[Person, ...], carrier: Carrier) -> set[Key]:
    return {_fact(p, f, carrier) for p in people for f in p.facts if f.kind in carrier.kinds}


def _fact(person: Person, fact: Fact, carrier: Carrier) -> Key:
    measured = fact.kind in ("observation", "order")
    return (
        person.id, person.sex, int(fact.time.timestamp()) * 1_000_000, fact.kind, fact.system, fact.code,
        fact.value if measured else None, fact.comparator, fact.unit,
        fact.status if carrier.status and fact.kind == "observation" else "",
    )  # fmt: skip


def _got(people: tuple[Person, ...], carrier: Carrier) -> set[Key]:
    with tempfile.TemporaryDirectory() as folder:
        path = carrier.write(people, Path(folder))
        return {
            (
                record.patient.id, record.patient.sex, e.time, e.kind, e.system, e.code,
                e.value if e.kind in ("observation", "order") else None, e.comparator, e.unit,
                e.status if carrier.status and e.kind == "observation" else "",
            )
            for record in read_records(path, mapping=carrier.mapping)
            for e in record.events
        }  # fmt: skip
