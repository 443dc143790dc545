"""The figures: forecast of the plans, past forecasts against measurements, parameters before and after.

Each takes a Ranking or a Twin (or the plain arrays of `pytwin.report.figures`) and returns a matplotlib ``Figure`` that
no registry holds: save it with ``figure.savefig(path)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pytwin.report import style
from pytwin.report.figures import Array, Axis, Band, Check, Density, Forecast

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def forecast(source: Any, plans: int = 1) -> Figure:
    """Observations so far and the forecast of the best plan, with the doses beneath.

    Parameters
    ----------
    source : Ranking or Forecast
    plans : int, optional
        How many of the best plans are drawn; bands (50 and 90 %) for the first, medians for the others.
    """
    data = _forecast_of(source)
    made = style.figure(9.2, 4.3)
    top, bottom = made.subplots(2, 1, sharex=True, height_ratios=(3.4, 1.0))
    _target(top, data.target)
    if data.fitted is not None:
        _band(top, data.fitted, style.MUTED, strength=0.5)
    colours = (style.BLUE, style.ORANGE, style.GREEN)
    for band, colour in reversed(list(zip(data.bands[:plans], colours, strict=False))):
        _band(top, band, colour, filled=band is data.bands[0])
    _observed(top, data.observed)
    _now(top, data.axis)
    style.tidy(top, ylabel=_quantity(data.analyte, data.unit))
    _legend(top)
    _doses(bottom, data, data.bands[:1])
    _dates(bottom, data.axis)
    _y_limits(top, data)
    return made


def plans(source: Any, count: int = 6) -> Figure:
    """Small forecasts of the best plans side by side, on one scale.

    Parameters
    ----------
    source : Ranking or Forecast
    count : int, optional
    """
    data = _forecast_of(source)
    shown = data.bands[:count]
    columns = min(3, max(1, len(shown)))
    rows = max(1, -(-len(shown) // columns))
    made = style.figure(9.2, 2.3 * rows)
    grid = made.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axes, band in zip(grid.flat, shown, strict=False):
        _target(axes, data.target, text=False)
        _band(axes, band, style.BLUE)
        style.tidy(axes)
        _plan_title(axes, band)
        _dates(axes, data.axis)
        _y_limits(axes, data)
    for axes in list(grid.flat)[len(shown) :]:
        axes.set_visible(False)
    for axes in grid[:, 0]:
        axes.set_ylabel(_quantity(data.analyte, data.unit), fontsize=9, color=style.INK)
    return made


def trace(source: Any) -> Figure:
    """Each observation beside the forecast that was made of it from the earlier data alone.

    Parameters
    ----------
    source : Twin or Check
    """
    data = source if isinstance(source, Check) else _views().check(source)
    made = style.figure(9.2, 2.9)
    axes = made.subplots()
    low, q1, median, q3, high = data.quantiles
    axes.vlines(data.days, low, high, color=style.BLUE, alpha=0.35, linewidth=6, label="forecast, 90 %")
    axes.vlines(data.days, q1, q3, color=style.BLUE, alpha=0.6, linewidth=6, label="forecast, 50 %")
    axes.plot(data.days, median, "_", color=style.BLUE, markersize=11, markeredgewidth=1.6, label="median")
    outside = (data.observed < low) | (data.observed > high)
    axes.plot(data.days, data.observed, "o", color=style.INK, markersize=5, label="measured", zorder=5)
    if outside.any():
        axes.plot(
            data.days[outside], data.observed[outside], "o", markersize=10, markerfacecolor="none",
            color=style.ORANGE, label="outside 90 %", zorder=6,
        )  # fmt: skip
    style.tidy(axes, ylabel=_quantity(data.analyte, data.unit))
    _dates(axes, data.axis)
    _legend(axes)
    return made


def parameters(source: Any) -> Figure:
    """Density of each parameter before and after the observations, on its natural scale.

    Parameters
    ----------
    source : Twin or sequence of Density
    """
    listed = isinstance(source, list | tuple)
    items: Sequence[Density] = source if listed else _views().densities(source)
    columns = min(3, max(1, len(items)))
    rows = max(1, -(-len(items) // columns))
    made = style.figure(9.2, 2.2 * rows)
    grid = made.subplots(rows, columns, squeeze=False)
    for axes, item in zip(grid.flat, items, strict=False):
        _density(axes, item)
    for axes in list(grid.flat)[len(items) :]:
        axes.set_visible(False)
    _legend(grid[0, 0])
    return made


def _views() -> Any:
    from pytwin.report import view

    return view


def _forecast_of(source: Any) -> Forecast:
    found: Forecast = source if isinstance(source, Forecast) else _views().forecast(source)
    return found


def _quantity(analyte: str, unit: str) -> str:
    return f"{analyte} ({unit})" if unit not in ("", "1", analyte) else analyte


def _target(axes: Axes, target: tuple[float, float], *, text: bool = True) -> None:
    axes.axhspan(*target, color=style.TARGET, zorder=0, linewidth=0, label="target range" if text else None)


def _band(axes: Axes, band: Band, colour: str, *, filled: bool = True, strength: float = 1.0) -> None:
    low, q1, median, q3, high = band.quantiles
    name = style.plain(band.name)
    if filled:
        shade = {"color": colour, "linewidth": 0}
        axes.fill_between(band.days, low, high, alpha=0.18 * strength, label=f"{name}, 90 %", **shade)
        axes.fill_between(band.days, q1, q3, alpha=0.30 * strength, label=f"{name}, 50 %", **shade)
    axes.plot(band.days, median, color=colour, linewidth=1.6 * max(strength, 0.7), label=f"{name}, median")


def _observed(axes: Axes, observed: Array) -> None:
    axes.plot(
        observed[:, 0], observed[:, 1], "o", color=style.INK, markersize=5,
        markeredgecolor="white", markeredgewidth=0.7, zorder=6, label="measured",
    )  # fmt: skip


def _now(axes: Axes, axis: Axis) -> None:
    axes.axvline(axis.now, color=style.MUTED, linewidth=0.9, linestyle=(0, (3, 3)))
    axes.annotate(
        "now", (axis.now, 1.0), xycoords=("data", "axes fraction"), xytext=(3, -9),
        textcoords="offset points", fontsize=8, color=style.MUTED,
    )  # fmt: skip


def _doses(axes: Axes, data: Forecast, bands: Sequence[Band]) -> None:
    axes.bar(data.taken[:, 0], data.taken[:, 1], width=0.62, color=style.MUTED, linewidth=0)
    for band in bands:
        axes.bar(band.doses[:, 0], band.doses[:, 1], width=0.62, color=style.BLUE, alpha=0.75, linewidth=0)
    axes.axvline(data.axis.now, color=style.MUTED, linewidth=0.9, linestyle=(0, (3, 3)))
    style.tidy(axes, ylabel="dose (mg)")


def _dates(axes: Axes, axis: Axis) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    def text(day: float, _: int | None = None) -> str:
        date = axis.origin + np.timedelta64(round(day), "D")
        return date.astype("datetime64[D]").item().strftime("%-d %b")

    low, high = axes.get_xlim()
    step = 7.0 if high - low > 12 else 2.0
    if high - low > 70:
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    else:
        axes.set_xticks(np.arange(np.ceil(low / step) * step, high + 1e-9, step))
    axes.xaxis.set_major_formatter(FuncFormatter(text))


def _y_limits(axes: Axes, data: Forecast) -> None:
    tops = [data.target[1]]
    tops += [float(np.max(data.observed[:, 1]))] if len(data.observed) else []
    tops += [float(np.max(b.quantiles[-1])) for b in data.bands]
    lows = [data.target[0], *(float(np.min(b.quantiles[0])) for b in data.bands)]
    lows += [float(np.min(data.observed[:, 1]))] if len(data.observed) else []
    span = max(tops) - min(lows)
    axes.set_ylim(min(lows) - 0.06 * span, max(tops) + 0.08 * span)


def _plan_title(axes: Axes, band: Band) -> None:
    axes.set_title(style.plain(band.name), fontsize=9.5, color=style.INK, loc="left", fontweight="bold")
    if band.note:
        axes.set_title(style.plain(band.note), fontsize=8.5, color=style.MUTED, loc="right")


def _density(axes: Axes, item: Density) -> None:
    axes.fill_between(item.x, item.prior, color=style.MUTED, alpha=0.22, linewidth=0, label="before")
    axes.fill_between(item.x, item.posterior, color=style.BLUE, alpha=0.35, linewidth=0, label="after")
    axes.plot(item.x, item.prior, color=style.MUTED, linewidth=1.0)
    axes.plot(item.x, item.posterior, color=style.BLUE, linewidth=1.4)
    style.tidy(axes, xlabel=f"{item.name} ({item.unit})" if item.unit not in ("", "1") else item.name)
    axes.set_title(style.plain(item.label), fontsize=9.5, color=style.INK, loc="left")
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_ylim(bottom=0.0)


def _legend(axes: Axes) -> None:
    axes.legend(
        fontsize=8, frameon=False, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=6,
        labelcolor=style.INK, handlelength=1.4, columnspacing=1.2, borderaxespad=0.2,
    )  # fmt: skip
