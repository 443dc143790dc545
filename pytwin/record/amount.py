"""A dose as an amount of drug: milligrams, or the unit of activity that it has."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from pytwin.record.quantity import parse_number
from pytwin.units import UnitError, factor, parse, resolve

NAN = float("nan")
Units = Callable[[str, str], str]  # from a spelling and the unit that is wanted to a UCUM code, or UnitError
_ACTIVITY = ("U", "[IU]", "k[IU]")


class Amount(NamedTuple):
    """A dose in its canonical unit, with the reason why it is not usable."""

    value: float = NAN
    unit: str = ""
    original_value: str = ""
    original_unit: str = ""
    reason: str = ""
    changes: str = ""


DOSE_REASONS = {
    "dose.missing": "a drug without a dose",
    "dose.no-unit": "a dose without a unit",
    "dose.unit": "the unit of a dose is not an amount of the drug",
    "dose.range": "a dose given as a range",
    "dose.no-strength": "a dose counted in tablets whose strength is not stated",
    "dose.several": "a dosage with more than one dose",
    "dose.text-only": "a dosage in words only",
    "dose.no-timing": "a dose without a schedule",
    "dose.timing": "a schedule that is a range or too complex to repeat",
    "dose.as-needed": "a dose taken as needed",
    "dose.rate-only": "an infusion given by its rate only",
    "value.not-numeric": "a dose that is not a number",
    "unit.unknown": "the unit of a dose cannot be read",
}


def in_milligrams(value: float, text: str, written: str, second: str = "", units: Units = resolve) -> Amount:
    """A number with a unit as an amount: mg for a mass; units of activity as they are."""
    for spelling in filter(None, (written, second)):
        try:
            code = units(spelling, "mg")
        except UnitError:
            continue
        try:
            scale, _ = factor(code, "mg")
        except UnitError:
            activity = code in _ACTIVITY or parse(code).dims == (("eq", 1),)
            return Amount(value, code, text, written, "" if activity else "dose.unit")
        changes = f"unit:{spelling}->mg" if scale != 1.0 else ""
        return Amount(value * scale, "mg", text, written, "", changes)
    return Amount(value, written, text, written, "unit.unknown")


def hours_between(text: str) -> float:
    """Hours of an interval such as ``"24 h"`` or ``"1 d"``; NaN where it cannot be read."""
    number, _, unit = text.strip().partition(" ")
    try:
        return float(number) * factor(resolve(unit.strip(), "h"), "h")[0]
    except (ValueError, UnitError):
        return NAN


def per_interval(value: float, text: str, written: str, every: float, units: Units = resolve) -> Amount:
    """A dose given as an amount per time (``mg/wk``), as the amount taken once in an interval.

    Parameters
    ----------
    value, text, written : float, str, str
        Number, and number and unit as found.
    every : float
        Hours between doses.
    units : callable, optional
        What spellings of units mean: ``Resolver.dose_unit``.
    """
    try:
        code = units(written, "mg/h")
        scale, _ = factor(code, "mg/h")
    except UnitError:
        return in_milligrams(value, text, written, units=units)
    if not every > 0:
        return Amount(value, code, text, written, "dose.no-timing")
    return Amount(value * scale * every, "mg", text, written, "", f"dose:{code} every {every:g} h->mg")


_FORMS = "tab tabs tablet tablets tbl {tbl} {tablet} {tablets} cap caps capsule capsules {cap} {capsule}"
TABLETS = frozenset(_FORMS.split())


def dose_amount(
    text: str, written: str, second: str = "", strength: float | None = None, units: Units = resolve
) -> Amount:
    """A dose as written, with its unit in up to two spellings, as an amount.

    Parameters
    ----------
    text, written, second : str
        Number and unit.
    strength : float, optional
        Milligrams in a tablet, where the product states it.
    units : callable, optional
        What spellings of units mean: ``Resolver.dose_unit``.
    """
    number = parse_number(text) if text else None
    if not text:
        return Amount(original_unit=written, reason="dose.missing")
    if number is None or number[0] or number[1] < 0:
        return Amount(original_value=text[:64], original_unit=written, reason="value.not-numeric")
    if not written.strip() and not second.strip():
        return Amount(number[1], "", text, "", "dose.no-unit")
    if written.lower() in TABLETS or second.lower() in TABLETS:
        if strength is None:
            return Amount(number[1], written, text, written, "dose.no-strength")
        return Amount(number[1] * strength, "mg", text, written, "", f"tablet:{strength:g} mg")
    return in_milligrams(number[1], text, written, second, units)
