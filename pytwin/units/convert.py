"""Conversion between UCUM units, across mass and amount where the analyte is known."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pytwin.units.analytes import SUBSTANCES, Substance
from pytwin.units.atoms import TEMPERATURES
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


def _misfit() -> UnitError:
    return UnitError("unit.wrong", "the unit measures something else than what is wanted")


@lru_cache(maxsize=8192)
def factor(source: str, target: str, analyte: str | None = None) -> tuple[float, float]:
    """Scale and shift with ``target = source * scale + shift``.

    Parameters
    ----------
    source, target : str
        UCUM codes.
    analyte : str, optional
        Name in ``SUBSTANCES``; allows mass to amount, equivalents and enzyme units.

    Returns
    -------
    (float, float)

    Raises
    ------
    UnitError
        ``unit.unknown`` or ``unit.wrong``.
    """
    if source == target:
        return 1.0, 0.0
    if source in TEMPERATURES and target in TEMPERATURES:
        shift, scale = TEMPERATURES[source]
        shift_to, scale_to = TEMPERATURES[target]
        return float(scale / scale_to), float(shift * scale / scale_to - shift_to)
    left, right = parse(source), parse(target)
    if left.dims != right.dims and analyte in SUBSTANCES:
        substance = SUBSTANCES[analyte]
        left, right = _as_amount(left, substance), _as_amount(right, substance)
    if left.dims != right.dims:
        raise _misfit()
    return float(left.factor / right.factor), 0.0


def convert(value: Number, source: str, target: str, analyte: str | None = None) -> Number:
    """Convert a value between two units.

    Parameters
    ----------
    value : float or array
        In ``source`` units.
    source, target : str
        UCUM codes.
    analyte : str, optional
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
    scale, shift = factor(source, target, analyte)
    if shift == 0.0:
        return value if scale == 1.0 else value * scale
    return value * scale + shift


def commensurable(source: str, target: str, analyte: str | None = None) -> bool:
    """Whether ``convert`` would succeed."""
    try:
        factor(source, target, analyte)
    except UnitError:
        return False
    return True
