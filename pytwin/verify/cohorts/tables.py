"""The cohort as OMOP tables, as MEDS and as one long CSV file with a mapping."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pytwin.verify.cohorts.people import Fact, Person

# concept ids of this cohort's own, beyond those that OHDSI gives out (2,000,000,000 and up)
_FIRST = 2_000_000_001
_OPERATORS = {"": "0", "<": "4171756", ">": "4172704"}
MAPPING = {
    "patient": "person",
    "sex": "sex",
    "birth": "birth",
    "zone": "+00:00",
    "events": {
        "kind": "kind", "code": "code", "name": "name", "value": "value", "unit": "unit", "time": "time",
        "status": "status", "system": "LOINC", "every": "every", "id": "id",
    },
}  # fmt: skip


def _table(folder: Path, name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with (folder / name).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(rows)


def write_omop(people: tuple[Person, ...], folder: Path) -> Path:
    """A folder of tables; concepts are numbered as they come."""
    facts = [(p, f) for p in people for f in p.facts]
    named = {(f.system, f.code): f.name for _, f in facts} | {
        ("UCUM", f.unit): f.unit for _, f in facts if f.unit
    }
    number = {key: _FIRST + i for i, key in enumerate(sorted(named))}
    _table(
        folder, "CONCEPT.csv", ("concept_id", "concept_name", "vocabulary_id", "concept_code"),
        [(number[key], named[key], key[0], key[1]) for key in sorted(named)],
    )  # fmt: skip
    _table(
        folder, "PERSON.csv",
        ("person_id", "gender_concept_id", "year_of_birth", "month_of_birth", "day_of_birth"),
        [(p.id, 8507 if p.sex == "male" else 8532, *p.birth.split("-")) for p in people],
    )  # fmt: skip
    header = (
        "measurement_id", "person_id", "measurement_concept_id", "measurement_date", "measurement_datetime",
        "operator_concept_id", "value_as_number", "unit_concept_id",
    )  # fmt: skip
    rows = [
        (i, p.id, number[f.system, f.code], f.time.date(), _plain(f), _OPERATORS[f.comparator], f.value,
         number["UCUM", f.unit])
        for i, (p, f) in enumerate(facts) if f.kind == "observation"
    ]  # fmt: skip
    _table(folder, "MEASUREMENT.csv", header, rows)
    for table, kind, stem in (
        ("CONDITION_OCCURRENCE", "condition", "condition_start"),
        ("PROCEDURE_OCCURRENCE", "procedure", "procedure"),
        ("DRUG_EXPOSURE", "immunization", "drug_exposure_start"),
    ):
        concept = "drug_concept_id" if kind == "immunization" else f"{kind}_concept_id"
        _table(
            folder, f"{table}.csv",
            (f"{table.lower()}_id", "person_id", concept, f"{stem}_date", f"{stem}_datetime"),
            [(i, p.id, number[f.system, f.code], f.time.date(), _plain(f))
             for i, (p, f) in enumerate(facts) if f.kind == kind],
        )  # fmt: skip
    return folder


def _plain(fact: Fact) -> str:
    return fact.time.strftime("%Y-%m-%d %H:%M:%S")


def write_meds(people: tuple[Person, ...], folder: Path) -> Path:
    """A Parquet file with the columns of MEDS and one for the unit."""
    import pyarrow
    import pyarrow.parquet

    heads = {"observation": "{system}//{code}", "condition": "DIAGNOSIS//{system}//{code}",
             "procedure": "PROCEDURE//{system}//{code}"}  # fmt: skip
    rows: list[dict[str, Any]] = []
    for p in people:
        rows.append({"subject_id": int(p.id), "code": "GENDER//" + p.sex[0].upper()})
        for f in p.facts:
            if f.kind in heads:
                number = None if f.comparator else f.value
                code = heads[f.kind].format(system=f.system, code=f.code)
                rows.append({
                    "subject_id": int(p.id), "time": f.time.replace(tzinfo=None), "code": code,
                    "numeric_value": number, "unit": f.unit or None,
                    "text_value": f"{f.comparator}{f.value}" if f.comparator else None,
                })  # fmt: skip
    schema = pyarrow.schema([
        ("subject_id", pyarrow.int64()), ("time", pyarrow.timestamp("us")), ("code", pyarrow.string()),
        ("numeric_value", pyarrow.float64()), ("text_value", pyarrow.string()), ("unit", pyarrow.string()),
    ])  # fmt: skip
    path = folder / "0.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, schema), path)
    return path


def write_csv(people: tuple[Person, ...], folder: Path) -> Path:
    """One row for each observation; ``MAPPING`` says what the columns mean."""
    path = folder / "cohort.csv"
    header = (
        "person",
        "sex",
        "birth",
        "id",
        "kind",
        "code",
        "name",
        "value",
        "unit",
        "time",
        "status",
        "every",
    )
    rows = [
        (p.id, p.sex, p.birth, f"e{i}", f.kind, f.code, f.name, f"{f.comparator}{f.value}", f.unit,
         _plain(f), f.status, "")
        for p in people for i, f in enumerate(p.facts) if f.kind == "observation"
    ]  # fmt: skip
    _table(folder, path.name, header, rows)
    return path
