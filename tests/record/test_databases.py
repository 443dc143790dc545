"""OMOP in SQLite and DuckDB files says what it says in CSV; what is broken or odd is refused."""

from __future__ import annotations

import contextlib
import gzip
import os
import sqlite3
import stat
import tempfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytwin.errors import InputError, MissingExtraError
from pytwin.record import Record, read_record, read_records, stream_events
from pytwin.verify.cohorts.databases import Tables, fill, write_duckdb, write_sqlite
from pytwin.verify.cohorts.people import cohort
from pytwin.verify.cohorts.tables import write_omop

duckdb = pytest.importorskip("duckdb")


def sqlite(tables: Tables, path: Path) -> Path:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        fill(connection, tables)
        connection.commit()
    return path


def duck(tables: Tables, path: Path) -> Path:
    with contextlib.closing(duckdb.connect(str(path))) as connection:
        fill(connection, tables)
    return path


MAKERS: dict[str, Callable[[Tables, Path], Path]] = {"sqlite": sqlite, "duckdb": duck}
SMALL: Tables = {
    "person": (["person_id", "gender_concept_id", "year_of_birth"], [(1, 8507, 1950), (2, 8532, 1960)]),
    "measurement": (
        ["measurement_id", "person_id", "measurement_concept_id", "measurement_date", "value_as_number",
         "unit_concept_id"],
        [(1, 1, 3016723, "2020-01-02", 1.5, 8840), (2, 2, 3016723, "2020-01-03", None, 8840)],
    ),
    "concept": (
        ["concept_id", "concept_name", "vocabulary_id", "concept_code"],
        [(3016723, "Creatinine", "LOINC", "2160-0")],
    ),
}  # fmt: skip


def said(record: Record) -> list[tuple[Any, ...]]:
    return sorted(
        (
            e.time,
            e.width,
            e.kind,
            e.system,
            e.code,
            repr(e.value),
            e.comparator,
            e.unit,
            e.usable,
            e.id,
            e.place,
        )
        for e in record.events
    )


@pytest.mark.parametrize("kind", MAKERS)
def test_the_cohort_says_what_it_says_in_csv(kind: str, tmp_path: Path) -> None:
    for name in ("csv", "database"):
        (tmp_path / name).mkdir()
    folder = write_omop(cohort(), tmp_path / "csv")
    wanted = {record.patient.id: record for record in read_records(folder)}
    path = {"sqlite": write_sqlite, "duckdb": write_duckdb}[kind](cohort(), tmp_path / "database")
    found = {record.patient.id: record for record in read_records(path)}
    assert set(found) == set(wanted)
    for key, record in wanted.items():
        assert said(found[key]) == said(record) and found[key].patient == record.patient
        assert found[key].issues.counts() == record.issues.counts()


@pytest.mark.parametrize("kind", MAKERS)
def test_wherever_the_file_comes_from(kind: str, tmp_path: Path) -> None:
    path = MAKERS[kind](SMALL, tmp_path / "no name that says it")
    wanted = {record.patient.id: record.hash for record in read_records(path)}
    assert set(wanted) == {"1", "2"}
    (tmp_path / "x.gz").write_bytes(gzip.compress(path.read_bytes()))
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.write(path, "cdm.db")
    before = set(Path(tempfile.gettempdir()).glob("pytwin-*"))
    for source in (path.read_bytes(), tmp_path / "x.gz", tmp_path / "x.zip", [path]):
        assert {record.patient.id: record.hash for record in read_records(source)} == wanted
    assert set(Path(tempfile.gettempdir()).glob("pytwin-*")) <= before


@pytest.mark.parametrize("kind", MAKERS)
def test_an_event_names_file_table_and_row(kind: str, tmp_path: Path) -> None:
    record = read_record(MAKERS[kind](SMALL, tmp_path / "cdm.db"), patient="1")
    (event,) = record.events
    assert (event.source, event.place, event.id) == ("cdm.db/measurement", "row 1", "measurement/1")
    assert (event.name, event.value, event.unit, event.when) == ("creatinine", 1.5, "mg/dL", "2020-01-02")
    assert len({source.sha256 for source in record.sources}) == 1


@pytest.mark.parametrize("kind", MAKERS)
def test_nothing_is_written(kind: str, tmp_path: Path) -> None:
    path = MAKERS[kind](SMALL, tmp_path / "cdm.db")
    path.chmod(0o444)
    before = path.read_bytes()
    assert len(list(read_records(path))) == 2
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cdm.db"]


def test_what_waits_in_a_log_of_sqlite_is_read(tmp_path: Path) -> None:
    path = tmp_path / "cdm.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        fill(connection, SMALL)
        connection.commit()
        assert (tmp_path / "cdm.db-wal").stat().st_size
        assert len(list(read_records(path))) == 2


@pytest.mark.parametrize("kind", MAKERS)
def test_views_and_strange_tables_are_listed(kind: str, tmp_path: Path) -> None:
    path = MAKERS[kind](SMALL | {"shopping": (["item"], [("milk",)])}, tmp_path / "cdm.db")
    connect = sqlite3.connect if kind == "sqlite" else duckdb.connect
    with contextlib.closing(connect(str(path))) as connection:
        connection.execute("CREATE VIEW death AS SELECT 1 AS person_id, '2020-01-01' AS death_date")
    record = read_record(path, patient="1")
    listed = {issue.place: issue.code for issue in record.issues}
    assert listed["cdm.db/death"] == "database.view"
    assert listed["cdm.db/shopping"] == "format.unsupported"


