"""What the chart of a record shows: a panel a measurement, a row a drug, and what is left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytwin.errors import InputError
from pytwin.record.record import DOSE_KINDS, Record
from pytwin.record.table import EventTable
from pytwin.record.time import DAY, NAT

PANELS = 12  # where nothing is asked for
ROWS = 8
PRESSURES = ("systolic blood pressure", "diastolic blood pressure")
PRESSURE = "blood pressure"
# What is looked at first, in this order; of all else by how often it was measured.
_FIRST = (
    PRESSURE, "heart rate", "respiratory rate", "body temperature", "oxygen saturation", "body weight", "INR",
    "creatinine", "glomerular filtration rate", "potassium", "sodium", "urea nitrogen", "glucose",
    "interstitial glucose", "haemoglobin A1c", "haemoglobin", "leukocytes", "platelets", "C-reactive protein",
    "lactate", "ALT", "bilirubin", "albumin",
)  # fmt: skip
_SECOND = ("body height", "body mass index", "head circumference")

Times = NDArray[np.datetime64]
Span = tuple[np.datetime64, np.datetime64]


class Points(NamedTuple):
    """Values over time: ``sign`` is -1 for "less than", 1 for "more than", else 0."""

    time: Times
    value: NDArray[np.float64]
    sign: NDArray[np.int8]
    usable: NDArray[np.bool_]


class Panel(NamedTuple):
    """One measurement in one unit; ``low`` is the diastolic pressure beside the systolic."""

    name: str
    unit: str
    points: Points
    low: Points | None = None


class Row(NamedTuple):
    """The doses of one drug in one unit; a bar from ``start`` to ``end`` is an order or a statement.

    ``end`` is NaT where it is not known.
    """

    name: str
    unit: str
    given: Points
    start: Times
    end: Times
    amount: NDArray[np.float64]
    usable: NDArray[np.bool_]


class Chart(NamedTuple):
    """All that is drawn.

    Attributes
    ----------
    panels, rows : tuple
    stays : list of (start, end)
        Encounters of a day and more.
    death : datetime64 or None
    left_out : list of str
        Names with how many there are of each.
    undated : int
        Events of these kinds without a time.
    """

    panels: tuple[Panel, ...]
    rows: tuple[Row, ...]
    stays: list[Span]
    death: np.datetime64 | None
    left_out: list[str]
    undated: int

    @property
    def measured(self) -> Span:
        """The first and the last instant of what was measured."""
        return _span([panel.points.time for panel in self.panels])

    @property
    def span(self) -> Span:
        """The first and the last instant of what is drawn."""
        parts = [part for row in self.rows for part in (row.given.time, row.start, row.end)]
        return _span([*parts, *(panel.points.time for panel in self.panels)])


def _span(times: Sequence[Times]) -> Span:
    every = np.concatenate(times)
    every = every[~np.isnat(every)]
    return every.min(), every.max()


def chart(record: Record, names: Sequence[str], since: int | str | None, until: int | str | None) -> Chart:
    """See ``Record.plot``.

    Raises
    ------
    InputError
        ``plot.nothing``, ``plot.unknown``.
    """
    events = record.events.select(valid=True)
    undated = int((events.select(kind=("observation", *DOSE_KINDS)).time == NAT).sum())
    events = events[np.flatnonzero(events.time != NAT)].select(since=since, until=until)
    panels, more = _panels(events.select(kind="observation"), names)
    rows, others = _rows(events.select(kind=DOSE_KINDS), names)
    known = {panel.name for panel in panels} | {row.name for row in rows}
    if not known:
        raise InputError("plot.nothing", "the record has no value and no dose with a time")
    strangers = [
        name for name in names if name not in known and not (name in PRESSURES and PRESSURE in known)
    ]
    if strangers:
        raise InputError("plot.unknown", "no value or dose of this name has a time", place=strangers[0])
    return Chart(panels, rows, _stays(events), _death(record), [*more, *others], undated)


def _death(record: Record) -> np.datetime64 | None:
    death = record.patient.death
    return None if death is None or death.us == NAT else _instants(np.array([death.us]))[0]


def _instants(us: NDArray[np.int64]) -> Times:
    return us.astype("datetime64[us]")


def _groups(table: EventTable) -> dict[tuple[str, str], EventTable]:
    """Rows by name (or code) and unit."""
    names, codes, units = (table.column(name).tolist() for name in ("name", "code", "unit"))
    found: dict[tuple[str, str], list[int]] = {}
    for index, (name, code, unit) in enumerate(zip(names, codes, units, strict=True)):
        found.setdefault((name or code, unit), []).append(index)
    return {key: table[rows] for key, rows in found.items()}


def _points(table: EventTable) -> Points:
    """Rows with a value, in order of time; where none is wide, at the start, else in the middle."""
    table = table[np.flatnonzero(np.isfinite(table.value))]
    signs = {"<": -1, "<=": -1, ">": 1, ">=": 1}
    sign = np.array([signs.get(text, 0) for text in table.column("comparator").tolist()], np.int8)
    return Points(_instants(table.time + table.width // 2), table.value, sign, table.usable)


def _panels(observed: EventTable, names: Sequence[str]) -> tuple[tuple[Panel, ...], list[str]]:
    groups = {key: _points(rows) for key, rows in _groups(observed).items()}
    found = {key: points for key, points in groups.items() if len(points.time)}
    panels = [Panel(name, unit, points) for (name, unit), points in found.items()]
    panels = _joined(_fewer_units(panels))
    wanted = [
        panel for panel in panels if panel.name in names or (panel.name == PRESSURE and _pressed(names))
    ]
    if names:
        return tuple(sorted(wanted, key=lambda panel: _place(panel.name, names))), []
    panels.sort(key=lambda panel: (-_weight(panel), panel.name))
    shown = [panel for panel in panels if len(panel.points.time) > 1][:PANELS] or panels[:PANELS]
    left = [panel for panel in panels if not any(panel is other for other in shown)]
    shown.sort(key=lambda panel: _FIRST.index(panel.name) if panel.name in _FIRST else len(_FIRST))
    return tuple(shown), [f"{panel.name} ({len(panel.points.time)})" for panel in left]


def _fewer_units(panels: list[Panel]) -> list[Panel]:
    """Without panels that hold nothing usable where another unit of the same name does: added to that."""
    best: dict[str, Panel] = {}
    for panel in panels:
        if panel.name not in best or panel.points.usable.sum() > best[panel.name].points.usable.sum():
            best[panel.name] = panel
    return [panel for panel in panels if panel is best[panel.name] or panel.points.usable.any()]


def _joined(panels: list[Panel]) -> list[Panel]:
    """Systolic and diastolic pressure in one panel."""
    by_name = {panel.name: panel for panel in panels}
    high, low = (by_name.get(name) for name in PRESSURES)
    if high is None or low is None or high.unit != low.unit:
        return panels
    rest = [panel for panel in panels if panel.name not in PRESSURES]
    return [Panel(PRESSURE, high.unit, high.points, low.points), *rest]


def _pressed(names: Sequence[str]) -> bool:
    return any(name in (*PRESSURES, PRESSURE) for name in names)


def _place(name: str, names: Sequence[str]) -> int:
    return names.index(name) if name in names else 0


def _weight(panel: Panel) -> float:
    """How much a panel is wanted: values, those that are looked at first three times as much."""
    factor = 3.0 if panel.name in _FIRST else 0.2 if panel.name in _SECOND else 1.0
    return factor * (int(panel.points.usable.sum()) + 0.01 * len(panel.points.time))


def _rows(doses: EventTable, names: Sequence[str]) -> tuple[tuple[Row, ...], list[str]]:
    found = [_row(name, unit, rows) for (name, unit), rows in _groups(doses).items()]
    if names:
        return tuple(row for row in found if row.name in names), []
    found.sort(key=lambda row: (-int(row.usable.sum()) - int(row.given.usable.sum()), row.name))
    left: dict[str, int] = {}
    for row in found[ROWS:]:
        left[row.name] = left.get(row.name, 0) + len(row.start) + len(row.given.time)
    return tuple(found[:ROWS]), [f"{name} ({count})" for name, count in left.items()]


def _row(name: str, unit: str, rows: EventTable) -> Row:
    given = rows.select(kind="administration")
    standing = rows.select(kind=("order", "statement"))
    ends: Any = _instants(standing.until)
    sign = np.zeros(len(given), np.int8)
    return Row(
        name, unit, Points(_instants(given.time), given.value, sign, given.usable),
        _instants(standing.time), ends, standing.value, standing.usable,
    )  # fmt: skip


def _stays(events: EventTable) -> list[Span]:
    visits = events.select(kind="encounter")
    long = np.flatnonzero((visits.until != NAT) & (visits.until - visits.time >= DAY))
    return list(zip(_instants(visits.time[long]), _instants(visits.until[long]), strict=True))
