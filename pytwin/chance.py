"""Tails and quantiles of the normal, chi-square and F distributions."""

from __future__ import annotations

import math
from statistics import NormalDist

_NORMAL = NormalDist()
_LARGE = 20_000  # degrees of freedom from which a chi-square is as good as its normal approximation


def chi_square_tail(x: float, dof: int) -> float:
    """P(X > x) of a chi-square with ``dof`` degrees of freedom.

    Q(x; 1) = erfc(sqrt(x/2)), Q(x; 2) = exp(-x/2),
    Q(x; k + 2) = Q(x; k) + (x/2)^(k/2) exp(-x/2) / Gamma(k/2 + 1)
    (Abramowitz M, Stegun IA, Handbook of Mathematical Functions, 26.4.4-8); beyond 20,000 degrees of freedom
    the normal approximation of its cube root (26.4.14), which is right to 1e-6 there.
    """
    if dof < 1:
        return 1.0
    if dof > _LARGE:
        spread = 2 / (9 * dof)
        return normal_tail(((max(x, 0.0) / dof) ** (1 / 3) - (1 - spread)) / math.sqrt(spread))
    half = max(x, 0.0) / 2
    tail = math.erfc(math.sqrt(half)) if dof % 2 else math.exp(-half)
    for k in range(2 - dof % 2, dof, 2):
        tail += math.exp(k / 2 * math.log(half) - half - math.lgamma(k / 2 + 1)) if half > 0 else 0.0
    return min(tail, 1.0)


def chi_square_quantile(p: float, dof: int) -> float:
    """x with P(X < x) = p of a chi-square with ``dof`` degrees of freedom, by halving; 0 < p < 1."""
    low, high = 0.0, dof + 10 * math.sqrt(2 * dof) + 100.0
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if chi_square_tail(middle, dof) > 1 - p else (low, middle)
    return (low + high) / 2


def f_tail(x: float, first: int, second: int) -> float:
    """P(X > x) of an F distribution with ``first`` and ``second`` degrees of freedom.

    I_z(second/2, first/2) at z = second / (second + first x) (Abramowitz & Stegun 26.6.2).
    """
    return incomplete_beta(second / 2, first / 2, second / (second + first * max(x, 0.0)))


def f_quantile(p: float, first: int, second: int) -> float:
    """x with P(X < x) = p of an F distribution, by halving on the scale of logarithms; 0 < p < 1."""
    low, high = -50.0, 50.0
    while high - low > 1e-12:
        middle = (low + high) / 2
        low, high = (middle, high) if f_tail(math.exp(middle), first, second) > 1 - p else (low, middle)
    return math.exp((low + high) / 2)


def incomplete_beta(a: float, b: float, z: float) -> float:
    """I_z(a, b), the regularised incomplete beta function (Abramowitz & Stegun 26.5.8: a fraction)."""
    if not 0 < z < 1:
        return 0.0 if z <= 0 else 1.0
    if z > (a + 1) / (a + b + 2):  # where the fraction converges slowly
        return 1 - incomplete_beta(b, a, 1 - z)
    scale = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(z) + b * math.log1p(-z)
    )
    return scale / (a * _fraction(a, b, z))


def _fraction(a: float, b: float, z: float) -> float:
    """1 + d1/(1 + d2/(1 + ...)), d_{2m} and d_{2m+1} of 26.5.8, from the front (Lentz 1976)."""
    value, c, d = 1.0, 1.0, 0.0
    for k in range(1, 10_000):
        m = k // 2
        top = m * (b - m) if k % 2 == 0 else -(a + m) * (a + b + m)
        term = top * z / ((a + k - 1) * (a + k))
        d = 1 / (1 + term * d)
        c = 1 + term / c
        value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return value


def normal_tail(x: float) -> float:
    """P(X > x) of a standard normal X."""
    return math.erfc(x / math.sqrt(2)) / 2


def normal_quantile(p: float) -> float:
    """x with P(X < x) = p of a standard normal X; beyond -37 or 37 there is none in double precision."""
    return _NORMAL.inv_cdf(min(max(p, 1e-300), 1 - 1e-16))
