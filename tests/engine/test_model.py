"""pt.Model: simulation by name and plan, its results, its sheet as text."""

from __future__ import annotations

import importlib.util
import pickle

import numpy as np
import pytest

from pytwin import ComputationError, InputError, Model, Plan, _core, models

from .conftest import daily, params_of, run

MODEL = "hamberg2010"
PLAN = Plan("5 mg").dose("warfarin", 5, "mg", every="24 h", until="10 d")
TIMES = [0.0, 24.0, 100.0, 240.0]


def test_the_sheet_is_complete() -> None:
    assert models()[:2] == ("hamberg2010", "hamberg2007") == _core.model_names()[:2]
    assert set(models(problems=True)) == set(_core.model_names()) >= set(models())
    assert "bouncing_ball" not in models()
    for name in models():
        model = Model(name)
        for fields in (model.states, model.params, model.outputs):
            assert all(f["name"] and f["unit"] and f["doc"] for f in fields)
            assert all(f["lower"] <= f["value"] <= f["upper"] for f in fields)
        text = model.describe()
        for part in (model.title, model.equations, model.citation, *(f["doc"] for f in model.params)):
            assert part in text
        assert name in model._repr_html_() and pickle.loads(pickle.dumps(model)).name == name  # noqa: S301


@pytest.mark.core
def test_plan_and_actions_give_the_same() -> None:
    by_plan = Model(MODEL).simulate(TIMES, PLAN, {"CL": 0.3})
    by_actions = Model(MODEL).simulate(TIMES, daily(5, 10), {"CL": 0.3})
    np.testing.assert_array_equal(by_plan.y, by_actions.y)
    expected = run(MODEL, params_of(MODEL, CL=0.3), daily(5, 10), TIMES, rtol=1e-9, atol=1e-11)
    np.testing.assert_array_equal(by_plan.y, expected["y"][0])


@pytest.mark.core
def test_shapes_follow_what_was_asked() -> None:
    model = Model(MODEL)
    assert model.simulate(TIMES, PLAN).y.shape == (4, 2)
    assert model.simulate(TIMES).y[-1, 1] == 1
    batch = model.simulate(TIMES, PLAN, {"CL": [0.2, 0.3, 0.4], "BASE": 1.1})
    assert batch.y.shape == (3, 4, 2) and batch["INR"].shape == (3, 4) and batch.x_end.shape == (3, 8)
    both = model.simulate(TIMES, [PLAN, Plan("nothing")], {"CL": [0.2, 0.3, 0.4]}, outputs=["INR"])
    assert both.y.shape == (2, 3, 4, 1) and both.status.shape == (2, 3)
    np.testing.assert_array_equal(both["INR"][1], 1.0)
    one = model.simulate(TIMES, [PLAN], params_of(MODEL))
    assert one.y.shape == (1, 4, 2)
    again = model.simulate([240.0, 250.0], None, None, {"A2": 3.0}, start=240.0)
    assert again["Cs"][0] == pytest.approx(3 / 14.3)


@pytest.mark.core
def test_a_result_shows_itself() -> None:
    result = Model(MODEL).simulate(TIMES, PLAN, {"CL": [0.2, 0.3]})
    assert list(result) == ["Cs", "INR"] and set(result.outputs) == {"Cs", "INR"}
    assert "2 lanes" in repr(result) and "INR" in result._repr_html_()
    with pytest.raises(InputError, match="unknown-output"):
        result["glucose"]


@pytest.mark.core
@pytest.mark.skipif(importlib.util.find_spec("xarray") is None, reason="xarray is not installed")
def test_xarray() -> None:
    data = Model(MODEL).simulate(TIMES, [PLAN, PLAN], {"CL": [0.2, 0.3, 0.4]}).to_xarray()
    assert data["INR"].dims == ("plan", "subject", "time") and data["INR"].attrs["units"] == "{INR}"
    assert data.time.attrs["units"] == "h" and list(data.plan.values) == ["5 mg", "5 mg"]
    assert data.status.dims == ("plan", "subject") and data["INR"].attrs["long_name"]
    whole = Model(MODEL).simulate(TIMES, PLAN, states=True, sensitivities=["CL"]).to_xarray()
    assert whole["d_INR"].dims == ("time", "direction") and whole["A2"].attrs["units"] == "mg"
    assert Model(MODEL).simulate(TIMES, PLAN).to_xarray()["INR"].dims == ("time",)
    assert Model(MODEL).simulate(TIMES, [PLAN]).to_xarray()["INR"].dims == ("plan", "time")
    assert Model(MODEL).simulate(TIMES, PLAN, {"CL": [0.2]}).to_xarray()["INR"].dims == ("subject", "time")


