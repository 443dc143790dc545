"""Filters of delay equations: the linear one exactly, as one Gaussian; Mackey and Glass's by particles.

In x' = -b x(t - tau) with x = x_0 before the start and kicks w_k at times s_k the state is linear in what is
unknown, x(t) = phi(t) x_0 + sum_k answer(t - s_k) w_k, with both functions in closed form
(`pytwin.reference.delay`). So the states at all times and the observations have one joint normal
distribution.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pytwin.reference.delay import answer, linear_delay

Array = NDArray[np.float64]


def linear(
    times: Array,
    y: Array,
    error: float,
    mean: float,
    var: float,
    *,
    b: float = 1.0,
    tau: float = 1.0,
    noise: float = 0.0,
    step: float = np.inf,
) -> tuple[Array, Array, float]:
    """Means and variances of x at ``times`` given y up to there, and ln p(y).

    Parameters
    ----------
    times, y : (T,)
        Observations y = x + e with standard deviation ``error``; NaN: none.
    mean, var : float
        Of x_0, the state at time 0 and before.
    noise, step : float
        Kicks at the ends of steps of ``step``, counted anew from each observation, of variance ``noise`` a
        unit of time.
    """
    ends, spans = kicks(times, step) if noise > 0 else (np.zeros(0), np.zeros(0))
    A = responses(times, ends, b, tau)
    unknown = np.diag(np.concatenate([[var], noise * spans]))
    prior, m0 = A @ unknown @ A.T, A[:, 0] * mean
    means, variances = np.empty(len(times)), np.empty(len(times))
    for k in range(len(times)):
        seen = np.flatnonzero(~np.isnan(y[: k + 1]))
        S = prior[np.ix_(seen, seen)] + error**2 * np.eye(len(seen))
        gain = np.linalg.solve(S, prior[seen, k]) if len(seen) else np.zeros(0)
        means[k] = m0[k] + gain @ (y[seen] - m0[seen])
        variances[k] = prior[k, k] - gain @ prior[seen, k]
    seen = np.flatnonzero(~np.isnan(y))
    S = prior[np.ix_(seen, seen)] + error**2 * np.eye(len(seen))
    left = y[seen] - m0[seen]
    loglike = -0.5 * (np.linalg.slogdet(2 * np.pi * S)[1] + left @ np.linalg.solve(S, left))
    return means, variances, float(loglike)


def responses(times: Array, ends: Array, b: float = 1.0, tau: float = 1.0) -> Array:
    """(T, 1 + n) derivatives of the state at ``times`` to x_0 and to kicks at ``ends`` (n,)."""
    return np.column_stack([linear_delay(times, b, tau), *[_answers(times - s, b, tau) for s in ends]])


def _answers(times: Array, b: float, tau: float) -> Array:
    return np.array([answer(t, b, tau) if t >= -1e-12 else 0.0 for t in times])


def kicks(times: Array, step: float) -> tuple[Array, Array]:
    """When the kicks come from time 0 to the last observation, and the lengths of their steps."""
    t, ends = 0.0, []
    for target in times:
        while t < target:
            t = t + step if target - t > step else float(target)
            ends.append(t)
    return np.array(ends), np.diff(np.concatenate([[0.0], ends]))


GLASS_STEP = 0.125
GLASS_LAG = 136  # of these in the delay


def _glass(x: Array, late: Array) -> Array:
    late = np.maximum(late, 0.0)
    rate: Array = 0.2 * late / (1 + late**10) - 0.1 * x
    return rate


def glass_flow(t0: float, t1: float, Z: Array) -> Array:
    """Mackey and Glass's equation with a delay of 17, from t0 to t1: rows (x(t), x(t - step), .., x(t - 17)).

    The classical method of Runge and Kutta in steps of 2 `GLASS_STEP`, so that the middle of a step looks
    back at a value that is kept; the middle itself comes from Hermite's cubic.
    """
    Z, h = Z.copy(), 2 * GLASS_STEP
    for _ in range(round((t1 - t0) / h)):
        x, late = Z[:, 0], Z[:, GLASS_LAG - 2 :][:, ::-1]
        a = _glass(x, late[:, 0])
        b = _glass(x + h / 2 * a, late[:, 1])
        c = _glass(x + h / 2 * b, late[:, 1])
        d = _glass(x + h * c, late[:, 2])
        end = x + h / 6 * (a + 2 * b + 2 * c + d)
        middle = (x + end) / 2 + h / 8 * (a - _glass(end, late[:, 2]))
        Z = np.column_stack([end, middle, Z[:, :-2]])
    return Z


def glass_paths(past: Array, t1: float) -> Array:
    """Values (n, 2 k + 1) at multiples of `GLASS_STEP` up to t1, x = ``past`` (n,) before 0."""
    Z = np.repeat(past[:, None], GLASS_LAG + 1, axis=1)
    rows = [Z[:, 0]]
    for _ in range(round(t1 / (2 * GLASS_STEP))):
        Z = glass_flow(0.0, 2 * GLASS_STEP, Z)
        rows += [Z[:, 1], Z[:, 0]]
    return np.stack(rows, axis=1)
