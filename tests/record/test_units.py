"""UCUM codes, hospital spellings and conversions; expected factors follow from the units' definitions."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytwin.errors import PytwinError
from pytwin.units import UnitError, commensurable, convert, parse, resolve
from pytwin.units.atoms import ATOMS


@pytest.mark.parametrize("code", sorted(ATOMS))
def test_every_atom_of_the_table_is_readable(code: str) -> None:
    assert parse(code).factor > 0


@pytest.mark.parametrize(
    ("value", "source", "target", "analyte", "expected"),
    [
        (1.0, "g/L", "mg/dL", None, 100.0),
        (150.0, "[lb_av]", "kg", None, 68.0388555),
        (6.0, "[ft_i]", "cm", None, 182.88),
        (98.6, "[degF]", "Cel", None, 37.0),
        (310.15, "K", "Cel", None, 37.0),
        (250.0, "10*9/L", "10*3/uL", None, 250.0),
        (120.0, "mm[Hg]", "kPa", None, 15.99864),
        (1.0, "ug/kg/min", "mg/kg/h", None, 0.06),
        (1.0, "mg/dL", "umol/L", "creatinine", 88.4017),
        (5.0, "mmol/L", "mg/dL", "glucose", 90.078),
        (8.7, "mmol/L", "g/dL", "haemoglobin", 14.019615),
        (20.0, "mmol/L", "mg/dL", "urea nitrogen", 56.028),
        (5.0, "meq/L", "mmol/L", "calcium", 2.5),
        (30.0, "[IU]/L", "U/L", "ALT", 30.0),
        (1.0, "ukat/L", "U/L", "ALT", 60.0),
        (1.0, "mg.dL-1", "mg/dL", None, 1.0),
        (35.0, "mg/wk", "mg/d", None, 5.0),
    ],
)
def test_conversion(value: float, source: str, target: str, analyte: str | None, expected: float) -> None:
    assert convert(value, source, target, analyte) == pytest.approx(expected, rel=1e-6)


def test_arrays_convert_elementwise() -> None:
    assert convert(np.array([1.0, 2.0]), "g", "mg").tolist() == [1000.0, 2000.0]


@pytest.mark.parametrize(
    ("source", "target", "analyte"),
    [
        ("mg/dL", "umol/L", None),  # amount needs the analyte
        ("mg/dL", "{INR}", "INR"),
        ("meq/L", "mmol/L", None),
        ("[IU]/L", "U/L", "insulin"),
        ("Cel", "mm[Hg]", None),
        ("[pH]", "mol/L", None),
    ],
)
def test_what_does_not_fit_is_refused(source: str, target: str, analyte: str | None) -> None:
    with pytest.raises(UnitError) as caught:
        convert(1.0, source, target, analyte)
    assert caught.value.code == "unit.wrong"


@pytest.mark.parametrize(
    "code", ["", "blorb", "mg//dL", "(mg", "mg)", "{INR", "10*", "1/0", "m" * 5000, "0", "kk"]
)
def test_what_is_no_unit_is_refused(code: str) -> None:
    if code == "10*":
        assert parse(code).factor == 10
        return
    with pytest.raises(UnitError) as caught:
        parse(code)
    assert caught.value.code == "unit.unknown"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("K/MM3", "10*3/uL"),
        ("thou/cumm", "10*3/uL"),
        ("10E3/mcL", "10*3/uL"),
        ("x10(6)/mcL", "10*6/uL"),
        ("10*9/l", "10*9/L"),
        ("giga.l-1", "10*9/L"),
        ("\u00b5mol/L", "umol/L"),
        ("\u03bcmol/l", "umol/L"),
        ("&#176;C", "Cel"),
        ("GM/DL", "g/dL"),
        ("mmHg", "mm[Hg]"),
        ("Units/L", "U/L"),
        ("second(s)", "s"),
        ("ratio", "{ratio}"),
        ("MG/L", "mg/L"),
        ("PG", "pg"),
        ("/HPF", "/[HPF]"),
        ("#/uL", "/uL"),
        ("mm/hr.", "mm/h"),
        ("MICRO IU/ML", "u[IU]/mL"),
        ("X10(3)/MCL", "10*3/uL"),
        ("10X9cells/L", "10*9/L"),
        ("10+3/ul", "10*3/uL"),
        ("tera.l-1", "10*12/L"),
        ("mL/min/1.73m2", "mL/min/{1.73_m2}"),
        ("\u2103", "Cel"),
        ("lpm", "L/min"),
        ("dynes*sec/cm5", "dyn.s.cm-5"),
        ("kg/m\u00b2", "kg/m2"),
        ("mcg", "ug"),
        (" mg / dL ", "mg/dL"),
    ],
)
def test_hospital_spellings(written: str, expected: str) -> None:
    assert resolve(written) == expected


def test_a_spelling_with_two_meanings_needs_to_know_what_is_measured() -> None:
    assert resolve("C", "Cel") == "Cel"
    assert resolve("units", "[pH]") == "[pH]"
    with pytest.raises(UnitError):
        resolve("X 10 3")


@given(st.text(max_size=80))
def test_no_text_crashes_the_parser(text: str) -> None:
    for read in (parse, resolve):
        try:
            read(text)
        except PytwinError as error:
            assert error.code == "unit.unknown"


ENZYMES = {
    "ALT (SGPT)": "ALT",
    "AST (SGOT)": "AST",
    "CPK": "creatine kinase",
    "alkaline phos.": "alkaline phosphatase",
}


@pytest.mark.reference
def test_the_certain_spellings_of_the_eicu_laboratories(reference: Path) -> None:
    with (reference / "ehr" / "eicu_units.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["status"] == "certain" and row["raw_unit"]]
    wrong = []
    for row in rows:
        analyte = ENZYMES.get(row["labname"])
        try:
            code = resolve(row["raw_unit"], row["ucum"], analyte)
            fits = (
                commensurable(code, row["ucum"], analyte) and convert(1.0, code, row["ucum"], analyte) == 1.0
            )
        except UnitError:
            fits = False
        if not fits:
            wrong.append((row["labname"], row["raw_unit"]))
    assert not wrong
