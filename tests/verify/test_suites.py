"""The reference cases of `pytwin verify`, as tests; what is expected, and from where, is in pytwin/verify."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytwin.errors import InputError
from pytwin.verify import (
    SUITES,
    Report,
    calibration,
    conflicts,
    hamberg,
    lanes,
    oreilly,
    run,
    warfarin_iwpc,
)
from pytwin.verify.run import Context

# Figures that are known to fall short; docs/model_cards says by how much, and why they are not tuned.
SHORT_OF = json.loads(Path(__file__).with_name("short_of.json").read_text(encoding="utf-8"))


def failures(cases) -> list[str]:
    return [f"{c.name}: expected {c.expected}, got {c.got}" for c in cases if not c.passed]


@pytest.mark.core
def test_published_inrs() -> None:
    cases = list(hamberg.published())
    assert len(cases) == 11
    assert failures(cases) == []


@pytest.mark.core
def test_default_tolerance_holds_inr_to_1e_8() -> None:
    assert failures(hamberg.own_tight_run()) == []


@pytest.mark.core
def test_lanes_depend_on_nothing_but_themselves() -> None:
    assert failures(lanes.invariance()) == []


def test_forecast_intervals_are_calibrated() -> None:
    assert failures(calibration.coverage(Context(None))) == []


@pytest.mark.reference
def test_hamberg_rows_of_the_reference_library(reference: Path) -> None:
    cases = list(hamberg.reference_rows(Context(reference)))
    assert len(cases) == 20
    assert failures(cases) == []


@pytest.mark.reference
def test_algorithms_on_real_patients(reference: Path) -> None:
    report = run("warfarin-iwpc", reference)
    algorithms = [c for c in report.judged if c.source == warfarin_iwpc.SOURCE]
    assert len(algorithms) == 75
    assert failures(algorithms) == []
    assert len(report.judged) == 100
    missed = [c.name for c in report.judged if not c.passed]
    assert set(missed) <= set(SHORT_OF["warfarin-iwpc"])
    shown = {c.name for c in report.cases if c.info}
    for race in ("White", "Asian", "Black"):
        assert any(name.startswith(race) and "twin: MAE" in name for name in shown)


@pytest.mark.reference
def test_a_concentration_and_effect_twin_on_oreillys_patients(reference: Path) -> None:
    cases = list(oreilly.cases(Context(reference)))
    assert failures(cases) == []
    assert sum(not c.info for c in cases) == 7


@pytest.mark.slow
def test_conflicts_are_found_and_clean_patients_left_alone() -> None:
    assert failures(conflicts.detection(Context(None))) == []


@pytest.mark.slow
def test_forecast_intervals_are_calibrated_on_many_patients() -> None:
    assert failures(calibration.coverage(Context(None, full=True))) == []


def test_unknown_suite_names_the_known_ones() -> None:
    with pytest.raises(InputError, match="warfarin-iwpc"):
        run("tumours")


def test_a_suite_without_its_library_says_how_to_name_it() -> None:
    with pytest.raises(InputError, match="PYTWIN_REFERENCE"):
        list(hamberg.reference_rows(Context(None)))


def test_an_empty_report_has_not_passed() -> None:
    assert not Report("none", ()).passed


def test_every_suite_is_a_module_with_cases() -> None:
    from importlib import import_module

    assert all(callable(import_module(module).cases) for module in SUITES.values())


def test_report_as_json() -> None:
    report = Report("s", tuple(hamberg.published()))
    data = json.loads(report.to_json())
    assert data["summary"] == {"suite": "s", "cases": 11, "passed": 11}
    keys = {"name", "expected", "got", "error", "tolerance", "passed", "rule", "source"}
    assert all(set(c) == keys for c in data["cases"])
