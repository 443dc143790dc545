"""Durations as people write them: ``"24 h"``, ``"30 d"``, a number of hours."""

from __future__ import annotations

import re

from pytwin.errors import InputError

HOURS_PER = {"min": 1 / 60, "h": 1.0, "d": 24.0, "wk": 168.0}
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
    if isinstance(duration, str):
        match = _PATTERN.match(duration)
        value = float(match[1]) * HOURS_PER[match[2]] if match else float("nan")
    else:
        value = float(duration)
    if not 0 <= value < float("inf"):
        hint = 'Write a number of hours, or for example "24 h", "30 d", "1 wk"'
        raise InputError("plan.bad-duration", "not a duration", place=place, hint=hint)
    return value


def spell(value: float) -> str:
    """Hours as a short text: ``720 -> "30 d"``, ``36 -> "36 h"``."""
    return f"{value / 24:g} d" if value >= 48 and value % 24 == 0 else f"{value:g} h"
