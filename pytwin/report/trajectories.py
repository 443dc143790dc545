"""The figure of a simulation: a panel an output, lines or medians with bands, the doses beneath."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pytwin.errors import InputError
from pytwin.model.duration import convert
from pytwin.model.schedule import Administration, administrations
from pytwin.report import style, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from pytwin.model import Model, Result
    from pytwin.model.result import Column

Array = NDArray[np.float64]
Keys = list[tuple[Any, str]]
COLOURS = (style.BLUE, style.ORANGE, style.GREEN, "#cc79a7", "#56b4e9", "#e69f00")
_FEW = 8  # lanes that are drawn one by one
_LABELLED = 12  # doses of a row that carry their amount
_MOST = 8


def of_result(
    result: Result, outputs: Sequence[str] | str | None, bands: Sequence[float], ax: Axes | None
) -> Figure:
    """See ``Result.plot``.

    Raises
    ------
    InputError
        ``plot.bad-bands``, ``plot.too-many``, ``model.unknown-output``.
    """
    names = [outputs] if isinstance(outputs, str) else list(outputs or result.names)
    shares = sorted(bands, reverse=True)
    if any(not 0 < share < 1 for share in shares):
        raise InputError("plot.bad-bands", "a band is a share between 0 and 1", place="bands")
    if not names or len(names) > (1 if ax is not None else _MOST):
        hint = f"Name them: plot({names[:1]})"
        message = "one output fits into an axes" if ax is not None else f"{len(names)} outputs"
        raise InputError("plot.too-many", message, place="outputs", hint=hint)
    unit = _axis_unit(result)
    if ax is not None:
        _panel(ax, result, names[0], shares, unit)
        _rug(ax, result, unit)
        ax.set_xlabel(_time_label(unit), fontsize=9, color=style.INK)
        figure: Any = ax.figure
        return figure  # type: ignore[no-any-return]
    return _figure(result, names, shares, unit)


def _figure(result: Result, names: Sequence[str], shares: Sequence[float], unit: str) -> Figure:
    columns = 1 if len(names) <= 3 else 2
    rows = -(-len(names) // columns)
    given = _given(result)
    rows_of_doses = {_row(a) for listed in given for a in listed}
    strip = 0.3 + 0.28 * len(rows_of_doses) if rows_of_doses else 0.0
    made = style.figure(9.2, 0.5 + (2.5 if rows < 3 else 1.9) * rows + strip)
    heights = [2.5] * rows + ([strip] if strip else [])
    grid = made.subplots(len(heights), columns, sharex=True, squeeze=False, height_ratios=heights)
    keys: Keys = []
    for axes, name in zip(grid[:rows].flat, names, strict=False):
        keys = _panel(axes, result, name, shares, unit)
    for axes in grid[:rows].flat[len(names) :]:
        axes.set_visible(False)
    for axes in grid[rows:].flat:
        _strip(axes, result, given, unit)
    for axes in grid[-1]:
        axes.set_xlabel(_time_label(unit), fontsize=9, color=style.INK)
    _legend(made, result, keys)
    return made


def _axis_unit(result: Result) -> str:
    """Hours for a long time in minutes, days for a long one in hours."""
    unit = result.time_unit
    span = float(np.ptp(result.times)) if result.times.size else 0.0
    for coarser, enough in (("h", 4.0), ("d", 4.0)):
        if (
            unit != "1"
            and convert(1.0, coarser, unit) > 1
            and convert(span, result.time_unit, coarser) >= enough
        ):
            unit = coarser
    return unit


def _time_label(unit: str) -> str:
    return "time" if unit == "1" else f"time ({unit})"


def _groups(result: Result, name: str) -> list[Array]:
    """Trajectories (lanes, T) of one output, a group a plan; lanes that failed at once are left out."""
    y = result[name]
    plans = y if "plan" in result.axes else y[None]
    return [p.reshape(-1, result.times.size) for p in plans]


def _panel(axes: Axes, result: Result, name: str, shares: Sequence[float], unit: str) -> Keys:
    """Lines or bands of one output; the keys of the legend."""
    t = convert(result.times, result.time_unit, unit)
    keys: Keys = []
    groups = _groups(result, name)
    labels = [style.plain(str(label)) for label in result.axes.get("plan", ("",))]
    for i, (y, label) in enumerate(zip(groups, labels, strict=True)):
        colour = COLOURS[i % len(COLOURS)]
        if len(y) < _FEW:
            keys += _lines(axes, t, y, colour, label)
        else:
            keys += _bands(axes, t, y, shares, colour, label)
    style.tidy(axes, ylabel=_quantity(_column(result, name)))
    axes.margins(x=0.0)
    _match_ticks(axes, unit)
    return keys


def _column(result: Result, name: str) -> Column:
    result[name]  # unknown names raise
    return next(c for c in result.columns if c.name == name)


def _quantity(column: Column) -> str:
    unit = words.unit(column.unit).replace("[IU]", "IU")
    return f"{column.name} ({unit})" if unit else column.name


def _lines(axes: Axes, t: Array, y: Array, colour: str, label: str) -> Keys:
    drawn: Any = None
    for row in y:
        (drawn,) = axes.plot(t, row, color=colour, linewidth=1.6 if len(y) == 1 else 1.1)
    return [(drawn, label)] if drawn is not None else []


def _bands(axes: Axes, t: Array, y: Array, shares: Sequence[float], colour: str, label: str) -> Keys:
    """The median and central shares of the lanes that are still there at each time."""
    there = np.isfinite(y).any(axis=0)
    edges = [q for s in shares for q in ((1 - s) / 2, (1 + s) / 2)]
    levels = np.full((len(edges) + 1, t.size), np.nan)
    levels[:, there] = np.nanquantile(y[:, there], [*edges, 0.5], axis=0)
    (line,) = axes.plot(t, levels[-1], color=colour, linewidth=1.6)
    shades = []
    for i, share in enumerate(shares):
        shade: dict[str, Any] = {"color": colour, "linewidth": 0, "alpha": 0.16 + 0.14 * i}
        low, high = levels[2 * i], levels[2 * i + 1]
        shades.append((axes.fill_between(t, low, high, **shade), f"{100 * share:g} %"))
    named = f"{label}: median" if label else "median"
    return [(line, named), *(shades if not label else shades[:1])]


def _match_ticks(axes: Axes, unit: str) -> None:
    """Hours in steps that divide a day."""
    from matplotlib.ticker import MultipleLocator

    if unit != "h":
        return
    low, high = axes.get_xlim()
    steps = (0.5, 1, 2, 3, 4, 6, 12, 24, 48, 96)
    step = next((s for s in steps if (high - low) / s <= 13), None)
    if step is not None and high - low >= 3:
        axes.xaxis.set_major_locator(MultipleLocator(step))


def _given(result: Result) -> list[list[Administration]]:
    """Doses by plan; none where each subject has a schedule of its own."""
    own = len(result.schedules) > 1 and "plan" not in result.axes
    return [] if own else [administrations(s) for s in result.schedules]


def _time_of(result: Result, model: Model, value: float, unit: str) -> float:
    shown = convert(value, model.time_unit, unit)
    last = convert(float(result.times[-1]), result.time_unit, unit)
    return min(shown, last) if np.isfinite(shown) else last


def _infused(a: Administration) -> bool:
    return a.stop != a.start  # NaN, an end that a parameter governs, is an infusion too


def _row(a: Administration) -> tuple[int, bool]:
    return a.port, _infused(a)


def _strip(axes: Axes, result: Result, given: Sequence[Sequence[Administration]], unit: str) -> None:
    """A row for the boluses of a dose port, marks with their amount, and one for its infusions, bars."""
    from pytwin.model import Model

    model = Model(result.model)
    rows = sorted({_row(a) for listed in given for a in listed})
    for i, listed in enumerate(given):
        colour = COLOURS[i % len(COLOURS)] if len(given) > 1 else style.MUTED
        shift = (i - (len(given) - 1) / 2) * 0.6 / max(1, len(given) - 1)
        for at, row in enumerate(rows):
            mine = [a for a in listed if _row(a) == row]
            shown = len(given) == 1 and len(mine) <= _LABELLED
            for a in mine:
                _dose(axes, result, model, a, at + shift, colour, unit)
                if shown:
                    _label(axes, _time_of(result, model, a.start, unit), at, _amount(model, a))
    axes.set_ylim(len(rows) - 0.5, -0.6)
    axes.set_yticks(range(len(rows)), [_port(model, *row) for row in rows])
    style.tidy(axes)
    axes.tick_params(axis="y", length=0, labelsize=8)
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)


def _port(model: Model, port: int, infused: bool) -> str:
    d = model.doses[port]
    alone = sum(other["drug"] == d["drug"] for other in model.doses) == 1
    name = d["drug"] if alone else f"{d['drug']}, {d['route']}"
    return f"{name}, infused" if infused else str(name)


def _dose(
    axes: Axes, result: Result, model: Model, a: Administration, row: float, colour: str, unit: str
) -> None:
    start = _time_of(result, model, a.start, unit)
    if _infused(a):
        stop = _time_of(result, model, a.stop, unit)
        axes.plot([start, stop], [row, row], color=colour, linewidth=9, alpha=0.25, solid_capstyle="butt")
    else:
        axes.plot([start], [row], "v", color=colour, markersize=5, clip_on=False, markeredgewidth=0)


def _label(axes: Axes, time: float, row: float, text: str) -> None:
    axes.annotate(
        text, (time, row), xytext=(5, 0), textcoords="offset points",
        fontsize=7.5, color=style.INK, va="center", annotation_clip=False,
    )  # fmt: skip


def _amount(model: Model, a: Administration) -> str:
    """``60 g``, or a rate an hour: ``0.38 U/h``."""
    unit, time = model.doses[a.port]["unit"], model.time_unit
    if not _infused(a) or np.isnan(a.stop):
        return f"{a.amount:.3g} {unit}"
    hourly = 1.0 if time == "1" else convert(1.0, "h", time)
    return f"{a.amount * hourly:.3g} {unit}/{'time' if time == '1' else 'h'}"


def _rug(axes: Axes, result: Result, unit: str) -> None:
    """Doses as small marks at the foot of a single panel."""
    from pytwin.model import Model

    model = Model(result.model)
    for i, listed in enumerate(_given(result)):
        at = [_time_of(result, model, a.start, unit) for a in listed]
        colour = COLOURS[i % len(COLOURS)] if len(result.schedules) > 1 else style.MUTED
        axes.plot(
            at, np.full(len(at), 0.02), "^", color=colour, markersize=4, transform=axes.get_xaxis_transform()
        )


def _legend(made: Figure, result: Result, keys: Keys) -> None:
    """One line of keys above the panels: what is drawn, of how many lanes."""
    n = result.status.size // len(result.axes.get("plan", (0,)))
    title = f"{result.model}, {n} {'subject' if n == 1 else 'subjects'}"
    failed = int(np.count_nonzero(result.status))
    title += f", {failed} of {result.status.size} failed" if failed else ""
    shown = [(handle, text) for handle, text in keys if text]
    legend = made.legend(
        [handle for handle, _ in shown], [text for _, text in shown], title=title, alignment="left",
        fontsize=8.5, title_fontsize=9, frameon=False, loc="outside upper left", ncols=6,
        labelcolor=style.INK, handlelength=1.6, columnspacing=1.6,
    )  # fmt: skip
    legend.get_title().set_color(style.INK)
