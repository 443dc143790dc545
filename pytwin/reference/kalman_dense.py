"""A linear model as one Gaussian of its start and all its noises: moments by conditioning alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.reference.kalman import _at, with_defaults
from pytwin.reference.kalman_smooth import Smoothed, blank

__all__ = ["dense_moments", "dense_smoother"]

Array = NDArray[np.float64]


def dense_moments(
    y: Array,
    F: Array,
    H: Array,
    Q: Array,
    R: Array,
    x0: Array,
    P0: Array,
    G: Array | None = None,
    S: Array | None = None,
    c: Array | None = None,
    d: Array | None = None,
) -> Smoothed:
    """Moments given y (T, m) and ln p(y), from z = (x_0, w_0 .. w_{T-1}, v_0 .. v_{T-1})."""
    T, n, m, g = len(y), len(x0), y.shape[1], Q.shape[-1]
    G, c, d = with_defaults(n, m, G, c, d)
    size = n + T * (g + m)
    prior = np.zeros((size, size))
    prior[:n, :n] = P0
    w = [slice(n + t * g, n + (t + 1) * g) for t in range(T)]
    v = [slice(n + T * g + t * m, n + T * g + (t + 1) * m) for t in range(T)]
    for t in range(T):
        prior[w[t], w[t]], prior[v[t], v[t]] = _at(Q, t, 2), _at(R, t, 2)
        if S is not None:
            prior[w[t], v[t]], prior[v[t], w[t]] = _at(S, t, 2), _at(S, t, 2).T
    states, means = np.zeros((T, n, size)), np.zeros((T, n))
    states[0, :, :n], means[0] = np.eye(n), x0
    for t in range(T - 1):
        states[t + 1] = _at(F, t, 2) @ states[t]
        states[t + 1][:, w[t]] += _at(G, t, 2)
        means[t + 1] = _at(F, t, 2) @ means[t] + _at(c, t, 1)
    rows = np.stack([_at(H, t, 2) @ states[t] for t in range(T)])
    expected = np.stack([_at(H, t, 2) @ means[t] + _at(d, t, 1) for t in range(T)])
    for t in range(T):
        rows[t][:, v[t]] += np.eye(m)
    seen = ~np.isnan(y)
    A, away = rows[seen], (y - expected)[seen]
    V = A @ prior @ A.T
    K = np.linalg.solve(V, A @ prior).T
    left = np.eye(size) - K @ A
    z, cov = K @ away, left @ prior @ left.T
    out = blank(T, n, m, g)
    log_det = float(np.linalg.slogdet(V)[1])
    out.loglike = -0.5 * (
        len(away) * math.log(2 * math.pi) + log_det + float(away @ np.linalg.solve(V, away))
    )
    for t in range(T):
        out.smoothed_mean[t] = means[t] + states[t] @ z
        out.smoothed_cov[t] = states[t] @ cov @ states[t].T
        if t + 1 < T:
            out.lag_one_cov[t] = states[t + 1] @ cov @ states[t].T
        out.state_disturbance[t], out.state_disturbance_cov[t] = z[w[t]], cov[w[t], w[t]]
        out.obs_disturbance[t], out.obs_disturbance_cov[t] = z[v[t]], cov[v[t], v[t]]
    return out


def dense_smoother(y: Array, **model: Any) -> tuple[Array, Array, float]:
    """Means (T, n) and covariances (T, n, n) of the states given y, and ln p(y)."""
    found = dense_moments(y, **model)
    return found.smoothed_mean, found.smoothed_cov, found.loglike
