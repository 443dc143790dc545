"""Plans: durations, schedules, actions and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from pytwin import _core
from pytwin.errors import InputError
from pytwin.model import Plan, Population
from pytwin.model.duration import hours


@pytest.fixture(scope="module")
def model():
    return Population.load("warfarin/hamberg2010@1").model


@pytest.mark.parametrize(
    ("text", "expected"),
    [("24 h", 24), ("30 d", 720), ("1 wk", 168), ("30 min", 0.5), (36, 36), ("1.5 d", 36)],
)
def test_durations(text, expected):
    assert hours(text) == expected


@pytest.mark.parametrize("text", ["", "5", "d", "five days", "1 y", -1, float("nan"), "-3 d", float("inf")])
def test_what_is_no_duration(text):
    with pytest.raises(InputError, match="bad-duration"):
        hours(text)


def test_a_plan_is_immutable_and_compares_by_content():
    first = Plan("5 mg daily")
    second = first.dose("warfarin", 5, "mg", every="24 h", until="3 d")
    assert first.doses == ()
    assert second == Plan("5 mg daily").dose("warfarin", 5.0, "mg", every=24, until=72)
    assert hash(second) == hash(Plan("5 mg daily").dose("warfarin", 5.0, "mg", every=24, until=72))
    assert second != second.named("other")
    assert repr(second) == "Plan('5 mg daily': warfarin 5 mg oral every 24 h from 0 h until 3 d)"


def test_until_is_exclusive_and_the_horizon_cuts(model):
    plan = Plan("p").dose("warfarin", 5, "mg", every="24 h", start="6 h", until="3 d")
    assert plan.actions(model, "30 d")["time"].tolist() == [6, 30, 54]
    assert plan.actions(model, "30 h")["time"].tolist() == [6]
    assert plan.actions(model, "30 d", delay=2)["time"].tolist() == [8, 32, 56]


def test_actions_are_sorted_covariates_before_doses(model):
    plan = (
        Plan("p")
        .dose("warfarin", 1, "mg", start=24)
        .dose("warfarin", 2)
        .setting("CL", 0.8, at=24, scale=True)
    )
    actions = plan.actions(model, 48)
    assert actions["time"].tolist() == [0, 24, 24]
    assert actions["kind"].tolist() == [_core.ACTION_BOLUS, _core.ACTION_SCALE, _core.ACTION_BOLUS]
    assert actions["value"].tolist() == [2, 0.8, 1]


def test_units_of_mass_are_converted(model):
    actions = Plan("p").dose("warfarin", 5000, "ug").actions(model, 24)
    assert np.isclose(actions["value"][0], 5.0)


@pytest.mark.parametrize(
    ("plan", "code"),
    [
        (Plan("p").dose("aspirin", 5), "plan.no-dose-port"),
        (Plan("p").dose("warfarin", 5, route="intravenous"), "plan.no-dose-port"),
        (Plan("p").dose("warfarin", 5, "mmol"), "plan.bad-unit"),
        (Plan("p").setting("nothing", 1), "plan.no-parameter"),
    ],
)
def test_what_the_model_refuses(model, plan, code):
    with pytest.raises(InputError, match=code):
        plan.actions(model, 24)


@pytest.mark.parametrize("amount", [-1, float("nan"), float("inf")])
def test_impossible_amounts(amount):
    with pytest.raises(InputError, match="bad-dose"):
        Plan("p").dose("warfarin", amount)


def test_an_interval_of_zero_is_refused():
    with pytest.raises(InputError, match="bad-duration"):
        Plan("p").dose("warfarin", 5, every=0)
