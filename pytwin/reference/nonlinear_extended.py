"""Extended filters and smoothers in plain NumPy: the oracle of csrc/kalman/extended.c.

A model is x_{k+1} = f(x_k) + w, w ~ N(0, Q), y_k = h(x_k) + v, v ~ N(0, R), with derivatives ``df``
(n, n) and ``dh`` (m, n); the start is N(m0, P0) one step before the first observation. A NaN in y is not
observed.

Sarkka S, Svensson L. Bayesian Filtering and Smoothing, 2nd ed., Cambridge 2023, chapters 7 and 13.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Function = Callable[[Array], Array]


@dataclass(frozen=True)
class System:
    """Functions with their derivatives and the noise of a discrete-time model."""

    f: Function
    df: Function
    h: Function
    dh: Function
    Q: Array
    R: Array


@dataclass(frozen=True)
class Path:
    """Means (T, n), covariances (T, n, n) and, of a filter, ln p(y)."""

    mean: Array
    cov: Array
    loglike: float = float("nan")


def pendulum(dt: float = 0.01, g: float = 9.81, q: float = 0.01, r: float = 0.1) -> System:
    """The pendulum of chapter 5 of the book: angle and rate, the sine of the angle observed."""
    return System(
        f=lambda x: np.array([x[0] + dt * x[1], x[1] - g * dt * np.sin(x[0])]),
        df=lambda x: np.array([[1.0, dt], [-g * dt * np.cos(x[0]), 1.0]]),
        h=lambda x: np.array([np.sin(x[0])]),
        dh=lambda x: np.array([[np.cos(x[0]), 0.0]]),
        Q=q * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]]),
        R=np.array([[r]]),
    )


def affine_update(m: Array, P: Array, H: Array, v: Array, R: Array) -> tuple[Array, Array]:
    """N(m, P) given y = H x + e, e ~ N(0, R), with v = y - H m."""
    S = H @ P @ H.T + R
    K = np.linalg.solve(S, H @ P).T
    P = P - K @ S @ K.T
    return m + K @ v, (P + P.T) / 2


def log_normal(v: Array, S: Array) -> float:
    """ln N(v; 0, S)."""
    solved = np.linalg.solve(S, v)
    return float(-0.5 * (v @ solved + np.linalg.slogdet(2 * np.pi * S)[1]))


def update(system: System, m: Array, P: Array, y: Array, iterations: int = 1) -> tuple[Array, Array, float]:
    """The (iterated) extended update, and ln p(y) by Laplace's approximation at its end.

    Each iteration is a Gauss-Newton step for the largest posterior density: linearised at the last point z,
    v = y - h(z) - H (m - z). One iteration is the extended filter, whose ln p(y) is that of the forecast.
    """
    seen = np.isfinite(y)
    if not seen.any():
        return m, P, 0.0
    R, z, cov = system.R[np.ix_(seen, seen)], m, P
    H = system.dh(m)[seen]
    loglike = log_normal(y[seen] - system.h(m)[seen], H @ P @ H.T + R)
    for _ in range(iterations):
        H = system.dh(z)[seen]
        v = y[seen] - system.h(z)[seen] - H @ (m - z)
        z, cov = affine_update(m, P, H, v, R)
    if iterations > 1:
        loglike = laplace(system, m, P, y, z)
    return z, cov, loglike


def laplace(system: System, m: Array, P: Array, y: Array, z: Array) -> float:
    """ln p(y | z) p(z) with the posterior's volume at z, of the model that is linear there."""
    seen = np.isfinite(y)
    R, H = system.R[np.ix_(seen, seen)], system.dh(z)[seen]
    distance = (z - m) @ np.linalg.solve(P, z - m)
    volume = np.linalg.slogdet(np.eye(int(seen.sum())) + H @ P @ H.T @ np.linalg.inv(R))[1]
    return float(log_normal(y[seen] - system.h(z)[seen], R) - 0.5 * (distance + volume))


def ekf(system: System, y: ArrayLike, m0: ArrayLike, P0: ArrayLike, iterations: int = 1) -> Path:
    """The extended filter; with ``iterations`` > 1 the iterated one."""
    data, m, P = np.atleast_2d(np.asarray(y, float).T).T, np.asarray(m0, float), np.asarray(P0, float)
    means, covs, loglike = [], [], 0.0
    for row in data:
        F = system.df(m)
        m, P = system.f(m), F @ P @ F.T + system.Q
        m, P, gained = update(system, m, P, row, iterations)
        loglike += gained
        means.append(m)
        covs.append(P)
    return Path(np.array(means), np.array(covs), loglike)


def rts_step(
    m: Array, P: Array, F: Array, m_next: Array, Q: Array, smoothed: tuple[Array, Array]
) -> tuple[Array, Array]:
    """Smoothed moments of a step from those of the next; ``m_next``: its prediction."""
    predicted = F @ P @ F.T + Q
    G = np.linalg.solve(predicted, F @ P).T
    cov = P + G @ (smoothed[1] - predicted) @ G.T
    return m + G @ (smoothed[0] - m_next), (cov + cov.T) / 2


def erts(system: System, filtered: Path) -> Path:
    """The extended smoother, with the linearisation of the filter."""
    m, P = filtered.mean.copy(), filtered.cov.copy()
    for k in range(len(m) - 2, -1, -1):
        smoothed = (m[k + 1], P[k + 1])
        m[k], P[k] = rts_step(m[k], P[k], system.df(m[k]), system.f(m[k]), system.Q, smoothed)
    return Path(m, P)


def ierts(system: System, y: ArrayLike, m0: ArrayLike, P0: ArrayLike, start: Array, passes: int = 10) -> Path:
    """The iterated extended smoother: Gauss-Newton over the whole series.

    Each pass filters and smooths the model that is linear about the last path; ``start`` (T, n) is the first
    path, the one at time 0 begins with ``m0``.
    """
    data, T = np.atleast_2d(np.asarray(y, float).T).T, len(np.asarray(y))
    about, smoothed = np.vstack([m0, start]), np.zeros(0)
    cov = np.zeros((T + 1, about.shape[1], about.shape[1]))
    for _ in range(passes):
        m, P = [np.asarray(m0, float)], [np.asarray(P0, float)]
        predicted, slopes = [], []
        for k in range(T):
            F = system.df(about[k])
            ahead = system.f(about[k]) + F @ (m[k] - about[k])
            H, seen = system.dh(about[k + 1]), np.isfinite(data[k])
            v = data[k] - system.h(about[k + 1]) - H @ (ahead - about[k + 1])
            R = system.R[np.ix_(seen, seen)]
            z, V = affine_update(ahead, F @ P[k] @ F.T + system.Q, H[seen], v[seen], R)
            m.append(z)
            P.append(V)
            predicted.append(ahead)
            slopes.append(F)
        smoothed, cov = np.array(m), np.array(P)
        for k in range(T - 1, -1, -1):
            after = (smoothed[k + 1], cov[k + 1])
            smoothed[k], cov[k] = rts_step(m[k], P[k], slopes[k], predicted[k], system.Q, after)
        about = smoothed
    return Path(smoothed[1:], cov[1:])
