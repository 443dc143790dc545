"""What forecasts are compared with, on a series that an autoregression made."""

from __future__ import annotations

import numpy as np

from pytwin.reference.glucose_forecast import autoregression, history, linear_regression


def test_history_interpolates_short_gaps_only() -> None:
    minutes = np.array([0.0, 5.0, 15.0, 20.0, 80.0, 85.0])
    x = history(minutes, minutes + 100, 3)
    np.testing.assert_allclose(x[2], [115, 110, 105])
    assert np.isnan(x[:2]).all() and np.isfinite(x[3]).all() and np.isnan(x[4:]).all()


def test_both_find_an_exact_recursion() -> None:
    """y' = 20 + 1.5 y - 0.6 y-: no noise, so both are exact."""
    y = [100.0, 160.0]
    for _ in range(60):
        y.append(20 + 1.5 * y[-1] - 0.6 * y[-2])
    glucose, steps = np.array(y), (1, 6)
    x = history(5.0 * np.arange(len(y)), glucose, 2)
    target = np.full((len(y), 2), np.nan)
    for k, step in enumerate(steps):
        target[:-step, k] = glucose[step:]
    learn = np.arange(len(y)) < 30
    test = np.isfinite(x).all(axis=1) & np.isfinite(target).all(axis=1)
    for found in (
        linear_regression(x, target, learn),
        autoregression(x, target[:, 0], learn, steps),
    ):
        np.testing.assert_allclose(found[test], target[test], rtol=1e-8)
