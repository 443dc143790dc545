"""Following an EventTable: its rows as a schedule for each subject, and what the model says at each row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from pytwin import _core
from pytwin.errors import ComputationError, InputError
from pytwin.model.actions import offsets
from pytwin.model.events import DOSE, RESET, RESET_AND_DOSE, EventTable
from pytwin.model.result import Column, status_text

if TYPE_CHECKING:
    from pytwin.model.model import Model
    from pytwin.model.simulation import Clock, Lanes

Array = NDArray[np.float64]
Carry = Literal["next", "last", "linear"]
Row = tuple[float, int, int, float]


@dataclass(frozen=True, slots=True, repr=False)
class RecordResult:
    """What a model says at each row of an event table.

    Attributes
    ----------
    table : EventTable
    y : ndarray, shape (R, m)
        Outputs (and states that were asked for) at each row: at a dose row after the dose has entered, where
        a lag doesn't put it off. NaN from the stop of a subject that failed.
    columns : tuple of Column, length m
    x_end : ndarray, shape (S, n_state)
        States at the last row of each subject.
    status : ndarray of int32, shape (S,)
        0, or a code of ``_core.STATUS``.
    stop : ndarray, shape (S,)
        The time that was reached, in the table's unit.
    model : str
    """

    table: EventTable
    y: Array
    columns: tuple[Column, ...]
    x_end: Array
    status: NDArray[np.int32]
    stop: Array
    model: str

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(c.name for c in self.columns)

    def __getitem__(self, name: str) -> Array:
        """One column by name, shape (R,)."""
        if name not in self.names:
            message = f"no such output; there is {', '.join(self.names)}"
            raise InputError("model.unknown-output", message, place=name)
        return np.asarray(self.y[:, self.names.index(name)])

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def to_dict(self) -> dict[str, NDArray[Any]]:
        """Columns ID, TIME, EVID and the outputs, row by row: ``pandas.DataFrame(result.to_dict())``."""
        t = self.table
        ids = np.array(t.ids)[t.subject]
        return {"ID": ids, "TIME": t.time, "EVID": t.evid, **{name: self[name] for name in self}}

    def raise_for_status(self) -> None:
        """Raise ``ComputationError`` for the first subject that failed."""
        failed = np.flatnonzero(self.status)
        if failed.size == 0:
            return
        code, text = status_text(int(self.status[failed[0]]))
        place = f"subject {self.table.ids[failed[0]]} at time {self.stop[failed[0]]:g}"
        if failed.size > 1:
            place += f"; {failed.size} subjects of {self.status.size} in all"
        raise ComputationError(code, text, place=place)

    def __repr__(self) -> str:
        size = f"{len(self.table.ids)} subjects, {len(self.table)} rows"
        return f"RecordResult({self.model}: {size}, {', '.join(self.names)})"


# ---- compartments ----


def ports(model: Model, table: EventTable, cmt: Mapping[Any, Any] | None) -> NDArray[np.int64]:
    """Dose port of each row; -1 where no dose is given.

    A compartment is a key of ``cmt``, else a number of a state from 1 on, the name of a state, a route or a
    drug. None: the first port.

    Raises
    ------
    InputError
        ``events.unknown-compartment``, ``events.no-parameter`` (RATE asks for one that the port has not).
    """
    found = np.full(len(table), -1, dtype=np.int64)
    known: dict[Any, int | None] = {}
    for row in np.flatnonzero((table.evid == DOSE) | (table.evid == RESET_AND_DOSE)).tolist():
        name = table.cmt[row]
        if name not in known:
            known[name] = port_of(model, name, cmt or {})
        port = known[name]
        if port is None:
            routes = ", ".join(
                f"{d['drug']} {d['route']} (compartment {d['state'] + 1})" for d in model.doses
            )
            raise InputError(
                "events.unknown-compartment",
                "the model takes no doses there",
                place=f"row {row}, column CMT",
                hint=f"Doses go to: {routes or 'nowhere'}; or say cmt={{...}}",
            )
        _check_rate(model.doses[port], float(table.rate[row]), row)
        found[row] = port
    return found


def port_of(model: Model, name: Any, cmt: Mapping[Any, Any]) -> int | None:
    name = cmt.get(name, name)
    states = [s["name"] for s in model.states]
    if name is None:
        return 0 if model.doses else None
    for index, port in enumerate(model.doses):
        if name in (port["state"] + 1, states[port["state"]], port["route"], port["drug"]):
            return index
    return None


def _check_rate(port: Mapping[str, Any], rate: float, row: int) -> None:
    needs = {-1.0: "rate", -2.0: "duration"}.get(rate)
    if needs and port[needs] < 0:
        message = f"the {needs} is to be a parameter, but the model has none there"
        raise InputError("events.no-parameter", message, place=f"row {row}, column RATE")


# ---- covariates ----


def _filled(values: Array, time: Array, carry: Carry, place: str) -> Array:
    """A covariate of one subject with its gaps closed."""
    known = np.flatnonzero(np.isfinite(values))
    if known.size == 0:
        raise InputError("events.missing", "the covariate has no value in any row of a subject", place=place)
    rows = np.arange(values.size)
    if carry == "linear":
        return np.asarray(np.interp(time, time[known], values[known]))
    after = np.searchsorted(known, rows, side="left" if carry == "next" else "right") - (carry == "last")
    return np.asarray(values[known[np.clip(after, 0, known.size - 1)]])


@dataclass
class _Course:
    """One covariate of one subject as actions: what it sets before and after each row."""

    index: int
    values: Array
    time: Array
    carry: Carry
    held: float = np.nan
    slope: float = 0.0

    def before(self, k: int) -> Iterator[Row]:
        """Before row k acts. Until the next row the next row's value governs (carry "next")."""
        if self.carry == "next" and k:
            return
        yield from self._set(k, k)
        if self.carry == "linear":
            yield from self._ramp(k)

    def after(self, k: int) -> Iterator[Row]:
        """After row k has acted."""
        if self.carry == "next" and k + 1 < self.values.size:
            yield from self._set(k, k + 1)

    def _set(self, at: int, row: int) -> Iterator[Row]:
        if self.values[row] != self.held or self.slope != 0:
            self.held, self.slope = float(self.values[row]), 0.0
            yield float(self.time[at]), _core.ACTION_PARAM, self.index, self.held

    def _ramp(self, k: int) -> Iterator[Row]:
        if k + 1 == self.values.size or self.time[k + 1] == self.time[k]:
            return
        self.slope = float((self.values[k + 1] - self.values[k]) / (self.time[k + 1] - self.time[k]))
        if self.slope != 0:
            yield float(self.time[k]), _core.ACTION_SLOPE, self.index, self.slope


