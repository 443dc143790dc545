"""An exact diffuse start: against generalised least squares, against the twin, and against itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pytwin import kalman
from pytwin.errors import InputError
from pytwin.reference import kalman_diffuse as plain

pytestmark = pytest.mark.core

FILTERED = ("loglike", "loglike_t", "mean", "cov", "predicted_mean", "predicted_cov", "last_mean", "last_cov")
TREND: dict[str, Any] = {
    "F": [[1.0, 1.0], [0.0, 1.0]],
    "H": [[1.0, 0.0]],
    "Q": [[0.5, 0.1], [0.1, 0.3]],
    "R": [[2.0]],
    "x0": [0.0, 0.0],
    "P0": np.zeros((2, 2)),
}


def gappy(rng: np.random.Generator, *shape: int) -> np.ndarray:
    y = 3 * rng.normal(size=shape)
    y[rng.random(shape) < 0.3] = np.nan
    return y


def root(rng: np.random.Generator, n: int, rank: int) -> np.ndarray:
    B = rng.normal(size=(n, rank))
    return B @ B.T


@pytest.mark.parametrize(
    ("n", "m", "rank"), [(1, 1, 1), (3, 2, 2), (4, 3, 4), (6, 1, 3), (9, 4, 5), (34, 2, 3)]
)
def test_equals_the_twin_and_least_squares(make_model: Any, n: int, m: int, rank: int) -> None:
    rng = np.random.default_rng(n)
    model, y = make_model(rng, n, m), gappy(rng, 5, 14, m)
    Pinf = root(rng, n, rank)
    got = kalman.filter(y, **model, diffuse=Pinf, outputs=FILTERED)
    for s in range(len(y)):
        run = plain.diffuse_filter(y[s], **model, Pinf=Pinf)
        loglike = plain.dense_diffuse_smoother(y[s], **model, Pinf=Pinf)[2]
        assert got.loglike[s] == pytest.approx(run.loglike, rel=1e-8)
        assert got.loglike[s] == pytest.approx(loglike, rel=1e-8)
        assert got.diffuse_count[s] == run.count == rank
        assert got.diffuse_steps[s] == run.steps
        np.testing.assert_allclose(got.mean[s], run.mean, rtol=1e-6, atol=1e-7)
        end = run.steps
        np.testing.assert_allclose(got.cov[s, end:], run.cov[end:], rtol=1e-6, atol=1e-7)
        np.testing.assert_array_equal(np.isinf(got.predicted_cov[s, :end]).any(axis=(1, 2)), True)


def test_after_the_start_the_bits_are_those_of_an_ordinary_filter(make_model: Any) -> None:
    rng = np.random.default_rng(3)
    model, y = make_model(rng, 5, 2), gappy(rng, 6, 20, 2)
    mask = np.array([True, False, True, False, False])
    got = kalman.filter(y, **model, diffuse=mask, outputs=FILTERED)
    for s in range(len(y)):
        d = int(got.diffuse_steps[s])
        start = model | {"x0": got.predicted_mean[s, d], "P0": got.predicted_cov[s, d]}
        rest = kalman.filter(y[s, d:], **start, outputs=FILTERED)
        for name in ("mean", "cov", "predicted_cov", "loglike_t"):
            np.testing.assert_array_equal(getattr(got, name)[s, d:], getattr(rest, name))
    none = kalman.filter(y, **model, diffuse=np.zeros(5, bool), outputs=FILTERED)
    plain_run = kalman.filter(y, **model, outputs=FILTERED)
    for name in FILTERED:
        np.testing.assert_array_equal(getattr(none, name), getattr(plain_run, name))


def test_a_series_has_the_same_bits_in_any_batch(make_model: Any) -> None:
    rng = np.random.default_rng(4)
    model, y = make_model(rng, 3, 2), gappy(rng, 21, 12, 2)
    lengths = rng.integers(1, 13, 21)
    lengths[0] = 12
    y[3], y[4, :5] = np.nan, np.nan
    whole = kalman.filter(y, **model, diffuse=True, lengths=lengths, outputs=FILTERED, threads=2)
    for s in range(len(y)):
        alone = kalman.filter(y[s, : lengths[s]], **model, diffuse=True, outputs=FILTERED)
        for name in ("mean", "cov", "predicted_cov", "loglike_t"):
            np.testing.assert_array_equal(getattr(whole, name)[s, : lengths[s]], getattr(alone, name))
        for name in ("loglike", "last_mean", "last_cov", "diffuse_count", "diffuse_steps", "diffuse_left"):
            np.testing.assert_array_equal(getattr(whole, name)[s], getattr(alone, name))


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1e9])
def test_scale_does_not_change_what_is_diffuse(make_model: Any, scale: float) -> None:
    """y, the states and their covariances in other units: k ln c comes off the likelihood."""
    rng = np.random.default_rng(6)
    model, y = make_model(rng, 4, 2), gappy(rng, 15, 2)
    mask = np.array([True, True, False, True])
    scaled = model | {k: scale**2 * model[k] for k in ("Q", "R", "P0")} | {"x0": scale * model["x0"]}
    one = kalman.filter(y, **model, diffuse=mask, outputs=FILTERED)
    two = kalman.filter(scale * y, **scaled, diffuse=scale**2 * np.diag(mask.astype(float)), outputs=FILTERED)
    assert one.diffuse_count == two.diffuse_count == 3
    assert one.diffuse_steps == two.diffuse_steps
    expected = float(one.loglike) - np.isfinite(y).sum() * np.log(scale)
    assert float(two.loglike) == pytest.approx(expected, rel=1e-10)
    np.testing.assert_allclose(two.mean, scale * one.mean, rtol=1e-9, atol=1e-9 * scale)
    # the states in units of their own
    units = np.diag([1e-7, 1.0, 1e6, 1e3])
    back = np.linalg.inv(units)
    turned = model | {"F": units @ model["F"] @ back, "H": model["H"] @ back, "x0": units @ model["x0"]}
    turned |= {k: units @ model[k] @ units for k in ("Q", "P0")}
    three = kalman.filter(y, **turned, diffuse=mask, outputs=FILTERED)
    assert three.diffuse_steps == one.diffuse_steps
    np.testing.assert_allclose(three.last_mean, units @ one.last_mean, rtol=1e-8)


def test_redundant_diffuse_states_are_told_from_rounding() -> None:
    """A level twice: the sum is determined, the difference never, however long the series is."""
    y = np.cumsum(np.random.default_rng(1).normal(size=(400, 1)), axis=0)
    level = kalman.filter(y, [[1.0]], [[1.0]], [[0.2]], [[1.0]], [0.0], [[0.0]], diffuse=True)
    turn = np.array([[np.cos(0.7), np.sin(0.7)], [-np.sin(0.7), np.cos(0.7)]])
    H = np.array([[0.3, 0.1]])
    for F in (np.eye(2), np.kron(np.eye(2), turn)):
        h = H if len(F) == 2 else np.kron([[1.0, 1.0]], [[1.0, 0.0]])
        n = len(F)
        twice = kalman.filter(
            y, F, h, np.zeros((n, n)), [[1.0]], np.zeros(n), np.zeros((n, n)), diffuse=True, outputs=FILTERED
        )
        assert twice.diffuse_count == twice.diffuse_left == n // 2
        assert np.isfinite(twice.loglike)
    assert level.diffuse_left == 0


def test_a_trend_seen_once_has_an_unknown_slope() -> None:
    got = kalman.filter([[3.0]], **TREND, diffuse=True, outputs=FILTERED)
    assert (got.diffuse_count, got.diffuse_steps, got.diffuse_left) == (1, 1, 1)
    np.testing.assert_array_equal(got.last_mean, [3.0, 0.0])
    np.testing.assert_array_equal(got.last_cov, [[2.0, 0.0], [0.0, np.inf]])
    np.testing.assert_array_equal(got.predicted_cov[0], [[np.inf, 0.0], [0.0, np.inf]])


def test_a_mask_per_series_and_what_P0_says_of_diffuse_states() -> None:
    y = np.random.default_rng(2).normal(size=(3, 8, 1))
    masks = np.array([[True, True], [True, False], [False, False]])
    model = TREND | {"P0": np.array([[4.0, 1.0], [1.0, 2.0]])}
    got = kalman.filter(y, **model, diffuse=masks, outputs=FILTERED)
    np.testing.assert_array_equal(got.diffuse_count, [2, 1, 0])
    other = model | {"P0": np.array([[1e9, 0.0], [0.0, 2.0]])}
    np.testing.assert_array_equal(
        kalman.filter(y[1], **other, diffuse=[1.0, 0.0], outputs=FILTERED).mean, got.mean[1]
    )


def test_bad_input() -> None:
    y = np.zeros((4, 1))
    with pytest.raises(InputError, match="form"):
        kalman.filter(y, **TREND, diffuse=True, form="square-root")
    with pytest.raises(InputError, match="gate and diffuse"):
        kalman.filter(y, **TREND, diffuse=True, gate=3.0)
    with pytest.raises(InputError) as caught:
        kalman.filter(y, **TREND, diffuse=[[1.0, 2.0], [2.0, 1.0]])
    assert "diffuse" in str(caught.value)
    with pytest.raises(InputError):
        kalman.filter(y, **TREND, diffuse=[True, True, True])
