"""What the forward pass leaves for those that go backwards, and the loop of calls that ask for more."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pytwin.kalman.arrays import run_core

pytestmark = pytest.mark.core

OUTPUTS = ("loglike", "loglike_t", "mean", "cov", "predicted_cov", "smoothed_mean", "smoothed_cov")


def run(path: int, y: np.ndarray, model: dict[str, Any], **more: Any) -> dict[str, Any]:
    options = {"G": None, "c": None, "d": None, "lengths": None, "outputs": OUTPUTS, "threads": 1} | more
    return run_core(y, **model, **options, path=path)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (3, 2), (8, 1), (9, 3)])
def test_the_special_loop_without_a_wish_has_the_bits_of_the_plain_one(
    make_model: Any, n: int, m: int
) -> None:
    rng = np.random.default_rng(n)
    model, y = make_model(rng, n, m), rng.normal(size=(6, 15, m))
    y[rng.random(y.shape) < 0.3] = np.nan
    lengths = np.array([15, 3, 1, 9, 15, 8])
    plain, special = run(1, y, model, lengths=lengths), run(3, y, model, lengths=lengths)
    for name in OUTPUTS:
        np.testing.assert_array_equal(plain[name], special[name])


@pytest.mark.parametrize("path", [1, 3], ids=["plain", "special"])
def test_a_series_longer_than_the_memory_is_smoothed_by_segments(make_model: Any, path: int) -> None:
    rng = np.random.default_rng(8)
    n, m, T = 30, 2, 1500  # 16 MB hold some 70 to 1,100 steps
    model, y = make_model(rng, n, m), rng.normal(size=(3, T, m))
    model["H"] = rng.normal(size=(T, m, n))
    y[rng.random(y.shape) < 0.3] = np.nan
    lengths = np.array([T, 701, 1])
    got, expected = run(path, y, model, lengths=lengths), run(2, y, model, lengths=lengths)
    for name in OUTPUTS:
        np.testing.assert_allclose(got[name], expected[name], rtol=1e-8, atol=1e-9)
    alone = run(path, y[1, :701], {k: a[:701] if k == "H" else a for k, a in model.items()})
    for name in ("smoothed_mean", "smoothed_cov"):
        np.testing.assert_array_equal(got[name][1, :701], alone[name])
