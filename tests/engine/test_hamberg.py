"""The Hamberg models against what their papers print, the reference library and the NumPy twin.

Published INRs: Hamberg et al. 2007, figure 3, as the regression values of a public implementation (0.01).
Patients: dose mg racemic a day, F = 0.9 for the 2007 model; INR just before the dose.
"""

from __future__ import annotations

import csv
import re

import numpy as np
import pytest

from pytwin.reference import hamberg
from pytwin.verify import reference_dir

from .conftest import by_name, daily, params_of, run

pytestmark = pytest.mark.core

ALLELE_CL = {"*1": 0.174, "*2": 0.0879, "*3": 0.0422}
ALLELE_EC50 = {"G": 2.05, "A": 0.96}
REDUCTION = {
    "*1/*1": 0.0, "*1/*2": 0.315, "*1/*3": 0.453, "*2/*2": 0.722, "*2/*3": 0.690, "*3/*3": 0.852,
}  # fmt: skip
EC50_2007 = {"GG": 4.61, "GA": 3.02, "AA": 2.20}
PUBLISHED = [
    (50, "*1/*1", "GG", 2.41), (50, "*1/*2", "GG", 3.00), (50, "*1/*3", "GG", 3.42),
    (50, "*2/*2", "GG", 5.03), (50, "*2/*3", "GG", 4.73), (50, "*3/*3", "GG", 6.90),
    (50, "*1/*1", "GA", 3.05), (50, "*1/*1", "AA", 3.66), (50, "*1/*3", "GA", 4.35),
    (70, "*1/*1", "GG", 2.65), (90, "*1/*1", "GG", 2.97),
]  # fmt: skip


def patient(model: str, age: float, cyp2c9: str, vkorc1: str) -> np.ndarray:
    if model == "hamberg2007":
        cl = 0.314 * (1 - 0.0091 * (age - 71)) * (1 - REDUCTION[cyp2c9])
        return params_of(model, CL=cl, EC50=EC50_2007[vkorc1])
    cl = sum(ALLELE_CL[a] for a in cyp2c9.split("/")) * (1 - 0.00571 * (age - 71))
    return params_of(model, CL=cl, EC50=sum(ALLELE_EC50[a] for a in vkorc1))


def inr(found: dict) -> np.ndarray:
    return found["y"][..., 1]


@pytest.mark.parametrize(("age", "cyp2c9", "vkorc1", "expected"), PUBLISHED)
def test_published_inr_2007(age: float, cyp2c9: str, vkorc1: str, expected: float) -> None:
    found = run("hamberg2007", patient("hamberg2007", age, cyp2c9, vkorc1), daily(10, 61), [1440.0])
    assert inr(found)[0, 0] == pytest.approx(expected, abs=0.01)


@pytest.mark.reference
def test_reference_outputs() -> None:
    folder = reference_dir()
    assert folder is not None
    rows = list(csv.reader((folder / "pkpd/models/reference_outputs.csv").read_text().splitlines()))
    rows = [r for r in rows if r and r[0] in ("hamberg2007", "hamberg2010")]
    assert len(rows) == 20
    for model, scenario, quantity, value, *_ in rows:
        age, cyp2c9 = re.search(r"age(\d+) (?:CYP2C9)?(\S+)", scenario).groups()
        vkorc1 = re.search(r" (GG|GA|AA)", scenario)[1]
        dose = float(re.search(r"([\d.]+) mg/d", scenario)[1])
        day = int(re.search(r"day(\d+)", quantity)[1])
        found = run(model, patient(model, float(age), cyp2c9, vkorc1), daily(dose, day + 1), [24.0 * day])
        printed = 0.5 * 10.0 ** -len(value.partition(".")[2])
        assert abs(inr(found)[0, 0] - float(value)) <= max(printed, 1e-5 * float(value)), (scenario, quantity)


@pytest.mark.parametrize("model", ["hamberg2007", "hamberg2010"])
def test_against_the_plain_twin(model: str) -> None:
    row = params_of(model, CL=0.21, EC50=2.4, BASE=1.1)
    doses = [(0.0, 7.5), (24.0, 5.0), (55.0, 2.5)]
    times = [0.0, 3.0, 24.0, 55.0, 90.0, 200.0]
    plan = np.concatenate([daily(a, 1, t) for t, a in doses])
    found = run(model, row, plan, times)["y"][0]
    expected = hamberg.simulate(model, by_name(model, row), doses, times)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("model", ["hamberg2007", "hamberg2010"])
def test_concentration_is_exact_at_any_tolerance(model: str) -> None:
    row = params_of(model, CL=0.3)
    times = np.linspace(0, 96, 37)
    found = run(model, row, daily(5, 4), times, rtol=1e-3, atol=1e-3)["y"][0, :, 0]
    p, doses = by_name(model, row), [(24.0 * d, 5.0) for d in range(4)]
    expected = [
        hamberg.amounts(model, p, doses, t)[1] / p["V" if model == "hamberg2010" else "V1"] for t in times
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("model", ["hamberg2007", "hamberg2010"])
def test_default_of_the_public_model_holds_1e_8(model: str) -> None:
    from pytwin import Model, Plan

    plan = Plan("5 mg").dose("warfarin", 5, "mg", every="24 h", until="60 d")
    clearances = {"CL": np.geomspace(0.05, 0.6, 12), "EC50": np.geomspace(1, 8, 12)}
    times = np.arange(0, 1441.0, 8.0)
    found = Model(model).simulate(times, plan, clearances, outputs=["INR"])
    tight = Model(model).simulate(times, plan, clearances, outputs=["INR"], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(found["INR"], tight["INR"], rtol=1e-8)


def test_error_falls_with_the_tolerance() -> None:
    row, times = params_of("hamberg2010"), np.arange(1, 721.0, 3.0)
    exact = inr(run("hamberg2010", row, daily(5, 30), times, rtol=1e-13, atol=1e-15))
    errors = []
    for rtol in (1e-4, 1e-6, 1e-8):
        rough = inr(run("hamberg2010", row, daily(5, 30), times, rtol=rtol, atol=rtol * 1e-2))
        errors.append(float(np.max(np.abs(rough / exact - 1))))
    assert errors[0] < 1e-3 and errors[1] < 1e-5 and errors[2] < 1e-7
