"""Damaged tables and archives: records or an InputError, in time, and no patient data in any message."""

from __future__ import annotations

import contextlib
import csv
import io
import random
import sqlite3
import time
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from pytwin.errors import InputError
from pytwin.issues import Issue
from pytwin.record import Event, EventTable, Record, read_records

duckdb = pytest.importorskip("duckdb")
pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

KINDS = ("csv", "parquet", "zip", "mapped", "events", "sqlite", "duckdb")
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


MAPPING = {
    "patient": "subject_id", "time": "time", "zone": "+00:00",
    "observations": [
        {"column": "numeric_value", "analyte": "INR"}, {"column": "text_value", "analyte": "creatinine"},
    ],
    "conditions": [{"column": "code", "name": "pregnancy"}],
}  # fmt: skip


def records_of(path: Path, kind: str) -> Iterable[Record]:
    if kind == "events":
        return [Record.from_tables("x", [EventTable.from_parquet(path)])]
    return read_records(path, mapping=MAPPING if kind == "mapped" else None)


def shown_of(issues: Iterable[Issue]) -> str:
    return "".join(str(issue) + repr(issue) for issue in issues)


def check(path: Path, kind: str = "") -> None:
    start = time.process_time()
    try:
        shown = "".join(shown_of(r.issues) + repr(r) for r in records_of(path, kind))
    except InputError as error:
        shown = str(error) + repr(error)
    assert not any(secret in shown for secret in SECRETS)
    assert time.process_time() - start < 1.0


def meds_bytes() -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table(MEDS), stream)
    return stream.getvalue()


def events_bytes(folder: Path) -> bytes:
    events = [
        Event(patient="777554321", kind="observation", name="Zorblatt", value=1.5, time=0, place="line 3"),
        Event(patient="777554321", kind="condition", text="1931-12-24", usable=False, place="line 4"),
    ]
    EventTable(events).to_parquet(folder / "events.parquet")
    data = (folder / "events.parquet").read_bytes()
    (folder / "events.parquet").unlink()
    return data


def database_bytes(folder: Path, kind: str) -> bytes:
    path = folder / "made.db"
    connect: Any = sqlite3.connect if kind == "sqlite" else duckdb.connect
    with contextlib.closing(connect(str(path))) as connection:
        for name, text in TABLES.items():
            header, *rows = csv.reader(io.StringIO(text))
            columns = ", ".join(f"{column} VARCHAR" for column in header)
            connection.execute(f"CREATE TABLE {name.removesuffix('.csv')} ({columns})")
            holes = ", ".join("?" * len(header))
            connection.executemany(f"INSERT INTO {name.removesuffix('.csv')} VALUES ({holes})", rows)
        connection.commit()
    data = path.read_bytes()
    path.unlink()
    return data


def sample(folder: Path, kind: str) -> bytes:
    if kind in ("sqlite", "duckdb"):
        return database_bytes(folder, kind)
    if kind == "events":
        return events_bytes(folder)
    return zip_bytes() if kind == "zip" else meds_bytes()


def written_over(data: bytes, rng: random.Random) -> bytes:
    """Change a few bytes where there are any but zeros, which most of a database is."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        at = next(at for at in iter(lambda: rng.randrange(len(out)), -1) if out[at])
        out[at] = rng.choice([0, 255, rng.randrange(256), out[at] ^ (1 << rng.randrange(8))])
    return bytes(out)


def zip_bytes() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in TABLES.items():
            archive.writestr(f"omop/{name}", text)
    return stream.getvalue()


def mutants(folder: Path, kind: str, count: int, seed: int) -> None:
    rng = random.Random(seed)
    data = b"" if kind == "csv" else sample(folder, kind)
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
            change = written_over if rng.random() < 0.5 else mutate
            path.write_bytes(change(data, rng))
            check(path, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_two_hundred_mutants(kind: str, tmp_path: Path) -> None:
    mutants(tmp_path, kind, 200, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_thousands_of_mutants(kind: str, tmp_path: Path) -> None:
    mutants(tmp_path, kind, 2000, seed=2)
