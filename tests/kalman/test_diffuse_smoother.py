"""The smoother of a diffuse start: against generalised least squares, the twin, and a very wide prior."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pytwin import kalman
from pytwin.kalman.arrays import run_core
from pytwin.reference import kalman_diffuse as plain

pytestmark = pytest.mark.core

MOMENTS = ("smoothed_mean", "smoothed_cov")
NOISES = ("state_disturbance", "state_disturbance_cov", "obs_disturbance", "obs_disturbance_cov")
ALL = (*MOMENTS, *NOISES, "lag_one_cov")


def gappy(rng: np.random.Generator, *shape: int) -> np.ndarray:
    y = 3 * rng.normal(size=shape)
    y[rng.random(shape) < 0.3] = np.nan
    return y


def root(rng: np.random.Generator, n: int, rank: int) -> np.ndarray:
    B = rng.normal(size=(n, rank))
    return B @ B.T


@pytest.mark.parametrize(("n", "m", "rank"), [(1, 1, 1), (3, 2, 2), (4, 3, 4), (6, 1, 3), (9, 4, 5)])
def test_equals_the_twin_and_least_squares(make_model: Any, n: int, m: int, rank: int) -> None:
    rng = np.random.default_rng(n)
    model, y, Pinf = make_model(rng, n, m), gappy(rng, 5, 14, m), root(rng, n, rank)
    got = kalman.smooth(y, **model, diffuse=Pinf)
    for s in range(len(y)):
        mean, cov, _ = plain.dense_diffuse_smoother(y[s], **model, Pinf=Pinf)
        scale = np.abs(cov).max()
        np.testing.assert_allclose(got.smoothed_mean[s], mean, atol=1e-8 * np.sqrt(scale))
        np.testing.assert_allclose(got.smoothed_cov[s], cov, atol=1e-8 * scale)
        mean, cov = plain.diffuse_smoother(plain.diffuse_filter(y[s], **model, Pinf=Pinf), model["F"])
        np.testing.assert_allclose(got.smoothed_mean[s], mean, atol=1e-5 * np.sqrt(scale))
        np.testing.assert_allclose(got.smoothed_cov[s], cov, atol=1e-5 * scale)


@pytest.mark.parametrize("loaded", [False, True], ids=["plain", "loaded"])
def test_noises_and_lags_are_those_of_a_very_wide_prior(make_model: Any, loaded: bool) -> None:
    rng = np.random.default_rng(2)
    n, m = 4, 2
    model, y = make_model(rng, n, m), gappy(rng, 12, m)
    y[:3, 0], y[1] = np.nan, np.nan
    if loaded:
        model |= {"Q": np.array([[0.5, 0.2], [0.2, 0.9]]), "G": rng.normal(size=(n, 2))}
    mask = np.array([True, True, False, True])
    got = kalman.smooth(y, **model, diffuse=mask, outputs=ALL)
    P0 = np.where(np.outer(~mask, ~mask), model["P0"], 0.0)
    wide = kalman.smooth(y, **(model | {"P0": P0 + 1e7 * np.diag(mask)}), outputs=ALL)
    for name in ALL:
        np.testing.assert_allclose(
            getattr(got, name), getattr(wide, name), rtol=2e-4, atol=2e-4, err_msg=name
        )
    identity = np.eye(2 if loaded else n)
    assert (np.linalg.eigvalsh(got.state_disturbance_cov) > -1e-12).all()
    assert np.isfinite(got.state_disturbance).all() and got.state_disturbance.shape[-1] == len(identity)


def test_after_the_start_the_bits_are_those_of_an_ordinary_smoother(make_model: Any) -> None:
    rng = np.random.default_rng(3)
    model, y = make_model(rng, 5, 2), gappy(rng, 6, 20, 2)
    got = kalman.smooth(y, **model, diffuse=True, outputs=(*ALL, "predicted_mean", "predicted_cov"))
    again = kalman.filter(y, **model, diffuse=True)
    for s in range(len(y)):
        d = int(again.diffuse_steps[s])
        start = {"x0": got.predicted_mean[s, d], "P0": got.predicted_cov[s, d]}
        rest = run_core(
            y[s, d:],
            **(model | start),
            G=None, c=None, d=None, lengths=None, outputs=ALL, threads=1, path=3,
        )  # fmt: skip
        for name in ALL:
            np.testing.assert_array_equal(getattr(got, name)[s, d:], rest[name], err_msg=name)


def test_a_series_has_the_same_bits_in_any_batch(make_model: Any) -> None:
    rng = np.random.default_rng(4)
    model, y = make_model(rng, 3, 2), gappy(rng, 21, 12, 2)
    lengths = rng.integers(1, 13, 21)
    lengths[0] = 12
    y[3], y[4, :5] = np.nan, np.nan
    whole = kalman.smooth(y, **model, diffuse=True, lengths=lengths, outputs=ALL, threads=2)
    assert not whole.status.any()
    for s in range(len(y)):
        alone = kalman.smooth(y[s, : lengths[s]], **model, diffuse=True, outputs=ALL)
        for name in ALL:
            np.testing.assert_array_equal(getattr(whole, name)[s, : lengths[s]], getattr(alone, name))


def test_singular_noise_and_transitions() -> None:
    """A fixed trend is a straight line through all points; a state that F forgets is never known."""
    t = np.arange(9.0)
    y = 2 + 0.5 * t + np.random.default_rng(1).normal(size=9)
    still = {"Q": np.zeros((2, 2)), "R": [[1.0]], "x0": [0.0, 0.0], "P0": np.zeros((2, 2))}
    line = kalman.smooth(y[:, None], [[1.0, 1.0], [0.0, 1.0]], [[1.0, 0.0]], **still, diffuse=True)
    X = np.stack([np.ones(9), t], axis=1)
    fitted, cov = X @ np.linalg.lstsq(X, y, rcond=None)[0], X @ np.linalg.inv(X.T @ X) @ X.T
    np.testing.assert_allclose(line.smoothed_mean[:, 0], fitted, rtol=1e-12)
    np.testing.assert_allclose(line.smoothed_cov[:, 0, 0], np.diag(cov), rtol=1e-11)
    forgets = kalman.smooth(y[:, None], [[1.0, 0.0], [0.0, 0.0]], [[1.0, 0.0]], **still, diffuse=True)
    assert forgets.diffuse_left == 0
    assert np.isinf(forgets.smoothed_cov[0, 1, 1])
    assert np.isfinite(forgets.smoothed_cov[1:]).all()
    np.testing.assert_allclose(forgets.smoothed_mean[:, 0], y.mean(), rtol=1e-12)


def test_what_the_series_does_not_determine_stays_infinite() -> None:
    """One observation of a trend: the level then, nothing else; of two levels only their sum."""
    trend = {"Q": np.diag([0.5, 0.3]), "R": [[2.0]], "x0": [0.0, 0.0], "P0": np.zeros((2, 2))}
    y = np.full((4, 1), np.nan)
    y[1] = 3.0
    got = kalman.smooth(y, [[1.0, 1.0], [0.0, 1.0]], [[1.0, 0.0]], **trend, diffuse=True, outputs=ALL)
    assert got.smoothed_mean[1, 0] == pytest.approx(3.0, rel=1e-14)
    assert got.smoothed_cov[1, 0, 0] == pytest.approx(2.0, rel=1e-14)
    np.testing.assert_array_equal(np.isinf(got.smoothed_cov[:, 0, 0]), [True, False, True, True])
    assert np.isinf(got.smoothed_cov[:, 1, 1]).all()
    assert np.isfinite(got.state_disturbance_cov).all()
    two = kalman.smooth(np.arange(5.0)[:, None], np.eye(2), [[1.0, 1.0]], **trend, diffuse=True)
    one = kalman.smooth(
        np.arange(5.0)[:, None], [[1.0]], [[1.0]], [[0.8]], [[2.0]], [0.0], [[0.0]], diffuse=True
    )
    np.testing.assert_allclose(two.smoothed_mean.sum(axis=1), one.smoothed_mean[:, 0], rtol=1e-12)
    assert np.isinf(two.smoothed_cov).all()


def test_a_long_wait_for_the_first_observation(make_model: Any) -> None:
    """The diffuse steps lie in more than one segment of the history."""
    rng = np.random.default_rng(8)
    n, T = 30, 1500
    model, y = make_model(rng, n, 2), rng.normal(size=(T, 2))
    turn = np.linalg.qr(rng.normal(size=(n, n)))[0]
    model["F"] = 0.999 * turn
    y[: T - 200] = np.nan
    mask = np.arange(n) < 3
    got = kalman.smooth(y, **model, diffuse=mask, outputs=(*MOMENTS, "loglike"))
    P0 = np.where(np.outer(~mask, ~mask), model["P0"], 0.0)
    assert int(got.diffuse_steps) > T - 200
    model["P0"] = P0 + 1e12 * np.diag(
        mask
    )  # beside variances of 1e4: the error is in the order of their ratio
    wide = kalman.smooth(y, **model, outputs=MOMENTS, form="square-root")
    np.testing.assert_allclose(got.smoothed_mean, wide.smoothed_mean, atol=1e-6)
    np.testing.assert_allclose(got.smoothed_cov, wide.smoothed_cov, atol=1e-2)


def test_packed_covariances_and_innovations(make_model: Any) -> None:
    rng = np.random.default_rng(9)
    model, y = make_model(rng, 3, 2), gappy(rng, 9, 2)
    names = ("cov", "predicted_cov", "last_cov", "innovation_cov", *ALL)
    full = kalman.smooth(y, **model, diffuse=True, outputs=names)
    packed = kalman.smooth(y, **model, diffuse=True, outputs=names, packed=True)
    for name in names:
        a = getattr(full, name)
        if name.endswith("cov") and name != "lag_one_cov":
            i, j = np.tril_indices(a.shape[-1])
            a = a[..., i, j]
        np.testing.assert_array_equal(getattr(packed, name), a)
    assert np.isinf(np.einsum("ii->i", full.innovation_cov[0])).all()
    assert np.isfinite(full.innovation_cov[int(full.diffuse_steps) :]).all()


@pytest.mark.parametrize("S", [False, True], ids=["uncorrelated", "correlated"])
def test_with_correlated_noises_and_time_varying_models(make_model: Any, S: bool) -> None:
    """F, H, c change with time; noise of state and observation move together."""
    rng = np.random.default_rng(10)
    n, m, T = 3, 2, 10
    model, y = make_model(rng, n, m), gappy(rng, T, m)
    model["F"] = model["F"] + 0.1 * rng.normal(size=(T, n, n))
    model["H"] = rng.normal(size=(T, m, n))
    more: dict[str, Any] = {"c": rng.normal(size=(T, n)), "d": rng.normal(size=m)}
    if S:
        more["S"] = 0.02 * rng.normal(size=(n, m))
    got = kalman.smooth(y, **model, **more, diffuse=True, outputs=("loglike", *MOMENTS))
    wide = kalman.smooth(y, **(model | {"P0": 1e7 * np.eye(n)}), **more, outputs=("loglike", *MOMENTS))
    np.testing.assert_allclose(got.smoothed_mean, wide.smoothed_mean, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(got.smoothed_cov, wide.smoothed_cov, rtol=1e-4, atol=1e-4)
    assert float(got.loglike) == pytest.approx(float(wide.loglike) + n / 2 * np.log(1e7), rel=1e-5)


def test_every_failing_allocation_is_an_error(make_model: Any, failed_allocations: Any) -> None:
    rng = np.random.default_rng(6)
    model, y = make_model(rng, 3, 2), gappy(rng, 9, 6, 2)
    assert failed_allocations(lambda: kalman.smooth(y, **model, diffuse=True, outputs=ALL, threads=2)) > 5
