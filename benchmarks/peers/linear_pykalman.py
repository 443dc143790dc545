"""pykalman, a series after the other."""

from __future__ import annotations

import numpy as np
from linear_work import Array, Work
from pykalman import KalmanFilter


def _filter(work: Work) -> KalmanFilter:
    return KalmanFilter(
        transition_matrices=work.F, observation_matrices=work.H, transition_covariance=work.Q,
        observation_covariance=work.R, initial_state_mean=work.x0, initial_state_covariance=work.P0,
    )  # fmt: skip


def likelihood(work: Work) -> dict[str, Array]:
    """ln p(y) alone: the last state would be another pass."""
    kf, data = _filter(work), np.ma.masked_invalid(work.y)
    return {"loglike": np.array([kf.loglikelihood(y) for y in data])}


def filtered(work: Work) -> dict[str, Array]:
    kf, data = _filter(work), np.ma.masked_invalid(work.y)
    found = [kf.filter(y) for y in data]
    return {"mean": np.array([m for m, _ in found]), "cov": np.array([c for _, c in found])}


def smoothed(work: Work) -> dict[str, Array]:
    kf, data = _filter(work), np.ma.masked_invalid(work.y)
    found = [kf.smooth(y) for y in data]
    return {"mean": np.array([m for m, _ in found]), "cov": np.array([c for _, c in found])}
