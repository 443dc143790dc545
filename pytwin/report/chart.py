"""The chart of a record: small multiples of what was measured, and beneath them what was given."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pytwin.record.record import Record
from pytwin.report import style
from pytwin.report.chartdata import Chart, Panel, Points, Row, chart
from pytwin.report.words import unit as unit_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Keys = dict[str, Any]
_COLUMNS = 3
_WIDTH, _HEIGHT, _ROW = 11.0, 1.45, 0.36  # inches
_LINED = 400  # points that a line joins; beyond that they are a cloud
_SHAPES = {0: "o", -1: "v", 1: "^"}
_STAY = "#eef1f4"
_WORDS = {0: "result", -1: "below the value", 1: "above the value"}
_SHORT = {
    "mm[Hg]": "mmHg", "Cel": "°C", "[degF]": "°F", "10*3/uL": "10³/µL", "10*6/uL": "10⁶/µL", "kg/m2": "kg/m²",
    "mL/min/{1.73_m2}": "mL/min/1.73 m²", "[pH]": "", "{score}": "", "[IU]": "IU", "ug/dL": "µg/dL",
    "ug/mL": "µg/mL", "umol/L": "µmol/L", "ug": "µg", "m[IU]/L": "mIU/L", "cm[H2O]": "cmH₂O",
}  # fmt: skip


def of_record(
    record: Record, names: Sequence[str], since: int | str | None, until: int | str | None
) -> Figure:
    """See ``Record.plot``."""
    drawn = chart(record, names, since, until)
    columns = min(_COLUMNS, max(1, len(drawn.panels)))
    lines = -(-len(drawn.panels) // columns)
    strip = 0.35 + _ROW * len(drawn.rows)
    heights = [0.4 + _HEIGHT * lines] * bool(drawn.panels) + [strip] * bool(drawn.rows)
    note = textwrap.wrap(_note(drawn), 150)
    made = style.figure(_WIDTH, 0.3 + sum(heights) + 0.16 * len(note))
    parts = iter(made.subfigures(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0])
    keys: Keys = {}
    if drawn.panels:
        part = next(parts)
        grid = [part.add_subplot(lines, columns, index + 1) for index in range(len(drawn.panels))]
        for axes, panel in zip(grid, drawn.panels, strict=True):
            _panel(axes, panel, keys)
        _dates(grid, drawn, drawn.measured, keys, ticks=5)
    if drawn.rows:
        axes = next(parts).add_subplot()
        _doses(axes, drawn.rows, drawn.span[1], keys)
        _dates([axes], drawn, drawn.span, keys, ticks=10)
    made.legend(
        list(keys.values()), list(keys), loc="outside upper left", ncols=8, fontsize=8.5, frameon=False,
        labelcolor=style.INK, handlelength=1.4, columnspacing=1.6,
    )  # fmt: skip
    made.supxlabel(style.plain("\n".join(note)), fontsize=8, color=style.MUTED, x=0.01, ha="left")
    return made


def _unit(ucum: str) -> str:
    return _SHORT.get(ucum, unit_label(ucum))


def _panel(axes: Axes, panel: Panel, keys: Keys) -> None:
    style.tidy(axes)
    _scale(axes, panel)
    if panel.low is not None:
        _marks(axes, panel.low, keys, line=True)
    _marks(axes, panel.points, keys, line=True)
    name = style.plain(_short(panel.name, 30))
    axes.set_title(name, fontsize=9.5, color=style.INK, loc="left", fontweight="bold")
    axes.set_ylabel(style.plain(_unit(panel.unit)), fontsize=8, color=style.MUTED)
    axes.set_title(style.plain(_last(panel)), fontsize=8.5, color=style.MUTED, loc="right")


def _last(panel: Panel) -> str:
    """The last usable value."""

    def text(points: Points) -> str:
        usable = np.flatnonzero(points.usable)
        if not len(usable):
            return "–"
        sign = {-1: "<", 1: ">"}.get(int(points.sign[usable[-1]]), "")
        return sign + _number(points.value[usable[-1]])

    return text(panel.points) if panel.low is None else f"{text(panel.points)}/{text(panel.low)}"


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _short(name: str, most: int) -> str:
    return name if len(name) <= most else name[: most - 1].rstrip() + "…"


def _scale(axes: Axes, panel: Panel) -> None:
    """Room for what is usable; what is not stands at the edge where it is beyond."""
    parts = [panel.points, *([panel.low] if panel.low else [])]
    usable = np.concatenate([part.value[part.usable] for part in parts])
    values = usable if len(usable) else np.concatenate([part.value for part in parts])
    low, high = float(values.min()), float(values.max())
    room = 0.12 * (high - low) or 0.1 * abs(high) or 1.0
    axes.set_ylim(low - room, high + room)
    axes.locator_params(axis="y", nbins=4)


def _marks(axes: Axes, points: Points, keys: Keys, *, line: bool) -> None:
    many = len(points.time) > _LINED
    size = 1.5 if many else 3.6 if len(points.time) > 60 else 4.6
    usable = points.usable
    if line and not many:
        exact = usable & (points.sign == 0)
        axes.plot(points.time[exact], points.value[exact], color=style.BLUE, linewidth=0.8, alpha=0.45)
    for sign, shape in _SHAPES.items():
        those = usable & (points.sign == sign)
        if those.any():
            (mark,) = axes.plot(
                points.time[those], points.value[those], shape, color=style.ORANGE if sign else style.BLUE,
                markersize=size + 1 if sign else size, markeredgewidth=1.1 if sign else 0,
                markerfacecolor="white" if sign else style.BLUE,
            )  # fmt: skip
            keys.setdefault(_WORDS[sign], mark)
    if not usable.all():
        low, high = axes.get_ylim()
        (mark,) = axes.plot(
            points.time[~usable], np.clip(points.value[~usable], low, high), "x", color=style.MUTED,
            markersize=4.6, markeredgewidth=1.1, clip_on=False,
        )  # fmt: skip
        keys.setdefault("not usable", mark)


def _doses(axes: Axes, rows: Sequence[Row], last: np.datetime64, keys: Keys) -> None:
    style.tidy(axes)
    axes.grid(visible=False)
    for index, row in enumerate(rows):
        _standing(axes, row, index, last, keys)
        _given(axes, row, index, keys)
        axes.axhline(index + 0.45, color=style.RULE, linewidth=0.5)
    labels = [f"{_short(row.name, 28)}  {_amounts(row)}".strip() for row in rows]
    axes.set_yticks(range(len(rows)), [style.plain(label) for label in labels])
    axes.tick_params(axis="y", length=0, labelcolor=style.INK)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(len(rows) - 0.4, -0.6)


def _standing(axes: Axes, row: Row, index: int, last: np.datetime64, keys: Keys) -> None:
    """Orders and statements: a bar to their end; a usable one goes on where that is not known."""
    ends = np.where(np.isnat(row.end), last, row.end)
    for usable, colour, word in (
        (True, style.GREEN, "order or statement"),
        (False, style.MUTED, "not usable"),
    ):
        those = row.usable == usable
        if not those.any():
            continue
        shape = "s" if usable else "x"
        (mark,) = axes.plot(
            row.start[those], np.full(those.sum(), index), shape, color=colour, markersize=4.2
        )
        drawn = those & (usable | ~np.isnat(row.end))
        axes.hlines(
            np.full(drawn.sum(), index), row.start[drawn], ends[drawn], color=colour, linewidth=3.2,
            alpha=0.35 if usable else 0.25,
        )  # fmt: skip
        keys.setdefault(word, mark)


def _given(axes: Axes, row: Row, index: int, keys: Keys) -> None:
    """Doses given: ticks as high as their amounts."""
    given = row.given
    amounts = np.where(np.isfinite(given.value), given.value, 0.0)
    most = amounts.max(initial=0.0)
    height = 0.25 + 0.5 * amounts / most if most > 0 else np.full(len(amounts), 0.5)
    foot = index + 0.4
    for usable, colour, word in ((True, style.BLUE, "dose given"), (False, style.MUTED, "dose, not usable")):
        those = given.usable == usable
        if those.any():
            mark = axes.vlines(
                given.time[those], foot - height[those], np.full(those.sum(), foot), color=colour,
                linewidth=1.0 if len(amounts) < _LINED else 0.5, linestyle="solid" if usable else (0, (1, 1)),
            )  # fmt: skip
            keys.setdefault(word, mark)


def _amounts(row: Row) -> str:
    """``5 mg``, ``2.5–7.5 mg``: of what is usable."""
    every = np.concatenate([row.given.value[row.given.usable], row.amount[row.usable]])
    every = every[np.isfinite(every)]
    if not len(every):
        return ""
    low, high = every.min(), every.max()
    text = _number(low) if low == high else f"{_number(low)}–{_number(high)}"
    return f"{text} {_unit(row.unit)}".strip()


def _dates(
    axes: Sequence[Axes], drawn: Chart, span: tuple[np.datetime64, np.datetime64], keys: Keys, ticks: int
) -> None:
    """One time for all: limits, dates, stays and death."""
    from matplotlib import dates

    calendar: Any = dates
    at: Any = dates.date2num
    first, last = span
    room = max((last - first) // 40, np.timedelta64(1, "h"))
    death = drawn.death if drawn.death is not None and drawn.death >= first else None
    for one in axes:
        for start, end in drawn.stays:
            keys.setdefault("stay", one.axvspan(at(start), at(end), color=_STAY, linewidth=0, zorder=0))
        if death is not None:
            line = one.axvline(at(death), color=style.INK, linewidth=1.0, linestyle=(0, (3, 2)))
            keys.setdefault("death", line)
        one.set_xlim(at(first - room), at((last if death is None else max(last, death)) + room))
        locator = calendar.AutoDateLocator(minticks=2, maxticks=ticks)
        one.xaxis.set_major_locator(locator)
        one.xaxis.set_major_formatter(calendar.ConciseDateFormatter(locator))
        one.xaxis.get_offset_text().set(fontsize=8, color=style.MUTED)


def _note(drawn: Chart) -> str:
    """What is not drawn."""
    shown = drawn.left_out[:8]
    more = len(drawn.left_out) - len(shown)
    parts = []
    if shown:
        parts.append(f"not drawn: {', '.join(shown)}" + (f" and {more} more" if more else ""))
    if drawn.undated:
        parts.append(f"{drawn.undated} without a time")
    return "; ".join([*parts, "times in UTC"])
