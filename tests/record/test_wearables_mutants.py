"""Damaged exports of wearables: records or an InputError, in time, and no patient data in any message."""

from __future__ import annotations

import io
import json
import random
import time
import zipfile
from typing import Any

import pytest

from pytwin.errors import InputError
from pytwin.record import read_records

SECRETS = ("Zorblatt", "777554321", "1931-12-24")


def _open_mhealth() -> list[bytes]:
    header = {
        "id": "Zorblatt",
        "creation_date_time": "2024-03-02T00:00:00Z",
        "schema_id": {"namespace": "omh", "name": "blood-pressure", "version": "3.0"},
        "user_id": "777554321",
    }
    hours = {"start_date_time": "2024-03-01T08:00:00Z", "duration": {"value": 1.5, "unit": "h"}}
    pressure = {
        "systolic_blood_pressure": {"value": 120, "unit": "mmHg"},
        "diastolic_blood_pressure": {"value": "Zorblatt", "unit": "1931-12-24"},
        "effective_time_frame": {"date_time": "1931-12-24T08:00:00Z"},
        "measurement_location": "Zorblatt",
    }
    steps = {
        "step_count": {"value": 9e2, "unit": "steps"},
        "effective_time_frame": {"time_interval": hours},
        "Zorblatt": {"value": 1, "unit": "Zorblatt"},
        "user_notes": "Zorblatt 777554321",
        "descriptive_statistic": "Zorblatt",
    }
    order = {
        "description": "Zorblatt",
        "medication": {
            "trade_name": "Zorblatt",
            "strength": [{"value": 2, "unit": "mg"}],
            "rxnorm_code": 777554321,
        },
        "schedule": [
            {
                "dose_duration": {"duration": {"value": 30, "unit": "d"}},
                "medication_dose": {"dose": {"value": 1, "unit": "tablet"}},
                "dose_recurrence": {
                    "frequency": {"number_of_times": 2, "time_window": {"value": 1, "unit": "d"}}
                },
            }
        ],
    }
    points: list[Any] = [{"header": header, "body": pressure}, steps, order]
    lines = "\n".join(json.dumps(point) for point in points)
    return [json.dumps(points).encode(), lines.encode()]


def _wfdb() -> list[bytes]:
    """Headers; a signal file is put beside them."""
    signals = (
        "777554321 2 0.0166666666667 5 08:00:00 24/12/1931\na.dat 212 10(0)/bpm 12 0 0 0 0 HR\n"
        "a.dat 212 1/Zorblatt 12 0 0 0 0 Zorblatt\n# <age>: 69 <sex>: M Zorblatt\n"
    )
    segments = "777554321/3 1 1 12 17:47:50 24/12/1931\ns1 3\n~ 5\nZorblatt 2\n"
    return [signals.encode(), segments.encode()]


def _beside(header: bytes, rng: random.Random) -> bytes:
    """An archive of a header, its signal file and a segment."""
    with io.BytesIO() as stream:
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("x.hea", header)
            archive.writestr("s1.hea", "s1 1 1 3\na.dat 16 1/bpm 16 0 0 0 0 HR\n")
            archive.writestr("a.dat", rng.randbytes(rng.choice((15, 14, 3, 400))))
        return stream.getvalue()


def _carelink() -> list[bytes]:
    """Sections with semicolons, and one table with commas."""
    columns = (
        "Index;Date;Time;New Device Time;BG Reading (mg/dL);Basal Rate (U/h);Bolus Type;"
        "Bolus Volume Delivered (U);Bolus Duration (h:mm:ss);Alert;BWZ Carb Input (grams);"
        "Sensor Glucose (mg/dL);Event Marker"
    )
    head = (
        "Last Name;First Name;Patient ID;Start Date\nZorblatt;Zorblatt;777554321;24/12/31\n"
        "Patient DOB;1931-12-24\n\n-------;MiniMed;Pump;777554321;-------\n"
    )
    rows = (
        "1,0;24.07.2024;08:00:00;;143;0,85;Zorblatt;7,5;1:30:00;Zorblatt;40,0;117;Insulin: 2,5\n"
        "2,0;2024/07/24;08:05:00;;Zorblatt;Zorblatt;Square;Zorblatt;9:99:99;;Zorblatt;1931-12-24;777554321\n"
    )
    daily = f"-------;MiniMed;Pump;777554321;Aggregated Auto Insulin Data\n{columns}\n{rows}"
    sections = f"{head}{columns}\n{rows}\n{daily}"
    return [sections.encode(), f"{columns}\n{rows}".replace(",", ".").replace(";", ",").encode()]


