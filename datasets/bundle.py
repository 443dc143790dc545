"""The FHIR R4 bundle of the bundled patient, from a course of doses and INRs."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta, timezone
from typing import Any

from .course import DOSE_HOUR, Course

Resource = dict[str, Any]

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "pytwin/datasets/patient")
MIDNIGHT = datetime(2025, 1, 13, tzinfo=timezone(timedelta(hours=-5)))
DISCHARGE_DAY = 9

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
SNOMED = "http://snomed.info/sct"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
HL7 = "http://hl7.org/fhir"

WARFARIN = {"coding": [{"system": RXNORM, "code": "11289", "display": "warfarin"}], "text": "warfarin"}
BISOPROLOL = {"coding": [{"system": RXNORM, "code": "19484", "display": "bisoprolol"}], "text": "bisoprolol"}

# name, LOINC code and display, value, unit text, UCUM code, hours since the first midnight
MEASURES = (
    ("body-height", "8302-2", "Body height", 165.0, "cm", "cm", 8.2),
    ("body-weight", "29463-7", "Body weight", 64.0, "kg", "kg", 8.2),
    ("creatinine", "2160-0", "Creatinine [Mass/volume] in Serum or Plasma", 0.9, "mg/dL", "mg/dL", 7.5),
    ("albumin", "1751-7", "Albumin [Mass/volume] in Serum or Plasma", 4.1, "g/dL", "g/dL", 7.5),
    (
        "alt",
        "1742-6",
        "Alanine aminotransferase [Enzymatic activity/volume] in Serum or Plasma",
        22.0,
        "U/L",
        "U/L",
        7.5,
    ),
    ("hemoglobin", "718-7", "Hemoglobin [Mass/volume] in Blood", 13.1, "g/dL", "g/dL", 7.5),
)


def urn(name: str) -> str:
    """The fullUrl of the resource called ``name``: a name-based UUID."""
    return f"urn:uuid:{uuid.uuid5(NAMESPACE, name)}"


def instant(hours: float) -> str:
    """ISO 8601 with offset, ``hours`` after the first midnight."""
    return (MIDNIGHT + timedelta(hours=hours)).isoformat()


def resource(kind: str, key: str, /, **fields: Any) -> Resource:
    """One entry of the bundle; all but the patient refer to her."""
    identity = {"resourceType": kind, "id": urn(key).removeprefix("urn:uuid:")}
    if kind != "Patient":
        fields = {"subject": {"reference": urn("patient")}, **fields}
    return {"fullUrl": urn(key), "resource": identity | fields}


def _coded(system: str, code: str, display: str) -> Resource:
    return {"coding": [{"system": system, "code": code, "display": display}], "text": display}


def patient() -> Resource:
    """A woman of 71 with a name that nobody bears."""
    race = {
        "url": f"{HL7}/us/core/StructureDefinition/us-core-race",
        "extension": [
            {
                "url": "ombCategory",
                "valueCoding": {
                    "system": "urn:oid:2.16.840.1.113883.6.238",
                    "code": "2106-3",
                    "display": "White",
                },
            },
            {"url": "text", "valueString": "White"},
        ],
    }
    return resource(
        "Patient",
        "patient",
        meta={
            "security": [
                {"system": f"{TERMINOLOGY}/v3-ActReason", "code": "HTEST", "display": "test health data"}
            ]
        },
        extension=[race],
        identifier=[{"system": "urn:pytwin:synthetic", "value": "SYNTHETIC-0001"}],
        name=[{"use": "official", "family": "Synthetica", "given": ["Exempla"]}],
        gender="female",
        birthDate="1953-12-20",
    )


def observation(
    name: str,
    code: str,
    display: str,
    value: float,
    unit: str,
    ucum: str,
    hours: float,
    *,
    status: str = "final",
    category: str = "laboratory",
) -> Resource:
    """One measurement."""
    return resource(
        "Observation",
        name,
        status=status,
        category=[_coded(f"{TERMINOLOGY}/observation-category", category, category.replace("-", " "))],
        code=_coded(LOINC, code, display),
        effectiveDateTime=instant(hours),
        valueQuantity={"value": value, "unit": unit, "system": UCUM, "code": ucum},
    )


def _inr(name: str, hours: float, value: float, status: str = "final") -> Resource:
    display = "INR in Platelet poor plasma by Coagulation assay"
    return observation(name, "6301-6", display, value, "INR", "{INR}", hours, status=status)


def observations(course: Course) -> list[Resource]:
    """Baseline measures, the INRs, and one INR that the laboratory withdrew as entered in error."""
    vital = {"body-height", "body-weight"}
    first = [
        observation(*row, category="vital-signs" if row[0] in vital else "laboratory") for row in MEASURES
    ]
    inrs = [_inr(f"inr-{int(hours // 24):02d}", hours, value) for hours, value in course.inrs]
    mislabelled = _inr("inr-mislabelled", 12 * 24 + 9.0, 5.9, status="entered-in-error")
    return [*first, *inrs, mislabelled]


def condition(name: str, code: str, display: str, icd10: str, onset: str) -> Resource:
    """One active, confirmed problem."""
    coding = [
        {"system": SNOMED, "code": code, "display": display},
        {"system": f"{HL7}/sid/icd-10-cm", "code": icd10},
    ]
    return resource(
        "Condition",
        name,
        clinicalStatus=_coded(f"{TERMINOLOGY}/condition-clinical", "active", "Active"),
        verificationStatus=_coded(f"{TERMINOLOGY}/condition-ver-status", "confirmed", "Confirmed"),
        code={"coding": coding, "text": display},
        onsetDateTime=onset,
    )


def daily(amount: float, bounds: Resource | None = None) -> Resource:
    """A dosage of ``amount`` mg by mouth every evening, within bounds where they are known."""
    hour = f"{int(DOSE_HOUR):02d}:00:00"
    repeat: Resource = {"boundsPeriod": bounds} if bounds else {}
    repeat |= {"frequency": 1, "period": 1, "periodUnit": "d", "timeOfDay": [hour]}
    return {
        "text": f"{amount:g} mg by mouth once a day at {hour[:5]}",
        "timing": {"repeat": repeat},
        "route": _coded(SNOMED, "26643006", "Oral route"),
        "doseAndRate": [{"doseQuantity": {"value": amount, "unit": "mg", "system": UCUM, "code": "mg"}}],
    }


def _evenings(first: int, last: int | None) -> Resource:
    """A period from one evening to another, both included; open where there is no last one."""
    start = {"start": instant(24.0 * first + DOSE_HOUR)}
    return start if last is None else start | {"end": instant(24.0 * last + DOSE_HOUR)}


def request(index: int, day: int, end: int | None, amount: float) -> Resource:
    """The order of a regimen; all but the last were stopped."""
    return resource(
        "MedicationRequest",
        f"request-{index}",
        status="active" if end is None else "stopped",
        intent="order",
        medicationCodeableConcept=WARFARIN,
        authoredOn=instant(24.0 * day + 10.0),
        reasonReference=[{"reference": urn("atrial-fibrillation")}],
        dosageInstruction=[daily(amount, _evenings(day, end))],
    )


def administration(hours: float, amount: float, order: int) -> Resource:
    """A dose given on the ward, or (amount 0) one that was held."""
    fields: Resource = {"status": "completed"}
    if amount == 0.0:
        reason = {"text": "held: INR too high"}
        fields = {"status": "not-done", "statusReason": [reason]}
    else:
        dose = {"value": amount, "unit": "mg", "system": UCUM, "code": "mg"}
        fields["dosage"] = {"route": _coded(SNOMED, "26643006", "Oral route"), "dose": dose}
    return resource(
        "MedicationAdministration",
        f"administration-{int(hours // 24):02d}",
        medicationCodeableConcept=WARFARIN,
        effectiveDateTime=instant(hours),
        request={"reference": urn(f"request-{order}")},
        **fields,
    )


def statement(
    name: str, drug: Resource, day: int, end: int | None, amount: float, order: int | None
) -> Resource:
    """What the patient says she takes at home, with its period (days, end included)."""
    based = {"basedOn": [{"reference": urn(f"request-{order}")}]} if order is not None else {}
    return resource(
        "MedicationStatement",
        name,
        status="active" if end is None else "completed",
        medicationCodeableConcept=drug,
        effectivePeriod=_evenings(day, end),
        dosage=[daily(amount)],
        informationSource={"reference": urn("patient")},
        **based,
    )


def medications(course: Course) -> list[Resource]:
    """Orders, ward administrations until discharge, statements of use at home after it."""
    starts = [day for day, _ in course.regimens]
    ends = [*(day - 1 for day in starts[1:]), None]
    orders = [request(i, day, ends[i], mg) for i, (day, mg) in enumerate(course.regimens)]
    taken = sorted([*course.doses, *((hour, 0.0) for hour in course.held)])
    ward = []
    for hours, amount in taken:
        day = int(hours // 24)
        if day < DISCHARGE_DAY:
            ward.append(administration(hours, amount, sum(s <= day for s in starts) - 1))
    home = []
    for i, (day, amount) in enumerate(course.regimens):
        end = ends[i]
        if end is None or end >= DISCHARGE_DAY:
            home.append(statement(f"statement-{i}", WARFARIN, max(day, DISCHARGE_DAY), end, amount, i))
    home.append(statement("statement-bisoprolol", BISOPROLOL, 1, None, 2.5, None))
    return [*orders, *ward, *home]


def bundle(course: Course) -> Resource:
    """The whole collection."""
    entries = [
        patient(),
        condition("atrial-fibrillation", "49436004", "Atrial fibrillation", "I48.91", "2025-01-12"),
        condition("hypertension", "59621000", "Essential hypertension", "I10", "2014"),
        *observations(course),
        *medications(course),
    ]
    return {
        "resourceType": "Bundle",
        "id": str(uuid.uuid5(NAMESPACE, "bundle")),
        "type": "collection",
        "timestamp": instant(course.inrs[-1][0] + 1.0),
        "entry": entries,
    }
