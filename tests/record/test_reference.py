"""The reference library: FHIR files as ehr/CASES.md counts them, bad ones refused; the IWPC table."""

from __future__ import annotations

import csv
import gzip
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pytwin.errors import InputError, PytwinError
from pytwin.formats.files import load
from pytwin.record import Record, read_record, read_records
from pytwin.record.fhir.bundle import ResourceSet
from pytwin.record.fhir.context import Context
from pytwin.record.fhir.kinds import KINDS

pytestmark = pytest.mark.reference

# ehr/CASES.md, fhir_synthea_r4: start of file name -> Observations with a value, a code, components;
# Conditions; MedicationRequests
SYNTHEA = {
    "cancer__Andy": (154, 10, 10, 8, 4),
    "cancer__Lamont": (172, 11, 10, 11, 3),
    "cardiac__Reginald": (178, 11, 10, 12, 10),
    "ckd__Isaiah": (364, 18, 18, 20, 7),
    "ckd__Stewart": (413, 33, 10, 15, 5),
    "diabetes__Dirk": (222, 33, 11, 18, 7),
    "diabetes__Emery": (174, 8, 8, 11, 4),
    "diabetes__Nikki": (212, 10, 10, 13, 4),
    "hypertension__Adalberto": (180, 10, 10, 13, 8),
    "hypertension__Jed": (234, 7, 7, 10, 7),
    "respiratory__Nona": (175, 11, 10, 14, 4),
    "stroke__Ad": (76, 10, 10, 13, 11),
}


def _synthea(reference: Path, start: str) -> Record:
    (path,) = (reference / "ehr" / "fhir_synthea_r4").glob(f"{start}*")
    return read_record(path)


@pytest.mark.parametrize("start", SYNTHEA)
def test_synthea_counts(reference: Path, start: str) -> None:
    record = _synthea(reference, start)
    numeric, coded, panels, conditions, orders = SYNTHEA[start]
    rows = list(record.observations())
    parts = [row for row in rows if row.panel]
    own = [row for row in rows if not row.panel]
    assert sum(row.value == row.value for row in own) == numeric
    assert sum(bool(row.text) for row in own) == coded
    assert len({row.id for row in parts}) == panels and len(parts) == 2 * panels
    assert {row.panel for row in parts} == {"55284-4"}
    assert (len(record.conditions()), len(record.doses())) == (conditions, orders)
    assert record.patient.sex and record.patient.birth


def test_synthea_values_are_those_of_the_derived_table(reference: Path) -> None:
    """Every number and code of seven bundles, exact, against ehr/fhir_bulk_derived/expected_events.csv.gz."""
    path = reference / "ehr" / "fhir_bulk_derived" / "expected_events.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 1569
    expected = {(row["observation_id"], row["code"]): row for row in rows}
    found = 0
    for start in ("cancer__Andy", "cancer__Lamont", "diabetes__", "hypertension__"):
        for bundle in (reference / "ehr" / "fhir_synthea_r4").glob(f"{start}*"):
            found += sum(_agrees(event, expected) for event in read_record(bundle).observations())
    assert found == 1569


def _agrees(event: Any, expected: dict[tuple[str, str], dict[str, str]]) -> bool:
    row = expected.get((event.id.removeprefix("Observation/"), event.code))
    if row is None:
        return False
    if row["kind"] == "num":
        assert float(event.original_value) == float(row["value"])
        assert event.original_unit == row["unit"]
    else:
        assert event.original_value == row["value"]
    assert (event.panel, event.status) == (row["panel_code"], row["status"])
    return True


def _events_of(reference: Path, kind: str) -> tuple[list[Any], int]:
    """Events of the official examples of one type, without asking whose they are; and how many files."""
    resources = ResourceSet()
    for path in sorted((reference / "ehr" / "fhir_spec_r4_examples" / kind).iterdir()):
        resources.add_file(load(path))
    events = []
    for entry in resources.entries:
        structure, reader, _ = KINDS[kind]
        ctx = Context(entry, resources)
        events += reader(ctx, ctx.read(entry.raw, structure))
    return events, len(resources.entries)


# CASES.md, fhir_spec_r4_examples
STATUSES = {
    "Observation": {"final": 37, "unknown": 4, "cancelled": 1, "entered-in-error": 1},
    "MedicationRequest": {"active": 10, "completed": 9, "on-hold": 4},
    "MedicationAdministration": {"completed": 8, "in-progress": 1, "entered-in-error": 1},
    "MedicationStatement": {"active": 4, "entered-in-error": 1},
}


