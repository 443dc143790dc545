"""Mixtures of Gaussians: moments, quantiles, draws."""

from __future__ import annotations

from math import erf

import numpy as np
from numpy.typing import NDArray

from pytwin import _core

Array = NDArray[np.float64]

_TINY = 1e-12
_BISECTIONS = 60


def moments(weights: Array, means: Array, covs: Array) -> tuple[Array, Array]:
    """Mean (n,) and covariance (n, n) of a mixture of K components.

    m = sum w_k m_k, P = sum w_k (P_k + (m_k - m)(m_k - m)').
    """
    mean = weights @ means
    away = means - mean
    spread = np.einsum("k,ki,kj->ij", weights, away, away)
    return mean, np.einsum("k,kij->ij", weights, covs) + spread


def normal_cdf(x: Array) -> Array:
    """Standard normal distribution function."""
    flat = np.ascontiguousarray(x, dtype=np.float64).ravel()
    return np.asarray(_core.lanes_apply("normcdf", flat)).reshape(np.shape(x))


def quantile(weights: Array, means: Array, sds: Array, p: float) -> Array:
    """Quantile of scalar mixtures by bisection.

    Parameters
    ----------
    weights : ndarray, shape (..., K)
        Sum to 1 along the last axis.
    means, sds : ndarray, shape (..., K)
    p : float
        In (0, 1).

    Returns
    -------
    ndarray, shape (...)
    """
    if means.shape[-1] == 1:
        return np.asarray(means[..., 0] + sds[..., 0] * _normal_quantile(p))
    reach = 10 * sds + _TINY
    low, high = (means - reach).min(axis=-1), (means + reach).max(axis=-1)
    scale = np.maximum(sds, _TINY)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        below = (weights * normal_cdf((middle[..., None] - means) / scale)).sum(axis=-1) < p
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray((low + high) / 2)


def _normal_quantile(p: float) -> float:
    low, high = -40.0, 40.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if (1 + erf(middle / 2**0.5)) / 2 < p else (low, middle)
    return (low + high) / 2


def root(covs: Array) -> Array:
    """Lower-triangular L with L L' = P for semi-definite P, shape (K, n, n).

    A pivot that is not positive beyond rounding gives a column of zeros: states that are known exactly stay
    so.
    """
    n = covs.shape[-1]
    lower = np.zeros_like(covs)
    floor = _TINY * np.maximum(np.einsum("kii->ki", covs), 0.0)
    for j in range(n):
        column = covs[:, j:, j] - np.einsum("kim,km->ki", lower[:, j:, :j], lower[:, j, :j])
        pivot = column[:, 0]
        keep = pivot > floor[:, j]
        scale = np.where(keep, 1 / np.sqrt(np.where(keep, pivot, 1.0)), 0.0)
        lower[:, j:, j] = column * scale[:, None]
    return lower


def draw(
    weights: Array, means: Array, covs: Array, n: int, seed: int, *, patient: int = 0
) -> tuple[Array, NDArray[np.intp]]:
    """Draws of a mixture.

    Parameters
    ----------
    weights : ndarray, shape (K,)
    means, covs : ndarray, shapes (K, n_z), (K, n_z, n_z)
    n : int
        Number of draws.
    seed, patient : int
        Keys of the Philox stream; the first draws of a longer call are those of a shorter one.

    Returns
    -------
    z : ndarray, shape (n, n_z)
    component : ndarray of int, shape (n,)
    """
    size = means.shape[-1]
    who = np.array([patient], dtype=np.int64)
    normals = _core.normals(seed, _core.PURPOSE["POSTERIOR"], who, n, size)[0]
    uniform = _core.uniforms(seed, _core.PURPOSE["COMPONENT"], who, n, 1)[0, :, 0]
    component = np.minimum(np.searchsorted(np.cumsum(weights), uniform, side="right"), len(weights) - 1)
    factors = root(covs)[component]
    z = means[component] + np.einsum("dij,dj->di", factors, normals)
    return z, component


def mirrored(
    weights: Array, means: Array, covs: Array, n: int, seed: int, *, patient: int = 0
) -> tuple[Array, NDArray[np.intp]]:
    """Draws in pairs that mirror each other about the mean of their component.

    What is monotone in z has its true median for one component, whatever the seed; arguments and shapes as
    ``draw``, n rounded up to an even number.
    """
    z, component = draw(weights, means, covs, (n + 1) // 2, seed, patient=patient)
    return np.concatenate([z, 2 * means[component] - z]), np.concatenate([component, component])
