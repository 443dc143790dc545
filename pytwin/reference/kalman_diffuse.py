"""Plain NumPy filter and smoother with an exact diffuse start: P0 = kappa Pinf + Pstar, kappa -> infinity.

Element after element (Koopman & Durbin 2000, Journal of Time Series Analysis 21, 281; 2003, ibid. 24, 85), in
powers of kappa, so that nothing is shared with the core, which carries a factor of Pinf.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pytwin.reference.kalman import _at, with_defaults

Array = NDArray[np.float64]
LN_2PI = math.log(2 * math.pi)


@dataclass(frozen=True)
class Element:
    """One observed element y = h'x + e and what its update used; diffuse where ``Finf`` is positive."""

    t: int
    h: Array
    v: float
    F: float
    M: Array
    Finf: float
    Minf: Array


@dataclass
class DiffuseRun:
    """Moments of a filter with a diffuse start, one row a step: P = kappa Pinf + Pstar.

    ``loglike`` counts -1/2 (ln 2 pi + ln Finf) for each of the ``count`` diffuse elements.
    """

    rank: int
    loglike: float = 0.0
    count: int = 0
    predicted_mean: list[Array] = field(default_factory=list)
    predicted_cov: list[Array] = field(default_factory=list)
    predicted_inf: list[Array] = field(default_factory=list)
    mean: list[Array] = field(default_factory=list)
    cov: list[Array] = field(default_factory=list)
    inf: list[Array] = field(default_factory=list)
    elements: list[Element] = field(default_factory=list)

    @property
    def steps(self) -> int:
        """Steps that begin with a diffuse state."""
        return sum(bool(P.any()) for P in self.predicted_inf)


def decorrelated(y: Array, H: Array, R: Array, d: Array) -> tuple[Array, Array, Array]:
    """The elements that are seen, as y less d, H and variances, by R = L D L'."""
    seen = ~np.isnan(y)
    k = int(seen.sum())
    R, L, D = R[np.ix_(seen, seen)].astype(float), np.eye(k), np.zeros(k)
    for i in range(k):
        for j in range(i):
            rest = R[i, j] - (L[i, :j] * D[:j]) @ L[j, :j]
            L[i, j] = rest / D[j] if D[j] > 0 else 0.0
        D[i] = R[i, i] - L[i, :i] ** 2 @ D[:i]
        if D[i] <= 1e-14 * R[i, i]:
            D[i] = 0.0
    inverse = np.linalg.inv(L).astype(np.float64)
    return inverse @ (y - d)[seen], inverse @ H[seen], D


def _update(run: DiffuseRun, t: int, y: float, h: Array, r: float, tol: float) -> float:
    """The last moments of the run with one element; what the log-likelihood gains."""
    x, P, Pinf = run.mean[-1], run.cov[-1], run.inf[-1]
    M, Minf, v = P @ h, Pinf @ h, float(y - h @ x)
    F, Finf = float(h @ M + r), float(h @ Minf)
    if Finf <= tol * (np.abs(h) @ np.sqrt(np.maximum(np.diag(Pinf), 0))) ** 2:
        Finf = 0.0
    run.elements.append(Element(t, h, v, F, M, Finf, Minf))
    K = Minf / Finf if Finf else M / F
    A = np.eye(len(x)) - np.outer(K, h)
    run.mean[-1], run.cov[-1] = x + K * v, A @ P @ A.T + r * np.outer(K, K)
    if not Finf:
        return -0.5 * (LN_2PI + math.log(F) + v * v / F)
    left = A @ Pinf @ A.T
    run.inf[-1] = np.where(np.abs(left) > tol * np.abs(A) @ np.abs(Pinf) @ np.abs(A.T), left, 0.0)
    run.count += 1
    if run.count == run.rank:  # each diffuse element takes a dimension; what is left now is rounding
        run.inf[-1] = np.zeros_like(left)
    return -0.5 * (LN_2PI + math.log(Finf))


