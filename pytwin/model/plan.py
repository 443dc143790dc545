"""Plan: what is given over time."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin import _core
from pytwin.errors import InputError
from pytwin.model.actions import Actions, Row, table
from pytwin.model.duration import convert, hours, spell

_MASS_IN_MG = {"kg": 1e6, "g": 1e3, "mg": 1.0, "ug": 1e-3, "ng": 1e-6}


@dataclass(frozen=True, slots=True)
class Dose:
    """A dose, once or repeated, or an infusion; all times in hours from the plan's start.

    ``until`` is exclusive: a dose every 24 h from 0 until 72 is given at 0, 24 and 48. ``length`` is None
    for a bolus; an infusion gives ``amount`` per hour over ``length`` hours.
    """

    drug: str
    amount: float
    unit: str
    route: str
    start: float = 0.0
    every: float | None = None
    until: float | None = None
    length: float | None = None

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

    def __str__(self) -> str:
        text = f"{self.drug} {self.amount:g} {self.unit} {self.route}"
        if self.length is not None:
            return f"{text} for {spell(self.length)} from {spell(self.start)}"
        if self.every is None:
            return f"{text} at {spell(self.start)}"
        stop = f" until {spell(self.until)}" if self.until is not None else ""
        return f"{text} every {spell(self.every)} from {spell(self.start)}{stop}"


@dataclass(frozen=True, slots=True)
class Setting:
    """A parameter set to a value, or multiplied by it (``scale``), from an hour on."""

    param: str
    value: float
    at: float = 0.0
    scale: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What is given over time: an immutable schedule of doses, infusions, settings and visits.

    Each method returns a new Plan. Times are hours from the plan's start, or texts such as ``"24 h"`` and
    ``"30 d"``. Two plans are equal when their names and all their entries are.

    Parameters
    ----------
    name : str
        How the plan is called in a ranking.

    Examples
    --------
    >>> Plan("5 mg daily").dose("warfarin", 5, "mg", every="24 h", route="oral", until="30 d")
    Plan('5 mg daily': warfarin 5 mg oral every 24 h from 0 h until 30 d)
    """

    name: str
    doses: tuple[Dose, ...] = ()
    settings: tuple[Setting, ...] = ()
    visits: tuple[float, ...] = ()
    kind: str = ""

    def dose(
        self,
        drug: str,
        amount: float,
        unit: str = "mg",
        *,
        every: str | float | None = None,
        route: str = "oral",
        start: str | float = 0,
        until: str | float | None = None,
    ) -> Plan:
        """Add a dose, once or repeated ``every`` so many hours; ``until`` is exclusive."""
        entry = Dose(
            drug,
            _amount(amount),
            unit,
            route,
            hours(start, place="start"),
            None if every is None else _positive(hours(every, place="every"), "every"),
            None if until is None else hours(until, place="until"),
        )
        return replace(self, doses=(*self.doses, entry))

    def infusion(
        self,
        drug: str,
        rate: float,
        unit: str = "mg/h",
        *,
        length: str | float,
        route: str = "intravenous",
        start: str | float = 0,
    ) -> Plan:
        """Add an infusion of ``rate`` (an amount per hour) over ``length``."""
        if not unit.endswith("/h"):
            raise InputError("plan.bad-unit", "the rate of an infusion is an amount per hour", place=unit)
        span = _positive(hours(length, place="length"), "length")
        entry = Dose(drug, _amount(rate), unit[:-2], route, hours(start, place="start"), length=span)
        return replace(self, doses=(*self.doses, entry))

    def setting(self, param: str, value: float, *, at: str | float = 0, scale: bool = False) -> Plan:
        """Set a parameter of the model from an hour on, or multiply it (``scale=True``)."""
        if not math.isfinite(value):
            raise InputError("plan.bad-value", "a setting must be a finite number", place=param)
        entry = Setting(param, float(value), hours(at, place="at"), scale)
        return replace(self, settings=(*self.settings, entry))

    def visit(self, times: Iterable[str | float]) -> Plan:
        """Add visits (blood samples); they cost what the Objective's burden says."""
        return replace(self, visits=(*self.visits, *(hours(t, place="visit") for t in times)))

    def named(self, name: str, kind: str = "") -> Plan:
        """The same plan under another name."""
        return replace(self, name=name, kind=kind or self.kind)

    def administrations(self, horizon: str | float) -> list[tuple[float, Dose]]:
        """All single doses before ``horizon``, in order of time."""
        end = hours(horizon, place="horizon")
        given = [(float(t), d) for d in self.doses if d.length is None for t in d.times(end)]
        return sorted(given, key=lambda item: item[0])

    def actions(self, model: Any, horizon: str | float, *, delay: float = 0.0) -> Actions:
        """The plan as the core's actions.

        Parameters
        ----------
        model : Model
            Its dose ports and parameters give the indices and the units.
        horizon : str or float
            Doses at or after this hour are left out.
        delay : float, optional
            Hours by which the whole plan is put off.

        Returns
        -------
        ndarray of _core.PLAN_DTYPE, shape (n,)
            Sorted by time, then kind; in the model's unit of time.

        Raises
        ------
        InputError
            ``plan.no-dose-port``, ``plan.bad-unit`` or ``plan.no-parameter``.
        """
        end = hours(horizon, place="horizon") - delay
        rows = [row for d in self.doses for row in _dose_rows(d, model, end)]
        rows += [_setting_row(s, model) for s in self.settings if s.at < end]
        actions = table(rows)
        actions["time"] = convert(actions["time"] + delay, "h", model.time_unit)
        return actions

    def __str__(self) -> str:
        parts = [str(d) for d in self.doses]
        parts += [
            f"{s.param} {'x' if s.scale else '='} {s.value:g} from {spell(s.at)}" for s in self.settings
        ]
        return "; ".join(parts) or "nothing"

    def __repr__(self) -> str:
        return f"Plan({self.name!r}: {self})"


