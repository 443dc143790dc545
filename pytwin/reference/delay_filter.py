"""Filters of delay equations: the linear one exactly, as one Gaussian; Mackey and Glass's by particles.

In x' = -b x(t - tau) with x = x_0 before the start and kicks w_k at times s_k the state is linear in what is
unknown, x(t) = phi(t) x_0 + sum_k answer(t - s_k) w_k, with both functions in closed form
(`pytwin.reference.delay`). So the states at all times and the observations have one joint normal distribution.
"""

from __future__ import annotations

from collections.abc import Callable

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
        Kicks at the ends of steps of ``step``, counted anew from each observation, of variance ``noise`` a unit
        of time.
    """
    ends, spans = kicks(times, step) if noise > 0 else (np.zeros(0), np.zeros(0))
    A = np.column_stack([linear_delay(times, b, tau), *[_answers(times - s, b, tau) for s in ends]])
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


def paths(
    rate: Callable[[Array, Array], Array], past: Array, t1: float, delay: float, step: float
) -> tuple[Array, Array]:
    """Times and values (n, 2 steps + 1) of x' = rate(x, x(t - delay)), x = ``past`` (n,) before 0.

    The classical method of Runge and Kutta in steps of 2 ``step``, of which ``delay`` is a multiple: so that
    the middle of a step looks back at an end or a middle, where the value is kept, from Hermite's cubic.
    """
    h, lag = 2 * step, round(delay / step)
    n = round(t1 / h)
    x = np.empty((len(past), 2 * n + 1))
    x[:, 0] = past

    def late(i: int) -> Array:
        return past if i < lag else x[:, i - lag]

    for k in range(n):
        i = 2 * k
        now = x[:, i]
        a = rate(now, late(i))
        b = rate(now + h / 2 * a, late(i + 1))
        c = rate(now + h / 2 * b, late(i + 1))
        d = rate(now + h * c, late(i + 2))
        x[:, i + 2] = now + h / 6 * (a + 2 * b + 2 * c + d)
        end = rate(x[:, i + 2], late(i + 2))
        x[:, i + 1] = (now + x[:, i + 2]) / 2 + h / 8 * (a - end)
    return step * np.arange(2 * n + 1), x
