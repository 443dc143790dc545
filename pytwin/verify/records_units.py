"""Units of records: the UCUM essence file, and the spellings of the eICU laboratories."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from pytwin.record.analytes import Analyte
from pytwin.record.resolver import Resolver
from pytwin.units import UnitError, conversion, convert, parse
from pytwin.verify.case import Case, equal, info
from pytwin.verify.run import Context

_NAMESPACE = {"u": "http://unitsofmeasure.org/ucum-essence"}
_UCUM = "UCUM essence 2.0.1 (reference library, ehr/ucum)"
_EICU = "eICU units table (reference library, ehr/eicu_units.csv)"
# What UCUM calls a number and pytwin a dimension of its own: see pytwin/units/atoms.py.
_STRICTER = ("mol", "eq", "osm", "[HPF]", "[LPF]")
_REFUSED = ("unit.missing", "unit.unknown", "unit.wrong", "unit.uncertain")
Row = dict[str, str]


def cases(context: Context) -> Iterator[Case]:
    """All cases of units."""
    yield from _ucum(context.folder("ehr", "ucum", "ucum-essence.xml"))
    yield from _eicu(context.folder("ehr", "eicu_units.csv"))


def _reads(code: str) -> bool:
    try:
        return parse(code).factor > 0
    except UnitError:
        return False


def _ucum(path: Path) -> Iterator[Case]:
    root = ElementTree.parse(path).getroot()
    prefixes = [prefix.get("Code", "") for prefix in root.findall("u:prefix", _NAMESPACE)]
    units = root.findall("u:unit", _NAMESPACE)
    codes = [unit.get("Code", "") for unit in units]
    by_definition = [
        (unit.get("Code", ""), value.get("Unit", ""), float(value.get("value", "nan")))
        for unit in units
        for value in unit.findall("u:value", _NAMESPACE)
        if not unit.get("isSpecial") and not unit.get("isArbitrary")
    ]
    special = [unit.get("Code", "") for unit in units if unit.get("isSpecial")]
    yield equal("UCUM prefixes that are read", 24, sum(_reads(p + "m") for p in prefixes), source=_UCUM)
    yield equal("UCUM units that are read", 303, sum(_reads(code) for code in codes), source=_UCUM)
    linear = [row for row in by_definition if row[0] not in _STRICTER]
    right = sum(_is_defined_so(*row) for row in linear)
    yield equal("linear units that convert to their definition", len(linear), right, source=_UCUM)
    refused = sum(_refused_by_name(code, "mol/L") for code in special)
    yield equal("scales refused by their name", len(special), refused, source=_UCUM)
    temperatures = sum(abs(convert(t, unit, "K") - 273.15) < 1e-9 for unit, t in _FREEZING.items())
    yield equal("temperature scales that agree on 273.15 K", len(_FREEZING), temperatures, source=_UCUM)
    kept = sum(_is_dimension(code) for code in _STRICTER)
    yield info("numbers of UCUM that are dimensions here", kept, source=_UCUM)


_FREEZING = {"Cel": 0.0, "[degF]": 32.0, "[degR]": 491.67, "[degRe]": 0.0}


def _is_defined_so(code: str, definition: str, value: float) -> bool:
    try:
        return abs(convert(1.0, code, definition) - value) <= 1e-14 * abs(value)
    except UnitError:
        return False


def _refused_by_name(code: str, target: str) -> bool:
    try:
        conversion(code, target)
    except UnitError as error:
        return code in error.message
    return False


def _is_dimension(code: str) -> bool:
    return parse(code).dims == ((code, 1),)


def _eicu(path: Path) -> Iterator[Case]:
    with path.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    resolver = Resolver()
    known = [(resolver.analyte("local", row["labname"]), row) for row in rows]
    names = {row["labname"] for row in rows}
    found = {row["labname"] for analyte, row in known if analyte}
    yield equal("laboratories of the table that are known", len(names), len(found), source=_EICU)
    for status, judge in (("certain", _certain), ("uncertain", _uncertain), ("unresolvable", _not_usable)):
        judged = [(a, row) for a, row in known if row["status"] == status]
        wrong = [row for a, row in judged if a is None or not judge(resolver, a, row)]
        right = len(judged) - len(wrong)
        yield equal(f"{status} spellings handled right", len(judged), right, source=_EICU)
        for row in wrong:
            yield info(f"wrong: {row['labname']} {row['raw_unit']!r}", row["ucum"], source=_EICU)


def _same(resolver: Resolver, analyte: Analyte, row: Row) -> bool:
    """Whether the spelling is read as the table's UCUM code."""
    try:
        code = resolver.unit(row["raw_unit"], analyte) if row["raw_unit"] else analyte.unit
        return conversion(code, row["ucum"], analyte.substance).apply(1.0) == 1.0
    except UnitError:
        return False


def _certain(resolver: Resolver, analyte: Analyte, row: Row) -> bool:
    """Read as stated; usable, unless the stated unit is one of another quantity (osmolarity)."""
    rule = resolver.rule(analyte, row["raw_unit"])
    stated = resolver.rule(analyte, row["ucum"])
    same_value = (rule.unit, rule.conversion, rule.reason) == (stated.unit, stated.conversion, stated.reason)
    return _same(resolver, analyte, row) and same_value and rule.reason in ("", "unit.wrong")


def _uncertain(resolver: Resolver, analyte: Analyte, row: Row) -> bool:
    """Refused with a reason, or read as stated; what is shown as likely is what the table says."""
    rule = resolver.rule(analyte, row["raw_unit"])
    if rule.reason and rule.reason != "unit.uncertain":
        return rule.reason in _REFUSED
    stated = resolver.rule(analyte, row["ucum"])
    return (rule.unit, rule.conversion) == (stated.unit, stated.conversion)


def _not_usable(resolver: Resolver, analyte: Analyte, row: Row) -> bool:
    """Refused with a reason, by its unit or by its value."""
    value = float(row["text_max"])
    return not resolver.quantity(analyte, value, row["raw_unit"]).usable
