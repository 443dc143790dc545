"""What happened, at exact times: meals, boluses, changes of the basal rate, low and high glucose.

Times are those of the schedule and of the numerical solution, whatever the period of a sensor or of outputs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin import _core
from pytwin.errors import InputError
from pytwin.glucose.meals import When, port
from pytwin.glucose.patients import Patients
from pytwin.model import Model
from pytwin.model.actions import Actions
from pytwin.model.duration import convert, hours

Array = NDArray[np.float64]
_ON, _OFF, _BOLUS = _core.ACTION_INFUSION_ON, _core.ACTION_INFUSION_OFF, _core.ACTION_BOLUS
_KEPT = 64  # crossings of a subject at first


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """Something that happened to a subject.

    Attributes
    ----------
    time : float
        Hours from the start.
    subject : int
        Row of the patients.
    what : str
        ``"meal"`` (value: g, until eating stops), ``"bolus"`` (U), ``"rate"`` (insulin, U/h from now on),
        ``"low"``, ``"low ends"``, ``"high"``, ``"high ends"`` (plasma glucose there, in the model's unit).
    value : float
    """

    time: float
    subject: int
    what: str
    value: float


def events(
    patients: Patients,
    actions: Actions,
    until: When,
    *,
    low: float | None = 70.0,
    high: float | None = 180.0,
    rtol: float = 1e-9,
    atol: float = 1e-11,
) -> tuple[Event, ...]:
    """Meals, insulin, and low and high plasma glucose, at exact times.

    Parameters
    ----------
    patients : Patients
        B of them.
    actions : ndarray of _core.PLAN_DTYPE, shape (n,) or (B, n)
        From :func:`schedule`, or ``actions`` of a :class:`Loop`.
    until : str or float
        The end, in hours.
    low, high : float or None
        Thresholds of plasma glucose, in the unit of the model's output G; None: not looked for.
    rtol, atol : float
        Tolerances of the integrator.

    Returns
    -------
    tuple of Event
        In order of time.

    Raises
    ------
    InputError
        ``glucose.bad-shape``.
    """
    if actions.ndim not in (1, 2) or (actions.ndim == 2 and len(actions) != len(patients)):
        message = f"actions of shape {actions.shape} for {len(patients)} patients"
        raise InputError("glucose.bad-shape", message, place="actions")
    model, end = Model(patients.model), hours(until, place="until")
    own = np.broadcast_to(actions, (len(patients), actions.shape[-1]))
    found = [e for i, plan in enumerate(own) for e in _given(model, plan, i, end)]
    found += _crossings(model, patients, own, end, low, high, {"rtol": rtol, "atol": atol})
    return tuple(sorted(e for e in found if e.time <= end))


def _given(model: Model, plan: Actions, subject: int, end: float) -> Iterator[Event]:
    """Meals, boluses and rates of one schedule."""
    unit = model.core.time_unit
    carbohydrate, insulin = port(model, "carbohydrate"), port(model, "insulin")
    for time, grams in _meals(plan[plan["index"] == carbohydrate]):
        yield Event(convert(time, unit, "h"), subject, "meal", grams)
    for time, kind, _, value in plan[plan["index"] == insulin].tolist():
        if kind == _BOLUS:
            yield Event(convert(time, unit, "h"), subject, "bolus", value)
    for time, rate in _rates(plan[plan["index"] == insulin]):
        yield Event(convert(time, unit, "h"), subject, "rate", rate * convert(1.0, "h", unit))


def _rates(plan: Actions) -> Iterator[tuple[float, float]]:
    """When the flow into a port changes, and to what."""
    changes = plan[np.isin(plan["kind"], (_ON, _OFF))]
    total, last = 0.0, 0.0
    for time in np.unique(changes["time"]):
        here = changes[changes["time"] == time]
        total += float(np.sum(np.where(here["kind"] == _ON, here["value"], -here["value"])))
        total = 0.0 if abs(total) < 1e-12 * float(np.max(here["value"])) else total
        if total != last:
            yield float(time), total
        last = total


def _meals(plan: Actions) -> Iterator[tuple[float, float]]:
    """Begin and grams of each stretch in which one eats; a bolus of carbohydrate is a meal of an instant."""
    begin, grams, before, flow = 0.0, 0.0, 0.0, 0.0
    for time, rate in _rates(plan):
        grams += flow * (time - before)
        if flow == 0:
            begin, grams = time, 0.0
        if rate == 0:
            yield begin, grams
        before, flow = time, rate
    for time, kind, _, value in plan.tolist():
        if kind == _BOLUS:
            yield time, value


def _crossings(
    model: Model,
    patients: Patients,
    own: Actions,
    end: float,
    low: float | None,
    high: float | None,
    options: dict[str, Any],
) -> list[Event]:
    named = [("low", low, -1), ("high", high, 1)]
    looked = [(w, v, d) for w, v, d in named if v is not None]
    if not looked:
        return []
    names = [w + s for w, _, _ in looked for s in ("", " ends")]
    levels = [v for _, v, _ in looked for _ in (0, 1)]
    triggers = np.zeros(len(names), dtype=_core.TRIGGER_DTYPE)
    triggers["output"] = [o["name"] for o in model.outputs].index("G")
    triggers["threshold"] = levels
    triggers["direction"] = [sign for _, _, d in looked for sign in (d, -d)]
    triggers["kind"], triggers["value"] = _core.ACTION_SCALE, 1.0  # changes nothing
    times, which, start = _fired(model, patients, own, end, triggers, options)
    found = [
        Event(
            convert(float(times[i, k]), model.core.time_unit, "h"), i, names[which[i, k]], levels[which[i, k]]
        )
        for i, k in np.argwhere(which >= 0).tolist()
    ]
    for what, level, direction in looked:
        begun = np.flatnonzero(direction * (start - level) > 0)
        found += [Event(0.0, int(i), what, float(start[i])) for i in begun]
    return found


def _fired(
    model: Model, patients: Patients, own: Actions, end: float, triggers: Actions, options: dict[str, Any]
) -> tuple[Array, NDArray[np.int32], Array]:
    """Times (B, kept) and triggers (B, kept) of the crossings, and plasma glucose at the start (B,)."""
    size, who = len(patients), np.arange(len(patients))
    stop = convert(end, "h", model.core.time_unit)
    kept = _KEPT
    while True:
        found = model.core.simulate(
            patients.params, patients.x0, 0.0, np.ascontiguousarray(own).ravel(),
            np.arange(size + 1) * own.shape[1], np.array([0.0, stop]), who, who, triggers["output"][:1],
            triggers=np.tile(triggers, size), trigger_offsets=np.arange(size + 1) * len(triggers), kept=kept,
            **options,
        )  # fmt: skip
        if size == 0 or int(found["n_fired"].max()) <= kept:
            return found["fired_time"], found["fired_trigger"], found["y"][:, 0, 0]
        kept = int(found["n_fired"].max())
