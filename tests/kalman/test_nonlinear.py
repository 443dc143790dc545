"""What the driver of the nonlinear filters owes whatever the method."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pytwin as pt
from pytwin import _core
from pytwin.errors import ComputationError, InputError
from pytwin.reference import pendulum as plain
from pytwin.verify import pendulum

pytestmark = pytest.mark.core
RNG = np.random.default_rng(5)
TIMES = np.array([0.1, 0.3, 0.3, 0.35, 0.8, 1.0])
VALUES = RNG.normal(size=6)


def run(times: Any, values: Any, **change: Any) -> dict[str, Any]:
    """The pendulum with its gravity estimated, a plan that changes nothing, observed in two outputs."""
    n = len(times)
    A = np.random.default_rng(2).normal(size=(3, 3))
    call = {
        "mean": [[0.3, 0.1, np.log(9.0)]],
        "cov": np.diag([0.2, 0.3, 0.05])[None],
        "params": [[9.81]],
        "Q": 0.01 * (A @ A.T)[None],
        "start": [0.0],
        "end": [2.0],
        "actions": np.array([(0.2, _core.ACTION_SCALE, 0, 1.1)], _core.PLAN_DTYPE),
        "action_offsets": [0, 1],
        "obs_time": times,
        "obs_output": np.arange(n, dtype=np.int32) % 2,
        "obs_value": values,
        "obs_noise": np.zeros(n, dtype=np.int8),
        "obs_a": np.full(n, 0.3),
        "obs_b": np.zeros(n),
        "obs_censor": np.zeros(n, dtype=np.int8),
        "obs_offsets": [0, n],
        "noise_step": 0.07,
    }
    theta, scale = np.zeros(1, dtype=np.int32), np.ones(1, dtype=np.int8)
    return _core.nonlinear(_core.Model("pendulum"), theta, scale, **(call | change))


@pytest.mark.parametrize("method", _core.NONLINEAR_METHODS)
def test_a_run_goes_on_from_its_state_with_the_same_bits(method: str) -> None:
    whole = run(TIMES, VALUES, method=method, keep=True)
    assert whole["status"][0] == 0
    state = None
    for rows in ([0], [1, 2], [3, 4], [5]):
        more = {} if state is None else {"state": state, "mean": None, "cov": None}
        outputs = np.arange(6, dtype=np.int32)[rows] % 2
        part = run(TIMES[rows], VALUES[rows], method=method, keep=True, obs_output=outputs, **more)
        assert part["status"][0] == 0
        np.testing.assert_array_equal(part["predicted"], whole["predicted"][rows])
        state = part["state"]
    for name in ("mean", "cov", "loglike", "state"):
        np.testing.assert_array_equal(part[name], whole[name])


@pytest.mark.parametrize("method", _core.NONLINEAR_METHODS)
def test_the_noise_of_a_step_is_added_whole(method: str) -> None:
    """Without observations and with a prior known exactly, Q of a step is what is left."""
    Q = np.array([[2.0, 0.5, 0.1], [0.5, 1.0, -0.2], [0.1, -0.2, 0.5]])
    got = run([], [], method=method, Q=Q[None], cov=np.zeros((1, 3, 3)), noise_step=3.0, end=[0.5])
    np.testing.assert_allclose(got["cov"][0], 0.5 * Q, atol=0.2 if method in RANDOM else 1e-10)


RANDOM = ("enkf", "etkf", "denkf", "letkf", "particle")


def test_a_method_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(InputError, match="ukf"):
        run([], [], method="nothing")


def test_a_state_of_another_size_is_refused() -> None:
    with pytest.raises(InputError, match="columns"):
        run([], [], state=np.zeros((1, 4)))
    with pytest.raises(InputError, match="mean and cov"):
        run([], [], mean=None)


def test_a_state_that_is_not_finite_is_its_patients_status() -> None:
    size = run(TIMES, VALUES, keep=True)["state"].shape
    assert run([], [], state=np.full(size, np.nan))["status"][0] == _core.STATUS["NOT_FINITE"][0]


def test_the_organ_is_its_numpy_version() -> None:
    x = RNG.normal(size=(20, 2))
    model = _core.Model("pendulum")
    p = np.full((20, 1), 9.81)
    np.testing.assert_allclose(model.rate(np.zeros(20), x, p), plain.rate(x), rtol=1e-14)
    np.testing.assert_allclose(model.output(np.zeros(20), x, p)[:, 0], plain.position(x), rtol=1e-14)


def test_a_step_of_euler_is_the_discrete_pendulum() -> None:
    y = RNG.normal(size=3)
    got = pendulum.run(y, "ukf", alpha=1.0, beta=0.0, kappa=1.0)
    assert got["status"][0] == 0
    assert got["filtered_mean"].shape == (3, 2)


def _near_zero(method: str, **options: Any) -> dict[str, Any]:
    """A logarithm of a position whose points reach below zero."""
    return pendulum_once(0.9, noise=3, sd=0.1, mean=[1.0, 0.0], spread=0.5, method=method, **options)


def pendulum_once(
    y: float, *, noise: int, sd: float, mean: list[float], spread: float, **options: Any
) -> dict[str, Any]:
    return _core.nonlinear(
        _core.Model("pendulum"),
        np.zeros(0, dtype=np.int32),
        np.zeros(0, dtype=np.int8),
        mean=[mean],
        cov=np.diag([spread, 0.1])[None],
        params=[[9.81]],
        Q=np.zeros((1, 2, 2)),
        start=[0.0],
        end=[0.0],
        actions=np.zeros(0, _core.PLAN_DTYPE),
        action_offsets=[0, 0],
        obs_time=[0.0],
        obs_output=np.zeros(1, dtype=np.int32),
        obs_value=[y],
        obs_noise=np.full(1, noise, dtype=np.int8),
        obs_a=[sd],
        obs_b=[0.0],
        obs_censor=np.zeros(1, dtype=np.int8),
        obs_offsets=[0, 1],
        **options,
    )


@pytest.mark.parametrize("method", ["ukf", "ckf", "ghkf", "iplf"])
def test_points_whose_output_has_no_logarithm_are_drawn_again_and_counted(method: str) -> None:
    got = _near_zero(method)
    assert got["status"][0] == 0
    assert got["rejected"][0] > 0
    assert np.linalg.eigvalsh(got["cov"][0]).min() > 0
    assert got["cov"][0, 0, 0] < 0.5


def test_a_mean_whose_output_has_no_logarithm_is_a_status() -> None:
    got = pendulum_once(0.9, noise=3, sd=0.1, mean=[-1.0, 0.0], spread=0.1, method="ukf")
    assert got["status"][0] == _core.STATUS["NOT_FINITE"][0]


def test_products_of_too_many_points_are_refused() -> None:
    with pytest.raises(ValueError, match="points"):
        _hovorka("ghkf")


def _hovorka(method: str) -> dict[str, Any]:
    model = _core.Model("hovorka")
    n, p = len(model.states), np.ones((1, len(model.params)))
    return _core.nonlinear(
        model,
        np.zeros(0, dtype=np.int32),
        np.zeros(0, dtype=np.int8),
        mean=np.ones((1, n)),
        cov=np.eye(n)[None],
        params=p,
        Q=np.zeros((1, n, n)),
        start=[0.0],
        end=[0.0],
        actions=np.zeros(0, _core.PLAN_DTYPE),
        action_offsets=[0, 0],
        obs_time=[],
        obs_output=np.zeros(0, dtype=np.int32),
        obs_value=[],
        obs_noise=np.zeros(0, dtype=np.int8),
        obs_a=[],
        obs_b=[],
        obs_censor=np.zeros(0, dtype=np.int8),
        obs_offsets=[0, 0],
        method=method,
        n_node=5,
    )


def test_posterior_linearisation_goes_on_until_a_precise_datum_is_met() -> None:
    """A wide prior and an error of 1e-3: the line fitted to the prior misses by far more than it claims."""
    y = np.sin(1.2)
    plainly = pendulum_once(y, noise=0, sd=1e-3, mean=[0.5, 0.0], spread=0.3, method="ukf")
    again = pendulum_once(y, noise=0, sd=1e-3, mean=[0.5, 0.0], spread=0.3, method="iplf", max_iter=30)
    assert abs(again["mean"][0, 0] - 1.2) < 0.1 * abs(plainly["mean"][0, 0] - 1.2)


@pytest.mark.parametrize("method", ["ukf", "ckf", "ghkf", "iplf"])
def test_points_that_run_out_of_steps_are_drawn_again_and_counted(method: str) -> None:
    fast = np.diag([0.1, 400.0])  # a swing of 20 rad/s takes more than 20 steps a second, a slow one fewer
    what: dict[str, Any] = {"outputs": ["position"], "noise": 0.3, "x0": [0.1, 0.0], "P0": fast, "start": 0.0}
    what["method"] = method
    model = pt.Model("pendulum")
    got = pt.estimation.filter(model, [1.0], [[0.1]], **what, ode={"max_steps": 20})
    assert got.rejected > 0
    assert np.linalg.eigvalsh(got.cov[0]).min() > 0
    free = pt.estimation.filter(model, [1.0], [[0.1]], **what)
    assert free.rejected == 0
    with pytest.raises(ComputationError, match="steps"):
        pt.estimation.filter(model, [1.0], [[0.1]], **what, ode={"max_steps": 3})
