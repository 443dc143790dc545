"""Plain NumPy version of the organ pendulum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def rate(x: Array, g: float = 9.81) -> Array:
    """Derivative of rows (angle, angular velocity), shape (..., 2); length 1 m."""
    return np.stack([x[..., 1], -g * np.sin(x[..., 0])], axis=-1)


def position(x: Array) -> Array:
    """Horizontal position as a share of the length."""
    found: Array = np.sin(x[..., 0])
    return found
