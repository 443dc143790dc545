"""NDJSON: people and drugs first, one line at a time, and a fast path that gives what the slow one gives."""

from __future__ import annotations

import gzip
import json
import random
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytwin.formats.files import Input
from pytwin.record import Event, parse_time, read_record, read_records, stream_events
from pytwin.record.fhir.bulk import read_bulk
from pytwin.record.sink import Sink
from pytwin.record.time import NAIVE

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"


def observation(**values: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": "a",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": "6301-6", "display": "INR"}]},
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2024-03-01T08:00:00+01:00",
        "issued": "2024-03-01T09:00:00.250+01:00",
        "valueQuantity": {"value": 2.5, "unit": "{INR}", "system": UCUM, "code": "{INR}"},
        **values,
    }


def lines(*resources: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(r, separators=(",", ":")).encode() + b"\n" for r in resources)


def both_ways(data: bytes) -> list[tuple[list[Event], list[str]]]:
    """Rows and issues with and without the fast path."""
    found = []
    for fast in (True, False):
        sink = Sink()
        for _ in read_bulk([Input(data, "x.ndjson")], sink, fast=fast):
            sink.flush()
        rows = [event for table in sink.tables for event in table]
        found.append((rows, [f"{issue}|{issue.found}" for issue in sink.all_issues()]))
    return found


def same(data: bytes) -> list[Event]:
    (fast, said), (slow, said_slowly) = both_ways(data)
    assert [repr(event) for event in fast] == [repr(event) for event in slow]
    assert said == said_slowly
    return fast


CODES = [
    {"coding": [{"system": LOINC, "code": "6301-6"}]},
    {"coding": [{"system": LOINC, "code": "2160-0", "display": "Creatinine"}], "text": "Creatinine"},
    {"coding": [{"system": LOINC, "code": "8302-2"}, {"system": LOINC, "code": "2345-7"}]},
    {"coding": [{"system": "urn:local", "code": "x"}], "text": "something"},
    {"text": "glucose"},
    {},
    None,
    [],
]
UNITS = [
    {"unit": "{INR}", "system": UCUM, "code": "{INR}"},
    {"unit": "mg/dL", "system": UCUM, "code": "mg/dL"},
    {"unit": "umol/L"},
    {"unit": "furlong"},
    {"unit": "cm", "code": "in"},
    {"comparator": "<", "unit": "mg/dL"},
    {},
    {"unit": 5},
]
NUMBERS = [
    "2.5",
    "88",
    "-1",
    "0.10",
    "1e2",
    "1e00001",
    "1E400",
    "9" * 70,
    "9" * 401,
    '"2.5"',
    "null",
    '"x"',
    "true",
    "[]",
]
TIMES = [
    "2024-03-01T08:00:00+01:00",
    "2024-03-01T08:00:00.123Z",
    "2024-03-01T08:00:00Z",
    "2024-03-01T08:00:00.123-05:30",
    "2024-03-01T08:00:60+00:00",
    "2024-03-01T08:00:00+02:75",
    "2020-W01-1T08:30:00+02:00",
    "2024-03-01T08:00:00",
    "2024-03-01T08:00+01:00",
    "2024-03",
    "2024-02-30T08:00:00+01:00",
    "2024-03-01T08:00:00,123+00:00",
    "2024-03-01 08:00:00+01:00",
    "2024-03-01T08:00:00+1500",
    "",
]
SUBJECTS = [
    {"reference": "Patient/p1"},
    {"reference": "Patient/p2/_history/3"},
    {"reference": "https://a.example/fhir/Patient/p1"},
    {"reference": "https://b.example/fhir/Patient/p1"},
    {"reference": "Group/g"},
    {"identifier": {"system": "s", "value": "v"}},
    {"reference": 5},
    None,
]
ODD: list[dict[str, Any]] = [
    {},
    {},
    {"status": "preliminary"},
    {"status": "amended"},
    {"status": "entered-in-error"},
    {"status": None},
    {"madeUp": 1},
    {"_status": {"extension": []}},
    {"modifierExtension": [{"url": "x"}]},
    {"meta": {"lastUpdated": "2024-03-02T08:00:00Z"}, "issued": ""},
    {"meta": {"lastUpdated": "rubbish"}, "issued": ""},
    {"issued": "rubbish"},
    {"issued": "2024-03"},
    {"id": ""},
    {"hasMember": [{"reference": "Observation/b"}]},
    {"valueString": "positive"},
    {"valueBoolean": True},
    {"dataAbsentReason": {"text": "unknown"}},
    {"effectivePeriod": {"start": "2024-03-01"}},
    {"valueCodeableConcept": {"coding": [{"code": "y"}], "text": "yes"}},
    {"extension": {}},
    {"category": 5},
]


