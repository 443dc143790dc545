"""Filters and smoothers by points in plain NumPy: the oracle of csrc/kalman/gauss*.c.

A model is x_{k+1} = f(x_k) + w, w ~ N(0, Q), y_k = h(x_k) + v, v ~ N(0, diag R); ``f`` and ``h`` take rows
of points, (N, n) -> (N, n) and (N, m). The start is N(m0, P0) one step before the first row of y. Elements
of a row are taken one after another, with points drawn anew for each; NaN is not observed.

A rule gives unit points (N, n) and weights (N) of sum one for a standard normal of n dimensions.

Sarkka S, Svensson L. Bayesian Filtering and Smoothing, 2nd ed., Cambridge 2023, chapters 8, 9, 10, 14.
Arasaratnam I, Haykin S. IEEE Trans Autom Control 2009;54:1254-1269 (cubature). Ito K, Xiong K. IEEE Trans
Autom Control 2000;45:910-927 (Gauss-Hermite). Garcia-Fernandez AF, Svensson L, Morelande MR, Sarkka S. IEEE
Trans Signal Process 2015;63:5561-5573 and 2017;65:4056-4070 (posterior linearisation).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Function = Callable[[Array], Array]
Rule = tuple[Array, Array]


@dataclass(frozen=True)
class System:
    """Functions over rows of points and the noise of a discrete-time model; R (m) variances."""

    f: Function
    h: Function
    Q: Array
    R: Array


@dataclass(frozen=True)
class Line:
    """E(y | x) = A x + b, Var(y | x) = left: what points say of a function."""

    A: Array
    b: Array
    left: Array


@dataclass
class Path:
    """Means (T + 1, n) and covariances (T + 1, n, n), from time 0 on; ln p(y) of a filter."""

    mean: list[Array] = field(default_factory=list)
    cov: list[Array] = field(default_factory=list)
    loglike: float = 0.0

    def add(self, m: Array, P: Array) -> None:
        """One node more."""
        self.mean.append(m)
        self.cov.append(P)


# ---- rules ----


def cubature(n: int) -> Rule:
    """+-sqrt(n) on each axis."""
    axes = np.sqrt(n) * np.eye(n)
    return np.vstack([axes, -axes]), np.full(2 * n, 0.5 / n)


def hermite(n: int, nodes: int) -> Rule:
    """All products of the Gauss-Hermite abscissae."""
    at, weight = hermegauss(nodes)
    points = np.array(list(product(at, repeat=n)))
    weights = np.prod(list(product(weight / weight.sum(), repeat=n)), axis=1)
    return points, weights


def unscented(n: int, kappa: float) -> Rule:
    """The centre and +-sqrt(n + kappa) on each axis (alpha 1, beta 0)."""
    axes = np.sqrt(n + kappa) * np.eye(n)
    weights = np.append(kappa / (n + kappa), np.full(2 * n, 0.5 / (n + kappa)))
    return np.vstack([np.zeros(n), axes, -axes]), weights


def draw(rule: Rule, m: Array, P: Array) -> Array:
    """Points (N, n) of N(m, P) through its lower Cholesky factor."""
    found: Array = m + rule[0] @ np.linalg.cholesky(P).T
    return found


def line(rule: Rule, function: Function, m: Array, P: Array) -> Line:
    """Statistical linear regression of a function under N(m, P)."""
    X, w = draw(rule, m, P), rule[1]
    Y = function(X)
    mean: Array = w @ Y
    cross: Array = (w[:, None] * (X - m)).T @ (Y - mean)
    A: Array = np.asarray(np.linalg.solve(P, cross).T, float)
    left: Array = (w[:, None] * (Y - mean)).T @ (Y - mean) - A @ P @ A.T
    return Line(A, mean - A @ m, left)


# ---- filter ----


def learn(m: Array, P: Array, a: Array, b: float, var: float, y: float) -> tuple[Array, Array, float]:
    """N(m, P) given y = a'x + b + e, Var e = var; and ln p(y)."""
    v, S = y - float(a @ m) - b, float(a @ P @ a) + var
    K = P @ a / S
    P = P - np.outer(K, K) * S
    return m + K * v, (P + P.T) / 2, -0.5 * (np.log(2 * np.pi * S) + v * v / S)


def update(
    system: System, rule: Rule, m: Array, P: Array, y: Array, iterations: int = 1, damping: float = 0.0
) -> tuple[Array, Array, float]:
    """One row of y; each further iteration fits the line to the last posterior."""
    loglike = 0.0
    for i in np.flatnonzero(np.isfinite(y)):
        gains: list[float] = []
        prior = (m, P)

        def find(m: Any, P: Any, i: Any = i, prior: Any = prior, gains: Any = gains) -> Path:
            fitted = line(rule, lambda X: system.h(X)[:, [i]], m[0], P[0])
            var = float(fitted.left[0, 0] + system.R[i])
            m, P, gained = learn(prior[0], prior[1], fitted.A[0], float(fitted.b[0]), var, float(y[i]))
            gains.append(gained)
            return Path([m], [P])

        found = settle(find, Path([m], [P]), iterations, damping)
        m, P = found.mean[0], found.cov[0]
        loglike += gains[0]
    return m, P, loglike


