"""The fixed-lag smoother: what is known of a state some steps later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin.errors import InputError
from pytwin.kalman.arrays import as_array, axes_of, lay_out, lay_out_diffuse, lay_out_lengths
from pytwin.kalman.filters import filter, smooth
from pytwin.kalman.results import FilterResult

__all__ = ["FixedLag", "fixed_lag"]

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Steps = NDArray[np.int64]
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
    S: ArrayLike | None = None,
    c: ArrayLike | None = None,
    d: ArrayLike | None = None,
    diffuse: ArrayLike | bool | None = None,
    times: ArrayLike | None = None,
    lengths: ArrayLike | None = None,
    form: str = "auto",
    threads: int = 1,
) -> FixedLag:
    """Fixed-lag smoother: moments of x_t given y_0 .. y_{t + lag}.

    x_t given y_0 .. y_{t-1} is the start of the window t .. t + lag, whose smoother it then needs alone: the
    windows of all steps and series are one batch. Those of steps that begin with a diffuse state start at 0.

    Parameters
    ----------
    y, F, H, Q, R, x0, P0, G, S, c, d, diffuse, times, lengths, form, threads
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
    model: dict[str, Any] = {"F": F, "H": H, "Q": Q, "R": R, "G": G, "S": S, "c": c, "d": d}
    start: dict[str, Any] = {"x0": x0, "P0": P0, "diffuse": diffuse}
    how: dict[str, Any] = {"form": form, "threads": threads}
    ahead = filter(data, **start, **model, times=times, lengths=lengths, outputs=outputs, **how)
    batch, T = data.shape[:-2], data.shape[-2]
    rows = data.reshape(-1, *data.shape[-2:])
    ends = np.full(len(rows), T) if lengths is None else lay_out_lengths(lengths, batch)
    arrays = {k: lay_out(k, a, axes_of(k), batch) for k, a in model.items() if a is not None}
    if times is not None:
        arrays["times"] = as_array("times", times).reshape(-1, T)
    found = _Windows(rows, arrays, ends, min(lag + 1, T), how, ahead)
    found.from_predictions()
    begin: dict[str, Any] = {
        name: lay_out(name, start[name], axes_of(name), batch, timed=False) for name in ("x0", "P0")
    }
    begin["diffuse"] = lay_out_diffuse(diffuse, begin["x0"].shape[-1], batch)
    found.from_the_start(begin)
    n = found.mean.shape[-1]
    return FixedLag(
        found.mean.reshape((*batch, T, n)),
        found.cov.reshape((*batch, T, n, n)),
        found.status.reshape(batch).astype(np.int32),
    )


class _Windows:
    """Smoothers of windows of series (S, T, m), and what they say: mean (S, T, n), cov (S, T, n, n)."""

    def __init__(
        self,
        y: Array,
        arrays: dict[str, Array],
        ends: Steps,
        width: int,
        how: dict[str, Any],
        ahead: FilterResult,
    ) -> None:
        assert ahead.predicted_mean is not None and ahead.predicted_cov is not None
        n = ahead.predicted_mean.shape[-1]
        self.y, self.arrays, self.ends, self.width, self.how = y, arrays, ends, width, how
        self.a = ahead.predicted_mean.reshape(*y.shape[:2], n)
        self.P = ahead.predicted_cov.reshape(*y.shape[:2], n, n)
        self.status = ahead.status.reshape(-1).copy()
        self.vague = np.zeros(len(y), dtype=np.int64)
        if ahead.diffuse_steps is not None:
            self.vague = ahead.diffuse_steps.reshape(-1)
        self.mean: Array = np.full_like(self.a, np.nan)
        self.cov: Array = np.full_like(self.P, np.nan)

    def from_predictions(self) -> None:
        """Windows of the steps that begin with a proper state: t .. t + lag."""
        T = self.y.shape[1]
        inside = (np.arange(T) >= self.vague[:, None]) & (np.arange(T) < self.ends[:, None])
        series, begin = np.nonzero(inside & (self.status == 0)[:, None])
        for part in np.array_split(np.arange(len(series)), max(1, -(-len(series) * self.width // _AT_ONCE))):
            if part.size:
                s, t = series[part], begin[part]
                at = np.minimum(t[:, None] + np.arange(self.width), T - 1)
                self.smooth(s, t, at, 0, {"x0": self.a[s, t], "P0": self.P[s, t]})

    def from_the_start(self, start: dict[str, Array | None]) -> None:
        """Windows of the steps that begin with a diffuse one: 0 .. t + lag."""
        for t in range(int(self.vague.max(initial=0))):
            s = np.flatnonzero((self.vague > t) & (self.ends > t) & (self.status == 0))
            at = np.tile(np.arange(min(t + self.width, self.y.shape[1])), (len(s), 1))
            own = {k: a if a is None or len(a) == 1 else a[s] for k, a in start.items()}
            self.smooth(s, np.full(len(s), t), at, t, own)

    def smooth(self, s: Index, t: Index, at: Index, row: int, start: dict[str, Any]) -> None:
        """The moments of step t of series s, row `row` of its window, which is steps `at`."""
        windows: dict[str, Any] = {k: _window(a, s, at) for k, a in self.arrays.items()}
        if "times" in windows:
            windows["times"] = np.broadcast_to(windows["times"], at.shape)
        got = smooth(
            self.y[s[:, None], at],
            **start,
            **windows,
            lengths=np.minimum(at.shape[1], self.ends[s] - at[:, 0]),
            outputs=("smoothed_mean", "smoothed_cov"),
            **self.how,
        )
        assert got.smoothed_mean is not None and got.smoothed_cov is not None
        self.mean[s, t], self.cov[s, t] = got.smoothed_mean[:, row], got.smoothed_cov[:, row]
        np.maximum.at(self.status, s, got.status)


def _window(a: Array, series: Index, at: Index) -> Array:
    """A model's array (1 | S, 1 | T, ...) in each window; what does not change stays shared."""
    if a.shape[1] == 1:
        return a if len(a) == 1 else a[series]
    return a[np.zeros_like(at) if len(a) == 1 else series[:, None], at]