def _amount(amount: float) -> float:
    if not (math.isfinite(amount) and amount >= 0):
        raise InputError("plan.bad-dose", "a dose must be a finite number and not negative", place="amount")
    return float(amount)


def _positive(value: float, place: str) -> float:
    if value <= 0:
        raise InputError("plan.bad-duration", "must be longer than 0", place=place)
    return value


def _port(dose: Dose, model: Any) -> tuple[int, float]:
    """Index of the model's dose port for a dose, and the factor into the port's unit."""
    for index, port in enumerate(model.doses):
        if port["drug"] == dose.drug and port["route"] == dose.route:
            if dose.unit == port["unit"]:
                return index, 1.0
            if dose.unit in _MASS_IN_MG and port["unit"] in _MASS_IN_MG:
                return index, _MASS_IN_MG[dose.unit] / _MASS_IN_MG[port["unit"]]
            raise InputError(
                "plan.bad-unit", f"a dose of {dose.drug} is given in {port['unit']}", place=dose.unit
            )
    known = ", ".join(f"{p['drug']} {p['route']}" for p in model.doses)
    message = "the model has no port for this drug and route"
    raise InputError("plan.no-dose-port", message, place=f"{dose.drug} {dose.route}", hint=f"It has: {known}")


def _dose_rows(dose: Dose, model: Any, end: float) -> list[Row]:
    index, factor = _port(dose, model)
    amount = dose.amount * factor
    if dose.length is None:
        return [(float(t), _core.ACTION_BOLUS, index, amount) for t in dose.times(end)]
    if dose.start >= end:
        return []
    stop = dose.start + dose.length
    rate = amount / convert(1.0, "h", model.time_unit)
    return [
        (dose.start, _core.ACTION_INFUSION_ON, index, rate),
        (stop, _core.ACTION_INFUSION_OFF, index, rate),
    ]


def _setting_row(setting: Setting, model: Any) -> Row:
    names = [p["name"] for p in model.params]
    if setting.param not in names:
        raise InputError("plan.no-parameter", "the model has no such parameter", place=setting.param)
    kind = _core.ACTION_SCALE if setting.scale else _core.ACTION_PARAM
    return setting.at, kind, names.index(setting.param), setting.value
