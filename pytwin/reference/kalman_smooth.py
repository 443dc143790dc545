"""Plain NumPy smoothers: the recursion of Rauch, Tung & Striebel, and one Gaussian of states and noises."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytwin.reference.kalman import LinearRun, _at

__all__ = ["Smoothed", "dense_moments", "rts_smoother"]

Array = NDArray[np.float64]


@dataclass
class Smoothed:
    """Moments given all of y, a row a step; at the last, w has its prior moments and lag_one_cov is NaN."""

    smoothed_mean: Array
    smoothed_cov: Array
    lag_one_cov: Array
    state_disturbance: Array
    state_disturbance_cov: Array
    obs_disturbance: Array
    obs_disturbance_cov: Array


def _blank(T: int, n: int, m: int, g: int) -> Smoothed:
    shapes = [(n,), (n, n), (n, n), (g,), (g, g), (m,), (m, m)]
    return Smoothed(*(np.full((T, *shape), np.nan) for shape in shapes))


def rts_smoother(
    run: LinearRun,
    y: Array,
    F: Array,
    H: Array,
    Q: Array,
    R: Array,
    G: Array | None = None,
    d: Array | None = None,
) -> Smoothed:
    """The smoother over a run of `pytwin.reference.kalman.linear_filter`, by Joseph's form throughout."""
    T, n, m, g = len(y), len(run.mean[0]), y.shape[1], Q.shape[-1]
    d = np.zeros(m) if d is None else d
    G = np.eye(n) if G is None else G
    out = _blank(T, n, m, g)
    out.smoothed_mean[-1], out.smoothed_cov[-1] = run.mean[-1], run.cov[-1]
    out.state_disturbance[-1], out.state_disturbance_cov[-1] = 0.0, _at(Q, T - 1, 2)
    for t in range(T - 2, -1, -1):
        Ft, Gt, Qt, P = _at(F, t, 2), _at(G, t, 2), _at(Q, t, 2), run.cov[t]
        inverse = np.linalg.pinv(run.predicted_cov[t + 1], rcond=1e-14, hermitian=True)
        J, W = P @ Ft.T @ inverse, Qt @ Gt.T @ inverse
        ahead, V = out.smoothed_mean[t + 1] - run.predicted_mean[t + 1], out.smoothed_cov[t + 1]
        A, B = np.eye(n) - J @ Ft, np.eye(g) - W @ Gt
        out.smoothed_mean[t] = run.mean[t] + J @ ahead
        out.smoothed_cov[t] = A @ P @ A.T + J @ (Gt @ Qt @ Gt.T + V) @ J.T
        out.lag_one_cov[t] = V @ J.T
        out.state_disturbance[t] = W @ ahead
        out.state_disturbance_cov[t] = B @ Qt @ B.T + W @ (Ft @ P @ Ft.T + V) @ W.T
    for t in range(T):
        mean, cov = out.smoothed_mean[t], out.smoothed_cov[t]
        v, spread = observation_noise(y[t] - _at(d, t, 1), _at(H, t, 2), _at(R, t, 2), mean, cov)
        out.obs_disturbance[t], out.obs_disturbance_cov[t] = v, spread
    return out


def observation_noise(y: Array, H: Array, R: Array, mean: Array, cov: Array) -> tuple[Array, Array]:
    """Moments of v = y - H x, given those of x, where y is seen; the others by regression on these."""
    seen = ~np.isnan(y)
    B = np.zeros((len(y), int(seen.sum())))
    B[seen] = np.eye(B.shape[1])
    if seen.any() and not seen.all():
        B[~seen] = R[np.ix_(~seen, seen)] @ np.linalg.pinv(R[np.ix_(seen, seen)], hermitian=True)
    own = R - B @ R[seen]
    own[seen] = own[:, seen] = 0.0
    return B @ (y[seen] - H[seen] @ mean), own + B @ H[seen] @ cov @ H[seen].T @ B.T


def dense_moments(
    y: Array,
    F: Array,
    H: Array,
    Q: Array,
    R: Array,
    x0: Array,
    P0: Array,
    G: Array | None = None,
    c: Array | None = None,
    d: Array | None = None,
) -> Smoothed:
    """All moments by conditioning z = (x_0, w_0 .. w_{T-1}, v_0 .. v_{T-1}) on y: no recursion is shared."""
    T, n, m, g = len(y), len(x0), y.shape[1], Q.shape[-1]
    c, d = np.zeros(n) if c is None else c, np.zeros(m) if d is None else d
    G = np.eye(n) if G is None else G
    size = n + T * (g + m)
    prior = np.zeros((size, size))
    prior[:n, :n] = P0
    w = [slice(n + t * g, n + (t + 1) * g) for t in range(T)]
    v = [slice(n + T * g + t * m, n + T * g + (t + 1) * m) for t in range(T)]
    for t in range(T):
        prior[w[t], w[t]], prior[v[t], v[t]] = _at(Q, t, 2), _at(R, t, 2)
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
    K = np.linalg.solve(A @ prior @ A.T, A @ prior).T
    left = np.eye(size) - K @ A
    z, cov = K @ away, left @ prior @ left.T
    out = _blank(T, n, m, g)
    for t in range(T):
        out.smoothed_mean[t] = means[t] + states[t] @ z
        out.smoothed_cov[t] = states[t] @ cov @ states[t].T
        if t + 1 < T:
            out.lag_one_cov[t] = states[t + 1] @ cov @ states[t].T
        out.state_disturbance[t], out.state_disturbance_cov[t] = z[w[t]], cov[w[t], w[t]]
        out.obs_disturbance[t], out.obs_disturbance_cov[t] = z[v[t]], cov[v[t], v[t]]
    return out