@pytest.mark.core
def test_a_lane_that_fails_raises_or_is_left_with_its_status() -> None:
    clearances = {"CL": [0.3, np.nan, 0.4]}
    with pytest.raises(InputError, match=r"CL is nan.*params, row 1, CL"):
        Model(MODEL).simulate(TIMES, PLAN, clearances)
    with pytest.raises(InputError, match=r"A2 is inf.*at x0, A2"):
        Model(MODEL).simulate(TIMES, PLAN, None, {"A2": np.inf})
    result = Model(MODEL).simulate(TIMES, PLAN, clearances, errors="status")
    assert (result.status != 0).tolist() == [False, True, False] and np.isnan(result["INR"][1]).all()


@pytest.mark.core
def test_a_lane_that_explodes_or_takes_too_many_steps_leaves_the_others() -> None:
    model, times, eps = Model("vanderpol"), [0.0, 0.5, 1.0], {"eps": [1.0, 1e-8]}
    steps = {"method": "dopri5", "max_steps": 500}
    slow = model.simulate(times, None, eps, errors="status", **steps)
    assert slow.status.tolist() == [0, _core.STATUS["STEP_LIMIT"][0]] and slow.stop[0] == 1
    (failed,) = slow.failures()
    assert failed["subject"] == 1 and failed["code"] == "core.step-limit" and 0 < failed["time"] < 1
    with pytest.raises(ComputationError, match=r"subject 1, time .*Raise max_steps, or try method=.rodas"):
        model.simulate(times, None, eps, **steps)
    burst = model.simulate(times, None, eps, method="rk4", step=0.01, errors="status")
    assert burst.status.tolist() == [0, _core.STATUS["NOT_FINITE"][0]] and "1 failed" in repr(burst)
    assert np.isfinite(burst.y[0]).all() and np.isnan(burst.y[1, -1]).all()


@pytest.mark.core
def test_times_have_a_unit_and_may_be_a_text() -> None:
    model = Model(MODEL)
    hourly = model.simulate(TIMES, PLAN)
    daily_ = model.simulate(np.array(TIMES) / 24, PLAN, time_unit="d")
    np.testing.assert_allclose(daily_.y, hourly.y, rtol=1e-12)
    assert daily_.time_unit == "d" and daily_.stop == 10 and hourly.time_unit == "h"
    even = model.simulate("10 d", PLAN)
    assert even.times.size == 241 and even.times[-1] == 240 and even["INR"][-1] == hourly["INR"][-1]


@pytest.mark.core
def test_states_come_on_request() -> None:
    found = Model(MODEL).simulate(TIMES, PLAN, {"CL": [0.2, 0.3]}, states=True)
    assert found.x.shape == (2, 4, 8) and found["A2"].shape == (2, 4)
    np.testing.assert_array_equal(found.x[:, -1], found.x_end)
    one = Model(MODEL).simulate(TIMES, PLAN, {"CL": [0.2, 0.3]}, states=["A2"])
    np.testing.assert_array_equal(one["A2"], found["A2"])
    assert one.states == ("A2",) and found.columns[2].unit == "mg"


@pytest.mark.core
def test_tolerances_by_state() -> None:
    model = Model(MODEL)
    same = [model.simulate(TIMES, PLAN, atol=atol).y for atol in (1e-11, np.full(8, 1e-11), {"A2": 1e-11})]
    np.testing.assert_array_equal(same[0], same[1])
    np.testing.assert_array_equal(same[0], same[2])


@pytest.mark.core
def test_sensitivities_by_name() -> None:
    model, cl, h = Model(MODEL), 0.3, 1e-4
    found = model.simulate(TIMES, PLAN, {"CL": cl}, states=["A2"], sensitivities=["CL", "x0.A2"])
    assert found.dy.shape == (4, 2, 2) and found.dx.shape == (4, 1, 2) and found.dx_end.shape == (8, 2)
    near = [model.simulate(TIMES, PLAN, {"CL": v}, rtol=1e-12, atol=1e-14) for v in (cl - h, cl + h)]
    slope = (near[1]["INR"] - near[0]["INR"]) / (2 * h)
    np.testing.assert_allclose(found.sensitivity("INR", "CL"), slope, rtol=1e-5)
    at = [s["name"] for s in model.states].index("A2")
    np.testing.assert_array_equal(found.sensitivity("A2", "CL")[-1], found.dx_end[at, 0])
    whole = model.simulate(TIMES, PLAN, {"CL": cl}, sensitivities=True)
    assert whole.directions == tuple(p["name"] for p in model.params)
    with pytest.raises(InputError, match=r"sensitivities=\['V'\]"):
        found.sensitivity("INR", "V")