def test_sqlite_cells_of_any_type(tmp_path: Path) -> None:
    header, _ = SMALL["measurement"]
    rows = [
        (1, 1, "3016723", "2020-01-02", "1.5", 8840.0), (2, "1", 3016723, b"2020-01-03", 2, "8840"),
        (3, 1.0, 3016723, "2020-01-04", b"<0.5", 8840), (4, 1, 3016723, 1577836800, 3.5, 8840),
    ]  # fmt: skip
    path = tmp_path / "x.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        fill(connection, {k: v for k, v in SMALL.items() if k != "measurement"})
        connection.execute(f"CREATE TABLE measurement ({', '.join(header)})")
        connection.executemany("INSERT INTO measurement VALUES (?,?,?,?,?,?)", rows)
        connection.execute("INSERT INTO measurement VALUES (5, 1, 0, CAST(x'ff' AS TEXT), NULL, NULL)")
        connection.commit()
    record = read_record(path, patient="1")
    events = {e.id: e for e in record.events}
    assert [events[f"measurement/{i}"].value for i in (1, 2, 3)] == [1.5, 2.0, 0.5]
    assert events["measurement/3"].comparator == "<"
    assert events["measurement/4"].reason == "time.missing"
    assert len(events) == 5


def test_two_schemas_with_persons_stay_apart(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with contextlib.closing(duckdb.connect(str(path))) as connection:
        for schema in ("a", "b"):
            connection.execute(f"CREATE SCHEMA {schema}; USE {schema}")
            fill(connection, SMALL)
    assert [record.patient.id for record in read_records(path)] == ["1", "2"] * 2
    other = tmp_path / "y.db"
    with contextlib.closing(duckdb.connect(str(other))) as connection:
        fill(connection, {k: v for k, v in SMALL.items() if k != "concept"})
        connection.execute("CREATE SCHEMA vocabulary; USE vocabulary")
        fill(connection, {"concept": SMALL["concept"]})
    (event,) = read_record(other, patient="1").events
    assert (event.system, event.code) == ("LOINC", "2160-0")


@pytest.mark.parametrize("kind", MAKERS)
def test_a_long_table_comes_in_pieces(kind: str, tmp_path: Path) -> None:
    header, _ = SMALL["measurement"]
    rows = [(i, 1, 3016723, "2020-01-02", i / 8, 8840) for i in range(150_000)]
    path = tmp_path / "x.db"
    if kind == "sqlite":
        sqlite({**SMALL, "measurement": (header, rows)}, path)
    else:
        duck({**SMALL, "measurement": (header, [])}, path)
        with contextlib.closing(duckdb.connect(str(path))) as connection:
            connection.execute(
                "INSERT INTO measurement SELECT i, 1, 3016723, DATE '2020-01-02', i / 8, 8840 "
                "FROM range(150000) t(i)"
            )
    list(stream_events(MAKERS[kind](SMALL, tmp_path / "warm.db")))
    tracemalloc.start()
    sizes = [len(table) for table in stream_events(path)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(sizes) == 150_000 and max(sizes) <= 1 << 16
    assert peak < 120 << 20


@pytest.mark.parametrize("kind", MAKERS)
def test_damage_is_one_error(kind: str, tmp_path: Path) -> None:
    whole = MAKERS[kind](SMALL, tmp_path / "cdm.db").read_bytes()
    for data in (whole[:40], whole[:3000], whole[:100] + os.urandom(len(whole) - 100)):
        (tmp_path / "broken.db").write_bytes(data)
        with pytest.raises(InputError) as caught:
            list(read_records(tmp_path / "broken.db"))
        assert caught.value.code in ("database.malformed", "database.empty", "file.none")
        records = read_records([tmp_path / "broken.db", tmp_path / "cdm.db"], errors="list")
        assert len(list(records)) == 2
        assert caught.value.code in records.issues.counts()


@pytest.mark.parametrize("kind", MAKERS)
def test_a_database_of_something_else_is_refused(kind: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        list(read_records(MAKERS[kind]({"shopping": (["item"], [("milk",)])}, tmp_path / "x.db")))
    assert caught.value.code == "format.unsupported"
    with pytest.raises(InputError) as caught:
        list(read_records(MAKERS[kind]({}, tmp_path / "y.db")))
    assert caught.value.code in ("database.empty", "file.empty")


def test_without_duckdb_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = duck(SMALL, tmp_path / "x.db")
    monkeypatch.setitem(__import__("sys").modules, "duckdb", None)
    with pytest.raises(MissingExtraError, match="tables"):
        list(read_records(path))
    records = read_records([path], errors="list")
    assert not list(records) and records.issues.counts() == {"extra.tables": 1}


def test_the_copy_of_a_packed_database_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes = []
    connect = sqlite3.connect

    def watched(named: str, **options: Any) -> sqlite3.Connection:
        copy = named.removeprefix("file://").partition("?")[0]
        modes.append(stat.S_IMODE(os.stat(copy).st_mode))
        return connect(named, **options)

    path = sqlite(SMALL, tmp_path / "x.db")
    monkeypatch.setattr(sqlite3, "connect", watched)
    assert len(list(read_records(path.read_bytes()))) == 2
    assert modes and set(modes) == {0o600}
