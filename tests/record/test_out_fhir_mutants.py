"""Damage to what pytwin wrote as FHIR: a Record or an InputError, in time, by both paths, and silent."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

import pytwin as pt
from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.record import NAIVE, Event, Instant, PatientInfo, Record
from pytwin.record.fhir.bulk import read_bulk
from pytwin.record.fhir.carried import URL, seal
from pytwin.record.sink import Sink

SECRETS = ("Zorblatt", "777-55-4321", "19311224", "13.37")
SHAPES = [
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\\",
    b'\\"',
    b"null",
    b"true",
    b"-",
    b"1e999",
    b"\\u0000",
]
KINDS = ("observation", "order", "administration", "statement", "dispense", "condition", "allergy", "other")


def record() -> Record:
    """A patient whose every row needs an extension, with secrets in it."""
    name, number, born, value = SECRETS
    shared = {"time": 1_600_000_000_000_000, "offset": NAIVE, "text": name, "reason": "", "status": name}
    rows = [
        Event(kind=kind, id=f"{kind}:{number}", name=name, code=value, original_value=value, **shared)
        for kind in KINDS
    ]
    parts = [
        Event(kind="observation", id=number, code=f"{n}", panel="85354-9", value=n, usable=False, **shared)
        for n in range(3)
    ]
    plain = [
        Event(
            kind="observation", id=f"Observation/{n}", system="LOINC", code="6301-6", name="INR", value=2.5,
            unit="{INR}", original_value="2.5", original_unit="{INR}", time=10**15 + n, offset=0,
            status="final",
        )
        for n in range(4)
    ]  # fmt: skip
    info = PatientInfo(f"{name} {number}", birth=Instant(-(10**15), 5, 7), race=born, age_decade=7)
    return Record.from_events(info, [*rows, *parts, *plain], genotypes={"VKORC1": name})


def sources() -> dict[str, bytes]:
    with TemporaryDirectory() as folder:
        pt.write_records(record(), Path(folder) / "lines", format="fhir-bulk")
        files = sorted((Path(folder) / "lines").iterdir(), key=lambda file: file.name != "Patient.ndjson")
        lines = b"".join(file.read_bytes() for file in files)
    return {"bundle": json.dumps(record().to_fhir()).encode(), "lines": lines}


SOURCES = sources()


def broken(data: bytes, rng: random.Random) -> bytes:
    """A few bytes changed, deleted, repeated, inserted or moved."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(out)) if out else 0
        match rng.randrange(6):
            case 0:
                out[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del out[at : at + rng.randint(1, 60)]
            case 2:
                out[at:at] = out[at : at + rng.randint(1, 200)]
            case 3:
                out[at:at] = rng.choice(SHAPES)
            case 4:
                del out[at + rng.randint(0, 2000) :]
            case 5:
                other = rng.randrange(len(out)) if out else 0
                out[at : at + 30] = out[other : other + 30]
    return bytes(out)


def bent(value: Any, rng: random.Random, rate: float) -> Any:
    """A JSON tree with values of other types here and there."""
    if rng.random() < rate:
        return rng.choice([None, True, 7, -1e300, "", "x", [], {}, [value], {"a": value}, "9" * 500, 2**63])
    if isinstance(value, dict):
        return {k: bent(v, rng, rate) for k, v in value.items() if rng.random() > rate}
    if isinstance(value, list):
        return [bent(v, rng, rate) for v in value for _ in range(2 if rng.random() < rate else 1)]
    return value


def bent_text(data: bytes, rng: random.Random) -> bytes:
    lines = [json.dumps(bent(json.loads(line), rng, 0.01)) for line in data.splitlines()]
    return "\n".join(lines).encode()


def forged(data: bytes, rng: random.Random) -> bytes:
    """What stands beside resources is bent, and sealed anew, so that it is used."""

    def forge(resource: Any) -> None:
        for one in resource.get("extension", []):
            if one["url"] == URL and rng.random() < 0.5:
                content = json.loads(one["valueString"])
                del content["seal"]
                made = bent(content, rng, 0.1)
                made = made if isinstance(made, dict) else {"rows": made}
                one["valueString"] = json.dumps({"seal": seal(resource, made), **made})

    trees = [json.loads(line) for line in data.splitlines()]
    for tree in trees:
        for resource in [entry["resource"] for entry in tree.get("entry", [])] or [tree]:
            forge(resource)
    return "\n".join(map(json.dumps, trees)).encode()


def silent(text: str) -> bool:
    return not any(secret in text for secret in SECRETS)


def both_ways(data: bytes) -> list[list[str]]:
    found = []
    for fast in (True, False):
        sink = Sink()
        try:
            for _ in read_bulk([Input(data, "x.ndjson")], sink, fast=fast):
                pass
            sink.flush()
            found.append([repr(event) for table in sink.tables for event in table])
        except InputError as error:
            found.append([str(error)])
    return found


def check(data: bytes, form: str, sealed: bool = False) -> None:
    start = time.process_time()
    try:
        for found in pt.read_records(data):
            found.summary()
            assert len(found.hash) == 64
            assert silent(repr(found))
            assert all(silent(str(issue)) and silent(repr(issue)) for issue in found.issues)
            assert sealed or not (found.events.usable & ~found.events.valid).any()
    except InputError as error:
        assert silent(str(error)) and silent(repr(error))
    assert time.process_time() - start < 1.0
    if form == "lines":
        fast, slow = both_ways(data)
        assert fast == slow


def mutants(form: str, count: int, seed: int) -> None:
    rng = random.Random(seed)
    for number in range(count):
        damage = (broken, bent_text, forged)[number % 3]
        check(damage(SOURCES[form], rng), form, sealed=damage is forged)


def test_what_is_whole_reads_back() -> None:
    for data in SOURCES.values():
        (found,) = pt.read_records(data)
        assert found.hash == record().hash


@pytest.mark.parametrize("form", SOURCES)
def test_two_hundred_mutants(form: str) -> None:
    mutants(form, 200, seed=8)


@pytest.mark.slow
@pytest.mark.parametrize("form", SOURCES)
def test_thousands_of_mutants(form: str) -> None:
    mutants(form, 2000, seed=9)


def test_a_deep_extension_is_refused_in_time() -> None:
    deep = '{"seal":' + "[" * 10**6
    bundle = record().to_fhir()
    bundle["entry"][1]["resource"]["extension"] = [{"url": URL, "valueString": deep}]
    start = time.process_time()
    (found,) = pt.read_records(json.dumps(bundle).encode())
    assert time.process_time() - start < 1.0
    assert found.issues.counts()["carry.malformed"] == 1
