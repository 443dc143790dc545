"""Henon and Heiles' star in a galaxy in plain NumPy; complex numbers too.

Henon M, Heiles C. Astron J 1964;69:73-79.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def rate(z: Array, coupling: Any = 1.0) -> Array:
    """Derivatives of x, y, u, v over the last axis."""
    x, y, u, v = np.moveaxis(z, -1, 0)
    return np.stack([u, v, -x - 2 * coupling * x * y, -y - coupling * (x * x - y * y)], axis=-1)


def output(z: Array) -> Array:
    """Distance from the centre and y."""
    x, y = z[..., 0], z[..., 1]
    return np.stack([np.sqrt(x * x + y * y), y], axis=-1)
