"""Is the model right? The checks of `pytwin.kalman.diagnose` on a filter of a model."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pytwin import kalman
from pytwin.errors import InputError
from pytwin.estimation.results import Estimate

__all__ = ["diagnose"]


def diagnose(
    found: Estimate,
    *,
    truth: ArrayLike | None = None,
    lags: int | None = None,
    estimated: int = 0,
    level: float = 0.95,
) -> kalman.Diagnosis:
    """Consistency of a filter with its data: NIS, NEES, whiteness, normality, equal variance, calibration.

    Parameters
    ----------
    found : Estimate
    truth : array_like, shape (T, n) or (N, T, n), optional
        z that made the data, for NEES.
    lags, estimated, level
        As in `pytwin.kalman.diagnose`, which makes the checks and gives their sources.

    Returns
    -------
    Diagnosis
        Of observations that were used as they were: not of gated, down-weighted or censored ones.

    Raises
    ------
    InputError

    Notes
    -----
    The observations of one instant are used one after the other, and each forecast knows those before it, so
    that the standardised innovations are independent; those of the ensemble methods are of all of an instant
    together, and then correlated where the outputs are.
    """
    used = (found.use == 1) & np.isfinite(found.predicted_var)
    if not used.any():
        raise InputError("estimation.nothing-used", "no observation was used, so there is nothing to check")
    v = np.where(used, found.innovation, np.nan)
    S = np.where(used, found.predicted_var, np.nan)[..., None] * np.eye(len(found.outputs))
    known: dict[str, Any] = {"mean": found.mean, "cov": found.cov} if truth is not None else {}
    shape = found.status.shape
    result = kalman.FilterResult(
        status=found.status,
        failed_at=np.full(shape, -1),
        failed_in=np.full(shape, ""),
        path="lanes",
        innovation=v,
        innovation_cov=np.nan_to_num(S, nan=1.0),
        **known,
    )
    return kalman.diagnose(result, truth=truth, lags=lags, estimated=estimated, level=level)
