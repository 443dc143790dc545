"""Plain NumPy version of the square-root form of the filters by sigma points.

A covariance P = U'U comes as U and goes as U. Weighted points, noise and gain are rows of one array whose
triangle (QR) is the next U; a negative weight of the centre takes a row out again (van der Merwe R, Wan EA,
The square-root unscented Kalman filter for state and parameter estimation, ICASSP 2001:3461-3464).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytwin.reference.kalman import SigmaRule

Array = NDArray[np.float64]
Function = Callable[[Array], Array]


def triangle(rows: Array, first: int = 0) -> Array:
    """U (n, n) with U'U = rows'rows, upper triangular when its columns run from `first` on."""
    n = rows.shape[1]
    order = (first + np.arange(n)) % n
    padded = np.vstack([rows[:, order], np.zeros((n, n))])
    R = np.linalg.qr(padded, mode="r")
    U = np.zeros((n, n))
    U[:, order] = np.where(np.diag(R) < 0, -1.0, 1.0)[:, None] * R
    return U


def without(U: Array, row: Array, first: int = 0) -> Array:
    """The triangle of U'U - row row' (Golub & Van Loan, Matrix Computations, 4th ed., sec. 6.5.4).

    Raises
    ------
    numpy.linalg.LinAlgError
        That is not positive definite.
    """
    n = len(row)
    order = (first + np.arange(n)) % n
    a, rest = np.zeros(n), row.copy()
    for s, j in enumerate(order):
        a[s] = rest[j] / U[s, j] if U[s, j] > 0 else 0.0
        rest = rest - a[s] * U[s]
    if not a @ a < 1:
        raise np.linalg.LinAlgError("a negative weight takes out more than there is")
    found, size, out = U.copy(), math.sqrt(1 - a @ a), np.zeros(n)
    for s in reversed(range(n)):
        whole = math.hypot(size, a[s])
        c, sine = size / whole, a[s] / whole
        found[s], out = c * U[s] - sine * out, c * out + sine * U[s]
        size = whole
    return found


@dataclass(frozen=True)
class Gaussian:
    """N(m, U'U)."""

    m: Array
    U: Array


def points(rule: SigmaRule, z: Gaussian) -> Array:
    """(2n + 1, n)"""
    step = math.sqrt(rule.c) * z.U
    return np.concatenate([z.m[None], z.m + step, z.m - step])


def gathered(rule: SigmaRule, D: Array, more: Sequence[Array], first: int) -> tuple[Array, Array]:
    """Shift and triangle of points D (2n + 1, n) about the centre, beside further rows.

    P = w sum D_i D_i' + (beta - alpha^2) shift shift', the form of csrc/kalman/sigma.h.
    """
    w, bend = 0.5 / rule.c, rule.beta - rule.alpha**2
    shift = w * D.sum(axis=0)
    U = triangle(np.vstack([math.sqrt(w) * D, math.sqrt(max(bend, 0.0)) * shift[None], *more]), first)
    return shift, without(U, math.sqrt(-bend) * shift, first) if bend < 0 else U


def predict(rule: SigmaRule, z: Gaussian, f: Function, noise: Array, first: int = 0) -> Gaussian:
    """z through f; noise (k, n): rows of a root of the process noise."""
    X = f(points(rule, z))
    shift, U = gathered(rule, X - X[0], [noise], first)
    return Gaussian(X[0] + shift, U)


def update(
    rule: SigmaRule, z: Gaussian, h: Function, y: float, sd: float, first: int = 0
) -> tuple[Gaussian, float, float]:
    """z given y = h(z) + e; variance of h before, and what the log-likelihood gains."""
    X = points(rule, z)
    values = h(X)
    e, D, w, bend = values - values[0], X - X[0], 0.5 / rule.c, rule.beta - rule.alpha**2
    shift = w * e.sum()
    latent = w * e @ e + bend * shift**2
    var, innovation = latent + sd**2, y - (values[0] + shift)
    gain = (w * e @ D + bend * shift * w * D.sum(axis=0)) / var
    _, U = gathered(rule, D - e[:, None] * gain, [sd * gain[None]], first)
    gained = -0.5 * (math.log(2 * math.pi * var) + innovation**2 / var)
    return Gaussian(z.m + gain * innovation, U), float(latent), gained
