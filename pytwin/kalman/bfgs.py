"""Quasi-Newton minimisation of many small problems at once, one function call for all of them in each trial.

Every problem has a step, an approximate Hessian and an end of its own: its result does not depend on others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Minimum", "minimise"]

Array = NDArray[np.float64]
Which = NDArray[np.intp]
Function = Callable[[Array, Which], tuple[Array, Array]]

_ENOUGH, _FLAT = 1e-4, 0.9  # c1 and c2 of Wolfe's conditions
_TRIALS = 40


@dataclass
class Minimum:
    """Where the searches ended, one row a problem.

    Attributes
    ----------
    x : ndarray, shape (K, p)
    value : ndarray, shape (K,)
    gradient : ndarray, shape (K, p)
    converged : ndarray of bool, shape (K,)
        The gradient is small, or the value cannot be told from those around it.
    iterations : ndarray of int, shape (K,)
    """

    x: Array
    value: Array
    gradient: Array
    converged: NDArray[np.bool_]
    iterations: NDArray[np.int64]


def minimise(f: Function, start: Array, *, gradient: Array | float = 1e-6, iterations: int = 200) -> Minimum:
    """Minimise K functions of p variables each by BFGS.

    Parameters
    ----------
    f : callable
        ``f(x (k, p), which (k,))`` gives values (k,) and gradients (k, p) of the problems that `which` names;
        a value that is not finite is a point where a problem does not exist.
    start : ndarray, shape (K, p)
        The variables should be of size 1 or so.
    gradient : float or ndarray, shape (K,)
        A problem ends where no element of its gradient is larger.
    iterations : int
        The most steps of a problem.

    References
    ----------
    Nocedal & Wright (2006), Numerical Optimization, 2nd ed., sec. 6.1; the step satisfies Wolfe's weak
    conditions, found by doubling and halving (Lewis & Overton 2013, Mathematical Programming 141, 135).
    """
    K, p = start.shape
    found = Minimum(
        start.copy(), *f(start, np.arange(K)), np.zeros(K, dtype=bool), np.zeros(K, dtype=np.int64)
    )
    goal = np.broadcast_to(np.asarray(gradient, dtype=float), (K,))
    inverse = np.broadcast_to(np.eye(p), (K, p, p)).copy()
    fresh = np.ones(K, dtype=bool)  # no curvature is known yet
    going = np.isfinite(found.value) & np.isfinite(found.gradient).all(axis=1)
    while True:
        small = np.abs(found.gradient).max(axis=1, initial=0.0) <= goal
        found.converged |= going & small
        going &= ~small & (found.iterations < iterations)
        which = np.flatnonzero(going)
        if which.size == 0:
            return found
        direction = _directions(inverse, fresh, found.gradient, which)
        x, value, slope, moved = _line_search(f, found, direction, which)
        s, y = x - found.x[which], slope - found.gradient[which]
        _update(inverse, fresh, which[moved], s[moved], y[moved])
        found.x[which], found.value[which], found.gradient[which] = x, value, slope
        found.iterations[which] += 1
        _give_up(found, inverse, fresh, going, which[~moved])


def _directions(inverse: Array, fresh: NDArray[np.bool_], gradient: Array, which: Which) -> Array:
    """-H g; where that does not lead downhill, or nothing is known yet, down the gradient by at most 1."""
    g = gradient[which]
    d: Array = -np.einsum("kij,kj->ki", inverse[which], g)
    bad = fresh[which] | ~((d * g).sum(axis=1) < 0)
    inverse[which[bad]] = np.eye(g.shape[1])
    fresh[which[bad]] = True
    steepest = -g / np.maximum(1.0, np.sqrt((g**2).sum(axis=1, keepdims=True)))
    d[bad] = steepest[bad]
    return d


def _line_search(
    f: Function, found: Minimum, d: Array, which: Which
) -> tuple[Array, Array, Array, NDArray[np.bool_]]:
    """Points along d that satisfy Wolfe's conditions, else the best that lies lower; whether there is one."""
    x0, f0, g0 = found.x[which], found.value[which], found.gradient[which]
    slope = (d * g0).sum(axis=1)
    x, value, gradient = x0.copy(), f0.copy(), g0.copy()
    k = which.size
    t, low, high = np.ones(k), np.zeros(k), np.full(k, np.inf)
    moved, open_ = np.zeros(k, dtype=bool), np.ones(k, dtype=bool)
    for _ in range(_TRIALS):
        at = np.flatnonzero(open_)
        if at.size == 0:
            break
        trial = x0[at] + t[at, None] * d[at]
        v, g = f(trial, which[at])
        ok = np.isfinite(v) & np.isfinite(g).all(axis=1) & (v <= f0[at] + _ENOUGH * t[at] * slope[at])
        ok &= v < f0[at]
        flat = ok & ((g * d[at]).sum(axis=1) >= _FLAT * slope[at])
        better = at[ok]
        x[better], value[better], gradient[better] = trial[ok], v[ok], g[ok]
        moved[better] = True
        high[at[~ok]] = t[at[~ok]]
        low[better] = t[better]
        open_[at[flat]] = False
        t[at] = np.where(np.isfinite(high[at]), (low[at] + high[at]) / 2, 2 * low[at])
    return x, value, gradient, moved


def _update(inverse: Array, fresh: NDArray[np.bool_], which: Which, s: Array, y: Array) -> None:
    """H <- (I - rho s y') H (I - rho y s') + rho s s', rho = 1 / y's, where the curvature is positive."""
    curved = (s * y).sum(axis=1) > 1e-14 * np.sqrt((s**2).sum(axis=1) * (y**2).sum(axis=1))
    which, s, y = which[curved], s[curved], y[curved]
    sy = (s * y).sum(axis=1)
    first = fresh[which]
    inverse[which[first]] *= (sy[first] / (y[first] ** 2).sum(axis=1))[:, None, None]
    fresh[which] = False
    A = np.eye(s.shape[1]) - s[:, :, None] * y[:, None, :] / sy[:, None, None]
    ahead = s[:, :, None] * s[:, None, :] / sy[:, None, None]
    inverse[which] = A @ inverse[which] @ np.swapaxes(A, 1, 2) + ahead


def _give_up(
    found: Minimum, inverse: Array, fresh: NDArray[np.bool_], going: NDArray[np.bool_], stuck: Which
) -> None:
    """No lower point along the direction: once more down the gradient, then that is the minimum."""
    done = stuck[fresh[stuck]]
    found.converged[done] = True
    going[done] = False
    again = stuck[~fresh[stuck]]
    fresh[again] = True
    inverse[again] = np.eye(inverse.shape[1])
