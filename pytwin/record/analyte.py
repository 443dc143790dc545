"""Analyte: something that is measured, with the codes and names that mean it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pytwin.units import Substance


@dataclass(frozen=True, slots=True)
class Analyte:
    """Something that is measured.

    Attributes
    ----------
    name : str
        Canonical name.
    unit : str
        Canonical unit, UCUM. Every unit that converts to it is accepted, unless ``only`` says which.
    low, high : float
        What is physically possible, in the canonical unit: no reference range. A value outside is
        flagged, never changed.
    loinc : tuple of str
        LOINC codes that mean this analyte.
    names : tuple of str
        Local names, lower case.
    codes : tuple of (str, str)
        Codes of other systems, as (short name of the system, code).
    only : tuple of str
        Where not empty, the only UCUM codes that are accepted, each read as the canonical unit: for
        values whose unit is a convention, not a dimension.
    blank : bool
        No unit at all means the canonical unit.
    special : tuple of (str, str, str)
        Units with a formula of their own: (UCUM code, scale, shift), canonical = value * scale + shift.
    spellings : tuple of (str, str)
        What a spelling means for this analyte: (lower case without blanks, UCUM code).
    substance : Substance or None
        Molar mass, charge, or that it is an enzyme, for conversions.
    traced : tuple of str
        The LOINC codes whose published name was compared with what they stand for here.
    """

    name: str
    unit: str
    low: float
    high: float
    loinc: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    codes: tuple[tuple[str, str], ...] = ()
    only: tuple[str, ...] = ()
    blank: bool = False
    special: tuple[tuple[str, str, str], ...] = ()
    spellings: tuple[tuple[str, str], ...] = ()
    substance: Substance | None = None
    traced: tuple[str, ...] = ()

    @property
    def untraced(self) -> tuple[str, ...]:
        """LOINC codes that were compared with no published table."""
        return tuple(code for code in self.loinc if code not in self.traced)

    def joined(self, other: Analyte) -> Analyte:
        """This analyte with the codes, names and spellings of another one added; its limits win."""
        return replace(
            self,
            low=other.low,
            high=other.high,
            loinc=tuple(dict.fromkeys(self.loinc + other.loinc)),
            names=tuple(dict.fromkeys(self.names + other.names)),
            codes=tuple(dict.fromkeys(self.codes + other.codes)),
            spellings=other.spellings + self.spellings,
            substance=other.substance or self.substance,
            traced=tuple(dict.fromkeys(self.traced + other.traced)),
        )
