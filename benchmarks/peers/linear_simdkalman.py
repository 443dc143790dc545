"""simdkalman, which takes all series through each step at once in NumPy."""

from __future__ import annotations

import numpy as np
import simdkalman
from linear_work import Array, Work


def _filter(work: Work) -> simdkalman.KalmanFilter:
    return simdkalman.KalmanFilter(work.F, work.Q, work.H, work.R)


def likelihood(work: Work) -> dict[str, Array]:
    """ln p(y) and the last filtered mean, by its single steps, which keep no more than that."""
    kf, (many, steps) = _filter(work), work.y.shape[:2]
    mean, cov = np.tile(work.x0[:, None], (many, 1, 1)), np.tile(work.P0, (many, 1, 1))
    loglike = np.zeros(many)
    for t in range(steps):
        if t:
            mean, cov = kf.predict_next(mean, cov)
        mean, cov, _, gained = kf.update(mean, cov, work.y[:, t, :, None], log_likelihood=True)
        loglike += gained
    seen = np.isfinite(work.y[..., 0]).sum(1)  # its likelihood leaves the constant out
    return {"loglike": loglike - 0.5 * np.log(2 * np.pi) * seen, "last": mean[..., 0]}


def filtered(work: Work) -> dict[str, Array]:
    states = _filter(work).compute(
        work.y[..., 0], 0, work.x0, work.P0, filtered=True, smoothed=False, observations=False
    ).filtered.states  # fmt: skip
    return {"mean": states.mean, "cov": states.cov}


def smoothed(work: Work) -> dict[str, Array]:
    states = _filter(work).smooth(work.y[..., 0], work.x0, work.P0, observations=False).states
    return {"mean": states.mean, "cov": states.cov}
