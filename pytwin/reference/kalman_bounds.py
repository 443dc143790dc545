"""Plain NumPy version of csrc/kalman/truncate.h: a Gaussian inside a box, by expectation propagation."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def inside(m: float, v: float, lower: float, upper: float) -> tuple[float, float]:
    """Mean and variance of N(m, v) on [lower, upper], by the error function."""
    sd = math.sqrt(v)
    a, b = (lower - m) / sd, (upper - m) / sd
    if a + b > 0:  # where the smaller tail probabilities keep their digits
        mean, var = inside(-m, v, -upper, -lower)
        return -mean, var

    def density(x: float) -> float:
        return math.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)

    def moment(x: float) -> float:
        return x * density(x) if math.isfinite(x) else 0.0

    mass = 0.5 * (math.erfc(-b / math.sqrt(2)) - math.erfc(-a / math.sqrt(2)))
    shift = (density(a) - density(b)) / mass
    return m + sd * shift, v * (1 + (moment(a) - moment(b)) / mass - shift * shift)


def truncate(mean: Array, cov: Array, lower: Array, upper: Array, sweeps: int = 1000) -> tuple[Array, Array]:
    """Mean and covariance of N(mean, cov) in the box; each site is a Gaussian factor of one element."""
    n = len(mean)
    t, s = np.zeros(n), np.zeros(n)
    m, P = mean.copy(), cov.copy()
    for _ in range(sweeps):
        before = m.copy()
        for i in range(n):
            if P[i, i] == 0 or not np.isfinite([lower[i], upper[i]]).any():
                continue
            precision, weighted = 1 / P[i, i] - t[i], m[i] / P[i, i] - s[i]
            mi, vi = inside(weighted / precision, 1 / precision, lower[i], upper[i])
            t[i], s[i] = 1 / vi - precision, mi / vi - weighted
            k = P[:, i] / P[i, i]
            m, P = m + k * (mi - m[i]), P - np.outer(k, k) * (P[i, i] - vi)
        if np.abs(m - before).max() <= 1e-14 * np.sqrt(np.diag(cov)).max():
            break
    return m, P
