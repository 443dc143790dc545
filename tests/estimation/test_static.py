"""Static parameters: weighted points and importance sampling against what is known exactly.

Expected: the closed form where a model is linear in z, a plain product of densities, each other elsewhere.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from pytwin import _core
from pytwin.errors import InputError
from pytwin.estimation.density import log_normal_cdf
from pytwin.estimation.importance import importance, pareto_shape
from pytwin.estimation.target import Target
from pytwin.estimation.weighted import lattice, shape, static
from pytwin.model import Model
from pytwin.verify.static_cohorts import COHORTS, StaticCohort

pytestmark = pytest.mark.core
KA, CL, V = 1.5, 1.1, 20.0


def batch(n: int, **changes: Any) -> dict[str, Any]:
    """One compartment whose amounts at time 0 are unknown, three concentrations: linear in z."""
    times, values = np.array([1.0, 4.0, 9.0]), np.array([4.1, 4.6, 3.2])
    cov = np.zeros((n, 2, 2))
    cov[:] = [[100.0, 20.0], [20.0, 36.0]]
    found: dict[str, Any] = {
        "theta": np.zeros(0, dtype=np.int32), "scale": np.zeros(0, dtype=np.int8),
        "mean": np.tile([80.0, 30.0], (n, 1)), "cov": cov, "Q": np.zeros((n, 2, 2)),
        "params": np.tile(Model("pk_1cpt_oral").rows({"KA": KA, "CL": CL, "V": V}), (n, 1)),
        "start": np.zeros(n), "end": np.full(n, 12.0),
        "actions": np.zeros(0, dtype=_core.PLAN_DTYPE), "action_offsets": np.zeros(n + 1, dtype=np.int64),
        "obs_time": np.tile(times, n), "obs_value": np.tile(values, n),
        "obs_output": np.zeros(3 * n, dtype=np.int32), "obs_noise": np.zeros(3 * n, dtype=np.int8),
        "obs_a": np.full(3 * n, 0.3), "obs_b": np.zeros(3 * n), "obs_censor": np.zeros(3 * n, dtype=np.int8),
        "obs_offsets": 3 * np.arange(n + 1),
    }  # fmt: skip
    return found | changes


def flow(t: float) -> np.ndarray:
    """exp(K t) of the compartments."""
    ke = CL / V
    a, b = math.exp(-KA * t), math.exp(-ke * t)
    return np.array([[a, 0.0], [KA / (KA - ke) * (b - a), b]])


def closed_form(given: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, float]:
    """Mean and covariance at the end, and ln p(y), of Bayes' rule for a linear model."""
    m, P = given["mean"][0], given["cov"][0]
    H = np.array([flow(t)[1] / V for t in given["obs_time"][:3]])
    S = H @ P @ H.T + 0.09 * np.eye(3)
    e = given["obs_value"][:3] - H @ m
    gain, F = P @ H.T @ np.linalg.inv(S), flow(12.0)
    loglike = -0.5 * (e @ np.linalg.solve(S, e) + np.linalg.slogdet(2 * np.pi * S)[1])
    return F @ (m + gain @ e), F @ (P - gain @ H @ P) @ F.T, float(loglike)


def test_linear_models_have_the_closed_form() -> None:
    given = batch(1)
    mean, cov, loglike = closed_form(given)
    sd = np.sqrt(np.diag(cov))
    sampled = importance(Model("pk_1cpt_oral"), given, draws=20_000)
    points = static(Model("pk_1cpt_oral"), given, accuracy=0.01)
    for found, bound in ((sampled, 0.03), (points, 0.03)):
        np.testing.assert_allclose((found.mean[0] - mean) / sd, 0, atol=bound)
        np.testing.assert_allclose(np.sqrt(np.diag(found.cov[0])) / sd, 1, atol=bound)
        np.testing.assert_allclose(found.loglike[0], loglike, atol=bound)


def test_the_likelihood_is_the_product_of_densities() -> None:
    given = batch(1)
    target = Target(Model("pk_1cpt_oral"), given, rtol=1e-10, atol=1e-12)
    xi = np.array([[[0.3, -1.2], [1.0, 0.4]]])
    z = target.z_start(xi, np.array([0]))[0]
    h = np.array([[flow(t)[1] @ row / V for t in given["obs_time"]] for row in z])
    expected = -0.5 * ((given["obs_value"] - h) ** 2 / 0.09 + np.log(2 * np.pi * 0.09)).sum(axis=1)
    np.testing.assert_allclose(target.evaluate(xi).loglike[0], expected, rtol=1e-9)


def test_nothing_observed_is_the_prior() -> None:
    empty = {k: v[:0] for k, v in batch(1).items() if k.startswith("obs_")}
    given = batch(1, **empty) | {"obs_offsets": np.zeros(2, dtype=np.int64)}
    found = static(Model("pk_1cpt_oral"), given)
    F = flow(12.0)
    expected = F @ given["cov"][0] @ F.T
    assert abs(found.loglike[0]) < 0.1
    assert found.status[0] == 0
    np.testing.assert_allclose(found.mean[0], F @ given["mean"][0], rtol=0.02)
    np.testing.assert_allclose(np.diag(found.cov[0]), np.diag(expected), rtol=0.1)