@st.composite
def observations(draw: st.DrawFn) -> bytes:
    """A line whose elements are each as they should be or odd in some way."""
    value: dict[str, Any] = draw(st.sampled_from(UNITS))
    number = draw(st.sampled_from(NUMBERS))
    item = observation(
        id=draw(st.sampled_from(["a", "b", "\u00e9"])),
        code=draw(st.sampled_from(CODES)),
        subject=draw(st.sampled_from(SUBJECTS)),
        effectiveDateTime=draw(st.sampled_from(TIMES)),
    )
    form = draw(
        st.sampled_from(["quantity", "quantity", "coded", "text", "boolean", "parts", "none", "both"])
    )
    quantity = {**value, "value": "@"}
    if form != "quantity":
        del item["valueQuantity"]
    else:
        item["valueQuantity"] = quantity
    if form == "coded":
        item["valueCodeableConcept"] = {"coding": [{"system": "s", "code": "c", "display": "d"}]}
    elif form == "text":
        item["valueString"] = draw(st.sampled_from(["positive", "2.5", "<3", ""]))
    elif form == "boolean":
        item["valueBoolean"] = draw(st.booleans())
    elif form in ("parts", "both"):
        coded = {"code": CODES[3], "valueCodeableConcept": {"text": "yes"}}
        item["component"] = [{"code": draw(st.sampled_from(CODES)), "valueQuantity": quantity}, coded]
        if form == "both":
            item["valueString"] = "x"
    item.update(draw(st.sampled_from(ODD)))
    text = json.dumps(item, separators=(",", ":"), ensure_ascii=False).replace('"@"', number)
    if draw(st.integers(0, 30)) == 0:
        text = text[: draw(st.integers(0, len(text)))]
    return text.encode()


@settings(max_examples=300, deadline=None)
@given(st.lists(observations(), min_size=1, max_size=12), st.integers(1, 3))
def test_fast_and_slow_give_the_same(items: list[bytes], times: int) -> None:
    same(b"\n".join(items * times))


@pytest.mark.reference
def test_fast_and_slow_give_the_same_for_the_reference(reference: Path) -> None:
    path = reference / "ehr" / "fhir_bulk_derived" / "Observation.ndjson.gz"
    assert len(same(gzip.decompress(path.read_bytes()))) == 1569


def test_the_fast_path_is_taken() -> None:
    data = lines(
        *(observation(id=str(i), valueQuantity={"value": 2 + i / 100, "unit": "1"}) for i in range(50))
    )
    rows = same(data)
    assert [row.value for row in rows] == [float(f"{2 + i / 100}") for i in range(50)]
    assert [row.place for row in rows] == [f"line {i + 1}" for i in range(50)]


def test_what_was_learned_in_one_zone_holds_in_others() -> None:
    zones = ("Z", "+02:00", "-05:00", "", "+02:00")
    parts = [{"code": {"text": name}, "valueQuantity": {"value": 2.5, "unit": "1"}} for name in ("INR", "x")]
    values: list[dict[str, Any]] = [
        {"valueQuantity": {"value": 2.5, "unit": "1"}},
        {"valueCodeableConcept": {"text": "y"}, "code": {"text": "z"}},
        {"component": parts},
    ]
    items = [
        observation(id=f"{number}", effectiveDateTime=f"2024-03-01T08:00:00{zone}", **value)
        for number, (zone, value) in enumerate((zone, value) for zone in zones for value in values)
    ]
    rows = same(lines(*items))
    assert [row.offset for row in rows if row.kind == "observation"][:4] == [0, 0, 0, 0]
    assert {row.offset for row in rows} == {0, 120, -300, NAIVE}


@pytest.mark.parametrize(
    "number",
    ["-0", "-0.0", "0", "1e400", "-1e400", "1e5", "2.5E0", "9007199254740993", "null", '"2.5"', "[2.5]"],
)
def test_numbers_are_those_of_the_slow_path(number: str) -> None:
    usual = lines(observation(valueQuantity={"value": 2.5, "unit": "1"}, code={"text": "x"}))
    odd = usual.replace(b"2.5", number.encode())
    rows = same(usual * 3 + odd + usual)
    assert len(rows) == 5


def patient(**values: Any) -> dict[str, Any]:
    person = {"resourceType": "Patient", "id": "p1", "birthDate": "1950-03-14", "gender": "female"}
    return {**person, "identifier": [{"system": "s", "value": "v"}], **values}


DRUG = {"resourceType": "Medication", "id": "m", "code": {"text": "warfarin 5 mg tablet"}}
ORDER = {
    "resourceType": "MedicationRequest",
    "id": "o",
    "status": "active",
    "intent": "order",
    "subject": {"reference": "Patient/p1"},
    "medicationReference": {"reference": "Medication/m"},
    "authoredOn": "2024-03-01T08:00:00Z",
    "dosageInstruction": [
        {
            "timing": {"code": {"text": "QD"}},
            "doseAndRate": [{"doseQuantity": {"value": 1, "unit": "tablet"}}],
        }
    ],
}


