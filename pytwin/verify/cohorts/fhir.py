"""The cohort as FHIR R4: one transaction Bundle for each person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pytwin.verify.cohorts.people import Fact, Person

_SYSTEM = {
    "LOINC": "http://loinc.org",
    "SNOMED": "http://snomed.info/sct",
    "RxNorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "CVX": "http://hl7.org/fhir/sid/cvx",
}
Json = dict[str, Any]


def write(people: tuple[Person, ...], folder: Path) -> Path:
    """A folder of Bundles."""
    for person in people:
        resources = [_patient(person), *(_resource(person, i, f) for i, f in enumerate(person.facts))]
        entries = [{"fullUrl": f"urn:uuid:{r['resourceType']}-{r['id']}", "resource": r} for r in resources]
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
        (folder / f"{person.id}.json").write_text(json.dumps(bundle), encoding="utf-8")
    return folder


def _patient(person: Person) -> Json:
    return {"resourceType": "Patient", "id": person.id, "gender": person.sex, "birthDate": person.birth}


def _resource(person: Person, number: int, fact: Fact) -> Json:
    subject = {"reference": f"urn:uuid:Patient-{person.id}"}
    code = {"coding": [{"system": _SYSTEM[fact.system], "code": fact.code, "display": fact.name}]}
    time = fact.time.strftime("%Y-%m-%dT%H:%M:%SZ")
    base = {"id": f"f{person.id}-{number}"}
    if fact.kind == "observation":
        quantity = {
            "value": fact.value, "unit": fact.unit, "system": "http://unitsofmeasure.org", "code": fact.unit,
            **({"comparator": fact.comparator} if fact.comparator else {}),
        }  # fmt: skip
        return {
            "resourceType": "Observation", **base, "status": fact.status, "code": code, "subject": subject,
            "effectiveDateTime": time, "valueQuantity": quantity,
        }  # fmt: skip
    if fact.kind == "order":
        return {
            "resourceType": "MedicationRequest", **base, "status": fact.status, "intent": "order",
            "medicationCodeableConcept": code, "subject": subject, "authoredOn": time,
            "dosageInstruction": [{
                "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
                "doseAndRate": [{"doseQuantity": {"value": fact.value, "unit": "mg"}}],
            }],
        }  # fmt: skip
    if fact.kind == "condition":
        return {"resourceType": "Condition", **base, "code": code, "subject": subject, "onsetDateTime": time}
    if fact.kind == "allergy":
        return {
            "resourceType": "AllergyIntolerance", **base, "code": code, "patient": subject,
            "onsetDateTime": time,
        }  # fmt: skip
    if fact.kind == "procedure":
        return {
            "resourceType": "Procedure", **base, "status": "completed", "code": code, "subject": subject,
            "performedDateTime": time,
        }  # fmt: skip
    return {
        "resourceType": "Immunization", **base, "status": "completed", "vaccineCode": code,
        "patient": subject,
        "occurrenceDateTime": time,
    }  # fmt: skip
