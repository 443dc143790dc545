"""What the linear filters and smoothers return."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["FilterResult", "SmootherResult"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class FilterResult:
    """What a linear filter found; an output that was not asked for is None. Covariances may be packed.

    Attributes
    ----------
    loglike : ndarray, shape (...)
        ln p(y), the constant included; missing elements contribute nothing.
    loglike_t : ndarray, shape (..., T)
        ln p(y_t | y_0 .. y_{t-1}).
    mean, cov : ndarray, shapes (..., T, n) and (..., T, n, n)
        Of x_t given y_0 .. y_t.
    predicted_mean, predicted_cov : ndarray
        Of x_t given y_0 .. y_{t-1}; row 0 holds x0 and P0.
    last_mean, last_cov : ndarray, shapes (..., n) and (..., n, n)
        The filtered moments at each series' last step.
    innovation, innovation_cov : ndarray, shapes (..., T, m) and (..., T, m, m)
        y_t less its prediction given y_0 .. y_{t-1}, NaN where it is missing; its covariance.
    weight : ndarray, shape (..., T, m)
        What 1/R of each element was multiplied by: 1 as it is, 0 not used (``gate``), between and above with
        ``student``; NaN where it is missing.
    noise_scale : ndarray, shape (..., T, 2)
        Factors of R and Q with which each step was predicted and updated (``adaptive``).
    status : ndarray of int32, shape (...)
        0, or the code in ``pytwin._core.STATUS`` of why the series failed; its outputs are then NaN.
    failed_at : ndarray of int64, shape (...)
        The step that failed, -1 on success.
    failed_in : ndarray of str, shape (...)
        The array that is wrong, empty on success and where the computation itself failed.
    diffuse_count, diffuse_steps, diffuse_left : ndarray of int64, shape (...)
        Of a diffuse start: observed elements that it took to determine diffuse directions (each counts
        -1/2 ln(2 pi Finf) in `loglike`), steps that begin with a diffuse state, and dimensions of the state
        that the series leaves diffuse to its end.
    path : str
        ``"lanes"``, ``"blas"`` or ``"square-root"``: which implementation ran. BLAS results agree
        between builds to 1e-12, the others to the bit.
    """

    status: NDArray[np.int32]
    failed_at: NDArray[np.int64]
    failed_in: NDArray[np.str_]
    path: str
    loglike: Array | None = None
    loglike_t: Array | None = None
    mean: Array | None = None
    cov: Array | None = None
    predicted_mean: Array | None = None
    predicted_cov: Array | None = None
    last_mean: Array | None = None
    last_cov: Array | None = None
    innovation: Array | None = None
    innovation_cov: Array | None = None
    weight: Array | None = None
    noise_scale: Array | None = None
    diffuse_count: NDArray[np.int64] | None = None
    diffuse_steps: NDArray[np.int64] | None = None
    diffuse_left: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class SmootherResult(FilterResult):
    """A filter's result with the smoothed moments.

    Attributes
    ----------
    smoothed_mean, smoothed_cov : ndarray, shapes (..., T, n) and (..., T, n, n)
        Of x_t given all of y.
    lag_one_cov : ndarray, shape (..., T, n, n)
        Cov(x_{t+1}, x_t) given all of y; NaN at a series' last step.
    state_disturbance, state_disturbance_cov : ndarray, shapes (..., T, g) and (..., T, g, g)
        Of w_t given all of y; what leads beyond the last step has its prior moments.
    obs_disturbance, obs_disturbance_cov : ndarray, shapes (..., T, m) and (..., T, m, m)
        Of v_t given all of y, of missing elements too.
    """

    smoothed_mean: Array | None = None
    smoothed_cov: Array | None = None
    lag_one_cov: Array | None = None
    state_disturbance: Array | None = None
    state_disturbance_cov: Array | None = None
    obs_disturbance: Array | None = None
    obs_disturbance_cov: Array | None = None
