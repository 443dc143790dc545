"""Records written and read back are the same records."""

from __future__ import annotations

import csv
import io
import json
import weakref
import zipfile
from collections.abc import Iterator
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
from pytwin.record.out.omop_schema import TABLES, schema
from pytwin.record.tables.omop_concepts import known_concepts
from pytwin.record.time import parse_time

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


FORMATS = ("meds", "omop", "omop-csv")


@pytest.mark.parametrize("format", FORMATS)
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(record=RECORDS)
def test_round_trip(format: str, record: Record) -> None:
    with TemporaryDirectory() as folder:
        pt.write_records(record, folder, format=format)
        (found,) = pt.read_records(folder)
    same(record, found)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(RECORDS)
def test_fhir_round_trip(record: Record) -> None:
    _through_fhir(record)


def _through_fhir(record: Record) -> None:
    bundle = record.to_fhir()
    Bundle.model_validate(bundle)
    same(record, pt.read_record(json.dumps(bundle).encode(), format="fhir"))
    for form in ("fhir", "fhir-bulk"):
        with TemporaryDirectory() as folder:
            pt.write_records(record, Path(folder) / form, format=form)
            (found,) = pt.read_records(Path(folder) / form)
        same(record, found)


def test_one_identity_of_two_kinds() -> None:
    """They are rows of one resource, also where a bulk export has a file for each type."""
    plain = Event(kind="observation", unit="mg/dL", value=1.0, id="Observation/1", place="line 1")
    order = plain._replace(kind="order", recorded=0)
    _through_fhir(Record.from_events(PatientInfo("7"), [plain, order]))
    _through_fhir(Record.from_events(PatientInfo("7"), [order._replace(id="MedicationRequest/1"), plain]))
    _through_fhir(Record.from_events(PatientInfo("7"), [plain._replace(kind="death", recorded=0), plain]))


@pytest.mark.parametrize("format", FORMATS)
def test_several_patients_stay_apart(tmp_path: Path, format: str) -> None:
    event = Event(kind="observation", system="LOINC", code="2345-7", value=90.0, unit="mg/dL", time=0)
    people = [PatientInfo(name) for name in ("b", "1", "a", "2")]
    records = [Record.from_events(info, [event]) for info in people]
    pt.write_records(iter(records), tmp_path, format=format)
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


def _result(**columns: object) -> Event:
    event = Event(kind="observation", system="LOINC", code="2345-7", value=90.0, unit="mg/dL", time=0)
    return event._replace(**columns)  # type: ignore[arg-type]


def test_tables_of_omop() -> None:
    events = [
        _result(comparator="<", status="final"),
        _result(code="99999-9", name="unheard of", value=float("nan"), unit="", text="yes"),
        Event(kind="condition", system="ICD-10", code="I10", time=0),
        Event(kind="order", system="RxNorm", code="11289", name="warfarin", value=5.0, unit="mg", time=0),
        Event(kind="immunization", system="CVX", code="140", time=0),
        Event(kind="procedure", system="SNOMED", code="80146002", time=0),
        Event(kind="allergy", system="SNOMED", code="91936005", time=0),
        Event(kind="encounter", system="SNOMED", code="185349003", time=0, until=3_600_000_000),
        Event(kind="death", name="death", time=0),
    ]
    record = Record.from_events(PatientInfo("p", sex="female"), events)
    rows = {name: table.to_pylist() for name, table in record.to_omop().items()}
    counts = {name: len(rows[name]) for name in ("measurement", "observation", "drug_exposure", "death")}
    assert counts == {"measurement": 1, "observation": 2, "drug_exposure": 2, "death": 1}
    (measured,) = rows["measurement"]
    # glucose in serum, mg/dL and "less than" in the vocabularies of OHDSI
    assert measured["measurement_concept_id"] == 3004501
    assert measured["unit_concept_id"] == 8840
    assert measured["operator_concept_id"] == 4171756
    assert measured["value_as_number"] == 90.0
    assert rows["person"][0]["gender_concept_id"] == 8532
    assert rows["person"][0]["person_source_value"] == "p"
    sources = {row["source_code"]: row for row in rows["source_to_concept_map"]}
    assert sources["I10"]["source_vocabulary_id"] == "ICD10CM"
    assert sources["99999-9"]["source_code_description"] == "unheard of"
    assert {row["source_concept_id"] for row in sources.values()} == {0}
    (visit,) = rows["visit_occurrence"]
    assert str(visit["visit_end_datetime"]) == "1970-01-01 01:00:00"


