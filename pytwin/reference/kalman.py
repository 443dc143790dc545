"""Plain NumPy Kalman filters: slow, obvious, the oracle of the core's kernels."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# ---- linear ----


def _at(a: Array, t: int, core: int) -> Array:
    """The matrix (core 2) or vector (core 1) of step t; without a time axis it is constant."""
    return a if a.ndim == core else a[min(t, len(a) - 1)]


def with_defaults(
    n: int, m: int, G: Array | None, c: Array | None, d: Array | None
) -> tuple[Array, Array, Array]:
    """G, c and d; those that are not given are the identity and zeros."""
    return (
        np.eye(n) if G is None else G,
        np.zeros(n) if c is None else c,
        np.zeros(m) if d is None else d,
    )


@dataclass
class LinearRun:
    """Moments of a linear filter, one row a step."""

    loglike: float = 0.0
    predicted_mean: list[Array] = field(default_factory=list)
    predicted_cov: list[Array] = field(default_factory=list)
    mean: list[Array] = field(default_factory=list)
    cov: list[Array] = field(default_factory=list)


def linear_update(x: Array, P: Array, y: Array, H: Array, R: Array, d: Array) -> tuple[Array, Array, float]:
    """Multivariate update in Joseph's form with the elements of y that are not NaN; the log-density of y."""
    seen = ~np.isnan(y)
    if not seen.any():
        return x, P, 0.0
    H, R, v = H[seen], R[np.ix_(seen, seen)], (y - d)[seen] - H[seen] @ x
    S = H @ P @ H.T + R
    K = np.linalg.solve(S, H @ P).T
    A = np.eye(len(x)) - K @ H
    loglike = -0.5 * (len(v) * math.log(2 * math.pi) + np.linalg.slogdet(S)[1] + v @ np.linalg.solve(S, v))
    return x + K @ v, A @ P @ A.T + K @ R @ K.T, float(loglike)


def linear_filter(
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
) -> LinearRun:
    """One series y (T, m); matrices with or without a time axis. Conventions of `pytwin.kalman.filter`."""
    run, x, P = LinearRun(), np.asarray(x0, float), np.asarray(P0, float)
    G, c, d = with_defaults(len(x), y.shape[1], G, c, d)
    for t in range(len(y)):
        run.predicted_mean.append(x)
        run.predicted_cov.append(P)
        x, P, gained = linear_update(x, P, y[t], _at(H, t, 2), _at(R, t, 2), _at(d, t, 1))
        run.loglike += gained
        run.mean.append(x)
        run.cov.append(P)
        Ft, Gt = _at(F, t, 2), _at(G, t, 2)
        x = Ft @ x + _at(c, t, 1)
        P = Ft @ P @ Ft.T + Gt @ _at(Q, t, 2) @ Gt.T
    return run


# ---- unscented ----


@dataclass(frozen=True)
class SigmaRule:
    """Merwe's scaled points for n states: weights of the centre and of the others."""

    n: int
    alpha: float
    beta: float
    kappa: float

    @property
    def c(self) -> float:
        return self.alpha**2 * (self.n + self.kappa)

    def weights(self) -> tuple[Array, Array]:
        """Weights of means and of covariances, (2n + 1,) each."""
        wm = np.full(2 * self.n + 1, 0.5 / self.c)
        wm[0] = 1 - self.n / self.c
        wc = wm.copy()
        wc[0] += 1 - self.alpha**2 + self.beta
        return wm, wc

    def points(self, m: Array, P: Array, first: int = 0) -> Array:
        """(2n + 1, n); the square root is lower triangular when the variables run from `first` on."""
        L = math.sqrt(self.c) * semidefinite_root(P, first, m=m)
        return np.concatenate([m[None], m + L.T, m - L.T])

    def moments(self, X: Array) -> tuple[Array, Array]:
        wm, wc = self.weights()
        m = wm @ X
        D = X - m
        return m, (wc[:, None] * D).T @ D


def semidefinite_root(P: Array, first: int = 0, tol: float = 1e-14, m: Array | None = None) -> Array:
    """L (n, n) with P = L L'; pivots run from `first` on.

    One at most tol P_jj, or (1e-12 m_j)^2 with the mean m, gives a zero column.
    """
    n = len(P)
    order = [(first + k) % n for k in range(n)]
    rest, L = P.astype(float).copy(), np.zeros((n, n))
    known = np.zeros(n) if m is None else (1e-12 * m) ** 2
    for j in order:
        if rest[j, j] > max(tol * P[j, j], known[j]):
            L[:, j] = rest[:, j] / math.sqrt(rest[j, j])
            rest = rest - np.outer(L[:, j], L[:, j])
        rest[j, :] = rest[:, j] = 0.0
    return L


def normal_below(x: float) -> tuple[float, float]:
    """ln Phi(x) and phi(x) / Phi(x)."""
    prob = 0.5 * math.erfc(-x / math.sqrt(2))
    return math.log(prob), math.exp(-0.5 * x * x) / math.sqrt(2 * math.pi) / prob


