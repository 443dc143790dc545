"""A Plan's triggers, events and periodic inputs, and the events that a Result lists."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pytwin import _core
from pytwin.errors import InputError
from pytwin.model import Model, Plan

pytestmark = pytest.mark.core

G = 9.81
T1 = float(np.sqrt(2 / G))
DAILY = Plan("7.5 mg").dose("warfarin", 7.5, "mg", every="24 h")


def test_a_plan_that_stops_at_a_threshold() -> None:
    plan = DAILY.when("INR", above=2, stop=True)
    result = Model("hamberg2010").simulate(np.arange(0, 721.0, 24), plan, {"CL": [0.2, 0.3, 0.4]})
    assert (result.status == 0).all()
    at = [firing.at["subject"] for firing in result.events]
    assert at == [0, 1, 2] and (np.diff(result.stop) > 0).all()
    np.testing.assert_array_equal(result.events["INR above 2"], result.stop)
    for i, stop in enumerate(result.stop):
        assert np.isfinite(result["INR"][i][result.times <= stop]).all()
        assert np.isnan(result["INR"][i][result.times > stop]).all()
    np.testing.assert_array_equal(result.events.total, [1, 1, 1])


def test_pausing_and_resuming_holds_a_level() -> None:
    """An infusion that ceases above 1 mg/L and goes on below 0.8."""
    plan = (
        Plan("hold")
        .when("Cs", above=1.0, set={"F": 0.0})
        .when("Cs", below=0.8, set={"F": 1.0})
        .dose("warfarin", 2, "mg", every="1 h")
    )
    result = Model("hamberg2010").simulate(np.arange(0, 240.0), plan)
    later = result["Cs"][result.times > 60]
    assert 0.75 < later.min() < 0.8 and 1.0 < later.max() < 1.15
    assert len(result.events["Cs above 1"]) >= 3 and len(result.events["Cs below 0.8"]) >= 3


def test_times_are_hours_and_names_those_of_the_model() -> None:
    """The ball's time is in seconds: it bounces of its own, and is kicked 0.2 s after its first top."""
    plan = Plan("kick").when("speed", below=0, event=("kick", 2.0), delay=0.2 / 3600, once=True)
    result = Model("bouncing_ball").simulate([0.5, 1.0, 1.2], plan, {"e": 0.9})
    assert [(e.trigger, e.at) for e in result.events][:2] == [("bounce", {}), ("speed below 0", {})]
    np.testing.assert_allclose(result.events["speed below 0"], [1.9 * T1], rtol=1e-12)
    assert result.time_unit == "s"
    falls = -G * (np.array([1.0, 1.2]) - 1.9 * T1)
    np.testing.assert_allclose(result["speed"][1:], falls + [0, 2], rtol=1e-10)


def test_an_event_by_name() -> None:
    result = Model("bouncing_ball").simulate([0.1, 0.3], Plan("kick").event("kick", 3.0, at=0.2 / 3600))
    np.testing.assert_allclose(result["speed"], [-0.1 * G, 3 - 0.3 * G], rtol=1e-12)


def test_several_things_at_once_are_one_event() -> None:
    plan = DAILY.when("INR", above=1.5, set={"ka": 1.0, "F": 0.5}, once=True)
    result = Model("hamberg2010").simulate([0, 240.0, 480.0], [plan, DAILY])
    assert [e.at for e in result.events] == [{"plan": 0}]
    assert result["INR"][0, 2] < result["INR"][1, 2]


def test_a_profile_in_steps() -> None:
    """Clearance by day and by night: the same as the settings one by one."""
    profile = DAILY.periodic("CL", [6.0, 22.0], [0.4, 0.3], every="24 h", start="1 d", until="5 d")
    plan = DAILY
    for day in range(1, 5):
        plan = plan.setting("CL", 0.4, at=24.0 * day + 6).setting("CL", 0.3, at=24.0 * day + 22)
    times, model = np.arange(0, 240.0, 6), Model("hamberg2010")
    np.testing.assert_array_equal(model.simulate(times, profile).y, model.simulate(times, plan).y)


BAD: list[tuple[str, Any]] = [
    ("plan.bad-trigger", lambda p: p.when("INR", stop=True)),
    ("plan.bad-trigger", lambda p: p.when("INR", above=1, below=2, stop=True)),
    ("plan.bad-trigger", lambda p: p.when("INR", above=np.nan, stop=True)),
    ("plan.bad-trigger", lambda p: p.when("INR", above=1)),
    ("plan.bad-value", lambda p: p.when("INR", above=1, set={"CL": np.inf})),
    ("plan.bad-duration", lambda p: p.when("INR", above=1, stop=True, delay="soon")),
    ("plan.bad-value", lambda p: p.event("kick", np.nan)),
    ("plan.bad-profile", lambda p: p.periodic("CL", [0, 1], [1])),
    ("plan.bad-profile", lambda p: p.periodic("CL", [2, 1], [1, 1])),
    ("plan.bad-profile", lambda p: p.periodic("CL", [0, 24], [1, 1])),
    ("plan.bad-profile", lambda p: p.periodic("CL", [0], [np.nan])),
    ("plan.bad-profile", lambda p: p.wave("CL", 1, 1, parts=2)),
]


