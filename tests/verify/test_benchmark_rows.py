"""A benchmark row is met only on what was measured, beside a peer that ran."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

ROW = Path(__file__).resolve().parents[2] / "benchmarks" / "row.py"


@pytest.fixture(scope="module")
def row_class():
    spec = importlib.util.spec_from_file_location("benchmark_row", ROW)
    module = importlib.util.module_from_spec(spec)
    sys.modules["benchmark_row"] = module
    spec.loader.exec_module(module)
    return module.Row


def test_a_missing_peer_is_not_met(row_class) -> None:
    row = row_class("x", 1.0, "s", goal=2.0, peer="p").to_dict()
    assert row["met"] is False
    assert row["peer_value"] is None


def test_ratio_says_how_many_times_better(row_class) -> None:
    row = row_class("x", 2.0, "s", goal=3.0, peer="p", peer_value=10.0).to_dict()
    assert row["ratio"] == 5.0
    assert row["met"] is True


def test_a_goal_missed_by_the_value_is_not_met(row_class) -> None:
    assert row_class("x", 4.0, "s", goal=3.0).to_dict()["met"] is False
    assert row_class("x", 4.0, "s", peer="p", peer_value=8.0, ratio_goal=3.0).to_dict()["met"] is False
