"""What codes, names and units mean, and what users add."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pytwin.errors import InputError
from pytwin.record import Resolver, Terminology, read_record
from pytwin.record.analytes import ANALYTES, Analyte
from pytwin.record.drugs import DRUGS, Drug

TOML = """
[[analyte]]
name = "procalcitonin"
unit = "ng/mL"
low = 0
high = 1000
loinc = ["33959-8"]
names = ["PCT"]
molar_mass = 12640.0

[[analyte]]
name = "creatinine"
unit = "mg/dL"
names = ["krea"]
low = 0.1
high = 50

[[drug]]
name = "nirmatrelvir"
rxnorm = ["2587892"]
names = ["Paxlovid"]
classes = ["cyp inhibitor"]

[[code]]
code = "LAB17"
means = "creatinine"

[[code]]
system = "urn:hospital:drugs"
code = "D5"
means = "warfarin"

[[unit]]
spelling = "mg pct"
ucum = "mg/dL"

[[unit]]
spelling = "m/uL"
ucum = "10*6/uL"
analyte = "erythrocytes"
"""


@pytest.fixture
def own(tmp_path: Path) -> Resolver:
    path = tmp_path / "own.toml"
    path.write_text(TOML, encoding="utf-8")
    return Resolver(Terminology.load(path))


def _name(found: Analyte | Drug | None) -> str:
    return found.name if found else ""


def test_built_in_codes_and_names() -> None:
    resolver = Resolver()
    assert _name(resolver.analyte("LOINC", "2160-0")) == "creatinine"
    assert _name(resolver.analyte("http://loinc.org", "2160-0")) == "creatinine"
    assert _name(resolver.analyte("local", "", "Serum  Creatinine")) == "creatinine"
    assert resolver.analyte("LOINC", "99999-9", "creatinine") is None, "a standard code contradicts the name"
    assert resolver.analyte("SNOMED", "1", "creatinine") is None
    assert _name(resolver.drug("RxNorm", "11289")) == "warfarin"
    assert _name(resolver.drug("local", "", "Coumadin 5 MG Oral Tablet")) == "warfarin"


def test_no_code_means_two_things() -> None:
    for of in (lambda a: a.loinc, lambda a: a.codes, lambda a: {*a.names, a.name.lower()}):
        found = [code for analyte in ANALYTES.values() for code in of(analyte)]
        assert len(found) == len(set(found)), sorted({code for code in found if found.count(code) > 1})


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Insulin lispro 100 UNT/ML", "insulin lispro"),
        ("Insulin - Regular", "insulin human"),
        ("insulin human, isophane 70 UNT/ML / Regular Insulin, Human 30 UNT/ML", ""),
        ("insulin", ""),
        ("St. John's wort 300 mg", "St John's wort"),
    ],
)
def test_the_longest_name_in_a_text_counts(text: str, name: str) -> None:
    assert _name(Resolver().drug("local", "", text)) == name


def test_no_drug_code_means_two_things() -> None:
    for of in (lambda d: d.rxnorm, lambda d: d.atc, lambda d: {*d.names, d.name.lower()}):
        found = [code for drug in DRUGS.values() for code in of(drug)]
        assert len(found) == len(set(found)), sorted({code for code in found if found.count(code) > 1})


@pytest.mark.parametrize(
    ("analyte", "value", "unit", "expected"),
    [
        # NGSP master equation: 53 mmol/mol = 7.0 %, 48 mmol/mol = 6.5 %
        ("haemoglobin A1c", 53.0, "mmol/mol", 7.00044),
        ("haemoglobin A1c", 48.0, "mmol/mol Hb", None),
        ("haemoglobin A1c", 48.0, "mmol/mol{Hb}", 6.54304),
        ("thyrotropin", 2.5, "mcU/mL", 2.5),
        ("insulin", 60.0, "pmol/L", 10.0),
        ("magnesium", 2.0, "meq/L", 2.4305),
        ("ionized calcium", 4.4, "mg/dL", 1.0978591746095115),
        ("haematocrit", 0.45, "L/L", 45.0),
        ("platelets", 250.0, "G/L", 250.0),
        ("glomerular filtration rate", 60.0, "mL/min", None),
        ("D-dimer (FEU)", 500.0, "ng/mL FEU", 0.5),
        ("urine specific gravity", 1.015, "", 1.015),
        ("body mass index", 22.5312, "count", 22.5312),
        ("albumin/creatinine ratio", 3.0, "mg/mmol", 26.52050919377652),
    ],
)
def test_units_with_a_convention(analyte: str, value: float, unit: str, expected: float | None) -> None:
    found = Resolver().quantity(ANALYTES[analyte], value, unit)
    assert found.usable is (expected is not None)
    assert expected is None or found.value == pytest.approx(expected, rel=1e-15)


def test_an_uncertain_unit_is_shown_and_not_usable() -> None:
    resolver = Resolver()
    found = resolver.quantity(ANALYTES["platelets"], 268.0, "x10 (3)")
    assert found == (268.0, "10*3/uL", False, "unit.uncertain", "")
    assert resolver.quantity(ANALYTES["oxygen partial pressure"], 95.0, "mm/hg").reason == "unit.uncertain"
    assert resolver.quantity(ANALYTES["erythrocytes"], 4.5, "m/uL").reason == "unit.uncertain"
    assert resolver.quantity(ANALYTES["erythrocytes"], 4.5, "M/uL").usable


def test_what_users_add(own: Resolver) -> None:
    assert _name(own.analyte("LOINC", "33959-8")) == "procalcitonin"
    assert _name(own.analyte("local", "", "pct")) == "procalcitonin"
    assert _name(own.analyte("local", "", "krea")) == "creatinine"
    assert _name(own.analyte("LOINC", "2160-0")) == "creatinine", "what was known stays known"
    assert _name(own.analyte("local", "LAB17", "something else")) == "creatinine"
    assert _name(own.drug("urn:hospital:drugs", "D5", "no name")) == "warfarin"
    assert _name(own.drug("local", "", "PAXLOVID 300 mg")) == "nirmatrelvir"
    assert own.quantity(ANALYTES["glucose"], 90.0, "mg pct").usable
    assert own.quantity(ANALYTES["erythrocytes"], 4.5, "M/UL ") == (4.5, "10*6/uL", True, "", "")
    assert Resolver().analyte("local", "LAB17") is None, "additions belong to one terminology"
    assert own.terminology.analytes["procalcitonin"].substance is not None


def test_local_codes_of_a_known_house() -> None:
    assert Resolver().analyte("local", "50912") is None
    assert _name(Resolver().analyte("MIMIC", "50912")) == "creatinine"
    assert _name(Resolver(Terminology().with_home("MIMIC")).analyte("local", "50912")) == "creatinine"
    assert Resolver().analyte("MIMIC", "51478", "Glucose") is None, "glucose in urine"


def test_csv_additions(tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    path.write_text("code,means\n50912,creatinine\n1,glucose\n", encoding="utf-8")
    assert _name(Resolver(Terminology.load(path)).analyte("local", "50912")) == "creatinine"
    path.write_text("name,unit,loinc,low,high\nzinc,ug/dL,5763-8|8245-1,0,2000\n", encoding="utf-8")
    assert _name(Resolver(Terminology.load(path)).analyte("LOINC", "8245-1")) == "zinc"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[[code]]\ncode = '1'\nmeans = 'nothing'", "terminology.name"),
        ("[[analyte]]\nname = 'creatinine'\nunit = 'umol/L'", "terminology.unit"),
        ("[[analyte]]\nname = 'x'\nunit = 'blorb'", "unit.unknown"),
        ("[[analyte]]\nname = 'x'\nunit = 'g'\nloinc = ['2160-0']", "terminology.code"),
        ("[[unit]]\nspelling = 'a'\nucum = 'blorb'", "unit.unknown"),
        ("[[unit]]\nspelling = 'a'\nucum = 'g'\nanalyte = 'x'", "terminology.name"),
        ("[[analyte]]\nname = 'x'", "terminology.file"),
        ("[[analytes]]\nname = 'x'", "terminology.file"),
        ("[", "terminology.file"),
    ],
)
def test_wrong_additions_are_refused(tmp_path: Path, text: str, code: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        Terminology.load(path)
    assert caught.value.code == code


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "code,means\n1\n", "code,means\n1,2,3\n"])
def test_wrong_csv_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "own.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        Terminology.load(path)
    assert caught.value.code == "terminology.file"


def test_quantities_keep_their_digits_and_say_what_was_done() -> None:
    resolver = Resolver()
    haemoglobin, potassium = ANALYTES["haemoglobin"], ANALYTES["potassium"]
    assert resolver.quantity(haemoglobin, 143.0, "g/L") == (14.3, "g/dL", True, "", "unit:g/L->g/dL")
    assert resolver.quantity(potassium, 4.1, "MEQ/L").value == 4.1
    assert resolver.quantity(potassium, 4.1, "").reason == "unit.missing"
    assert resolver.quantity(potassium, 4.1, "N/A").reason == "unit.missing"
    assert resolver.quantity(potassium, 4.1, "blorb") == (4.1, "blorb", False, "unit.unknown", "")
    assert resolver.quantity(potassium, 4.1, "mm[Hg]").reason == "unit.wrong"
    assert resolver.quantity(potassium, 41.0, "mmol/L").reason == "value.implausible"
    assert resolver.quantity(ANALYTES["INR"], 2.5, "").usable
    assert resolver.quantity(ANALYTES["INR"], 80.0, "%").reason == "unit.wrong"
    assert resolver.quantity(None, 7.0, "thou/cumm") == (7.0, "10*3/uL", True, "", "")


def test_arrays_are_brought_to_the_same_bits() -> None:
    rule = Resolver().rule(ANALYTES["haemoglobin"], "g/L")
    values = np.array([[143.0, 99.1], [5000.0, np.nan]])
    turned, usable = rule.apply_all(values)
    assert turned[0].tolist() == [rule.apply(143.0).value, rule.apply(99.1).value] == [14.3, 9.91]
    assert usable.tolist() == [[True, True], [False, False]]


def test_readers_take_a_terminology(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(TOML, encoding="utf-8")
    table = tmp_path / "labs.csv"
    table.write_text("id,code,value,unit,time\np1,LAB17,1.2,mg pct,2024-01-01T08:00:00Z\n", encoding="utf-8")
    events = {"code": "code", "value": "value", "unit": "unit", "time": "time"}
    mapping = {"patient": "id", "events": events}
    record = read_record(table, mapping=mapping, terminology=own)
    (row,) = record.observations("creatinine", usable=True)
    assert (row.value, row.unit, row.code) == (1.2, "mg/dL", "LAB17")
    assert len(read_record(table, mapping=mapping).observations("creatinine")) == 0


def test_codes_say_whether_they_were_compared() -> None:
    """CPIC's drug table has phenprocoumon (8150) and acenocoumarol (154), and no vancomycin."""
    traced = {name: drug.rxnorm for name, drug in DRUGS.items() if not drug.untraced}
    assert traced["phenprocoumon"] == ("8150",)
    assert traced["acenocoumarol"] == ("154",)
    assert "vancomycin" not in traced


def test_loinc_codes_say_whether_they_were_compared() -> None:
    for analyte in ANALYTES.values():
        assert set(analyte.traced) <= set(analyte.loinc), analyte.name
    assert "2160-0" in ANALYTES["creatinine"].traced
    assert sum(len(analyte.untraced) for analyte in ANALYTES.values()) < 302
    # 89577-1 is a panel of troponin I, not a troponin T
    assert Resolver().analyte("LOINC", "89577-1") is None
