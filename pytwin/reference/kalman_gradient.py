"""The log-likelihood of a linear model for numbers of any kind: its derivative by the complex step is the
oracle of csrc/kalman/linear_adjoint.c and linear_diffuse_adjoint.c.

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


def diffuse_loglike(y: NDArray[np.float64], model: Mapping[str, Array], Pinf: NDArray[np.float64]) -> complex:
    """The same where the start is N(x0, kappa Pinf + P0), kappa -> infinity: elements one after the other in
    powers of kappa, as in kalman_diffuse.py. What is diffuse is judged by real parts alone.
    """
    x, P, inf, total = model["x0"], model["P0"], Pinf.astype(complex), 0j
    left = int(np.linalg.matrix_rank(Pinf))
    for t in range(len(y)):
        seen = np.flatnonzero(~np.isnan(y[t]))
        H, R = _at(model["H"], t, 2)[seen], _at(model["R"], t, 2)[np.ix_(seen, seen)]
        L, D = _unit_factor(R)
        away = np.linalg.solve(L, y[t, seen] - _at(model["d"], t, 1)[seen])
        for e, h, r in zip(away, np.linalg.solve(L, H), D, strict=True):
            v = e - h @ x
            total -= 0.5 * math.log(2 * math.pi)
            f = h @ inf @ h
            if left and f.real > 1e-9 * (np.abs(h) @ np.sqrt(np.abs(np.diag(inf)))) ** 2:
                K = inf @ h / f
                A = np.eye(len(x)) - np.outer(K, h)
                x, P, inf = x + K * v, A @ P @ A.T + r * np.outer(K, K), A @ inf @ A.T
                total -= 0.5 * np.log(f)
                left -= 1
                if left == 0:
                    inf = np.zeros_like(inf)
            else:
                M = P @ h
                f = h @ M + r
                x, P = x + M * (v / f), P - np.outer(M, M) / f
                total -= 0.5 * (np.log(f) + v * v / f)
        F, G = _at(model["F"], t, 2), _at(model["G"], t, 2)
        x, P = F @ x + _at(model["c"], t, 1), F @ P @ F.T + G @ _at(model["Q"], t, 2) @ G.T
        inf = F @ inf @ F.T
    return complex(total)


def _unit_factor(R: Array) -> tuple[Array, Array]:
    """R = L D L' with a unit diagonal in L, without conjugates; a pivot of 0 stays."""
    L, rest, D = np.eye(len(R), dtype=complex), R.astype(complex), np.zeros(len(R), dtype=complex)
    for j in range(len(R)):
        D[j] = rest[j, j]
        if D[j] != 0:
            L[j + 1 :, j] = rest[j + 1 :, j] / D[j]
            rest = rest - D[j] * np.outer(L[:, j], L[:, j])
    return L, D


def gradient(
    y: NDArray[np.float64],
    model: Mapping[str, Array],
    name: str,
    Pinf: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """d loglike / d model[name], element by element; with Pinf that of the diffuse likelihood."""
    a = np.asarray(model[name], dtype=complex)
    found = np.empty(a.shape)
    for at in np.ndindex(a.shape):
        moved = a.copy()
        moved[at] += 1j * STEP
        there = {**model, name: moved}
        value = loglike(y, there) if Pinf is None else diffuse_loglike(y, there, Pinf)
        found[at] = value.imag / STEP
    return found
