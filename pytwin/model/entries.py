"""Doses and settings of a Plan, and each as rows of actions in a model's own indices."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin import _core
from pytwin.errors import InputError
from pytwin.model.actions import Row
from pytwin.model.duration import convert, spell
from pytwin.units import UnitError
from pytwin.units import convert as convert_unit

_MASS_IN_MG = {"kg": 1e6, "g": 1e3, "mg": 1.0, "ug": 1e-3, "ng": 1e-6}


@dataclass(frozen=True, slots=True)
class Dose:
    """A dose, once or repeated, or an infusion; all times in hours from the plan's start.

    ``until`` is exclusive: a dose every 24 h from 0 until 72 is given at 0, 24 and 48. ``length`` is None
    for a dose; an infusion gives ``amount`` per hour over ``length`` hours. ``over`` hours spread each dose
    evenly. ``steady``: the first dose finds the state of an infinite past of this dose.
    """

    drug: str
    amount: float
    unit: str
    route: str
    start: float = 0.0
    every: float | None = None
    until: float | None = None
    length: float | None = None
    over: float | None = None
    steady: bool = False

    def times(self, horizon: float) -> NDArray[np.float64]:
        """Hours at which the dose is given, before ``horizon``."""
        if self.every is None:
            return np.array([self.start] if self.start < horizon else [])
        end = min(horizon, self.until if self.until is not None else math.inf)
        count = max(0, math.ceil((end - self.start) / self.every - 1e-9))
        return np.asarray(self.start + self.every * np.arange(count, dtype=np.float64))

    @property
    def milligrams(self) -> float:
        """The amount in mg; as it is where the unit is no mass."""
        return self.amount * _MASS_IN_MG.get(self.unit, 1.0)

    def rows(self, model: Any, end: float) -> list[Row]:
        """Boluses before hour ``end``, and infusions that begin before it; times in hours."""
        index, factor = _port(self, model)
        if self.is_record(model.doses[index]):
            return []
        amount, span = self.amount * factor, self.length or self.over
        times = self.times(end).tolist()
        if span is None:
            return [(t, _core.ACTION_BOLUS, index, amount) for t in times]
        rate = (amount if self.length else amount / span) / convert(1.0, "h", model.time_unit)
        on = [(t, _core.ACTION_INFUSION_ON, index, rate) for t in times]
        return on + [(t + span, _core.ACTION_INFUSION_OFF, index, rate) for t in times]

    def is_record(self, port: Mapping[str, Any]) -> bool:
        """Whether it needs a dose record: for a steady state, or because the port puts doses off by a lag."""
        return self.steady or port["lag"] >= 0

    def records(self, model: Any, end: float) -> list[tuple[float, tuple[Any, ...]]]:
        """Hour and row of _core.DOSE_DTYPE, where a record is needed and begins before ``end``."""
        index, factor = _port(self, model)
        count = len(self.times(end))
        if not count or not self.is_record(model.doses[index]):
            return []
        hour = convert(1.0, "h", model.time_unit)
        amount = self.amount * factor * (self.length or 1.0)
        span = self.length or self.over
        rate = amount / (span * hour) if span else 0.0
        interval = (self.every or 0.0) * hour
        return [(self.start, (index, int(self.steady), amount, rate, interval, count - 1))]

    def __str__(self) -> str:
        text = f"{self.drug} {self.amount:g} {self.unit} {self.route}"
        if self.over is not None:
            text += f" over {spell(self.over)}"
        if self.length is not None:
            return f"{text} for {spell(self.length)} from {spell(self.start)}"
        if self.every is None:
            return f"{text} at {spell(self.start)}"
        stop = f" until {spell(self.until)}" if self.until is not None else ""
        steady = " at steady state" if self.steady else ""
        return f"{text} every {spell(self.every)} from {spell(self.start)}{steady}{stop}"


@dataclass(frozen=True, slots=True)
class Setting:
    """A parameter set to a value, or multiplied by it (``scale``), from an hour on."""

    param: str
    value: float
    at: float = 0.0
    scale: bool = False

    def rows(self, model: Any, end: float) -> list[Row]:
        """The action, where its hour lies before ``end``."""
        names = [p["name"] for p in model.params]
        if self.param not in names:
            hint = f"It has: {', '.join(names)}"
            message = "the model has no such parameter"
            raise InputError("plan.no-parameter", message, place=self.param, hint=hint)
        kind = _core.ACTION_SCALE if self.scale else _core.ACTION_PARAM
        return [(self.at, kind, names.index(self.param), self.value)] if self.at < end else []

    def __str__(self) -> str:
        return f"{self.param} {'x' if self.scale else '='} {self.value:g} from {spell(self.at)}"


def _converted(value: float, unit: str, to: str, place: str) -> float:
    try:
        return float(convert_unit(value, unit, to)) if unit != to else value
    except UnitError as error:
        message = f"{unit} does not fit, {to} is wanted"
        raise InputError("plan.bad-unit", message, place=place) from error


def _port(dose: Dose, model: Any) -> tuple[int, float]:
    """Index of the model's dose port for a dose, and the factor into the port's unit."""
    for index, port in enumerate(model.doses):
        if port["drug"] == dose.drug and port["route"] == dose.route:
            if dose.unit in _MASS_IN_MG and port["unit"] in _MASS_IN_MG:
                return index, _MASS_IN_MG[dose.unit] / _MASS_IN_MG[port["unit"]]
            return index, _converted(1.0, dose.unit, port["unit"], f"{dose.drug} {dose.route}")
    known = ", ".join(f"{p['drug']} {p['route']}" for p in model.doses)
    message = "the model has no port for this drug and route"
    raise InputError("plan.no-dose-port", message, place=f"{dose.drug} {dose.route}", hint=f"It has: {known}")
