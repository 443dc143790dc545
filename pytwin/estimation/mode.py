"""The highest point of posteriors without process noise, and their curvature there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytwin.estimation.target import Points, Target

Array = NDArray[np.float64]
_SPREAD = 0.25  # of the differences, in posterior SDs: above the integrator's error, below most bends
_ENOUGH = 1e-3  # rise of ln p below which a search ends
_DAMPING = 1e-3, 1e8


@dataclass
class Modes:
    """Where the searches ended.

    Attributes
    ----------
    xi : ndarray, shape (N, d)
    root : ndarray, shape (N, d, d)
        C with C C' = (I + J'J)^-1, the covariance there by Gauss and Newton.
    height : ndarray, shape (N,)
        ln p(y | xi) - |xi|^2/2; -inf where the model could not be run.
    converged : ndarray of bool, shape (N,)
    calls : int
        How often the model was run on all points.
    """

    xi: Array
    root: Array
    height: Array
    converged: NDArray[np.bool_]
    calls: int = 0


def modes(target: Target, *, iterations: int = 40) -> Modes:
    """Damped Gauss-Newton from the prior mean, all patients at once, each with a damping of its own.

    Derivatives are central differences along the columns of the current posterior covariance's root. The
    damping falls to a tenth after a rise of ln p and grows fivefold where it would fall or the model fails
    (Marquardt DW, J Soc Indust Appl Math 1963;11:431-441), so that a wide prior with one strong observation
    is walked through in steps that hold.
    """
    n, d = target.size, target.dim
    found = Modes(np.zeros((n, d)), np.tile(np.eye(d), (n, 1, 1)), np.full(n, -np.inf), np.zeros(n, bool))
    gradient, fisher = np.zeros((n, d)), np.zeros((n, d, d))
    damping = np.full(n, _DAMPING[0])
    trial = found.xi.copy()
    active = np.arange(n)
    for _ in range(iterations):
        points = target.evaluate(_star(trial[active], found.root[active]), active)
        found.calls += 1
        height = points.loglike[:, 0] - 0.5 * np.sum(trial[active] ** 2, axis=1)
        with np.errstate(invalid="ignore"):
            rise = height - found.height[active]  # NaN where neither has a likelihood
        better = rise > 0
        up = active[better]
        found.xi[up], found.height[up] = trial[up], height[better]
        slopes = _slopes(target, points, found.root[active], active)
        gradient[up], fisher[up] = slopes[0][better], slopes[1][better]
        found.root[up] = _root(fisher[up])
        damping[up] = np.maximum(damping[up] / 10, _DAMPING[0])
        damping[active[~better]] *= 5
        still = ~((better & (rise < _ENOUGH)) | (damping[active] > _DAMPING[1]))
        found.converged[active[~still]] = np.isfinite(found.height[active[~still]])
        active = active[still]
        if active.size == 0:
            break
        trial[active] = found.xi[active] + _step(
            gradient[active] - found.xi[active], fisher[active], damping[active]
        )
    return found


def _star(centre: Array, root: Array) -> Array:
    """Points (N, 2 d + 1, d): the centre and either side of it along each column of the root."""
    along = _SPREAD * np.swapaxes(root, 1, 2)
    away = np.concatenate([np.zeros_like(along[:, :1]), along, -along], axis=1)
    return np.asarray(centre[:, None, :] + away)


def _slopes(target: Target, points: Points, root: Array, rows: NDArray[np.intp]) -> tuple[Array, Array]:
    """d ln p(y)/d xi (N, d) and the Fisher information (N, d, d)."""
    d = target.dim
    gradient, fisher = np.zeros((len(rows), d)), np.zeros((len(rows), d, d))
    for j, i in enumerate(rows):
        term, information = target.obs.scores(int(i), points.latent[j])
        back = np.linalg.inv(root[j]) / (2 * _SPREAD)
        failed = (
            points.failed[j] | ~np.isfinite(term).all(axis=1) | ~np.isfinite(information).all(axis=(0, 2))
        )
        failed = failed[1 : d + 1] | failed[d + 1 :]
        slope = term[1 : d + 1] - term[d + 1 :]
        bend = information[:, 1 : d + 1] - information[:, d + 1 :]
        slope[failed], bend[:, failed] = 0.0, 0.0
        gradient[j] = slope.sum(axis=1) @ back
        rotated = np.einsum("skn,kd->snd", bend, back).reshape(-1, d)
        fisher[j] = rotated.T @ rotated
    return gradient, fisher


def _root(fisher: Array) -> Array:
    """C with C C' = (I + F)^-1."""
    values, vectors = np.linalg.eigh(np.eye(fisher.shape[1]) + fisher)
    return np.asarray(vectors / np.sqrt(values)[:, None, :])


def _step(gradient: Array, fisher: Array, damping: Array) -> Array:
    """(I + F + damping (I + diag F))^-1 g."""
    d = fisher.shape[1]
    full = np.eye(d) + fisher
    full[:, range(d), range(d)] *= 1 + damping[:, None]
    return np.asarray(np.linalg.solve(full, gradient[:, :, None])[:, :, 0])
