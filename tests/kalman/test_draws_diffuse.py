"""Simulation and fixed-lag smoothers with a diffuse start, correlated noises and times, against dense
Gaussians of the same model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pytwin import kalman
from pytwin.errors import ComputationError
from pytwin.reference.kalman_dense import dense_moments
from pytwin.reference.kalman_diffuse import dense_diffuse_smoother

pytestmark = pytest.mark.core

MASK = np.array([True, False, True])


def case(make_model: Any, seed: int = 8) -> tuple[np.ndarray, dict[str, Any]]:
    rng = np.random.default_rng(seed)
    T, n, m = 10, 3, 2
    model = make_model(rng, n, m)
    model["F"] = model["F"] + 0.1 * rng.normal(size=(T, n, n))
    model |= {"c": rng.normal(size=(T, n)), "d": rng.normal(size=m)}
    y = rng.normal(size=(T, m))
    y[rng.random((T, m)) < 0.3] = np.nan
    y[0] = np.nan
    return y, model


def known(model: dict[str, Any]) -> dict[str, Any]:
    return model | {"P0": np.where(MASK | MASK[:, None], 0.0, model["P0"])}


def test_moments_of_many_draws(make_model: Any) -> None:
    """Of the states' exact posterior, and of a dense Gaussian with a variance of 1e7 in place of kappa."""
    y, model = case(make_model)
    got = kalman.draw(y, **model, diffuse=MASK, draws=20_000, seed=1)
    mean, cov, _ = dense_diffuse_smoother(y, **known(model), Pinf=np.diag(MASK.astype(float)))
    vague = dense_moments(y, **known(model) | {"P0": known(model)["P0"] + 1e7 * np.diag(MASK.astype(float))})
    np.testing.assert_allclose(vague.smoothed_mean, mean, rtol=1e-3, atol=1e-3)
    for draws, m, V in [
        (got.state, mean, cov),
        (got.state_disturbance, vague.state_disturbance, vague.state_disturbance_cov),
    ]:
        deviation = np.sqrt(np.diagonal(V, axis1=1, axis2=2))
        assert np.max(abs(draws.mean(axis=0) - m) / deviation) < 4.5 / np.sqrt(20_000)
        spread = np.einsum("kti,ktj->tij", draws - m, draws - m) / len(draws)
        scale = deviation[:, :, None] * deviation[:, None, :]
        assert np.max(abs(spread - V) / scale) < 0.05


def test_draws_obey_the_model_and_a_matrix_says_the_same_as_a_mask(make_model: Any) -> None:
    y, model = case(make_model)
    got = kalman.draw(y, **model, diffuse=MASK, draws=3, seed=4)
    x, w, v = got.state, got.state_disturbance, got.obs_disturbance
    forward = np.einsum("tij,ktj->kti", model["F"], x) + model["c"] + w
    np.testing.assert_allclose(x[:, 1:], forward[:, :-1], atol=1e-9)
    again = x @ model["H"].T + model["d"] + v
    np.testing.assert_allclose(again, np.where(np.isnan(v), np.nan, y), atol=1e-9)
    other = kalman.draw(y, **model, diffuse=np.diag(4.0 * MASK), draws=3, seed=4)
    np.testing.assert_allclose(other.state, x, rtol=1e-8, atol=1e-9)
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0][:, :2]
    assert np.isfinite(kalman.draw(y, **model, diffuse=turn @ turn.T, draws=3).state).all()


def test_a_series_that_stays_diffuse_fails_alone(make_model: Any) -> None:
    y, model = case(make_model)
    short = y.copy()
    short[:-1] = np.nan
    short[-1] = [1.0, np.nan]
    got = kalman.draw(np.stack([y, short, y]), **model, diffuse=MASK, draws=2)
    assert got.status[1] != 0 and got.status.tolist()[::2] == [0, 0]
    assert np.isnan(got.state[1]).all() and np.isfinite(got.state[[0, 2]]).all()
    with pytest.raises(ComputationError, match="stay diffuse"):
        kalman.draw(short, **model, diffuse=MASK)


@pytest.mark.parametrize("lag", [0, 2, 20])
def test_fixed_lag_with_a_diffuse_start(make_model: Any, lag: int) -> None:
    """Infinite where y_0 .. y_{t + lag} leaves it open; else generalised least squares of that part."""
    y, model = case(make_model, 3)
    y[0] = [1.0, np.nan]
    lengths = np.array([10, 6])
    got = kalman.fixed_lag(np.stack([y, y]), **model, diffuse=MASK, lengths=lengths, lag=lag)
    assert (got.status == 0).all()
    some = 0
    for s, length in enumerate(lengths.tolist()):
        for t in range(length):
            end = min(t + lag + 1, length)
            own = {k: a[:end] if k in ("F", "c") else a for k, a in model.items()}
            left = kalman.filter(y[:end], **own, diffuse=MASK, outputs=("loglike",)).diffuse_left
            if left:
                assert np.isinf(got.cov[s, t]).any()
                continue
            mean, cov, _ = dense_diffuse_smoother(y[:end], **known(own), Pinf=np.diag(MASK.astype(float)))
            np.testing.assert_allclose(got.mean[s, t], mean[t], rtol=1e-7, atol=1e-7)
            np.testing.assert_allclose(got.cov[s, t], cov[t], rtol=1e-7, atol=1e-7)
            some += 1
        assert np.isnan(got.mean[s, length:]).all()
    assert some > 8


def test_fixed_lag_with_correlated_noises_and_over_gaps(make_model: Any) -> None:
    y, model = case(make_model, 5)
    model["S"] = 0.1 * np.linalg.cholesky(model["Q"]) @ np.ones((3, 2)) @ np.linalg.cholesky(model["R"]).T
    got = kalman.fixed_lag(y, **model, lag=2)
    for t in range(len(y)):
        own = {k: a[: t + 3] if k in ("F", "c") else a for k, a in model.items()}
        want = dense_moments(y[: t + 3], **own)
        np.testing.assert_allclose(got.mean[t], want.smoothed_mean[t], rtol=1e-8, atol=1e-9)
        np.testing.assert_allclose(got.cov[t], want.smoothed_cov[t], rtol=1e-8, atol=1e-9)
    times = np.cumsum(np.random.default_rng(1).exponential(size=len(y)))
    drift = {k: model[k] for k in ("H", "Q", "R", "x0", "P0")} | {"F": -np.eye(3) + 0.1 * model["F"][0]}
    one = kalman.fixed_lag(y[None, 1:2], **drift, times=[3.0], lag=1)
    np.testing.assert_allclose(one.mean[0, 0], kalman.filter(y[1:2], **drift).mean[0], rtol=1e-12)
    for mask in (None, MASK):
        got = kalman.fixed_lag(np.stack([y, y]), **drift, times=times, diffuse=mask, lag=3)
        for t in (1, 4, 8):
            part = slice(0, t + 4)
            want = kalman.smooth(y[part], **drift, times=times[part], diffuse=mask)
            np.testing.assert_allclose(got.mean[1, t], want.smoothed_mean[t], rtol=1e-8, atol=1e-9)
            np.testing.assert_allclose(got.cov[1, t], want.smoothed_cov[t], rtol=1e-8, atol=1e-9)
