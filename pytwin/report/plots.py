"""The figures: forecast of the plans, past forecasts against measurements, parameters before and after.

Each takes a Ranking or a Twin (or the plain arrays of `pytwin.report.figures`) and returns a matplotlib
``Figure`` that no registry holds: save it with ``figure.savefig(path)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pytwin.errors import InputError
from pytwin.report import style, words
from pytwin.report.figures import Array, Axis, Band, Check, Density, Forecast

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from pytwin.rank import Ranking
    from pytwin.twin import Twin


Keys = list[tuple[Any, str]]


def of_twin(twin: Twin, what: str) -> Figure:
    """The figure of a Twin: ``parameters`` or ``trace``."""
    return _chosen({"parameters": parameters, "trace": trace}, what)(twin)


def of_ranking(ranking: Ranking, what: str) -> Figure:
    """The figure of a Ranking: ``forecast`` or ``plans``."""
    if not ranking.plans:
        raise InputError("plot.abstained", "the ranking abstains: there is no plan to draw")
    return _chosen({"forecast": forecast, "plans": plans}, what)(ranking)


def _chosen(figures: Mapping[str, Callable[[Any], Figure]], what: str) -> Callable[[Any], Figure]:
    if what not in figures:
        hint = f"There are: {', '.join(figures)}"
        raise InputError("plot.unknown", "there is no such figure", place=what, hint=hint)
    return figures[what]


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
    keys = _observed(top, data.observed)
    if data.fitted is not None:
        keys += _band(top, data.fitted, style.MUTED, strength=0.6)[:1]
    colours = (style.BLUE, style.ORANGE, style.GREEN)
    for band, colour in zip(data.bands[:plans], colours, strict=False):
        keys += _band(top, band, colour, filled=band is data.bands[0])
    keys += _target(top, data.target)
    _now(top, data.axis)
    style.tidy(top, ylabel=_quantity(data.analyte, data.unit))
    _legend(top, keys)
    _doses(bottom, data, data.bands[:1])
    _dates(bottom, data.axis)
    _harms(top, data.harms)
    fitted = [] if data.fitted is None else [data.fitted]
    _y_limits(top, [*data.bands[:plans], *fitted], [*data.target, *data.observed[:, 1]])
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
        _target(axes, data.target)
        _band(axes, band, style.BLUE)
        style.tidy(axes)
        _plan_title(axes, band)
        _dates(axes, data.axis)
        _harms(axes, data.harms)
        _y_limits(axes, shown, data.target)
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
    data = source if isinstance(source, Check) else _series().check(source)
    made = style.figure(9.2, 2.9)
    axes = made.subplots()
    bars = axes.vlines(data.days, data.low, data.high, color=style.BLUE, alpha=0.32, linewidth=7)
    (middle,) = axes.plot(data.days, data.median, "_", color=style.BLUE, markersize=12, markeredgewidth=1.6)
    keys = _observed(axes, np.column_stack([data.days, data.observed]))
    keys += [((bars, middle), "forecast: median, 90 %")]
    outside = (data.observed < data.low) | (data.observed > data.high)
    if outside.any():
        rings: dict[str, Any] = {
            "markersize": 11,
            "markerfacecolor": "none",
            "markeredgewidth": 1.4,
            "color": style.ORANGE,
        }
        (ring,) = axes.plot(data.days[outside], data.observed[outside], "o", zorder=6, **rings)
        keys.append((ring, "outside 90 %"))
    style.tidy(axes, ylabel=_quantity(data.analyte, data.unit))
    _dates(axes, data.axis)
    _legend(axes, keys)
    return made


def parameters(source: Any) -> Figure:
    """Density of each parameter before and after the observations, on its natural scale.

    Parameters
    ----------
    source : Twin or sequence of Density
    """
    listed = isinstance(source, list | tuple)
    items: Sequence[Density] = source if listed else _series().densities(source)
    columns = min(3, max(1, len(items)))
    rows = max(1, -(-len(items) // columns))
    made = style.figure(9.2, 0.3 + 2.1 * rows)
    grid = made.subplots(rows, columns, squeeze=False)
    keys: Keys = []
    for axes, item in zip(grid.flat, items, strict=False):
        keys = _density(axes, item)
    for axes in list(grid.flat)[len(items) :]:
        axes.set_visible(False)
    made.legend(
        [handle for handle, _ in keys], [text for _, text in keys],
        fontsize=8.5, frameon=False, loc="outside upper left", ncols=2, labelcolor=style.INK,
    )  # fmt: skip
    return made


def _series() -> Any:
    from pytwin.report import series

    return series


def _forecast_of(source: Any) -> Forecast:
    found: Forecast = source if isinstance(source, Forecast) else _series().forecast(source)
    return found


def _quantity(analyte: str, unit: str) -> str:
    shown = words.unit(unit)
    return f"{analyte} ({shown})" if shown else analyte


def _target(axes: Axes, target: tuple[float, float]) -> Keys:
    shade = axes.axhspan(*target, color=style.TARGET, zorder=0, linewidth=0)
    return [(shade, f"target {target[0]:g} to {target[1]:g}")]


def _band(axes: Axes, band: Band, colour: str, *, filled: bool = True, strength: float = 1.0) -> Keys:
    """Draw a band; its key of the legend."""
    low, q1, median, q3, high = band.quantiles
    name = style.plain(band.name)
    (line,) = axes.plot(band.days, median, color=colour, linewidth=1.6 * max(strength, 0.7))
    if not filled:
        return [(line, f"{name}: median")]
    shade: dict[str, Any] = {"color": colour, "linewidth": 0}
    outer = axes.fill_between(band.days, low, high, alpha=0.18 * strength, **shade)
    inner = axes.fill_between(band.days, q1, q3, alpha=0.30 * strength, **shade)
    return [((outer, line), f"{name}: median, 90 %"), (inner, "50 %")]


def _observed(axes: Axes, observed: Array) -> Keys:
    (dots,) = axes.plot(
        observed[:, 0], observed[:, 1], "o", color=style.INK, markersize=5.5,
        markeredgecolor="white", markeredgewidth=0.7, zorder=6,
    )  # fmt: skip
    return [(dots, "measured")]


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
        return words.date((axis.origin + np.timedelta64(round(day), "D")).astype("datetime64[s]").item())

    low, high = axes.get_xlim()
    step = 7.0 if high - low > 12 else 2.0
    if high - low > 70:
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    else:
        axes.set_xticks(np.arange(np.ceil(low / step) * step, high + 1e-9, step))
    axes.xaxis.set_major_formatter(FuncFormatter(text))


def _y_limits(axes: Axes, bands: Sequence[Band], others: Sequence[float]) -> None:
    """Room for all bands and the other values, and a little more."""
    values = [
        *others,
        *(float(edge) for b in bands for edge in (b.quantiles[0].min(), b.quantiles[-1].max())),
    ]
    span = max(values) - min(values)
    axes.set_ylim(min(values) - 0.06 * span, max(values) + 0.08 * span)


def _harms(axes: Axes, harms: Sequence[float]) -> None:
    for bound in harms:
        axes.axhline(bound, color=style.ORANGE, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)


def _plan_title(axes: Axes, band: Band) -> None:
    axes.set_title(style.plain(band.name), fontsize=9.5, color=style.INK, loc="left", fontweight="bold")
    if band.note:
        axes.set_title(style.plain(band.note), fontsize=8.5, color=style.MUTED, loc="right")


def _density(axes: Axes, item: Density) -> Keys:
    before = axes.fill_between(item.x, item.prior, color=style.MUTED, alpha=0.22, linewidth=0)
    after = axes.fill_between(item.x, item.posterior, color=style.BLUE, alpha=0.35, linewidth=0)
    axes.plot(item.x, item.prior, color=style.MUTED, linewidth=1.0)
    axes.plot(item.x, item.posterior, color=style.BLUE, linewidth=1.4)
    style.tidy(axes, xlabel=_quantity(item.name, item.unit))
    axes.set_title(style.plain(item.label), fontsize=9.5, color=style.INK, loc="left")
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_ylim(bottom=0.0)
    axes.margins(x=0.01)
    return [(before, "before (population, age, genotype)"), (after, "after this patient's measurements")]


def _legend(axes: Axes, keys: Keys) -> None:
    """One line of keys above the axes."""
    axes.legend(
        [handle for handle, _ in keys], [text for _, text in keys],
        fontsize=8.5, frameon=False, loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=6,
        labelcolor=style.INK, handlelength=1.6, columnspacing=1.6, borderaxespad=0.2,
    )  # fmt: skip
