"""Records written and read back are the same records."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from fhir.resources.R4B.bundle import Bundle
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pytwin as pt
from pytwin.errors import InputError
from pytwin.record import NAIVE, NAT, Event, Instant, PatientInfo, Record
from pytwin.record.event import COLUMNS

pytest.importorskip("pyarrow")

KINDS = (
    "observation", "order", "administration", "statement", "dispense", "condition", "allergy", "procedure",
    "immunization", "encounter", "death",
)  # fmt: skip
_US = st.integers(-(2**55), 2**55) | st.just(NAT)
_TEXT = st.text(max_size=12) | st.sampled_from(["", "//", "MEDS_BIRTH", "GENDER//F", "µmol/L", " a "])
_NUMBER = st.floats(allow_nan=True, allow_infinity=True)
_WIDTH = st.sampled_from([0, 60_000_000, 86_400_000_000, 31 * 86_400_000_000])
_ZONE = st.sampled_from([NAIVE, 0, 120, -300])
EVENTS = st.builds(
    Event,
    time=_US, width=_WIDTH, offset=_ZONE, kind=st.sampled_from(KINDS),
    system=st.sampled_from(["LOINC", "RxNorm", "SNOMED", "ICD-10", "ICD-9", "ATC", "local", ""]),
    code=_TEXT | st.sampled_from(["2345-7", "6301-6"]), name=_TEXT, text=_TEXT, value=_NUMBER,
    comparator=st.sampled_from(["", "<", "<=", ">", ">="]), unit=_TEXT | st.sampled_from(["mg/dL"]),
    original_value=_TEXT, original_unit=_TEXT, status=_TEXT, usable=st.booleans(), valid=st.booleans(),
    reason=_TEXT, panel=_TEXT, route=_TEXT, every=_NUMBER, until=_US, as_needed=st.booleans(), rate=_NUMBER,
    rate_unit=_TEXT, recorded=_US, id=st.sampled_from(["", "Observation/1", "Observation/2"]),
    place=st.sampled_from(["line 1", "line 1#a", "line 2", "line 2#b"]),
)  # fmt: skip
_INSTANT = st.builds(Instant, _US, _WIDTH, _ZONE)
PEOPLE = st.builds(
    PatientInfo,
    id=st.sampled_from(["7", "007", "a b", "é", "123456789012345678901"]),
    birth=st.none() | _INSTANT,
    sex=st.sampled_from([None, "male", "female"]),
    race=st.sampled_from([None, "White", "Asian"]),
    age_decade=st.none() | st.integers(0, 12),
    age_years=st.none() | st.floats(0, 120),
    death=st.none() | _INSTANT,
)
RECORDS = st.builds(
    Record.from_events,
    PEOPLE,
    st.lists(EVENTS, max_size=8),
    genotypes=st.dictionaries(_TEXT, _TEXT, max_size=2),
)


def same(a: Record, b: Record) -> None:
    assert a.patient == b.patient
    assert a.genotypes == b.genotypes
    assert len(a.events) == len(b.events)
    kept = [name for name in COLUMNS if name not in ("source", "place", "changes")]

    def rows(record: Record) -> list[str]:
        # zero has two signs, which say the same
        columns = [record.events.column(name) for name in kept]
        texts = [(c + 0.0 if c.dtype == np.float64 else c).tolist() for c in columns]
        return sorted(map(repr, zip(*texts, strict=True)))

    assert rows(a) == rows(b)
    assert a.hash == b.hash


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(RECORDS)
def test_meds_round_trip(record: Record) -> None:
    with TemporaryDirectory() as folder:
        pt.write_records(record, folder, format="meds")
        (found,) = pt.read_records(folder)
    same(record, found)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(RECORDS)
def test_fhir_round_trip(record: Record) -> None:
    bundle = record.to_fhir()
    Bundle.model_validate(bundle)
    same(record, pt.read_record(json.dumps(bundle).encode(), format="fhir"))
    for form in ("fhir", "fhir-bulk"):
        with TemporaryDirectory() as folder:
            pt.write_records(record, Path(folder) / form, format=form)
            (found,) = pt.read_records(Path(folder) / form)
        same(record, found)


def test_several_patients_stay_apart(tmp_path: Path) -> None:
    event = Event(kind="observation", system="LOINC", code="2345-7", value=90.0, unit="mg/dL", time=0)
    people = [PatientInfo(name) for name in ("b", "1", "a", "2")]
    records = [Record.from_events(info, [event]) for info in people]
    pt.write_records(records, tmp_path, format="meds")
    found = {record.patient.id: record for record in pt.read_records(tmp_path)}
    assert set(found) == {"b", "1", "a", "2"}
    for record in records:
        same(record, found[record.patient.id])


def test_columns_are_those_of_meds(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    event = Event(kind="observation", system="LOINC", code="2345-7", value=90.0, unit="mg/dL", time=0)
    pt.write_records(Record.from_events("5", [event]), tmp_path, format="meds")
    rows = pq.read_table(tmp_path / "data" / "0.parquet").to_pylist()
    assert [row["code"] for row in rows] == ["MEDS_BIRTH", "LOINC//2345-7//mg/dL"]
    assert rows[1]["subject_id"] == 5
    assert rows[1]["numeric_value"] == 90.0


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[1]",
        '{"value":true}',
        '{"nothing":1}',
        '{"time":1e300}',
        '{"person":{"birth":[1]}}',
        "[" * 10**5,
    ],
)
def test_damage_beside_a_row_is_an_issue(tmp_path: Path, text: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    event = Event(kind="observation", system="LOINC", code="2345-7", value=90.0, unit="mg/dL", time=0)
    pt.write_records(Record.from_events("5", [event]), tmp_path, format="meds")
    file = tmp_path / "data" / "0.parquet"
    table = pq.read_table(file)
    column = pa.array([table["pytwin"][0].as_py(), text])
    pq.write_table(table.drop(["pytwin"]).append_column("pytwin", column), file)
    (record,) = pt.read_records(tmp_path)
    assert record.patient.id == "5"
    assert "carry.malformed" in record.issues.counts()


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    record = Record.from_events("5", [])
    with pytest.raises(InputError) as refused:
        pt.write_records([record, record], tmp_path)
    assert refused.value.code == "record.two-records"
    with pytest.raises(InputError) as unknown:
        pt.write_records(record, tmp_path, format="papyrus")
    assert unknown.value.code == "format.unknown"
