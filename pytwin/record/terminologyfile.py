"""A user's additions to the terminology, from TOML or CSV."""

from __future__ import annotations

import csv
import os
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from pytwin.errors import InputError
from pytwin.record.analytes import Analyte
from pytwin.record.drugs import Drug
from pytwin.units import Substance

_LARGEST = 64 << 20  # bytes of a file
_INFINITE = float("inf")
_LISTS = ("loinc", "names", "rxnorm", "atc", "classes")


class AnalyteEntry(Struct, forbid_unknown_fields=True, frozen=True):
    """``[[analyte]]``: molar mass in g/mol, charge in elementary charges."""

    name: str
    unit: str
    low: float = -_INFINITE
    high: float = _INFINITE
    loinc: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    molar_mass: float | None = None
    charge: int | None = None
    enzyme: bool = False

    def build(self) -> Analyte:
        """The analyte that the entry describes."""
        given = self.molar_mass or self.charge or self.enzyme
        substance = Substance(self.molar_mass, self.charge, self.enzyme) if given else None
        names = tuple(name.lower() for name in self.names)
        return Analyte(self.name, self.unit, self.low, self.high, self.loinc, names, substance=substance)


class DrugEntry(Struct, forbid_unknown_fields=True, frozen=True):
    """``[[drug]]``."""

    name: str
    rxnorm: tuple[str, ...] = ()
    atc: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    def build(self) -> Drug:
        """The drug that the entry describes."""
        names = tuple(name.lower() for name in self.names)
        return Drug(self.name, self.rxnorm, self.atc, names, self.classes, untraced=False)


class CodeEntry(Struct, forbid_unknown_fields=True, frozen=True):
    """``[[code]]``: ``means`` is the name of an analyte or drug."""

    code: str
    means: str
    system: str = "local"


class UnitEntry(Struct, forbid_unknown_fields=True, frozen=True):
    """``[[unit]]``: a spelling, everywhere or for one analyte."""

    spelling: str
    ucum: str
    analyte: str = ""


class _File(Struct, forbid_unknown_fields=True, frozen=True):
    analyte: tuple[AnalyteEntry, ...] = ()
    drug: tuple[DrugEntry, ...] = ()
    code: tuple[CodeEntry, ...] = ()
    unit: tuple[UnitEntry, ...] = ()


class Additions(NamedTuple):
    """What a file adds, in the order of ``Terminology.with_all``."""

    analytes: list[Analyte]
    drugs: list[Drug]
    codes: list[tuple[str, str, str]]
    units: list[tuple[str, str, str]]


def read_additions(path: str | os.PathLike[str]) -> Additions:
    """Read additions from a file.

    Parameters
    ----------
    path : path
        TOML with the arrays ``analyte``, ``drug``, ``code`` and ``unit``; or CSV whose header says which
        of the four it holds: a column ``ucum`` makes it units, ``means`` codes, ``rxnorm``, ``atc`` or
        ``classes`` drugs, ``unit`` analytes. Columns are the keys of the TOML entries; ``|`` separates the
        parts of a list.

    Raises
    ------
    InputError
        ``file.unreadable``, ``terminology.file``: not TOML or CSV, an unknown key, a missing or wrong value.
    """
    place = Path(path).name
    try:
        data = Path(path).read_bytes()
    except OSError:
        raise InputError("file.unreadable", "the terminology cannot be read", place=place) from None
    try:
        if len(data) > _LARGEST:
            raise ValueError("the file is too large")
        text = data.decode("utf-8-sig")
        raw = tomllib.loads(text) if place.lower().endswith(".toml") else _from_csv(text)
        file = msgspec.convert(raw, _File, strict=False)
    except (ValueError, csv.Error, RecursionError) as error:
        raise InputError("terminology.file", f"the terminology is wrong: {error}", place=place) from None
    return Additions(
        [entry.build() for entry in file.analyte],
        [entry.build() for entry in file.drug],
        [(entry.system, entry.code, entry.means) for entry in file.code],
        [(entry.spelling, entry.ucum, entry.analyte) for entry in file.unit],
    )


def _from_csv(text: str) -> dict[str, Any]:
    reader = csv.DictReader(text.splitlines(), strict=True)
    columns = set(reader.fieldnames or ())
    kinds = {"unit": {"ucum"}, "code": {"means"}, "drug": {"rxnorm", "atc", "classes"}, "analyte": {"unit"}}
    kind = next((kind for kind, marks in kinds.items() if marks & columns), "")
    if not kind:
        raise ValueError("no column says what the rows are")
    rows = []
    for row in reader:
        if None in row or None in row.values():
            raise ValueError(f"line {reader.line_num} has too many or too few cells")
        rows.append(
            {key: cell.split("|") if key in _LISTS else cell for key, cell in row.items() if cell.strip()}
        )
    return {kind: rows}
