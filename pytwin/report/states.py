"""Figures of structural models: the series with its components, and forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pytwin.errors import InputError
from pytwin.report import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from pytwin.kalman.structural import Fitted, Forecast
    from pytwin.kalman.structural.moments import Moments

Array = NDArray[Any]


def components(fitted: Fitted, series: int, share: float) -> Figure:
    """See ``Fitted.plot``."""
    parts = fitted.components()
    y = _one(fitted.y, series)
    made = style.figure(9.2, 2.4 + 1.5 * len(parts))
    first, *others = made.subplots(1 + len(parts), 1, sharex=True, height_ratios=(2.2, *[1.0] * len(parts)))
    signal = sum(_one(m.mean, series) for m in parts.values())
    steps = np.arange(y.size)
    (line,) = first.plot(steps, signal, color=style.BLUE, linewidth=1.4)
    dots = _dots(first, steps, y)
    style.tidy(first, title="observed and smoothed signal")
    first.legend([dots, line], ["observed", "sum of the components"], **_KEYS)
    for axes, (name, moments) in zip(others, parts.items(), strict=True):
        _moments(axes, steps, moments, series, [share])
        style.tidy(axes, title=style.plain(name))
    others[-1].set_xlabel("step", fontsize=9, color=style.INK)
    first.margins(x=0.01)
    return made


def forecast(data: Forecast, series: int, shares: Sequence[float]) -> Figure:
    """See ``Forecast.plot``."""
    end = int(_one(data.lengths[..., None], series)[0])
    y = _one(data.history, series)[:end]
    made = style.figure(9.2, 3.2)
    axes = made.subplots()
    dots = _dots(axes, np.arange(end), y)
    steps = end + np.arange(data.mean.shape[-1])
    line = _moments(axes, steps, data, series, sorted(shares, reverse=True))
    style.tidy(axes, xlabel="step")
    named = " and ".join(f"{s:.0%}" for s in sorted(shares))
    axes.legend([dots, line], ["observed", f"forecast with {named} bands"], **_KEYS)
    axes.margins(x=0.01)
    return made


_KEYS: dict[str, Any] = {"fontsize": 8.5, "frameon": False, "labelcolor": style.INK, "loc": "best"}


def _one(a: Array, series: int) -> Array:
    """Row `series` of (..., T), counted over all leading axes."""
    rows = a.reshape(-1, a.shape[-1])
    if not 0 <= series < len(rows):
        raise InputError("plot.unknown", f"there are {len(rows)} series", place="series")
    picked: Array = rows[series]
    return picked


def _dots(axes: Axes, steps: Array, y: Array) -> Any:
    size = 3.0 if y.size < 300 else 1.5
    (dots,) = axes.plot(steps, y, "o", color=style.INK, markersize=size, linewidth=0, zorder=3)
    return dots


def _moments(axes: Axes, steps: Array, moments: Moments, series: int, shares: Sequence[float]) -> Any:
    for share in shares:
        low, high = (_one(edge, series) for edge in moments.band(share))
        axes.fill_between(steps, low, high, color=style.BLUE, alpha=0.2, linewidth=0)
    (line,) = axes.plot(steps, _one(moments.mean, series), color=style.BLUE, linewidth=1.4)
    return line
