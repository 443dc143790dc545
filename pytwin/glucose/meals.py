"""Meals, boluses and basal insulin as actions of a glucose model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pytwin import _core
from pytwin.errors import InputError
from pytwin.model import Model
from pytwin.model.actions import Actions, Row, table
from pytwin.model.duration import convert, hours

EATING_RATE = 5.0  # g/min, as in the UVA/Padova simulator
When = str | float


@dataclass(frozen=True, slots=True)
class Bite:
    """What is eaten in the minute from ``minute`` on; ``first`` where eating begins."""

    minute: float
    grams: float
    first: bool


def bites(meals: Iterable[tuple[When, float]], rate: float = EATING_RATE) -> list[Bite]:
    """Meals cut into minutes: ``rate`` g a minute and what is left over in the last.

    A meal that comes while another is eaten waits in a queue and prolongs it.

    Parameters
    ----------
    meals : iterable of (time, grams)
        Times in hours or as texts (``"7 h"``).
    rate : float
        How fast is eaten, g/min.

    Raises
    ------
    InputError
        ``glucose.bad-meal``.

    Examples
    --------
    >>> [(b.minute, b.grams, b.first) for b in bites([("1 h", 12)])]
    [(60.0, 5.0, True), (61.0, 5.0, False), (62.0, 2.0, False)]
    """
    if not (math.isfinite(rate) and rate > 0):
        raise InputError("glucose.bad-meal", "one eats more than 0 g a minute", place="rate")
    waiting = _in_order(meals)
    found: list[Bite] = []
    queue, minute = 0.0, -math.inf
    while waiting or queue > 0:
        first = queue <= 0 and (not waiting or waiting[0][0] > minute)
        if first:
            minute = waiting[0][0]
        while waiting and waiting[0][0] <= minute:
            queue += waiting.pop(0)[1]
        eaten = min(rate, queue)
        if eaten > 0:
            found.append(Bite(minute, eaten, first or not found))
        queue -= eaten
        minute += 1.0
    return found


def _in_order(meals: Iterable[tuple[When, float]]) -> list[tuple[float, float]]:
    found = []
    for k, (time, grams) in enumerate(meals):
        if not (math.isfinite(grams) and grams >= 0):
            message = "a meal has a finite number of grams of carbohydrate, at least 0"
            raise InputError("glucose.bad-meal", message, place=f"meals[{k}]")
        minute = round(60.0 * hours(time, place=f"meals[{k}]"), 9)  # 517/60 h is 517 min
        found.append((minute, float(grams)))
    return sorted(found, key=lambda m: m[0])


def schedule(
    model: Model | str,
    meals: Iterable[tuple[When, float]] = (),
    boluses: Iterable[tuple[When, float] | tuple[When, float, When]] = (),
    basal: float | Sequence[tuple[When, float]] = 0.0,
    *,
    eating_rate: float = EATING_RATE,
) -> Actions:
    """What a person with type 1 diabetes eats and injects, as the core's actions.

    Parameters
    ----------
    model : Model or str
        A model with ports for oral carbohydrate in g and subcutaneous insulin in U.
    meals : iterable of (time, g)
        Carbohydrate, eaten at ``eating_rate``; times in hours or as texts.
    boluses : iterable of (time, U) or (time, U, length)
        Insulin at once, or evenly over a length (hours or a text).
    basal : float or sequence of (time, U/h)
        Insulin without a break; a sequence gives the rate from each time on.
    eating_rate : float
        g/min.

    Returns
    -------
    ndarray of _core.PLAN_DTYPE, shape (n,)
        Sorted; times in the model's unit, rates in g or U a unit of the model's time. Where the model has the
        events ``meal_start`` and ``bite``, each minute's bite is told to it.

    Raises
    ------
    InputError
        ``glucose.bad-meal``, ``glucose.bad-insulin``, ``plan.bad-duration``, ``glucose.no-port``.
    """
    of = Model(model) if isinstance(model, str) else model
    rows = [*_eating(of, bites(meals, eating_rate)), *_boluses(of, boluses), *_basal(of, basal)]
    return table(rows)


def port(model: Model, drug: str) -> int:
    """The index of a drug's dose port."""
    for index, found in enumerate(model.doses):
        if found["drug"] == drug:
            return index
    raise InputError("glucose.no-port", f"the model takes no {drug}", place=model.name)


def _eating(model: Model, eaten: list[Bite]) -> list[Row]:
    """Infusions of carbohydrate for each run of minutes of one rate, and the events of those minutes."""
    if not eaten:
        return []
    unit = model.core.time_unit
    index, minute = port(model, "carbohydrate"), convert(1.0, "min", unit)
    events = {e["name"]: i for i, e in enumerate(model.core.events)}
    rows: list[Row] = []
    for bite in eaten:
        begin, end = convert(bite.minute, "min", unit), convert(bite.minute + 1.0, "min", unit)
        if bite.first and "meal_start" in events:
            rows.append((begin, _core.ACTION_EVENT, events["meal_start"], 0.0))
        if "bite" in events:
            rows.append((begin, _core.ACTION_EVENT, events["bite"], bite.grams))
        rows += _infusion(begin, end, index, bite.grams / minute)
    return _joined(rows)


def _infusion(begin: float, end: float, index: int, rate: float) -> list[Row]:
    on, off = _core.ACTION_INFUSION_ON, _core.ACTION_INFUSION_OFF
    return [(begin, on, index, rate), (end, off, index, rate)]


def _joined(rows: list[Row]) -> list[Row]:
    """Without an infusion's end and the start of its like at the same instant."""
    on, off = _core.ACTION_INFUSION_ON, _core.ACTION_INFUSION_OFF
    begins, ends = ({(t, i, v) for t, k, i, v in rows if k == kind} for kind in (on, off))
    return [r for r in rows if r[1] not in (on, off) or (r[0], r[2], r[3]) not in begins & ends]


def _boluses(model: Model, boluses: Iterable[tuple[When, float] | tuple[When, float, When]]) -> list[Row]:
    rows: list[Row] = []
    for k, (time, units, *length) in enumerate(boluses):
        place, unit = f"boluses[{k}]", model.core.time_unit
        at, amount = hours(time, place=place), _insulin(units, place)
        over = hours(length[0], place=place) if length else 0.0
        begin, end = (convert(t, "h", unit) for t in (at, at + over))
        index = port(model, "insulin")
        if over == 0:
            rows.append((begin, _core.ACTION_BOLUS, index, amount))
        else:
            rows += _infusion(begin, end, index, amount / convert(over, "h", unit))
    return rows


def _basal(model: Model, basal: float | Sequence[tuple[When, float]]) -> list[Row]:
    changes = [(0.0, basal)] if isinstance(basal, int | float) else list(basal)
    unit, rows, running = model.core.time_unit, list[Row](), 0.0
    for k, (time, rate) in enumerate(changes):
        at = convert(hours(time, place=f"basal[{k}]"), "h", unit)
        wanted = _insulin(rate, f"basal[{k}]") / convert(1.0, "h", unit)
        index = port(model, "insulin")
        rows += [(at, _core.ACTION_INFUSION_OFF, index, running)] if running else []
        rows += [(at, _core.ACTION_INFUSION_ON, index, wanted)] if wanted else []
        running = wanted
    return rows


def _insulin(amount: float, place: str) -> float:
    if not (math.isfinite(amount) and amount >= 0):
        raise InputError("glucose.bad-insulin", "insulin is a finite number, at least 0", place=place)
    return float(amount)