def diffuse_filter(
    y: Array,
    F: Array,
    H: Array,
    Q: Array,
    R: Array,
    x0: Array,
    P0: Array,
    Pinf: Array,
    G: Array | None = None,
    c: Array | None = None,
    d: Array | None = None,
    tol: float = 1e-12,
) -> DiffuseRun:
    """One series y (T, m); matrices with or without a time axis. Conventions of `pytwin.kalman.filter`.

    An element with Finf at most tol times the largest that h'Pinf h could be is not diffuse.
    """
    x, P, inf = np.asarray(x0, float), np.asarray(P0, float), np.asarray(Pinf, float)
    values = np.linalg.eigvalsh(inf)
    run = DiffuseRun(rank=int((values > 1e-10 * values[-1]).sum()))
    G, c, d = with_defaults(len(x), y.shape[1], G, c, d)
    for t in range(len(y)):
        for rows, value in (
            (run.predicted_mean, x), (run.predicted_cov, P), (run.predicted_inf, inf),
            (run.mean, x), (run.cov, P), (run.inf, inf),
        ):  # fmt: skip
            rows.append(value)
        for element in zip(*decorrelated(y[t], _at(H, t, 2), _at(R, t, 2), _at(d, t, 1)), strict=True):
            run.loglike += _update(run, t, *element, tol)
        Ft, Gt = _at(F, t, 2), _at(G, t, 2)
        x = Ft @ run.mean[-1] + _at(c, t, 1)
        P = Ft @ run.cov[-1] @ Ft.T + Gt @ _at(Q, t, 2) @ Gt.T
        inf = Ft @ run.inf[-1] @ Ft.T
    return run


@dataclass
class _Adjoint:
    """r = r0 + r1 / kappa and N = N0 + N1 / kappa + N2 / kappa^2 of the backward pass."""

    r0: Array
    r1: Array
    N0: Array
    N1: Array
    N2: Array

    def element(self, e: Element) -> None:
        """From after the element to before it; K = K0 + K1 / kappa."""
        hh = np.outer(e.h, e.h)
        K0 = e.Minf / e.Finf if e.Finf else e.M / e.F
        L0 = np.eye(len(e.h)) - np.outer(K0, e.h)
        if not e.Finf:
            self.r0, self.r1 = e.h * e.v / e.F + L0.T @ self.r0, L0.T @ self.r1
            self.N0, self.N1, self.N2 = (
                hh / e.F + L0.T @ self.N0 @ L0,
                *(L0.T @ N @ L0 for N in (self.N1, self.N2)),
            )
            return
        L1 = -np.outer((e.M - K0 * e.F) / e.Finf, e.h)
        self.r1 = e.h * e.v / e.Finf + L0.T @ self.r1 + L1.T @ self.r0
        self.r0 = L0.T @ self.r0
        cross = L0.T @ self.N1 @ L1
        self.N2 = -hh * e.F / e.Finf**2 + L0.T @ self.N2 @ L0 + cross + cross.T + L1.T @ self.N0 @ L1
        cross = L0.T @ self.N0 @ L1
        self.N1 = hh / e.Finf + L0.T @ self.N1 @ L0 + cross + cross.T
        self.N0 = L0.T @ self.N0 @ L0

    def step(self, F: Array) -> None:
        self.r0, self.r1 = F.T @ self.r0, F.T @ self.r1
        self.N0, self.N1, self.N2 = (F.T @ N @ F for N in (self.N0, self.N1, self.N2))


