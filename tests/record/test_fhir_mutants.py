"""Damaged NDJSON and XML: a Record or an InputError, in time, the same on both paths, and nothing leaks."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import pytest

from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.record import read_records
from pytwin.record.fhir.bulk import read_bulk
from pytwin.record.sink import Sink

GOOD = Path(__file__).parent / "corpus" / "good.json"
SECRETS = ("Zorblatt", "777-55-4321", "1931-12-24")
SHAPES = [
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b"<",
    b">",
    b"/>",
    b"&",
    b"null",
    b"-",
    b"1e999",
    b"\\u0000",
    b"\n",
]


def as_lines() -> bytes:
    """The resources of the good Bundle one a line, with secrets in places that raise issues."""
    resources = [entry["resource"] for entry in json.loads(GOOD.read_text(encoding="utf-8"))["entry"]]
    resources[0]["name"] = [{"family": SECRETS[0]}]
    odd = {
        **resources[1],
        "id": SECRETS[1],
        "valueQuantity": {"value": 1, "unit": SECRETS[0]},
        "issued": SECRETS[2] + "x",
    }
    return b"\n".join(json.dumps(r).encode() for r in (*resources, odd, odd))


def as_xml() -> bytes:
    patient = f'<id value="p"/><name><family value="{SECRETS[0]}"/></name><birthDate value="{SECRETS[2]}x"/>'
    seen = (
        f'<id value="{SECRETS[1]}"/><status value="final"/><code><text value="INR"/></code>'
        f'<subject><reference value="Patient/p"/></subject><effectiveDateTime value="2024-03-01T08:00:00Z"/>'
        f'<valueQuantity><value value="2.5"/><unit value="{SECRETS[0]}"/></valueQuantity>'
    )
    bodies = (f"<Patient>{patient}</Patient>", f"<Observation>{seen}</Observation>")
    entries = "".join(f"<entry><resource>{body}</resource></entry>" for body in bodies)
    return f'<Bundle xmlns="http://hl7.org/fhir"><type value="collection"/>{entries}</Bundle>'.encode()


SOURCES = {"lines": as_lines, "xml": as_xml}


def mutate(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(out)) if out else 0
        match rng.randrange(5):
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
    return bytes(out)


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


def check(data: bytes, lines: bool) -> None:
    start = time.process_time()
    try:
        for record in read_records(data):
            assert silent(repr(record))
            assert all(silent(str(issue)) and silent(repr(issue)) for issue in record.issues)
            assert not (record.events.usable & ~record.events.valid).any()
    except InputError as error:
        assert silent(str(error)) and silent(repr(error))
    assert time.process_time() - start < 1.0
    if lines:
        fast, slow = both_ways(data)
        assert fast == slow


@pytest.mark.parametrize("form", SOURCES)
def test_two_hundred_mutants(form: str) -> None:
    rng = random.Random(5)
    data = SOURCES[form]()
    for _ in range(200):
        check(mutate(data, rng), form == "lines")


@pytest.mark.slow
@pytest.mark.parametrize("form", SOURCES)
def test_thousands_of_mutants(form: str) -> None:
    rng = random.Random(6)
    data = SOURCES[form]()
    for _ in range(2000):
        check(mutate(data, rng), form == "lines")
