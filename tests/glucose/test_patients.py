"""The published patients and steady states at a chosen glucose.

Every number of the patients' file is compared with the reference library, which holds the files of the open
simulator simglucose.
"""

from __future__ import annotations

import csv
import tomllib
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from pytwin import InputError, Model, glucose

EVERYONE = glucose.patients("uvapadova")
X0 = {"Gp": "x0_ 4", "Gt": "x0_ 5", "Ip": "x0_ 6", "Il": "x0_10", "Isc1": "x0_11", "Isc2": "x0_12"}


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


def residual(model: str, found: glucose.Steady) -> np.ndarray:
    """Derivatives of all states with the basal insulin of a steady state running."""
    core = Model(model).core
    x, p = np.atleast_2d(found.x0), np.atleast_2d(found.params)
    port = next(d for d in core.doses if d["drug"] == "insulin")
    dx = core.rate(0.0, x, p)
    dx[:, port["state"]] += port["factor"] * np.atleast_1d(found.basal) / 60
    return dx


@pytest.mark.reference
def test_every_number_of_the_file(reference: Path) -> None:
    folder = reference / "chronic/simglucose/params"
    published = {r["Name"]: r for r in rows(folder / "vpatient_params.csv")}
    quest = {r["Name"]: r for r in rows(folder / "Quest.csv")}
    data = tomllib.loads(resources.files("pytwin.glucose").joinpath("uvapadova.toml").read_text())
    assert list(data["patients"]) == list(published) == list(quest)
    for name, own in data["patients"].items():
        theirs = {**published[name], **quest[name], "age": quest[name]["Age"]}
        assert own["params"] == [float(theirs[c]) for c in data["params"]]
        assert own["start"] == [float(theirs[X0[c]]) for c in data["start"]]
        assert own["treatment"] == [float(theirs[c]) for c in data["treatment"]]


@pytest.mark.reference
def test_the_start_that_the_file_leaves_out_follows_from_the_rest(reference: Path) -> None:
    file = reference / "chronic/simglucose/params/vpatient_params.csv"
    published = [[float(r[f"x0_{i:2d}"]) for i in range(1, 14)] for r in rows(file)]
    own = EVERYONE.x0.copy()
    own[:, 10:12] *= 6000 / EVERYONE.params[:, :1]  # U to pmol/kg
    np.testing.assert_allclose(own[:, :13], published, rtol=1e-15)


@pytest.mark.reference
def test_pumps_and_sensors(reference: Path) -> None:
    folder = reference / "chronic/simglucose/params"
    for row in rows(folder / "pump_params.csv"):
        own = glucose.pump(row["Name"])
        assert (own.bolus_step, own.bolus_max) == (float(row["inc_bolus"]), float(row["max_bolus"]))
        assert (own.basal_step, own.basal_max) == (float(row["inc_basal"]), float(row["max_basal"]))
    for row in rows(folder / "sensor_params.csv"):
        own = glucose.sensor(row["Name"])
        numbers = (own.pacf, own.gamma, own.lam, own.delta, own.xi, own.period, own.lower, own.upper)
        assert numbers == tuple(
            float(row[c]) for c in ("PACF", "gamma", "lambda", "delta", "xi", "sample_time", "min", "max")
        )


def test_published_starts_stand_still() -> None:
    published = glucose.Steady(EVERYONE.params, EVERYONE.x0, EVERYONE.basal)
    assert np.abs(residual("uvapadova", published)).max() < 1e-10  # eleven digits are printed
    own = glucose.steady_state(EVERYONE, EVERYONE.params[:, -1], "mg/dL")
    np.testing.assert_allclose(own.x0[:, :6], EVERYONE.x0[:, :6], rtol=1e-9)
    np.testing.assert_allclose(own.basal, EVERYONE.basal, rtol=1e-10)
    assert np.abs(residual("uvapadova", own)).max() < 1e-12


