"""Random linear models for the tests of the Kalman filters. Expected numbers: the NumPy twin, dense
Gaussians, and the published cases of the reference library (kalman/CASES.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest


def random_model(rng: np.random.Generator, n: int, m: int) -> dict[str, Any]:
    """A stable random model with correlated noises."""
    A = rng.normal(size=(n, n))
    B, C, D = rng.normal(size=(n, n)), rng.normal(size=(m, m)), rng.normal(size=(n, n))
    return {
        "F": 0.95 * A / np.abs(np.linalg.eigvals(A)).max(),
        "H": rng.normal(size=(m, n)),
        "Q": 0.1 * B @ B.T,
        "R": 0.3 * C @ C.T + 0.1 * np.eye(m),
        "x0": rng.normal(size=n),
        "P0": D @ D.T + np.eye(n),
    }


@pytest.fixture
def make_model() -> Callable[[np.random.Generator, int, int], dict[str, Any]]:
    return random_model
