"""Lorenz's equations in plain NumPy; complex numbers too.

Lorenz EN. Deterministic nonperiodic flow. J Atmos Sci 1963;20:130-141.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def rate(x: Array, p: Mapping[str, Any]) -> Array:
    """Derivatives of x, y, z."""
    a, b, c = x
    return np.array([p["sigma"] * (b - a), a * (p["rho"] - c) - b, a * b - p["beta"] * c])
