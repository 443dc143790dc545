"""A synthetic man who has taken warfarin for months: orders and statements only, no dose seen given.

His course: a steady dose; amiodarone for ten weeks, which lowers the clearance of S-warfarin; a week without
warfarin; a higher target INR. He is drawn from Hamberg et al. 2010 (Clin Pharmacol Ther 87:727) with genotype
CYP2C9 *1/*1 and VKORC1 -1639 GA; amiodarone acts as in the Population ``warfarin/hamberg2010@1``.
"""

from __future__ import annotations

import json
import math
import uuid
from dataclasses import replace
from typing import Any

import numpy as np

from .bundle import (
    NAMESPACE,
    RXNORM,
    WARFARIN,
    Resource,
    condition,
    daily,
    instant,
    observation,
    resource,
    urn,
)
from .course import DOSE_HOUR, INR_LOG_SD, SAMPLE_HOUR, Normals, Person, advance, inr_of

SEED = 7
RUN_IN = 120  # days on the first dose before the record begins
DAYS = 236
# (first day, mg a day); less under amiodarone.
REGIMENS = ((-RUN_IN, 5.0), (66, 4.0), (129, 5.0), (204, 6.0))
AMIODARONE = (45, 115)
CLEARANCE_SHARE = 0.775847
MISSED = (160, 166)
TARGETS = ((0, 2.5), (201, 3.0))
SAMPLES = (0, 14, 28, 42, 56, 65, 79, 93, 107, 121, 128, 142, 156, 167, 174, 188, 203, 217, 231)
AMIODARONE_DRUG = {
    "coding": [{"system": RXNORM, "code": "703", "display": "amiodarone"}],
    "text": "amiodarone",
}


def person(seed: int = SEED) -> tuple[Person, Normals]:
    """Hidden parameters, and the generator for the errors of the INRs."""
    normal = Normals(seed)
    a, b, c = normal(), normal(), normal()
    deviation = 0.84 * a + math.sqrt(1.0 - 0.84**2) * b
    drawn = Person(
        0.348 * math.exp(math.sqrt(0.089) * a),
        14.3 * math.exp(math.sqrt(0.054) * deviation),
        3.01 * math.exp(0.34 * c),
    )
    return drawn, normal


def dose_of(day: int) -> float:
    """mg that he takes on an evening."""
    if MISSED[0] <= day <= MISSED[1]:
        return 0.0
    return [mg for first, mg in REGIMENS if first <= day][-1]


def inrs(seed: int = SEED) -> list[tuple[int, float]]:
    """(day, INR measured in the morning)."""
    drawn, normal = person(seed)
    x = np.array([0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    found = []
    for day in range(-RUN_IN, DAYS):
        slowed = AMIODARONE[0] <= day < AMIODARONE[1]
        now = replace(drawn, clearance=drawn.clearance * (CLEARANCE_SHARE if slowed else 1.0))
        x = advance(x, SAMPLE_HOUR + 24.0 - DOSE_HOUR, now)
        if day in SAMPLES:
            found.append((day, round(inr_of(x) * math.exp(INR_LOG_SD * normal()), 1)))
        x = advance(x, DOSE_HOUR - SAMPLE_HOUR, now)
        x = x + np.array([dose_of(day) / 2.0] + [0.0] * 7)
    return found


def _evening(day: int) -> str:
    return instant(24.0 * day + DOSE_HOUR)


def _patient() -> Resource:
    return resource(
        "Patient",
        "treated-patient",
        identifier=[{"system": "urn:pytwin:synthetic", "value": "SYNTHETIC-0002"}],
        name=[{"use": "official", "family": "Synthetico", "given": ["Exemplar"]}],
        gender="male",
        birthDate="1958-04-02",
    )


def _order(index: int, first: int, last: int | None, amount: float) -> Resource:
    bounds = {"start": _evening(first)} | ({} if last is None else {"end": _evening(last)})
    return resource(
        "MedicationRequest",
        f"treated-request-{index}",
        status="active" if last is None else "stopped",
        intent="order",
        medicationCodeableConcept=WARFARIN,
        authoredOn=instant(24.0 * first + 10.0),
        dosageInstruction=[daily(amount, bounds)],
    )


def _statement(name: str, drug: Resource, first: int, last: int | None, status: str, dosage: Any) -> Resource:
    period = {"start": _evening(first)} | ({} if last is None else {"end": _evening(last)})
    return resource(
        "MedicationStatement",
        name,
        status=status,
        medicationCodeableConcept=drug,
        effectivePeriod=period,
        dosage=dosage,
        informationSource={"reference": urn("treated-patient")},
    )


def _medications() -> list[Resource]:
    ends = [*(first - 1 for first, _ in REGIMENS[1:]), None]
    orders = [_order(i, max(day, 0), ends[i], mg) for i, (day, mg) in enumerate(REGIMENS)]
    home = _statement(
        "treated-use", WARFARIN, -RUN_IN, REGIMENS[1][0] - 1, "completed", [daily(REGIMENS[0][1])]
    )
    heart = _statement("treated-amiodarone", AMIODARONE_DRUG, *AMIODARONE, "completed", [daily(200.0)])
    week = _statement("treated-missed", WARFARIN, *MISSED, "not-taken", [daily(dose_of(MISSED[0] - 1))])
    return [*orders, home, heart, week]


def _target(day: int, value: float) -> Resource:
    made = observation(
        f"treated-target-{day}", "target-inr", "target INR", value, "INR", "{INR}", 24.0 * day + 9.0
    )
    made["resource"]["code"] = {"text": "target INR"}
    return made


def bundle(seed: int = SEED) -> Resource:
    """The whole collection."""
    display = "INR in Platelet poor plasma by Coagulation assay"
    measured = [
        observation(f"treated-inr-{day}", "6301-6", display, v, "INR", "{INR}", 24.0 * day + SAMPLE_HOUR)
        for day, v in inrs(seed)
    ]
    entries = [
        _patient(),
        condition("treated-fibrillation", "49436004", "Atrial fibrillation", "I48.91", "2023"),
        *(_target(day, value) for day, value in TARGETS),
        *measured,
        *_medications(),
    ]
    for entry in entries[1:]:
        entry["resource"]["subject"] = {"reference": urn("treated-patient")}
    return {
        "resourceType": "Bundle",
        "id": str(uuid.uuid5(NAMESPACE, "treated-bundle")),
        "type": "collection",
        "timestamp": instant(24.0 * SAMPLES[-1] + 12.0),
        "entry": entries,
    }


def text(seed: int = SEED) -> str:
    """The text of ``treated.json``."""
    return json.dumps(bundle(seed), indent=1, ensure_ascii=False) + "\n"
