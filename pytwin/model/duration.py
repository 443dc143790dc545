"""Durations as people write them: ``"24 h"``, ``"30 d"``, a number of hours."""

from __future__ import annotations

import re
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pytwin.errors import InputError

HOURS_PER = {"min": 1 / 60, "h": 1.0, "d": 24.0, "wk": 168.0}
# Seconds of the units in which a model's time may run; "1" is a time without a unit.
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "wk": 604800}
Number = TypeVar("Number", float, NDArray[np.float64])
_PATTERN = re.compile(r"^\s*([0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)\s*(min|h|d|wk)\s*$")


def hours(duration: str | float, *, place: str = "duration") -> float:
    """Hours of a duration.

    Parameters
    ----------
    duration : str or float
        A number of hours, or a number with one of the UCUM units min, h, d, wk.
    place : str, optional
        Where the duration stands, for the error.

    Returns
    -------
    float
        Hours, at least 0.

    Raises
    ------
    InputError
        ``plan.bad-duration`` when the text is no duration or the number is negative or not finite.
    """
    value = float("nan")
    if isinstance(duration, str):
        match = _PATTERN.match(duration.strip().removeprefix("-"))
        if match:
            value = float(match[1]) * HOURS_PER[match[2]] * (-1 if duration.strip().startswith("-") else 1)
    else:
        value = float(duration)
    if not 0 <= value < float("inf"):
        hint = 'Write a number of hours, or for example "24 h", "30 d", "1 wk"'
        message = f"{duration} is negative" if value < 0 else f"{duration!r} is not a duration"
        raise InputError("plan.bad-duration", message, place=place, hint=hint)
    return value


def convert(value: Number, unit: str, to: str, *, place: str = "time_unit") -> Number:
    """Times of one unit in another, by one multiplication or division of whole numbers.

    Parameters
    ----------
    value : float or ndarray
    unit, to : str
        UCUM units of time: s, min, h, d, wk. ``"1"``, the time of a model without a unit, is taken as
        it is.

    Raises
    ------
    InputError
        ``model.bad-time-unit``.
    """
    for name in (unit, to):
        if name not in _SECONDS and name != "1":
            hint = f"There is {', '.join(_SECONDS)}"
            raise InputError("model.bad-time-unit", f"{name!r} is no unit of time", place=place, hint=hint)
    if unit == to or "1" in (unit, to):
        return value
    a, b = _SECONDS[unit], _SECONDS[to]
    return value * (a // b) if a > b else value / (b // a)


def spell(value: float) -> str:
    """Hours as a short text: ``720 -> "30 d"``, ``36 -> "36 h"``."""
    return f"{value / 24:g} d" if value >= 48 and value % 24 == 0 else f"{value:g} h"
