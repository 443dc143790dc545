"""Plain NumPy fixed-lag smoother and simulation smoother, each by its definition."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.reference.kalman import _at
from pytwin.reference.kalman_dense import dense_moments, dense_smoother

__all__ = ["draw_path", "fixed_lag"]

Array = NDArray[np.float64]


def fixed_lag(y: Array, lag: int, **model: Any) -> tuple[Array, Array]:
    """Moments of x_t given y_0 .. y_{t + lag}: a dense smoother of every part of the series."""
    found = []
    for t in range(len(y)):
        mean, cov, _ = dense_smoother(y[: t + lag + 1], **model)
        found.append((mean[t], cov[t]))
    return np.array([m for m, _ in found]), np.array([P for _, P in found])


def draw_path(y: Array, e: Array, u: Array, z: Array, **model: Any) -> tuple[Array, Array, Array]:
    """x, w and v given y from standard normal e (T, m), u (T, g), z (n); positive definite covariances.

    A path of the model less its mean given its own observations, with the mean given y: two smoothers.
    """
    x = model["x0"] + np.linalg.cholesky(model["P0"]) @ z
    w = np.stack([np.linalg.cholesky(_at(model["Q"], t, 2)) @ u[t] for t in range(len(y))])
    v = np.stack([np.linalg.cholesky(_at(model["R"], t, 2)) @ e[t] for t in range(len(y))])
    G, c, d = model.get("G"), model.get("c"), model.get("d")
    states, seen = [], []
    for t in range(len(y)):
        states.append(x)
        seen.append(_at(model["H"], t, 2) @ x + v[t] + (0.0 if d is None else _at(d, t, 1)))
        moved = w[t] if G is None else _at(G, t, 2) @ w[t]
        x = _at(model["F"], t, 2) @ x + moved + (0.0 if c is None else _at(c, t, 1))
    made = np.where(np.isnan(y), np.nan, np.array(seen))
    one, two = dense_moments(y, **model), dense_moments(made, **model)
    return (
        np.array(states) - two.smoothed_mean + one.smoothed_mean,
        w - two.state_disturbance + one.state_disturbance,
        v - two.obs_disturbance + one.obs_disturbance,
    )
