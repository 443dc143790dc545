"""The event table as a frame of other libraries and as Parquet, and back."""

from __future__ import annotations

import stat
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytwin.errors import InputError, MissingExtraError
from pytwin.record import NAIVE, NAT, Event, EventTable, Record, stream_events
from pytwin.record.digest import origin_digests, row_digests, table_hash
from pytwin.record.event import COLUMNS, DTYPES
from pytwin.verify.cohorts import ccda, fhir, hl7, tables
from pytwin.verify.cohorts.people import cohort

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")


def by_parquet(table: EventTable) -> EventTable:
    with TemporaryDirectory() as folder:
        table.to_parquet(Path(folder) / "x.parquet")
        return EventTable.from_parquet(Path(folder) / "x.parquet")


WAYS: dict[str, Callable[[EventTable], EventTable]] = {
    "arrow": lambda table: EventTable.from_frame(table.to_arrow()),
    "pandas": lambda table: EventTable.from_frame(table.to_pandas()),
    "polars": lambda table: EventTable.from_frame(table.to_polars()),
    "lazy": lambda table: EventTable.from_frame(table.to_polars().lazy()),
    "parquet": by_parquet,
}
CARRIERS: dict[str, Callable[[Any, Path], Path]] = {
    "fhir": fhir.write, "hl7": hl7.write, "ccda": ccda.write, "omop": tables.write_omop,
    "meds": tables.write_meds, "csv": tables.write_csv,
}  # fmt: skip
FOLDERS = (
    "ccda", "cgm", "eicu_demo", "fhir_bulk_ndjson_10p", "fhir_edge_cases", "fhir_other_versions",
    "fhir_r5_examples", "fhir_spec_r4_examples", "fhir_synthea_r4", "hl7v2", "mimic_iv_demo_meds",
    "mimic_iv_shape_synthetic", "omop/ehrdata_toy/vanilla", "synthea_csv", "wearables",
)  # fmt: skip


def same(found: EventTable, wanted: EventTable) -> None:
    assert len(found) == len(wanted)
    for name in COLUMNS:
        a, b = found.column(name), wanted.column(name)
        assert a.dtype == b.dtype
        assert np.array_equal(a, b, equal_nan=a.dtype.kind == "f"), name
    digests = row_digests(wanted)
    assert table_hash(row_digests(found)) == table_hash(digests)
    assert np.array_equal(row_digests(found), digests)
    assert np.array_equal(origin_digests(found), origin_digests(wanted))
    for array in (*found.varying.values(), *found.shapes.values()):
        assert not array.flags.writeable


_US = st.integers(-(2**55), 2**55) | st.just(NAT)
_TEXT = st.text(max_size=8) | st.sampled_from(["", "µmol/L", " a ", "{}", "NA", "nan", "a\x00b"])
_NUMBER = st.floats(allow_nan=True, allow_infinity=True)
EVENTS = st.builds(
    Event,
    patient=_TEXT, time=_US, width=st.sampled_from([0, 60_000_000, 2**40]),
    offset=st.sampled_from([NAIVE, 0, 120, -300]), kind=st.sampled_from(["observation", "order"]),
    code=_TEXT, name=_TEXT, text=_TEXT, value=_NUMBER, original_value=_TEXT, status=_TEXT,
    usable=st.booleans(), valid=st.booleans(), every=_NUMBER, until=_US, as_needed=st.booleans(),
    rate=_NUMBER, recorded=_US, id=_TEXT, source=_TEXT,
    place=_TEXT | st.sampled_from(["line 12", "row 7", "/x[3]#1", "line 0012", "{} 7", "9" * 30]),
)  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(events=st.lists(EVENTS, max_size=8))
def test_any_table_comes_back(way: str, events: list[Event]) -> None:
    table = EventTable(events)
    same(WAYS[way](table), table)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("carrier", CARRIERS)
def test_the_cohort_comes_back(carrier: str, way: str, tmp_path: Path) -> None:
    path = CARRIERS[carrier](cohort(), tmp_path)
    mapping = tables.MAPPING if carrier == "csv" else None
    for table in stream_events(path, mapping=mapping):
        same(WAYS[way](table), table)


@pytest.mark.reference
@pytest.mark.parametrize("folder", FOLDERS)
def test_every_reference_format_comes_back(reference: Path, folder: str) -> None:
    rows = 0
    for table in islice(stream_events(reference / "ehr" / folder, errors="list"), 4):
        for way in ("arrow", "parquet"):
            same(WAYS[way](table), table)
        rows += len(table)
    assert rows


@pytest.mark.parametrize("way", ["arrow", "parquet"])
def test_texts_that_utf_8_cannot_hold_come_back(way: str) -> None:
    events = [Event(name="\ud800"), Event(name="?"), Event(name="\udc00"), Event(name="??")]
    table = EventTable(events)
    same(WAYS[way](table), table)


