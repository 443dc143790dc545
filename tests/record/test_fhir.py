"""FHIR R4: the seed corpus of good and bad files, each with what must be said of it."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path
from typing import Any

import pytest

from pytwin.errors import InputError
from pytwin.record import NAT, Event, Record, parse_time, read_record, read_records

CORPUS = Path(__file__).parent / "corpus"
SUBJECT = {"reference": "Patient/p1"}


def corpus(name: str) -> Record:
    return read_record(CORPUS / name)


def by_id(record: Record) -> dict[str, Event]:
    return {event.id.partition("/")[2]: event for event in record.events}


def bundle(*resources: dict[str, Any]) -> bytes:
    patient = {"resourceType": "Patient", "id": "p1", "birthDate": "1950-03-14", "gender": "female"}
    entries = [{"resource": {"subject": SUBJECT, **r}} for r in resources]
    return json.dumps(
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": patient}, *entries]}
    ).encode()


def inr(**values: Any) -> dict[str, Any]:
    code = {"coding": [{"system": "http://loinc.org", "code": "6301-6"}]}
    given = {"valueQuantity": {"value": 2.5, "unit": "{INR}"}, "effectiveDateTime": "2024-03-01T08:00:00Z"}
    return {"resourceType": "Observation", "id": "x", "status": "final", "code": code, **given, **values}


def order(dosage: dict[str, Any], **values: Any) -> dict[str, Any]:
    drug = {"text": "warfarin"}
    dose = {"doseAndRate": [{"doseQuantity": {"value": 5, "unit": "mg"}}], **dosage}
    start = {"authoredOn": "2024-02-28T20:00:00Z", "intent": "order", "status": "active"}  # a Wednesday
    return {
        "resourceType": "MedicationRequest",
        "id": "o",
        "medicationCodeableConcept": drug,
        "dosageInstruction": [dose],
        **start,
        **values,
    }


@pytest.mark.parametrize(
    ("name", "code", "place"),
    [
        ("empty.json", "file.empty", "empty.json"),
        ("no-patient.json", "record.no-patient", "no-patient.json"),
        ("not-fhir.json", "fhir.not-fhir", "not-fhir.json"),
        ("not-json.json", "json.not-json", "not-json.json:line 3, column 13, byte 41"),
        ("truncated.json", "json.truncated", "truncated.json:line 171, column 28"),
        ("truncated-gzip.json.gz", "file.truncated", "truncated-gzip.json.gz"),
        ("two-patients.json", "record.two-patients", "two-patients.json"),
    ],
)
def test_what_cannot_be_read_as_a_whole(name: str, code: str, place: str) -> None:
    with pytest.raises(InputError) as caught:
        corpus(name)
    assert (caught.value.code, caught.value.place) == (code, place)


@pytest.mark.parametrize(
    ("name", "usable", "issues"),
    [
        ("bom.json", 1, {}),
        (
            "good.json",
            9,
            {
                "dose.missing": 1,
                "fhir.no-code": 1,
                "fhir.no-subject": 1,
                "fhir.not-read": 1,
                "time.day": 2,
                "time.missing": 1,
            },
        ),
        ("ndjson.json", 1, {}),
        ("inr-below.json", 2, {"value.censored": 2, "value.number-as-text": 1}),
        ("inr-high.json", 1, {"value.not-numeric": 2}),
        ("inr-unit.json", 2, {"unit.wrong": 2, "unit.unknown": 1}),
        ("latin1.json", 1, {"json.encoding": 1}),
        ("subjects.json", 1, {"fhir.other-subject": 1, "fhir.no-subject": 1}),
        ("times.json", 3, {"time.naive": 1, "time.day": 2, "time.invalid": 2, "time.missing": 3}),
        ("versions.json", 2, {"record.duplicate": 2, "record.replaced": 1}),
        ("entries.json", 1, {"fhir.shape": 2, "fhir.not-fhir": 2, "fhir.unknown-type": 1}),
        (
            "entered-in-error.json",
            1,
            {
                "status.entered-in-error": 2,
                "status.cancelled": 1,
                "status.preliminary": 1,
                "status.unknown": 1,
            },
        ),
        (
            "conditions.json",
            2,
            {
                "status.refuted": 1,
                "status.unconfirmed": 1,
                "condition.family-history": 1,
                "time.day": 1,
                "allergy.none-known": 1,
            },
        ),
    ],
)
def test_what_is_odd_is_listed_and_the_rest_is_used(name: str, usable: int, issues: dict[str, int]) -> None:
    record = corpus(name)
    assert int(record.events.usable.sum()) == usable
    assert record.issues.counts() == issues
    assert all(issue.place.startswith(name) for issue in record.issues)


def test_events_of_a_good_bundle() -> None:
    record = corpus("good.json")
    found = [(e.when, e.kind, e.name, e.value, e.unit, e.every) for e in record.events.select(usable=True)]
    expected = [
        ("2023-11-01", "condition", "atrial fibrillation", None, "", None),
        ("2024-02-20T09:00:00+01:00", "order", "warfarin", 5.0, "mg", 24.0),
        ("2024-02-20T09:00:00Z", "observation", "body weight", 165.3 * 0.45359237, "kg", None),
        ("2024-02-20T09:00:00Z", "observation", "diastolic blood pressure", 78.0, "mm[Hg]", None),
        ("2024-02-20T09:00:00Z", "observation", "systolic blood pressure", 131.0, "mm[Hg]", None),
        ("2024-02-20T18:00:00+01:00", "administration", "warfarin", 5.0, "mg", None),
        ("2024-03-01T08:00:00+01:00", "observation", "INR", 2.5, "{INR}", None),
        ("2024-03-05T08:00:00.250000+01:00", "observation", "INR", 3.1, "{INR}", None),
        ("2024-03-05T10:00:00Z", "order", "warfarin", 2.5, "mg", 24.0),
    ]
    for got, wanted in zip(found, expected, strict=True):
        assert got[:3] + got[4:5] == wanted[:3] + wanted[4:5]
        assert got[3] == pytest.approx(wanted[3], rel=1e-15) if wanted[3] is not None else got[3] != got[3]
        assert got[5] == wanted[5] if wanted[5] is not None else got[5] != got[5]
    assert record.patient.sex == "female"
    assert record.age(parse_time("2024-03-14T12:00:00Z").us) == pytest.approx(74.0, abs=0.01)


def test_numbers_keep_their_digits() -> None:
    events = corpus("good.json").observations("INR")
    assert events.column("original_value").tolist() == ["2.5", "3.1"]
    record = read_record(bundle(inr()).replace(b"2.5", b"2.500"))
    assert record.events[0].original_value == "2.500"


def test_medication_references_resolve_to_a_strength() -> None:
    event = by_id(corpus("good.json"))["o2"]
    assert (event.value, event.original_value, event.original_unit) == (2.5, "0.5", "tablet")
    assert "tablet:5 mg" in event.changes


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("no-time", "time.missing"),
        ("no-unit", "dose.no-unit"),
        ("text-only", "dose.text-only"),
        ("range", "dose.range"),
        ("no-timing", "dose.no-timing"),
        ("prn", "dose.as-needed"),
        ("per-kg", "dose.unit"),
        ("dangling", "dose.no-drug"),
        ("forbidden", "status.do-not-perform"),
        ("given", "time.missing"),
    ],
)
def test_a_dose_that_cannot_be_used_says_why(name: str, reason: str) -> None:
    record = corpus("dose-bad.json")
    event = by_id(record)[name]
    assert (event.usable, event.reason) == (False, reason)
    assert any(issue.code == reason for issue in record.issues)


def test_a_dosage_in_words_is_kept_as_text() -> None:
    assert by_id(corpus("dose-bad.json"))["text-only"].text == "as directed by the clinic"


def test_censored_values_carry_their_comparator() -> None:
    found = [(e.value, e.comparator, e.usable) for e in corpus("inr-below.json").events]
    assert found == [(0.8, "<", True), (0.8, "<", True)]


def test_a_wrong_unit_keeps_what_was_found() -> None:
    event = by_id(corpus("inr-unit.json"))["a"]
    assert (event.usable, event.reason, event.original_value, event.original_unit) == (
        False,
        "unit.wrong",
        "2.5",
        "mg/dL",
    )


def test_what_was_taken_back_is_not_valid() -> None:
    events = by_id(corpus("entered-in-error.json"))
    assert {name for name, e in events.items() if not e.valid} == {"a", "b", "o"}


def test_a_later_version_replaces_an_earlier_one() -> None:
    record = corpus("versions.json")
    assert record.observations("INR").value.tolist() == [3.5, 2.5]


def test_a_broken_element_makes_its_event_unusable_and_no_other() -> None:
    record = corpus("shapes.json")
    assert {e.id for e in record.events if e.usable} == {"Observation/e"} | {"Observation/ok"} & {
        e.id for e in record.events
    }
    assert record.issues.counts()["fhir.shape"] == 4
    assert (
        record.issues.with_code("fhir.modifier-extension")[0].place
        == "shapes.json:/entry/6/resource/modifierExtension"
    )


def test_subject_by_business_identifier() -> None:
    assert [e.id for e in corpus("subjects.json").events if e.usable] == ["Observation/logical"]


def test_one_of_two_patients_can_be_named() -> None:
    record = read_record(CORPUS / "two-patients.json", patient="p2")
    assert record.patient.id == "p2"
    assert record.events.value.tolist() == [1.9]
    with pytest.raises(InputError, match="no-such-patient"):
        read_record(CORPUS / "two-patients.json", patient="p3")


def test_read_records_gives_each_patient_apart() -> None:
    records = {r.patient.id: r for r in read_records(CORPUS / "two-patients.json")}
    assert {key: r.events.value.tolist() for key, r in records.items()} == {"p1": [2.5], "p2": [1.9]}
    assert all("fhir.no-subject" in r.issues.counts() for r in records.values())


def test_a_folder_is_read_file_by_file_and_bad_files_are_listed() -> None:
    with pytest.raises(InputError):
        list(read_records(CORPUS, mapping={"patient": "subject"}))
    iterator = read_records(CORPUS, mapping={"patient": "subject"}, errors="list")
    records = list(iterator)
    assert len(records) == 20
    assert len(iterator.issues) == 7


def test_files_of_one_patient_are_read_together(tmp_path: Path) -> None:
    whole = json.loads((CORPUS / "good.json").read_text(encoding="utf-8"))
    paths = []
    for index, entry in enumerate(whole["entry"]):
        path = tmp_path / f"{index}.json"
        path.write_text(json.dumps(entry["resource"]), encoding="utf-8")
        paths.append(path)
    record = read_record(reversed(paths))
    # the weight's absolute reference is resolved by its type and id
    assert record.hash == corpus("good.json").hash


@pytest.mark.parametrize("turn", [0, 3, 7])
def test_the_hash_does_not_depend_on_order_or_repetition(turn: int) -> None:
    whole = json.loads((CORPUS / "good.json").read_text(encoding="utf-8"))
    entries = whole["entry"]
    whole["entry"] = entries[turn:] + entries[:turn] + entries[:2]
    assert read_record(json.dumps(whole).encode()).hash == corpus("good.json").hash
    assert corpus("good.json.gz").hash == corpus("good.json").hash


def test_the_hash_depends_on_every_value() -> None:
    assert (
        read_record(bundle(inr())).hash
        != read_record(bundle(inr(valueQuantity={"value": 2.6, "unit": "1"}))).hash
    )


@pytest.mark.parametrize(
    ("timing", "expected"),
    [
        ({"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}}, [("2024-02-28T20:00:00Z", 12.0, "")]),
        ({"repeat": {"period": 2, "periodUnit": "d"}}, [("2024-02-28T20:00:00Z", 48.0, "")]),
        ({"code": {"text": "BID"}}, [("2024-02-28T20:00:00Z", 12.0, "")]),
        ({"repeat": {"count": 1}}, [("2024-02-28T20:00:00Z", None, "")]),
        (
            {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d", "count": 3}},
            [("2024-02-28T20:00:00Z", 24.0, "2024-03-01T20:00:00Z")],
        ),
        (
            {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d", "dayOfWeek": ["mon", "fri"]}},
            [("2024-03-01T20:00:00Z", 168.0, ""), ("2024-03-04T20:00:00Z", 168.0, "")],
        ),
        ({"repeat": {"timeOfDay": ["18:00:00"]}}, [("2024-02-29T18:00:00Z", 24.0, "")]),
        (
            {
                "repeat": {
                    "timeOfDay": ["08:00:00", "21:00:00"],
                    "frequency": 2,
                    "period": 1,
                    "periodUnit": "d",
                }
            },
            [("2024-02-28T21:00:00Z", 24.0, ""), ("2024-02-29T08:00:00Z", 24.0, "")],
        ),
        (
            {"event": ["2024-03-01T18:00:00Z", "2024-03-03T18:00:00Z"]},
            [("2024-03-01T18:00:00Z", None, ""), ("2024-03-03T18:00:00Z", None, "")],
        ),
        (
            {
                "repeat": {
                    "boundsPeriod": {"start": "2024-03-01T00:00:00Z", "end": "2024-03-05"},
                    "frequency": 1,
                    "period": 1,
                    "periodUnit": "d",
                }
            },
            [("2024-03-01T00:00:00Z", 24.0, "2024-03-06T00:00:00Z")],
        ),
    ],
)
def test_schedules(timing: dict[str, Any], expected: list[tuple[str, float | None, str]]) -> None:
    record = read_record(bundle(order({"timing": timing})))
    found = [(e.when, None if e.every != e.every else e.every, e.until) for e in record.events]
    assert found == [(when, every, parse_time(end).us if end else NAT) for when, every, end in expected]
    assert record.events.usable.all()


def test_a_schedule_that_is_a_range_is_not_guessed() -> None:
    repeat = {"frequency": 1, "frequencyMax": 2, "period": 1, "periodUnit": "d"}
    record = read_record(bundle(order({"timing": {"repeat": repeat}})))
    assert record.events[0].reason == "dose.timing"


@pytest.mark.parametrize(
    ("drug", "strength", "expected"),
    [
        ({"text": "Warfarin Sodium 2.5 MG Oral Tablet"}, None, 5.0),
        ({"text": "warfarin"}, None, None),
        ({"text": "Warfarin 1 mg / 3 mg tablets"}, None, None),
    ],
)
def test_tablets_count_by_the_strength_in_the_name(drug: Any, strength: Any, expected: float | None) -> None:
    dosage = {
        "doseAndRate": [{"doseQuantity": {"value": 2, "unit": "TAB"}}],
        "timing": {"code": {"text": "QD"}},
    }
    event = read_record(bundle(order(dosage, medicationCodeableConcept=drug))).events[0]
    assert (event.value if event.usable else None) == expected
    assert event.name == "warfarin"


def test_contained_medication_with_a_strength() -> None:
    contained = {
        "resourceType": "Medication",
        "id": "m",
        "ingredient": [
            {
                "itemCodeableConcept": {"text": "warfarin"},
                "strength": {
                    "numerator": {"value": 3, "unit": "mg"},
                    "denominator": {"value": 1, "unit": "tablet"},
                },
            }
        ],
    }
    dosage = {
        "doseAndRate": [{"doseQuantity": {"value": 2, "unit": "tablet"}}],
        "timing": {"code": {"text": "QD"}},
    }
    resource = order(dosage, contained=[contained], medicationReference={"reference": "#m"})
    del resource["medicationCodeableConcept"]
    event = read_record(bundle(resource)).events[0]
    assert (event.name, event.value, event.unit, event.usable) == ("warfarin", 6.0, "mg", True)


def test_whether_a_drug_is_taken() -> None:
    record = corpus("good.json")
    assert record.takes("amiodarone") is True
    assert record.takes("amiodarone", parse_time("2023-12-01").us) is False
    assert record.takes("rifampin") is None


def test_limits_find_conditions_by_name() -> None:
    record = corpus("conditions.json")
    assert len(record.conditions("pregnancy", valid=True)) == 1
    assert len(record.conditions("bleeding", valid=True)) == 0
    assert record.conditions("intracranial bleeding").column("status").tolist() == ["active/provisional"]


N = 10**6


@pytest.mark.parametrize(
    "bomb",
    [
        b"[" * N,
        b'{"a":' * N,
        b'{"resourceType":"Bundle","entry":' + b"[" * N + b"]" * N + b"}",
        b'{"resourceType":"Bundle","entry":[{"resource":' + b"[" * N + b"]" * N + b"}]}",
        bundle(inr()).replace(b'"final"', b"[" * N + b"]" * N),
        bundle(inr()).replace(b"2.5", b"9" * N),
        bundle(inr()).replace(b"2.5", b"1e" + b"9" * N),
        b"9" * N,
        b'{"resourceType":"' + b"A" * N + b'"}',
        gzip.compress(b" " * (200 << 20)),
    ],
    ids=["array", "object", "entry", "resource", "status", "digits", "exponent", "number", "type", "gzip"],
)
def test_bombs_end_in_a_typed_error_or_issue_within_a_second(bomb: bytes) -> None:
    start = time.process_time()
    try:
        record = read_record(bomb)
    except InputError as error:
        assert len(str(error)) < 400
    else:
        assert not record.events.usable.any()
    assert time.process_time() - start < 1.0
