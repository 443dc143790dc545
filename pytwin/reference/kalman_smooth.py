"""Plain NumPy smoother: the recursion of Rauch, Tung & Striebel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytwin.reference.kalman import LinearRun, _at, with_defaults

__all__ = ["Smoothed", "blank", "rts_smoother"]

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
    loglike: float = float("nan")


def blank(T: int, n: int, m: int, g: int) -> Smoothed:
    """All NaN."""
    shapes = [(n,), (n, n), (n, n), (g,), (g, g), (m,), (m, m)]
    rows: list[Array] = [np.full((T, *shape), np.nan) for shape in shapes]
    return Smoothed(rows[0], rows[1], rows[2], rows[3], rows[4], rows[5], rows[6])


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
    G, _, d = with_defaults(n, m, G, None, d)
    out = blank(T, n, m, g)
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
