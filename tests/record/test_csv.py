"""CSV with a column mapping: wide, long, grouped and scattered."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytwin.errors import InputError
from pytwin.record import Record, load_mapping, read_record, read_records

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
        "kind": "kind",
        "code": "code",
        "value": "value",
        "unit": "unit",
        "time": "when",
        "status": "status",
        "every": "every",
    },
}


@pytest.fixture
def wide() -> dict[str, Record]:
    return {r.patient.id: r for r in read_records(CORPUS / "wide.csv", mapping=WIDE)}


def test_the_person_of_a_wide_file(wide: dict[str, Record]) -> None:
    a, b = wide["A"].patient, wide["B"].patient
    assert (a.sex, a.age_years, b.sex, b.age_years) == ("female", 71.0, "male", None)
    assert wide["A"].age() == 71.0


def test_a_missing_genotype_is_missing(wide: dict[str, Record]) -> None:
    assert wide["A"].genotypes == {"CYP2C9": "*1/*2"}
    assert wide["B"].genotypes == {}


def test_values_of_a_wide_file(wide: dict[str, Record]) -> None:
    inr = wide["A"].observations("INR")
    assert [(e.value, e.comparator, e.text, e.usable) for e in inr][::2] == [
        (2.5, "", "", True),
        (0.8, "<", "", True),
    ]
    assert (inr[1].text, inr[1].reason) == ("high", "value.not-numeric")
    dose = wide["A"].doses("warfarin")[0]
    assert (dose.value, dose.unit, dose.every, dose.route, dose.kind) == (
        5.0,
        "mg",
        24.0,
        "oral",
        "statement",
    )


def test_yes_and_no_are_both_kept(wide: dict[str, Record]) -> None:
    rows = list(wide["A"].doses("amiodarone"))
    assert [(row.status, row.valid) for row in rows] == [("not-taken", False)] * 2 + [("active", True)]


def test_odd_rows_are_listed_with_line_and_column(wide: dict[str, Record]) -> None:
    places = {(i.code, i.place) for r in wide.values() for i in r.issues}
    assert {
        ("value.not-numeric", "wide.csv:line 3, column inr"),
        ("time.day", "wide.csv:line 4, column visit"),
        ("time.missing", "wide.csv:line 6, column visit"),
        ("value.not-yes-no", "wide.csv:line 6, column amiodarone"),
        ("csv.ragged-row", "wide.csv:line 7"),
        ("csv.no-patient", "wide.csv:line 8"),
    } <= places


def test_a_long_file() -> None:
    record = read_record(CORPUS / "long.csv", mapping=LONG)
    rows = [(e.kind, e.name, e.unit, e.usable, e.reason) for e in record.events]
    assert rows == [
        ("observation", "INR", "{INR}", True, ""),
        ("order", "warfarin", "", False, "dose.no-unit"),
        ("order", "warfarin", "mg", True, ""),
        ("observation", "creatinine", "mg/dL", True, ""),
        ("observation", "INR", "mg/dL", False, "unit.wrong"),
        ("observation", "INR", "{INR}", False, "status.entered-in-error"),
    ]
    assert record.events.value[3] == pytest.approx(1.0, rel=1e-4)
    assert record.issues.counts()["record.duplicate"] == 1


def test_two_patients_are_an_error_of_read_record() -> None:
    with pytest.raises(InputError, match="read_records") as caught:
        read_record(CORPUS / "wide.csv", mapping=WIDE)
    assert caught.value.code == "record.two-patients"
    assert read_record(CORPUS / "wide.csv", mapping=WIDE, patient="B").patient.id == "B"


def test_a_csv_without_a_mapping_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        read_record(CORPUS / "wide.csv")
    assert caught.value.code == "csv.no-mapping"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"patient": "nobody"}, "csv.no-column"),
        ({"speed": "x"}, "csv.mapping"),
        ({"observations": [{"column": "inr"}]}, "csv.mapping"),
        ({"events": {"value": "inr"}}, "csv.mapping"),
        ({"encoding": "klingon"}, "csv.mapping"),
        ({"delimiter": ",,"}, "csv.mapping"),
    ],
)
def test_a_wrong_mapping_is_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(InputError) as caught:
        list(read_records(CORPUS / "wide.csv", mapping={**WIDE, **change}))
    assert caught.value.code == code


def test_mappings_come_from_toml_and_json(tmp_path: Path) -> None:
    toml, other = tmp_path / "map.toml", tmp_path / "map.json"
    toml.write_text(
        'patient = "subject"\n[[observations]]\ncolumn = "inr"\nanalyte = "INR"\n', encoding="utf-8"
    )
    other.write_text(
        json.dumps({"patient": "subject", "observations": [{"column": "inr", "analyte": "INR"}]})
    )
    assert load_mapping(toml) == load_mapping(other)
    toml.write_text("patient = ", encoding="utf-8")
    with pytest.raises(InputError):
        load_mapping(toml)


def test_scattered_rows_give_the_records_of_grouped_ones() -> None:
    text = "subject,visit,inr\nA,2024-03-01,2.5\nB,2024-03-01,2.1\nA,2024-03-08,2.7\n"
    mapping = {"patient": "subject", "time": "visit", "observations": [{"column": "inr", "analyte": "INR"}]}
    lines = text.splitlines(keepends=True)
    scattered = {r.patient.id: r.hash for r in read_records(text.encode(), mapping=mapping)}
    grouped = "".join([lines[0], *sorted(lines[1:])])
    assert scattered == {r.patient.id: r.hash for r in read_records(grouped.encode(), mapping=mapping)}


def test_gzip_bom_quotes_and_zone() -> None:
    text = '\ufeffsubject;visit;inr\n"A";"2024-03-01T08:00";"2,5"\n"A";"2024-03-02T08:00";"2.5"\n'
    mapping = {
        "patient": "subject",
        "time": "visit",
        "zone": "+01:00",
        "observations": [{"column": "inr", "analyte": "INR"}],
    }
    record = read_record(gzip.compress(text.encode()), mapping=mapping)
    assert [e.when for e in record.events] == ["2024-03-01T08:00:00+01:00", "2024-03-02T08:00:00+01:00"]
    # a decimal comma is not guessed
    assert [e.usable for e in record.events] == [False, True]


def test_a_dose_per_week_becomes_a_dose_per_interval() -> None:
    mapping = {
        "patient": "id",
        "doses": [{"column": "dose", "drug": "Coumadin", "unit": "mg/wk", "every": "1 d"}],
    }
    dose = read_record(b"id,dose\n1,35\n", mapping=mapping).doses("warfarin")[0]
    assert (dose.value, dose.unit, dose.every, dose.original_unit) == (
        pytest.approx(5.0),
        "mg",
        24.0,
        "mg/wk",
    )


def _rows(patients: int) -> Iterator[str]:
    yield "subject,visit,inr\n"
    for patient in range(patients):
        for day in range(1, 21):
            yield f"P{patient},2024-03-{day:02d},2.{day % 10}\n"


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    mapping = {"patient": "subject", "time": "visit", "observations": [{"column": "inr", "analyte": "INR"}]}
    peaks = []
    for patients in (50, 400):
        path = tmp_path / f"{patients}.csv"
        path.write_text("".join(_rows(patients)), encoding="utf-8")
        tracemalloc.start()
        assert sum(len(record.events) for record in read_records(path, mapping=mapping)) == 20 * patients
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # the identifiers seen are remembered, to know that rows are grouped: 100 bytes each
    assert peaks[1] < peaks[0] + 500_000


def test_text_named_json_is_told_that_it_is_none(tmp_path):
    path = tmp_path / "record.json"
    path.write_text("hello\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_record(path)
    assert caught.value.code == "json.not-json"
