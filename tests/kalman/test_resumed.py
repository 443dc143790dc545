"""Filters that carry a mean and a root or a covariance: taken up again from a saved state in the middle of
infusions, lags and groups of observations, smoothing from there; and each allocation that can fail."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pytwin import _core
from pytwin.model import Model, Plan
from pytwin.verify import pendulum

pytestmark = pytest.mark.core

TIMES = np.array([0.5, 2.0, 2.0, 5.0, 5.0, 9.5, 14.0, 20.0, 20.0, 26.0])
OUTPUTS = np.array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0], dtype=np.int32)
VALUES = np.array([0.4, 1.1, 1.3, 2.2, np.nan, 3.4, 2.0, 3.1, 2.7, 3.3])
CENSOR = np.array([0, 0, 0, 0, 0, -1, 0, 0, 1, 0], dtype=np.int8)
NOISE = np.array([2, 2, 3, 2, 2, 2, 2, 3, 2, 2], dtype=np.int8)
MODEL = Model("pk_1cpt_oral")
PLAN = Plan("mixed").dose("drug", 80, every="8 h").setting("KA", 0.7, at=12)
PLAN = PLAN.infusion("drug", 12, length="9 h", start=3).dose("drug", 40, start=16, route="intravenous")
SCHEDULE = PLAN.schedule(MODEL, 30.0)
WHOLE = slice(0, len(TIMES))
ITERATED: dict[str, Any] = {"max_iter": 20, "damping": 1e-3, "tolerance": 1e-7}
METHODS: dict[str, dict[str, Any]] = {
    "ekf": {},
    "iekf": ITERATED,
    "ukf": {},
    "ckf": {},
    "ghkf": {},
    "iplf": {"max_iter": 3},
    "etkf": {"n_member": 30},
}


def run(rows: slice = WHOLE, method: str = "ekf", **change: Any) -> dict[str, Any]:
    """Some rows of a patient with two parameters, noise in steps, bounds and heavy tails."""
    names = [p["name"] for p in MODEL.params]
    n = len(TIMES[rows])
    A = np.random.default_rng(3).normal(size=(4, 4)) * [3.0, 3.0, 0.1, 0.1]
    call: dict[str, Any] = {
        "mean": [[0.0, 0.0, np.log(1.2), np.log(20.0)]],
        "cov": np.diag([4.0, 4.0, 0.1, 0.05])[None],
        "params": MODEL.rows({"ALAG1": 0.4})[None],
        "Q": 0.01 * (A.T @ A)[None],
        "start": [0.0],
        "end": [28.0],
        "lower": np.array([-np.inf, -np.inf, np.log(0.2), -np.inf]),
        "upper": np.array([np.inf, np.inf, np.log(3.0), np.inf]),
        "actions": SCHEDULE.actions,
        "action_offsets": [0, len(SCHEDULE.actions)],
        "doses": SCHEDULE.doses,
        "obs_time": TIMES[rows],
        "obs_output": OUTPUTS[rows],
        "obs_value": VALUES[rows],
        "obs_noise": NOISE[rows],
        "obs_a": np.full(n, 0.2),
        "obs_b": np.full(n, 0.1),
        "obs_censor": CENSOR[rows],
        "obs_offsets": [0, n],
        "noise_step": 1.7,
        "student": 6.0,
        "trace": True,
        "keep": True,
        "method": method,
    }
    theta = np.array([names.index("CL"), names.index("V")], dtype=np.int32)
    return _core.nonlinear(_core.Model("pk_1cpt_oral"), theta, np.ones(2, dtype=np.int8), **(call | change))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("cuts", [[3], [1, 5, 9], [5, 6, 7]])
def test_a_run_goes_on_with_the_same_bits(method: str, cuts: list[int]) -> None:
    options = METHODS[method]
    whole = run(method=method, **options)
    assert whole["status"][0] == 0
    more: dict[str, Any] = {}
    found: dict[str, list[Any]] = {"predicted": [], "predicted_var": [], "use": [], "filtered_cov": []}
    for begin, end in zip([0, *cuts], [*cuts, len(TIMES)], strict=True):
        part = run(slice(begin, end), method=method, **options, **more)
        assert part["status"][0] == 0
        more = {"state": part["state"], "mean": None, "cov": None}
        for name, rows in found.items():
            rows.append(part[name])
    for name, rows in found.items():
        np.testing.assert_array_equal(np.concatenate(rows), whole[name], err_msg=name)
    for name in ("mean", "cov", "loglike", "state"):
        np.testing.assert_array_equal(part[name], whole[name], err_msg=name)


@pytest.mark.parametrize("method", [m for m in METHODS if m not in ("iekf", "iplf")])
def test_smoothing_from_a_state_is_that_of_the_rows_behind_it(method: str) -> None:
    options = METHODS[method]
    whole = run(method=method, smooth=True, **options)
    state = run(slice(0, 5), method=method, **options)["state"]
    rest = run(slice(5, None), method=method, smooth=True, state=state, mean=None, cov=None, **options)
    for name in ("smoothed_mean", "smoothed_cov"):
        np.testing.assert_array_equal(rest[name], whole[name][5:])


@pytest.mark.parametrize("method", ["iekf", "iplf"])
def test_an_iterated_smoother_begins_where_its_state_stands(method: str) -> None:
    """The state is its start: what it finds behind it needs nothing of what was before."""
    options: dict[str, Any] = METHODS[method] | {"lower": None, "upper": None}
    state = run(slice(0, 5), method=method, **options)["state"]
    got = run(slice(5, None), method=method, smooth=True, state=state, mean=None, cov=None, **options)
    assert got["status"][0] == 0 and np.isfinite(got["smoothed_cov"]).all()
    again = run(slice(5, None), method=method, state=state, mean=None, cov=None, **options)
    np.testing.assert_array_equal(got["state"], again["state"])
    sd = np.sqrt(got["smoothed_cov"].diagonal(axis1=1, axis2=2))
    assert (np.abs(got["smoothed_mean"] - got["filtered_mean"])[-1] < 2 * sd[-1]).all()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("smooth", [False, True])
def test_every_failing_allocation_is_an_error(method: str, smooth: bool, failed_allocations: Any) -> None:
    options = METHODS[method]
    few = slice(0, 4)
    count = failed_allocations(lambda: run(few, method=method, smooth=smooth, threads=2, **options))
    assert count > 8


@pytest.mark.parametrize("method", ["ekf", "iekf", "iplf"])
def test_an_allocation_that_fails_leaves_the_next_call_alone(method: str) -> None:
    y = np.sin(0.1 * np.arange(20.0))
    before = pendulum.run(y, method, smooth=True, keep=True)
    for nth in (3, 6, 9):
        _core._alloc_fail_at(nth)
        try:
            with pytest.raises(MemoryError):
                pendulum.run(y, method, smooth=True)
        finally:
            _core._alloc_fail_at(0)
    after = pendulum.run(y, method, smooth=True, keep=True)
    for name in ("smoothed_mean", "smoothed_cov", "state"):
        np.testing.assert_array_equal(before[name], after[name])
