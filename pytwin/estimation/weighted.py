"""Static parameters and sparse data: mean and covariance of the exact posterior by weighted points.

The mode is found by damped Gauss-Newton; points around it are weighted by posterior over proposal; the next
points go around the moments that all points so far have, and are weighted with them against the mixture of
all proposals. A patient is done when mean and SDs are known well enough, so that near Gaussian posteriors
cost a hundred points and bent ones some thousands. Nothing is drawn at random.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin import _core
from pytwin.estimation.importance import moments, normalised, safe_root, sd_error
from pytwin.estimation.mode import modes
from pytwin.estimation.shape import Shape, judge
from pytwin.estimation.target import Points, Target, natural

__all__ = ["Static", "shape", "static"]

Array = NDArray[np.float64]
Rows = NDArray[np.intp]
ROUNDS = (126, 126, 252, 504, 1008, 2016)  # points of each
SCALES = (1.3, 2.0)  # half of a round's points each: SDs of the proposal against those found so far


@dataclass(frozen=True)
class Static:
    """The posterior of z = (states at the end, theta on the estimation scale).

    Attributes
    ----------
    mean, cov : ndarray, shapes (N, n_z), (N, n_z, n_z)
    natural_mean : ndarray, shape (N, n_theta)
        Means of the parameters on their own scale, from the points themselves.
    loglike : ndarray, shape (N,)
        ln p(y).
    status : ndarray of int, shape (N,)
        0, or the core's NOT_CONVERGED where no point had a likelihood; the numbers are NaN then.
    points : ndarray of int, shape (N,)
        How many were used.
    shape : Shape
        Whether mean and covariance stand for the posterior.
    """

    mean: Array
    cov: Array
    natural_mean: Array
    loglike: Array
    status: NDArray[np.int32]
    points: NDArray[np.int64]
    shape: Shape


def static(
    model: Any, batch: Mapping[str, Any], *, accuracy: float = 0.03, initial: bool = False, **options: Any
) -> Static:
    """Estimate static parameters, and the states that follow from them, of a batch of patients.

    Parameters
    ----------
    model, batch, initial, **options
        See :class:`pytwin.estimation.target.Target`. There is no process noise.
    accuracy : float
        Relative standard error of the parameters' SDs with which a patient is done; at most 4,032
        points are used.

    Returns
    -------
    Static

    Notes
    -----
    The proposals' centres and roots are moments of all points so far (adaptive multiple importance sampling:
    Cornuet JM, Marin JM, Mira A, Robert CP, Scand J Stat 2012;39:798-812), each at two scales; the weights
    are those of the balance heuristic (Veach E, Guibas LJ, SIGGRAPH 1995:419-428). Points are an additive
    lattice sequence with the generalised golden ratio through the normal quantile, mirrored and whitened. The
    error of a tail's SD falls about as 1/sqrt(points) in seven dimensions and faster in three.
    """
    return _cloud(Target(model, batch, initial=initial, **options), accuracy).result()


def shape(
    model: Any,
    batch: Mapping[str, Any],
    mean: Array,
    cov: Array,
    *,
    accuracy: float = 0.03,
    initial: bool = False,
    **options: Any,
) -> Shape:
    """Whether a filter's mean and covariance at the end stand for the exact posterior of static parameters.

    Parameters
    ----------
    model, batch, accuracy, initial, **options
        See :func:`static`, which is run beside the filter: this costs as much.
    mean, cov : ndarray, shapes (N, n_z), (N, n_z, n_z)
        What a filter of the same batch gave, for example ``_core.nonlinear``.

    Returns
    -------
    Shape
    """
    cloud = _cloud(Target(model, batch, initial=initial, **options), accuracy)
    return judge(cloud.target, cloud.weighted(), mean, cov)


def _cloud(target: Target, accuracy: float) -> _Cloud:
    found = modes(target)
    cloud = _Cloud(target, found.xi, found.root)
    active = np.arange(target.size)
    for count in ROUNDS:
        if active.size == 0:
            break
        cloud.extend(count, active)
        active = active[~(cloud.error[active] <= accuracy)]
    return cloud


def lattice(first: int, count: int, d: int) -> Array:
    """Points (2 count, d) of the standard normal: mean 0, covariance I, mirrored.

    u_k = frac(1/2 + k a), a_j = g^-j with g^(d+1) = g + 1 (Roberts M, The unreasonable effectiveness of
    quasirandom sequences, 2018), k = first + 1, ...
    """
    g = 2.0
    for _ in range(64):
        g = (1 + g) ** (1 / (d + 1))
    step = g ** -np.arange(1.0, d + 1)
    u = (0.5 + np.arange(first + 1, first + count + 1)[:, None] * step) % 1.0
    z = np.asarray(_core.lanes_apply("norminv", u.ravel())).reshape(u.shape)
    z = np.concatenate([z, -z])
    values, vectors = np.linalg.eigh(z.T @ z / len(z))
    return np.asarray(z @ vectors / np.sqrt(values) @ vectors.T)


class _Cloud:
    """All points of all patients so far; patients that are done keep what they have."""

    def __init__(self, target: Target, centre: Array, root: Array) -> None:
        n = target.size
        self.target = target
        self.centre, self.root = centre.copy(), root.copy()
        self.error = np.full(n, np.inf)
        self.parts: list[_Round] = []
        self.final: list[_Final | None] = [None] * n
        self.used = 0

    def extend(self, count: int, rows: Rows) -> None:
        """A round of `count` points around the moments so far, and what follows for the patients `rows`."""
        d, half = self.target.dim, count // len(SCALES) // 2
        units = [scale * lattice(self.used + k * half, half, d) for k, scale in enumerate(SCALES)]
        self.used += half * len(SCALES)
        unit = np.concatenate(units)
        xi = self.centre[rows][:, None, :] + np.einsum("nij,kj->nki", self.root[rows], unit)
        points = self.target.evaluate(xi, rows)
        self.parts.append(_Round(rows, self.centre[rows], self.root[rows], xi, points, count))
        self._weigh(rows)

    def _weigh(self, rows: Rows) -> None:
        rounds = [part.of(rows) for part in self.parts]
        xi = np.concatenate([r.xi for r in rounds], axis=1)
        loglike = np.concatenate([r.points.loglike for r in rounds], axis=1)
        z = np.concatenate([r.points.z for r in rounds], axis=1)
        total = sum(r.count for r in rounds)
        log_q = np.logaddexp.reduce([np.log(r.count / total) + r.log_density(xi) for r in rounds], axis=0)
        log_w = loglike - 0.5 * np.sum(xi * xi, axis=2) - log_q
        weights, evidence = normalised(log_w)
        centre, cov = moments(xi, weights)
        good = np.isfinite(evidence)
        self.centre[rows[good]], self.root[rows[good]] = centre[good], safe_root(cov[good])
        for j, i in enumerate(rows):
            self.final[i] = _Final(z[j], weights[j], log_w[j], float(evidence[j]))
            self.error[i] = sd_error(z[j, :, self.target.first :], weights[j])

    def result(self) -> Static:
        """Moments and their trustworthiness."""
        target, n = self.target, self.target.size
        nz, nx = target.mean.shape[1], target.n_state
        mean, cov = np.full((n, nz), np.nan), np.full((n, nz, nz), np.nan)
        theta, loglike = np.full((n, nz - nx), np.nan), np.full(n, np.nan)
        status, used = np.zeros(n, dtype=np.int32), np.zeros(n, dtype=np.int64)
        for i, final in enumerate(self.final):
            if final is None or not np.isfinite(final.evidence):
                status[i] = _core.STATUS["NOT_CONVERGED"][0]
                continue
            m, c = moments(final.z[None], final.weights[None])
            mean[i], cov[i], loglike[i] = m[0], c[0], final.evidence
            theta[i] = final.weights @ natural(final.z[:, nx:], target.scale)
            used[i] = len(final.weights)
        found = judge(target, self.weighted(), mean, cov)
        return Static(mean, cov, theta, loglike, status, used, found)

    def weighted(self) -> list[tuple[Array, Array, Array] | None]:
        """z, weights and their logarithms of each patient."""
        return [(f.z, f.weights, f.log_w) if f else None for f in self.final]


@dataclass(frozen=True)
class _Final:
    z: Array
    weights: Array
    log_w: Array
    evidence: float


@dataclass(frozen=True)
class _Round:
    """Points of one round: patients, their proposal, and what the model said."""

    rows: Rows
    centre: Array
    root: Array
    xi: Array
    points: Points
    count: int

    def of(self, rows: Rows) -> _Round:
        """The same for some of its patients."""
        at = np.searchsorted(self.rows, rows)
        p = self.points
        points = Points(p.loglike[at], p.latent[at], p.z[at], p.failed[at])
        return _Round(rows, self.centre[at], self.root[at], self.xi[at], points, self.count)

    def log_density(self, xi: Array) -> Array:
        """ln of the proposal (N, K) at any points, without (2 pi)^(-d/2)."""
        d = xi.shape[2]
        away = np.linalg.solve(self.root, np.swapaxes(xi - self.centre[:, None, :], 1, 2))
        square = np.sum(away * away, axis=1)
        log_det = np.linalg.slogdet(self.root)[1][:, None]
        parts = [-0.5 * square / s**2 - d * np.log(s) for s in SCALES]
        return np.asarray(np.logaddexp.reduce(parts, axis=0) - np.log(len(SCALES)) - log_det)
