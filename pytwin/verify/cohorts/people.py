"""The synthetic cohort: a seeded generator of people with facts that every format can be asked to carry."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

# LOINC code, name, unit in UCUM, low, high: the units are those that the readers call canonical
LABS = (
    ("2160-0", "Creatinine", "mg/dL", 0.5, 3.0),
    ("2823-3", "Potassium", "mmol/L", 3.0, 6.0),
    ("2951-2", "Sodium", "mmol/L", 125.0, 150.0),
    ("718-7", "Hemoglobin", "g/dL", 8.0, 17.0),
    ("6301-6", "INR", "{INR}", 0.9, 5.0),
    ("2345-7", "Glucose", "mg/dL", 60.0, 300.0),
    ("29463-7", "Body weight", "kg", 45.0, 120.0),
    ("8867-4", "Heart rate", "/min", 45.0, 140.0),
)
# SNOMED CT codes with names of the project's own
CONDITIONS = (
    ("38341003", "high blood pressure"),
    ("44054006", "type 2 diabetes"),
    ("49436004", "atrial fibrillation"),
)
ALLERGIES = (("91936005", "allergy to penicillin"), ("300913006", "allergy to shellfish"))
PROCEDURES = (("71388002", "a procedure"), ("80146002", "removal of the appendix"))
# CVX
VACCINES = (("140", "influenza"), ("113", "tetanus and diphtheria"))
# RxNorm ingredients
DRUGS = (("11289", "warfarin", 5.0), ("6809", "metformin", 500.0), ("29046", "lisinopril", 10.0))


class Fact(NamedTuple):
    """One thing that happened to a person.

    ``status`` is one of FHIR's; ``every`` are hours between doses.
    """

    kind: str
    time: datetime
    system: str
    code: str
    name: str
    value: float | None = None
    comparator: str = ""
    unit: str = ""
    status: str = ""
    every: float | None = None


class Person(NamedTuple):
    """A person with facts in order of time."""

    id: str
    sex: str
    birth: str
    facts: tuple[Fact, ...]


def cohort(count: int = 20, seed: int = 1) -> tuple[Person, ...]:
    """A cohort that depends on count and seed alone."""
    chance = random.Random(seed)
    return tuple(_person(chance, f"{1000 + i}") for i in range(count))


def _person(chance: random.Random, identifier: str) -> Person:
    birth = f"{chance.randint(1930, 2000)}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"
    start = datetime(2021, 1, 1, tzinfo=UTC) + timedelta(days=chance.randint(0, 900))
    facts = [_lab(chance, start) for _ in range(chance.randint(5, 25))]
    for kind, system, table in (
        ("condition", "SNOMED", CONDITIONS),
        ("allergy", "SNOMED", ALLERGIES),
        ("procedure", "SNOMED", PROCEDURES),
        ("immunization", "CVX", VACCINES),
    ):
        for code, name in chance.sample(table, chance.randint(0, len(table))):
            facts.append(Fact(kind, _moment(chance, start), system, code, name))
    for code, name, dose in chance.sample(DRUGS, chance.randint(0, 2)):
        facts.append(
            Fact("order", _moment(chance, start), "RxNorm", code, name, dose, "", "mg", "active", 24.0)
        )
    # no two facts of one person at one instant, so that none can be taken for another
    distinct = {fact.time: fact for fact in facts}
    return Person(
        identifier, chance.choice(("male", "female")), birth, tuple(distinct[t] for t in sorted(distinct))
    )


def _moment(chance: random.Random, start: datetime) -> datetime:
    return start + timedelta(seconds=chance.randint(0, 300 * 86_400))


def _lab(chance: random.Random, start: datetime) -> Fact:
    code, name, unit, low, high = chance.choice(LABS)
    value = round(chance.uniform(low, high), 2)
    comparator = chance.choice(("", "", "", "", "", "", "<", ">"))
    status = chance.choice(("final", "final", "final", "corrected", "preliminary"))
    return Fact("observation", _moment(chance, start), "LOINC", code, name, value, comparator, unit, status)
