"""The figure of a filter's or smoother's estimate: observations with forecasts, states and parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pytwin.errors import InputError
from pytwin.report import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from pytwin.estimation.results import Estimate

LEVEL = 0.9
_MOST = 8  # panels of a figure whose names were not asked for


def figure(found: Estimate, names: Sequence[str] = ()) -> Figure:
    """See ``Estimate.plot``."""
    if np.ndim(found.status):
        hint = "Plot one of them: estimate[0].plot()"
        raise InputError(
            "estimation.bad-shape", "this is the estimate of many patients", place="plot", hint=hint
        )
    if not names:
        n_state = len(found.names) - len(found.space.columns)
        names = (found.names[n_state:] or found.names)[:_MOST]
    rows = len(found.outputs) + len(names)
    made = style.figure(7.6, 1.0 + 1.7 * rows)
    panels = made.subplots(rows, 1, sharex=True, squeeze=False)[:, 0]
    for j, axes in enumerate(panels[: len(found.outputs)]):
        _forecasts(axes, found, j)
    for name, axes in zip(names, panels[len(found.outputs) :], strict=True):
        _marginal(axes, found, name)
    style.tidy(panels[-1], xlabel=f"time ({found.time_unit})", ylabel=panels[-1].get_ylabel())
    return made


def _forecasts(axes: Axes, found: Estimate, j: int) -> None:
    low, high = (bound[:, j] for bound in found.interval(LEVEL))
    mean = np.exp(found.predicted[:, j]) if found.log[j] else found.predicted[:, j]
    axes.vlines(found.times, low, high, color=style.MUTED, lw=1.2)
    axes.plot(found.times, mean, ".", color=style.MUTED, ms=3)
    axes.plot(found.times, found.y[:, j], ".", color=style.BLUE, ms=4)
    style.tidy(axes, ylabel=style.plain(found.outputs[j]))


def _marginal(axes: Axes, found: Estimate, name: str) -> None:
    tail = (1 - LEVEL) / 2
    levels: Any = (tail, 0.5, 1 - tail)
    if found.smoothed_mean is not None:
        _band(axes, found, found.quantiles(name, levels, smoothed=False), style.MUTED, style.MUTED)
    _band(axes, found, found.quantiles(name, levels), style.BLUE, style.BLUE)
    unit = found.space.units[found.space.index(name)]
    label = f"{name} ({unit})" if unit not in ("", "1") else name
    style.tidy(axes, ylabel=style.plain(label))


def _band(axes: Axes, found: Estimate, q: Any, fill: str, line: str) -> None:
    axes.fill_between(found.times, q[:, 0], q[:, 2], color=fill, alpha=0.25, lw=0)
    axes.plot(found.times, q[:, 1], color=line, lw=1.2)