@pytest.mark.core
def test_draws_of_the_noise_are_an_axis() -> None:
    model, times = Model("ornstein_uhlenbeck"), np.linspace(0, 3, 7)
    found = model.simulate(times, None, {"mu": [0.0, 1.0]}, draws=50, seed=5, method="srk", step=0.1)
    assert found.dims == ("subject", "draw") and found.y.shape == (2, 50, 7, 1)
    again = model.simulate(times, None, {"mu": [0.0]}, draws=3, seed=5, method="srk", step=0.1)
    np.testing.assert_array_equal(again.y[0], found.y[0, :3])
    other = model.simulate(times, None, {"mu": [0.0]}, draws=3, seed=6, method="srk", step=0.1)
    assert (other.y[0, :, -1] != found.y[0, :3, -1]).all()


BAD = [
    (lambda m: m.simulate(24.0), 'a text such as "24 h"'),
    (lambda m: m.simulate(TIMES, {"CL": 0.3}), "a Plan or a Schedule is needed, not str"),
    (lambda m: m.simulate(TIMES, [{"CL": 0.3}]), "a Plan or a Schedule is needed, not dict"),
    (lambda m: m.simulate(TIMES, PLAN, {"CL": "fast"}), "CL is no number (at params, CL)"),
    (lambda m: m.simulate(TIMES, PLAN, {"CL": np.ones((2, 2))}), "CL has shape (2, 2)"),
    (lambda m: Plan("a").infusion("warfarin", 1, length="-3 h"), "-3 h is negative (at length)"),
    (lambda m: m.simulate(TIMES, PLAN, sensitivities=["Q"]), "neither a parameter nor an initial state"),
    (lambda m: m.simulate(TIMES, PLAN, draws=5), "auto follows no noise"),
    (lambda m: m.simulate([0.0, 24.0, 24.0], PLAN), "24 h is there twice (at times[2])"),
    (lambda m: m.simulate([0.0, 24.0, 12.0], PLAN), "12 h is before the one before it (at times[2])"),
    (lambda m: m.simulate([0.0, np.nan], PLAN), "not a finite number (at times[1])"),
    (lambda m: m.simulate([0.0], PLAN, start=1.0), "before the start, 1 (at times[0])"),
    (lambda m: m.simulate("3 weeks", PLAN), "not a duration"),
    (lambda m: m.simulate(TIMES, PLAN, time_unit="years"), "'years' is no unit of time"),
    (lambda m: m.simulate(TIMES, PLAN, method="rk45"), "There is auto, dopri5"),
    (lambda m: m.simulate(TIMES, PLAN, method="rk4"), "rk4 needs a step"),
    (lambda m: m.simulate(TIMES, PLAN, step=1), "auto chooses its own step"),
    (lambda m: m.simulate(TIMES, PLAN, method="rk4", step=-1), "a step is a positive number"),
    (lambda m: m.simulate(TIMES, PLAN, method="srk", step=1), "hamberg2010 has no noise"),
    (lambda m: m.simulate(TIMES, PLAN, atol=np.ones(3)), "atol has shape (3,)"),
    (lambda m: m.simulate(TIMES, PLAN, atol={"A3": 1}), "no such state"),
    (lambda m: m.simulate(TIMES, PLAN, atol=0), "atol must be positive"),
    (lambda m: m.simulate(TIMES, PLAN, states=["A3"]), "no such state"),
    (lambda m: m.simulate(TIMES, PLAN, {"clearance": 1}), "unknown-name"),
    (lambda m: m.simulate(TIMES, PLAN, {"CL": [1, 2], "V": [1, 2, 3]}), "different lengths"),
    (lambda m: m.simulate(TIMES, PLAN, np.zeros(3)), "bad-shape"),
    (lambda m: m.simulate(TIMES, PLAN, np.zeros((2, 11)), np.zeros((3, 8))), "2 and 3 rows"),
    (lambda m: m.simulate([[0.0]], PLAN), "times has shape"),
    (lambda m: m.simulate(TIMES, PLAN, outputs=["glucose"]), "unknown-output"),
    (lambda m: m.simulate(TIMES, []), "no-plan"),
    (lambda m: m.simulate(TIMES, Plan("a").dose("aspirin", 5, "mg")), "no-dose-port"),
    (lambda m: m.simulate(TIMES, Plan("a").setting("clearance", 5)), "no-parameter"),
    (lambda m: m.simulate(TIMES, Plan("a").dose("warfarin", 5, "U")), "U does not fit, mg is wanted"),
    (lambda m: Model("nobody"), "There is hamberg2010"),
]


@pytest.mark.parametrize(("call", "text"), BAD, ids=[t for _, t in BAD])
def test_bad_input(call, text: str) -> None:
    with pytest.raises(InputError) as caught:
        call(Model(MODEL))
    assert text in str(caught.value)
