"""What a forecast of glucose has to beat, in plain NumPy: linear regression and autoregression.

Both see glucose at an instant and 5, 10, ... min before it, interpolated between readings that were known.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
STEP = 5.0  # min
GAP = 45.0  # min; a longer gap is not interpolated


def history(minutes: Array, glucose: Array, lags: int) -> Array:
    """(T, lags): glucose 0, 5, ... min before each time; NaN across a long gap and before the record."""
    at = minutes[:, None] - STEP * np.arange(lags)
    found = np.interp(at, minutes, glucose)
    gaps = np.concatenate([[0], np.cumsum(np.diff(minutes) > GAP)])  # how many lie before each reading
    first = np.searchsorted(minutes, at[:, -1], side="right") - 1
    found[(first < 0) | (gaps > gaps[np.maximum(first, 0)])] = np.nan
    return found


def _fitted(x: Array, y: Array) -> Array:
    """Coefficients (1 + lags, H) of least squares with a constant, over the rows without NaN."""
    known = np.isfinite(x).all(axis=1) & np.isfinite(y).all(axis=1)
    design = np.column_stack([np.ones(known.sum()), x[known]])
    return np.asarray(np.linalg.lstsq(design, y[known], rcond=None)[0])


def linear_regression(x: Array, target: Array, learn: NDArray[np.bool_]) -> Array:
    """Forecasts (T, H) of each horizon by a regression of its own on the lags, fitted on the rows `learn`."""
    return np.asarray(np.column_stack([np.ones(len(x)), x]) @ _fitted(x[learn], target[learn]))


def autoregression(x: Array, following: Array, learn: NDArray[np.bool_], steps: tuple[int, ...]) -> Array:
    """Forecasts (T, H) by one regression of the reading 5 min later, applied again and again."""
    b = _fitted(x[learn], following[learn][:, None])[:, 0]
    lags, out = x.copy(), []
    for k in range(1, max(steps) + 1):
        lags = np.column_stack([b[0] + lags @ b[1:], lags[:, :-1]])
        if k in steps:
            out.append(lags[:, 0])
    return np.stack(out, axis=1)
