"""Extended filters and smoothers against the published pendulum of kalman/CASES.md, section 9."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pytwin.reference import kalman as linear
from pytwin.reference import nonlinear_extended as plain


def assert_published(path: plain.Path, expected: np.ndarray, prefix: str, bound: float) -> None:
    """All five columns of a method."""
    found = {"m1": path.mean[:, 0], "m2": path.mean[:, 1]}
    found |= {"P11": path.cov[:, 0, 0], "P12": path.cov[:, 0, 1], "P22": path.cov[:, 1, 1]}
    for name, values in found.items():
        np.testing.assert_allclose(values, expected[f"{prefix}_{name}"], rtol=0, atol=bound)


@pytest.mark.reference
def test_the_twin_is_the_published_pendulum(reference: Path) -> None:
    data = np.genfromtxt(reference / "kalman" / "pendulum.csv", delimiter=",", names=True)
    expected = np.genfromtxt(reference / "kalman" / "pendulum_expected.csv", delimiter=",", names=True)
    system, y, start = plain.pendulum(), data["y"], (np.zeros(2), np.eye(2))
    filtered, iterated = plain.ekf(system, y, *start), plain.ekf(system, y, *start, iterations=10)
    assert_published(filtered, expected, "ekf_f", 1e-13)
    assert_published(iterated, expected, "iekf_f", 1e-13)
    assert_published(plain.erts(system, filtered), expected, "ekf_s", 1e-12)
    assert_published(plain.ierts(system, y, *start, iterated.mean), expected, "iekf_s", 1e-12)


@pytest.mark.parametrize("iterations", [1, 4])
def test_the_twin_of_a_linear_model_is_the_linear_filter(iterations: int) -> None:
    rng = np.random.default_rng(iterations)
    F, H, Q, R = rng.normal(size=(3, 3)) / 2, rng.normal(size=(2, 3)), np.diag([0.1, 0.2, 0.3]), np.eye(2)
    m, P, y = rng.normal(size=3), np.eye(3), rng.normal(size=(20, 2))
    y[rng.random(y.shape) < 0.2] = np.nan
    system = plain.System(lambda x: F @ x, lambda x: F, lambda x: H @ x, lambda x: H, Q, R)
    found = plain.ekf(system, y, m, P, iterations)
    x0, P0 = F @ m, F @ P @ F.T + Q
    expected = linear.linear_filter(y, F=F, H=H, Q=Q, R=R, x0=x0, P0=P0)
    np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(found.cov, expected.cov, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(found.loglike, expected.loglike, rtol=1e-12)
