"""Records of sensors and wearables: what exports of each maker hold."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pytwin.record import Record, read_record
from pytwin.record.time import parse_time
from pytwin.record.wearables.wfdb_header import parse
from pytwin.record.wearables.wfdb_samples import pieces
from pytwin.verify.case import Case, equal
from pytwin.verify.run import Context

# Issues of the Open mHealth files that no version of a schema allows, or that the version in their name does
# not: the start of the file's name -> code.
_FAULTS = {
    "blood-glucose/4.0 invalid-descriptive-statistic": "omh.value-set",
    "blood-glucose/4.0 invalid-specimen-source": "omh.value-set",
    "blood-glucose/4.0 invalid-temporal-relationship-to-meal": "omh.value-set",
    "blood-glucose/4.0 invalid-temporal-relationship-to-sleep": "omh.value-set",
    "blood-glucose/4.0 missing-time-frame": "omh.time-missing",
    "blood-pressure/3.0 invalid-unit": "omh.unit",
    "blood-pressure/3.1 invalid-pa-value": "omh.value-set",
    "blood-pressure/4.0 invalid-timeframe-format": "omh.time-frame",
    "body-height/2.0 with-part-of-day": "omh.time-frame",
    "body-temperature/3.0 invalid-unit": "omh.unit",
    "body-temperature/3.0 missing-effective-time-frame": "omh.time-missing",
    "body-weight/2.0 invalid-unit": "omh.unit",
    "body-weight/2.0 missing-body-weight-unit": "omh.unit-missing",
    "body-weight/2.0 missing-body-weight-value": "omh.value",
    "body-weight/3.0 invalid-descriptive-statistic": "omh.value-set",
    "heart-rate/1.0 incorrect-unit": "omh.unit",
    "heart-rate/2.0 incorrect-unit": "omh.unit",
    "medication-adherence-percent/1.0 missing-med-adherence-percent": "omh.missing",
    "oxygen-saturation/1.0 invalid-oxygen-unit": "omh.unit",
    "rr-interval/1.0 invalid-rr-interval": "omh.unit",
    "sleep-duration/1.0 invalid-sleep-duration-unit": "omh.unit",
    "sleep-duration/2.0 invalid-unit": "omh.unit",
    "sleep-duration/2.0 sleep-duration-only": "omh.time-missing",
    "sleep-duration/2.0 with-date-time": "omh.time-frame",
    "step-count/3.0 string-step-count-value": "omh.value",
    "step-count/3.0 with-date-time": "omh.time-frame",
}
# What is said of a body alone, whose version is not known, where an earlier version allows it.
_MILDER = {
    "omh.time-missing": "time.missing",
    "omh.time-frame": "time.no-interval time.part-of-day",
}
_SOURCE = "reference library, ehr/cgm/{}"


def cases(context: Context) -> Iterator[Case]:
    """All cases of sensors."""
    folder = context.folder("ehr", "cgm", "Clarity_Export_synthetic.csv").parent
    yield from _clarity(folder)
    yield from _libre(folder)
    yield from _nightscout(folder)
    yield from _apple(context.folder("ehr", "wearables", "apple_health_2019_export.xml"))
    yield from _wfdb(context.folder("ehr", "waveform_wfdb", "100_3chan.hea").parent)
    yield from _open_mhealth(context.folder("ehr", "wearables", "openmhealth", "heart-rate").parent)


def _codes(record: Record) -> Counter[str]:
    return Counter(event.code for event in record.events)


def _issues(record: Record, code: str) -> int:
    return sum(issue.code == code for issue in record.issues)


def _clarity(folder: Path) -> Iterator[Case]:
    name = "Clarity_Export_synthetic.csv"
    record = read_record(folder / name)
    source = _SOURCE.format(name)
    sensor = [event for event in record.events if event.code == "EGV"]
    plain = sum(event.usable and not event.comparator for event in sensor)
    below = sum((event.comparator, event.value) == ("<", 40.0) for event in sensor)
    found = _codes(record)
    yield equal("Clarity: sensor values", 3922, found["EGV"], source=source)
    yield equal("Clarity: plain numbers among them", 3917, plain, source=source)
    yield equal("Clarity: below the sensor's range", 5, below, source=source)
    yield equal("Clarity: doses of insulin", 47, found["insulin"], source=source)
    yield equal("Clarity: alerts", 7, found["Alert"], source=source)
    yield equal("Clarity: records of the person", 3, _issues(record, "device.header"), source=source)
    for number, values in (("001", 5), ("003", 3)):
        name = f"bigideas/Dexcom_{number}.csv.gz"
        found = _codes(read_record(folder / name))
        yield equal(f"{number}: sensor values of a cut-off file", values, found["EGV"], source=source)
        yield equal(f"{number}: alerts of a cut-off file", 7, found["Alert"], source=source)


def _libre(folder: Path) -> Iterator[Case]:
    name = "FreeStyle_Libre_3_synthetic.csv.gz"
    record = read_record(folder / name)
    found, source = _codes(record), _SOURCE.format(name)
    same = _issues(record, "record.duplicate")
    yield equal("Libre: historic values", 4305, found["historic glucose"], source=source)
    yield equal("Libre: scans", 316, found["scan glucose"], source=source)
    yield equal("Libre: other rows, with repeated ones", 936, found["other"] + same, source=source)
    yield equal("Libre: rows", 5557, len(record.events) + same, source=source)


def _nightscout(folder: Path) -> Iterator[Case]:
    name = "nightscout_entries.json.gz"
    values = [event.value for event in read_record(folder / name).events if event.code == "sgv"]
    source = _SOURCE.format(name)
    yield equal("Nightscout: sensor values", 1000, len(values), source=source)
    yield equal("Nightscout: least value", 32.0, min(values), source=source)
    yield equal("Nightscout: largest value", 285.0, max(values), source=source)
    name = "glupredkit_nightscout_entries.json"
    record = read_record(folder / name)
    with (folder / "glupredkit_nightscout_expected_output.csv").open(encoding="utf-8") as stream:
        expected = {parse_time(row["date"]).us: float(row["CGM"]) for row in csv.DictReader(stream)}
    right = sum(expected.get(event.time) == event.value for event in record.events)
    yield equal("Nightscout: values equal at the same instant", 576, right, source=_SOURCE.format(name))


def _apple(path: Path) -> Iterator[Case]:
    source = "reference library, ehr/wearables"
    by_code = {event.code: event for event in read_record(path).events}
    for code, value, unit in (
        ("BodyMassIndex", 22.5312, "kg/m2"),
        ("HeartRate", 72.0, "/min"),
        ("Workout", 5.19412346680959, "min"),
        ("Workout distance", 0.4971749504535062, "[mi_i]"),
        ("Workout energy", 48.74499999999999, "kcal"),
    ):
        yield equal(f"Apple Health: {code}", value, by_code[code].value, source=source)
        yield equal(f"Apple Health: unit of {code}", unit, by_code[code].unit, source=source)
    days = sum(event.code == "ActivitySummary active energy" for event in read_record(path).events)
    yield equal("Apple Health: summaries of a day", 2, days, source=source)


def _open_mhealth(folder: Path) -> Iterator[Case]:
    """Each file as a data point of the version in its name, and as the body alone that it is."""
    for path in sorted(folder.rglob("*.json")):
        version, verdict, case = path.stem.split("__")
        name = f"{path.parent.name}/{version} {case}"
        source = f"reference library, ehr/wearables/openmhealth/{path.parent.name}/{path.name}"
        fault = _FAULTS.get(name, "")
        header = {
            "id": "1",
            "creation_date_time": "2024-01-01T00:00:00Z",
            "schema_id": {"namespace": "omh", "name": path.parent.name, "version": version},
        }
        point = {"header": header, "body": json.loads(path.read_bytes())}
        record = read_record(json.dumps(point).encode())
        codes = {issue.code for issue in record.issues if issue.severity == "error"}
        got = (fault if fault in codes else " ".join(sorted(codes))) or "shouldPass"
        expected = fault if verdict == "shouldFail" else verdict
        yield equal(f"Open mHealth: {name}", expected, got, source=source)
        yield equal(f"Open mHealth, alone: {name}", verdict, _alone(path, fault), source=source)


def _alone(path: Path, fault: str) -> str:
    """The verdict on a body without a header; what only a later version forbids is a milder issue there."""
    record = read_record(path)
    codes = {issue.code for issue in record.issues}
    errors = {issue.code for issue in record.issues if issue.severity == "error"}
    known = {fault, *_MILDER.get(fault, "").split()} - {""}
    return "shouldFail" if codes & known else " ".join(sorted(errors)) or "shouldPass"


def _wfdb(folder: Path) -> Iterator[Case]:
    """A signal file against what its header states of it, and what headers say."""
    headers = {path.stem: parse(path.read_text(), path.name) for path in sorted(folder.glob("*.hea"))}
    one = headers["100_3chan"]
    source = "reference library, ehr/waveform_wfdb/{}.hea"
    with (folder / "100_3chan.dat").open("rb") as stream:
        (samples,) = pieces(stream, 212, len(one.signals), one.frames)
    yield equal("WFDB: samples of a signal", 999, len(samples), source=source.format("100_3chan"))
    for signal, values in zip(one.signals, samples.T, strict=True):
        where = source.format("100_3chan")
        yield equal(f"WFDB: first sample of {signal.name}", signal.first or 0, int(values[0]), source=where)
        total = int(values.sum()) % 65536
        yield equal(f"WFDB: sum of {signal.name} in 16 bits", signal.checksum or 0, total, source=where)
    for name, channels, frames in (("100", 2, 650000), ("03700181", 3, 75000), ("binformats", 10, 499)):
        header, where = headers[name], source.format(name)
        yield equal(f"WFDB: signals of {name}", channels, len(header.signals), source=where)
        yield equal(f"WFDB: frames of {name}", frames, header.frames, source=where)
        listed = _issues(read_record(folder / f"{name}.hea"), "wfdb.waveform")
        yield equal(f"WFDB: waveforms of {name} that are listed", channels, listed, source=where)
    pressure = headers["03700181"].signals[1]
    yield equal("WFDB: baseline of a pressure", -1605, pressure.baseline, source=source.format("03700181"))
    yield equal("WFDB: its gain", 12.84, pressure.gain, source=source.format("03700181"))
