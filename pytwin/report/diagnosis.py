"""The figure of a filter's diagnosis: innovations in time, autocorrelation, quantiles, coverage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pytwin.chance import normal_quantile
from pytwin.report import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from pytwin.kalman.diagnosis import Diagnosis

Array = NDArray[np.float64]
_MOST = 20_000  # points of a scatter
_QUANTILES = 99


def figure(found: Diagnosis) -> Figure:
    """See ``Diagnosis.plot``."""
    made = style.figure(9.2, 5.2)
    grid = made.subplots(2, 2)
    _in_time(grid[0, 0], found.standardised)
    _autocorrelation(grid[0, 1], found)
    _quantiles(grid[1, 0], found.standardised)
    _coverage(grid[1, 1], found.standardised)
    return made


def _in_time(axes: Axes, e: Array) -> None:
    """Every innovation of a few series, of many only as many as one can see."""
    some = e[: max(1, _MOST // max(1, e[0].size))]
    steps = np.broadcast_to(np.arange(e.shape[1])[:, None], some.shape[1:])
    opacity = float(np.clip(40 / len(some), 0.04, 1.0))
    for one in some:
        axes.plot(steps.ravel(), one.ravel(), ".", color=style.BLUE, markersize=3, alpha=opacity)
    for edge in (-1.96, 1.96):
        axes.axhline(edge, color=style.MUTED, linewidth=0.8, linestyle=(0, (3, 3)))
    style.tidy(axes, xlabel="step", title="standardised innovations, 95 % between the lines")


def _autocorrelation(axes: Axes, found: Diagnosis) -> None:
    lags = np.arange(1, found.autocorrelation.size + 1)
    axes.bar(lags, found.autocorrelation, width=0.5, color=style.BLUE, linewidth=0)
    reach = normal_quantile(0.5 + found.level / 2) / max(1, int(np.isfinite(found.standardised).sum())) ** 0.5
    for edge in (-reach, reach):
        axes.axhline(edge, color=style.MUTED, linewidth=0.8, linestyle=(0, (3, 3)))
    axes.axhline(0.0, color=style.RULE, linewidth=0.8)
    style.tidy(axes, xlabel="lag", title="autocorrelation")


def _quantiles(axes: Axes, e: Array) -> None:
    sorted_values = np.sort(e[np.isfinite(e)])
    count = min(sorted_values.size, _MOST)
    chosen = np.linspace(0, sorted_values.size - 1, count).round().astype(int)
    expected = [normal_quantile((i + 0.5) / sorted_values.size) for i in chosen]
    axes.plot(expected, sorted_values[chosen], ".", color=style.BLUE, markersize=3)
    ends = [expected[0], expected[-1]]
    axes.plot(ends, ends, color=style.MUTED, linewidth=0.8, linestyle=(0, (3, 3)))
    style.tidy(axes, xlabel="normal quantile", ylabel="innovation", title="quantiles")


def _coverage(axes: Axes, e: Array) -> None:
    shares = np.arange(1, _QUANTILES + 1) / (_QUANTILES + 1)
    reach = np.array([normal_quantile(0.5 + share / 2) for share in shares])
    sizes = np.sort(np.abs(e[np.isfinite(e)]))
    inside = np.searchsorted(sizes, reach, side="right") / sizes.size
    axes.plot(shares, inside, color=style.BLUE, linewidth=1.4)
    axes.plot([0, 1], [0, 1], color=style.MUTED, linewidth=0.8, linestyle=(0, (3, 3)))
    style.tidy(axes, xlabel="central share of the forecast", ylabel="share inside", title="calibration")
