"""Units of measure: UCUM codes, hospital spellings, and mass-molar conversion by analyte."""

from __future__ import annotations

from pytwin.units.analytes import SUBSTANCES, Substance
from pytwin.units.convert import commensurable, convert, factor
from pytwin.units.spelling import resolve
from pytwin.units.ucum import Unit, UnitError, parse

__all__ = [
    "SUBSTANCES",
    "Substance",
    "Unit",
    "UnitError",
    "commensurable",
    "convert",
    "factor",
    "parse",
    "resolve",
]
