"""Open mHealth: data points, bodies, arrays and lines; time frames, statistics, prescriptions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytwin.errors import InputError
from pytwin.record import Record, read_record, read_records
from pytwin.record.time import DAY, HOUR, NAT, parse_time

INSTANT = {"date_time": "2024-03-01T08:00:00+01:00"}
HOURS = {
    "time_interval": {"start_date_time": "2024-03-01T08:00:00Z", "duration": {"value": 1.5, "unit": "h"}}
}


def body(name: str, value: Any, unit: str | None = None, frame: Any = INSTANT, **more: Any) -> dict[str, Any]:
    measure = value if unit is None else {"value": value, "unit": unit}
    return {name: measure, "effective_time_frame": frame, **more}


def point(schema: str, version: str, inner: Any, user: str = "u1", id: str = "p1") -> dict[str, Any]:
    schema_id = {"namespace": "omh", "name": schema, "version": version}
    return {
        "header": {
            "id": id,
            "creation_date_time": "2024-03-02T00:00:00Z",
            "schema_id": schema_id,
            "user_id": user,
        },
        "body": inner,
    }


def read(value: Any) -> Record:
    return read_record(json.dumps(value).encode())


def codes(record: Record) -> set[str]:
    return {issue.code for issue in record.issues}


def test_data_point() -> None:
    record = read(point("heart-rate", "2.0", body("heart_rate", 50.50, "beats/min", user_notes="dizzy")))
    (event,) = record.events
    assert record.patient.id == "u1" and not record.issues
    assert (event.system, event.code, event.name) == ("LOINC", "8867-4", "heart rate")
    assert (event.value, event.unit, event.original_unit) == (50.5, "/min", "beats/min")
    assert (event.time, event.offset) == (parse_time("2024-03-01T07:00:00Z").us, 60)
    assert event.recorded == parse_time("2024-03-02T00:00:00Z").us
    assert (event.id, event.text, event.usable) == ("p1", "dizzy", True)


def test_units_are_converted_and_written_ones_kept() -> None:
    record = read(
        [body("body_weight", 150, "lb"), body("body_temperature", 97, "F"), body("body_height", 6, "ft")]
    )
    by_name = {event.name: event for event in record.events}
    assert by_name["body weight"].value == pytest.approx(68.0388555)
    assert by_name["body temperature"].value == pytest.approx(36.1111, abs=1e-4)
    assert by_name["body height"].value == pytest.approx(182.88)
    assert by_name["body weight"].original_unit == "lb" and by_name["body weight"].original_value == "150"


def test_blood_pressure_is_one_panel() -> None:
    one = body("systolic_blood_pressure", 120, "mmHg", diastolic_blood_pressure={"value": 80, "unit": "mmHg"})
    record = read(one)
    assert {(e.code, e.value, e.panel) for e in record.events} == {
        ("8480-6", 120.0, "85354-9"),
        ("8462-4", 80.0, "85354-9"),
    }
    del one["diastolic_blood_pressure"]
    assert "omh.missing" in codes(read(one))


@pytest.mark.parametrize(
    ("specimen", "system", "name"),
    [
        ("interstitial fluid", "LOINC", "interstitial glucose"),
        ("capillary blood", "LOINC", "glucose"),
        ("tears", "local", "blood glucose"),
    ],
)
def test_glucose_is_that_of_its_specimen(specimen: str, system: str, name: str) -> None:
    (event,) = read(body("blood_glucose", 5.5, "mmol/L", specimen_source=specimen)).events
    assert (event.system, event.name) == (system, name)
    assert event.value == pytest.approx(99.1, abs=0.1) if system == "LOINC" else event.value == 5.5


def test_what_is_measured_at_an_instant_is_somewhere_in_its_interval() -> None:
    (event,) = read(body("heart_rate", 60, "beats/min", HOURS)).events
    assert (event.time, event.width) == (parse_time("2024-03-01T08:00:00Z").us, 3 * HOUR // 2)


def test_an_amount_over_time_has_an_end() -> None:
    (event,) = read(body("step_count", {"value": 900, "unit": "steps"}, frame=HOURS)).events
    assert (event.code, event.unit, event.width) == ("55423-8", "{steps}", 0)
    assert event.until - event.time == 3 * HOUR // 2
    ends = {"end_date_time": "2024-03-01T08:00:00Z", "duration": {"value": 2, "unit": "h"}}
    (event,) = read(body("sleep_duration", 1, "h", {"time_interval": ends})).events
    assert event.time == parse_time("2024-03-01T06:00:00Z").us and event.until - event.time == 2 * HOUR


@pytest.mark.parametrize(("part", "width"), [("morning", DAY), ("night", 3 * DAY // 2)])
def test_a_part_of_a_day_has_the_width_of_the_day(part: str, width: int) -> None:
    frame = {"time_interval": {"date": "2024-03-01", "part_of_day": part}}
    record = read(body("body_height", 180, "cm", frame))
    (event,) = record.events
    assert (event.time, event.width) == (parse_time("2024-03-01").us, width)
    assert event.text == part and "time.part-of-day" in codes(record)


def test_a_statistic_is_no_measurement() -> None:
    record = read(body("heart_rate", 45, "beats/min", HOURS, descriptive_statistic="minimum"))
    (event,) = record.events
    assert (event.system, event.code, event.name) == ("local", "heart_rate minimum", "heart rate, minimum")
    assert (event.usable, event.reason) == (False, "value.statistic")
    assert event.until - event.time == 3 * HOUR // 2 and len(record.observations("heart rate")) == 0


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({}, "omh.time-frame"),
        ("x", "omh.time-frame"),
        ({**INSTANT, **HOURS}, "omh.time-frame"),
        ({"date_time": "2024-13-01T00:00:00Z"}, "omh.time-frame"),
        ({"time_interval": {"start_date_time": "2024-03-01T08:00:00Z"}}, "omh.time-frame"),
        ({"time_interval": {"date": "2024-03-01", "part_of_day": "noon"}}, "omh.time-frame"),
        (
            {
                "time_interval": {
                    "start_date_time": "2024-03-01T08:00:00Z",
                    "duration": {"value": 1, "unit": "x"},
                }
            },
            "omh.time-frame",
        ),
        (
            {
                "time_interval": {
                    "start_date_time": "2024-03-01T08:00:00Z",
                    "end_date_time": "2023-03-01T08:00:00Z",
                }
            },
            "time.reversed",
        ),
    ],
)
def test_time_frames_that_are_none(frame: Any, code: str) -> None:
    record = read(body("heart_rate", 60, "beats/min", frame))
    assert code in codes(record)
    assert record.events[0].usable == (code == "time.reversed")


def test_versions_differ() -> None:
    bare = {"heart_rate": {"value": 60, "unit": "beats/min"}}
    assert codes(read(point("heart-rate", "1.0", bare))) == {"time.missing"}
    assert "omh.time-missing" in codes(read(point("heart-rate", "2.0", bare)))
    steps = {"step_count": 6000, "effective_time_frame": HOURS}
    assert read(point("step-count", "2.0", steps)).events[0].value == 6000
    assert not read(point("step-count", "3.0", steps)).events[0].usable


def test_several_people_in_lines_and_a_line_that_is_broken() -> None:
    lines = [
        json.dumps(point("heart-rate", "2.0", body("heart_rate", 60 + i, "beats/min"), user, f"{user}{i}"))
        for i in range(3)
        for user in ("a", "b")
    ]
    data = "\n".join([*lines, '{"header": ', ""]).encode()
    found = {record.patient.id: record for record in read_records(data)}
    assert {key: len(record.events) for key, record in found.items()} == {"a": 3, "b": 3}
    assert any(issue.code == "json.truncated" for issue in found["a"].issues)
    places = {event.place for event in found["a"].events}
    assert places == {f"line {n}#heart_rate" for n in (1, 3, 5)}


def test_array_and_single_give_the_same_events() -> None:
    one = point("heart-rate", "2.0", body("heart_rate", 60, "beats/min"))
    array, single = read([one]), read(one)
    pretty = read_record(json.dumps(one, indent=2).encode())
    assert array.hash == single.hash == pretty.hash


PRESCRIPTION = {
    "description": "Coumadin 2 mg: 2 tablets daily",
    "medication": {"trade_name": "Coumadin", "strength": [{"value": 2, "unit": "mg"}], "rxnorm_code": 855304},
    "route": "oral",
    "schedule": [
        {
            "dose_duration": {"duration": {"value": 30, "unit": "d"}},
            "medication_dose": {"dose": {"value": 1.5, "unit": "tablet"}},
            "dose_recurrence": {
                "frequency": {"number_of_times": 2, "time_window": {"value": 1, "unit": "d"}}
            },
        }
    ],
}


def test_a_prescription_is_an_order_without_a_time() -> None:
    (order,) = read(PRESCRIPTION).events
    assert (order.kind, order.system, order.code, order.name) == ("order", "RxNorm", "855304", "warfarin")
    assert (order.value, order.unit, order.every, order.route) == (3.0, "mg", 12.0, "oral")
    assert (order.time, order.reason) == (NAT, "time.missing")
    (order,) = read({**PRESCRIPTION, "effective_time_frame": INSTANT}).events
    assert order.usable and order.until - order.time == 30 * DAY


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"medication_dose": {"dose_range": {"low_value": 1, "high_value": 2, "unit": "tablet"}}},
            "dose.range",
        ),
        ({"medication_dose": {"dose_array": []}}, "dose.several"),
        ({"medication_dose": {}}, "dose.missing"),
        ({"dose_recurrence": {}}, "dose.no-timing"),
        ({"dose_recurrence": {"timing": [{"day_of_week": "Monday"}]}}, "dose.timing"),
    ],
)
def test_doses_that_cannot_be_told(change: dict[str, Any], reason: str) -> None:
    schedule = [{**PRESCRIPTION["schedule"][0], **change}]  # type: ignore[dict-item]
    (order,) = read({**PRESCRIPTION, "schedule": schedule, "effective_time_frame": INSTANT}).events
    assert (order.usable, order.reason) == (False, reason)


def test_unknown_elements_are_read_or_listed() -> None:
    more = {"grip_strength": {"value": 40, "unit": "kg"}, "samples": [1, 2]}
    record = read({**body("heart_rate", 60, "beats/min"), **more})
    assert {event.code: event.value for event in record.events} == {"8867-4": 60.0, "grip_strength": 40.0}
    assert "omh.not-read" in codes(record)


def test_nothing_in_a_file_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        read_record(b"[1, 2]", format="openmhealth")
    assert caught.value.code == "omh.nothing"
