"""The parts of ``Model.simulate``: lanes, times, options and outputs as the core takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin import _core
from pytwin.errors import InputError
from pytwin.model.duration import convert, hours
from pytwin.model.fired import events
from pytwin.model.plan import Plan
from pytwin.model.result import Column, Result
from pytwin.model.schedule import Schedule, joined

if TYPE_CHECKING:
    from pytwin.model.model import Model
    from pytwin.model.rows import Values

Array = NDArray[np.float64]
Given = Plan | Schedule | NDArray[Any]
Plans = Given | Sequence[Given] | None
FIXED_STEP = ("rk4", "heun", "euler", "euler-maruyama", "srk")
STOCHASTIC = ("euler-maruyama", "srk")
ATOL = 1e-11
_EVEN = 241


@dataclass(frozen=True, slots=True)
class Clock:
    """A model's unit of time and the unit in which the caller counts."""

    unit: str
    shown: str

    def inner(self, value: Any) -> Any:
        """The caller's times in the model's unit."""
        return convert(value, self.shown, self.unit)

    def outer(self, value: Any) -> Any:
        """The model's times in the caller's unit."""
        return convert(value, self.unit, self.shown)

    def hours(self, value: float) -> float:
        """A time of the caller's as hours of a Plan, 0 at least."""
        return max(0.0, float(convert(value, self.shown, "h")))

    def text(self, duration: str, place: str) -> float:
        """A duration such as ``"24 h"`` in the caller's unit."""
        return convert(hours(duration, place=place), "h", self.shown)


