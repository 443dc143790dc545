"""Conversion between UCUM units, across mass and amount where the analyte is known."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import isfinite
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from pytwin.units.analytes import SUBSTANCES, Substance
from pytwin.units.atoms import SPECIAL, TEMPERATURES
from pytwin.units.ucum import Unit, UnitError, parse

Number = TypeVar("Number", float, NDArray[np.float64])


def _replace(unit: Unit, old: str, new: str, per_old: Fraction) -> Unit:
    """Write base unit ``old`` as ``per_old`` times ``new``, whatever its power."""
    dims = dict(unit.dims)
    power = dims.pop(old, 0)
    if power:
        dims[new] = dims.get(new, 0) + power
    kept = tuple(sorted((n, e) for n, e in dims.items() if e))
    return Unit(unit.factor * per_old**power, kept, unit.notes)


def _as_amount(unit: Unit, substance: Substance) -> Unit:
    """The unit with mass, equivalents and enzyme units of one substance written in moles."""
    if substance.enzyme:
        # 1 IU = 1 umol/min
        dims = dict(unit.dims)
        power = dims.pop("[IU]", 0)
        if power:
            dims["mol"] = dims.get("mol", 0) + power
            dims["s"] = dims.get("s", 0) - power
        kept = tuple(sorted((n, e) for n, e in dims.items() if e))
        unit = Unit(unit.factor * Fraction(1, 60_000_000) ** power, kept, unit.notes)
    if substance.charge:
        unit = _replace(unit, "eq", "mol", Fraction(1, substance.charge))
    if substance.molar_mass:
        unit = _replace(unit, "g", "mol", 1 / Fraction(str(substance.molar_mass)))
    return unit


def _misfit(left: Unit, right: Unit) -> UnitError:
    scales = {name for unit in (left, right) for name, _ in unit.dims} & {*SPECIAL, *TEMPERATURES}
    if scales:
        message = f"no factor leads to or from the scale {', '.join(sorted(scales - {'K'}) or scales)}"
        return UnitError("unit.wrong", message)
    return UnitError("unit.wrong", "the unit measures something else than what is wanted")


class Conversion(NamedTuple):
    """``target = source * scale + shift``, exactly."""

    scale: Fraction
    shift: Fraction

    def apply(self, value: float) -> float:
        """Convert one number as the decimal that it is written as, rounded once.

        So 5.1 g/L are 510 mg/dL, where a product of two doubles is 509.99999999999994.
        """
        value = float(value)
        if not isfinite(value):
            return value * float(self.scale)
        top, bottom = Decimal(repr(value)).as_integer_ratio()
        scale, shift = self.scale, self.shift
        above = top * scale.numerator * shift.denominator + shift.numerator * bottom * scale.denominator
        try:
            return above / (bottom * scale.denominator * shift.denominator)
        except OverflowError:
            return value * float(scale)


_SAME = Conversion(Fraction(1), Fraction(0))


def _substance(of: str | Substance | None) -> Substance | None:
    return SUBSTANCES.get(of) if isinstance(of, str) else of


@lru_cache(maxsize=8192)
def conversion(source: str, target: str, of: str | Substance | None = None) -> Conversion:
    """The exact way from one unit to another.

    Parameters
    ----------
    source, target : str
        UCUM codes.
    of : str or Substance, optional
        A substance or its name in ``SUBSTANCES``; allows mass to amount, equivalents and enzyme units.

    Returns
    -------
    Conversion

    Raises
    ------
    UnitError
        ``unit.unknown``, or ``unit.wrong``, also for scales that no factor joins.
    """
    if source == target:
        return _SAME
    if source in TEMPERATURES and target in TEMPERATURES:
        shift, scale = TEMPERATURES[source]
        shift_to, scale_to = TEMPERATURES[target]
        return Conversion(scale / scale_to, shift * scale / scale_to - shift_to)
    left, right = parse(source), parse(target)
    substance = _substance(of)
    if left.dims != right.dims and substance:
        left, right = _as_amount(left, substance), _as_amount(right, substance)
    if left.dims != right.dims:
        raise _misfit(left, right)
    return Conversion(left.factor / right.factor, Fraction(0))


def factor(source: str, target: str, analyte: str | Substance | None = None) -> tuple[float, float]:
    """Scale and shift with ``target = source * scale + shift``, rounded to doubles.

    Parameters and errors are those of ``conversion``.
    """
    scale, shift = conversion(source, target, analyte)
    return float(scale), float(shift)


def convert(value: Number, source: str, target: str, analyte: str | Substance | None = None) -> Number:
    """Convert a value between two units.

    Parameters
    ----------
    value : float or array
        In ``source`` units. A single number keeps its decimal digits (``Conversion.apply``); the
        elements of an array are multiplied as doubles.
    source, target : str
        UCUM codes.
    analyte : str or Substance, optional
        What was measured, for conversions between mass, amount and equivalents.

    Returns
    -------
    float or array
        In ``target`` units.

    Raises
    ------
    UnitError
        ``unit.unknown`` where a code cannot be read, ``unit.wrong`` where they do not fit.

    Examples
    --------
    >>> round(convert(1.0, "mg/dL", "umol/L", "creatinine"), 1)
    88.4
    """
    way = conversion(source, target, analyte)
    if way == _SAME:
        return value
    if isinstance(value, (float, int)):
        return way.apply(value)
    return value * float(way.scale) + float(way.shift) if way.shift else value * float(way.scale)


def commensurable(source: str, target: str, analyte: str | Substance | None = None) -> bool:
    """Whether ``convert`` would succeed."""
    try:
        conversion(source, target, analyte)
    except UnitError:
        return False
    return True
