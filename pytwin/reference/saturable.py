"""One compartment with Michaelis-Menten elimination in NumPy: the oracle of csrc/organs/pk_1cpt_mm.c."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def rate(x: Any, ka: Any, vm: Any, km: Any, v: Any) -> Any:
    """Derivatives of depot and central compartment; complex numbers pass through."""
    depot, central = x
    c = central / v
    return np.array([-ka * depot, ka * depot - vm * c / (km + c)])


def after_bolus(times: Array, c0: float, vm: float, km: float, v: float) -> Array:
    """Concentration after a bolus, by Newton's method on the integrated equation

        C + KM ln C = C(0) + KM ln C(0) - VM t/V

    in u = ln(C/KM), in which it is convex: u + exp(u) = known, so that every step after the first comes from
    the right.
    """
    known = np.log(c0 / km) + c0 / km - vm * np.asarray(times) / (v * km)
    u = np.where(known > 1, np.log(np.maximum(known, 1.0)), known)
    for _ in range(60):
        e = np.exp(u)
        u = u - (u + e - known) / (1 + e)
    return np.asarray(km * np.exp(u))
