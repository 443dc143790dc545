"""From a number and a unit as written to a value in the canonical unit, or a reason why not."""

from __future__ import annotations

import re
from math import isfinite
from typing import NamedTuple

from pytwin.record.analytes import Analyte
from pytwin.record.resolver import DEFAULT, Resolver

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
    "unit.uncertain": "the unit could mean something else than what is likely",
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


def measure(
    value: float,
    comparator: str,
    unit: str,
    analyte: Analyte | None,
    ucum: str = "",
    resolver: Resolver = DEFAULT,
) -> Quantity:
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
    resolver : Resolver, optional
        Terminology in use.

    Returns
    -------
    Quantity
    """
    if comparator and comparator not in KNOWN_COMPARATORS:
        return Quantity(value, comparator, unit, "value.comparator", "")
    found = resolver.quantity(analyte, value, unit, ucum)
    return Quantity(found.value, comparator, found.unit, found.reason, found.change)