def _courses(
    model: Model, table: EventTable, rows: slice, time: Array, carry: Carry, label: Any
) -> list[_Course]:
    names = [p["name"] for p in model.params]
    found = []
    for name, values in table.covariates.items():
        if name in names:
            place = f"subject {label}, column {name}"
            own = _filled(values[rows], time, carry, place)
            found.append(_Course(names.index(name), own, time, carry))
    return found


# ---- schedules ----


def _row_actions(table: EventTable, row: int, time: float, dose: int, place: int) -> Iterator[Row]:
    evid = int(table.evid[row])
    if evid in (RESET, RESET_AND_DOSE):
        yield time, _core.ACTION_RESET, 0, 0.0
    if evid in (DOSE, RESET_AND_DOSE):
        yield time, _core.ACTION_DOSE, dose, 0.0
    yield time, _core.ACTION_OBSERVE, place, 0.0


def _subject_actions(
    table: EventTable, begin: int, time: Array, dose: NDArray[np.int64], courses: list[_Course]
) -> Iterator[Row]:
    for k in range(time.size):
        for course in courses:
            yield from course.before(k)
        yield from _row_actions(table, begin + k, float(time[k]), int(dose[k]), k)
        for course in courses:
            yield from course.after(k)


def given(
    model: Model, table: EventTable, clock: Clock, cmt: Mapping[Any, Any] | None, carry: Carry
) -> dict[str, Any]:
    """Arguments of ``_core.Model.simulate`` that follow the table, one plan and lane for each subject."""
    port = ports(model, table, cmt)
    time = np.asarray(clock.inner(table.time + table.shift))
    unit = float(clock.inner(1.0))
    wanted = np.flatnonzero(port >= 0)
    doses = np.zeros(wanted.size, dtype=_core.DOSE_DTYPE)
    doses["port"], doses["steady"], doses["amount"] = port[wanted], table.ss[wanted], table.amt[wanted]
    doses["rate"] = np.where(table.rate > 0, table.rate / unit, table.rate)[wanted]
    doses["interval"], doses["additional"] = clock.inner(table.ii)[wanted], table.addl[wanted]
    starts = table.starts
    first_dose = np.searchsorted(wanted, starts)
    order = np.searchsorted(wanted, np.arange(len(table)))
    plans = []
    for s in range(len(table.ids)):
        rows = slice(int(starts[s]), int(starts[s + 1]))
        courses = _courses(model, table, rows, time[rows], carry, table.ids[s])
        actions = _subject_actions(table, rows.start, time[rows], order[rows] - first_dose[s], courses)
        plans.append(np.array(list(actions), dtype=_core.PLAN_DTYPE))
    return {
        "actions": np.concatenate(plans) if plans else np.zeros(0, dtype=_core.PLAN_DTYPE),
        "offsets": offsets(map(len, plans)),
        "doses": doses,
        "dose_offsets": first_dose.astype(np.int64),
        "first": starts[:-1].astype(np.int64),
        "n_row": len(table),
        "in_order": 1,
    }


