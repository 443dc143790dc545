"""Noise: paths keyed by seed, subject and draw, whatever else is asked for; events on the path; bad input.

Moments and orders of convergence are cases of the suite `simulation`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pytwin import Model, Plan, _core
from pytwin.errors import ComputationError, InputError
from pytwin.model import Schedule

from .conftest import actions, params_of, run

pytestmark = pytest.mark.core

OU, GBM = "ornstein_uhlenbeck", "geometric_brownian"
METHODS = ["euler-maruyama", "srk"]
SIGMA = 2


def simulate(name: str = OU, times: Any = (0.3, 1.0, 2.5), **options: Any) -> Any:
    options = {"method": "srk", "step": 0.25, "seed": 7} | options
    return Model(name).simulate(times, **options)


@pytest.mark.parametrize("method", METHODS)
def test_a_path_depends_on_seed_subject_and_draw_alone(method: str) -> None:
    rows = {"theta": np.linspace(0.5, 2, 9)}
    full = simulate(params=rows, draws=5, method=method)
    assert full.y.shape == (9, 5, 3, 1)
    np.testing.assert_array_equal(full.y, simulate(params=rows, draws=5, method=method, threads=3).y)
    np.testing.assert_array_equal(full.y[:, :2], simulate(params=rows, draws=2, method=method).y)
    first = simulate(params={"theta": rows["theta"][:4]}, draws=5, method=method)
    np.testing.assert_array_equal(full.y[:4], first.y)
    alone = simulate(params=rows, draws=5, method=method, times=[2.5])
    np.testing.assert_array_equal(full.y[:, :, 2], alone.y[:, :, 0])
    assert len(np.unique(full.y[..., 2, 0])) == 45
    assert (full.y != simulate(params=rows, draws=5, method=method, seed=8).y).all()


def test_order_and_other_lanes_change_no_bit() -> None:
    core, n = _core.Model(GBM), 40
    params = np.tile(params_of(GBM, sigma=0.5), (n, 1))
    patient, plan = np.arange(n), actions((0.7, _core.ACTION_SCALE, 1, 1.5))
    options: dict[str, Any] = {"method": _core.METHODS["srk"], "step": 0.1, "seed": 3}
    where = np.zeros(n, dtype=np.int64)

    def paths(order: Any) -> Any:
        given = (params[order], None, 0.0, plan, [0, 1], [0.5, 1.0, 2.0], None, where[order])
        return core.simulate(*given, patient=patient[order], **options)["y"]

    full = paths(np.arange(n))
    np.testing.assert_array_equal(full[::-1], paths(np.arange(n)[::-1]))
    np.testing.assert_array_equal(full[17:18], paths(np.array([17])))


def test_plans_are_compared_on_the_same_paths() -> None:
    """An event that changes nothing cuts a step, and the path goes on where it was."""
    rows = [(t, _core.ACTION_SCALE, SIGMA, 1.0) for t in (0.4, 1.33)]
    nothing = Schedule(actions(*rows))
    still = {"theta": 0.0, "mu": 0.0, "sigma": 1.0}
    times = np.linspace(0.05, 3.0, 60)
    found = simulate(plan=[Schedule(), nothing], params=still, draws=20, times=times)
    np.testing.assert_allclose(found.y[1], found.y[0], atol=2e-7)
    assert np.abs(found.y).max() > 1


def test_events_and_covariates_act_on_the_path() -> None:
    """Without noise from 1 on, the process decays as its drift says."""
    off = Schedule(actions((1.0, _core.ACTION_SCALE, SIGMA, 0.0)))
    found = simulate(plan=off, draws=10, times=[1.0, 2.0], step=0.01).y[..., 0]
    np.testing.assert_allclose(found[:, 1], found[:, 0] * np.exp(-1.0), rtol=2e-5)  # of order 2
    assert np.ptp(found[:, 0]) > 0.5


@pytest.mark.parametrize("method", METHODS)
def test_steps_that_are_halved_come_nearer_on_the_same_path(method: str) -> None:
    fine = simulate(GBM, times=[1.0], draws=50, method=method, refine=10).y
    errors = [
        np.abs(simulate(GBM, times=[1.0], draws=50, method=method, refine=k).y - fine).max()
        for k in (0, 3, 6)
    ]
    assert errors[0] > 2 * errors[1] > 4 * errors[2]


def test_without_a_stochastic_method_there_is_no_noise() -> None:
    found = Model(OU).simulate([1.0], None, None, {"x": 2.0})
    assert found.y[0, 0] == pytest.approx(2 * np.exp(-1), rel=1e-8)


def test_a_lane_that_leaves_the_numbers_fails_alone() -> None:
    params = {"mu": np.array([0.1, 1e200, 0.1])}
    found = simulate(GBM, times=[1.0, 2.0], params=params, method="euler-maruyama", errors="status")
    assert list(found.status != 0) == [False, True, False]
    assert np.isnan(found.y[1, -1]).all() and np.isfinite(found.y[[0, 2]]).all()


def test_bad_input() -> None:
    with pytest.raises(InputError, match="no noise"):
        Model("hamberg2010").simulate([1.0], method="srk", step=0.1)
    with pytest.raises(InputError, match="step"):
        Model(OU).simulate([1.0], method="srk")
    with pytest.raises(InputError, match="noise"):
        Model(OU).simulate([1.0], Plan("none"), draws=3)
    with pytest.raises(ComputationError, match="does not offer"):
        simulate(sensitivities=["theta"])
    with pytest.raises(InputError, match="draw"):
        run(OU, params_of(OU), actions(), [1.0], method=_core.METHODS["srk"], step=0.1, draw=np.array([-1]))