def truncated(mean: float, var: float, limit: float, side: int) -> tuple[float, float, float]:
    """ln P, mean and variance of N(mean, var) below (side -1) or above (side 1) the limit."""
    sd = math.sqrt(var)
    x = -side * (limit - mean) / sd
    log_prob, ratio = normal_below(x)
    return log_prob, mean + side * sd * ratio, var * (1 - ratio * (ratio + x))


@dataclass(frozen=True)
class Measurement:
    """One observation: output h(z), noise model, standard deviations a and b, value, censoring (-1, 0, 1)."""

    time: float
    value: float
    h: Callable[[Array], Array]
    noise: str = "additive"
    a: float = 0.0
    b: float = 0.0
    censor: int = 0


@dataclass
class UnscentedRun:
    """Result at the end, and rows for each observation."""

    mean: Array
    cov: Array
    loglike: float = 0.0
    predicted: list[float] = field(default_factory=list)
    predicted_var: list[float] = field(default_factory=list)
    filtered: list[tuple[Array, Array]] = field(default_factory=list)
    smoothed: list[tuple[Array, Array]] = field(default_factory=list)


def robust_variance(innovation: float, var: float, robust: float) -> float:
    """var max(1, v^2 / (k^2 var)): an observation k predicted standard deviations off at most."""
    return max(var, (innovation / robust) ** 2) if robust > 0 else var


def unscented_update(
    rule: SigmaRule, m: Array, P: Array, obs: Measurement, first: int, robust: float = 0.0
) -> tuple[Array, Array, float, float, float]:
    """Mean, covariance, predicted mean and variance, and what the log-likelihood gains."""
    wm, wc = rule.weights()
    X = rule.points(m, P, first)
    h = obs.h(X)
    y = obs.value
    if obs.noise == "log-additive":
        h, y = np.log(h), math.log(y) if y > 0 else math.nan
    mean = float(wm @ h)
    noise = {
        "proportional": (obs.b * mean) ** 2,
        "combined": obs.a**2 + (obs.b * mean) ** 2,
    }.get(obs.noise, obs.a**2)
    var = float(wc @ (h - mean) ** 2) + noise
    if math.isnan(y):
        return m, P, mean, var, 0.0
    surprising = not obs.censor or obs.censor * (y - mean) > 0
    used = robust_variance(y - mean, var, robust) if surprising else var
    K = ((wc * (h - mean)) @ (X - m)) / used
    if obs.censor:
        gained, target, left = truncated(mean, used, y, obs.censor)
        return m + K * (target - mean), P - np.outer(K, K) * (used - left), mean, var, gained
    gained = -0.5 * (math.log(2 * math.pi * used) + (y - mean) ** 2 / used)
    return m + K * (y - mean), P - np.outer(K, K) * used, mean, var, gained


def unscented_filter(
    rule: SigmaRule,
    m: Array,
    P: Array,
    f: Callable[[float, float, Array], Array],
    drift: Array,
    observations: Sequence[Measurement],
    start: float,
    end: float,
    *,
    first: int = 0,
    noise_step: float = math.inf,
    robust: float = 0.0,
) -> UnscentedRun:
    """Unscented filter and smoother of z.

    f(t0, t1, Z) carries points Z (k, n) from t0 to t1, what happens at t1 itself left out. The walk adds
    drift (n,) or (n, n) variance an hour, at least every `noise_step` hours where any is positive.
    """
    _, wc = rule.weights()
    wm = rule.weights()[0]
    run, t, steps, nodes = UnscentedRun(m, P), start, [], []
    longest = noise_step if np.any(drift > 0) else math.inf
    walk = np.diag(drift) if drift.ndim == 1 else drift

    def advance(m: Array, P: Array, target: float, record: bool) -> tuple[Array, Array]:
        nonlocal t
        while t < target:
            t1 = min(target, t + longest)
            before = rule.points(m, P, first)
            after = f(t, t1, before)
            pm = wm @ after
            D = after - pm
            pP = (wc[:, None] * D).T @ D + walk * (t1 - t)
            if record:
                steps.append((m, P, pm, pP, (wc[:, None] * (before - m)).T @ D))
            m, P, t = pm, pP, t1
        return m, P

    for obs in observations:
        m, P = advance(m, P, obs.time, True)
        m, P, mean, var, gained = unscented_update(rule, m, P, obs, first, robust)
        run.loglike += gained
        run.predicted.append(mean)
        run.predicted_var.append(var)
        run.filtered.append((m, P))
        nodes.append(len(steps))
    smoothed = {len(steps): (m, P)}
    for k in reversed(range(len(steps))):
        fm, fP, pm, pP, C = steps[k]
        ms, Ps = smoothed[k + 1]
        J = C @ np.linalg.pinv(pP, rcond=1e-13, hermitian=True)
        smoothed[k] = (fm + J @ (ms - pm), fP + J @ (Ps - pP) @ J.T)
    run.smoothed = [smoothed[k] for k in nodes]
    run.mean, run.cov = advance(m, P, end, False)
    return run
