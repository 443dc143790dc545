"""What innovations are asked, and what a right model would answer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytwin.chance import (
    chi_square_quantile,
    chi_square_tail,
    f_quantile,
    f_tail,
    normal_quantile,
    normal_tail,
)

__all__ = ["Check", "Judge"]

Array = NDArray[np.float64]
Law = Callable[[float], float]


@dataclass(frozen=True)
class Check:
    """One question to the innovations.

    Attributes
    ----------
    name : str
    value : float
        The statistic.
    low, high : float
        The band in which it lies with probability `level` if the model is right.
    p : float
        Probability, if the model is right, of a value at least as extreme.
    passed : bool
        Whether the value lies in the band.
    meaning : str
        What the statistic is.
    """

    name: str
    value: float
    low: float
    high: float
    p: float
    passed: bool
    meaning: str


@dataclass(frozen=True)
class Judge:
    """Makes checks whose bands hold `level` of what a right model gives."""

    level: float

    def _two_sided(
        self,
        name: str,
        value: float,
        quantile: Callable[[float], float],
        tail: Callable[[float], float],
        what: str,
    ) -> Check:
        side = (1 - self.level) / 2
        low, high = quantile(side), quantile(1 - side)
        above = tail(value)
        p = min(1.0, 2 * min(above, 1 - above))
        return Check(name, value, low, high, p, low <= value <= high, what)

    def _one_sided(self, name: str, value: float, dof: int, what: str) -> Check:
        high = chi_square_quantile(self.level, dof)
        return Check(name, value, 0.0, high, chi_square_tail(value, dof), value <= high, what)

    def mean_of_squares(self, name: str, value: float, dof: int, what: str) -> Check:
        return self._two_sided(
            name, float(value),
            lambda p: chi_square_quantile(p, dof) / dof,
            lambda x: chi_square_tail(x * dof, dof),
            f"mean of {what} per degree of freedom",
        )  # fmt: skip

    def mean(self, e: Array) -> Check:
        root = math.sqrt(len(e))
        return self._two_sided(
            "mean", float(e.mean()),
            lambda p: normal_quantile(p) / root,
            lambda x: normal_tail(x * root),
            "mean of the standardised innovations",
        )  # fmt: skip

    def whiteness(self, rho: Array, pairs: Array, count: int, estimated: int) -> Check:
        used = pairs > 0
        q = float((count + 2) * (rho[used] ** 2 * pairs[used] / count).sum())
        return self._one_sided(
            "whiteness", q, max(1, int(used.sum()) - max(0, estimated - 1)), f"Ljung-Box of {len(rho)} lags"
        )

    def normality(self, e: Array) -> Check | None:
        d = e - e.mean()
        spread = (d**2).mean()
        if len(e) < 8 or spread == 0:
            return None
        skew, kurtosis = (d**3).mean() / spread**1.5, (d**4).mean() / spread**2
        value = len(e) * (skew**2 / 6 + (kurtosis - 3) ** 2 / 24)
        return self._one_sided("normality", float(value), 2, f"skewness {skew:.3f}, kurtosis {kurtosis:.3f}")

    def equal_variance(self, e: Array) -> Check | None:
        steps = np.flatnonzero(np.isfinite(e).any(axis=(0, 2)))
        third = round(len(steps) / 3)
        if third == 0:
            return None
        first, last = e[:, steps[:third]], e[:, steps[-third:]]
        a, b = int(np.isfinite(last).sum()), int(np.isfinite(first).sum())
        if np.nansum(first**2) == 0:
            return None
        value = float(np.nansum(last**2) / a / (np.nansum(first**2) / b))
        return self._two_sided(
            "equal variance",
            value,
            lambda p: f_quantile(p, a, b),
            lambda x: f_tail(x, a, b),
            "last third over first",
        )

    def coverage(self, e: Array, share: float) -> Check:
        reach = normal_quantile(0.5 + share / 2)
        sd = math.sqrt(share * (1 - share) / len(e))
        return self._two_sided(
            f"within {share:.0%}", float((np.abs(e) <= reach).mean()),
            lambda p: share + sd * normal_quantile(p),
            lambda x: normal_tail((x - share) / sd),
            f"share of observations inside the central {share:.0%} of their forecasts",
        )  # fmt: skip
