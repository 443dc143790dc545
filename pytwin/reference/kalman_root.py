"""Plain NumPy square-root Kalman filter and smoother: factors L with P = L L', made by rotations.

update    [sqrt r  h'L; 0  L] Theta = [sqrt f  0; K sqrt f  L+]   (Carlson 1973, AIAA Journal 11, 1259)
predict   [F L  G Q^1/2] Theta = [L  0]                (Morf & Kailath 1975, IEEE TAC 20, 487)
smooth    [F L  G Q^1/2; L  0] Theta = [X  0; Y  Z],  J = Y X^+   (Park & Kailath 1996, IEEE TAC 41, 727)
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pytwin.reference.kalman import _at, semidefinite_root, with_defaults

Array = NDArray[np.float64]

ROUNDING = 1e-14


@dataclass
class RootRun:
    """Means and factors (cov = L L'), one row a step."""

    loglike: float = 0.0
    predicted_mean: list[Array] = field(default_factory=list)
    predicted_root: list[Array] = field(default_factory=list)
    mean: list[Array] = field(default_factory=list)
    root: list[Array] = field(default_factory=list)
    smoothed_mean: list[Array] = field(default_factory=list)
    smoothed_root: list[Array] = field(default_factory=list)


def rotate(A: Array, row: int, pivot: int, columns: Iterable[int]) -> None:
    """Turn `pivot` against each of the columns in place, so that these become zero in `row`."""
    for k in columns:
        x, z = A[row, pivot], A[row, k]
        norm = math.hypot(x, z)
        if norm > 0:
            turn = np.array([[x, -z], [z, x]]) / norm
            A[:, [pivot, k]] = A[:, [pivot, k]] @ turn
            A[row, k] = 0.0


def lower_factor(A: Array) -> Array:
    """A (k, w), w >= k, made lower triangular in its first k columns; A A' stays."""
    A = A.copy()
    for j in range(len(A)):
        rotate(A, j, j, range(j + 1, A.shape[1]))
    return A


def decorrelate(H: Array, R: Array, v: Array) -> tuple[Array, Array, Array]:
    """H, variances and innovation of L^-1 y, R = L D L'."""
    root = semidefinite_root(R)
    sd = np.where(np.diag(root) > 0, np.diag(root), 1.0)
    L = root / sd + np.diag(np.diag(root) == 0)
    solved = np.linalg.solve(L, np.column_stack([H, v])).astype(np.float64)
    return solved[:, :-1], np.diag(root) ** 2, solved[:, -1]


def root_update(x: Array, L: Array, v: Array, H: Array, R: Array) -> tuple[Array, Array, float]:
    """Mean, factor and log-density of the innovation v = y - H x of elements that are all seen."""
    H, r, v = decorrelate(H, R, v)
    n, loglike, start = len(x), 0.0, x
    for i in range(len(v)):
        A = np.zeros((n + 1, n + 1))
        A[0, 0], A[0, 1:], A[1:, 1:] = math.sqrt(r[i]), H[i] @ L, L
        rotate(A, 0, 0, range(n, 0, -1))
        e = (v[i] - H[i] @ (x - start)) / A[0, 0]
        x, L = x + A[1:, 0] * e, A[1:, 1:]
        loglike -= 0.5 * (math.log(2 * math.pi) + e * e) + math.log(abs(A[0, 0]))
    return x, L, loglike


def root_smoother(
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
) -> RootRun:
    """One series y (T, m), filtered and smoothed. Conventions of `pytwin.kalman.smooth`."""
    T, n = len(y), len(x0)
    G, c, d = with_defaults(n, y.shape[1], G, c, d)
    run, x, L = RootRun(), np.asarray(x0, float), semidefinite_root(np.asarray(P0, float))
    for t in range(T):
        run.predicted_mean.append(x)
        run.predicted_root.append(L)
        seen = ~np.isnan(y[t])
        Ht, Rt = _at(H, t, 2)[seen], _at(R, t, 2)[np.ix_(seen, seen)]
        x, L, gained = root_update(x, L, (y[t] - _at(d, t, 1))[seen] - Ht @ x, Ht, Rt)
        run.loglike += gained
        run.mean.append(x)
        run.root.append(L)
        noise = _at(G, t, 2) @ semidefinite_root(_at(Q, t, 2))
        x = _at(F, t, 2) @ x + _at(c, t, 1)
        L = lower_factor(np.hstack([_at(F, t, 2) @ L, noise]))[:, :n]
    run.smoothed_mean, run.smoothed_root = [run.mean[-1]], [run.root[-1]]
    for t in reversed(range(T - 1)):
        noise = _at(G, t, 2) @ semidefinite_root(_at(Q, t, 2))
        mean, root = _smooth_step(run, t, _at(F, t, 2), _at(c, t, 1), noise)
        run.smoothed_mean.insert(0, mean)
        run.smoothed_root.insert(0, root)
    return run


def _smooth_step(run: RootRun, t: int, F: Array, c: Array, noise: Array) -> tuple[Array, Array]:
    x, L = run.mean[t], run.root[t]
    n = len(x)
    A = np.vstack([np.hstack([F @ L, noise]), np.hstack([L, np.zeros_like(noise)])])
    kept: list[int] = []  # rows of the prediction that do not follow from those above, each with its column
    for i in range(n):
        p = len(kept)
        rotate(A, i, p, range(p + 1, A.shape[1]))
        if abs(A[i, p]) > ROUNDING * np.linalg.norm(A[i]):
            kept.append(i)
    r, J = len(kept), np.zeros((n, n))
    J[:, kept] = np.linalg.solve(A[kept, :r].T, A[n:, :r].T).T
    mean = x + J @ (run.smoothed_mean[0] - F @ x - c)
    return mean, lower_factor(np.hstack([A[n:, r:], J @ run.smoothed_root[0]]))[:, :n]
