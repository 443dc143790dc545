"""What is said of a component, or of observations to come: means, variances, bands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pytwin.chance import normal_quantile
from pytwin.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Forecast", "Moments"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Moments:
    """Gaussian moments along time.

    Attributes
    ----------
    mean, var : ndarray, shape (..., T)
    """

    mean: Array
    var: Array

    def band(self, share: float = 0.9) -> tuple[Array, Array]:
        """Lower and upper end of the central interval that holds `share`."""
        if not 0 < share < 1:
            raise InputError("kalman.bad-argument", "a band holds a share between 0 and 1", place="share")
        reach = normal_quantile(0.5 + share / 2) * np.sqrt(self.var)
        return self.mean - reach, self.mean + reach


@dataclass(frozen=True, eq=False)
class Forecast(Moments):
    """Observations to come, their own noise included.

    Attributes
    ----------
    mean, var : ndarray, shape (..., steps)
    history : ndarray, shape (..., T)
        The series so far.
    lengths : ndarray of int, shape (...)
        Steps of each series; its forecast begins there.
    """

    history: Array
    lengths: NDArray[np.int64]

    def plot(self, series: int = 0, shares: tuple[float, ...] = (0.5, 0.9)) -> Figure:
        """The series so far and the bands of what comes; `series` counts over all leading axes."""
        from pytwin.report import states

        return states.forecast(self, series, shares)
