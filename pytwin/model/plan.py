"""Plan: what is given over time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin import _core
from pytwin.errors import InputError
from pytwin.model.actions import Actions, table
from pytwin.model.duration import convert, hours
from pytwin.model.entries import Dose, Setting
from pytwin.model.schedule import Schedule
from pytwin.model.when import Jump, Profile, When, pairs, profile, when


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
    events: tuple[Jump, ...] = ()
    profiles: tuple[Profile, ...] = ()
    triggers: tuple[When, ...] = ()

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
        duration: str | float | None = None,
        steady: bool = False,
    ) -> Plan:
        """Add a dose, once or repeated ``every`` so many hours; ``until`` is exclusive.

        ``duration`` spreads each dose evenly over so many hours. ``steady``: at ``start`` the model is in the
        state that an infinite past of this dose leads to, and everything before is gone. Where the model's
        port has a lag, that parameter puts off each dose, and bioavailability shortens an infusion instead of
        slowing it (NONMEM's meaning of a rate).
        """
        if steady and every is None:
            hint = 'Say every="24 h"'
            raise InputError("plan.bad-dose", "a steady state needs an interval", place="steady", hint=hint)
        entry = Dose(
            drug,
            _amount(amount),
            unit,
            route,
            hours(start, place="start"),
            None if every is None else _positive(hours(every, place="every"), "every"),
            None if until is None else hours(until, place="until"),
            over=None if duration is None else _positive(hours(duration, place="duration"), "duration"),
            steady=steady,
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

    def event(self, event: str, value: float = 0.0, *, at: str | float = 0) -> Plan:
        """Call an event of the model, by name, at an hour; ``value`` is what the event makes of it."""
        if not math.isfinite(value):
            raise InputError("plan.bad-value", "a value must be a finite number", place=event)
        return replace(self, events=(*self.events, Jump(event, float(value), hours(at, place="at"))))

    def periodic(
        self,
        param: str,
        times: ArrayLike,
        values: ArrayLike,
        *,
        every: str | float = 24,
        start: str | float = 0,
        until: str | float | None = None,
        linear: bool = False,
    ) -> Plan:
        """Run a parameter through the same values in every period, such as a day's basal rates.

        Parameters
        ----------
        param : str
            A parameter of the model.
        times : array_like, shape (n,)
            Hours from the beginning of the period, ascending, within it.
        values : array_like, shape (n,)
            What holds from each of these times on.
        every : str or float
            The period.
        start, until : str or float
            The beginning of the first period, and when to leave the parameter as it is.
        linear : bool
            Whether straight lines lead from value to value, and from the last one to the first of the next
            period, instead of steps.

        Raises
        ------
        InputError
            ``plan.bad-profile``.
        """
        entry = profile(param, times, values, every=every, start=start, until=until, linear=linear)
        return replace(self, profiles=(*self.profiles, entry))

    def wave(
        self,
        param: str,
        mean: float,
        amplitude: float,
        *,
        every: str | float = 24,
        peak: str | float = 0,
        parts: int = 96,
    ) -> Plan:
        """Let a parameter follow ``mean + amplitude cos(2 pi (t - peak) / every)`` along ``parts`` lines.

        Between its ends a line is off by at most ``amplitude (pi / parts)^2 / 2``, 5e-4 of the amplitude for
        96 parts.
        """
        period = _positive(hours(every, place="every"), "every")
        if parts < 4 or not (math.isfinite(mean) and math.isfinite(amplitude)):
            raise InputError("plan.bad-profile", "mean, amplitude and at least 4 parts", place=param)
        at = period * np.arange(parts) / parts
        values = mean + amplitude * np.cos(2 * np.pi * (at - hours(peak, place="peak")) / period)
        return self.periodic(param, at, values, every=period, linear=True)

    def when(
        self,
        output: str,
        *,
        above: float | None = None,
        below: float | None = None,
        across: float | None = None,
        set: Mapping[str, float] | None = None,
        scale: Mapping[str, float] | None = None,
        event: str | tuple[str, float] | None = None,
        bolus: Mapping[str, float] | None = None,
        infuse: Mapping[str, float] | None = None,
        cease: Mapping[str, float] | None = None,
        reset: bool = False,
        stop: bool = False,
        delay: str | float = 0,
        priority: int = 0,
        once: bool = False,
        rest: str | float = 0,
    ) -> Plan:
        """Set something off when an output crosses a threshold.

        It fires where the output comes to the other side of the threshold: a run that begins beyond it fires
        only after it has come back. The instant is found to rounding; outputs at that instant are those
        before it. What fired stands in ``Result.events``.

        Parameters
        ----------
        output : str
            Name of an output of the model.
        above, below, across : float
            The threshold, in the output's unit: crossed upwards, downwards, or either way. One of them.
        set, scale : mapping
            Parameters to set, or to multiply.
        event : str or (str, float)
            An event of the model, with a value.
        bolus, infuse, cease : mapping
            Amounts by ``"drug"`` or ``"drug route"`` in the port's unit; rates an hour to begin with, and to
            end.
        reset, stop : bool
            The states to their initial values; the end of the lane, with success.
        delay : str or float
            How much later it happens.
        priority : int
            Of triggers that fire together, the smallest acts first.
        once : bool
            Whether the first crossing alone counts.
        rest : str or float
            How long it does not fire again.

        Examples
        --------
        >>> plan = Plan("5 mg").dose("warfarin", 5, every="24 h").when("INR", above=3, stop=True)

        Raises
        ------
        InputError
            ``plan.bad-trigger``; when the plan meets a model ``plan.no-output`` and the like.
        """
        what = [*pairs("set", set), *pairs("scale", scale), *pairs("event", event), *pairs("bolus", bolus)]
        what += [*pairs("infuse", infuse), *pairs("cease", cease)]
        what += [(name, "", 0.0) for name, given in (("reset", reset), ("stop", stop)) if given]
        entry = when(
            output, above=above, below=below, across=across, what=what,
            delay=delay, priority=priority, once=once, rest=rest,
        )  # fmt: skip
        return replace(self, triggers=(*self.triggers, entry))

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
            ``plan.no-dose-port``, ``plan.bad-unit``, ``plan.no-parameter`` or ``plan.no-event``;
            ``plan.has-triggers``, ``plan.has-records``: then :meth:`schedule` is needed.
        """
        if self.triggers:
            message = "a plan with triggers is more than a list of actions"
            raise InputError("plan.has-triggers", message, place=self.name, hint="Use Plan.schedule")
        actions, doses = self._parts(model, horizon, delay)
        if len(doses):
            message = "a plan with steady states, or lags of the model, is more than a list of actions"
            raise InputError("plan.has-records", message, place=self.name, hint="Use Plan.schedule")
        return actions

    def schedule(self, model: Any, horizon: str | float) -> Schedule:
        """The plan as a Schedule: :meth:`actions` and the triggers; raises like it."""
        tables = [entry.rows(model) for entry in self.triggers]
        names = [name for entry in self.triggers for name in (entry.label, *("",) * (len(entry.what) - 1))]
        none = np.zeros(0, dtype=_core.TRIGGER_DTYPE)
        actions, doses = self._parts(model, horizon)
        return Schedule(actions, doses, triggers=np.concatenate([none, *tables]), names=tuple(names))

    def _parts(self, model: Any, horizon: str | float, delay: float = 0.0) -> tuple[Actions, NDArray[Any]]:
        """Actions, and the dose records among them."""
        end = hours(horizon, place="horizon") - delay
        records = [record for d in self.doses for record in d.records(model, end)]
        doses: NDArray[Any] = np.array([dose for _, dose in records], dtype=_core.DOSE_DTYPE)
        rows = [row for d in self.doses for row in d.rows(model, end)]
        rows += [(time, _core.ACTION_DOSE, k, 0.0) for k, (time, _) in enumerate(records)]
        rows += [row for s in self.settings for row in s.rows(model, end)]
        rows += [e.row(model) for e in self.events if e.at < end]
        rows += [row for p in self.profiles for row in p.rows(model, end)]
        actions = table(rows)
        actions["time"] = convert(actions["time"] + delay, "h", model.time_unit)
        return actions, doses

    def __str__(self) -> str:
        entries = (*self.doses, *self.settings, *self.events, *self.profiles, *self.triggers)
        return "; ".join(map(str, entries)) or "nothing"

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
