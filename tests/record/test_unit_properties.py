"""What holds of every unit: products and powers as written, ways back, decimals, no crash."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytwin.record import Resolver
from pytwin.record.analytes import ANALYTES, Analyte
from pytwin.units import SUBSTANCES, commensurable, conversion, convert, parse, resolve
from pytwin.units.atoms import ATOMS, PREFIXES

BASES = ("m", "s", "g", "mol", "K", "[IU]", "%", "L", "[lb_av]", "min", "mm[Hg]")
parts = st.lists(
    st.tuples(st.sampled_from(BASES), st.sampled_from((-3, -2, -1, 1, 2, 3)), st.booleans()),
    min_size=1,
    max_size=5,
)
decimals = st.decimals(min_value="-999999", max_value="999999", places=4).map(float)


def _format(terms: list[tuple[str, int, bool]]) -> str:
    """The terms as a UCUM code: ``.`` and ``/`` between them, powers behind them."""
    text = ""
    for code, power, divided in terms:
        sign = "/" if divided else "." if text else ""
        text += sign + code + (str(power) if power != 1 else "")
    return text


@given(parts)
def test_a_code_is_the_product_of_its_parts(terms: list[tuple[str, int, bool]]) -> None:
    factor, dims = Fraction(1), Counter[str]()
    written = [(code, 1 if code in ("%", "[IU]") else power, divided) for code, power, divided in terms]
    for code, power, divided in written:
        unit, total = parse(code), -power if divided else power
        factor *= unit.factor**total
        for name, exponent in unit.dims:
            dims[name] += exponent * total
    found = parse(_format(written))
    assert found.factor == factor
    assert dict(found.dims) == {name: power for name, power in dims.items() if power}


@given(st.sampled_from(sorted(ATOMS)), st.sampled_from(sorted(PREFIXES)))
def test_a_prefix_multiplies_a_metric_unit(code: str, prefix: str) -> None:
    if ATOMS[code].metric and prefix + code not in ATOMS and prefix[1:] + code not in ATOMS:
        assert parse(prefix + code).factor == PREFIXES[prefix] * parse(code).factor


ANALYTE_UNITS = [
    (analyte, code)
    for analyte in ANALYTES.values()
    for code in (
        "mg/dL",
        "g/L",
        "mmol/L",
        "umol/L",
        "ug/dL",
        "ng/mL",
        "meq/L",
        "U/L",
        "10*9/L",
        "%",
        "kPa",
        "[degF]",
    )
    if commensurable(code, analyte.unit, analyte.substance)
]


@given(st.sampled_from(ANALYTE_UNITS), decimals)
def test_there_and_back(pair: tuple[Analyte, str], value: float) -> None:
    analyte, code = pair
    there = convert(value, code, analyte.unit, analyte.substance)
    assert convert(there, analyte.unit, code, analyte.substance) == pytest.approx(value, rel=1e-14, abs=1e-9)


@given(st.sampled_from(ANALYTE_UNITS))
def test_the_way_back_is_the_exact_inverse(pair: tuple[Analyte, str]) -> None:
    analyte, code = pair
    there = conversion(code, analyte.unit, analyte.substance)
    back = conversion(analyte.unit, code, analyte.substance)
    assert there.scale * back.scale == 1
    assert there.shift * back.scale + back.shift == 0


@given(st.decimals(min_value="-999999", max_value="999999", places=5), st.integers(-9, 9))
def test_decimal_digits_are_kept(value: object, power: int) -> None:
    """A factor that is a power of ten moves the point and does nothing else."""
    assert convert(float(str(value)), f"10*{power}", "1") == float(f"{value}e{power}")


@given(st.lists(decimals, min_size=1, max_size=20), st.sampled_from(ANALYTE_UNITS))
def test_many_values_are_turned_as_one_is(values: list[float], pair: tuple[Analyte, str]) -> None:
    rule = Resolver().rule(pair[0], pair[1])
    turned, usable = rule.apply_all(np.array(values))
    for value, one, ok in zip(values, turned.tolist(), usable.tolist(), strict=True):
        found = rule.apply(value)
        assert (found.value, found.usable) == (one, ok)


@given(
    st.text(max_size=40), st.text(max_size=20), st.floats(allow_nan=True), st.sampled_from(sorted(ANALYTES))
)
def test_no_text_crashes_a_resolver(text: str, code: str, value: float, name: str) -> None:
    resolver = Resolver()
    resolver.analyte(text, code, text)
    resolver.drug(text, code, text)
    found = resolver.quantity(ANALYTES[name], value, text, code)
    assert found.usable == (not found.reason)


@pytest.mark.parametrize("name", sorted(ANALYTES))
def test_an_analyte_takes_its_own_unit(name: str) -> None:
    analyte = ANALYTES[name]
    middle = (analyte.low + analyte.high) / 2
    found = Resolver().quantity(analyte, middle, analyte.unit)
    assert found == (middle, analyte.unit, True, "", "")
    assert resolve(analyte.unit, analyte.unit) == analyte.unit


def test_substances_belong_to_analytes() -> None:
    assert {*SUBSTANCES} - {*ANALYTES} == {"warfarin"}
