"""Units of measure: UCUM codes, hospital spellings, and mass-molar conversion by analyte."""

from __future__ import annotations

from pytwin.units.analytes import SUBSTANCES, Substance
from pytwin.units.convert import Conversion, commensurable, conversion, convert, factor
from pytwin.units.spelling import likely, resolve
from pytwin.units.ucum import Unit, UnitError, parse

__all__ = [
    "SUBSTANCES",
    "Conversion",
    "Substance",
    "Unit",
    "UnitError",
    "commensurable",
    "conversion",
    "convert",
    "factor",
    "likely",
    "parse",
    "resolve",
]
