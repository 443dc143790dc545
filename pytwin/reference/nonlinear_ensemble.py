"""Ensemble Kalman filters in plain NumPy: the oracle of csrc/kalman/ensemble*.c.

An ensemble E (N, n) stands for a Gaussian: its mean and its covariance A'A / (N - 1), A = E - mean. With the
members' observations Z (N, m), their anomalies Y = Z - mean, errors of variance R (m) and

    S = Y R^-1/2 / sqrt(N - 1),    v = R^-1/2 (y - mean Z),    M = I + S S'    (N, N)

the gain of the Kalman filter is K R^1/2 = A' M^-1 S / sqrt(N - 1). The methods differ in what they do with
the anomalies. Variates are given, so that a run is a function of its arguments.

Evensen G. Data Assimilation, 2nd ed. Springer 2009. Burgers G, van Leeuwen PJ, Evensen G. Mon Weather Rev
1998;126:1719-1724 (perturbed observations). Bishop CH, Etherton BJ, Majumdar SJ. Mon Weather Rev
2001;129:420-436 and Hunt BR, Kostelich EJ, Szunyogh I. Physica D 2007;230:112-126 (symmetric square root and
its local form). Sakov P, Oke PR. Tellus A 2008;60:361-371 (half the gain). Gaspari G, Cohn SE. Q J R Meteorol
Soc 1999;125:723-757 (taper).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def spread(ensemble: Array) -> tuple[Array, Array]:
    """Mean (n) and anomalies (N, n)."""
    mean = ensemble.mean(axis=0)
    return mean, ensemble - mean


def scaled(seen: Array, y: Array, R: Array) -> tuple[Array, Array]:
    """S (N, m) and v (m)."""
    mean, Y = spread(seen)
    return Y / np.sqrt(R) / np.sqrt(len(seen) - 1), (y - mean) / np.sqrt(R)


def perturbed(ensemble: Array, seen: Array, y: Array, R: Array, normals: Array) -> Array:
    """Each member is moved by its own perturbed observation; ``normals`` (N, m) are centred first."""
    S, v = scaled(seen, y, R)
    N = len(ensemble)
    noise = normals - normals.mean(axis=0)
    missed = v + noise - np.sqrt(N - 1) * S
    weights = np.linalg.solve(np.eye(N) + S @ S.T, S @ missed.T) / np.sqrt(N - 1)
    moved: Array = ensemble + weights.T @ spread(ensemble)[1]
    return moved


def half_gain(ensemble: Array, seen: Array, y: Array, R: Array) -> Array:
    """The mean by the gain, the anomalies by half of it (DEnKF)."""
    S, v = scaled(seen, y, R)
    mean, A = spread(ensemble)
    root = np.sqrt(len(ensemble) - 1)
    missed = v - 0.5 * root * S
    weights = np.linalg.solve(np.eye(len(A)) + S @ S.T, S @ missed.T) / root
    moved: Array = ensemble + weights.T @ A
    return moved


def transform(S: Array, v: Array) -> tuple[Array, Array]:
    """w (N) and T (N, N), symmetric: mean + w'A and T A are the moments given the observations."""
    values, vectors = np.linalg.eigh(S @ S.T)
    large = 1.0 + np.maximum(values, 0.0)
    w = (vectors / large) @ (vectors.T @ (S @ v)) / np.sqrt(len(S) - 1)
    return w, (vectors / np.sqrt(large)) @ vectors.T


def square_root(ensemble: Array, seen: Array, y: Array, R: Array) -> Array:
    """The symmetric square root (ETKF)."""
    w, T = transform(*scaled(seen, y, R))
    mean, A = spread(ensemble)
    moved: Array = mean + w @ A + T @ A
    return moved


