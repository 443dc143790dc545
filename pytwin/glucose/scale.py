"""The scales on which glucose may be worked with.

The spread of its changes grows with its level, in some people more than in others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["SCALES", "Scale"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scale:
    """A monotone function of glucose: there, back, ln of its slope, and the mean of what is normal on it."""

    there: Callable[[Any], Any]
    back: Callable[[Any], Any]
    log_slope: Callable[[Any], Any]
    expected: Callable[[Any, Any], Any]

    def to(self, glucose: ArrayLike) -> Array:
        """Glucose (mg/dL) on the scale."""
        return np.asarray(self.there(np.asarray(glucose, dtype=float)), dtype=float)

    def of(self, value: ArrayLike) -> Array:
        """A value of the scale in mg/dL."""
        return np.asarray(self.back(np.asarray(value, dtype=float)), dtype=float)

    def mean(self, mean: ArrayLike, var: ArrayLike) -> Array:
        """Expected glucose, mg/dL, where its value on the scale is N(mean, var)."""
        return np.asarray(
            self.expected(np.asarray(mean, dtype=float), np.asarray(var, dtype=float)), dtype=float
        )


SCALES = {
    "plain": Scale(lambda g: g, lambda z: z, np.zeros_like, lambda m, _: m),
    "root": Scale(
        np.sqrt,
        lambda z: np.square(np.maximum(z, 0.0)),
        lambda g: -np.log(2.0) - np.log(g) / 2,
        lambda m, v: m * m + v,
    ),
    "log": Scale(np.log, np.exp, lambda g: -np.log(g), lambda m, v: np.exp(m + v / 2)),
}
