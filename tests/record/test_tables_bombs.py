"""Tables made to use up time or memory: an answer or a typed error within a second of work."""

from __future__ import annotations

import contextlib
import sqlite3
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pytwin.errors import InputError
from pytwin.record import read_records, stream_events

duckdb = pytest.importorskip("duckdb")
pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

MAPPING = {"patient": "person_id", "observations": [{"column": "value_as_number", "analyte": "INR"}]}
MEASURED = "person_id, measurement_concept_id, measurement_date, value_as_number"


@pytest.fixture(autouse=True, scope="module")
def _warm() -> None:
    list(read_records(b"person_id,value_as_number\n1,2\n", mapping=MAPPING))
    list(read_records(pa.table({"person_id": [1], "value_as_number": [2.0]}), mapping=MAPPING))


@contextlib.contextmanager
def within_a_second() -> Iterator[None]:
    start = time.process_time()
    yield
    assert time.process_time() - start < 1.0


def refused(source: Any, **options: Any) -> str:
    with within_a_second(), pytest.raises(InputError) as caught:
        for _ in stream_events(source, **options):
            pass
    return caught.value.code


def sqlite(path: Path, *script: str) -> Path:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for statement in script:
            connection.execute(statement)
        connection.commit()
    return path


def duck(path: Path, *script: str) -> Path:
    with contextlib.closing(duckdb.connect(str(path))) as connection:
        for statement in script:
            connection.execute(statement)
    return path


def test_a_column_that_repeats_one_value_a_hundred_million_times(tmp_path: Path) -> None:
    rows = 20_000_000
    one = pa.repeat(pa.scalar(1, pa.int8()), rows)
    table = pa.table({"person_id": one, "measurement_concept_id": one, "value_as_number": one})
    path = tmp_path / "measurement.parquet"
    pq.write_table(table, path, compression="zstd")
    assert refused(path) == "file.too-large"
    assert refused(path, mapping=MAPPING) == "file.too-large"
    names = ("1 AS person_id", "0 AS measurement_concept_id", "DATE '2020-01-01' AS measurement_date")
    path = duck(
        tmp_path / "x.db", f"CREATE TABLE measurement AS SELECT {', '.join(names)} FROM range(100000000)"
    )
    assert refused(path) == "file.too-large"


def test_a_cell_that_was_packed_a_thousand_to_one(tmp_path: Path) -> None:
    table = pa.table({"person_id": [1], "value_as_number": ["9" * 100_000_000]})
    pq.write_table(table, tmp_path / "x.parquet", compression="zstd", use_dictionary=False)
    del table
    assert refused(tmp_path / "x.parquet", mapping=MAPPING) == "file.too-large"


def test_too_many_columns(tmp_path: Path) -> None:
    schema = pa.schema([("person_id", pa.int64()), *((f"c{i}", pa.int8()) for i in range(20_000))])
    pq.write_table(schema.empty_table(), tmp_path / "x.parquet")
    assert refused(tmp_path / "x.parquet", mapping=MAPPING) == "table.columns"
    columns = ", ".join(f"c{i} INT" for i in range(3000))
    assert refused(duck(tmp_path / "x.db", f"CREATE TABLE person (person_id INT, {columns})")) == (
        "database.schema"
    )


def test_too_many_tables(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE person (person_id)")
        connection.execute("PRAGMA writable_schema = ON")
        entries = ((f"t{i}", f"t{i}", 2, f"CREATE TABLE t{i} (person_id)") for i in range(100_000))
        connection.executemany("INSERT INTO sqlite_master VALUES ('table', ?, ?, ?, ?)", entries)
        connection.commit()
    assert refused(path) == "database.schema"
    tables = ["BEGIN", *(f"CREATE TABLE t{i} (person_id INT)" for i in range(2500)), "COMMIT"]
    assert refused(duck(tmp_path / "y.db", *tables)) == "database.schema"


def test_a_view_without_end_is_not_run(tmp_path: Path) -> None:
    endless = (
        "WITH RECURSIVE r(person_id, year_of_birth) AS (SELECT 1, 1950 UNION ALL "
        "SELECT person_id + 1, 1950 FROM r) SELECT * FROM r"
    )
    assert refused(sqlite(tmp_path / "x.db", f"CREATE VIEW person AS {endless}")) == "database.view"
    assert refused(duck(tmp_path / "y.db", f"CREATE VIEW person AS {endless}")) == "database.view"
    file = tmp_path / "secret.csv"
    file.write_text("person_id,year_of_birth\n1,1950\n")
    reads = f"CREATE VIEW person AS SELECT * FROM read_csv('{file}')"
    assert refused(duck(tmp_path / "z.db", reads)) == "database.view"


def test_columns_that_are_worked_out_are_not(tmp_path: Path) -> None:
    path = sqlite(
        tmp_path / "x.db",
        "CREATE TABLE person (person_id, year_of_birth AS (hex(zeroblob(400000))))",
        "INSERT INTO person (person_id) VALUES (1), (2), (3)",
    )
    with within_a_second():
        assert [record.patient.birth for record in read_records(path)] == [None] * 3


def test_numbers_of_a_million_digits(tmp_path: Path) -> None:
    for text in ("9" * 10**6, "0." + "0" * 10**6 + "1", "1e" + "9" * 10**5):
        table = pa.table({"person_id": ["1"], "value_as_number": [text]})
        with within_a_second():
            (record,) = read_records(table, mapping=MAPPING)
        assert np.isnan(record.events.value).all()
        path = tmp_path / "x.db"
        path.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute(f"CREATE TABLE measurement ({MEASURED})")
            connection.execute("INSERT INTO measurement VALUES (1, 3016723, ?, ?)", ("2020-01-01", text))
            connection.commit()
        with within_a_second():
            (record,) = read_records(path)
        assert np.isnan(record.events.value).all()


def test_a_cell_of_ten_million_bytes(tmp_path: Path) -> None:
    path = sqlite(
        tmp_path / "x.db",
        f"CREATE TABLE measurement ({MEASURED})",
        "INSERT INTO measurement VALUES (1, 0, '2020-01-01', hex(zeroblob(5000000)))",
    )
    assert refused(path) == "database.malformed"


def test_a_page_of_sqlite_that_stands_in_the_tree_without_end(tmp_path: Path) -> None:
    """Interior pages whose 40 pointers all lead to the next one: 40**18 rows."""
    path = tmp_path / "x.db"
    size, fan, depth = 512, 40, 18
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA page_size = {size}")
        connection.execute("CREATE TABLE person (person_id, year_of_birth)")
        connection.executemany("INSERT INTO person VALUES (?, 1950)", ((i,) for i in range(20_000)))
        connection.commit()
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master").fetchone()
    data = bytearray(path.read_bytes())
    pages = len(data) // size
    leaf = next(page + 1 for page in range(1, pages) if data[page * size] == 13)
    chain = [root, *range(pages + 1, pages + depth + 1), leaf]
    data += bytes(size * depth)
    for page, following in zip(chain[:-1], chain[1:], strict=True):
        cells = b"".join(struct.pack(">IB", following, i) for i in range(fan))
        first = size - len(cells)
        offsets = struct.pack(f">{fan}H", *range(first, size, 5))
        head = struct.pack(">BHHHBI", 5, 0, fan, first, 0, following)
        body = head + offsets + bytes(first - len(head) - len(offsets)) + cells
        data[(page - 1) * size : page * size] = body
    data[28:32] = struct.pack(">I", pages + depth)
    path.write_bytes(data)
    assert refused(path) == "database.malformed"
