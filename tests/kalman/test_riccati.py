"""Steady states of constant models: against the recursion run for long, closed forms, the equation itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pytwin import kalman
from pytwin.errors import ComputationError, InputError

pytestmark = pytest.mark.core


def residual(P: np.ndarray, F: Any, H: Any, Q: Any, R: Any, S: Any = 0.0) -> float:
    F, H, Q, R = (np.asarray(a) for a in (F, H, Q, R))
    V = H @ P @ H.T + R
    M = F @ P @ H.T + S
    new = F @ P @ F.T + Q - M @ np.linalg.solve(V, M.T)
    return float(np.abs(new - P).max() / np.abs(P).max())


@pytest.mark.parametrize(("n", "m"), [(1, 1), (2, 1), (5, 3), (12, 2), (60, 4)])
def test_is_where_the_filter_goes(make_model: Any, n: int, m: int) -> None:
    rng = np.random.default_rng(n)
    model = make_model(rng, n, m)
    got = kalman.steady_state(*(model[k] for k in "FHQR"))
    run = kalman.filter(np.zeros((1500, m)), **model, outputs=("predicted_cov", "cov"))
    np.testing.assert_allclose(got.P, run.predicted_cov[-1], rtol=1e-11, atol=1e-12 * np.abs(got.P).max())
    np.testing.assert_allclose(got.filtered, run.cov[-1], rtol=1e-11, atol=1e-12 * np.abs(got.P).max())
    np.testing.assert_allclose(got.S, model["H"] @ got.P @ model["H"].T + model["R"], rtol=1e-12)
    np.testing.assert_allclose(got.K @ got.S, got.P @ model["H"].T, rtol=1e-9, atol=1e-11)
    np.testing.assert_array_equal(got.P, got.P.T)


@pytest.mark.parametrize("q", [1e-8, 1e-3, 1.0, 1e6])
def test_local_level(q: float) -> None:
    """P^2 - q P - q r = 0 (Durbin & Koopman 2012, sec. 2.11)"""
    r = 2.0
    got = kalman.steady_state([[1.0]], [[1.0]], [[q]], [[r]])
    assert got.P[0, 0] == pytest.approx(0.5 * (q + np.sqrt(q * q + 4 * q * r)), rel=1e-13)


def test_unstable_unseen_and_noiseless(make_model: Any) -> None:
    rng = np.random.default_rng(1)
    model = make_model(rng, 4, 1)
    F = 1.3 * model["F"] / 0.95
    got = kalman.steady_state(F, model["H"], model["Q"], model["R"])
    assert residual(got.P, F, model["H"], model["Q"], model["R"]) < 1e-12
    exact = kalman.steady_state(model["F"], model["H"], model["Q"], [[0.0]])
    assert residual(exact.P, model["F"], model["H"], model["Q"], [[0.0]]) < 1e-11
    assert abs(exact.filtered @ model["H"].T).max() < 1e-12 * np.abs(exact.P).max()
    smooth = {"F": [[1.0, 1.0], [0.0, 1.0]], "H": [[1.0, 0.0]], "Q": np.diag([0.0, 0.3]), "R": [[0.0]]}
    trend = kalman.steady_state(**smooth)
    run = kalman.filter(
        np.zeros((400, 1)), **smooth, x0=np.zeros(2), P0=np.eye(2), outputs=("predicted_cov",)
    )
    np.testing.assert_allclose(trend.P, run.predicted_cov[-1], rtol=1e-9, atol=1e-12)
    with pytest.raises(ComputationError) as failure:
        kalman.steady_state(np.diag([1.2, 0.5]), [[0.0, 1.0]], np.eye(2), [[1.0]])
    assert failure.value.code == "kalman.no-steady-state"
    with pytest.raises(ComputationError):
        kalman.steady_state(np.diag([1.0, 0.5]), [[1.0, 1.0]], np.diag([0.0, 1.0]), [[1.0]])


def test_correlated_and_loaded_noise(make_model: Any) -> None:
    """A moving average y_t = e_t + theta e_{t-1} with w_t = v_t = e_t: P tends to 0, S to Var e."""
    theta, variance = 0.6, 2.0
    got = kalman.steady_state([[0.0]], [[theta]], [[variance]], [[variance]], S=[[variance]])
    assert abs(got.P[0, 0]) < 1e-12
    assert got.S[0, 0] == pytest.approx(variance, rel=1e-12)
    rng = np.random.default_rng(2)
    n, m, g = 5, 2, 3
    model = make_model(rng, n, m)
    joint = np.cov(rng.normal(size=(g + m, 40)))
    G, Q, R, S = rng.normal(size=(n, g)), joint[:g, :g], joint[g:, g:], joint[:g, g:]
    got = kalman.steady_state(model["F"], model["H"], Q, R, G=G, S=S)
    assert residual(got.P, model["F"], model["H"], G @ Q @ G.T, R, G @ S) < 1e-13


def test_bad_input() -> None:
    eye = np.eye(2)
    with pytest.raises(InputError, match="Q"):
        kalman.steady_state(eye, eye, -eye, eye)
    with pytest.raises(InputError, match="R"):
        kalman.steady_state(eye, eye, eye, [[1.0, 0.5], [0.0, 1.0]])
    with pytest.raises(InputError, match="not finite"):
        kalman.steady_state(eye * np.nan, eye, eye, eye)
    with pytest.raises(InputError, match="H does not have the shape"):
        kalman.steady_state(eye, np.eye(3), eye, np.eye(3))
    with pytest.raises(InputError, match="G does not lead"):
        kalman.steady_state(eye, eye, eye, eye, G=np.eye(3))
    with pytest.raises(InputError, match="dimensions"):
        kalman.steady_state(1.0, eye, eye, eye)


def test_every_failing_allocation_is_an_error(failed_allocations: Any) -> None:
    eye = np.eye(2)
    assert failed_allocations(lambda: kalman.steady_state(0.5 * eye, eye, eye, eye)) >= 3
