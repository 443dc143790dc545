"""Tables of many patients, on small ones written here."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from pytwin.errors import InputError
from pytwin.record import Record, read_record, read_records, stream_events
from pytwin.record.time import DAY, NAT

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

PERSON = (
    "person_id,gender_concept_id,year_of_birth,month_of_birth,day_of_birth\n1,8507,1950,2,3\n2,8532,1960,,\n"
)
CONCEPT = (
    "concept_id,concept_name,vocabulary_id,concept_code\n"
    "3016723,Creatinine [Mass/volume] in Serum or Plasma,LOINC,2160-0\n"
    "8840,milligram per deciliter,UCUM,mg/dL\n"
)
HEAD = (
    "measurement_id,person_id,measurement_concept_id,measurement_date,measurement_datetime,"
    "operator_concept_id,value_as_number,unit_concept_id,unit_source_value,value_source_value\n"
)


def omop(folder: Path, rows: str, concept: str = CONCEPT, head: str = HEAD) -> dict[str, Record]:
    folder.mkdir(exist_ok=True)
    (folder / "person.csv").write_text(PERSON)
    (folder / "measurement.csv").write_bytes((head + rows).encode("latin-1"))
    if concept:
        (folder / "concept.csv").write_text(concept)
    return {record.patient.id: record for record in read_records(folder)}


def test_a_measurement_is_what_its_row_says(tmp_path: Path) -> None:
    (event,) = omop(tmp_path, "7,1,3016723,2020-01-02,2020-01-02 03:04:05,,1.5,8840,mg/dL,1.5\n")["1"].events
    assert (event.system, event.code, event.name, event.value) == ("LOINC", "2160-0", "creatinine", 1.5)
    assert (event.unit, event.usable, event.id, event.width) == ("mg/dL", True, "measurement/7", 0)
    assert event.when.startswith("2020-01-02T03:04:05") and event.place == "row 1"


def test_units_are_converted_and_kept_as_written(tmp_path: Path) -> None:
    (event,) = omop(tmp_path, "7,1,3016723,2020-01-02,,,88.42,8749,,88.42\n")["1"].events
    assert event.value == pytest.approx(1.0, rel=1e-3) and event.unit == "mg/dL"
    assert event.original_value == "88.42" and event.changes


def test_a_date_alone_is_a_day_wide(tmp_path: Path) -> None:
    (event,) = omop(tmp_path, "7,1,3016723,2020-01-02,,,1.5,8840,mg/dL,\n")["1"].events
    assert event.width == DAY and event.when == "2020-01-02"


@pytest.mark.parametrize(
    ("operator", "written", "wanted"), [("4171756", "", "<"), ("4171755", "", ">="), ("", "<0.5", "<")]
)
def test_comparators(operator: str, written: str, wanted: str, tmp_path: Path) -> None:
    number = "" if written else "0.5"
    row = f"7,1,3016723,2020-01-02,,{operator},{number},8840,mg/dL,{written}\n"
    (event,) = omop(tmp_path, row)["1"].events
    assert (event.comparator, event.value) == (wanted, 0.5)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("7,1,3016723,2020-01-02,,,900000,8840,mg/dL,\n", "value.implausible"),
        ("7,1,3016723,2020-01-02,,,,8840,mg/dL,\n", "value.absent"),
        ("7,1,3016723,2020-01-02,,,1.5,0,furlong,\n", "unit.unknown"),
        ("7,1,3016723,,,,1.5,8840,mg/dL,\n", "time.missing"),
        ("7,1,3016723,2020-02-30,,,1.5,8840,mg/dL,\n", "time.missing"),
    ],
)
def test_what_a_twin_may_not_use_says_why(row: str, reason: str, tmp_path: Path) -> None:
    record = omop(tmp_path, row)["1"]
    (event,) = record.events
    assert (event.usable, event.reason) == (False, reason)
    assert reason in record.issues.counts()


def test_without_concepts_the_numbers_stay(tmp_path: Path) -> None:
    (event,) = omop(tmp_path, "7,1,3999999,2020-01-02,,,1.5,8840,mg/dL,\n", concept="")["1"].events
    assert (event.system, event.code, event.value, event.unit) == ("OMOP", "3999999", 1.5, "mg/dL")


def test_without_concepts_those_of_the_analytes_are_known(tmp_path: Path) -> None:
    (event,) = omop(tmp_path, "7,1,3016723,2020-01-02,,,1.5,8840,mg/dL,\n", concept="")["1"].events
    # creatinine in serum or plasma
    assert (event.system, event.code, event.name) == ("LOINC", "2160-0", "creatinine")


def test_a_map_of_source_codes_names_their_vocabulary(tmp_path: Path) -> None:
    header = "source_code,source_concept_id,source_vocabulary_id,source_code_description,target_concept_id\n"
    rows = "1920-8,0,LOINC,AST,0\nX,0,LOINC,one,0\nX,0,SNOMED,two,0\nY,0,mine,three,0\n"
    (tmp_path / "source_to_concept_map.csv").write_text(header + rows)
    measured = "".join(f"{i},{code}\n" for i, code in enumerate(("1920-8", "X", "Y"), 1))
    head = "measurement_id,measurement_source_value,person_id,measurement_concept_id,measurement_date\n"
    measured = measured.replace("\n", ",1,0,2020-01-02\n")
    events = omop(tmp_path, measured, "", head)["1"].events
    # a code that two vocabularies have, and one of a vocabulary of the source's own, stay local
    assert events.column("system").tolist() == ["LOINC", "local", "local"]


def test_columns_that_are_missing_are_empty(tmp_path: Path) -> None:
    (event,) = omop(tmp_path, "1,3016723\n", head="person_id,measurement_concept_id\n")["1"].events
    assert (event.name, event.time, event.id) == ("creatinine", NAT, "") and math.isnan(event.value)


def test_broken_rows_are_left_out_and_said(tmp_path: Path) -> None:
    rows = "7,1,3016723,2020-01-02,,,1.5,8840,mg/dL,\nx,y\n8,1,3016723,2020-01-03,,,1.6,8840,mg/dL,\n\xe9,\n"
    record = omop(tmp_path, rows)["1"]
    assert record.events.value.tolist() == [1.5, 1.6]
    assert record.issues.counts()["csv.ragged-row"] == 2


def test_bytes_of_latin_1_are_read(tmp_path: Path) -> None:
    (event,) = omop(tmp_path, "7,1,0,2020-01-02,,,,0,,caf\xe9\n")["1"].events
    assert event.text == "caf\ufffd"


def test_a_person_without_a_row_is_kept(tmp_path: Path) -> None:
    records = omop(tmp_path, "7,99,3016723,2020-01-02,,,1.5,8840,mg/dL,\n")
    assert len(records["99"].events) == 1 and "record.no-person" in records["99"].issues.counts()
    assert records["1"].patient.sex == "male" and records["2"].patient.sex == "female"


def test_parquet_says_what_csv_says(tmp_path: Path) -> None:
    rows = [(i, 1 + i % 2, 3016723, i / 8, 8840 if i % 3 else 8749) for i in range(1, 60)]
    text = "".join(f"{i},{p},{c},,2020-01-01 00:{i:02}:00,,{v!r},{u},,\n" for i, p, c, v, u in rows)
    plain = omop(tmp_path / "csv", text)
    other = tmp_path / "parquet"
    other.mkdir()
    (other / "person.csv").write_text(PERSON)
    (other / "concept.csv").write_text(CONCEPT)
    ids, people, concepts, values, units = (list(column) for column in zip(*rows, strict=True))
    start = 1_577_836_800_000_000_000
    table = {
        "measurement_id": pa.array(ids, pa.int32()),
        "person_id": pa.array(people, pa.int64()),
        "measurement_concept_id": pa.array([float(c) for c in concepts], pa.float64()),
        "measurement_datetime": pa.array([start + 60_000_000_000 * i for i in ids], pa.timestamp("ns")),
        "value_as_number": pa.array(values, pa.float64()),
        "unit_concept_id": pa.array(units, pa.int16()),
    }
    pq.write_table(pa.table(table), other / "measurement.parquet")
    found = {record.patient.id: record for record in read_records(other)}
    for key, record in plain.items():
        assert said(found[key]) == said(record) and len(record.events) > 20


def said(record: Record) -> list[tuple[Any, ...]]:
    return [(e.time, e.code, e.value, e.unit, e.usable, e.reason, e.id) for e in record.events]


def test_columns_say_what_single_rows_say(tmp_path: Path) -> None:
    """The whole file against files of one row each, which share nothing."""
    units = ("mg/dL", "umol/L", "", "furlong")
    lines = []
    for i in range(1, 40):
        number, written = "" if i % 7 == 0 else i / 4, "<3" if i % 5 == 0 else ""
        lines.append(f"{i},1,3016723,2020-01-{1 + i % 28:02},,,{number},0,{units[i % 4]},{written}\n")
    whole = said(omop(tmp_path / "whole", "".join(lines))["1"])
    single = [said(omop(tmp_path / f"{i}", line)["1"])[0] for i, line in enumerate(lines)]
    assert sorted(map(repr, whole)) == sorted(map(repr, single))


def test_files_in_two_folders_are_one_record(tmp_path: Path) -> None:
    lines = [f"{i},1,3016723,2020-01-{i:02},,,{i / 4},8840,mg/dL,\n" for i in range(1, 20)]
    whole = omop(tmp_path / "whole", "".join(lines))["1"]
    for name, part in (("a", lines[::2]), ("b", lines[1::2])):
        (tmp_path / name).mkdir()
        (tmp_path / name / "measurement.csv").write_text(HEAD + "".join(reversed(part)))
    files = [*(tmp_path / "whole" / n for n in ("person.csv", "concept.csv"))]
    files += [tmp_path / n / "measurement.csv" for n in ("a", "b", "a")]
    assert read_record(files, patient="1").hash == whole.hash


def test_a_long_file_comes_in_pieces(tmp_path: Path) -> None:
    count = 150_000
    rows = "".join(f"{i},1,3016723,2020-01-02,,,1.5,8840,mg/dL,\n" for i in range(count))
    (tmp_path / "measurement.csv").write_text(HEAD + rows)
    sizes = [len(table) for table in stream_events(tmp_path / "measurement.csv")]
    assert sum(sizes) == count and max(sizes) <= 1 << 16


def test_meds(tmp_path: Path) -> None:
    table = {
        "subject_id": pa.array([5, 5, 5, 5], pa.int64()),
        "time": pa.array([0, None, 10, 20], pa.timestamp("us")),
        "code": ["MEDS_BIRTH", "GENDER//F", "LOINC//2160-0", "MEDS_DEATH"],
        "numeric_value": pa.array([None, None, 1.25, None], pa.float32()),
        "unit": [None, None, "mg/dL", None],
    }
    pq.write_table(pa.table(table), tmp_path / "0.parquet")
    (record,) = read_records(tmp_path)
    assert record.patient.sex == "female" and record.patient.birth is not None
    assert record.patient.death is not None and record.patient.death.us == 20
    assert [(e.kind, e.name, e.value) for e in record.events][:1] == [("observation", "creatinine", 1.25)]


def test_eicu_takes_the_text_and_the_last_revision(tmp_path: Path) -> None:
    (tmp_path / "patient.csv").write_text(
        "patientunitstayid,patienthealthsystemstayid,gender,age,hospitaladmitoffset\n10,1,Male,> 89,-60\n"
    )
    (tmp_path / "lab.csv").write_text(
        "patientunitstayid,labname,labresult,labresulttext,labmeasurenameinterface,labmeasurenamesystem,"
        "labresultoffset,labresultrevisedoffset\n"
        "10,creatinine,9,1.0,mg/dL,mg/dL,5,6\n10,creatinine,9,1.2,mg/dL,mg/dL,5,9\n"
        "10,creatinine,,<0.2,,mg/dL,7,7\n"
    )
    (record,) = read_records(tmp_path)
    labs = list(record.observations("creatinine"))
    assert [(e.comparator, e.value, e.time // 60_000_000) for e in labs] == [("", 1.2, 65), ("<", 0.2, 67)]
    assert "record.replaced" in record.issues.counts() and record.patient.age_years is None


def test_parquet_is_known_by_its_columns_and_nothing_is_made_of_others(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1, 2], "b": ["x", "y"]}), tmp_path / "other.parquet")
    with pytest.raises(InputError) as caught:
        list(read_records(tmp_path / "other.parquet"))
    assert caught.value.code == "format.unsupported"
    with pytest.raises(InputError) as caught:
        list(read_records(tmp_path / "other.parquet", format="meds"))
    assert caught.value.code == "meds.columns"
    columns = {
        "person_id": [7], "measurement_concept_id": [0], "measurement_date": ["2020-01-02"],
        "value_as_number": [4.5], "measurement_source_value": ["2823-3"], "unit_source_value": ["mmol/L"],
    }  # fmt: skip
    pq.write_table(pa.table(columns), tmp_path / "what_a_name.parquet")
    (record,) = read_records(tmp_path / "what_a_name.parquet")
    assert (record.patient.id, record.events.value.tolist()) == ("7", [4.5])


def test_a_code_system_has_one_name_by_its_uri_its_oid_and_its_vocabulary() -> None:
    from pytwin.record.systems import VOCABULARIES, of_oid, system_name

    for uri, oid, vocabulary in (
        ("http://loinc.org", "2.16.840.1.113883.6.1", "LOINC"),
        ("http://hl7.org/fhir/sid/cvx", "2.16.840.1.113883.12.292", "CVX"),
        ("http://hl7.org/fhir/sid/icd-9-cm", "2.16.840.1.113883.6.103", "ICD9CM"),
        ("http://hl7.org/fhir/sid/icd-10-cm", "2.16.840.1.113883.6.90", "ICD10CM"),
        ("http://www.nlm.nih.gov/research/umls/rxnorm", "2.16.840.1.113883.6.88", "RxNorm"),
    ):
        assert system_name(uri) == of_oid(oid) == of_oid(f"urn:oid:{oid}") == VOCABULARIES[vocabulary]
    assert (system_name(""), of_oid(""), system_name("urn:x")) == ("local", "local", "urn:x")


def test_the_title_of_a_drg_is_no_unit(tmp_path: Path) -> None:
    columns = {
        "subject_id": [1],
        "time": pa.array([0], pa.timestamp("us")),
        "code": ["DRG//APR//720//SEPTICEMIA"],
    }
    pq.write_table(pa.table(columns), tmp_path / "0.parquet")
    (record,) = read_records(tmp_path)
    (event,) = record.events
    assert (event.code, event.name, event.unit) == ("DRG//APR//720//SEPTICEMIA", "SEPTICEMIA", "")
    assert (event.original_unit, event.reason) == ("", "")
