"""Outputs of the BLAS path against those of the lanes, whole and packed, and long series by check-points."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pytwin import kalman

pytestmark = pytest.mark.core

FILTERED = (
    "loglike",
    "loglike_t",
    "mean",
    "cov",
    "predicted_mean",
    "predicted_cov",
    "last_mean",
    "last_cov",
    "innovation",
    "innovation_cov",
)
ALL = (*FILTERED, "smoothed_mean", "smoothed_cov", "lag_one_cov")


def run(
    path: int, y: np.ndarray, model: dict[str, Any], outputs: tuple[str, ...], **more: Any
) -> dict[str, Any]:
    options = {"G": None, "c": None, "d": None, "lengths": None, "threads": 1} | more
    return kalman.arrays.run_core(y, **model, **options, outputs=outputs, path=path)


def gappy(rng: np.random.Generator, *shape: int) -> np.ndarray:
    y = 3 * rng.normal(size=shape)
    y[rng.random(shape) < 0.2] = np.nan
    return y


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("n", "m", "timed"), [(3, 2, False), (36, 1, False), (9, 3, True)])
def test_equals_the_lanes(make_model: Any, n: int, m: int, timed: bool, packed: bool) -> None:
    rng = np.random.default_rng(n)
    model, S, T = make_model(rng, n, m), 4, 30
    more: dict[str, Any] = {"d": rng.normal(size=m), "lengths": np.array([30, 1, 12, 29])}
    if timed:
        model |= {"F": np.stack([make_model(rng, n, m)["F"] for _ in range(T)])}
        more["c"] = rng.normal(size=(T, n))
    y = gappy(rng, S, T, m)
    y[3] = np.nan_to_num(y[3])
    blas, lanes = (run(path, y, model, ALL, packed=packed, **more) for path in (2, 1))
    for name in ALL:
        scale = np.nanmax(np.abs(lanes[name]))
        np.testing.assert_allclose(blas[name], lanes[name], rtol=1e-9, atol=1e-11 * scale, err_msg=name)


def test_each_output_alone_is_what_it_is_with_the_others(make_model: Any) -> None:
    rng = np.random.default_rng(1)
    model, y = make_model(rng, 35, 2), gappy(rng, 3, 20, 2)
    together = run(2, y, model, ALL)
    for name in ("smoothed_mean", "smoothed_cov", "lag_one_cov"):
        np.testing.assert_array_equal(run(2, y, model, (name,))[name], together[name])
    for name in FILTERED:
        scale = np.nanmax(np.abs(together[name]))
        np.testing.assert_allclose(
            run(2, y, model, (name,))[name], together[name], rtol=1e-11, atol=1e-12 * scale
        )


def test_long_series_go_back_by_check_points(make_model: Any) -> None:
    """3,000 steps of 45 states are more than the history holds at a time."""
    rng = np.random.default_rng(2)
    model, T = make_model(rng, 45, 1), 3000
    y = gappy(rng, T, 1)
    outputs = ("smoothed_mean", "lag_one_cov")
    blas, lanes = run(2, y, model, outputs), run(1, y, model, outputs)
    for name in outputs:
        scale = np.nanmax(np.abs(lanes[name]))
        np.testing.assert_allclose(blas[name], lanes[name], rtol=1e-8, atol=1e-11 * scale)


def test_every_failing_allocation_is_an_error(make_model: Any, failed_allocations: Any) -> None:
    rng = np.random.default_rng(3)
    model, y = make_model(rng, 40, 1), gappy(rng, 10, 1)
    assert failed_allocations(lambda: run(2, y, model, ALL)) > 5
