"""Terminology: the analytes, drugs, local codes and unit spellings that a reader knows."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from pytwin.errors import InputError
from pytwin.record.analytes import ANALYTES, Analyte
from pytwin.record.drugs import DRUGS, Drug
from pytwin.record.systems import system_name
from pytwin.units import parse


def plain(text: str) -> str:
    """A name as names are compared: lower case, single blanks."""
    return " ".join(text.lower().split())


def tight(text: str) -> str:
    """A unit as its spellings are compared: lower case, no blanks."""
    return "".join(text.lower().split())


@dataclass(frozen=True)
class Terminology:
    """What codes, names and unit spellings mean. Never changed: adding makes a new one.

    Attributes
    ----------
    analytes : dict of str to Analyte
        By canonical name.
    drugs : dict of str to Drug
        By name.
    codes : dict of (str, str) to str
        Local codes: (short name of the system, code) to the name of an analyte or drug. They win over
        what the tables say.
    units : dict of (str, str) to str
        Spellings of units: (name of an analyte or empty for all, lower case without blanks) to UCUM code.
    home : str
        Whose codes local codes are, where the tables know them: ``MIMIC`` for the item numbers of MIMIC-IV.

    Examples
    --------
    >>> own = Terminology().with_code("local", "LAB17", "creatinine").with_unit("mg pct", "mg/dL")
    """

    analytes: dict[str, Analyte] = field(default_factory=lambda: ANALYTES)
    drugs: dict[str, Drug] = field(default_factory=lambda: DRUGS)
    codes: dict[tuple[str, str], str] = field(default_factory=dict)
    units: dict[tuple[str, str], str] = field(default_factory=dict)
    home: str = ""

    def with_analyte(self, analyte: Analyte) -> Terminology:
        """Add an analyte, or codes, names and limits to one that is known.

        Raises
        ------
        InputError
            ``terminology.unit``: a known analyte keeps its canonical unit. ``terminology.code``: one of
            the LOINC codes means another analyte. ``unit.unknown``: the unit is no UCUM code.
        """
        parse(analyte.unit)
        known = self.analytes.get(analyte.name)
        if known and known.unit != analyte.unit:
            raise InputError("terminology.unit", f"the canonical unit of {known.name} is {known.unit}")
        for other in self.analytes.values():
            if other.name != analyte.name and set(other.loinc) & set(analyte.loinc):
                raise InputError("terminology.code", f"a LOINC code of {analyte.name} means {other.name}")
        joined = known.joined(analyte) if known else analyte
        return replace(self, analytes={**self.analytes, analyte.name: joined})

    def with_drug(self, drug: Drug) -> Terminology:
        """Add a drug, or codes, names and classes to one that is known."""
        known = self.drugs.get(drug.name)
        joined = known.joined(drug) if known else drug
        return replace(self, drugs={**self.drugs, drug.name: joined})

    def with_code(self, system: str, code: str, name: str) -> Terminology:
        """Say what a code means: the name of an analyte or drug that is known.

        Raises
        ------
        InputError
            ``terminology.name``: there is no such analyte or drug.
        """
        if name not in self.analytes and name not in self.drugs:
            raise InputError("terminology.name", "a code names an analyte or drug that is not known")
        return replace(self, codes={**self.codes, (system_name(system), code): name})

    def with_unit(self, spelling: str, ucum: str, analyte: str = "") -> Terminology:
        """Say what a spelling of a unit means, everywhere or for one analyte.

        Raises
        ------
        InputError
            ``unit.unknown``: the meaning is no UCUM code. ``terminology.name``: no such analyte.
        """
        parse(ucum)
        if analyte and analyte not in self.analytes:
            raise InputError("terminology.name", "a spelling names an analyte that is not known")
        return replace(self, units={**self.units, (analyte, tight(spelling)): ucum})

    def with_home(self, system: str) -> Terminology:
        """Say whose codes local codes are: ``Terminology().with_home("MIMIC")``."""
        return replace(self, home=system)

    def with_all(
        self,
        analytes: Iterable[Analyte] = (),
        drugs: Iterable[Drug] = (),
        codes: Iterable[tuple[str, str, str]] = (),
        units: Iterable[tuple[str, str, str]] = (),
    ) -> Terminology:
        """Add several: analytes and drugs first, so that codes and units may name them."""
        result = self
        for analyte in analytes:
            result = result.with_analyte(analyte)
        for drug in drugs:
            result = result.with_drug(drug)
        for code in codes:
            result = result.with_code(*code)
        for unit in units:
            result = result.with_unit(*unit)
        return result

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Terminology:
        """The built-in tables with those of a TOML or CSV file added; see ``read_additions``."""
        from pytwin.record.terminologyfile import read_additions

        return cls().with_all(*read_additions(path))
