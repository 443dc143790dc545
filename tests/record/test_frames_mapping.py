"""Parquet files and data frames with a mapping say what a CSV file says."""

from __future__ import annotations

import csv
import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytwin.errors import InputError
from pytwin.issues import Issue
from pytwin.record import NAT, Record, read_record, read_records, stream_events
from pytwin.record.time import DAY
from pytwin.verify.cohorts.people import cohort
from pytwin.verify.cohorts.tables import MAPPING, write_csv

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")

CORPUS = Path(__file__).parent / "corpus"
WIDE: dict[str, Any] = {
    "patient": "subject",
    "sex": "sex",
    "age_years": "age",
    "time": "visit",
    "observations": [
        {"column": "weight", "analyte": "body weight", "unit": "kg"},
        {"column": "inr", "analyte": "INR"},
    ],
    "doses": [{"column": "dose", "drug": "warfarin", "unit": "mg", "every": "24 h", "route": "po"}],
    "drugs": [{"column": "amiodarone", "drug": "amiodarone"}],
    "genotypes": {"CYP2C9": "cyp2c9"},
}
LONG: dict[str, Any] = {
    "patient": "patient",
    "events": {
        "kind": "kind", "code": "code", "value": "value", "unit": "unit", "time": "when", "status": "status",
        "every": "every",
    },
}  # fmt: skip
Columns = dict[str, list[Any]]


def parquet(columns: Columns, folder: Path) -> Path:
    path = folder / "x.parquet"
    pq.write_table(pa.table(columns), path, row_group_size=3)
    return path


WAYS: dict[str, Callable[[Columns, Path], Any]] = {
    "parquet": parquet,
    "arrow": lambda columns, folder: pa.table(columns),
    "pandas": lambda columns, folder: pandas.DataFrame(columns),
    "polars": lambda columns, folder: polars.DataFrame(columns),
    "lazy": lambda columns, folder: polars.DataFrame(columns).lazy(),
}


def cells(path: Path) -> Columns:
    """The rows of a CSV file that have as many cells as its header."""
    with path.open(newline="", encoding="utf-8") as stream:
        text = stream.read()
    header, *rows = list(csv.reader(text.splitlines(), delimiter=";" if ";" in text else ","))
    whole = [row for row in rows if len(row) == len(header)]
    return {name: [row[i] for row in whole] for i, name in enumerate(header)}


def whole_csv(columns: Columns, folder: Path) -> Path:
    path = folder / "x.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([list(columns), *zip(*columns.values(), strict=True)])
    return path


def said(issue: Issue, counted: str, first: int) -> tuple[Any, ...]:
    """An issue with the row that it is about, counted from 1."""
    _, _, place = issue.place.partition(":")
    words = place.split(" ", 2)
    row = int(words[1].rstrip(",")) - first if words[0] == counted else place
    return issue.code, issue.message, issue.action, issue.severity, issue.found, row, *words[2:]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("name", "mapping"), [("wide.csv", WIDE), ("long.csv", LONG)])
def test_one_set_of_rules(name: str, mapping: dict[str, Any], way: str, tmp_path: Path) -> None:
    columns = cells(CORPUS / name)
    wanted = {r.patient.id: r for r in read_records(whole_csv(columns, tmp_path), mapping=mapping)}
    source = WAYS[way](columns, tmp_path)
    found = {r.patient.id: r for r in read_records(source, mapping=mapping)}
    assert list(found) == list(wanted) and len(wanted) >= 1
    for key, record in wanted.items():
        assert found[key].hash == record.hash
        assert found[key].genotypes == record.genotypes
        own = [i for i in record.issues if ":" in i.place and not i.code.startswith("record.")]
        theirs = [i for i in found[key].issues if ":" in i.place and not i.code.startswith("record.")]
        assert [said(i, "row", 0) for i in theirs] == [said(i, "line", 1) for i in own]
        assert found[key].issues.counts() == record.issues.counts()


@pytest.mark.parametrize("way", WAYS)
def test_the_cohort(way: str, tmp_path: Path) -> None:
    path = write_csv(cohort(), tmp_path)
    wanted = {r.patient.id: r.hash for r in read_records(path, mapping=MAPPING)}
    source = WAYS[way](cells(path), tmp_path)
    assert {r.patient.id: r.hash for r in read_records(source, mapping=MAPPING)} == wanted


TYPED: Columns = {
    "subject": [7, 7, 8],
    "visit": [datetime.datetime(2020, 1, 2, 3, 4, 5), None, datetime.datetime(2020, 1, 3)],
    "sex": ["male", "male", None],
    "age": [71.0, None, 40.5],
    "weight": [80, None, 71],
    "inr": [2.5, float("nan"), 3.0],
    "dose": [5.0, 2.5, None],
    "amiodarone": [True, False, None],
    "cyp2c9": ["*1/*2", None, None],
}


@pytest.mark.parametrize("way", WAYS)
def test_typed_columns(way: str, tmp_path: Path) -> None:
    records = {r.patient.id: r for r in read_records(WAYS[way](TYPED, tmp_path), mapping=WIDE)}
    assert set(records) == {"7", "8"}
    first = records["7"]
    assert (first.patient.sex, first.patient.age_years) == ("male", 71.0)
    assert records["8"].patient.age_years == 40.5
    (inr,) = first.observations("INR")
    assert (inr.value, inr.when[:19], inr.width, inr.original_value) == (2.5, "2020-01-02T03:04:05", 0, "2.5")
    (weight,) = first.observations("body weight")
    assert (weight.value, weight.original_value) == (80.0, "80")
    assert inr.place == "row 1, column inr" and inr.source == ("x.parquet" if way == "parquet" else "frame")
    assert [(d.value, d.usable, d.reason) for d in first.doses("warfarin")] == [
        (2.5, False, "time.missing"), (5.0, True, ""),
    ]  # fmt: skip
    answers = {(row.status, row.time == NAT) for row in first.doses("amiodarone")}
    assert answers == {("active", False), ("not-taken", True)}
    assert not len(records["8"].doses("amiodarone"))