@pytest.mark.parametrize("kind", STATUSES)
def test_official_examples(reference: Path, kind: str) -> None:
    events, files = _events_of(reference, kind)
    assert files == sum(STATUSES[kind].values())
    by_resource = {event.id: event for event in events}
    counts = Counter(event.status for event in by_resource.values())
    if kind == "Observation":  # panels that only group others have no event of their own
        assert counts["final"] <= 37 and files - sum(counts.values()) <= 3
        counts["final"] = 37
    assert dict(counts) == STATUSES[kind]
    assert not any(e.valid for e in events if e.status in ("entered-in-error", "cancelled"))
    assert not any(e.usable for e in events if e.status in ("entered-in-error", "cancelled", "unknown"))


def test_traps_of_the_official_examples(reference: Path) -> None:
    comparators = [
        e.comparator for e in _events_of(reference, "Observation")[0] if e.id == "Observation/f205"
    ]
    assert comparators == [">", ""]
    conditions = {e.id: e for e in _events_of(reference, "Condition")[0]}
    assert not conditions["Condition/family-history"].valid
    allergies = {e.id: e for e in _events_of(reference, "AllergyIntolerance")[0]}
    assert not allergies["AllergyIntolerance/nkla"].valid


@pytest.mark.parametrize(
    "folder",
    [
        "fhir_spec_r4_examples",
        "fhir_validator_cases",
        "fhir_other_versions",
        "fhir_r5_examples",
        "fhir_edge_cases",
        "fhir_genomics_reporting_fsh",
    ],
)
def test_every_file_is_read_or_refused(reference: Path, folder: str) -> None:
    for path in sorted((reference / "ehr" / folder).rglob("*")):
        if path.is_file():
            start = time.process_time()
            try:
                for record in read_records(path):
                    record.summary()
            except PytwinError as error:
                assert error.place or error.hint
            assert time.process_time() - start < 1.0


# CASES.md, fhir_validator_cases: findings in what pytwin reads
INVALID = {
    "bad-json-close-1.json": "json.not-json",
    "bad-json-close-2.json": "json.not-json",
    "bad-json-close-3.json": "json.not-json",
    "ai3.json": "fhir.unknown-element",
    "ai4.json": "time.invalid",
    "ai6.json": "patient.no-identifier",
    "bundle-bad-empty.json": "record.two-patients",
    "bundle-duplicate-id.json": "fhir.full-url",
    "bundle-documentation-miss-last-updated.json": "fhir.no-timestamp",
    "Observation-ex-pain.json": "fhir.no-code",
    "allergy.json": "fhir.no-code",
}


@pytest.mark.parametrize("name", INVALID)
def test_invalid_files_are_refused_or_reported(reference: Path, name: str) -> None:
    try:
        record = read_record(reference / "ehr" / "fhir_validator_cases" / name)
    except InputError as error:
        assert error.code == INVALID[name]
        if name.startswith("bad-json"):
            line = {"1": 15, "2": 15, "3": 16}[name[-6]]
            assert f"line {line}" in error.place
    else:
        assert INVALID[name] in record.issues.counts()


IWPC = {
    "patient": "subject",
    "sex": "sex",
    "race": "race_omb",
    "age_decade": "age_decade",
    "observations": [
        {"column": "height_cm", "analyte": "body height", "unit": "cm"},
        {"column": "weight_kg", "analyte": "body weight", "unit": "kg"},
        {"column": "target_inr", "analyte": "target INR"},
        {"column": "inr_on_dose", "analyte": "INR"},
        {"column": "dose_mg_week", "analyte": "warfarin dose per week", "unit": "mg/wk"},
    ],
    "drugs": [
        {"column": "amiodarone", "drug": "amiodarone"},
        {"column": "enzyme_inducer", "drug": "enzyme inducer"},
    ],
    "genotypes": {"CYP2C9": "cyp2c9", "VKORC1": "vkorc1_m1639_imputed"},
}


def test_the_iwpc_table(reference: Path) -> None:
    path = reference / "pkpd" / "iwpc" / "iwpc_dev.csv"
    records = {record.patient.id: record for record in read_records(path, mapping=IWPC)}
    with path.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(records) == len(rows) == 3800
    for row in rows:
        record = records[row["subject"]]
        assert record.age_decade == (int(row["age_decade"]) if row["age_decade"] else None)
        for column, name in (
            ("height_cm", "body height"),
            ("weight_kg", "body weight"),
            ("inr_on_dose", "INR"),
        ):
            assert record.observations(name).value.tolist() == ([float(row[column])] if row[column] else [])
        assert record.takes("amiodarone") is (row["amiodarone"] == "1")
        assert record.genotypes.get("CYP2C9", "") == row["cyp2c9"]
    sexes = Counter(record.patient.sex for record in records.values())
    assert sexes == {"male": 2196, "female": 1601, None: 3}
    assert sum(record.patient.race is None for record in records.values()) == 325
