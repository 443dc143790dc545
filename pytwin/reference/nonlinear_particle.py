"""Plain NumPy versions of the particle filter and of observations that are not Gaussian.

csrc/kalman/particle.c, density.h, match.h.

Gordon NJ, Salmond DJ, Smith AFM. Novel approach to nonlinear/non-Gaussian Bayesian state estimation. IEE
Proc F 1993;140:107-113. Kitagawa G. Monte Carlo filter and smoother for non-Gaussian nonlinear state space
models. J Comput Graph Stat 1996;5:1-25. Chopin N, Papaspiliopoulos O. An Introduction to Sequential Monte
Carlo. Springer 2020, ch. 9 and 10.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from pytwin.reference.philox import LOW, block

Array = NDArray[np.float64]

PURPOSE = 6  # of particles, csrc/lanes/lanes.h
START, NOISE, RESAMPLE, JITTER, BACK = range(5)
ADDITIVE, PROPORTIONAL, COMBINED, LOG_ADDITIVE, POISSON = range(5)


@dataclass(frozen=True)
class Observation:
    """One value of an output, with the error of csrc/kalman/kalman.h."""

    time: float
    output: int
    value: float
    noise: int = ADDITIVE
    a: float = 1.0
    b: float = 0.0
    censor: int = 0


# ---- one observation ----


def log_density(obs: Observation, h: Array, student: float = 0.0, extra: float = 0.0) -> Array:
    """ln p(y | h) for values h of the output; -inf where y is impossible."""
    return np.array([_log_density(obs, float(v), student, extra) for v in h])


def _log_density(obs: Observation, h: float, student: float, extra: float) -> float:
    y, a = obs.value, obs.a
    if obs.noise == POISSON:
        mu = a * h
        if mu <= 0:
            return 0.0 if mu == 0 and y == 0 else -math.inf
        return y * math.log(mu) - mu - math.lgamma(y + 1)
    if obs.noise == LOG_ADDITIVE:
        if h <= 0:
            return -math.inf
        y, h = math.log(y), math.log(h)
    r = {PROPORTIONAL: (obs.b * h) ** 2, COMBINED: a * a + (obs.b * h) ** 2}.get(obs.noise, a * a) + extra
    if obs.censor:
        return math.log(0.5 * math.erfc(obs.censor * (y - h) / math.sqrt(2 * r)))
    if student > 0:
        const = math.lgamma((student + 1) / 2) - math.lgamma(student / 2)
        return (
            const
            - 0.5 * math.log(student * math.pi * r)
            - (student + 1) / 2 * math.log1p((y - h) ** 2 / (student * r))
        )
    return -0.5 * (math.log(2 * math.pi * r) + (y - h) ** 2 / r)


def matched(
    mean: float, var: float, density: Callable[[Array], Array], at: Array
) -> tuple[float, float, float]:
    """ln p(y), mean and variance of h ~ N(mean, var) given y, by Simpson's rule.

    `at` is an even grid of odd length, `density` ln p(y | h); counts ask for h > 0, and for
    N(mean, var) cut off there.
    """
    prior = -0.5 * (np.log(2 * np.pi * var) + (at - mean) ** 2 / var)
    height = prior + density(at)
    top = height.max()
    simpson = np.full(at.size, 2.0)
    simpson[1::2], simpson[0], simpson[-1] = 4.0, 1.0, 1.0
    w = np.exp(height - top) * simpson * (at[1] - at[0]) / 3
    m = float((w * at).sum() / w.sum())
    return float(top + np.log(w.sum())), m, float((w * (at - m) ** 2).sum() / w.sum())


# ---- random numbers ----


def uniforms(seed: int, patient: int, kind: int, count: int, n: int, dim: int) -> Array:
    """(n, dim) uniforms in (0, 1): particle i, element k, of a patient's draw number `count` of that kind."""
    low, high = patient & LOW, patient >> 32 & LOW
    key = block((PURPOSE << 24, 0, low, high), (seed & LOW, seed >> 32 & LOW))
    out = np.empty((n, dim + dim % 2))
    for i in range(n):
        for pair in range(out.shape[1] // 2):
            words = block((pair | kind << 24, i, count & LOW, count >> 32 & LOW), (key[0], key[1]))
            for k in range(2):
                bits = (words[2 * k] | words[2 * k + 1] << 32) >> 12
                out[i, 2 * pair + k] = (2 * bits + 1) * 2.0**-53
    return out[:, :dim]


def normals(seed: int, patient: int, kind: int, count: int, n: int, dim: int) -> Array:
    """The same through the inverse of the normal distribution."""
    inverse: Array = np.vectorize(NormalDist().inv_cdf, otypes=[float])(
        uniforms(seed, patient, kind, count, n, dim)
    )
    return inverse


# ---- particles ----


def systematic(weights: Array, u: float) -> NDArray[np.int64]:
    """Ancestors of systematic resampling: the smallest j with W_0 + .. + W_j > (i + u) / n; one u for all."""
    n = len(weights)
    edges = np.cumsum(weights)
    ancestors: NDArray[np.int64] = np.searchsorted(edges, (np.arange(n) + u) / n * edges[-1], side="right")
    return np.minimum(ancestors, int(np.flatnonzero(weights)[-1]))


def effective(log_weights: Array) -> float:
    """(sum w)^2 / sum w^2: how many equal particles would be as good (Kong, Liu & Wong 1994)."""
    w = np.exp(log_weights - log_weights.max())
    return float(w.sum() ** 2 / (w @ w))


@dataclass
class Node:
    """Weighted particles where a step begins, and what became of them.

    Attributes
    ----------
    Z, w : ndarray, shapes (n, nz), (n,)
    parents : ndarray, shape (n,)
        Whom each comes from at the node before.
    ahead : ndarray, shape (n, nz), or None
        Where the model brings them, without noise.
    span : float
        Length of the step.
    """

    Z: Array
    w: Array
    parents: NDArray[np.int64]
    ahead: Array | None = None
    span: float = 0.0


@dataclass
class ParticleRun:
    """A particle filter's figures, a row an observation."""

    loglike: float = 0.0
    predicted: list[float] = field(default_factory=list)
    predicted_var: list[float] = field(default_factory=list)
    effective: list[float] = field(default_factory=list)
    mean: list[Array] = field(default_factory=list)
    cov: list[Array] = field(default_factory=list)
    resampled: int = 0
    nodes: list[Node] = field(default_factory=list)
    at: list[int] = field(default_factory=list)


def moments(Z: Array, weights: Array) -> tuple[Array, Array]:
    """Mean (nz,) and covariance (nz, nz) of weighted particles."""
    m = weights @ Z
    D = Z - m
    return m, (D * weights[:, None]).T @ D


def root(P: Array) -> Array:
    """L (n, n) with L L' = P of a semidefinite P; a direction that vanishes has a column of zeros."""
    n = len(P)
    L = np.zeros((n, n))
    for j in range(n):
        d = P[j, j] - L[j] @ L[j]
        if d <= 1e-14 * P[j, j]:
            continue
        L[j:, j] = (P[j:, j] - L[j:] @ L[j]) / math.sqrt(d)
    return L


def bootstrap(
    flow: Callable[[float, float, Array], Array],
    outputs: Callable[[float, Array], Array],
    mean: Array,
    cov: Array,
    Q: Array,
    observations: Sequence[Observation],
    *,
    n: int,
    start: float = 0.0,
    seed: int = 0,
    patient: int = 0,
    resample: float = 0.5,
    noise_step: float = math.inf,
    student: float = 0.0,
    jitter: float = 0.0,
    n_state: int | None = None,
) -> ParticleRun:
    """The bootstrap filter: particles move by the model and are weighed by p(y | h).

    They are drawn again by systematic resampling where their effective number falls below `resample` n.

    Parameters
    ----------
    flow : f(t0, t1, Z), (n, nz) particles at t1
    outputs : h(t, Z), (n, ny)
    Q : (nz, nz) covariance of process noise per unit of time
    jitter : float
        Width h of the kernel that spreads the elements from `n_state` on after each resampling and leaves
        their mean and covariance (Liu & West 2001, sec. 10.3: shrinkage by sqrt(1 - h^2)).

    Returns
    -------
    ParticleRun
        The mean of exp(loglike) over seeds is the likelihood itself (Del Moral 2004, prop. 7.4.1).
    """
    nz = len(mean)
    Z = mean + normals(seed, patient, START, 0, n, nz) @ root(cov).T
    noise, lw, run, t, count = root(Q), np.full(n, -math.log(n)), ParticleRun(), start, 0
    parents = np.arange(n)
    groups: dict[float, list[Observation]] = {}
    for obs in observations:
        groups.setdefault(obs.time, []).append(obs)
    for time, group in groups.items():
        while t < time:
            t1 = min(time, t + noise_step) if Q.any() else time
            run.nodes.append(Node(Z, np.exp(lw), parents))
            Z = flow(t, t1, Z)
            run.nodes[-1].ahead, run.nodes[-1].span, parents = Z, t1 - t, np.arange(n)
            if Q.any():
                Z = Z + math.sqrt(t1 - t) * normals(seed, patient, NOISE, count, n, nz) @ noise.T
            t, count = t1, count + 1
        for obs in group:
            h = outputs(t, Z)[:, obs.output]
            lw = _weigh(run, Z, lw, h, obs, student)
            run.at.append(len(run.nodes))
        if run.effective and run.effective[-1] < resample * n:
            u = float(uniforms(seed, patient, RESAMPLE, count, 1, 1)[0, 0])
            parents = systematic(np.exp(lw), u)
            Z, lw = Z[parents], np.full(n, -math.log(n))
            run.resampled += 1
            k = nz if n_state is None else n_state
            if jitter > 0 and k < nz:
                m, P = moments(Z[:, k:], np.exp(lw))
                spread = normals(seed, patient, JITTER, count, n, nz - k) @ root(P).T
                Z[:, k:] = m + math.sqrt(1 - jitter**2) * (Z[:, k:] - m) + jitter * spread
        count += 1
    run.nodes.append(Node(Z, np.exp(lw), parents))
    return run


def back_by_simulation(
    run: ParticleRun, Q: Array, n_draw: int, seed: int = 0, patient: int = 0
) -> list[Array]:
    """Smoothed weights of the particles of each node but the last, by trajectories drawn back in time.

    From a trajectory's z at the node after, particle i has probability w_i N(z; f(z_i), Q dt); a node's
    weights are the mean of these (Godsill, Doucet & West 2004, J Am Stat Assoc 99:156).
    """
    last = len(run.nodes) - 1
    u = float(uniforms(seed, patient, BACK, last, 1, 1)[0, 0])
    edges = np.cumsum(run.nodes[last].w)
    at = np.searchsorted(edges, (np.arange(n_draw) + u) / n_draw * edges[-1], side="right")
    path, found = run.nodes[last].Z[at], []
    for k in range(last - 1, -1, -1):
        node = run.nodes[k]
        draws = uniforms(seed, patient, BACK, k, n_draw, 1)[:, 0]
        assert node.ahead is not None
        d = np.linalg.solve(root(Q), (path[:, None] - node.ahead).reshape(-1, path.shape[1]).T)
        lw = np.log(node.w) - 0.5 * (d**2).sum(axis=0).reshape(n_draw, -1) / node.span
        W = np.exp(lw - lw.max(axis=1, keepdims=True))
        W /= W.sum(axis=1, keepdims=True)
        found.append(W.mean(axis=0))
        at = np.array([np.searchsorted(np.cumsum(w), v, side="right") for w, v in zip(W, draws, strict=True)])
        path = node.Z[at]
    return found[::-1]


def by_ancestors(run: ParticleRun, node: int, later: int) -> Array:
    """Weights that the particles of a node have through their descendants at a later one (Kitagawa 1996)."""
    at = np.arange(len(run.nodes[later].w))
    for k in range(later, node, -1):
        at = run.nodes[k].parents[at]
    found = np.zeros(len(at))
    np.add.at(found, at, run.nodes[later].w)
    return found


def _weigh(run: ParticleRun, Z: Array, lw: Array, h: Array, obs: Observation, student: float) -> Array:
    """Log weights after one observation; its forecast and the moments after it go into `run`."""
    scale = np.log(h) if obs.noise == LOG_ADDITIVE else obs.a * h if obs.noise == POISSON else h
    w = np.exp(lw)
    centre = float(w @ scale)
    error = {PROPORTIONAL: (obs.b * centre) ** 2, POISSON: centre}.get(obs.noise, obs.a**2)
    if obs.noise == COMBINED:
        error += (obs.b * centre) ** 2
    run.predicted.append(centre)
    run.predicted_var.append(float(w @ (scale - centre) ** 2) + error)
    if not math.isnan(obs.value):
        lw = lw + log_density(obs, h, student)
        top = lw.max()
        gained = float(top + math.log(np.exp(lw - top).sum()))
        run.loglike += gained
        lw = lw - gained
    run.effective.append(effective(lw))
    m, P = moments(Z, np.exp(lw))
    run.mean.append(m)
    run.cov.append(P)
    return lw


def point_mass(
    transition: tuple[float, float, float],
    mean: float,
    var: float,
    observations: Sequence[Observation],
    at: Array,
    student: float = 0.0,
) -> tuple[float, Array, Array]:
    """ln p(y), means and variances of x = F x + c + N(0, v) seen at 1, 2, .. by masses on an even grid.

    `transition` is (F, c, v), N(mean, var) the state at 0 (Bucy & Senne 1971, Automatica 7:287).
    """
    F, c, v = transition
    width = at[1] - at[0]
    density = np.exp(-0.5 * (at - mean) ** 2 / var) / math.sqrt(2 * math.pi * var)
    kernel = np.exp(-0.5 * (at[:, None] - F * at - c) ** 2 / v) / math.sqrt(2 * math.pi * v)
    loglike, means, variances = 0.0, [], []
    for obs in observations:
        density = kernel @ density * width * np.exp(log_density(obs, at, student))
        mass = float(density.sum() * width)
        loglike += math.log(mass)
        density = density / mass
        means.append(float((density * at).sum() * width))
        variances.append(float((density * (at - means[-1]) ** 2).sum() * width))
    return loglike, np.array(means), np.array(variances)
