"""What a user says of units reaches every reader, for results and for doses."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from pytwin.record import Event, Record, read_record
from pytwin.record.terminology import Terminology

# no unit of anybody: without the user's word it is unknown
OWN = Terminology().with_unit("zorbs", "mg").with_unit("zorbs per pint", "mg/dL", "creatinine")
OWN = OWN.with_unit("zorbs/week", "mg/wk")


def both(source: object, **options: object) -> tuple[Record, Record]:
    """As read with the user's spellings and without."""
    read = [read_record(source, terminology=t, **options) for t in (OWN, None)]  # type: ignore[arg-type]
    return read[0], read[1]


def dose(record: Record) -> Event:
    (event,) = record.doses("warfarin")
    return event


def check_dose(own: Record, plain: Record, amount: float = 5.0) -> None:
    assert (dose(own).value, dose(own).unit) == (amount, "mg")
    assert dose(own).original_unit.lower().startswith("zorbs")
    assert "unit" not in dose(own).reason
    assert dose(plain).reason in ("unit.unknown", "dose.unit")
    assert not dose(plain).usable


def check_result(own: Record, plain: Record) -> None:
    (row,) = own.observations("creatinine")
    assert (row.value, row.unit, row.usable) == (1.2, "mg/dL", True)
    (other,) = plain.observations("creatinine")
    assert other.reason == "unit.unknown"


def table(path: Path, *rows: dict[str, object]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_fhir() -> None:
    order = {
        "resourceType": "MedicationRequest", "id": "m", "status": "active", "intent": "order",
        "subject": {"reference": "Patient/p"}, "authoredOn": "2024-01-01T08:00:00Z",
        "medicationCodeableConcept": {"text": "warfarin"},
        "dosageInstruction": [{
            "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
            "doseAndRate": [{"doseQuantity": {"value": 5, "unit": "Zorbs"}}],
        }],
    }  # fmt: skip
    result = {
        "resourceType": "Observation", "id": "o", "status": "final", "subject": {"reference": "Patient/p"},
        "code": {"coding": [{"system": "http://loinc.org", "code": "2160-0"}]},
        "effectiveDateTime": "2024-01-01T08:00:00Z",
        "valueQuantity": {"value": 1.2, "unit": "zorbs per pint"},
    }  # fmt: skip
    resources = [{"resourceType": "Patient", "id": "p"}, order, result]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in resources]}
    own, plain = both(json.dumps(bundle).encode())
    check_dose(own, plain)
    assert dose(own).usable
    check_result(own, plain)


def test_hl7() -> None:
    message = "\r".join(
        (
            "MSH|^~\\&|||||20240101||RDE^O11|1|P|2.5",
            "PID|1||p1^^^H^MR",
            "ORC|NW|o1|||||^QD^^20240101||20240101080000",
            "RXE|^QD^^20240101|11289^warfarin^RXNORM|5||zorbs",
        )
    )
    check_dose(*both(message.encode()))


def test_ccda() -> None:
    person = '<recordTarget><patientRole><id root="1.2" extension="p1"/></patientRole></recordTarget>'
    drug = (
        '<substanceAdministration classCode="SBADM" moodCode="INT"><id root="1.9" extension="d"/>'
        '<statusCode code="active"/>'
        '<effectiveTime xsi:type="IVL_TS"><low value="20240101"/><high value="20240201"/></effectiveTime>'
        '<effectiveTime xsi:type="PIVL_TS" operator="A"><period value="24" unit="h"/></effectiveTime>'
        '<doseQuantity value="5" unit="zorbs"/><consumable><manufacturedProduct><manufacturedMaterial>'
        '<code code="11289" codeSystem="2.16.840.1.113883.6.88" displayName="warfarin"/>'
        "</manufacturedMaterial></manufacturedProduct></consumable></substanceAdministration>"
    )
    document = (
        '<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"{person}<component><structuredBody><component><section><code code='10160-0'/>"
        f"<entry>{drug}</entry></section></component></structuredBody></component></ClinicalDocument>"
    )
    own, plain = both(document.encode())
    check_dose(own, plain)
    assert dose(own).usable


def test_csv(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    shared = {"patient": "p", "time": "2024-01-01T08:00:00Z"}
    table(
        path,
        {**shared, "kind": "order", "name": "warfarin", "value": 5, "unit": "zorbs", "every": "24 h"},
        {**shared, "kind": "observation", "name": "creatinine", "value": 1.2, "unit": "zorbs per pint"},
    )
    columns = {name: name for name in ("kind", "name", "value", "unit", "time", "every")}
    own, plain = both(path, mapping={"patient": "patient", "events": columns})
    check_dose(own, plain)
    check_result(own, plain)


def test_an_amount_a_week(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    row = {"patient": "p", "time": "2024-01-01", "kind": "order", "name": "warfarin", "value": 35}
    table(path, {**row, "unit": "zorbs/week", "every": "24 h"})
    columns = {name: name for name in ("kind", "name", "value", "unit", "time", "every")}
    check_dose(*both(path, mapping={"patient": "patient", "events": columns}), amount=5.0)


def test_mimic(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    table(tmp_path / "patients.csv", {"subject_id": 1, "gender": "F", "anchor_age": 60, "anchor_year": 2100})
    shared = {"subject_id": 1, "hadm_id": 2}
    table(
        tmp_path / "prescriptions.csv",
        {**shared, "starttime": "2100-01-01 08:00:00", "stoptime": "2100-01-05 08:00:00", "drug": "Warfarin",
         "dose_val_rx": 5, "dose_unit_rx": "zorbs", "route": "PO"},
    )  # fmt: skip
    check_dose(*both(tmp_path))


def test_omop(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    table(tmp_path / "person.csv", {"person_id": 1, "year_of_birth": 1950})
    table(
        tmp_path / "measurement.csv",
        {"measurement_id": 1, "person_id": 1, "measurement_concept_id": 3016723,
         "measurement_date": "2024-01-01", "value_as_number": 1.2, "unit_source_value": "zorbs per pint"},
    )  # fmt: skip
    check_result(*both(tmp_path))


def test_meds(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    columns = {
        "subject_id": [1], "time": pa.array([0], pa.timestamp("us")),
        "code": ["LOINC//2160-0//zorbs per pint"], "numeric_value": [1.2],
    }  # fmt: skip
    pa.parquet.write_table(pa.table(columns), tmp_path / "0.parquet")
    check_result(*both(tmp_path))


def test_open_mhealth() -> None:
    prescription = {
        "description": "Coumadin", "medication": {"trade_name": "Coumadin", "rxnorm_code": 11289},
        "route": "oral", "effective_time_frame": {"date_time": "2024-01-01T08:00:00Z"},
        "schedule": [{
            "dose_duration": {"duration": {"value": 30, "unit": "d"}},
            "medication_dose": {"dose": {"value": 5, "unit": "zorbs"}},
            "dose_recurrence": {
                "frequency": {"number_of_times": 1, "time_window": {"value": 1, "unit": "d"}},
            },
        }],
    }  # fmt: skip
    own, plain = both(json.dumps(prescription).encode())
    check_dose(own, plain)
    assert dose(own).usable
