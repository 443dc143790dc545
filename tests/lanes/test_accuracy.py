"""Accuracy of the lane functions: the largest error in ulp against mpmath, as vmath.h states it.

An ulp is the distance of the doubles around the exact result. The fast tier takes a few hundred points of
each kind; the slow one hundreds of thousands in all, and prints the table of vmath.h.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import mpmath as mp
import numpy as np
import pytest
from numpy.typing import NDArray

from pytwin import _core

pytestmark = pytest.mark.core
Array = NDArray[np.float64]

# name -> largest error allowed, in ulp: the table in csrc/lanes/vmath.h
BOUND = {
    "exp": 1.0, "expm1": 1.0, "log": 1.0, "log1p": 1.0, "pow": 1.0, "sin": 1.0, "cos": 1.0,
    "tanh": 2.0, "erf": 1.5, "erfc": 1.5, "normcdf": 2.5, "norminv": 5.0,
}  # fmt: skip


def normcdf(x: mp.mpf) -> mp.mpf:
    return mp.erfc(-x / mp.sqrt(2)) / 2


EXACT: dict[str, Callable[[mp.mpf], mp.mpf]] = {
    "exp": mp.exp, "expm1": mp.expm1, "log": mp.log, "log1p": mp.log1p, "sin": mp.sin, "cos": mp.cos,
    "tanh": mp.tanh, "erf": mp.erf, "erfc": mp.erfc, "normcdf": normcdf,
}  # fmt: skip


class Points:
    """Kinds of test points, n of each."""

    def __init__(self, n: int) -> None:
        self.n, self.rng = n, np.random.default_rng(20)

    def flat(self, low: float, high: float) -> Array:
        return self.rng.uniform(low, high, self.n)

    def powers(self, low: float, high: float) -> Array:
        return np.exp2(self.flat(low, high))

    def both(self, x: Array) -> Array:
        return x * self.rng.choice([-1.0, 1.0], len(x))

    def bits(self) -> Array:
        raw = self.rng.integers(0, 0x7FF0000000000000, self.n, dtype=np.uint64)
        return raw.view(np.float64)

    def of(self, name: str) -> Array:
        near_one = 1.0 + self.both(self.powers(-52, -2))
        kinds: dict[str, list[Array]] = {
            "exp": [self.flat(-745.1, 709.7), self.flat(-2, 2), self.both(self.powers(-60, 9)),
                    self.flat(-745.1, -707)],
            "expm1": [self.flat(-40, 709.7), self.flat(-2, 2), self.both(self.powers(-1070, 5))],
            "log": [self.flat(0.5, 2), self.bits(), near_one, self.powers(-1074, -1020)],
            "log1p": [self.flat(-0.999, 2), self.powers(-60, 1000), self.both(self.powers(-60, -1)),
                      -1 + self.powers(-52, -1)],
            "sin": [self.flat(-10, 10), self.both(self.powers(-30, 20)), self.both(self.bits()),
                    np.arange(1, self.n) * (math.pi / 2)],
            "tanh": [self.flat(-3, 3), self.both(self.powers(-60, 5)), self.flat(0.4, 0.7)],
            "erf": [self.flat(-3, 3), self.both(self.powers(-60, 3)), self.flat(0.8, 1.2)],
            "erfc": [self.flat(-3, 3), self.flat(3, 27.2), self.flat(0.2, 0.6)],
            "normcdf": [self.flat(-3, 3), self.flat(-38.4, -3), self.flat(-0.6, 0.6), self.flat(0, 8)],
            "norminv": [self.flat(0, 1), self.flat(0.4, 0.6), self.powers(-1000, -1), self.flat(0.05, 0.1)],
        }  # fmt: skip
        return np.concatenate(kinds["sin" if name == "cos" else name])


def ulps(got: float, exact: mp.mpf) -> float:
    if exact == 0:
        return 0.0 if got == 0 else math.inf
    if not math.isfinite(got):
        overflow = abs(exact) >= mp.mpf(2) ** 1024 * (1 - mp.mpf(2) ** -54)
        return 0.0 if overflow else math.inf
    exponent = max(int(mp.floor(mp.log(abs(exact), 2))), -1022)
    return float(abs(mp.mpf(got) - exact) / mp.mpf(2) ** (exponent - 52))


def exact_norminv(p: float, start: float) -> mp.mpf:
    """Two Newton steps in 160 bits from a double that is right to a few ulp."""
    z = mp.mpf(start)
    for _ in range(2):
        miss = normcdf(z) - p if z < 0 else (1 - mp.mpf(p)) - normcdf(-z)
        z -= miss * mp.sqrt(2 * mp.pi) * mp.exp(z * z / 2)
    return z


def error(name: str, x: float, got: float) -> float:
    with mp.workprec(1300 if name in ("sin", "cos") and abs(x) > 2.0**60 else 160):
        exact = exact_norminv(x, got) if name == "norminv" else EXACT[name](mp.mpf(x))
    with mp.workprec(160):
        return ulps(got, exact)


def worst_error(name: str, n: int) -> tuple[float, float]:
    x = Points(n).of(name)
    y = _core.lanes_apply(name, x)
    return max((error(name, a, g), a) for a, g in zip(x.tolist(), y.tolist(), strict=True))


def worst_pow(n: int) -> float:
    p = Points(n)
    x = np.concatenate([p.powers(-20, 20), p.flat(0.5, 2), p.bits(), 1 + p.both(p.powers(-40, -2))])
    y = np.concatenate([p.flat(-30, 30), p.flat(-1000, 1000), p.flat(-1.1, 1.1), p.both(p.powers(-3, 45))])
    worst = 0.0
    for a, b, got in zip(x.tolist(), y.tolist(), _core.lanes_apply("pow", x, y).tolist(), strict=True):
        with mp.workprec(160):
            log = mp.mpf(b) * mp.log(mp.mpf(a))
            if abs(log) > 746:
                assert got == (math.inf if log > 0 else 0.0)
            else:
                worst = max(worst, ulps(got, mp.exp(log)))
    return worst


@pytest.mark.parametrize("name", [*EXACT, "norminv"])
def test_error_in_ulp(name: str) -> None:
    worst, where = worst_error(name, 150)
    assert worst <= BOUND[name], where


def test_error_of_pow() -> None:
    assert worst_pow(150) <= BOUND["pow"]


@pytest.mark.slow
@pytest.mark.parametrize("name", [*EXACT, "norminv"])
def test_error_in_ulp_on_many_points(name: str) -> None:
    worst, where = worst_error(name, 8000)
    print(f"{name}: {worst:.3f} ulp at {where!r}")
    assert worst <= BOUND[name]


@pytest.mark.slow
def test_error_of_pow_on_many_points() -> None:
    worst = worst_pow(10000)
    print(f"pow: {worst:.3f} ulp")
    assert worst <= BOUND["pow"]


@pytest.mark.parametrize("name", ["sin", "cos"])
def test_reduction_of_the_hardest_argument(name: str) -> None:
    # 6381956970095103 * 2^797 is the double that is closest to a multiple of pi/2 (Kahan; Muller, Elementary
    # Functions, 3rd ed., table 11.1)
    x = math.ldexp(6381956970095103.0, 797)
    got = float(_core.lanes_apply(name, np.array([x]))[0])
    assert error(name, x, got) <= BOUND[name]
