"""What drives a ranking: which parameters and which terms of the Objective."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.model.plan import Plan
from pytwin.model.population import to_scale

Array = NDArray[np.float64]
_TINY = 1e-15


@dataclass(frozen=True)
class Drivers:
    """Why the leading plan leads, and what the uncertainty about it comes from.

    Attributes
    ----------
    against : str
        The plan that the leader is compared with: the best one that is not tied, else the second.
    parameters : dict of str to float
        Share of the variance over draws of the utility difference to ``against`` that a linear regression
        on the parameters gives to each (Lindeman, Merenda and Gold's average over orders, for up to 8
        parameters); the rest is nonlinear, genotype, or states.
    utility : dict of str to float
        The same for the leader's own utility.
    terms : dict of str to float
        Mean difference of each term of the Objective, leader minus ``against``.
    """

    against: str
    parameters: Mapping[str, float]
    utility: Mapping[str, float]
    terms: Mapping[str, float]

    def sentences(self) -> tuple[str, ...]:
        """The drivers in words, largest first."""
        told = [
            f"{name}: {difference:+.3f} compared with {self.against}"
            for name, difference in sorted(self.terms.items(), key=lambda t: -abs(t[1]))
            if abs(difference) >= 0.001
        ]
        told += [
            f"{share:.0%} of the uncertainty of the leading plan's utility comes from {name}"
            for name, share in sorted(self.utility.items(), key=lambda t: -t[1])
            if share >= 0.05
        ]
        return tuple(told)


def explain(
    plans: Sequence[Plan],
    total: Array,
    terms: Mapping[str, Array],
    theta: Array,
    population: Any,
    groups: Sequence[int],
) -> Drivers | None:
    """Drivers of a ranking; None with fewer than two plans."""
    if len(plans) < 2:
        return None
    other = next((i for i, g in enumerate(groups) if g != 0), 1)
    x = to_scale(theta, population.scales)
    difference = total[0] - total[other]
    return Drivers(
        plans[other].name,
        dict(zip(population.theta, variance_shares(x, difference).tolist(), strict=True)),
        dict(zip(population.theta, variance_shares(x, total[0]).tolist(), strict=True)),
        {name: float((values[0] - values[other]).mean()) for name, values in terms.items()},
    )


def variance_shares(x: Array, y: Array) -> Array:
    """Share of the variance of y that each column of x explains, shape (n,); their sum is R squared.

    Each column enters with its square, since a utility has its top inside the range. The share is the R
    squared gained by adding a column, averaged over all orders of adding them (Lindeman RH, Merenda PF,
    Gold RZ, Introduction to Bivariate and Multivariate Analysis, 1980). Correlated parameters share what
    they explain together.
    """
    n = x.shape[1]
    used = [i for i in range(n) if x[:, i].std() > _TINY]
    shares = np.zeros(n)
    if not used or y.std() < _TINY:
        return shares
    scaled = (x[:, used] - x[:, used].mean(axis=0)) / x[:, used].std(axis=0)
    correlation = np.corrcoef(np.column_stack([scaled, scaled**2, y]), rowvar=False)
    r_squared = {s: _r_squared(correlation, s, len(used)) for s in range(1 << len(used))}
    for k, column in enumerate(used):
        shares[column] = _average_gain(r_squared, k, len(used))
    return shares


def _r_squared(correlation: Array, subset: int, n: int) -> float:
    """R squared of the regression on the parameters in the bit set ``subset`` and their squares."""
    chosen = [i for i in range(n) if subset >> i & 1]
    columns = [*chosen, *(n + i for i in chosen)]
    if not columns:
        return 0.0
    r = correlation[columns, -1]
    beta, *_ = np.linalg.lstsq(correlation[np.ix_(columns, columns)], r, rcond=None)
    return float(beta @ r)


def _average_gain(r_squared: Mapping[int, float], k: int, n: int) -> float:
    """Gain of parameter k averaged over orders: mean over sizes of the mean over subsets without k."""
    gains: list[list[float]] = [[] for _ in range(n)]
    for subset, value in r_squared.items():
        if not subset >> k & 1:
            gains[subset.bit_count()].append(r_squared[subset | 1 << k] - value)
    return float(np.mean([np.mean(g) for g in gains]))