def test_a_limit_below_is_the_normal_tail() -> None:
    given = batch(1, obs_censor=np.array([-1, 0, 1], dtype=np.int8))
    target = Target(Model("pk_1cpt_oral"), given, rtol=1e-10, atol=1e-12)
    xi = np.zeros((1, 1, 2))
    h = target.evaluate(xi).latent[0, 0]
    u = (given["obs_value"] - h) / 0.3
    cdf = lambda x: 0.5 * math.erfc(-x / math.sqrt(2))  # noqa: E731
    middle = -0.5 * (u[1] ** 2 + math.log(2 * math.pi * 0.09))
    expected = math.log(cdf(u[0])) + middle + math.log(cdf(-u[2]))
    np.testing.assert_allclose(target.evaluate(xi).loglike[0, 0], expected, rtol=1e-9)


@pytest.mark.parametrize("x", [-30.0, -5.0001, -4.9999, 0.0, 3.0])
def test_log_normal_cdf(x: float) -> None:
    mpmath = pytest.importorskip("mpmath")
    expected = float(mpmath.log(mpmath.erfc(-mpmath.mpf(x) / mpmath.sqrt(2)) / 2))
    np.testing.assert_allclose(log_normal_cdf(np.array([x]))[0], expected, rtol=1e-12, atol=1e-16)


def test_a_wide_prior_and_one_strong_observation() -> None:
    """ln CL ~ N(0, 1.5^2), one concentration with an error of 2 %: exact by quadrature over CL alone."""
    model = Model("pk_1cpt_oral")
    cov = np.zeros((1, 3, 3))
    cov[0, 2, 2] = 1.5**2
    given = batch(1) | {
        "theta": np.array([1], dtype=np.int32), "scale": np.ones(1, dtype=np.int8), "cov": cov,
        "Q": np.zeros((1, 3, 3)), "mean": np.array([[0.0, 100.0, 0.0]]), "obs_time": np.array([24.0]),
        "obs_value": np.array([0.02]), "obs_a": np.array([4e-4]), "obs_offsets": np.array([0, 1]),
        "end": np.array([24.0]),
    }  # fmt: skip
    given |= {
        k: np.zeros(1, dtype=given[k].dtype) for k in ("obs_output", "obs_noise", "obs_b", "obs_censor")
    }
    z = np.linspace(-1, 3, 400_001)
    h = 100 / V * np.exp(-np.exp(z) / V * 24)
    log_p = -0.5 * (z / 1.5) ** 2 - 0.5 * ((0.02 - h) / 4e-4) ** 2
    w = np.exp(log_p - log_p.max())
    w /= w.sum()
    mean, sd = w @ z, np.sqrt(w @ (z - w @ z) ** 2)
    found = static(model, given)
    np.testing.assert_allclose(found.mean[0, 2], mean, atol=0.05 * sd)
    np.testing.assert_allclose(np.sqrt(found.cov[0, 2, 2]), sd, rtol=0.05)
    assert not found.shape.fires[0]
    off = shape(model, given, found.mean, 4 * found.cov)
    assert off.fires[0]
    assert off.reason[0].startswith("an SD is off")


def _one(cohort: StaticCohort, i: int) -> dict[str, Any]:
    """A single patient of a batch."""
    b = cohort.batch
    obs = slice(*b["obs_offsets"][i : i + 2])
    act = slice(*b["action_offsets"][i : i + 2])
    found = {}
    for name, value in b.items():
        if name in ("theta", "scale"):
            found[name] = value
        elif name in ("obs_offsets", "action_offsets"):
            found[name] = np.array([0, value[i + 1] - value[i]])
        else:
            rows = obs if name.startswith("obs_") else act if name == "actions" else slice(i, i + 1)
            found[name] = value[rows]
    return found


@pytest.mark.parametrize("name", COHORTS)
def test_a_patient_does_not_depend_on_the_batch(name: str) -> None:
    cohort = COHORTS[name](3, 7)
    many, alone = static(cohort.model, cohort.batch), static(cohort.model, _one(cohort, 1), threads=2)
    np.testing.assert_array_equal(alone.mean[0], many.mean[1])
    np.testing.assert_array_equal(alone.cov[0], many.cov[1])
    assert alone.loglike[0] == many.loglike[1]


def test_a_patient_whose_model_fails_has_a_status_and_the_others_their_results() -> None:
    cohort = COHORTS["Michaelis-Menten"](2, 7)
    params = cohort.batch["params"].copy()
    params[0, 0] = np.nan
    found = static(cohort.model, cohort.batch | {"params": params})
    assert found.status[0] == _core.STATUS["NOT_CONVERGED"][0]
    assert found.shape.fires[0]
    assert np.isnan(found.mean[0]).all()
    assert found.status[1] == 0
    assert np.isfinite(found.cov[1]).all()


def test_process_noise_and_unknown_errors_are_refused() -> None:
    with pytest.raises(InputError, match="has-process-noise"):
        static(Model("pk_1cpt_oral"), batch(1, Q=np.ones((1, 2, 2))))
    with pytest.raises(InputError, match="unsupported-noise"):
        static(Model("pk_1cpt_oral"), batch(1, obs_noise=np.full(3, 9, dtype=np.int8)))


def test_lattice_has_the_moments_of_the_normal() -> None:
    z = lattice(5, 40, 3)
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-15)
    np.testing.assert_allclose(z.T @ z / len(z), np.eye(3), atol=1e-12)


@pytest.mark.parametrize("k", [0.2, 0.5, 0.9])
def test_pareto_shape_of_pareto_weights(k: float) -> None:
    u = np.random.default_rng(3).random(200_000)
    assert abs(pareto_shape(-k * np.log(u)) - k) < 0.1
