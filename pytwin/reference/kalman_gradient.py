"""The log-likelihood of a linear model for numbers of any kind: its derivative by the complex step is the
oracle of csrc/kalman/linear_adjoint.c.

Squire W, Trapp G. Using complex variables to estimate derivatives of real functions. SIAM Rev
1998;40:110-112.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.reference.kalman import _at

Array = NDArray[Any]
STEP = 1e-30


def loglike(y: NDArray[np.float64], model: Mapping[str, Array]) -> complex:
    """ln p(y) of one series y (T, m), NaN = missing; ``model``: F, H, Q, R, x0, P0, G, c, d, with or without
    a time axis. Products have no conjugates, so that the result is analytic in every element.
    """
    x, P, total = model["x0"], model["P0"], 0j
    for t in range(len(y)):
        seen = np.flatnonzero(~np.isnan(y[t]))
        H, R = _at(model["H"], t, 2)[seen], _at(model["R"], t, 2)[np.ix_(seen, seen)]
        v = y[t, seen] - _at(model["d"], t, 1)[seen] - H @ x
        S = H @ P @ H.T + R
        if seen.size:
            weighted = np.linalg.solve(S, v)
            total -= 0.5 * (seen.size * math.log(2 * math.pi) + np.log(np.linalg.det(S)) + v @ weighted)
            x, P = x + P @ H.T @ weighted, P - P @ H.T @ np.linalg.solve(S, H @ P)
        F, G = _at(model["F"], t, 2), _at(model["G"], t, 2)
        x, P = F @ x + _at(model["c"], t, 1), F @ P @ F.T + G @ _at(model["Q"], t, 2) @ G.T
    return complex(total)


def gradient(y: NDArray[np.float64], model: Mapping[str, Array], name: str) -> NDArray[np.float64]:
    """d loglike / d model[name], element by element."""
    a = np.asarray(model[name], dtype=complex)
    found = np.empty(a.shape)
    for at in np.ndindex(a.shape):
        moved = a.copy()
        moved[at] += 1j * STEP
        found[at] = loglike(y, {**model, name: moved}).imag / STEP
    return found