@pytest.mark.parametrize("packed", [False, True])
def test_a_folder_is_one_data_set(tmp_path: Path, packed: bool) -> None:
    files = {"a": lines(ORDER), "b": lines(observation()), "c": lines(DRUG), "z": lines(patient())}
    for name, data in files.items():
        path = tmp_path / (f"{name}.ndjson.gz" if packed else f"{name}.ndjson")
        path.write_bytes(gzip.compress(data) if packed else data)
    (record,) = read_records(tmp_path)
    assert record.patient.sex == "female"
    (dose,) = record.doses("warfarin")
    assert (dose.value, dose.unit, dose.usable) == (5.0, "mg", True)
    assert record.observations("INR").value.tolist() == [2.5]
    assert record.hash == read_record(lines(observation(), patient(), ORDER, DRUG)).hash


def test_a_drug_may_come_after_its_order_in_a_mixed_file() -> None:
    record = read_record(lines(ORDER, patient(), observation(), DRUG))
    assert record.doses("warfarin").value.tolist() == [5.0]
    without = read_record(lines(ORDER, patient()))
    assert without.doses()[0].reason == "dose.no-drug"


def test_lines_that_are_no_fhir_are_skipped_and_listed() -> None:
    log = b'{"exportId":"e","eventId":"kickoff"}\n'
    broken = b'{"resourceType":"Observation","id":\n'
    data = lines(patient()) + log + b"\n" + broken + lines(observation()) + log + b"[1]\n" + b"\xff\n"
    record = read_record(data)
    assert record.observations().value.tolist() == [2.5]
    counts = record.issues.counts()
    assert counts.pop("json.encoding") == 1
    assert counts == {"fhir.not-fhir": 2, "json.truncated": 1, "json.not-json": 1}
    assert record.observations()[0].place == "line 5"


def test_people_are_told_by_reference_and_never_mixed() -> None:
    second = observation(id="b", subject={"reference": "https://b.example/Patient/p1"})
    first = observation(subject={"reference": "https://a.example/Patient/p1"})
    nobody = observation(id="c", subject={"reference": "Group/p1"})
    records = {r.patient.id: r for r in read_records(lines(patient(), first, second, nobody))}
    assert {key: len(r.events) for key, r in records.items()} == {"p1": 1, "https://b.example/Patient/p1": 1}
    counts = records["p1"].issues.counts()
    assert (counts["fhir.other-subject"], counts["patient.not-described"]) == (1, 1)


@pytest.mark.parametrize("kind", ["replaced-by", "replace"])
def test_a_replaced_patient_is_read_as_the_one_that_replaces(kind: str) -> None:
    old = patient(id="p0", link=[{"other": {"reference": "Patient/p1"}, "type": kind}])
    before = observation(
        id="b", subject={"reference": "Patient/p0"}, effectiveDateTime="2024-02-01T08:00:00Z"
    )
    for order in ([old, patient()], [patient(), old]):
        (record,) = read_records(lines(before, *order, observation()))
        assert record.patient.id == "p1" and record.patient.sex == "female"
        assert len(record.events) == 2
        assert "patient.merged" in record.issues.counts()
    seen = patient(id="p0", link=[{"other": {"reference": "Patient/p1"}, "type": "seealso"}])
    assert len(list(read_records(lines(before, seen, patient(), observation())))) == 2


def test_a_death_is_known() -> None:
    record = read_record(lines(patient(deceasedDateTime="2024-05-01T10:00:00Z"), observation()))
    assert record.patient.death == parse_time("2024-05-01T10:00:00Z")
    assert [event.when for event in record.events.select(kind="death")] == ["2024-05-01T10:00:00Z"]


def test_memory_does_not_grow_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytwin.record.read._STREAMED", 1000)
    peaks = []
    for times in (4, 40):
        path = tmp_path / f"{times}.ndjson"
        rng = random.Random(times)
        with path.open("wb") as stream:
            for block in range(times):
                for i in range(500):
                    value = {"value": rng.random() + 1, "unit": "1"}
                    subject = {"reference": f"Patient/{i % 50}"}
                    item = observation(id=f"{block}-{i}", subject=subject, valueQuantity=value)
                    stream.write(lines(item))
        tracemalloc.start()
        count = 0
        for table in stream_events(path):
            count += len(table)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert count == 500 * times
    assert peaks[1] < 1.5 * peaks[0]


def test_repeated_lines_of_no_event_cost_little_and_are_said() -> None:
    basic = {"resourceType": "Basic"}
    rows = same(lines(patient(), basic, observation(), basic, basic, observation(id="b"), basic))
    assert len(rows) == 2
    record = read_record(lines(patient(), *[basic] * 5))
    assert record.issues.counts()["fhir.repeated"] == 1