@pytest.mark.parametrize(("code", "make"), BAD)
def test_bad_plans(code: str, make: Any) -> None:
    with pytest.raises(InputError) as error:
        make(Plan("bad"))
    assert error.value.code == code


@pytest.mark.parametrize(
    ("code", "plan"),
    [
        ("plan.no-output", DAILY.when("glucose", above=1, stop=True)),
        ("plan.no-event", DAILY.when("INR", above=1, event="bounce")),
        ("plan.no-event", DAILY.event("bounce")),
        ("plan.no-parameter", DAILY.when("INR", above=1, set={"k": 1})),
        ("plan.no-parameter", DAILY.periodic("k", [0], [1])),
        ("plan.no-dose-port", DAILY.when("INR", above=1, bolus={"heparin": 1})),
    ],
)
def test_names_that_the_model_does_not_have(code: str, plan: Plan) -> None:
    with pytest.raises(InputError) as error:
        Model("hamberg2010").simulate([1.0], plan)
    assert error.value.code == code


def test_a_plan_in_words() -> None:
    text = str(DAILY.when("INR", above=4, stop=True).periodic("CL", [0], [1]).event("kick", 2, at=3))
    for part in ("when INR above 4: stop", "CL in periods of 24 h", "kick 2 at 3 h"):
        assert part in text


def test_actions_alone_would_lose_a_trigger() -> None:
    with pytest.raises(InputError, match="triggers"):
        DAILY.when("INR", above=4, stop=True).actions(Model("hamberg2010"), 24)


def test_doses_are_set_off() -> None:
    plan = Plan("top up").dose("warfarin", 10).when("Cs", below=0.2, bolus={"warfarin oral": 5}, rest="2 h")
    result = Model("hamberg2010").simulate(np.arange(0, 400.0), plan)
    assert len(result.events) > 2
    assert result["Cs"][result.times > 10].min() > 0.19
    assert _core.ACTION_BOLUS in {int(row["kind"]) for row in result.schedules[0].triggers}


def test_a_profile_in_lines() -> None:
    """A ball under gravity that runs from 8 to 10 and back: twice the integral of the profile."""
    second = 1 / 3600
    plan = Plan("g").periodic("g", [0, 0.2 * second], [8.0, 10.0], every=0.4 * second, linear=True)
    result = Model("bouncing_ball").simulate([0.1, 0.2, 0.3, 0.4], plan, x0={"h": 10.0}, rtol=1e-12)
    area = np.array([0.85, 1.8, 2.75, 3.6])  # of g over 0.1, 0.2, 0.3 and 0.4 s
    np.testing.assert_allclose(result["speed"], -area, rtol=1e-12)


def test_a_threshold_under_a_moving_parameter() -> None:
    """Under g = 8 + 10 t the ball falls by 4 t^2 + 5/3 t^3; from 0.01 s after the crossing on g is a half."""
    second = 1 / 3600
    plan = Plan("g").periodic("g", [0, 0.2 * second], [8.0, 10.0], every=0.4 * second, linear=True)
    plan = plan.when("height", below=0.9, scale={"g": 0.5}, delay=0.01 * second)
    result = Model("bouncing_ball").simulate([0.1, 0.2], plan, rtol=1e-12)
    roots = np.roots([5 / 3, 4, 0, -0.1])
    at = float(roots[np.isreal(roots) & (roots.real > 0)].real[0])
    np.testing.assert_allclose(result.events.time[0], at, rtol=1e-12)
    area = 8 * np.array([0.1, at + 0.01, 0.2]) + 5 * np.array([0.1, at + 0.01, 0.2]) ** 2
    np.testing.assert_allclose(result["speed"], [-area[0], -(area[1] + area[2]) / 2], rtol=1e-11)


def test_a_profile_in_lines_ends() -> None:
    second = 1 / 3600
    plan = Plan("g").periodic(
        "g", [0, 0.2 * second], [8.0, 10.0], every=0.4 * second, until=0.1 * second, linear=True
    )
    result = Model("bouncing_ball").simulate([0.1, 0.3], plan, x0={"h": 10.0}, rtol=1e-12)
    np.testing.assert_allclose(result["speed"], [-0.85, -0.85 - 0.2 * 9], rtol=1e-12)


def test_a_wave() -> None:
    """Speed under g = 9 + cos(2 pi (t - 0.05)/0.4), whose integral is known; 96 lines are off by 5e-4."""
    second, w, peak = 1 / 3600, 2 * np.pi / 0.4, 0.05
    times = np.linspace(0.02, 0.9, 12)
    plan = Plan("g").wave("g", 9.0, 1.0, every=0.4 * second, peak=peak * second)
    result = Model("bouncing_ball").simulate(times, plan, x0={"h": 10.0}, rtol=1e-10)
    area = 9 * times + (np.sin(w * (times - peak)) + np.sin(w * peak)) / w
    np.testing.assert_allclose(result["speed"], -area, atol=5e-4)
    coarse = Plan("g").wave("g", 9.0, 1.0, every=0.4 * second, peak=peak * second, parts=12)
    rough = Model("bouncing_ball").simulate(times, coarse, x0={"h": 10.0}, rtol=1e-10)
    assert np.abs(rough["speed"] + area).max() > 4 * np.abs(result["speed"] + area).max()
