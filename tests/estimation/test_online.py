"""The online filter: whatever the order of arrival, saved and loaded on the way, it has the batch's bits."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pytwin as pt
from pytwin.errors import ComputationError, InputError
from pytwin.estimation import METHODS, Estimate, Filter, Noise

pytestmark = pytest.mark.core

COMPARED = (
    "mean",
    "cov",
    "predicted",
    "predicted_var",
    "latent_var",
    "effective",
    "use",
    "end_mean",
    "end_cov",
    "loglike",
)
METHOD_OPTIONS: dict[str, dict[str, Any]] = {
    name: {k: v for k, v in {"n_member": 20, "n_particle": 50}.items() if k in METHODS[name].options}
    for name in METHODS
}


def patient(method: str = "ukf", **changes: Any) -> dict[str, Any]:
    """Doses by mouth with a lag and from a repeated record, an infusion, a setting and noise in steps."""
    model = pt.Model("pk_1cpt_oral")
    plan = (
        pt.Plan("mixed")
        .dose("drug", 80, "mg", every="8 h")
        .infusion("drug", 12, "mg/h", length="5 h", route="intravenous", start=9)
        .dose("drug", 40, "mg", start=16, route="intravenous")
        .setting("KA", 0.7, at=12)
    )
    x0, P0 = pt.estimation.prior(model, ["CL", "V"], sd={"CL": 0.3, "V": 0.2}, params={"ALAG1": 0.4})
    found = {
        "model": model,
        "outputs": ["C"],
        "noise": Noise("combined", 0.2, 0.1),
        "x0": x0,
        "P0": P0,
        "theta": {"CL": "log", "V": "log"},
        "params": {"ALAG1": 0.4, "ALAG2": 0.25},
        "plan": plan,
        "Q": {"CL": 1e-3, "A2": 1e-2},
        "noise_step": 1.5,
        "bounds": {"CL": (0.1, 40.0)},
        "start": 0.0,
        "method": method,
        **METHOD_OPTIONS[method],
    }
    return {**found, **changes}


def batch(call: dict[str, Any], times: Any, y: Any) -> Estimate:
    rest = {**call}
    return pt.estimation.filter(rest.pop("model"), times, y, **rest)


def assert_same_bits(online: Estimate, offline: Estimate) -> None:
    for name in COMPARED:
        np.testing.assert_array_equal(getattr(online, name), getattr(offline, name), err_msg=name)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[float], list[float], list[int], int]:
    """Times on a coarse grid, so that many are those of doses; values; an order of arrival; check-points."""
    n = draw(st.integers(1, 9))
    times = sorted(draw(st.lists(st.integers(0, 96), min_size=n, max_size=n, unique=True)))
    values = draw(st.lists(st.floats(0.5, 12) | st.just(float("nan")), min_size=n, max_size=n))
    return [t / 4 for t in times], values, draw(st.permutations(range(n))), draw(st.integers(1, 4))


@pytest.mark.parametrize("method", sorted(METHODS))
@settings(deadline=None, max_examples=40)
@given(history=histories())
def test_any_order_has_the_bits_of_the_batch(
    method: str, history: tuple[list[float], list[float], list[int], int]
) -> None:
    times, values, order, every = history
    call = patient(method)
    online = Filter(**call, every=every)
    for k, i in enumerate(order):
        online.update(times[i], "C", values[i])
        if k % 3 == 1:
            online = Filter.load(online.save())
    assert_same_bits(online.estimate(), batch(call, times, np.array(values)[:, None]))


def test_elements_of_one_instant_come_one_by_one() -> None:
    """Replicates are rows of their own; an element finds the row that has none of it yet."""
    call = patient()
    online = Filter(**call)
    for time, value in ((3.0, 1.0), (3.0, 1.4), (1.0, 2.0), (3.0, 1.1)):
        online.update(time, ["C"], [value])
    assert_same_bits(online.estimate(), batch(call, [1, 3, 3, 3], [[2.0], [1.0], [1.4], [1.1]]))
    assert len(online) == 4


def test_several_outputs_fill_one_row() -> None:
    model = pt.Model("lorenz96")
    names = [o["name"] for o in model.outputs[:3]]
    n = len(model.states)
    call: dict[str, Any] = {
        "model": model,
        "outputs": names,
        "noise": [0.5, 0.6, 0.7],
        "x0": np.where(np.arange(n) == 0, 1.0, 0.0),
        "P0": 0.01 * np.eye(n),
        "ode": {"method": "rk4", "step": 0.05},
        "start": 0.0,
    }
    rng = np.random.default_rng(4)
    times, y = np.array([0.05, 0.1, 0.2]), rng.normal(size=(3, 3))
    y[1, 1] = np.nan
    online = Filter(**call)
    for i, j in rng.permutation([(i, j) for i in range(3) for j in range(3) if np.isfinite(y[i, j])]):
        online.update(times[i], names[j], y[i, j])
    assert_same_bits(online.estimate(), batch(call, times, y))


def test_a_long_record_keeps_few_check_points_and_the_bits() -> None:
    call = patient()
    times = np.arange(1, 121) / 4
    values = 3 + np.sin(times)
    online = Filter(**call, every=10)
    for t, v in zip(times, values, strict=True):
        online.update(t, "C", v)
    assert len(online._history.points.counts) <= 120 / 10 + 2
    online.update(20.1, "C", 4.0)
    at = np.searchsorted(times, 20.1)
    assert_same_bits(
        online.estimate(), batch(call, np.insert(times, at, 20.1), np.insert(values, at, 4.0)[:, None])
    )


def test_a_file_goes_on_with_the_bits() -> None:
    call = patient()
    online, file = Filter(**call), io.BytesIO()
    online.update(2.0, "C", 3.0)
    online.save(file)
    file.seek(0)
    other = Filter.load(file)
    for one in (online, other):
        one.update(30.0, "C", 2.0, censor=-1)
        one.update(7.0, "C", np.nan)
    assert_same_bits(other.estimate(), online.estimate())
    assert other.loglike == online.loglike and other.time == 30.0 and other.names == online.names


def test_a_schedule_is_saved_too() -> None:
    call = patient()
    plan = call["plan"].schedule(call["model"], 50)
    online = Filter.load(Filter(**{**call, "plan": plan}).save())
    online.update(5.0, "C", 3.0)
    assert_same_bits(online.estimate(), batch({**call, "plan": plan}, [5.0], [[3.0]]))


def test_a_correction_of_the_plan_runs_again_from_there() -> None:
    call = patient()
    times, y = [2.0, 8.0, 8.5, 17.0, 26.0], [3.0, 2.0, 4.0, 5.0, 2.0]
    online = Filter(**call)
    for t, v in zip(times, y, strict=True):
        online.update(t, "C", v)
    plans = [call["plan"].dose("drug", 30, start=at, route="intravenous") for at in (0, 8, 20, 40)]
    plans += [call["plan"].setting("KA", 1.4, at=8.0), None]
    for plan in plans:
        found = online.replan(plan)
        assert_same_bits(found, batch({**call, "plan": plan}, times, np.array(y)[:, None]))


def test_a_failure_leaves_the_filter_as_it_was() -> None:
    call = patient(gate=0.0)
    online = Filter(**call)
    online.update(2.0, "C", 3.0)
    before = online.estimate()
    with pytest.raises(InputError, match="no such output"):
        online.update(3.0, "INR", 1.0)
    with pytest.raises(InputError, match="before the start"):
        online.update(-1.0, "C", 1.0)
    with pytest.raises(InputError, match="not finite"):
        online.update(3.0, "C", np.inf)
    with pytest.raises(InputError, match="bad-censor"):
        online.update(3.0, "C", 1.0, censor=3)
    with pytest.raises((ComputationError, InputError)):
        online.replan(pt.Plan("bad").setting("CL", 2.0))
    assert_same_bits(online.estimate(), before)
    online.update(4.0, "C", 2.5)
    assert_same_bits(online.estimate(), batch(call, [2.0, 4.0], [[3.0], [2.5]]))


def test_forecasts_are_those_of_a_longer_batch() -> None:
    call = patient()
    online = Filter(**call)
    np.testing.assert_array_equal(online.mean, call["x0"])
    online.update(2.0, "C", 3.0)
    ahead = online.forecast([2.5, 30.0])
    longer = batch({**call, "forecast": True}, [2.0, 2.5, 30.0], [[3.0], [np.nan], [np.nan]])
    np.testing.assert_array_equal(ahead.predicted, longer.predicted[1:])
    np.testing.assert_array_equal(ahead.mean, longer.mean[1:])
    assert online.time == 2.0
    with pytest.raises(InputError, match="ascend"):
        online.forecast([1.0])


def test_nothing_observed_is_told() -> None:
    assert "prior" in Filter(**patient()).estimate().reason


@pytest.mark.parametrize("damage", ["format", "rows", "text", "missing"])
def test_bad_files_are_told(damage: str) -> None:
    online = Filter(**patient())
    online.update(2.0, "C", 3.0)
    arrays: Any = online.save()
    if damage == "format":
        arrays["about"] = np.array(str(arrays["about"]).replace("pytwin-filter", "other"))
    elif damage == "rows":
        arrays["row_times"] = np.zeros(3)
    elif damage == "missing":
        del arrays["point_counts"]
    else:
        arrays = io.BytesIO(b"not a file of arrays")
    with pytest.raises(InputError, match="bad-file"):
        Filter.load(arrays)


def test_what_a_filter_is_made_of_is_checked() -> None:
    with pytest.raises(InputError, match="one patient"):
        Filter(**patient(x0=np.zeros((2, 4))))
    with pytest.raises(InputError, match="every"):
        Filter(**patient(every=0))
    with pytest.raises(InputError, match="sizes of errors"):
        Filter(**patient(noise=Noise("additive", [1.0, 2.0])))
