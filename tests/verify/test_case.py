"""How a case judges: each rule holds at its bound and fails beyond it."""

from __future__ import annotations

import json
import math

from pytwin.verify.case import at_least, at_most, between, equal, info


def test_equal_uses_the_wider_tolerance() -> None:
    assert equal("x", 100.0, 100.5, absolute=0.1, relative=0.01, source="").passed
    assert not equal("x", 100.0, 101.5, absolute=0.1, relative=0.01, source="").passed


def test_equal_text_must_be_identical() -> None:
    assert equal("x", "abc", "abc", source="").passed
    assert not equal("x", "abc", "abd", source="").passed


def test_nan_never_passes() -> None:
    assert not equal("x", 1.0, math.nan, absolute=10.0, source="").passed
    assert not at_most("x", 1.0, math.nan, source="").passed
    assert not at_least("x", 1.0, math.nan, source="").passed
    assert not between("x", (0.0, 1.0), math.nan, source="").passed


def test_bounds_are_closed() -> None:
    assert at_most("x", 1.0, 1.0, source="").passed
    assert at_least("x", 1.0, 1.0, source="").passed
    assert between("x", (1.0, 2.0), 2.0, source="").passed
    assert not between("x", (1.0, 2.0), 2.1, source="").passed


def test_between_has_a_pair_and_no_tolerance() -> None:
    row = between("x", (1.0, 2.0), 1.5, source="s").to_dict()
    assert row["expected"] == [1.0, 2.0]
    assert row["tolerance"] is None


def test_info_is_marked_and_the_row_is_json() -> None:
    row = info("x", math.inf, source="s").to_dict()
    assert row["info"] is True
    json.dumps(row, allow_nan=False)
