"""Plain versions of the core's lane functions, from the C library and the standard library.

They are good to an ulp or so, not exact: the accuracy of the core is judged against mpmath (tests/lanes).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_NORMAL = NormalDist()


def _normcdf(x: float) -> float:
    return 0.5 * math.erfc(-x * math.sqrt(0.5))


def _norminv(p: float) -> float:
    if 0.0 < p < 1.0:
        return _NORMAL.inv_cdf(p)
    return -math.inf if p == 0.0 else math.inf if p == 1.0 else math.nan


def _each(function: Callable[[float], float]) -> Callable[[Array], Array]:
    return lambda a: np.array([function(x) for x in a.tolist()])


ONE: dict[str, Callable[[Array], Array]] = {
    "abs": np.abs, "ceil": np.ceil, "floor": np.floor, "round": np.rint, "sqrt": np.sqrt,
    "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p,
    "sin": np.sin, "cos": np.cos, "tanh": np.tanh,
    "erf": _each(math.erf), "erfc": _each(math.erfc),
    "normcdf": _each(_normcdf), "norminv": _each(_norminv),
}  # fmt: skip

TWO: dict[str, Callable[[Array, Array], Array]] = {
    "pow": np.power,
    "max": lambda a, b: np.where(a > b, a, b),
    "min": lambda a, b: np.where(a < b, a, b),
    "ldexp": lambda a, b: np.ldexp(a, b.astype(np.int32)),
}


def apply(name: str, a: Array, b: Array | None = None) -> Array:
    """What ``_core.lanes_apply`` computes: ``name(a[i])`` or ``name(a[i], b[i])``, shape of a."""
    with np.errstate(all="ignore"):
        return ONE[name](a) if b is None else TWO[name](a, b)
