"""Plain records of Apple Health, read many at once, give the rows and issues of the slow way."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from math import isnan
from typing import Any

import pytest

from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.record.sink import Options, Sink
from pytwin.record.table import EventTable
from pytwin.record.wearables import applehealth
from pytwin.record.wearables.applefast import OddError, times

TYPES = (
    ("HKQuantityTypeIdentifierHeartRate", "count/min", "61"),
    ("HKQuantityTypeIdentifierHeartRate", "count/s", "1.5"),
    ("HKQuantityTypeIdentifierBodyMass", "lb", "151.2"),
    ("HKQuantityTypeIdentifierBodyMassIndex", "count", "22.5"),
    ("HKQuantityTypeIdentifierVO2Max", "mL/min·kg", "41.25"),
    ("HKQuantityTypeIdentifierBodyTemperature", "degF", "98.6"),
    ("HKQuantityTypeIdentifierOxygenSaturation", "%", "0.97"),
    ("HKQuantityTypeIdentifierHeartRate", "count/min", "4000"),
    ("HKQuantityTypeIdentifierStepCount", "xyzzy", "17"),
    ("HKQuantityTypeIdentifierDistanceWalkingRunning", "km", "1.2e-05"),
    ("HKCategoryTypeIdentifierSleepAnalysis", None, "HKCategoryValueSleepAnalysisInBed"),
    ("HKCategoryTypeIdentifierMindfulSession", None, None),
    ("HKQuantityTypeIdentifierNothing", None, "5"),
)
CHILDREN = (
    "",
    '<MetadataEntry key="k" value="1 &amp; 2"/>',
    '\n  <MetadataEntry key="k" value="1"/>\n  <Other/>\n',
)
BETWEEN = (
    '<Workout workoutActivityType="HKWorkoutActivityTypeRunning" duration="5.1" durationUnit="min"'
    ' startDate="2024-01-02 01:00:00 -0700" endDate="2024-01-02 01:05:00 -0700"><WorkoutRoute/></Workout>',
    '<ActivitySummary dateComponents="2024-01-02" activeEnergyBurned="5" activeEnergyBurnedUnit="Cal"/>',
    '<Correlation type="x"><Record type="HKQuantityTypeIdentifierHeartRate" sourceName="a" unit="count/min"'
    ' startDate="2024-01-02 01:00:00 -0700" endDate="2024-01-02 01:00:00 -0700" value="70"/></Correlation>',
    "words between",
    "<Record type='HKQuantityTypeIdentifierHeartRate' unit='count/min' value='62'/>",
)
MARKUP = (
    "<!-- <Workout> -->", "<![CDATA[<Record/>]]>", "<?pi?>", "&amp;", "<Other a='>'>", "</Other>", '<a b="',
)  # fmt: skip
BYTES = (b"\x00", b"\xff", b"\xef\xbf\xbf", b"<", b"&", b'"', b">", b"9", b"'")


def record(draw: random.Random) -> str:
    type, unit, value = draw.choice(TYPES)
    zone = draw.choice(("-0700", "+0000", "+0530"))
    day = f"20{draw.randint(10, 29)}-{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d}"
    date = f"{day} {draw.randint(0, 23):02d}:{draw.randint(0, 59):02d}:{draw.randint(0, 60):02d} {zone}"
    device = (
        f' device="&lt;&lt;HKDevice: 0x{draw.randint(0, 99)}&gt;, name:Watch&gt;"'
        if draw.random() < 0.6
        else ""
    )
    text = f' <Record type="{type}" sourceName="Anna’s Watch" sourceVersion="10.1"{device}'
    text += f' unit="{unit}"' if unit else ""
    text += f' creationDate="{date}" startDate="{date}" endDate="{date}"'
    text += f' value="{value}"' if value else ""
    child = draw.choice(CHILDREN)
    return text + ("/>\n" if not child else f">{child}</Record>\n")


def export(draw: random.Random, count: int = 60) -> bytes:
    lines = [record(draw) for _ in range(count)]
    for _ in range(draw.randint(0, 6)):
        lines.insert(draw.randrange(count), draw.choice(BETWEEN) + "\n")
    me = '<Me HKCharacteristicTypeIdentifierDateOfBirth="1990-02-02"/>\n'
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE HealthData [\n<!ELEMENT Record ANY>\n]>\n'
    return f'{head}<HealthData locale="en_US">\n{me}{"".join(lines)}</HealthData>\n'.encode()


def damage(data: bytes, draw: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(draw.randint(1, 3)):
        at = draw.randrange(len(out))
        match draw.randrange(6):
            case 0:
                out[at : at + 1] = bytes([draw.randrange(256)])
            case 1:
                del out[at : at + draw.randint(1, 60)]
            case 2:
                out[at:at] = out[at : at + draw.randint(1, 400)]
            case 3:
                out[at:at] = draw.choice(MARKUP).encode()
            case 4:
                line = out.find(b"\n", at)
                out[line:line] = draw.choice(MARKUP).encode()
            case 5:
                out[at:at] = draw.choice(
                    (b"\x00", b"\xff", b"\xef\xbf\xbf", b"<", b"&", b'"', b">", b"9", b"'")
                )
    return bytes(out)


def rows_of(tables: list[EventTable]) -> Iterator[tuple[Any, ...]]:
    for table in tables:
        for event in table:
            yield tuple("nan" if isinstance(value, float) and isnan(value) else value for value in event)


def outcome(data: bytes, fast: bool) -> tuple[Any, ...]:
    sink = Sink()
    try:
        for _ in applehealth.read_export([Input(data)], sink, Options(), fast):
            pass
    except InputError as error:  # what was read before it depends on the pieces
        return error.code, (error.place or "").partition(",")[0]
    sink.flush()
    issues = sorted(str(issue) + issue.found for issue in sink.all_issues())
    return sorted(map(repr, rows_of(sink.tables))), issues, sink.people


def totals(data: bytes, fast: bool) -> Counter[str]:
    """How many issues there are of each code, those that are only counted among them."""
    sink, found = Sink(), Counter[str]()
    for _ in applehealth.read_export([Input(data)], sink, Options(), fast):
        pass
    for issue in sink.all_issues():
        more = re.match(r"(\d+) more like", issue.message)
        found[issue.code] += int(more[1]) if more else 1
    return found


@pytest.fixture(params=[1 << 10, 1 << 13, 1 << 19], ids=["1 KiB", "8 KiB", "512 KiB"])
def piece(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(applehealth, "_PIECE", request.param)
    return int(request.param)


@pytest.mark.parametrize("seed", range(12))
def test_both_ways_agree(piece: int, seed: int) -> None:
    data = export(random.Random(seed))
    fast, slow = outcome(data, True), outcome(data, False)
    assert fast == slow and len(fast[0]) > 55


@pytest.mark.parametrize("seed", range(20))
def test_both_ways_agree_on_damaged_files(piece: int, seed: int) -> None:
    draw = random.Random(f"damage {seed}")
    for _ in range(10):
        data = damage(export(draw, 20), draw)
        assert outcome(data, True) == outcome(data, False)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100))
def test_both_ways_agree_on_many_damaged_files(piece: int, seed: int) -> None:
    draw = random.Random(f"more damage {seed}")
    for _ in range(20):
        data = damage(export(draw, 12), draw)
        assert outcome(data, True) == outcome(data, False)


def test_issues_beyond_those_listed_are_counted_alike(piece: int) -> None:
    draw = random.Random(1)
    lines = "".join(record(draw) for _ in range(1500))
    data = f"<HealthData>{lines}</HealthData>".encode()
    (rows, *_), (same, *_) = outcome(data, True), outcome(data, False)
    assert rows == same and totals(data, True) == totals(data, False)
    assert totals(data, True)["unit.unknown"] > 200


def test_most_records_are_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    monkeypatch.setattr(applehealth, "_record", lambda wearer, index, element: read.append(index))
    plain = "".join(
        f'<Record type="HKQuantityTypeIdentifierStepCount" sourceName="a" unit="count"'
        f' startDate="2024-01-01 00:00:00 +0000" endDate="2024-01-01 00:01:00 +0000" value="{i}"/>\n'
        for i in range(100)
    )
    rows = outcome(f"<HealthData>\n{plain}{BETWEEN[0]}{plain}</HealthData>".encode(), True)[0]
    assert len(rows) == 201 and not read


@pytest.mark.parametrize(
    "date",
    [
        "2023-02-29 00:00:00 +0000",
        "2024-13-01 00:00:00 +0000",
        "2024-01-01 24:00:00 +0000",
        "2024-01-01 00:00:00 +1500",
        "2024-01-01T00:00:00 +0000",
        "2024-01-01 00:00:00 0000",
        "",
    ],
)
def test_dates_that_are_none(date: str) -> None:
    with pytest.raises(OddError):
        times([date.encode()])
