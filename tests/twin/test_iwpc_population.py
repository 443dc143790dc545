"""warfarin/iwpc@2 as shipped: what it holds, what it reads from a record, what widens it."""

from __future__ import annotations

import numpy as np
import pytest

from pytwin.genome import Genome
from pytwin.model import Population
from pytwin.record import Event, PatientInfo, Record
from pytwin.therapies.warfarin.person import person
from pytwin.twin import Twin

TYPED = {"CYP2C9": "*1/*1", "VKORC1": "A/G"}


@pytest.fixture(scope="module")
def iwpc() -> Population:
    return Population.load("warfarin/iwpc@2")


def patient(race: str | None = "White", sex: str | None = "male", **values: float) -> Record:
    names = {"height": "body height", "weight": "body weight", "target": "target INR", "smoker": "smoker"}
    units = {"height": "cm", "weight": "kg"}
    rows = [
        Event(
            source="t", place=k, kind="observation", status="final", name=names[k], value=v,
            unit=units.get(k, ""), usable=True,
        )
        for k, v in values.items()
    ]  # fmt: skip
    return Record.from_events(PatientInfo(id="p", sex=sex, race=race, age_decade=6), rows)


def twin(record: Record, genotypes: dict[str, str] = TYPED) -> Twin:
    return Twin("warfarin", record, Genome.from_diplotypes(genotypes), population="warfarin/iwpc@2")


def test_provenance_names_data_method_and_script(iwpc) -> None:
    provenance = iwpc.data["provenance"]
    assert provenance["n"] == 3651
    assert len(provenance["input_sha256"]) == 64
    assert "PharmGKB" in provenance["data"]
    assert provenance["script"] == "scripts/calibrate_iwpc.py"
    assert "only CL x EC50 is identified" in iwpc.describe()


def test_a_released_version_is_never_edited() -> None:
    released = Population.load("warfarin/iwpc@1")
    assert released.hash == "69fabdceef2439c3e55606930a58958e5542db9006d0fd6e118de0f77bff9560"
    assert Population.load("warfarin/iwpc").version == 2


def test_the_trust_page_shows_figures_of_the_patients_group(iwpc) -> None:
    rows = {t.topic: t for t in twin(patient("Black or African American", height=175, weight=85)).trust()}
    assert rows["validation"].state == "good"
    assert "2917 patients" in rows["validation"].text
    assert "281 patients" in rows["validation, Black"].text
    assert "validation, VKORC1 A/G" in rows
    assert "validation, White" not in rows
    assert "race_black" not in rows
    assert rows["target_inr"].text == "unknown in this patient: taken to be 2.5"
    figures = iwpc.data["validation"]
    assert 8.0 < figures["mae_mg_week"] < 8.4
    assert all(abs(g["coverage"] - 0.8) < 0.06 and g["patients"] >= 200 for g in figures["groups"])


def test_every_number_says_whether_it_was_fitted_here(iwpc) -> None:
    rows = [*iwpc.data["parameters"], *iwpc.effects, *iwpc.data["variability"], *iwpc.spreads]
    assert all("fitted here" in r["citation"] or "Hamberg 2010" in r["citation"] for r in rows)


def test_the_structure_is_hamberg(iwpc) -> None:
    base = Population.load("warfarin/hamberg2010@1")
    assert iwpc.model.name == base.model.name
    assert iwpc.theta == base.theta
    assert iwpc.residuals["INR"].a == base.residuals["INR"].a


def test_what_a_record_says_of_a_person() -> None:
    assert person(patient("Asian", None)) == {"race_asian": 1.0, "race_black": 0.0, "race_other": 0.0}
    found = person(patient(None, "female", smoker=1.0, target=3.0))
    assert found["race_other"] == found["smoker"] == 1.0
    assert (found["male"], found["target_inr"]) == (0.0, 3.0)
    assert "smoker" not in person(patient(smoker=7.0))


def test_the_dose_of_a_typical_patient_is_near_the_published_algorithm() -> None:
    dose = 7 * twin(patient(height=175, weight=85)).dose_for(2.5, draws=2000).median
    published = (5.6044 - 0.2614 * 6 + 0.0087 * 175 + 0.0128 * 85 - 0.8677) ** 2
    assert dose == pytest.approx(published, rel=0.1)


def test_what_is_missing_widens_the_dose() -> None:
    def width(*args) -> float:
        low, high = twin(*args).dose_for(2.5, draws=2000).interval(0.8)
        return float(np.log(high / low))

    whole = width(patient(height=175, weight=85))
    assert width(patient(height=175)) > 1.15 * whole
    assert width(patient()) > whole
    assert width(patient(height=175, weight=85), {"CYP2C9": "*1/*1"}) > 1.1 * whole
