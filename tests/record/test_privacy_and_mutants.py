"""Damaged files: a Record or a PytwinError, in time, and no patient data in any message."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Any

import pytest

from pytwin import datasets
from pytwin.errors import PytwinError
from pytwin.record import read_record, read_records

CORPUS = Path(__file__).parent / "corpus"
BUNDLED = Path(datasets.path("patient.json"))
MAPPING = {
    "patient": "subject",
    "sex": "sex",
    "time": "visit",
    "age_years": "age",
    "observations": [{"column": "inr", "analyte": "INR"}],
    "doses": [{"column": "dose", "drug": "warfarin", "unit": "mg", "every": "24 h"}],
}
SECRETS = ("Zorblatt", "777-55-4321", "1931-12-24", "13.37")


def mutate(data: bytes, rng: random.Random) -> bytes:
    """Change, delete, repeat or insert a few bytes, or cut the end off."""
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
                out[at:at] = rng.choice(
                    [b'"', b"{", b"}", b"[", b"]", b",", b":", b"null", b"-", b"1e999", b"\\u0000"]
                )
            case 4:
                del out[at:]
            case 5:
                other = rng.randrange(len(out)) if out else 0
                out[at : at + 20] = out[other : other + 20]
    return bytes(out)


def mutate_json(value: Any, rng: random.Random) -> Any:
    """Change a few elements of a JSON tree to another type, drop or repeat them: damage that still parses."""
    if rng.random() < 0.02:
        return rng.choice([None, True, 7, -1e300, "", "x", [], {}, [value], {"a": value}, "9" * 500])
    if isinstance(value, dict):
        kept = {k: mutate_json(v, rng) for k, v in value.items() if rng.random() > 0.01}
        return kept | ({"madeUp": 1} if rng.random() < 0.01 else {})
    if isinstance(value, list):
        return [mutate_json(v, rng) for v in value for _ in range(2 if rng.random() < 0.02 else 1)]
    return value


def check(data: bytes, **options: object) -> None:
    start = time.process_time()
    try:
        for record in read_records(data, **options):  # type: ignore[arg-type]
            record.summary()
            assert len(record.hash) == 64
            assert not (record.events.usable & ~record.events.valid).any()
    except PytwinError as error:
        assert error.code
    assert time.process_time() - start < 1.0


def mutants(data: bytes, count: int, seed: int, **options: object) -> None:
    rng = random.Random(seed)
    for _ in range(count):
        check(mutate(data, rng), **options)


def tree_mutants(data: bytes, count: int, seed: int) -> None:
    rng = random.Random(seed)
    tree = json.loads(data)
    for _ in range(count):
        check(json.dumps(mutate_json(tree, rng)).encode())


SOURCES = [CORPUS / "good.json", CORPUS / "versions.json", CORPUS / "dose-bad.json", BUNDLED]


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.name)
def test_two_hundred_mutants(path: Path) -> None:
    mutants(path.read_bytes(), 200, seed=1)
    tree_mutants(path.read_bytes(), 200, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.name)
def test_thousands_of_mutants(path: Path) -> None:
    mutants(path.read_bytes(), 2000, seed=2)
    tree_mutants(path.read_bytes(), 2000, seed=2)


def test_mutants_of_gzip_and_csv() -> None:
    mutants((CORPUS / "good.json.gz").read_bytes(), 200, seed=3, mapping=MAPPING)
    mutants((CORPUS / "wide.csv").read_bytes(), 200, seed=4, mapping=MAPPING, format="csv")


def planted() -> bytes:
    """A bundle in which every secret stands in places that raise issues."""
    name, number, birth, value = SECRETS
    bad = {
        "resourceType": "Observation",
        "id": name,
        "subject": {"reference": "Patient/p1"},
        "status": number,
    }
    code = {"coding": [{"system": "http://loinc.org", "code": "6301-6"}], "text": name}
    resources = [
        {
            "resourceType": "Patient",
            "id": "p1",
            "name": [{"family": name}],
            "birthDate": f"{birth}x",
            "x" + name: 1,
        },
        {**bad, "code": code, "valueString": f"{name} {value}", "effectiveDateTime": f"{birth} {name}"},
        {
            **bad,
            "status": "final",
            "code": code,
            "valueQuantity": {"value": value + "!", "unit": name},
            name: number,
        },
        {
            **bad,
            "status": "final",
            "code": [name],
            "valueQuantity": [number],
            "effectiveDateTime": {name: birth},
        },
        {**bad, "status": "final", "code": code, "valueQuantity": {"value": 2, "unit": f"mg/{name}"}},
        {"resourceType": f"{name}Thing", "id": number},
        {**bad, "subject": {"reference": f"Patient/{number}"}},
        {
            "resourceType": "MedicationRequest",
            "id": number,
            "status": "active",
            "intent": "order",
            "subject": {"reference": "Patient/p1"},
            "medicationReference": {"reference": f"Medication/{name}"},
            "authoredOn": birth,
            "dosageInstruction": [{"text": f"{name} {number}"}, name],
        },
    ]
    return json.dumps(
        {"resourceType": "Bundle", "entry": [{"fullUrl": name, "resource": r} for r in resources]}
    ).encode()


def silent(text: str) -> bool:
    return not any(secret in text for secret in SECRETS)


def test_no_issue_shows_what_was_found() -> None:
    record = read_record(planted())
    assert len(record.issues) > 12
    for issue in record.issues:
        assert silent(str(issue)) and silent(repr(issue))
    assert any(not silent(issue.found) for issue in record.issues)
    assert silent(repr(record)) and silent(repr(record.issues))


@pytest.mark.parametrize("cut", range(10, 2000, 97))
def test_no_error_shows_what_was_found(cut: int) -> None:
    for data in (
        planted()[:cut],
        planted()[:cut] + b"}" + planted()[cut:],
        planted().replace(b'"p1"', b'"p2"', 1),
    ):
        try:
            read_record(data)
        except PytwinError as error:
            assert silent(str(error)) and silent(repr(error))


def test_no_issue_of_a_table_shows_what_was_found() -> None:
    name, number, birth, value = SECRETS
    rows = f"{number},{birth} {name},{name},{name},{name},{value}x\n{number},,,,,{name}\n"
    text = f"subject,visit,sex,age,inr,dose\n{rows}"
    record = read_record(text.encode(), mapping=MAPPING)
    assert len(record.issues) >= 6
    assert all(silent(str(issue)) for issue in record.issues)