@pytest.mark.parametrize("adjust", ["basal", "production"])
def test_steady_states_of_the_patients(adjust: str) -> None:
    found = glucose.steady_state(EVERYONE, np.linspace(90, 160, 30), "mg/dL", adjust=adjust)
    core = Model("uvapadova").core
    assert np.abs(residual("uvapadova", found)).max() < 1e-12
    np.testing.assert_allclose(
        core.output(0.0, found.x0, found.params)[:, 0], np.linspace(90, 160, 30), rtol=1e-14
    )
    if adjust == "production":
        np.testing.assert_allclose(found.basal, EVERYONE.basal, rtol=1e-9)
    else:
        np.testing.assert_array_equal(found.params[:, :-1], EVERYONE.params[:, :-1])


@pytest.mark.parametrize("adjust", ["basal", "production"])
def test_steady_states_of_hovorka(adjust: str) -> None:
    people = {"SIT": np.geomspace(2e-3, 1e-2, 7), "BW": np.linspace(50, 100, 7)}
    found = glucose.steady_state("hovorka", np.linspace(4, 11, 7), "mmol/L", people, adjust=adjust)
    assert np.abs(residual("hovorka", found)).max() < 1e-12
    np.testing.assert_allclose(
        Model("hovorka").core.output(0.0, found.x0, found.params)[:, 0], np.linspace(4, 11, 7)
    )
    given = glucose.steady_state("hovorka", 6.0, "mmol/L", people, adjust="production", basal=0.5)
    np.testing.assert_allclose(given.basal, 0.5)
    assert np.abs(residual("hovorka", given)).max() < 1e-12


def test_one_subject_and_other_units() -> None:
    one = glucose.steady_state("hovorka", 7.0, "mmol/L")
    assert one.x0.shape == (10,) and one.basal.shape == ()
    same = glucose.steady_state("hovorka", 7.0 * 18.0156, "mg/dL")
    np.testing.assert_allclose(same.x0, one.x0, rtol=1e-12)
    sensed = glucose.steady_state("hovorka_sensor", [5.0, 8.0], "mmol/L")
    assert np.abs(residual("hovorka_sensor", sensed)).max() < 1e-12


def test_a_steady_run_stays_where_it_is() -> None:
    found = glucose.steady_state(EVERYONE.take(["adult#002"]), 120.0, "mg/dL")
    plan = glucose.schedule("uvapadova", basal=float(found.basal[0]))
    run = Model("uvapadova").core.simulate(
        found.params, found.x0, 0.0, plan, [0, len(plan)], [1440.0], None, [0], rtol=1e-11, atol=1e-12
    )
    np.testing.assert_allclose(run["x_end"], found.x0, rtol=1e-9, atol=1e-9)


BAD = [
    (lambda: glucose.patients("padova"), "There is uvapadova"),
    (lambda: glucose.patients("uvapadova", "adult#011"), "adult#011"),
    (lambda: EVERYONE.take([30]), "there is no such patient"),
    (lambda: glucose.steady_state("hamberg2010", 5.0, "mmol/L"), "not-a-glucose-model"),
    (lambda: glucose.steady_state("hovorka", 60.0, "mmol/L"), "no-steady-state"),
    (lambda: glucose.steady_state(EVERYONE, [100.0, 120.0], "mg/dL"), "different lengths"),
    (lambda: glucose.steady_state(EVERYONE, np.full(30, 900.0), "mg/dL"), "row 0: 900 mg/dL"),
    (lambda: glucose.steady_state("hovorka", 5.0, "mmol/L", basal=1.0), "adjust='production'"),
    (
        lambda: glucose.steady_state("hovorka", 5.0, "mmol/L", adjust="production", basal=3.0),
        "no-steady-state",
    ),
    (lambda: glucose.pump("Omnipod"), "There is Insulet"),
    (lambda: glucose.sensor("Libre"), "There is Dexcom"),
]


@pytest.mark.parametrize(("call", "text"), BAD, ids=[t for _, t in BAD])
def test_bad_input(call, text: str) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert text in str(caught.value)


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        EVERYONE.params[0, 0] = 1.0
    one = glucose.patients("uvapadova", "adult#001")
    assert len(one) == 1 and one.names == ("adult#001",)
    assert one.basal[0] == pytest.approx(1.2386244136 * 102.32 / 6000 * 60)