def test_cells_without_a_value_are_null() -> None:
    frame = EventTable([Event(patient="p", kind="condition"), Event(time=0, value=1.0, offset=60)]).to_arrow()
    row, other = frame.to_pylist()
    assert [row[name] for name in ("time", "value", "offset", "until", "every")] == [None] * 5
    assert (other["time"].timestamp(), other["value"], other["offset"]) == (0.0, 1.0, 60)
    assert frame.column_names == list(COLUMNS)
    assert all(pa.types.is_dictionary(frame.schema.field(n).type) for n in COLUMNS if n not in DTYPES)


def test_places_are_written_out_in_frames_and_short_in_files(tmp_path: Path) -> None:
    table = EventTable([Event(place=f"line {i}, column INR") for i in range(1, 50)])
    assert table.to_arrow()["place"].to_pylist() == table.column("place").tolist()
    table.to_parquet(tmp_path / "x.parquet")
    file = pq.read_table(tmp_path / "x.parquet")
    assert set(file["place"].to_pylist()) == {"line {}, column INR"}
    assert file["position"].to_pylist() == list(range(1, 50))
    assert file.schema.metadata[b"pytwin.schema"] == b"1"


def test_nobody_else_may_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(b"old")
    path.chmod(0o644)
    EventTable([Event(patient="p")]).to_parquet(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["x.parquet"]
    with pytest.raises(InputError) as caught:
        EventTable().to_parquet(tmp_path / "none" / "x.parquet")
    assert caught.value.code == "file.cannot-write"


def test_a_frame_needs_no_more_than_it_says() -> None:
    frame = pandas.DataFrame({
        "patient": [7, 8], "time": pandas.to_datetime(["2020-01-02", None]), "kind": ["observation"] * 2,
        "value": [1, None], "unit": ["mg/dL", None],
    })  # fmt: skip
    first, second = EventTable.from_frame(frame)
    assert (first.patient, first.when, first.value, first.unit) == ("7", "2020-01-02T00:00:00", 1.0, "mg/dL")
    assert (second.time, second.unit, second.usable, second.place) == (NAT, "", True, "")
    (zoned,) = EventTable.from_frame(pa.table({"time": pa.array([0], pa.timestamp("s", "UTC"))}))
    assert zoned.offset == 0
    assert len(Record.from_tables("7", [EventTable.from_frame(frame)[:1]]).events) == 1


@pytest.mark.parametrize("count", [1, 126, 127, 128, 255, 256, 32767, 32768])
def test_categories_fill_their_type(count: int) -> None:
    frame = pandas.DataFrame({"code": pandas.Categorical([*(f"c{i}" for i in range(count)), None])})
    assert EventTable.from_frame(frame).column("code").tolist() == [*(f"c{i}" for i in range(count)), ""]


@pytest.mark.parametrize(
    ("columns", "code", "place"),
    [
        ({"colour": ["x"]}, "frame.column", "colour"),
        ({"time": ["2020"]}, "frame.column", "column time"),
        ({"value": ["1"]}, "frame.column", "column value"),
        ({"usable": [1]}, "frame.column", "column usable"),
        ({"name": [1.5]}, "frame.column", "column name"),
        ({"offset": [2**40]}, "frame.value", "column offset"),
        ({"width": [0.5]}, "frame.value", "column width"),
    ],
)
def test_a_wrong_column_is_named(columns: dict[str, list[Any]], code: str, place: str) -> None:
    for frame in (pa.table(columns), pandas.DataFrame(columns), polars.DataFrame(columns)):
        with pytest.raises(InputError) as caught:
            EventTable.from_frame(frame)
        assert (caught.value.code, caught.value.place) == (code, place)


def test_what_is_no_frame_is_refused(tmp_path: Path) -> None:
    for wrong in (7, "x.csv", [Event()], object()):
        with pytest.raises(InputError) as caught:
            EventTable.from_frame(wrong)
        assert caught.value.code == "frame.type"
    pq.write_table(pa.table({"value": [1.0]}), tmp_path / "other.parquet")
    with pytest.raises(InputError) as caught:
        EventTable.from_parquet(tmp_path / "other.parquet")
    assert caught.value.code == "frame.version"
    newer = pa.table({"value": [1.0]}).replace_schema_metadata({"pytwin.schema": "99"})
    with pytest.raises(InputError) as caught:
        EventTable.from_frame(newer)
    assert caught.value.code == "frame.version"
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(InputError) as caught:
        EventTable.from_parquet(tmp_path / "broken.parquet")
    assert caught.value.code == "parquet.malformed"


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match="tables") as caught:
        EventTable().to_arrow()
    assert caught.value.code == "extra.tables"
