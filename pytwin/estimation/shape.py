"""Whether a mean and a covariance stand for a posterior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.estimation.importance import pareto_shape, sd_error
from pytwin.estimation.target import Target, natural

__all__ = ["Shape", "judge"]

Array = NDArray[np.float64]
Weighted = tuple[Array, Array, Array]
# Bounds, chosen on virtual patients other than those of `pytwin verify kalman-nonlinear`.
MEAN_GAP, SD_GAP = 0.0425, 0.085
SD_ERROR, PARETO = 0.05, 0.7


@dataclass(frozen=True)
class Shape:
    """Whether a Gaussian stands for the posterior of each patient, and how far it is off.

    Attributes
    ----------
    fires : ndarray of bool, shape (N,)
        Do not trust mean and covariance; `reason` says why.
    reason : tuple of str
        "" where it is silent.
    mean_gap : ndarray, shape (N,)
        (Parameters here and below are states where none is estimated.)
        Largest relative difference between a parameter's natural mean under the Gaussian and under the
        posterior.
    sd_gap : ndarray, shape (N,)
        The same of the SDs on the estimation scale.
    error : ndarray, shape (N,)
        Relative standard error of the posterior's SDs themselves.
    pareto : ndarray, shape (N,)
        Shape of the largest weights, see ``pareto_shape``.
    effective : ndarray, shape (N,)
        Effective number of points.
    skewness : ndarray, shape (N,)
        Largest absolute skewness of a parameter on its estimation scale; shown, not judged.
    """

    fires: NDArray[np.bool_]
    reason: tuple[str, ...]
    mean_gap: Array
    sd_gap: Array
    error: Array
    pareto: Array
    effective: Array
    skewness: Array

    def __len__(self) -> int:
        return len(self.fires)


def judge(target: Target, found: Sequence[Weighted | None], mean: Array, cov: Array) -> Shape:
    """Compare Gaussians N(mean, cov) of z with weighted points of the exact posteriors.

    Parameters
    ----------
    target : Target
    found : sequence of (z (K, n_z), weights (K,), log weights (K,)) or None
    mean, cov : ndarray, shapes (N, n_z), (N, n_z, n_z)
    """
    rows = [_figures(target, f, m, c) for f, m, c in zip(found, mean, cov, strict=True)]
    figures = np.array(rows, dtype=np.float64).reshape(len(rows), 6)
    mean_gap, sd_gap, error, pareto, effective, skewness = figures.T
    reasons = tuple(_reason(*row[:4]) for row in figures)
    fires = np.array([bool(r) for r in reasons], dtype=bool)
    return Shape(fires, reasons, mean_gap, sd_gap, error, pareto, effective, skewness)


def _reason(mean_gap: float, sd_gap: float, error: float, pareto: float) -> str:
    if not np.isfinite([mean_gap, sd_gap]).all():
        return "no points with a likelihood"
    if mean_gap > MEAN_GAP:
        return f"a mean is off by {mean_gap:.1%}"
    if sd_gap > SD_GAP:
        return f"an SD is off by {sd_gap:.1%}"
    if error > SD_ERROR:
        return f"the posterior's SDs are known to {error:.1%} only"
    if pareto > PARETO:
        return "the posterior has tails that the points did not reach"
    return ""


def _figures(target: Target, found: Weighted | None, mean: Array, cov: Array) -> tuple[float, ...]:
    if found is None or not np.isfinite(found[1]).all() or not np.isfinite(mean).all():
        return (np.nan,) * 6
    z, weights, log_w = found
    theta = z[:, target.first :]
    centre = weights @ theta
    away = theta - centre
    sd = np.sqrt(weights @ (away * away))
    moving = sd > 1e-10 * np.abs(theta).max(axis=0, initial=0.0)  # less is rounding of what is known exactly
    given = np.sqrt(np.maximum(np.diag(cov)[target.first :], 0.0))
    exact = weights @ natural(theta, target.judged_scale)
    implied = gaussian_mean(mean[target.first :], given, target.judged_scale)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_gap = np.abs(implied / exact - 1)[moving]
        sd_gap = np.abs(given / sd - 1)[moving]
        skew = np.abs(weights @ away**3 / sd**3)[moving]
    return (
        float(mean_gap.max(initial=0.0)), float(sd_gap.max(initial=0.0)), sd_error(theta, weights),
        pareto_shape(log_w), float(1 / np.sum(weights**2)), float(skew.max(initial=0.0)),
    )  # fmt: skip


def gaussian_mean(mean: Array, sd: Array, scale: NDArray[Any]) -> Array:
    """Natural mean of a parameter with z ~ N(mean, sd^2): the log-normal's, or seven Gauss-Hermite points."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(7)
    by_points = weights / weights.sum() @ natural(mean + nodes[:, None] * sd, scale)
    with np.errstate(over="ignore"):
        return np.asarray(np.where(scale == 1, np.exp(mean + sd**2 / 2), by_points))
