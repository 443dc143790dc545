"""Series that share a model and the gaps in their data are filtered by one path of covariances: the bits of
each are those that it has alone.

The expected values are the same series filtered one at a time, which takes the other path.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pytwin as pt
from pytwin import _core

pytestmark = pytest.mark.core
OUTPUTS = (
    "loglike",
    "loglike_t",
    "mean",
    "cov",
    "predicted_mean",
    "predicted_cov",
    "last_mean",
    "last_cov",
)
SERIES, STEPS = 37, 19


def _covariance(rng: np.random.Generator, n: int) -> np.ndarray:
    root = rng.normal(size=(n, n))
    return root @ root.T / n + 0.1 * np.eye(n)


def _model(rng: np.random.Generator, n: int, m: int, varying: bool, correlated: bool) -> dict[str, Any]:
    steps = (STEPS,) if varying else (1,)
    R = _covariance(rng, m) if correlated else np.diag(rng.uniform(0.1, 1, m))
    return {
        "F": rng.normal(size=(*steps, n, n)) / np.sqrt(n),
        "H": rng.normal(size=(*steps, m, n)),
        "Q": _covariance(rng, n),
        "R": R,
        "x0": rng.normal(size=(SERIES, n)),
        "P0": _covariance(rng, n),
        "c": rng.normal(size=(SERIES, 1, n)),
        "d": rng.normal(size=(*steps, m)),
    }


def _data(rng: np.random.Generator, m: int) -> np.ndarray:
    y = rng.normal(size=(SERIES, STEPS, m))
    y[:, rng.random((STEPS, m)) < 0.2] = np.nan
    return y


def _alone(y: np.ndarray, model: dict[str, Any], lengths: np.ndarray, s: int) -> Any:
    own = {**model, "x0": model["x0"][s], "c": model["c"][s]}
    return pt.kalman.filter(y[s, : lengths[s]], outputs=OUTPUTS, **_cut(own, lengths[s]))


def _cut(model: dict[str, Any], steps: int) -> dict[str, Any]:
    return {k: v[:steps] if k in "FHd" and len(v) == STEPS else v for k, v in model.items()}


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7, 8, 12])
@pytest.mark.parametrize("m", [1, 3])
@pytest.mark.parametrize("varying", [False, True])
def test_a_series_in_a_shared_batch_has_the_bits_that_it_has_alone(n: int, m: int, varying: bool) -> None:
    rng = np.random.default_rng(100 * n + 10 * m + varying)
    model, y = _model(rng, n, m, varying, correlated=m > 1), _data(rng, m)
    lengths = rng.integers(1, STEPS + 1, SERIES)
    for threads in (1, 2):
        batch = pt.kalman.filter(y, lengths=lengths, outputs=OUTPUTS, threads=threads, **model)
        assert not batch.status.any()
        for s in range(SERIES):
            alone = _alone(y, model, lengths, s)
            for name in OUTPUTS:
                got = getattr(batch, name)[s]
                expected = getattr(alone, name)
                assert np.array_equal(got[: len(expected)] if expected.ndim else got, expected), (name, s)


def test_one_infinite_observation_fails_its_series_alone() -> None:
    rng = np.random.default_rng(5)
    model, y = _model(rng, 3, 1, False, False), _data(rng, 1)
    y[:, 4] = 1.0
    good = pt.kalman.filter(y, outputs=OUTPUTS, **model)
    for s in (0, 8, SERIES - 1):
        bad = y.copy()
        bad[s, 4] = np.inf
        found = pt.kalman.filter(bad, outputs=OUTPUTS, **model)
        assert found.status[s] == _core.STATUS["NOT_FINITE"][0]
        assert (found.failed_at[s], found.failed_in[s]) == (4, "y")
        others = np.arange(SERIES) != s
        assert np.array_equal(found.cov[others], good.cov[others])
        assert np.array_equal(found.loglike[others], good.loglike[others])
        assert np.isnan(found.loglike[s])


def test_a_singular_innovation_fails_every_series_at_its_step() -> None:
    rng = np.random.default_rng(6)
    y = rng.normal(size=(SERIES, STEPS, 1))
    zero = np.zeros((1, 1))
    found = pt.kalman.filter(y, np.eye(1), np.eye(1), zero, zero, np.zeros(1), np.eye(1))
    assert (found.status == _core.STATUS["SINGULAR"][0]).all()
    assert (found.failed_at == 1).all()
    assert np.isnan(found.loglike).all()


def test_offsets_that_are_broken_in_one_series_leave_the_others() -> None:
    rng = np.random.default_rng(7)
    model, y = _model(rng, 2, 1, False, False), _data(rng, 1)
    good = pt.kalman.filter(y, outputs=OUTPUTS, **model)
    model["c"] = model["c"].copy()
    model["c"][0, 0, 1] = np.nan
    found = pt.kalman.filter(y, outputs=OUTPUTS, **model)
    assert found.failed_in[0] == "c"
    assert np.array_equal(found.mean[1:], good.mean[1:])


@pytest.mark.parametrize(("n", "m"), [(1, 1), (2, 1), (3, 2), (4, 1), (7, 1)])
def test_a_covariance_that_goes_round_is_not_worked_out_again(n: int, m: int) -> None:
    """Long series of a constant model: to the last bit what a series alone gives, before and after gaps."""
    rng = np.random.default_rng(n)
    steps, lengths = 900, np.full(SERIES, 900)
    lengths[5], lengths[9] = 640, 3
    model = _model(rng, n, m, varying=False, correlated=m > 1)
    model |= {"F": 0.9 * np.linalg.qr(rng.normal(size=(n, n)))[0]}
    y = rng.normal(size=(SERIES, steps, m))
    y[:, 0, 0] = y[:, 450, m - 1] = y[:, 451] = y[:, 700, 0] = np.nan
    got = pt.kalman.filter(y, **model, lengths=lengths, outputs=OUTPUTS)
    for s in (0, 5, 9, SERIES - 1):
        own = {**model, "x0": model["x0"][s], "c": model["c"][s]}
        alone = pt.kalman.filter(y[s, : lengths[s]], **own, outputs=OUTPUTS)
        for name in OUTPUTS:
            wanted = getattr(alone, name)
            found = getattr(got, name)[s]
            np.testing.assert_array_equal(
                found[: lengths[s]] if found.shape != wanted.shape else found, wanted
            )