def _apple() -> list[bytes]:
    return [
        (
            b'<?xml version="1.0"?><!DOCTYPE HealthData [<!ELEMENT HealthData ANY>]><HealthData>\n'
            b'<Me HKCharacteristicTypeIdentifierDateOfBirth="1931-12-24"/>\n'
            b'<Record type="HKQuantityTypeIdentifierBloodGlucose" unit="Zorblatt" sourceName="Zorblatt"'
            b' startDate="2024-01-02 03:04:05 -0700" endDate="2024-01-02 03:04:06 -0700" value="99"/>\n'
            b'<Record type="HKQuantityTypeIdentifierHeartRate" sourceName="777554321&apos;s" unit="count/min"'
            b' creationDate="2024-01-02 03:04:05 -0700" startDate="2024-01-02 03:04:05 -0700"'
            b' endDate="2024-01-02 03:04:05 -0700" value="61"><MetadataEntry key="Zorblatt"/></Record>\n'
            b'<Record type="Zorblatt" value="Zorblatt" startDate="1931-12-24"/>\n'
            b'<Workout workoutActivityType="HKWorkoutActivityTypeZorblatt" duration="5.1" durationUnit="min"'
            b' startDate="2024-01-02 01:00:00 -0700"/>\n'
            b'<ActivitySummary dateComponents="2024-01-02" activeEnergyBurned="5"/>\n'
            b"</HealthData>"
        )
    ]


SOURCES = {
    "openmhealth": _open_mhealth(),
    "wfdb": _wfdb(),
    "carelink": _carelink(),
    "applehealth": _apple(),
}
_PIECES = (
    b"", b"\x00", b'"', b",", b"\xff", b"[", b"{", b"}", b"<", b">", b"9" * 400, b"1e999", b"-", b"\n",
    b"null", b";", b"=", b"/", b"\r", b"&", b"0",
)  # fmt: skip


def _mutate(data: bytes, rng: random.Random) -> bytes:
    """Change, delete, repeat or insert a few bytes, or cut the end off."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 5)):
        at = rng.randrange(len(out)) if out else 0
        match rng.randrange(5):
            case 0:
                out[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del out[at : at + rng.randint(1, 60)]
            case 2:
                out[at:at] = out[at : at + rng.randint(1, 200)]
            case 3:
                out[at : at + rng.choice((0, 1, 20))] = rng.choice(_PIECES)
            case 4:
                if rng.random() < 0.2:
                    del out[at:]
    return bytes(out)


def _mutate_json(value: Any, rng: random.Random) -> Any:
    """Change a few elements of a JSON tree to another type, drop or repeat them: damage that still parses."""
    if rng.random() < 0.03:
        return rng.choice([None, True, 7, -1e300, "", "Zorblatt", [], {}, [value], {"a": value}, "9" * 500])
    if isinstance(value, dict):
        return {key: _mutate_json(part, rng) for key, part in value.items() if rng.random() > 0.02}
    if isinstance(value, list):
        return [_mutate_json(part, rng) for part in value for _ in range(2 if rng.random() < 0.02 else 1)]
    return value


def _check(data: Any, name: str) -> None:
    start = time.process_time()
    try:
        iterator = read_records(data, format=name)
        records = list(iterator)
    except InputError as error:
        shown = f"{error} {error!r}"
    else:
        issues = [issue for record in records for issue in record.issues]
        shown = " ".join(f"{issue} {issue!r}" for issue in [*issues, *iterator.issues])
        shown += " ".join(map(repr, records))
        for record in records:
            assert len(record.hash) == 64
            assert not (record.events.usable & ~record.events.valid).any()
    assert time.process_time() - start < 1.0
    assert not any(secret in shown for secret in SECRETS)


def _mutants(name: str, count: int, seed: int) -> None:
    rng = random.Random(f"{name} {seed}")
    for number in range(count):
        data = SOURCES[name][number % len(SOURCES[name])]
        if data[:1] == b"[" and number % 4 == 0:
            _check(json.dumps(_mutate_json(json.loads(data), rng)).encode(), name)
        else:
            damaged = _mutate(data, rng)
            _check(_beside(damaged, rng) if name == "wfdb" else damaged, name)


@pytest.mark.parametrize("name", SOURCES)
def test_undamaged(name: str) -> None:
    for data in SOURCES[name]:
        _check(data, name)


@pytest.mark.parametrize("name", SOURCES)
def test_two_hundred_mutants(name: str) -> None:
    _mutants(name, 200, 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", SOURCES)
def test_two_thousand_mutants(name: str) -> None:
    _mutants(name, 2000, 2)


def test_deep_and_long_json() -> None:
    _check(b'{"heart_rate": ' + b"[" * 1_000_000, "openmhealth")
    _check(b'{"heart_rate": {"value": ' + b"9" * 1_000_000 + b', "unit": "beats/min"}}', "openmhealth")
    _check(b'{"body_weight": {"value": 1, "unit": "kg"}}\n' * 5_000, "openmhealth")


def test_headers_of_many_signals_and_segments() -> None:
    line = "a.dat 16 1/bpm 16 0 0 0 0 HR\n"
    _check(_beside(("x 9999 1 9\n" + line * 9_999).encode(), random.Random(1)), "wfdb")
    _check(_beside(b"x/9999 1 1 9\n" + b"s1 3\nlost 1\n" * 4_999 + b"~ 1\n", random.Random(1)), "wfdb")
    _check(_beside(b"x 1 999999999999 999999999999999\na.dat 16x999999 1/bpm\n", random.Random(1)), "wfdb")
    _check(
        _beside(b"x 1 1 999999999999999\na.dat 16:999999999+999999999999 1e-300/bpm\n", random.Random(1)),
        "wfdb",
    )