@dataclass(frozen=True, slots=True)
class Lanes:
    """Subjects and schedules, and the axes along which they are combined.

    Attributes
    ----------
    params : ndarray, shape (S, n_param)
    x0 : ndarray, shape (S, n_state), or None
    schedules : tuple of Schedule
        One for each plan, or for each subject where ``own`` is true.
    axes : dict of str to tuple
        Name and labels of each leading axis of the Result, the slowest first.
    """

    params: Array
    x0: Array | None
    axes: dict[str, tuple[Any, ...]]
    schedules: tuple[Schedule, ...] = (Schedule(),)
    own: bool = False

    def indices(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Subject, schedule and draw of each lane, in C order of the axes."""
        grid = np.indices([len(labels) for labels in self.axes.values()], dtype=np.int64)
        along = {name: grid[i].ravel() for i, name in enumerate(self.axes)}
        zero = np.zeros(int(np.prod(grid.shape[1:])), dtype=np.int64)
        subject = along.get("subject", zero)
        return subject, subject if self.own else along.get("plan", zero), along.get("draw", zero)


def instants(times: ArrayLike | str, start: float, clock: Clock) -> Array:
    """Output times in the caller's unit, checked.

    Raises
    ------
    InputError
        ``model.bad-shape``; ``model.bad-times`` names the entry that is not finite, before ``start``, before
        the one before it, or the same.
    """
    if isinstance(times, str):
        return np.asarray(start + clock.text(times, "times") * np.linspace(0, 1, _EVEN))
    found = np.asarray(times, dtype=np.float64)
    if found.ndim != 1:
        hint = 'Several times, or a text such as "24 h"'
        message = f"times has shape {found.shape}, expected (T,)"
        raise InputError("model.bad-shape", message, place="times", hint=hint)
    for bad, why in (
        (~np.isfinite(found), "is not a finite number"),
        (found < start, f"is before the start, {start:g}"),
        (np.diff(found, prepend=-np.inf) < 0, "is before the one before it"),
        (np.diff(found, prepend=-np.inf) == 0, "is there twice"),
    ):
        if bad.any():
            at = int(np.argmax(bad))
            message = f"the time {found[at]:g} {clock.shown} {why}"
            raise InputError("model.bad-times", message, place=f"times[{at}]", hint="Sort, and drop doubles")
    return found


def lanes(model: Model, params: Values, x0: Values, *, strict: bool) -> Lanes:
    """Rows of parameters and states; ``strict``: a number that is not finite is an error.

    Raises
    ------
    InputError
        ``model.bad-shape``, ``model.unknown-name``; ``model.not-finite`` names the row and the column.
    """
    rows = model.rows(params)
    states = None if x0 is None else model.rows(x0, of="states")
    if strict:
        _check_finite(rows, model.params, "params")
        _check_finite(states, model.states, "x0")
    sizes = {a.shape[0] for a in (rows, states) if a is not None and a.ndim == 2}
    if len(sizes) > 1:
        message = f"params and x0 have {' and '.join(map(str, sorted(sizes)))} rows"
        raise InputError("model.bad-shape", message, place="params, x0")
    n = next(iter(sizes), 1)
    full = np.ascontiguousarray(np.broadcast_to(rows, (n, rows.shape[-1])))
    if states is not None:
        states = np.ascontiguousarray(np.broadcast_to(states, (n, states.shape[-1])))
    return Lanes(full, states, {"subject": tuple(range(n))} if sizes else {})


def _check_finite(rows: Array | None, fields: tuple[dict[str, Any], ...], what: str) -> None:
    if rows is None or np.isfinite(rows).all():
        return
    at = np.argwhere(~np.isfinite(rows))[0]
    place = f"{what}, row {at[0]}" if len(at) > 1 else what
    name = fields[at[-1]]["name"]
    hint = 'errors="status" simulates the other rows'
    message = f"{name} is {rows[tuple(at)]}, a number is needed"
    raise InputError("model.not-finite", message, place=f"{place}, {name}", hint=hint)


def with_plans(model: Model, found: Lanes, plan: Plans, horizon: float) -> Lanes:
    """The lanes under a plan, or under each of several; of a Plan what begins before ``horizon`` (hours)."""
    if plan is None:
        return found
    if isinstance(plan, Plan | Schedule | np.ndarray):
        return replace(found, schedules=(_schedule(model, plan, horizon),))
    if not len(plan):
        raise InputError("model.no-plan", "an empty sequence of plans", place="plan")
    labels = tuple(p.name if isinstance(p, Plan) else str(i) for i, p in enumerate(plan))
    schedules = tuple(_schedule(model, p, horizon) for p in plan)
    return replace(found, schedules=schedules, axes={"plan": labels, **found.axes})


def _schedule(model: Model, plan: Given, horizon: float) -> Schedule:
    if isinstance(plan, Schedule):
        return plan
    if not isinstance(plan, Plan | np.ndarray):
        message = f"a Plan or a Schedule is needed, not {type(plan).__name__}"
        raise InputError("model.no-plan", message, place="plan", hint="params and x0 come behind the plan")
    return Schedule(plan) if isinstance(plan, np.ndarray) else plan.schedule(model, horizon)


def with_draws(found: Lanes, draws: int | None, method: str) -> Lanes:
    """Each lane as several paths of its noise.

    Raises
    ------
    InputError
        ``model.no-noise`` with a method that knows no noise, ``model.bad-draws``.
    """
    if draws is None:
        return found
    if method not in STOCHASTIC:
        hint = f"Use {' or '.join(STOCHASTIC)}"
        raise InputError("model.no-noise", f"{method} follows no noise", place="draws", hint=hint)
    if draws < 1:
        raise InputError("model.bad-draws", "at least 1 draw", place="draws")
    return replace(found, axes={**found.axes, "draw": tuple(range(draws))})


def directions(model: Model, names: Sequence[str] | bool) -> dict[str, int]:
    """Names and core indices of parameters, and of initial states ``x0.NAME``, to differentiate to."""
    known = [p["name"] for p in model.params]
    if isinstance(names, bool):
        return {name: i for i, name in enumerate(known)} if names else {}
    known += [f"x0.{s['name']}" for s in model.states]
    message = "neither a parameter nor an initial state"
    return {name: _index(known, name, "model.unknown-name", message) for name in names}


def options(
    model: Model,
    clock: Clock,
    method: str,
    step: float | str | None,
    rtol: float,
    atol: float | ArrayLike | Mapping[str, float],
    max_steps: int,
) -> dict[str, Any]:
    """What the core's integrators are told; see ``Model.simulate``.

    Raises
    ------
    InputError
        ``model.unknown-method``, ``model.no-noise``, ``model.bad-step``, ``model.bad-tolerance``.
    """
    if method not in _core.METHODS:
        hint = f"There is {', '.join(_core.METHODS)}"
        raise InputError("model.unknown-method", "no such method", place=str(method), hint=hint)
    if method in STOCHASTIC and not model.noise:
        hint = 'Use "auto", or a model with noise'
        raise InputError("model.no-noise", f"{model.name} has no noise", place=method, hint=hint)
    found = {"method": _core.METHODS[method], "rtol": rtol, "max_steps": max_steps}
    return found | _step(clock, method, step) | _atol(model, atol)


def tolerances(model: Model, rtol: float, atol: float | ArrayLike | Mapping[str, float]) -> dict[str, Any]:
    """The core's ``rtol``, ``atol`` and ``atols``."""
    return {"rtol": rtol, **_atol(model, atol)}


def _step(clock: Clock, method: str, step: float | str | None) -> dict[str, float]:
    fixed = method in FIXED_STEP
    if fixed != (step is not None) and method != "dopri5":
        message = f"{method} needs a step" if fixed else f"{method} chooses its own step"
        hint = f"For example step={_example(clock.shown)}" if fixed else "Leave step out, or use rk4"
        raise InputError("model.bad-step", message, place="step", hint=hint)
    if step is None:
        return {}
    value = clock.text(step, "step") if isinstance(step, str) else float(step)
    if not 0 < value < np.inf:
        raise InputError("model.bad-step", "a step is a positive number", place="step")
    return {"step": float(clock.inner(value))}


def _example(unit: str) -> str:
    return "0.01" if unit == "1" else f'"0.1 {unit}"' if unit in ("min", "h") else '"0.1 h"'


def _atol(model: Model, atol: float | ArrayLike | Mapping[str, float]) -> dict[str, Any]:
    if isinstance(atol, Mapping):
        names = [s["name"] for s in model.states]
        values = np.full(len(names), ATOL)
        for name, value in atol.items():
            values[_index(names, name, "model.unknown-name", "the model has no such state")] = value
    else:
        values = np.asarray(atol, dtype=np.float64)
    if values.ndim and values.shape != (len(model.states),):
        message = f"atol has shape {values.shape}, expected a number or ({len(model.states)},)"
        raise InputError("model.bad-tolerance", message, place="atol")
    if not (values > 0).all():
        hint = "A tolerance is in the unit of its state"
        raise InputError("model.bad-tolerance", "atol must be positive", place="atol", hint=hint)
    return {"atol": float(values.min())} | ({"atols": values} if values.ndim else {})


def wanted(
    model: Model, outputs: Sequence[str] | None, states: bool | Sequence[str]
) -> tuple[list[Column], list[Column]]:
    """The outputs and the states that a Result is to hold."""
    chosen = _columns(model.outputs, outputs, 0, "model.unknown-output", "the model has no such output")
    if isinstance(states, bool):
        states = [s["name"] for s in model.states] if states else ()
    base = len(model.outputs)
    return chosen, _columns(model.states, states, base, "model.unknown-name", "the model has no such state")


def _columns(
    fields: tuple[dict[str, Any], ...], names: Sequence[str] | None, base: int, code: str, message: str
) -> list[Column]:
    known = [f["name"] for f in fields]
    if isinstance(names, str):
        names = [names]
    found = [_index(known, name, code, message) for name in (known if names is None else names)]
    return [Column(fields[i]["name"], fields[i]["unit"], fields[i]["doc"], base + i) for i in found]


def _index(names: Sequence[str], name: str, code: str, message: str) -> int:
    if name not in names:
        raise InputError(code, message, place=str(name), hint=f"There is {', '.join(names)}")
    return names.index(name)


def run(
    model: Model,
    found: Lanes,
    clock: Clock,
    times: Array,
    start: float,
    columns: tuple[list[Column], list[Column]],
    along: Mapping[str, int],
    settings: Mapping[str, Any],
) -> Result:
    """One call of the core, and its arrays with names, units and axes."""
    subject, schedule, draw = found.indices()
    outputs, states = columns
    given = joined(found.schedules)
    kept = min(4096, max(8, 1_000_000 // max(1, subject.size)))  # firings of each lane
    raw = model.core.simulate(
        found.params,
        found.x0,
        float(clock.inner(start)),
        given.pop("actions"),
        given.pop("offsets"),
        clock.inner(times),
        subject,
        schedule,
        np.array([c.index for c in (*outputs, *states)], dtype=np.int32),
        directions=np.array(list(along.values()), dtype=np.int32),
        draw=draw,
        kept=kept,
        **given,
        **settings,
    )
    fired_time = clock.outer(raw["fired_time"]) if "fired_time" in raw else None
    fired = events(model, raw, found.schedules, schedule, found.axes, fired_time)
    lead = tuple(len(labels) for labels in found.axes.values())
    shaped = {name: value.reshape((*lead, *value.shape[1:])) for name, value in raw.items()}
    m = len(outputs)
    derivatives = {"dy": shaped["dy"][..., :m, :], "dx": shaped["dy"][..., m:, :]} if along else {}
    return Result(
        times=times,
        y=shaped["y"][..., :m],
        x=shaped["y"][..., m:],
        columns=(*outputs, *states),
        x_end=shaped["x_end"],
        status=shaped["status"],
        stop=np.asarray(clock.outer(shaped["stop"])),
        model=model.name,
        time_unit=clock.shown,
        axes=found.axes,
        schedules=found.schedules,
        events=fired,
        directions=tuple(along),
        **derivatives,
        dx_end=shaped.get("dx_end"),
    )
