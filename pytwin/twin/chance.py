"""Tails of the chi-square and normal distributions."""

from __future__ import annotations

import math
from statistics import NormalDist

_NORMAL = NormalDist()


def chi_square_tail(x: float, dof: int) -> float:
    """P(X > x) of a chi-square with ``dof`` degrees of freedom.

    Q(x; 1) = erfc(sqrt(x/2)), Q(x; 2) = exp(-x/2),
    Q(x; k + 2) = Q(x; k) + (x/2)^(k/2) exp(-x/2) / Gamma(k/2 + 1)
    (Abramowitz M, Stegun IA, Handbook of Mathematical Functions, 26.4.4-8).
    """
    if dof < 1:
        return 1.0
    half = max(x, 0.0) / 2
    tail = math.erfc(math.sqrt(half)) if dof % 2 else math.exp(-half)
    for k in range(2 - dof % 2, dof, 2):
        tail += math.exp(k / 2 * math.log(half) - half - math.lgamma(k / 2 + 1)) if half > 0 else 0.0
    return min(tail, 1.0)


def normal_quantile(p: float) -> float:
    """x with P(X < x) = p of a standard normal X; beyond -37 or 37 there is none in double precision."""
    return _NORMAL.inv_cdf(min(max(p, 1e-300), 1 - 1e-16))