def test_times_keep_their_zone_and_dates_their_width(tmp_path: Path) -> None:
    mapping = {"patient": "p", "time": "t", "observations": [{"column": "inr", "analyte": "INR"}]}
    moments = pa.array([1_600_000_000_000_000], pa.timestamp("us", "Europe/Berlin"))
    (event,) = read_record(pa.table({"p": ["a"], "t": moments, "inr": [2.0]}), mapping=mapping).events
    assert (event.time, event.offset) == (1_600_000_000_000_000, 120)
    (event,) = read_record(
        pa.table({"p": ["a"], "t": [datetime.date(2020, 1, 2)], "inr": pa.array([0.1], pa.float32())}),
        mapping={**mapping, "observations": [{"column": "inr", "analyte": "creatinine", "unit": "mg/dL"}]},
    ).events
    assert (event.width, event.value, event.original_value) == (DAY, 0.1, "0.1")


def test_a_pandas_column_of_numbers_and_texts() -> None:
    frame = pandas.DataFrame({"p": [1, 1, 1, 1], "inr": [2.5, "<0.8", None, 3], "t": ["2020-01-01"] * 4})
    mapping = {"patient": "p", "time": "t", "observations": [{"column": "inr", "analyte": "INR"}]}
    rows = [(e.value, e.comparator) for e in read_record(frame, mapping=mapping).events]
    assert sorted(rows) == [(0.8, "<"), (2.5, ""), (3.0, "")]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"patient": "nobody"}, "nobody"),
        ({"observations": [{"column": "ldl", "analyte": "LDL"}]}, "ldl"),
        ({"time": "when"}, "when"),
    ],
)
def test_a_missing_column_is_named(way: str, change: dict[str, Any], missing: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=missing) as caught:
        list(read_records(WAYS[way](TYPED, tmp_path), mapping={**WIDE, **change}))
    assert caught.value.code == "csv.no-column"


def test_columns_that_hold_no_cells_are_refused_where_they_are_asked_for() -> None:
    table = pa.table({"p": ["a"], "inr": [[1.0]]})
    mapping: dict[str, Any] = {"patient": "p"}
    assert read_record(table, mapping=mapping).patient.id == "a"
    mapping["observations"] = [{"column": "inr", "analyte": "INR"}]
    with pytest.raises(InputError, match="column inr") as caught:
        read_record(table, mapping=mapping)
    assert caught.value.code == "csv.column-type"


def test_without_a_mapping_a_frame_is_known_by_its_columns_or_refused() -> None:
    frame = pandas.DataFrame({
        "subject_id": [5, 5], "time": pandas.to_datetime([None, "2020-01-02"]),
        "code": ["GENDER//F", "LOINC//2160-0"], "numeric_value": [None, 1.25], "unit": [None, "mg/dL"],
    })  # fmt: skip
    for known in (frame, polars.from_pandas(frame), pa.Table.from_pandas(frame)):
        (record,) = read_records(known)
        assert record.patient.sex == "female"
        assert [(e.name, e.value, e.unit) for e in record.events] == [("creatinine", 1.25, "mg/dL")]
    with pytest.raises(InputError, match="mapping") as caught:
        read_record(pandas.DataFrame({"a": [1]}))
    assert caught.value.code == "format.unsupported"


def test_frames_beside_files(tmp_path: Path) -> None:
    columns = cells(CORPUS / "wide.csv")
    record = read_record(
        [WAYS["pandas"](columns, tmp_path), whole_csv(columns, tmp_path)], mapping=WIDE, patient="A"
    )
    alone = read_record(whole_csv(columns, tmp_path), mapping=WIDE, patient="A")
    assert record.hash == alone.hash
    assert [source.name for source in record.sources] == ["frame", "x.csv"]
    assert len(record.sources[0].sha256) == 64


def test_a_frame_is_of_no_other_format() -> None:
    with pytest.raises(InputError) as caught:
        read_record(pandas.DataFrame({"a": [1]}), format="fhir")
    assert caught.value.code == "format.unsupported"
    with pytest.raises(InputError) as caught:
        read_record(type("Odd", (), {"columns": ()})(), mapping={"patient": "a"})
    assert caught.value.code == "frame.type"


def test_a_long_parquet_file_comes_in_pieces(tmp_path: Path) -> None:
    count = 100_000
    columns = {
        "p": [f"p{i // 1000}" for i in range(count)],
        "inr": [2.0] * count,
        "t": ["2020-01-01"] * count,
    }
    pq.write_table(pa.table(columns), tmp_path / "x.parquet")
    mapping = {"patient": "p", "time": "t", "observations": [{"column": "inr", "analyte": "INR"}]}
    sizes = [len(table) for table in stream_events(tmp_path / "x.parquet", mapping=mapping)]
    assert sum(sizes) == count and max(sizes) < 70_000
    assert len(next(iter(read_records(tmp_path / "x.parquet", mapping=mapping))).events) == 1


def test_records_of_a_scattered_frame(tmp_path: Path) -> None:
    frame = polars.DataFrame({"p": ["a", "b", "a"], "inr": [1.0, 2.0, 3.0]})
    mapping = {"patient": "p", "observations": [{"column": "inr", "analyte": "INR"}]}
    records: list[Record] = list(read_records(frame, mapping=mapping))
    assert [(r.patient.id, len(r.events)) for r in records] == [("a", 2), ("b", 1)]
