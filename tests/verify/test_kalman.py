"""The suite `kalman` of `pytwin verify`, part by part, as tests."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import pytwin.verify
from pytwin.verify import kalman, kalman_properties
from pytwin.verify.linear_tables import near
from pytwin.verify.run import Context

PUBLISHED = [name for name in kalman.PARTS if name != "properties"]


def failures(cases) -> list[str]:
    return [f"{c.name}: expected {c.expected}, got {c.got}" for c in cases if not c.passed and not c.info]


def test_every_part_is_in_the_suite() -> None:
    folder = Path(pytwin.verify.__file__).parent
    assert {p.stem.removeprefix("kalman_") for p in folder.glob("kalman_*.py")} == set(kalman.PARTS)


@pytest.mark.core
def test_properties() -> None:
    assert failures(kalman_properties.cases(Context(None))) == []


@pytest.mark.core
@pytest.mark.slow
def test_a_hundred_thousand_random_steps() -> None:
    assert failures(kalman_properties.endurance(100_000)) == []


@pytest.mark.core
@pytest.mark.reference
@pytest.mark.parametrize("part", PUBLISHED)
def test_cases(part: str, reference: Path) -> None:
    module = import_module(f"pytwin.verify.kalman_{part}")
    assert failures(module.cases(Context(reference))) == []


@pytest.mark.parametrize(
    ("got", "passed"),
    [([1.0, 2.0 + 1e-9], True), ([1.0, 2.0 + 1e-7], False), ([1.0, np.nan], False), ([1.0], False)],
)
def test_a_difference_is_seen(got: list[float], passed: bool) -> None:
    assert near("x", [1.0, 2.0], got, source="-", absolute=1e-8).passed is passed


def test_what_is_not_expected_is_not_compared() -> None:
    assert near("x", [1.0, np.nan], [1.0, 5.0], source="-", absolute=1e-8).passed
