"""filterpy's unscented filter on the same augmented model, its points propagated by CVODE in C.

The strongest peer that can be put together from packages: filterpy has no integrator, doses or
batches, so the loop over doses and observations is here, and all points of a stretch go to C at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from filterpy.kalman import MerweScaledSigmaPoints, UnscentedKalmanFilter
from peers import cvode

N_STATE = 8
S_SHARE = 0.5  # of a racemic dose


@dataclass(frozen=True)
class Problem:
    """One patient: typical parameters in the order of ``cvode.PARAMETERS``, prior, doses, log-INRs.

    ``theta`` are indices into the parameters; z = [states, log theta].
    """

    params: np.ndarray
    theta: tuple[int, ...]
    mean: np.ndarray
    cov: np.ndarray
    doses: tuple[tuple[float, float], ...]
    times: np.ndarray
    log_inr: np.ndarray
    sd: float


def _root(a: np.ndarray) -> np.ndarray:
    """Upper root of a semidefinite matrix, parameters eliminated before states as in the core.

    States that are known exactly have no variance, and their points no spread.
    """
    order = np.r_[N_STATE : len(a), 0:N_STATE]
    lower = np.zeros_like(a)
    for k, j in enumerate(order):
        d = a[j, j] - lower[j] @ lower[j]
        if d > 1e-13 * max(a[j, j], 1e-300):
            rest = order[k:]
            lower[rest, k] = (a[rest, j] - lower[rest] @ lower[j]) / np.sqrt(d)
    return lower.T


def _params(problem: Problem, z: np.ndarray) -> np.ndarray:
    p = np.tile(problem.params, (len(z), 1))
    p[:, list(problem.theta)] = np.exp(z[:, N_STATE:])
    return p


def _log_inr(problem: Problem, z: np.ndarray) -> np.ndarray:
    p = _params(problem, z[None])[0]
    base, top = p[cvode.PARAMETERS.index("BASE")], p[cvode.PARAMETERS.index("INRmax")]
    return np.array([np.log(base + top * (1 - (z[4] + z[7]) / 2))])


def assimilate(problem: Problem, rule: dict[str, float], *, rtol: float, atol: float) -> np.ndarray:
    """Posterior mean of z after the last observation."""
    n = len(problem.mean)
    points = MerweScaledSigmaPoints(n, **rule, sqrt_method=_root)
    ukf = UnscentedKalmanFilter(
        n, 1, 0.0, hx=lambda z: _log_inr(problem, z), fx=lambda z, dt: z, points=points
    )
    ukf.x, ukf.P = problem.mean.copy(), problem.cov.copy()
    ukf.R, ukf.Q = np.array([[problem.sd**2]]), np.zeros((n, n))
    now, doses = 0.0, list(problem.doses)
    for t, y in zip(problem.times, problem.log_inr, strict=True):
        sigmas = points.sigma_points(ukf.x, ukf.P)
        while doses and doses[0][0] < t:
            at, mg = doses.pop(0)
            sigmas = _advance(problem, sigmas, at - now, rtol, atol)
            sigmas[:, 0] += S_SHARE * mg
            now = at
        ukf.sigmas_f = _advance(problem, sigmas, t - now, rtol, atol)
        now = t
        away = ukf.sigmas_f - (mean := points.Wm @ ukf.sigmas_f)
        ukf.x, ukf.P = mean, (away * points.Wc[:, None]).T @ away
        ukf.sigmas_f = points.sigma_points(ukf.x, ukf.P)  # drawn anew from the prediction
        ukf.update(np.array([y]))
    return ukf.x


def _advance(problem: Problem, z: np.ndarray, hours: float, rtol: float, atol: float) -> np.ndarray:
    if hours <= 0:
        return z
    moved = z.copy()
    moved[:, :N_STATE] = cvode.advance(z[:, :N_STATE], _params(problem, z), hours, rtol=rtol, atol=atol)
    return moved
