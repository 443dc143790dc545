"""The suite ``records`` as tests; what is expected, and from where, is in pytwin/verify/records_*.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytwin.verify import (
    records_fhir,
    records_out,
    records_out_fhir,
    records_tables,
    records_units,
    records_wearables,
)
from pytwin.verify.run import Context


@pytest.mark.reference
def test_units(reference: Path) -> None:
    cases = list(records_units.cases(Context(reference)))
    assert [f"{c.name}: expected {c.expected}, got {c.got}" for c in cases if not c.passed] == []
    assert sum(not c.info for c in cases) == 9


@pytest.mark.reference
def test_fhir(reference: Path) -> None:
    cases = list(records_fhir.cases(Context(reference)))
    assert [f"{c.name}: expected {c.expected}, got {c.got}" for c in cases if not c.passed] == []
    assert sum(not c.info for c in cases) > 80


@pytest.mark.reference
def test_out_fhir(reference: Path) -> None:
    cases = list(records_out_fhir.cases(Context(reference)))
    assert [f"{c.name}: expected {c.expected}, got {c.got}" for c in cases if not c.passed] == []
    assert len(cases) > 60


@pytest.mark.reference
def test_tables(reference: Path) -> None:
    cases = list(records_tables.cases(Context(reference)))
    assert [f"{c.name}: expected {c.expected}, got {c.got}" for c in cases if not c.passed] == []
    assert len(cases) > 45


@pytest.mark.reference
def test_out(reference: Path) -> None:
    cases = list(records_out.cases(Context(reference)))
    assert [f"{c.name}: expected {c.expected}, got {c.got}" for c in cases if not c.passed] == []
    assert len(cases) > 60


@pytest.mark.reference
def test_wearables(reference: Path) -> None:
    cases = list(records_wearables.cases(Context(reference)))
    assert [f"{c.name}: expected {c.expected}, got {c.got}" for c in cases if not c.passed] == []
    assert len(cases) > 185
