"""Filters of models with delays and triggers: what is refused, what is bounded, what a lane may not do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pytwin as pt
from pytwin import _core
from pytwin.errors import InputError
from pytwin.reference import delay_filter
from pytwin.reference.ball import bounce

pytestmark = pytest.mark.core

TIMES = 0.37 * np.arange(1, 9)
Y = np.cos(TIMES)


def run(method: str = "ukf", times: Any = TIMES, y: Any = Y, **changes: Any) -> pt.estimation.Estimate:
    call: dict[str, Any] = {
        "outputs": ["value"], "noise": 0.1, "x0": [1.2], "P0": [[0.25]], "start": 0.0, "method": method
    }  # fmt: skip
    return pt.estimation.filter(pt.Model("linear_delay"), times, y, **{**call, **changes})


@pytest.mark.parametrize("method", ["ekf", "iekf", "ghkf"])
def test_a_method_without_delays_names_those_with(method: str) -> None:
    with pytest.raises(InputError, match="has delays") as error:
        run(method)
    assert error.value.code == "estimation.unsupported-model"
    assert "ukf" in str(error.value.hint)


def test_no_smoother_follows_delays() -> None:
    with pytest.raises(InputError, match="no smoother"):
        pt.estimation.smooth(
            pt.Model("linear_delay"), TIMES, Y, outputs=["value"], noise=0.1, x0=[1.0], P0=[[1.0]]
        )


@pytest.mark.parametrize("past", [3, 1025, 4.5])
def test_the_past_is_a_whole_number_in_its_range(past: float) -> None:
    with pytest.raises(InputError) as error:
        run(past=past)
    assert error.value.code == "estimation.bad-option"


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_the_error_falls_with_the_values_of_the_past(noise: float) -> None:
    mean, _, _ = delay_filter.linear(TIMES, Y, 0.1, 1.2, 0.25, noise=noise, step=0.1)
    more: dict[str, Any] = {"Q": [[noise]], "noise_step": 0.1} if noise else {}
    off = [np.abs(run(past=past, **more).mean[:, 0] - mean).max() for past in (8, 32, 128)]
    assert off[1] < off[0] / 3 and off[2] < off[1] / 3


def test_dense_observations_of_a_long_delay_cost_no_memory() -> None:
    """What is kept does not grow with the observations within a delay; the posterior stays exact."""
    times = 0.01 * np.arange(1, 301)
    y = delay_filter.linear_delay(times) + 0.1 * np.random.default_rng(0).normal(size=300)
    mean, var, _ = delay_filter.linear(times, y, 0.1, 1.2, 0.25)
    found = run(times=times, y=y)
    np.testing.assert_allclose(found.mean[:, 0], mean, atol=2e-3)
    np.testing.assert_allclose(np.sqrt(found.cov[:, 0, 0]), np.sqrt(var), atol=1e-3)


def test_an_estimated_delay_is_found() -> None:
    times = 0.25 * np.arange(1, 25)
    y = delay_filter.linear_delay(times, 1.0, 1.3) + 0.02 * np.random.default_rng(1).normal(size=24)
    found = run(
        times=times, y=y, noise=0.02, x0=[1.0, np.log(1.1)], P0=np.diag([0.04, 0.04]), theta={"tau": "log"}
    )
    assert abs(np.exp(found.mean[-1, 1]) - 1.3) < 0.02
    assert found.cov[-1, 1, 1] < 1e-3


def test_a_delay_that_grows_beyond_what_is_remembered_ends_the_patient() -> None:
    plan = pt.Plan("longer").setting("tau", 3.0, at=1.5)
    found = run(plan=plan, errors="status")
    assert found.status == _core.STATUS["HISTORY_FULL"][0]
    assert np.isfinite(found.mean[:4]).all() and np.isnan(found.mean[-1]).all()


def test_a_member_whose_update_ends_on_the_floor_bounces() -> None:
    """An update puts the ball onto its threshold; it does not fall through."""
    times = np.linspace(0.1, 3.0, 30)
    y = np.maximum(bounce(np.array([[1.0, 0.0]]), times)[:, 0, 0] - 0.1, 0.0)
    for method in ("etkf", "particle", "ukf"):
        found = pt.estimation.filter(
            pt.Model("bouncing_ball"), times, y, outputs=["height"], noise=0.1, x0=[1.0, 0.0],
            P0=np.diag([0.04, 0.04]), start=0.0, method=method,
        )  # fmt: skip
        assert found.status == 0
        assert (found.mean[:, 0] > -1e-9).all() and (np.abs(found.mean[:, 1]) < 6).all()


def test_an_extended_filter_differentiates_through_a_bounce() -> None:
    """Without observations the covariance is that of differences of the ball's closed form."""
    times, start, h = np.array([0.8]), np.array([1.0, 0.3]), 1e-6
    P = np.diag([0.04, 0.01])
    found = pt.estimation.filter(
        pt.Model("bouncing_ball"), times, [[np.nan]], outputs=["height"], noise=0.1, x0=start, P0=P,
        start=0.0, method="ekf", ode={"rtol": 1e-10},
    )  # fmt: skip
    moved = start + h * np.vstack([np.eye(2), -np.eye(2)])
    F = ((bounce(moved, times)[0, :2] - bounce(moved, times)[0, 2:]) / (2 * h)).T
    np.testing.assert_allclose(found.mean[0], bounce(start[None], times)[0, 0], rtol=1e-8)
    np.testing.assert_allclose(found.cov[0], F @ P @ F.T, rtol=1e-6)