def diffuse_smoother(run: DiffuseRun, F: Array) -> tuple[Array, Array]:
    """Smoothed means (T, n) and covariances (T, n, n) of a run; F with or without a time axis.

    mean + Pstar r0 + Pinf r1 and
    Pstar - Pstar N0 Pstar - Pstar N1 Pinf - (Pstar N1 Pinf)' - Pinf N2 Pinf (Durbin & Koopman 2012, sec. 5.3)
    """
    n, T = len(run.mean[0]), len(run.mean)
    w = _Adjoint(np.zeros(n), np.zeros(n), *(np.zeros((n, n)) for _ in range(3)))
    means, covs, at = np.zeros((T, n)), np.zeros((T, n, n)), len(run.elements)
    for t in reversed(range(T)):
        while at and run.elements[at - 1].t == t:
            at -= 1
            w.element(run.elements[at])
        P, inf = run.predicted_cov[t], run.predicted_inf[t]
        means[t] = run.predicted_mean[t] + P @ w.r0 + inf @ w.r1
        cross = P @ w.N1 @ inf
        covs[t] = P - P @ w.N0 @ P - cross - cross.T - inf @ w.N2 @ inf
        if t:
            w.step(_at(F, t - 1, 2))
    return means, covs


def dense_diffuse_smoother(
    y: Array,
    F: Array,
    H: Array,
    Q: Array,
    R: Array,
    x0: Array,
    P0: Array,
    Pinf: Array,
    G: Array | None = None,
    c: Array | None = None,
    d: Array | None = None,
) -> tuple[Array, Array, float]:
    """The same without recursion: generalised least squares with the diffuse part as fixed effects.

    x = mean + A delta + e over all steps at once, e ~ N(0, V). Smoothed means (T, n), covariances (T, n, n)
    and -1/2 (k ln 2 pi + ln|W| + ln|X'W^-1 X| + residuals' W^-1 residuals) with y = X delta + e', Var e' = W,
    which must be regular, as must X.
    """
    T, n = len(y), len(x0)
    G, c, d = with_defaults(n, y.shape[1], G, c, d)
    values, vectors = np.linalg.eigh(Pinf)
    root = (vectors * np.sqrt(np.maximum(values, 0)))[:, values > 1e-12 * values.max()]
    mean, A, noises = [np.asarray(x0, float)], [root], [np.asarray(P0, float)]
    for t in range(T - 1):
        Ft, Gt = _at(F, t, 2), _at(G, t, 2)
        mean.append(Ft @ mean[-1] + _at(c, t, 1))
        A.append(Ft @ A[-1])
        noises.append(Gt @ _at(Q, t, 2) @ Gt.T)
    V = np.zeros((T * n, T * n))
    for s in range(T):  # what enters at s, carried on
        carried, column = np.eye(n), np.zeros((T * n, n))
        for t in range(s, T):
            column[t * n : (t + 1) * n] = carried
            carried = _at(F, t, 2) @ carried
        V += column @ noises[s] @ column.T
    m = y.shape[1]
    Hb, Rb = np.zeros((T * m, T * n)), np.zeros((T * m, T * m))
    for t in range(T):
        rows = slice(t * m, (t + 1) * m)
        Hb[rows, t * n : (t + 1) * n], Rb[rows, rows] = _at(H, t, 2), _at(R, t, 2)
    seen = ~np.isnan(y.reshape(-1))
    Hb, Rb = Hb[seen], Rb[np.ix_(seen, seen)]
    offset = np.concatenate([_at(d, t, 1) for t in range(T)])
    e = (y.reshape(-1) - offset)[seen] - Hb @ np.concatenate(mean)
    Ab = np.concatenate(A)
    W, X, C = Hb @ V @ Hb.T + Rb, Hb @ Ab, V @ Hb.T
    WX, We = np.linalg.solve(W, X), np.linalg.solve(W, e)
    S = X.T @ WX
    delta = np.linalg.solve(S, X.T @ We)
    left, B = We - WX @ delta, Ab - C @ WX
    means = np.concatenate(mean) + Ab @ delta + C @ left
    cov = V - C @ np.linalg.solve(W, C.T) + B @ np.linalg.solve(S, B.T)
    logs = np.linalg.slogdet(W)[1] + np.linalg.slogdet(S)[1]
    loglike = -0.5 * (len(e) * LN_2PI + logs + (e - X @ delta) @ left)
    blocks = [cov[t * n : (t + 1) * n, t * n : (t + 1) * n] for t in range(T)]
    return means.reshape(T, n), np.array(blocks), float(loglike)