def test_what_was_taken_back_is_no_fact_in_tables_of_others(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    events = [
        _result(status="entered-in-error", valid=False, usable=False),
        Event(kind="immunization", system="CVX", code="140", status="not-done", valid=False, time=0),
    ]
    record = Record.from_events("5", events)
    tables = record.to_omop()
    assert "measurement" not in tables
    assert "drug_exposure" not in tables
    for row in tables["observation"].to_pylist():
        assert row["observation_source_value"] in ("entered-in-error", "not-done")
        assert row["value_as_number"] is None
    pt.write_records(record, tmp_path, format="meds")
    codes = pq.read_table(tmp_path / "data" / "0.parquet")["code"].to_pylist()
    assert sorted(codes) == ["MEDS_BIRTH", "NOT_VALID//entered-in-error", "NOT_VALID//not-done"]


@pytest.mark.parametrize("format", ["omop", "omop-csv"])
def test_without_the_column_the_codes_and_values_are_there(tmp_path: Path, format: str) -> None:
    """What another reader finds, for whom the column ``pytwin`` is not there."""
    condition = Event(kind="condition", system="ICD-10", code="I10", time=0, name="hypertension")
    events = [_result(name="glucose"), condition]
    record = Record.from_events(PatientInfo("5", sex="male", birth=parse_time("1950-02-03")), events)
    pt.write_records(record, tmp_path, format=format)
    _without_column(tmp_path)
    (found,) = pt.read_records(tmp_path)
    assert found.patient == record.patient
    names = ("time", "kind", "system", "code", "name", "value", "unit")
    wanted = [[getattr(event, name) for name in names] for event in record.events]
    assert str([[getattr(event, name) for name in names] for event in found.events]) == str(wanted)


def _without_column(folder: Path) -> None:
    import pyarrow.parquet as pq

    for file in folder.glob("*.parquet"):
        table = pq.read_table(file)
        pq.write_table(table.select([name for name in table.column_names if name != "pytwin"]), file)
    for file in folder.glob("*.csv"):
        header, *rows = csv.reader(io.StringIO(file.read_text()))
        keep = [index for index, name in enumerate(header) if name != "pytwin"]
        with file.open("w", newline="") as stream:
            csv.writer(stream).writerows([row[index] for index in keep] for row in (header, *rows))


@pytest.mark.parametrize("format", FORMATS)
def test_files_are_private(tmp_path: Path, format: str) -> None:
    pt.write_records(Record.from_events("5", [_result()]), tmp_path, format=format)
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert files
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


@pytest.mark.parametrize("format", ["omop", "omop-csv"])
def test_many_patients_are_written_as_they_come(
    tmp_path: Path, format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytwin.record.out.omop._BATCH", 50)
    waiting: list[weakref.ref[Record]] = []
    most = 0

    def made() -> Iterator[Record]:
        nonlocal most
        for number in range(40):
            # the same code in another vocabulary must not change what was written before
            code = {"system": ("LOINC", "SNOMED", "local")[number % 3], "name": f"name {number}"}
            shared = [_result(id=f"Observation/{number}", text="a" * k, **code) for k in range(2)]
            record = Record.from_events(
                f"p{number}", [*shared, *(_result(time=k, **code) for k in range(1, 9))]
            )
            waiting.append(weakref.ref(record))
            most = max(most, sum(reference() is not None for reference in waiting))
            yield record

    pt.write_records(made(), tmp_path, format=format)
    assert most < 15
    found = {record.patient.id: record.hash for record in pt.read_records(tmp_path)}
    assert found == {record.patient.id: record.hash for record in made()}


def test_omop_in_two_forms_does_not_mix(tmp_path: Path) -> None:
    record = Record.from_events("5", [_result()])
    pt.write_records(record, tmp_path, format="omop")
    with pytest.raises(InputError) as refused:
        pt.write_records(record, tmp_path, format="omop-csv")
    assert refused.value.code == "out.mixed"
    pt.write_records(Record.from_events("6", []), tmp_path, format="omop")
    (found,) = pt.read_records(tmp_path)
    assert found.patient.id == "6"
    assert len(found.events) == 0


def test_nothing_is_written_when_a_record_is_refused(tmp_path: Path) -> None:
    record = Record.from_events("5", [_result()])
    with pytest.raises(InputError):
        pt.write_records([record, record], tmp_path, format="omop")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("person", "{"),
        ("person", '{"person":{"birth":[1]}}'),
        ("measurement", "{"),
        ("measurement", '{"a":1}'),
    ],
)
def test_damage_in_omop_is_an_issue(tmp_path: Path, table: str, text: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pt.write_records(Record.from_events("5", [_result()]), tmp_path, format="omop")
    file = tmp_path / f"{table}.parquet"
    rows = pq.read_table(file)
    pq.write_table(rows.drop_columns(["pytwin"]).append_column("pytwin", pa.array([text])), file)
    (record,) = pt.read_records(tmp_path)
    assert record.patient.id == "5"
    assert record.events.value.tolist() == [90.0]
    assert "carry.malformed" in record.issues.counts()


def _concepts(reference: Path) -> list[dict[str, str]]:
    with zipfile.ZipFile(reference / "ehr" / "omop" / "Synthea27Nj_5.4.zip") as archive:
        return list(csv.DictReader(io.TextIOWrapper(archive.open("CONCEPT.csv"), "utf-8")))


@pytest.mark.reference
def test_concept_ids_are_those_of_the_vocabularies(reference: Path) -> None:
    table = {row["concept_id"]: row for row in _concepts(reference)}
    checked = 0
    for known in known_concepts():
        row = table.get(str(known.concept_id))
        if row:
            assert row["vocabulary_id"] == known.vocabulary_id
            # two unit codes are written otherwise in the vocabularies
            assert row["concept_code"] == known.concept_code or known.concept_code in ("U/L", "meq/L")
            checked += 1
    assert checked >= 147
    unchecked = {known.concept_code for known in known_concepts() if str(known.concept_id) not in table}
    assert not unchecked


@pytest.mark.reference
def test_columns_are_those_of_cdm_5_4(reference: Path) -> None:
    with zipfile.ZipFile(reference / "ehr" / "omop" / "Synthea27Nj_5.4.zip") as archive:
        for table in TABLES:
            header = archive.read(f"{table.upper()}.csv").splitlines()[0].decode().split(",")
            assert [name for name in schema(table).names if name != "pytwin"] == header, table


# columns that may not be empty in the Common Data Model 5.4 (OHDSI, OMOP_CDMv5.4_Field_Level)
_REQUIRED = {
    "person": "person_id gender_concept_id year_of_birth race_concept_id ethnicity_concept_id",
    "observation_period": "observation_period_id person_id observation_period_start_date "
    "observation_period_end_date period_type_concept_id",
    "visit_occurrence": "visit_occurrence_id person_id visit_concept_id visit_start_date visit_end_date "
    "visit_type_concept_id",
    "condition_occurrence": "condition_occurrence_id person_id condition_concept_id condition_start_date "
    "condition_type_concept_id",
    "drug_exposure": "drug_exposure_id person_id drug_concept_id drug_exposure_start_date "
    "drug_exposure_end_date drug_type_concept_id",
    "procedure_occurrence": "procedure_occurrence_id person_id procedure_concept_id procedure_date "
    "procedure_type_concept_id",
    "measurement": "measurement_id person_id measurement_concept_id measurement_date "
    "measurement_type_concept_id",
    "observation": "observation_id person_id observation_concept_id observation_date "
    "observation_type_concept_id",
    "death": "person_id death_date",
}  # fmt: skip


@pytest.mark.parametrize("valid", [True, False])
def test_what_the_model_requires_is_there(valid: bool) -> None:
    events = [Event(kind=kind, code="x", time=0, valid=valid, usable=valid, status="s") for kind in KINDS]
    events.append(_result(valid=valid, usable=valid))
    info = PatientInfo("p", birth=parse_time("1950"), death=Instant(0, 0, NAIVE))
    tables = Record.from_events(info, events).to_omop()
    assert set(tables) >= ({*_REQUIRED} if valid else {"person", "observation", "death"})
    for table in set(tables) & set(_REQUIRED):
        for name in _REQUIRED[table].split():
            assert tables[table][name].null_count == 0, (table, name)