def distance(a: Path, b: Path) -> float:
    """How far moments b are from a: means in SDs of b, and logarithms of SDs, root mean square."""
    was, var = (np.diagonal(np.array(p.cov), axis1=1, axis2=2) for p in (a, b))
    move = np.array(b.mean) - np.array(a.mean)
    return float(np.sqrt(np.mean(move**2 / var + (0.5 * np.log(var / was)) ** 2)))


def mix(at: list[Array], found: list[Array], share: float) -> list[Array]:
    """(1 - share) at + share found, node by node."""
    return [(1 - share) * a + share * f for a, f in zip(at, found, strict=True)]


def settle(find: Callable[[Any, Any], Path], start: Path, turns: int, damping: float = 0.0) -> Path:
    """Moments that agree with what is found at them: found again at what was found, damped.

    With ``damping`` a turn that ends further from where it began than the last is followed by a shorter
    move, and the answer is the turn that ended nearest.
    """
    at, found, best, share, nearest, now = start, start, start, 1.0, np.inf, np.inf
    for k in range(turns):
        before = now
        trial = start
        if k:
            trial = Path(mix(at.mean, found.mean, share), mix(at.cov, found.cov, share))
        at, found = trial, find(trial.mean, trial.cov)
        now = distance(at, found)
        if damping:
            share = min(1.0, share / np.sqrt(damping)) if now < before else share * damping
        if not damping or now <= nearest:
            nearest, best = now, found
    return best


def filter(
    system: System,
    rule: Rule,
    y: ArrayLike,
    m0: ArrayLike,
    P0: ArrayLike,
    iterations: int = 1,
    damping: float = 0.0,
) -> Path:
    """The filter of a rule; with ``iterations`` > 1 that of posterior linearisation."""
    path, m, P = Path(), np.asarray(m0, float), np.asarray(P0, float)
    path.add(m, P)
    for row in np.asarray(y, float):
        fitted = line(rule, system.f, m, P)
        m, P = fitted.A @ m + fitted.b, fitted.A @ P @ fitted.A.T + fitted.left + system.Q
        m, P, gained = update(system, rule, m, P, row, iterations, damping)
        path.loglike += gained
        path.add(m, P)
    return path


# ---- smoothers ----


def back(filtered: Path, lines: list[Line], Q: Array) -> Path:
    """Rauch, Tung and Striebel's way back over the lines of the steps."""
    mean, cov = list(filtered.mean), list(filtered.cov)
    for k in range(len(lines) - 1, -1, -1):
        A, m, P = lines[k].A, mean[k], cov[k]
        ahead = A @ P @ A.T + lines[k].left + Q
        G = np.linalg.solve(ahead, A @ P).T
        mean[k] = m + G @ (mean[k + 1] - A @ m - lines[k].b)
        P = P + G @ (cov[k + 1] - ahead) @ G.T
        cov[k] = (P + P.T) / 2
    return Path(mean, cov)


def smooth(system: System, rule: Rule, filtered: Path) -> Path:
    """The smoother of a rule, with the lines that its filter went by."""
    nodes = zip(filtered.mean[:-1], filtered.cov[:-1], strict=True)
    return back(filtered, [line(rule, system.f, m, P) for m, P in nodes], system.Q)


def iterated(
    system: System, rule: Rule, y: ArrayLike, filtered: Path, passes: int = 10, damping: float = 0.0
) -> Path:
    """The iterated posterior linearisation smoother.

    Each pass filters and smooths the linear model fitted to the last pass's moments, the first to the
    filter's.
    """

    def find(mean: list[Array], cov: list[Array]) -> Path:
        nodes = list(zip(mean, cov, strict=True))
        lines = [line(rule, system.f, m, P) for m, P in nodes[:-1]]
        m, P = filtered.mean[0], filtered.cov[0]
        path = Path()
        path.add(m, P)
        for row, step, node in zip(np.asarray(y, float), lines, nodes[1:], strict=True):
            m, P = step.A @ m + step.b, step.A @ P @ step.A.T + step.left + system.Q
            seen = line(rule, system.h, *node)
            for i in np.flatnonzero(np.isfinite(row)):
                var = float(seen.left[i, i] + system.R[i])
                m, P, _ = learn(m, P, seen.A[i], float(seen.b[i]), var, float(row[i]))
            path.add(m, P)
        return back(path, lines, system.Q)

    return settle(find, Path(filtered.mean, filtered.cov), passes, damping)
