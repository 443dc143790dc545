"""From a number and a unit as written to a value in the canonical unit, or a reason why not."""

from __future__ import annotations

import re
from functools import lru_cache
from math import isfinite
from typing import NamedTuple

from pytwin.record.codes import Analyte
from pytwin.units import UnitError, factor, resolve

_NUMBER = re.compile(
    r"(<=|>=|<|>|\u2264|\u2265)?\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?)", re.ASCII
)
_COMPARATORS = {"\u2264": "<=", "\u2265": ">="}
KNOWN_COMPARATORS = ("<", "<=", ">", ">=")
_LONGEST = 400  # characters; a double has 17 digits

# why a value is not usable: issue code -> message
REASONS = {
    "value.not-numeric": "a result that should be a number is not one",
    "value.implausible": "the value lies outside what is physically possible",
    "value.comparator": "the comparator is not one of <, <=, >, >=",
    "unit.missing": "the value has no unit",
    "unit.unknown": "the unit cannot be read",
    "unit.wrong": "the unit does not measure this analyte",
}


class Quantity(NamedTuple):
    """A value with its unit, in canonical form where ``reason`` is empty."""

    value: float
    comparator: str
    unit: str
    reason: str
    changes: str


def parse_number(text: str) -> tuple[str, float] | None:
    """Read ``"2.5"``, ``"<0.8"`` or ``">= 8"``; None where the text is no finite number."""
    found = _NUMBER.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if not found:
        return None
    value = float(found[2])
    if not isfinite(value):
        return None
    comparator = found[1] or ""
    return _COMPARATORS.get(comparator, comparator), value


@lru_cache(maxsize=8192)
def _unit_rule(unit: str, analyte: Analyte | None) -> tuple[str, float, float, str]:
    """(canonical unit, scale, shift, reason) of a unit as written."""
    written = unit.strip()
    if analyte is None:
        try:
            return (resolve(written), 1.0, 0.0, "") if written else ("", 1.0, 0.0, "")
        except UnitError:
            return written, 1.0, 0.0, "unit.unknown"
    if analyte.accepts:
        fits = written.lower() in analyte.accepts
        return (analyte.unit, 1.0, 0.0, "") if fits else (written, 1.0, 0.0, _why(written))
    if not written:
        return "", 1.0, 0.0, "unit.missing"
    try:
        code = resolve(written, analyte.unit, analyte.name)
        return analyte.unit, *factor(code, analyte.unit, analyte.name), ""
    except UnitError as error:
        return written, 1.0, 0.0, error.code


def _why(written: str) -> str:
    try:
        resolve(written)
    except UnitError:
        return "unit.unknown"
    return "unit.wrong"


def unit_rule(unit: str, analyte: Analyte | None) -> tuple[str, float, float, str]:
    """(canonical unit, scale, shift, reason) of a unit as written, for values of many rows."""
    return _unit_rule(unit, analyte)


def measure(value: float, comparator: str, unit: str, analyte: Analyte | None, ucum: str = "") -> Quantity:
    """Bring a number to the analyte's canonical unit.

    Parameters
    ----------
    value, comparator : float, str
        The number and its comparator.
    unit : str
        Unit as written.
    analyte : Analyte or None
        What was measured; None keeps the unit as found, in UCUM form.
    ucum : str, optional
        UCUM code that the source gives beside the written unit; it is tried first.

    Returns
    -------
    Quantity
    """
    if comparator and comparator not in KNOWN_COMPARATORS:
        return Quantity(value, comparator, unit, "value.comparator", "")
    target, scale, shift, reason = _unit_rule(ucum or unit, analyte)
    if reason and ucum and unit and unit != ucum:
        second = _unit_rule(unit, analyte)
        if not second[3]:
            target, scale, shift, reason = second
    if reason:
        return Quantity(value, comparator, target, reason, "")
    changed = scale != 1.0 or shift != 0.0
    result = value * scale + shift if changed else value
    if analyte and not analyte.low <= result <= analyte.high:
        return Quantity(result, comparator, target, "value.implausible", "")
    return Quantity(result, comparator, target, "", f"unit:{ucum or unit}->{target}" if changed else "")
