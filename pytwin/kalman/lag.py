"""The fixed-lag smoother: what is known of a state some steps later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin.errors import InputError
from pytwin.kalman.arrays import as_array, axes_of, lay_out, lay_out_lengths
from pytwin.kalman.filters import filter, smooth

__all__ = ["FixedLag", "fixed_lag"]

Array = NDArray[np.float64]
_AT_ONCE = 1 << 20  # steps of windows in one call of the core


@dataclass(frozen=True)
class FixedLag:
    """Moments of x_t given y_0 .. y_{t + lag}, or given all of y where it ends sooner.

    Attributes
    ----------
    mean, cov : ndarray, shapes (..., T, n) and (..., T, n, n)
        NaN beyond a series' length and in a series that failed.
    status : ndarray of int32, shape (...)
        As in `FilterResult`.
    """

    mean: Array
    cov: Array
    status: NDArray[np.int32]


def fixed_lag(
    y: ArrayLike,
    F: ArrayLike,
    H: ArrayLike,
    Q: ArrayLike,
    R: ArrayLike,
    x0: ArrayLike,
    P0: ArrayLike,
    lag: int,
    *,
    G: ArrayLike | None = None,
    c: ArrayLike | None = None,
    d: ArrayLike | None = None,
    lengths: ArrayLike | None = None,
    form: str = "auto",
    threads: int = 1,
) -> FixedLag:
    """Fixed-lag smoother: moments of x_t given y_0 .. y_{t + lag}.

    x_t given y_0 .. y_{t-1} is the start of the window t .. t + lag, whose smoother it then needs alone: the
    windows of all steps and series are one batch.

    Parameters
    ----------
    y, F, H, Q, R, x0, P0, G, c, d, lengths, form, threads
        As in `smooth`.
    lag : int
        0 gives the filter's moments.

    Returns
    -------
    FixedLag

    Raises
    ------
    InputError, ComputationError
        As in `smooth`; a negative lag.

    References
    ----------
    Anderson & Moore (1979), Optimal Filtering, sec. 7.3, for the problem.
    """
    if lag < 0:
        raise InputError("kalman.bad-argument", "lag is negative")
    data = as_array("y", y)
    outputs = ("predicted_mean", "predicted_cov")
    model: dict[str, Any] = {"F": F, "H": H, "Q": Q, "R": R, "G": G, "c": c, "d": d}
    ahead = filter(data, x0=x0, P0=P0, **model, lengths=lengths, outputs=outputs, form=form, threads=threads)
    assert ahead.predicted_mean is not None and ahead.predicted_cov is not None
    batch, (T, m), n = data.shape[:-2], data.shape[-2:], ahead.predicted_mean.shape[-1]
    arrays = {k: lay_out(k, a, axes_of(k), batch) for k, a in model.items() if a is not None}
    rows = data.reshape(-1, T, m)
    ends = np.full(len(rows), T) if lengths is None else lay_out_lengths(lengths, batch)
    starts = np.minimum(np.arange(T), np.maximum(ends[:, None] - 1, 0)).reshape(-1)
    series = np.repeat(np.arange(len(rows)), T)
    a, P = ahead.predicted_mean.reshape(-1, n), ahead.predicted_cov.reshape(-1, n, n)
    used = np.flatnonzero(np.tile(np.arange(T), len(rows)) < ends[series])
    used = used[ahead.status.reshape(-1)[series[used]] == 0]
    mean, cov = np.full(a.shape, np.nan), np.full(P.shape, np.nan)
    status = ahead.status.reshape(-1).copy()
    width = min(lag + 1, T)
    for part in np.array_split(used, max(1, -(-used.size * width // _AT_ONCE))):
        if part.size == 0:
            continue
        s, t = series[part], starts[part]
        at = np.minimum(t[:, None] + np.arange(width), T - 1)
        windows: dict[str, Any] = {k: _window(v, s, at) for k, v in arrays.items()}
        got = smooth(
            rows[s[:, None], at],
            x0=a[part],
            P0=P[part],
            **windows,
            lengths=np.minimum(width, ends[s] - t),
            outputs=("smoothed_mean", "smoothed_cov"),
            form=form,
            threads=threads,
        )
        assert got.smoothed_mean is not None and got.smoothed_cov is not None
        mean[part], cov[part] = got.smoothed_mean[:, 0], got.smoothed_cov[:, 0]
        np.maximum.at(status, s, got.status)
    return FixedLag(
        mean.reshape((*batch, T, n)), cov.reshape((*batch, T, n, n)), status.reshape(batch).astype(np.int32)
    )


def _window(a: Array, series: NDArray[np.intp], at: NDArray[np.intp]) -> Array:
    """A model's array (1 | S, 1 | T, ...) in each window; what does not change stays shared."""
    if a.shape[1] == 1:
        return a if len(a) == 1 else a[series]
    return a[np.zeros_like(at) if len(a) == 1 else series[:, None], at]
