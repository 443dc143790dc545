"""Damaged tables and archives: records or an InputError, in time, and no patient data in any message."""

from __future__ import annotations

import io
import random
import time
import zipfile
from pathlib import Path

import pytest

from pytwin.errors import InputError
from pytwin.record import read_records

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

SECRETS = ("Zorblatt", "777554321", "1931-12-24")
TABLES = {
    "person.csv": "person_id,gender_concept_id,year_of_birth,birth_datetime,person_source_value\n"
    "777554321,8507,1931,1931-12-24,Zorblatt\n2,8532,1950,,x\n",
    "measurement.csv": "measurement_id,person_id,measurement_concept_id,measurement_date,"
    "measurement_datetime,value_as_number,unit_concept_id,measurement_source_value,unit_source_value,value_source_value\n"
    "1,777554321,3016723,2020-01-01,2020-01-01 08:00:00,1.2,8840,38483-4,mg/dL,1.2\n"
    "2,777554321,3016723,1931-12-24,1931-12-24Zorblatt,Zorblatt,8840,38483-4,Zorblatt,<3\n"
    "3,2,0,2020-01-02,,,0,Zorblatt,,\n",
    "concept.csv": "concept_id,concept_name,vocabulary_id,concept_code\n3016723,Creatinine,LOINC,2160-0\n",
}
MEDS = {
    "subject_id": pa.array([777554321, 777554321, 2], pa.int64()),
    "time": pa.array([0, 86_400_000_000, None], pa.timestamp("us")),
    "code": ["MEDS_BIRTH", "LAB//Zorblatt//mg", "LOINC//2160-0"],
    "numeric_value": pa.array([None, 3.5, 1.25], pa.float32()),
    "text_value": [None, "1931-12-24", None],
}


def mutate(data: bytes, rng: random.Random) -> bytes:
    """Change, delete, repeat or insert a few bytes, or cut the end off."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(out)) if out else 0
        match rng.randrange(5):
            case 0:
                out[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del out[at : at + rng.randint(1, 40)]
            case 2:
                out[at:at] = out[at : at + rng.randint(1, 100)]
            case 3:
                out[at:at] = rng.choice([b'"', b",", b"\n", b"\r", b"\x00", b"\xff", b"1e999", b"-"])
            case 4:
                if rng.random() < 0.2:
                    del out[at:]
    return bytes(out)


def check(path: Path) -> None:
    start = time.process_time()
    try:
        records = list(read_records(path))
        shown = "".join(str(issue) for record in records for issue in record.issues)
    except InputError as error:
        shown = str(error) + repr(error)
    assert not any(secret in shown for secret in SECRETS)
    assert time.process_time() - start < 1.0


def meds_bytes() -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table(MEDS), stream)
    return stream.getvalue()


def zip_bytes() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in TABLES.items():
            archive.writestr(f"omop/{name}", text)
    return stream.getvalue()


def mutants(folder: Path, kind: str, count: int, seed: int) -> None:
    rng = random.Random(seed)
    for name, text in TABLES.items():
        if kind == "csv":
            (folder / name).write_text(text)
    for _ in range(count):
        if kind == "csv":
            name = rng.choice(list(TABLES))
            (folder / name).write_bytes(mutate(TABLES[name].encode(), rng))
            check(folder)
            (folder / name).write_text(TABLES[name])
        else:
            path = folder / f"x.{kind}"
            path.write_bytes(mutate(meds_bytes() if kind == "parquet" else zip_bytes(), rng))
            check(path)


@pytest.mark.parametrize("kind", ["csv", "parquet", "zip"])
def test_two_hundred_mutants(kind: str, tmp_path: Path) -> None:
    mutants(tmp_path, kind, 200, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["csv", "parquet", "zip"])
def test_thousands_of_mutants(kind: str, tmp_path: Path) -> None:
    mutants(tmp_path, kind, 2000, seed=2)
