"""Times, spans and schedules in words."""

from __future__ import annotations

import pytest

from pytwin.model import Plan
from pytwin.report import words


def daily(name: str, amount: float, start: float = 0.0) -> Plan:
    return Plan(name).dose("warfarin", amount, "mg", every="24 h", start=start, until="30 d")


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "0"), (-0.0, "0"), (0.004, "<1"), (0.996, ">99"), (1.0, "100"), (0.495, "50")]
)
def test_percent(share, text):
    assert words.percent(share) == f"{text}\u00a0%"


def test_instant_is_local():
    assert words.instant(1736771400_000_000, -300) == "13 Jan 2025, 07:30"


def test_schedule():
    assert words.schedule(daily("5 mg daily", 5), 720) == ""
    assert words.schedule(daily("mine", 5), 720) == "5 mg a day"
    assert words.schedule(daily("hold", 5, start=48), 720) == "no dose for 2 days, then 5 mg a day"
    assert words.schedule(Plan("nothing"), 720) == "no dose"


def test_tags():
    assert words.bare("2.5 mg daily [twin, current]") == "2.5 mg daily"
    assert words.tags("2.5 mg daily [twin, current]") == ("the dose that the twin computes", "as taken now")
    assert words.bare("mine [other]") == "mine [other]"
    assert words.tags("mine [other]") == ()


def test_lists_and_units():
    assert words.listed(["a", "b", "c"]) == "a, b and c"
    assert words.listed([]) == ""
    assert [words.unit(u) for u in ("1", "{INR}", "mg/L", "/h")] == ["", "", "mg/L", "1/h"]
    assert words.interval((1.0, 1.0, 1.0)) == "1 (known)"
