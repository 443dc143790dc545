"""fit finds what made the data; diagnose passes the right model and fails a wrong one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pytwin as pt
from pytwin.errors import InputError
from pytwin.estimation import Noise

pytestmark = pytest.mark.core


def call(given: dict[str, Any], **changes: Any) -> pt.estimation.Estimate:
    found = {**given, **changes}
    return pt.estimation.filter(found.pop("model"), found.pop("times"), found.pop("y"), **found)


def fit(given: dict[str, Any], **changes: Any) -> pt.estimation.Fit:
    found = {**given, **changes}
    return pt.estimation.fit(found.pop("model"), found.pop("times"), found.pop("y"), **found)


@pytest.fixture(scope="module")
def cohort(oral: dict[str, Any]) -> dict[str, Any]:
    """Forty patients drawn from the prior with 10 % error and KA = 1.3, times of their own."""
    rng = np.random.default_rng(8)
    n, model, plan = 40, oral["model"], oral["plan"]
    times = np.sort(rng.uniform(0.5, 40, size=(n, 8)), axis=1)
    y = np.zeros((n, 8, 1))
    for i in range(n):
        params = {"CL": 1.1 * np.exp(0.3 * rng.normal()), "V": 20 * np.exp(0.2 * rng.normal()), "KA": 1.3}
        exact = model.simulate(times[i], plan, params).y
        y[i] = exact * (1 + 0.1 * rng.normal(size=exact.shape))
    return {**oral, "times": times, "y": y, "params": {"KA": 1.3}}


def test_errors_and_a_parameter_of_a_cohort(cohort: dict[str, Any]) -> None:
    found = fit(cohort, learn=["C.b", "KA"], noise=Noise("proportional", b=0.25), params={"KA": 0.8})
    assert found.converged
    for name, truth in (("C.b", 0.1), ("KA", 1.3)):
        assert 0 < found.errors[name] < 0.2
        assert abs(np.log(found.values[name] / truth)) < 3 * found.errors[name] + 0.02
    again = call(cohort, noise=found.noise, params=found.params)
    np.testing.assert_allclose(again.loglike.sum(), found.loglike, rtol=1e-12)
    assert found.loglike >= call(cohort).loglike.sum()
    assert "KA" in str(found)


def test_each_patient_has_the_fit_of_his_own(cohort: dict[str, Any]) -> None:
    some = {**cohort, "times": cohort["times"][:3], "y": cohort["y"][:3]}
    together = fit(some, learn=["C.b"], pooled=False)
    assert together.loglike.shape == (3,)
    alone = fit({**some, "times": some["times"][1], "y": some["y"][1]}, learn=["C.b"])
    np.testing.assert_array_equal(together.values["C.b"][1], alone.values["C.b"])
    np.testing.assert_array_equal(together.loglike[1], alone.loglike)


def test_process_noise_of_the_pendulum(swing: dict[str, Any]) -> None:
    rate = swing["model"].states[1]["name"]
    angle = swing["outputs"][0]
    start = {**swing, "Q": np.diag([0, 0.1]), "noise": 1.0}
    found = fit(start, learn=[f"Q.{rate}", f"{angle}.a"])
    assert abs(np.log(found.values[f"{angle}.a"] / np.sqrt(0.1))) < 3 * found.errors[f"{angle}.a"]
    assert found.loglike > call(start).loglike + 10


def test_em_learns_the_cohort(cohort: dict[str, Any]) -> None:
    given = {**cohort, "params": {"KA": 1.3}}
    x0 = given["x0"] + np.array([0, 0, 0.4, -0.3])
    given |= {"x0": x0, "P0": np.diag([0, 0, 0.3, 0.3])}
    found = pt.estimation.em(given.pop("model"), given.pop("times"), given.pop("y"), **given, diagonal=True)
    assert found.converged and (np.diff(found.loglike) > -1e-2).all()
    np.testing.assert_allclose(np.exp(found.x0[2:]), [1.1, 20], rtol=0.15)
    np.testing.assert_allclose(np.sqrt(np.diag(found.P0))[2:], [0.3, 0.2], rtol=0.4)
    assert not found.P0[:2].any()
    with pytest.raises(InputError, match="fit"):
        pt.estimation.em(cohort["model"], **{k: v for k, v in cohort.items() if k != "model"}, learn=["Q"])


@pytest.mark.parametrize("name", ["C.a", "INR.b", "Q.KA", "CL", "", "Q.A1"])
def test_what_is_not_learned_is_told(oral: dict[str, Any], name: str) -> None:
    with pytest.raises(InputError):
        fit(oral, learn=[name])


def test_the_right_model_passes_and_a_wrong_one_fails(cohort: dict[str, Any]) -> None:
    right = pt.estimation.diagnose(call(cohort))
    assert right["NIS"].passed and right["whiteness"].passed
    sure = pt.estimation.diagnose(call(cohort, noise=Noise("proportional", b=0.03)))
    assert not sure["NIS"].passed and sure["NIS"].value > 1.5


def test_truth_gives_nees(swing: dict[str, Any]) -> None:
    found = call(swing)
    draws = np.random.default_rng(1).normal(size=(300, 2))
    truth = found.mean + np.einsum("tij,tj->ti", np.linalg.cholesky(found.cov), draws)
    checks = pt.estimation.diagnose(found, truth=truth)
    assert abs(checks["NEES"].value - (draws**2).mean()) < 1e-9


def test_nothing_to_check_is_told(oral: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="nothing to check"):
        pt.estimation.diagnose(call(oral, y=np.full((6, 1), np.nan)))
