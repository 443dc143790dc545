"""Schedule: what happens to one lane or several, as arrays that the core takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin import _core
from pytwin.model.actions import Actions, offsets

Table = NDArray[Any]


def _none(dtype: Any) -> Any:
    return field(default_factory=lambda: np.zeros(0, dtype=dtype))


@dataclass(frozen=True, slots=True)
class Schedule:
    """Actions at exact times, dose records and triggers, in a model's own indices and unit of time.

    Attributes
    ----------
    actions : ndarray of _core.PLAN_DTYPE, shape (n,)
        Sorted by time, then kind. An ``ACTION_DOSE`` names a row of ``doses``.
    doses : ndarray of _core.DOSE_DTYPE, shape (n_dose,)
        Dose records with NONMEM's meaning.
    triggers : ndarray of _core.TRIGGER_DTYPE, shape (n_trigger,)
        What happens when an output crosses a threshold.
    names : tuple of str
        What each trigger is called in ``Result.events``, "": it isn't listed; (): by their numbers.
    """

    actions: Actions = _none(_core.PLAN_DTYPE)
    doses: Table = _none(_core.DOSE_DTYPE)
    triggers: Table = _none(_core.TRIGGER_DTYPE)
    names: tuple[str, ...] = ()


def joined(schedules: Iterable[Schedule]) -> dict[str, Any]:
    """Schedules end to end with where each begins: arguments of ``_core.Model.simulate``."""
    found = list(schedules)
    given: dict[str, Any] = {"actions": np.concatenate([s.actions for s in found])}
    given["offsets"] = offsets(len(s.actions) for s in found)
    for name in ("doses", "triggers"):
        tables = [getattr(s, name) for s in found]
        if any(len(t) for t in tables):
            given[name] = np.concatenate(tables)
            given[f"{name[:-1]}_offsets"] = offsets(map(len, tables))
    return given


@dataclass(frozen=True, slots=True)
class Administration:
    """One dose of a schedule, before lag and bioavailability.

    ``stop`` is the end of an infusion and ``amount`` its rate; ``stop`` equals ``start`` for a bolus, and is
    NaN where a parameter of the model governs it.
    """

    port: int
    start: float
    stop: float
    amount: float


def administrations(schedule: Schedule) -> list[Administration]:
    """Every dose of a schedule in order of time, additional ones included."""
    found: list[Administration] = []
    running: list[Administration] = []
    for time, kind, index, value in schedule.actions.tolist():
        if kind == _core.ACTION_BOLUS:
            found.append(Administration(index, time, time, value))
        elif kind == _core.ACTION_INFUSION_ON:
            running.append(Administration(index, time, np.inf, value))
        elif kind == _core.ACTION_INFUSION_OFF:
            mine = [a for a in running if a.port == index]
            begun = next((a for a in mine if a.amount == value), mine[0])
            running.remove(begun)
            found.append(replace(begun, stop=time))
        elif kind == _core.ACTION_DOSE:
            found += _records(schedule.doses[index], time)
    return sorted(found + running, key=lambda a: a.start)


def _records(dose: Any, time: float) -> Iterator[Administration]:
    """A dose record and its additional doses."""
    port, amount, rate = int(dose["port"]), float(dose["amount"]), float(dose["rate"])
    length = 0.0 if rate == 0 else amount / rate if rate > 0 else np.nan
    for k in range(int(dose["additional"]) + 1):
        start = time + k * float(dose["interval"])
        yield Administration(port, start, start + length, rate if rate > 0 else amount)
