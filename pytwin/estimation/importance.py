"""The exact posterior of static parameters by importance sampling: the reference that filters are held to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin import _core
from pytwin.estimation.mode import modes
from pytwin.estimation.target import Target, natural

__all__ = ["Sample", "importance", "pareto_shape"]

Array = NDArray[np.float64]
_FREEDOM = 4  # degrees of freedom of the proposal's tails
_WIDER = 1.2  # SDs of the proposal against those found so far
_PILOTS = (2000, 4000)


@dataclass(frozen=True)
class Sample:
    """Weighted draws of the posterior of z at the end, and what follows from them.

    Attributes
    ----------
    mean, cov : ndarray, shapes (N, n_z), (N, n_z, n_z)
        Of z = (states at the end, theta on the estimation scale).
    natural_mean : ndarray, shape (N, n_theta)
        Means of the parameters on their own scale.
    loglike : ndarray, shape (N,)
        ln p(y), unbiased on the scale of p(y).
    effective : ndarray, shape (N,)
        Effective number of draws, 1/sum w^2.
    shape : ndarray, shape (N,)
        Pareto shape k of the largest weights (`pareto_shape`): above 0.7 the figures are not to be trusted.
    z, weights : ndarray, shapes (N, K, n_z), (N, K), or None
        With ``keep``.
    """

    mean: Array
    cov: Array
    natural_mean: Array
    loglike: Array
    effective: Array
    shape: Array
    z: Array | None = None
    weights: Array | None = None


def importance(
    model: Any,
    batch: Mapping[str, Any],
    *,
    draws: int = 20_000,
    seed: int = 0,
    initial: bool = False,
    keep: bool = False,
    **options: Any,
) -> Sample:
    """Sample the exact posterior of a batch of patients without process noise.

    Draws come from Student's t with 4 degrees of freedom, first around the mode with the curvature there,
    then around the mean and covariance of the first 2,000, then of the next 4,000; all patients and draws are
    lanes of a few calls of the model.

    Parameters
    ----------
    model, batch, initial, **options
        See :class:`pytwin.estimation.target.Target`; ``robust`` and gates of a filter are not part of it.
    draws : int
    seed : int
        Draw k of patient i depends on seed, i and k alone.

    Returns
    -------
    Sample

    References
    ----------
    Geweke J. Bayesian inference in econometric models using Monte Carlo integration. Econometrica
    1989;57:1317-1339 (Student's t around the mode); Cappe O, Guillin A, Marin JM, Robert CP. Population Monte
    Carlo. J Comput Graph Stat 2004;13:907-929 (the second round).
    """
    target = Target(model, batch, initial=initial, **options)
    found = modes(target)
    centre, spread = found.xi, found.root * _WIDER
    first = 0
    for count in (*(min(p, draws) for p in _PILOTS), draws):
        xi, log_q = _student(target, centre, spread, count, seed, first)
        first += count
        points = target.evaluate(xi)
        log_w = points.loglike - 0.5 * np.sum(xi * xi, axis=2) - log_q
        log_w -= 0.5 * target.dim * np.log(2 * np.pi)
        weights, total = normalised(log_w)
        centre, cov = moments(xi, weights)
        spread = _WIDER * safe_root(cov)
    mean, cov_z = moments(points.z, weights)
    theta = natural(points.z[..., target.n_state :], target.scale)
    kept = (points.z, weights) if keep else (None, None)
    return Sample(
        mean, cov_z, np.einsum("nk,nkj->nj", weights, theta), total, 1 / np.sum(weights**2, axis=1),
        np.array([pareto_shape(w) for w in log_w]), *kept,
    )  # fmt: skip


def _student(
    target: Target, centre: Array, root: Array, count: int, seed: int, first: int
) -> tuple[Array, Array]:
    """Draws (N, count, d) of a multivariate t and the logarithm of their density (N, count)."""
    n, d = target.size, target.dim
    purpose, who = _core.PURPOSE["POSTERIOR"], np.arange(n)
    u = np.asarray(_core.uniforms(seed, purpose, who, first + count, d + _FREEDOM // 2))[:, first:]
    z = np.asarray(_core.lanes_apply("norminv", u[:, :, :d].ravel())).reshape(n, count, d)
    # sqrt(chi-square / degrees of freedom)
    stretch = np.sqrt(-2 * np.log(u[:, :, d:]).sum(axis=2) / _FREEDOM)
    away = z / stretch[:, :, None]
    xi = centre[:, None, :] + np.einsum("nij,nkj->nki", root, away)
    log_det = np.linalg.slogdet(root)[1]
    half = 0.5 * (_FREEDOM + d)
    const = math.lgamma(half) - math.lgamma(0.5 * _FREEDOM) - 0.5 * d * np.log(_FREEDOM * np.pi)
    tail = half * np.log1p(np.sum(away * away, axis=2) / _FREEDOM)
    return xi, const - log_det[:, None] - tail


def normalised(log_w: Array) -> tuple[Array, Array]:
    """Weights (N, K) that sum to 1, and the logarithm of the mean of exp(log_w), (N,)."""
    top = log_w.max(axis=1, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    w = np.exp(log_w - top)
    total = w.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        return w / total, (top + np.log(total / w.shape[1]))[:, 0]


def moments(points: Array, weights: Array) -> tuple[Array, Array]:
    """Mean (N, d) and covariance (N, d, d) of weighted points (N, K, d)."""
    points = np.where(weights[:, :, None] > 0, points, 0.0)
    mean = np.einsum("nk,nkj->nj", weights, points)
    away = points - mean[:, None, :]
    return mean, np.einsum("nk,nki,nkj->nij", weights, away, away, optimize=True)


def safe_root(cov: Array) -> Array:
    """A root of a covariance; directions in which the draws have none keep a little."""
    cov = np.where(np.isfinite(cov), cov, 0.0)
    values, vectors = np.linalg.eigh(cov)
    floor = np.maximum(1e-6 * values[:, -1:], 1e-12)
    return np.asarray(vectors * np.sqrt(np.maximum(values, floor))[:, None, :])


def sd_error(z: Array, weights: Array) -> float:
    """Largest relative standard error of the SDs of weighted points (K, n), by the delta method:

    1/2 sqrt(sum w^2 ((z - m)^2 / v - 1)^2); infinite where there are no weights.
    """
    if not np.isfinite(weights).all():
        return float("inf")
    away = z - weights @ z
    variance = weights @ (away * away)
    moving = variance > 1e-20 * np.maximum(np.max(z * z, axis=0), 1e-300)
    ratio = away[:, moving] ** 2 / variance[moving] - 1
    return float(0.5 * np.sqrt(np.max(weights**2 @ ratio**2, initial=0.0)))


def pareto_shape(log_w: Array) -> float:
    """Shape k of a generalised Pareto distribution of the largest weights.

    Above 0.7 the variance of what is estimated with these weights is too large for them to be trusted
    (Vehtari A, Simpson D, Gelman A, Yao Y, Gabry J, J Mach Learn Res 2024;25:1-58). The fit is that of Zhang
    J, Stephens MA, Technometrics 2009;51:316-325, shrunk towards 1/2 by ten observations as there.

    Parameters
    ----------
    log_w : ndarray, shape (K,)

    Returns
    -------
    float
        Infinite where fewer than five weights are in the tail; NaN where no weight is finite.
    """
    log_w = log_w[np.isfinite(log_w)]
    if log_w.size == 0:
        return float("nan")
    tail = int(min(0.2 * log_w.size, 3 * np.sqrt(log_w.size)))
    if tail < 5:
        return float("inf")
    ordered = np.sort(np.exp(log_w - log_w.max()))
    over = ordered[-tail:] - ordered[-tail - 1]
    if over[-1] <= 0 or over[(tail + 2) // 4 - 1] <= 0:
        return float("-inf") if over[-1] <= 0 else float("inf")
    return _zhang_stephens(over)


def _zhang_stephens(over: Array) -> float:
    n = over.size
    m = 30 + int(np.sqrt(n))
    quartile = over[(n + 2) // 4 - 1]
    b = 1 / over[-1] + (1 - np.sqrt(m / (np.arange(1, m + 1) - 0.5))) / (3 * quartile)
    k = np.log1p(-b[:, None] * over).mean(axis=1)
    profile = n * (np.log(-b / k) - k - 1)
    with np.errstate(over="ignore"):
        share = 1 / np.exp(profile - profile[:, None]).sum(axis=1)
    best = float((share * b).sum() / share.sum())
    shape = float(np.log1p(-best * over).mean())
    return (n * shape + 10 * 0.5) / (n + 10)