def taper(distance: Array, radius: float) -> Array:
    """Gaspari and Cohn's function of order five with the support 2 * 1.82 * radius.

    At the radius it is 0.63, not far from the exp(-1/2) of a Gaussian whose deviation that is.
    """
    r = np.abs(distance) / (1.82 * radius)
    near = 1 - r**2 * (5 / 3 - r * (5 / 8 + r * (1 / 2 - r / 4)))
    beyond = np.maximum(r, 1.0)
    far = (
        4
        - beyond * (5 - beyond * (5 / 3 + beyond * (5 / 8 - beyond * (1 / 2 - beyond / 12))))
        - 2 / (3 * beyond)
    )
    return np.where(r <= 1, near, np.where(r < 2, far, 0.0))


def distance(a: Array, b: Array, period: float) -> Array:
    """Between each of a and each of b, on a line or, with a period, on a circle."""
    d: Array = np.abs(a[:, None] - b[None, :])
    return d if not period else np.minimum(d % period, period - d % period)


def local(ensemble: Array, seen: Array, y: Array, R: Array, weight: Array, least: float = 1e-3) -> Array:
    """The square root for each state alone, with the observations near it (LETKF).

    ``weight`` (n, m): each state's taper of each observation; those of at most ``least`` are left out.
    """
    S, v = scaled(seen, y, R)
    mean, A = spread(ensemble)
    moved = np.empty_like(ensemble)
    for i in range(ensemble.shape[1]):
        root = np.sqrt(np.where(weight[i] > least, weight[i], 0.0))
        w, T = transform(S * root, v * root)
        moved[:, i] = mean[i] + w @ A[:, i] + T @ A[:, i]
    return moved


def rotation(normals: Array) -> Array:
    """(N, N) random orthogonal matrix that keeps the mean, from normals (N - 1, N - 1).

    Uniform on the rotations of the space orthogonal to (1, ..., 1): N - 2 reflections of falling dimension
    and a sign (Stewart GW. SIAM J Numer Anal 1980;17:403-409), row k of ``normals`` from element k on.
    """
    k = len(normals)
    Q = np.eye(k)
    for i in range(k - 1, -1, -1):
        x = normals[i, i:].copy()
        sign = 1.0 if x[0] >= 0 else -1.0
        if i < k - 1:
            x[0] += sign * np.sqrt(x @ x)
            Q[i:, i:] -= np.outer(x, x @ Q[i:, i:]) * (2 / (x @ x))
        Q[i, i:] *= -sign
    return embed(Q)


def embed(Q: Array) -> Array:
    """Q (N - 1, N - 1) in the space orthogonal to (1, ..., 1), through the reflection of that onto e_1."""
    N = len(Q) + 1
    u = np.full(N, 1 / np.sqrt(N))
    u[0] += 1.0
    H = np.eye(N) - np.outer(u, u) * (2 / (u @ u))
    inner = np.eye(N)
    inner[1:, 1:] = Q
    R: Array = H @ inner @ H
    return R


def finish(ensemble: Array, inflation: float = 1.0, turn: Array | None = None) -> Array:
    """Anomalies turned (``rotation``) and multiplied."""
    mean, A = spread(ensemble)
    return mean + inflation * (A if turn is None else turn.T @ A)


def back(start: Array, end: Array, after: Array) -> Array:
    """Members where a step begins, smoothed: from those where it ends, before and after all that was learned.

    Raanes PN. Q J R Meteorol Soc 2016;142:1259-1264: regression on the anomalies at the end.
    """
    J: Array = np.linalg.pinv(spread(end)[1], rcond=1e-10) @ spread(start)[1]
    return start + (after - end) @ J


def lorenz96(x: Array, F: float = 8.0) -> Array:
    """Derivatives of Lorenz's ring over the last axis."""
    return (np.roll(x, -1, -1) - np.roll(x, 2, -1)) * np.roll(x, 1, -1) - x + F


def rk4(rate: Any, x: Array, h: float) -> Array:
    """A step of the classical method of Runge and Kutta."""
    a = rate(x)
    b = rate(x + 0.5 * h * a)
    c = rate(x + 0.5 * h * b)
    d = rate(x + h * c)
    step: Array = x + h / 6 * (a + 2 * b + 2 * c + d)
    return step
