"""The suite `kalman-nonlinear` of `pytwin verify`, part by part, as tests."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import pytest

import pytwin.verify
from pytwin.verify import nonlinear
from pytwin.verify.run import Context

# Figures that are known to fall short; docs/estimation.md says by how much.
SHORT_OF = json.loads(Path(__file__).with_name("short_of.json").read_text(encoding="utf-8"))[
    "kalman-nonlinear"
]


def test_every_part_is_in_the_suite() -> None:
    folder = Path(pytwin.verify.__file__).parent
    assert {p.stem.removeprefix("nonlinear_") for p in folder.glob("nonlinear_*.py")} == set(nonlinear.PARTS)


@pytest.mark.reference
@pytest.mark.parametrize("part", nonlinear.PARTS)
def test_a_part_holds(part: str, reference: Path) -> None:
    cases = list(import_module(f"pytwin.verify.nonlinear_{part}").cases(Context(reference)))
    assert any(not c.info for c in cases)
    short = [c for c in cases if not c.passed and c.name not in SHORT_OF]
    assert [f"{c.name}: expected {c.expected}, got {c.got}" for c in short] == []
