"""What records look like as FHIR, to others and after others changed it; it is R4 by the models of others."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from fhir.resources.R4B.bundle import Bundle

import pytwin as pt
from pytwin.errors import InputError
from pytwin.record import NAIVE, Event, PatientInfo, Record, parse_time
from pytwin.record.fhir.carried import URL

GOOD = Path(__file__).parent / "corpus" / "good.json"
Json = dict[str, Any]


def made(*events: Event, **person: Any) -> list[Json]:
    """The resources of a record, checked by the models of fhir.resources and by reading them back."""
    record = Record.from_events(PatientInfo(**{"id": "p1", **person}), events)
    bundle = record.to_fhir()
    Bundle.model_validate(bundle)
    assert pt.read_record(json.dumps(bundle).encode()).hash == record.hash
    return [entry["resource"] for entry in bundle["entry"]]


def seen(at: str, **values: Any) -> Event:
    """An INR at a time as written."""
    time = parse_time(at)
    known = {"system": "LOINC", "code": "6301-6", "name": "INR", "status": "final", "kind": "observation"}
    number = {"value": 2.5, "unit": "{INR}", "original_value": "2.50", "original_unit": "{INR}"}
    when = {"time": time.us, "width": time.width, "offset": time.offset}
    return Event(**{**known, **number, **when, **values})


def content(resource: Json) -> Json:
    found = [e["valueString"] for e in resource.get("extension", []) if e["url"] == URL]
    return json.loads(found[0]) if found else {}


@pytest.mark.parametrize(
    "text",
    ["2020", "2020-05", "2020-05-17", "2020-05-17T08:30:00Z", "2020-05-17T08:30:00.250+02:00", "0999-01-02"],
)
def test_a_time_stays_as_it_was_written(text: str) -> None:
    _, resource = made(seen(text))
    assert resource["effectiveDateTime"] == text
    assert not {"time", "width", "offset"} & content(resource)["rows"][0].keys()


def test_a_time_without_a_zone_is_utc_and_remembered() -> None:
    _, resource = made(seen("2020-05-17T08:30:00"))
    assert resource["effectiveDateTime"] == "2020-05-17T08:30:00Z"
    assert content(resource)["rows"][0]["offset"] == NAIVE


def test_a_span_is_a_period() -> None:
    _, resource = made(seen("2020-05-17T08:30:00Z", width=7_200_000_000))
    assert resource["effectivePeriod"] == {"start": "2020-05-17T08:30:00Z", "end": "2020-05-17T10:30:00Z"}


def test_a_number_keeps_its_digits_in_a_file_and_after_a_json_library(tmp_path: Path) -> None:
    record = Record.from_events("p1", [seen("2020-05-17T08:30:00Z", comparator="<")])
    pt.write_records(record, tmp_path / "out", format="fhir")
    text = (tmp_path / "out" / "000001.json").read_bytes()
    assert b'"value":2.50,"comparator":"<","unit":"{INR}"' in text
    for data in (text, json.dumps(json.loads(text), indent=1).encode()):
        assert pt.read_record(data).hash == record.hash


def test_components_are_one_resource_again() -> None:
    shared = {"id": "Observation/7", "panel": "85354-9", "unit": "mm[Hg]", "original_unit": "mmHg"}
    pressures = [("8480-6", "systolic", 120.0), ("8462-4", "diastolic", 80.0)]
    rows = [
        seen(
            "2020-05-17T08:30:00Z", code=code, name=name, value=value, original_value=f"{value:.0f}", **shared
        )
        for code, name, value in pressures
    ]
    _, resource = made(*rows)
    assert resource["id"] == "7"
    assert resource["code"]["coding"][0] == {"system": "http://loinc.org", "code": "85354-9"}
    assert sorted(c["valueQuantity"]["value"] for c in resource["component"]) == [80, 120]


def test_what_is_absent_is_said() -> None:
    event = seen(
        "2020-05-17T08:30:00Z", value=float("nan"), unit="", original_value="", original_unit="",
        text="not-performed", usable=False, reason="value.absent",
    )  # fmt: skip
    _, resource = made(event)
    assert resource["dataAbsentReason"]["coding"][0]["code"] == "not-performed"
    assert "extension" not in resource


@pytest.mark.parametrize(
    "kind", ["observation", "order", "administration", "dispense", "procedure", "encounter"]
)
def test_what_is_taken_back_is_so_for_every_reader(kind: str) -> None:
    event = seen("2020-05-17T08:30:00Z", kind=kind, status="wrong", valid=False, usable=False, reason="own")
    _, resource = made(event)
    assert resource["status"] == "entered-in-error"


def test_a_family_history_stays_what_it_is() -> None:
    event = seen(
        "2020-05-17T08:30:00Z", kind="condition", name="Family history of stroke", valid=False, usable=False,
        status="active", reason="condition.family-history",
    )  # fmt: skip
    _, resource = made(event)
    assert "verificationStatus" not in resource


def test_an_order_not_to_give_is_one() -> None:
    event = seen(
        "2020-05-17T08:30:00Z", kind="order", status="active", valid=False, usable=False,
        reason="status.do-not-perform",
    )  # fmt: skip
    _, resource = made(event)
    assert resource["doNotPerform"] is True


def test_an_order_says_how_much_and_how_often() -> None:
    event = seen(
        "2020-05-17T08:30:00Z", kind="order", system="RxNorm", code="11289", name="warfarin", value=5.0,
        unit="mg", original_value="5", original_unit="mg", every=24.0, route="oral", status="active",
        until=parse_time("2020-06-01T00:00:00Z").us,
    )  # fmt: skip
    _, resource = made(event)
    (dosage,) = resource["dosageInstruction"]
    repeat = dosage["timing"]["repeat"]
    assert (repeat["frequency"], repeat["period"], repeat["periodUnit"]) == (1, 1, "d")
    assert repeat["boundsPeriod"]["end"] == "2020-06-01T00:00:00Z"
    assert dosage["doseAndRate"][0]["doseQuantity"] == {
        "value": 5, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg",
    }  # fmt: skip


def test_a_person_is_described() -> None:
    death = parse_time("2021-02")
    event = Event(kind="death", name="death", time=death.us, width=death.width)
    (patient,) = made(event, birth=parse_time("1950"), sex="female", race="Asian", death=death)
    assert (patient["birthDate"], patient["gender"]) == ("1950", "female")
    assert patient["deceasedDateTime"] == "2021-02"
    (alone,) = made(birth=parse_time("1950"), age_decade=7, death=death)
    assert content(alone)["person"]["age_decade"] == 7
    assert content(alone)["rows"] == [None]


def test_an_identifier_that_fhir_forbids_stays_the_patients() -> None:
    patient, resource = made(seen("2020-05-17T08:30:00Z"), id="a b/c")
    assert patient["identifier"] == [{"value": "a b/c"}]
    assert content(resource)["rows"][0]["patient"] == "a b/c"


def changed(**elements: Any) -> tuple[Record, Record]:
    """A record, and what is read after somebody changed its one resource."""
    record = Record.from_events("p1", [seen("2020-05-17T08:30:00")])
    bundle = record.to_fhir()
    bundle["entry"][1]["resource"].update(elements)
    return record, pt.read_record(json.dumps(bundle).encode())


def test_what_others_changed_is_read_as_it_stands_now() -> None:
    _, found = changed(status="entered-in-error")
    (event,) = found.events
    assert (event.status, event.valid, event.usable, event.offset) == ("entered-in-error", False, False, 0)
    assert found.issues.counts()["carry.stale"] == 1


def test_what_servers_add_changes_nothing() -> None:
    text = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'}
    record, found = changed(id="17", meta={"versionId": "1"}, text=text)
    assert found.hash == record.hash
    assert "carry.stale" not in found.issues.counts()


@pytest.mark.parametrize(
    "text", ["{", "[1]", '{"rows":[{}]}', '{"seal":1,"rows":1}', "[" * 10**5, '{"rows":[{"usable":true}]}']
)
def test_damage_beside_a_resource_is_an_issue(text: str) -> None:
    _, found = changed(extension=[{"url": URL, "valueString": text}])
    assert {"carry.malformed", "carry.stale"} & found.issues.counts().keys()
    assert found.events[0].offset == 0


def test_files_are_their_owners_alone_and_all_or_none(tmp_path: Path) -> None:
    records = [Record.from_events(name, [seen("2020-05-17T08:30:00Z")]) for name in ("a", "b", "a")]
    for form in ("fhir", "fhir-bulk"):
        folder = tmp_path / form
        pt.write_records(records[:2], folder, format=form)
        assert len(list(pt.read_records(folder))) == 2
        assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
        with pytest.raises(InputError) as refused:
            pt.write_records(records[:2], folder, format=form)
        assert refused.value.code == "file.exists"
        with pytest.raises(InputError) as twice:
            pt.write_records(records, tmp_path / f"{form} again", format=form)
        assert twice.value.code == "record.two-records"
        assert not list((tmp_path / f"{form} again").iterdir())


@pytest.mark.parametrize("form", ["fhir", "fhir-bulk"])
def test_records_are_written_one_after_another(tmp_path: Path, form: str) -> None:
    def records() -> Iterator[Record]:
        for number in range(3):
            yield Record.from_events(str(number), [seen("2020-05-17T08:30:00Z")])
            names = sorted(file.name for file in (tmp_path / "out").iterdir())
            several = [f"{before + 1:06d}.json" for before in range(number + 1)]
            assert names == (
                several if form == "fhir" else ["Observation.ndjson.part", "Patient.ndjson.part"]
            )

    pt.write_records(records(), tmp_path / "out", format=form)
    assert [record.patient.id for record in pt.read_records(tmp_path / "out")] == ["0", "1", "2"]


def test_lines_in_any_order_are_the_same_record(tmp_path: Path) -> None:
    rows = [seen("2020-05-17T08:30:00", id="x"), seen("2020-05-17T08:30:00", kind="order", id="x")]
    record = Record.from_events("a b", [*rows, seen("2020-05-18")])
    pt.write_records(record, tmp_path / "out", format="fhir-bulk")
    lines = [line for file in (tmp_path / "out").iterdir() for line in file.read_bytes().splitlines()]
    for turn in range(len(lines)):
        (found,) = pt.read_records(b"\n".join((*lines[turn:], *lines[:turn])))
        assert found.hash == record.hash


@pytest.mark.reference
def test_the_models_of_others_take_every_resource(reference: Path, tmp_path: Path) -> None:
    sources = ["fhir_synthea_r4", "fhir_spec_r4_examples", "ccda", "hl7v2"]
    paths = [p for name in sources for p in sorted((reference / "ehr" / name).rglob("*")) if p.is_file()]
    written = 0
    for path in [GOOD, *(p for p in paths if p.stat().st_size < 1 << 17)]:
        try:
            records = list(pt.read_records(path, errors="list"))
        except InputError:
            continue
        for record in records:
            for entry in record.to_fhir()["entry"]:
                get_fhir_model_class(entry["resource"]["resourceType"]).model_validate(entry["resource"])
                written += 1
    assert written > 1000
