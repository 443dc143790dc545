"""statsmodels' compiled filter and smoother, an object for each series: `bind` on an object that has run
leaves its compiled parts with the data that they were made for. As quickly as it goes: no more is kept in
memory than is asked for, and the compiled filter is called without the objects of results around it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from linear_work import Array, Work
from statsmodels.tsa.statespace.kalman_filter import MEMORY_CONSERVE, KalmanFilter
from statsmodels.tsa.statespace.kalman_smoother import SMOOTHER_STATE, SMOOTHER_STATE_COV, KalmanSmoother


def _of(kind: type[KalmanFilter], work: Work, y: Array, **options: int) -> KalmanFilter:
    """The model of one series."""
    model = kind(1, work.n, **options)
    model["transition"], model["design"], model["selection"] = work.F, work.H, np.eye(work.n)
    model["state_cov"], model["obs_cov"] = work.Q, work.R
    model.initialize_known(work.x0, work.P0)
    model.bind(y)
    return model


def likelihood(work: Work) -> dict[str, Array]:
    """ln p(y) and the last filtered mean, by the conventional filter: what `KalmanFilter.loglike` calls."""
    loglike, last = np.empty(len(work.y)), np.empty((len(work.y), work.n))
    for i, y in enumerate(work.y):
        done = _of(KalmanFilter, work, y, conserve_memory=MEMORY_CONSERVE)._filter()
        loglike[i], last[i] = np.sum(done.loglikelihood), np.asarray(done.filtered_state)[:, -1]
    return {"loglike": loglike, "last": last}


def compiled(work: Work) -> Callable[[], object]:
    """The compiled loop alone over the first series, without the object around it."""
    return _of(KalmanFilter, work, work.y[0], conserve_memory=MEMORY_CONSERVE)._filter()


def _room(work: Work) -> tuple[Array, Array]:
    return np.empty((*work.y.shape[:2], work.n)), np.empty((*work.y.shape[:2], work.n, work.n))


def filtered(work: Work) -> dict[str, Array]:
    mean, cov = _room(work)
    for i, y in enumerate(work.y):
        done = _of(KalmanFilter, work, y)._filter()
        mean[i], cov[i] = np.asarray(done.filtered_state).T, np.asarray(done.filtered_state_cov).T
    return {"mean": mean, "cov": cov}


def smoothed(work: Work) -> dict[str, Array]:
    mean, cov = _room(work)
    for i, y in enumerate(work.y):
        model = _of(KalmanSmoother, work, y, smoother_output=SMOOTHER_STATE | SMOOTHER_STATE_COV)
        model._filter()
        done = model._smooth()
        mean[i], cov[i] = np.asarray(done.smoothed_state).T, np.asarray(done.smoothed_state_cov).T
    return {"mean": mean, "cov": cov}


def conventional(work: Work) -> dict[str, Array]:
    """`likelihood` of one series, and the step from which on the covariance stayed as it was, or -1."""
    done = _of(KalmanFilter, work, work.y[0], conserve_memory=MEMORY_CONSERVE)._filter()
    steady = done.period_converged if done.converged else -1
    last = np.asarray(done.filtered_state)[:, -1].copy()
    return {"loglike": np.sum(done.loglikelihood), "last": last, "steady": np.array(steady)}
