"""Extended filters by name."""

from __future__ import annotations

import numpy as np
import pytest

import pytwin as pt

pytestmark = pytest.mark.core


@pytest.mark.parametrize("method", ["ekf", "iekf"])
def test_a_model_that_is_linear_has_one_answer(method: str) -> None:
    """Amounts of a drug, some of them seen through the concentration: that of the unscented filter."""
    times, y = np.arange(1.0, 7.0), np.array([[2.3], [2.2], [np.nan], [2.7], [2.6], [2.8]])
    setup = {
        "outputs": ["C"], "noise": 0.2, "x0": [60.0, 40.0], "P0": np.diag([25.0, 16.0]),
        "Q": np.diag([0.2, 0.3]), "params": {"KA": 0.1},
        "ode": {"method": "rk4", "step": 0.25},
    }  # fmt: skip
    found, expected = (
        pt.estimation.smooth(pt.Model("pk_1cpt_oral"), times, y, method=m, **setup) for m in (method, "ukf")
    )
    np.testing.assert_allclose(found.loglike, expected.loglike, rtol=1e-9)
    for name in ("mean", "cov", "smoothed_mean", "smoothed_cov"):
        a, b = getattr(found, name), getattr(expected, name)
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-8 * np.nanmax(np.abs(b)))