def _as_told(table: EventTable, stop: Array) -> Array:
    """Times at which subjects stopped, on the clock of the table at that row."""
    elapsed = table.time + table.shift
    reached = np.array([np.searchsorted(elapsed[a:b], t, side="right") for a, b, t in _spans(table, stop)])
    return np.asarray(stop - table.shift[table.starts[:-1] + np.maximum(reached, 1) - 1])


def _spans(table: EventTable, stop: Array) -> Iterator[tuple[int, int, float]]:
    starts = table.starts.tolist()
    return zip(starts[:-1], starts[1:], stop.tolist(), strict=True)


def follow(
    model: Model,
    table: EventTable,
    lanes: Lanes,
    clock: Clock,
    wanted: tuple[list[Column], list[Column]],
    cmt: Mapping[Any, Any] | None,
    carry: Carry,
    settings: Mapping[str, Any],
) -> RecordResult:
    """One call of the core; the lanes are the subjects of the table."""
    n, columns = len(table.ids), (*wanted[0], *wanted[1])
    if n == 0:
        raise InputError("events.empty", "the table has no rows", place="events")
    if lanes.params.shape[0] not in (1, n):
        message = f"{lanes.params.shape[0]} rows of parameters or states for {n} subjects"
        raise InputError("model.bad-shape", message, place="params, x0")
    if carry not in ("next", "last", "linear"):
        hint = 'There is "next", "last", "linear"'
        raise InputError("events.bad-carry", "no such way", place=str(carry), hint=hint)
    arguments = given(model, table, clock, cmt, carry)
    subject = np.arange(n, dtype=np.int64)
    raw = model.core.simulate(
        lanes.params,
        lanes.x0,
        float(clock.inner(table.time.min())),
        arguments.pop("actions"),
        arguments.pop("offsets"),
        np.zeros(0),
        subject if lanes.params.shape[0] == n else np.zeros(n, dtype=np.int64),
        subject,
        np.array([c.index for c in columns], dtype=np.int32),
        **arguments,
        **settings,
    )
    stop = _as_told(table, np.asarray(clock.outer(raw["stop"])))
    return RecordResult(table, raw["y"], columns, raw["x_end"], raw["status"], stop, model.name)
