"""Plain NumPy versions of the robust updates of csrc/kalman/linear_robust.h and linear_adapt.h."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pytwin.reference.kalman import LinearRun, _at, linear_update
from pytwin.reference.kalman_root import decorrelate

Array = NDArray[np.float64]

TOLERANCE = 1e-13
TURNS = 1000


@dataclass
class RobustRun(LinearRun):
    """A filter's moments with the weights and the factor of the noise, one row a step."""

    loglike_t: list[float] = field(default_factory=list)
    weight: list[Array] = field(default_factory=list)
    noise_scale: list[Array] = field(default_factory=list)
    score: Array = field(default_factory=lambda: np.zeros(2))


def gated(x: Array, P: Array, y: Array, H: Array, R: Array, gate: float) -> Array:
    """Which elements of y (less its offset) are more than `gate` predicted standard deviations off."""
    v = y - H @ x
    f = np.einsum("ij,jk,ik->i", H, P, H) + np.diag(R)
    far: Array = v * v > gate**2 * f
    return far


def lower_bound(nu: float, weight: float) -> float:
    """What an element adds to the Gaussian log-density: E ln p(y, x, l) - E ln q(x) - E ln q(l) less that."""
    a, b = (nu + 1) / 2, nu / 2
    beta = a / weight  # of q(l) = Gamma(a, beta); the prior is Gamma(b, b)
    divergence = math.lgamma(b) - math.lgamma(a) + b * math.log(beta / b) + a * (b - beta) / beta
    return -0.5 * math.log(beta) - 0.5 * math.log(weight) - divergence


def student_update(
    x: Array, P: Array, y: Array, H: Array, R: Array, nu: float
) -> tuple[Array, Array, float, Array]:
    """Mean, covariance, bound of the log-density and weights for elements that are all seen."""
    h, r, e = decorrelate(H, R, y)
    none, noisy, weight = np.zeros(len(y)), r > 0, np.ones(len(y))
    for _ in range(TURNS):
        mean, cov, loglike = linear_update(x, P, e, h, np.diag(r / weight), none)
        square = (e - h @ mean) ** 2 + np.einsum("ij,jk,ik->i", h, cov, h)
        new = np.where(noisy, (nu + 1) / (nu + square / np.where(noisy, r, 1.0)), 1.0)
        if (np.abs(new - weight) <= TOLERANCE * weight).all():
            break
        weight = new
    return mean, cov, loglike + sum(lower_bound(nu, w) for w in weight[noisy]), weight


@dataclass
class Adaptive:
    """Factors of R and Q by recursive maximum likelihood; derivatives of the moments by their logarithms."""

    memory: tuple[float, float]  # 0: does not adapt
    n: int
    learns: bool = True  # False: the factors stay, for the sum of the scores

    def __post_init__(self) -> None:
        self.log_scale, self.size = np.zeros(2), np.eye(2)
        self.da, self.dP = np.zeros((2, self.n)), np.zeros((2, self.n, self.n))
        self.score = np.zeros(2)

    def learn(self, P: Array, v: Array, h: Array, r: Array) -> None:
        """From the innovation v of what is seen, before the moments are updated with it."""
        S = np.linalg.inv(h @ P @ h.T + r)
        u, K = S @ v, P @ h.T @ S
        A = np.eye(self.n) - K @ h
        dR = [r, np.zeros_like(r)]
        dS = [h @ self.dP[p] @ h.T + dR[p] for p in (0, 1)]
        dv = [h @ self.da[p] for p in (0, 1)]
        on = np.array(self.memory) > 0
        for p in np.flatnonzero(on):
            self.score[p] = 0.5 * (u @ dS[p] @ u - np.trace(S @ dS[p])) + dv[p] @ u
        for p in np.flatnonzero(on):
            for q in np.flatnonzero(on):
                gained = 0.5 * np.trace(S @ dS[p] @ S @ dS[q]) + dv[p] @ S @ dv[q]
                memory = math.sqrt(self.memory[p] * self.memory[q])
                self.size[p, q] = memory * self.size[p, q] + (1 - memory) * (p == q) + gained
        if self.learns:
            limit = math.log(2)
            self.log_scale += np.clip(np.linalg.solve(self.size, self.score), -limit, limit)
        for p in np.flatnonzero(on):
            self.da[p] += self.dP[p] @ h.T @ u - K @ (dv[p] + dS[p] @ u)
            self.dP[p] = A @ self.dP[p] @ A.T + K @ dR[p] @ K.T

    def move(self, F: Array, Q: Array) -> None:
        for p in (0, 1):
            self.da[p] = F @ self.da[p]
            self.dP[p] = F @ self.dP[p] @ F.T + (Q if p and self.memory[p] else 0.0)


def robust_filter(
    y: Array,
    F: Array,
    H: Array,
    Q: Array,
    R: Array,
    x0: Array,
    P0: Array,
    *,
    gate: float = 0.0,
    student: float = 0.0,
    adapt_R: float = 0.0,
    adapt_Q: float = 0.0,
    d: Array | None = None,
    learns: bool = True,
) -> RobustRun:
    """One series y (T, m); matrices with or without a time axis."""
    run, x, P = RobustRun(), np.asarray(x0, float), np.asarray(P0, float)
    adaptive = Adaptive((adapt_R, adapt_Q), len(x), learns)
    d = np.zeros(y.shape[1]) if d is None else d
    for t in range(len(y)):
        scale = np.exp(adaptive.log_scale)
        run.predicted_mean.append(x)
        run.predicted_cov.append(P)
        run.noise_scale.append(scale)
        Ht, Rt, e = _at(H, t, 2), scale[0] * _at(R, t, 2), y[t] - _at(d, t, 1)
        weight = np.where(np.isnan(e), np.nan, 1.0)
        if gate:
            weight[~np.isnan(e) & gated(x, P, np.nan_to_num(e), Ht, Rt, gate)] = 0.0
        used = weight == 1.0
        h, r, e = Ht[used], Rt[np.ix_(used, used)], e[used]
        if used.any() and (adapt_R or adapt_Q):
            adaptive.learn(P, e - h @ x, h, r)
            run.score += adaptive.score
        if student and used.any():
            x, P, gained, weight[used] = student_update(x, P, e, h, r, student)
        else:
            x, P, gained = linear_update(x, P, e, h, r, np.zeros(len(e)))
        run.loglike += gained
        run.loglike_t.append(gained)
        run.weight.append(weight)
        run.mean.append(x)
        run.cov.append(P)
        Ft, noise = _at(F, t, 2), math.exp(adaptive.log_scale[1]) * _at(Q, t, 2)
        adaptive.move(Ft, noise)
        x, P = Ft @ x, Ft @ P @ Ft.T + noise
    return run
