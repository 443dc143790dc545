"""Other versions of FHIR, other kinds of resources, XML, and what a validator would find."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytwin.errors import InputError
from pytwin.record import NAT, Event, Record, parse_time, read_record
from pytwin.record.fhir.versions import _RULES

PATIENT = {"resourceType": "Patient", "id": "p", "birthDate": "1950-03-14", "identifier": [{"value": "v"}]}
DOSE = {"value": 5, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}
DAILY2 = {"repeat": {"frequency": 1, "period": 1, "periodUnits": "d"}}
DAILY = {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}
WARFARIN = {"text": "warfarin"}
WHEN = "2024-03-01T08:00:00Z"


def read(*resources: dict[str, Any], **bundle: Any) -> Record:
    entries = [{"resource": r} for r in (PATIENT, *resources)]
    return read_record(
        json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries, **bundle}).encode()
    )


def one(kind: str, subject: str = "subject", **values: Any) -> tuple[Event, Record]:
    record = read({"resourceType": kind, "id": "x", subject: {"reference": "Patient/p"}, **values})
    (event,) = record.events
    return event, record


def version(record: Record) -> str:
    return " ".join(i.message.rpartition("FHIR ")[2] for i in record.issues.with_code("fhir.version"))


@pytest.mark.parametrize(
    ("kind", "subject", "values", "expected"),
    [
        (
            "MedicationOrder",
            "patient",
            {
                "status": "active",
                "dateWritten": WHEN,
                "dateEnded": "2024-03-10T08:00:00Z",
                "medicationCodeableConcept": WARFARIN,
                "dosageInstruction": [{"timing": DAILY2, "doseQuantity": DOSE}],
            },
            ("order", 5.0, 24.0, "DSTU2"),
        ),
        (
            "MedicationPrescription",
            "patient",
            {
                "status": "active",
                "dateWritten": WHEN,
                "contained": [{"resourceType": "Medication", "id": "m", "code": WARFARIN}],
                "medication": {"reference": "#m"},
                "dosageInstruction": [{"timing": DAILY2, "doseQuantity": DOSE}],
            },
            ("order", 5.0, 24.0, "DSTU1"),
        ),
        (
            "MedicationRequest",
            "subject",
            {
                "status": "active",
                "intent": "order",
                "context": {"reference": "Encounter/e"},
                "authoredOn": WHEN,
                "medicationCodeableConcept": WARFARIN,
                "dosageInstruction": [{"timing": DAILY, "doseQuantity": DOSE}],
            },
            ("order", 5.0, 24.0, "STU3"),
        ),
        (
            "MedicationRequest",
            "subject",
            {
                "status": "active",
                "intent": "order",
                "reported": False,
                "authoredOn": WHEN,
                "medication": {"concept": WARFARIN},
                "dosageInstruction": [{"timing": DAILY, "doseAndRate": [{"doseQuantity": DOSE}]}],
            },
            ("order", 5.0, 24.0, "R5"),
        ),
        (
            "MedicationAdministration",
            "subject",
            {
                "status": "completed",
                "medication": {"concept": WARFARIN},
                "occurenceDateTime": WHEN,
                "dosage": {"dose": DOSE},
            },
            ("administration", 5.0, None, "R5"),
        ),
        (
            "MedicationAdministration",
            "patient",
            {
                "status": "completed",
                "medicationCodeableConcept": WARFARIN,
                "effectiveTimeDateTime": WHEN,
                "dosage": {"quantity": DOSE},
            },
            ("administration", 5.0, None, "DSTU1 or DSTU2"),
        ),
        (
            "MedicationStatement",
            "patient",
            {
                "status": "active",
                "wasNotTaken": False,
                "medicationCodeableConcept": WARFARIN,
                "effectivePeriod": {"start": WHEN},
                "dosage": [{"timing": DAILY2, "quantityQuantity": DOSE}],
            },
            ("statement", 5.0, 24.0, "DSTU2"),
        ),
        (
            "MedicationStatement",
            "subject",
            {
                "status": "recorded",
                "adherence": {"code": {"coding": [{"code": "taking"}]}},
                "medication": {"concept": WARFARIN},
                "effectiveDateTime": WHEN,
                "dosage": [{"timing": DAILY, "doseAndRate": [{"doseQuantity": DOSE}]}],
            },
            ("statement", 5.0, 24.0, "R5"),
        ),
    ],
)
def test_doses(kind: str, subject: str, values: Any, expected: tuple[str, float, float | None, str]) -> None:
    event, record = one(kind, subject, **values)
    every = None if event.every != event.every else event.every
    assert (event.kind, event.value, every, version(record)) == expected
    assert (event.name, event.unit, event.usable, event.time) == ("warfarin", "mg", True, parse_time(WHEN).us)
    if "dateEnded" in values:
        assert event.until == parse_time(values["dateEnded"]).us
    assert "fhir.unknown-element" not in record.issues.counts()


@pytest.mark.parametrize(
    ("kind", "subject", "values", "reason"),
    [
        ("MedicationStatement", "subject", {"status": "active", "taken": "n"}, "status.not-taken"),
        ("MedicationStatement", "patient", {"status": "active", "wasNotTaken": True}, "status.not-taken"),
        ("MedicationAdministration", "subject", {"status": "completed", "notGiven": True}, "status.not-done"),
        ("MedicationDispense", "subject", {"status": "completed", "notDone": True}, "status.not-done"),
        (
            "Procedure",
            "subject",
            {"status": "completed", "notPerformed": True, "code": WARFARIN},
            "status.not-done",
        ),
        (
            "Immunization",
            "patient",
            {"status": "completed", "notGiven": True, "vaccineCode": WARFARIN},
            "status.not-done",
        ),
    ],
)
def test_what_was_not_done_in_other_versions(kind: str, subject: str, values: Any, reason: str) -> None:
    event, _ = one(kind, subject, **values)
    assert (event.valid, event.usable, event.reason) == (False, False, reason)


@pytest.mark.parametrize(
    ("kind", "subject", "values", "status", "letters"),
    [
        (
            "Condition",
            "patient",
            {"dateRecorded": "2024-03-01", "clinicalStatus": "active"},
            "active",
            "DSTU2",
        ),
        (
            "Condition",
            "subject",
            {"assertedDate": "2024-03-01", "clinicalStatus": "active"},
            "active",
            "STU3",
        ),
        ("AllergyIntolerance", "patient", {"substance": WARFARIN, "status": "active"}, "active", "DSTU2"),
        (
            "AllergyIntolerance",
            "patient",
            {"assertedDate": "2024-03-01", "clinicalStatus": "active"},
            "active",
            "STU3",
        ),
    ],
)
def test_conditions(kind: str, subject: str, values: Any, status: str, letters: str) -> None:
    event, record = one(kind, subject, **{"code": WARFARIN, **values})
    assert (event.status, version(record)) == (status, letters)
    refuted = {"verificationStatus": "refuted"} if "substance" not in values else {"status": "refuted"}
    event, _ = one(kind, subject, **{"code": WARFARIN, **values, **refuted})
    assert not event.valid


def test_what_was_done_for_the_patient() -> None:
    period = {"start": WHEN, "end": "2024-03-01T09:00:00Z"}
    subject = {"reference": "Patient/p"}
    encounters = [
        {"class": "inpatient", "patient": subject, "period": period},
        {"class": {"code": "inpatient"}, "subject": subject, "period": period},
        {"class": [{"coding": [{"code": "inpatient"}]}], "subject": subject, "actualPeriod": period},
    ]
    for fields in encounters:
        record = read(
            {"resourceType": "Encounter", "status": "finished", "type": [{"text": "stay"}], **fields}
        )
        (event,) = record.events
        assert (event.kind, event.name, event.text, event.usable) == ("encounter", "stay", "inpatient", True)
        assert event.until - event.time == 3600 * 10**6
    event, _ = one("Procedure", status="completed", code=WARFARIN, occurrencePeriod=period)
    assert (event.kind, event.until) == ("procedure", parse_time("2024-03-01T09:00:00Z").us)
    event, _ = one("Immunization", "patient", status="completed", vaccineCode=WARFARIN, date="2024-03-01")
    assert (event.kind, event.when) == ("immunization", "2024-03-01")
    supply = {"quantity": DOSE, "daysSupply": {"value": 30, "unit": "days"}, "whenHandedOver": WHEN}
    event, _ = one("MedicationDispense", status="completed", medicationCodeableConcept=WARFARIN, **supply)
    assert (event.kind, event.value, event.unit, event.usable) == ("dispense", 5.0, "mg", True)
    assert event.until - event.time == 30 * 86400 * 10**6


def test_results_inside_a_report_count_once() -> None:
    code = {"coding": [{"system": "http://loinc.org", "code": "6301-6"}]}
    result = {
        "resourceType": "Observation",
        "status": "final",
        "code": code,
        "valueQuantity": {"value": 2.5, "unit": "1"},
    }
    inside = [{**result, "id": "a"}, {**result, "id": "b", "subject": {"reference": "Patient/q"}}]
    report = {"status": "final", "code": code, "effectiveDateTime": WHEN, "result": [{"reference": "#a"}]}
    event, record = one("DiagnosticReport", contained=inside, **report)
    assert (event.name, event.value, event.id, event.usable) == ("INR", 2.5, "DiagnosticReport/x#a", True)
    assert event.when == WHEN and "fhir.other-subject" in record.issues.counts()
    event, _ = one("DiagnosticReport", contained=inside[:1], **{**report, "status": "entered-in-error"})
    assert (event.valid, event.reason) == (False, "status.entered-in-error")


def test_the_table_of_versions_is_whole() -> None:
    assert {"Observation", "Encounter", "Medication"} < set(_RULES)
    assert all(set(letters) <= set("1235") for rules in _RULES.values() for _, letters in rules.values())


def as_xml(kind: str, inside: str) -> str:
    return f'<{kind} xmlns="http://hl7.org/fhir">{inside}</{kind}>'


def test_xml_says_what_json_says() -> None:
    order = """
      <id value="o"/>
      <text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml"><p>x</p></div></text>
      <status value="active"/><intent value="order"/>
      <medicationCodeableConcept><text value="warfarin"/></medicationCodeableConcept>
      <subject><reference value="Patient/p"/></subject><authoredOn value="2024-03-01T08:00:00Z"/>
      <dosageInstruction>
        <timing>
          <repeat><frequency value="1"/><period value="1.0"/><periodUnit value="d"/></repeat>
        </timing>
        <asNeededBoolean value="false"/>
        <doseAndRate><doseQuantity><value value="5.00"/><unit value="mg"/></doseQuantity></doseAndRate>
      </dosageInstruction>"""
    patient = '<id value="p"/><identifier><value value="v"/></identifier><birthDate value="1950-03-14"/>'
    entries = "".join(
        f"<entry><resource>{body}</resource></entry>"
        for body in (f"<Patient>{patient}</Patient>", f"<MedicationRequest>{order}</MedicationRequest>")
    )
    record = read_record(as_xml("Bundle", f'<type value="collection"/>{entries}').encode())
    same = read(
        {
            "resourceType": "MedicationRequest",
            "id": "o",
            "status": "active",
            "intent": "order",
            "medicationCodeableConcept": WARFARIN,
            "subject": {"reference": "Patient/p"},
            "authoredOn": WHEN,
            "dosageInstruction": [
                {
                    "timing": DAILY,
                    "asNeededBoolean": False,
                    "doseAndRate": [{"doseQuantity": {"value": 5, "unit": "mg"}}],
                }
            ],
        }
    )
    (event,), (other,) = record.events, same.events
    assert event.original_value == "5.00" and event.usable
    plain = event._replace(original_value="5", source="", place="")
    assert repr(plain) == repr(other._replace(source="", place=""))
    assert record.issues.counts() == {}


def test_xml_of_another_kind_is_refused() -> None:
    with pytest.raises(InputError):
        read_record(b'<note xmlns="http://example.org"/>')
    with pytest.raises(InputError, match="fhir.not-fhir"):
        read_record(b'<note xmlns="http://hl7.org/fhir"/>', format="fhir")


@pytest.mark.parametrize(
    ("code", "resource", "bundle"),
    [
        (
            "fhir.base64",
            {"resourceType": "Media", "status": "x", "content": {"contentType": "a", "data": "%%"}},
            {},
        ),
        (
            "fhir.size",
            {
                "resourceType": "Media",
                "status": "x",
                "content": {"contentType": "a", "data": "QQ==", "size": 9},
            },
            {},
        ),
        (
            "fhir.markdown",
            {"resourceType": "Communication", "status": "x", "note": [{"text": "<b>x</b>"}]},
            {},
        ),
        ("fhir.missing-element", {"resourceType": "Composition", "status": "final"}, {}),
        (
            "fhir.duplicate-link",
            {"resourceType": "Basic"},
            {"link": [{"relation": "self"}, {"relation": "self"}]},
        ),
        (
            "fhir.version-reference",
            {
                "resourceType": "Basic",
                "id": "b",
                "meta": {"versionId": "1"},
                "subject": {"reference": "Basic/b/_history/2"},
            },
            {},
        ),
    ],
)
def test_what_a_validator_finds(code: str, resource: Any, bundle: Any) -> None:
    assert code in read(resource, **bundle).issues.counts()
    assert read({"resourceType": "Basic"}).issues.counts() == {"fhir.not-read": 1}


def test_an_element_that_is_repeated_beyond_all_sense_is_cut() -> None:
    part = {"code": WARFARIN, "valueString": "x"}
    record = read(
        {
            "resourceType": "Observation",
            "id": "o",
            "status": "final",
            "code": WARFARIN,
            "subject": {"reference": "Patient/p"},
            "effectiveDateTime": WHEN,
            "component": [part] * 4001,
        }
    )
    assert "fhir.too-many" in record.issues.counts()
    assert not record.events.usable.any() and all(event.time != NAT for event in record.events)
