"""A lane's result never depends on its neighbours, the batch, the threads or the order, to the bit."""

from __future__ import annotations

import numpy as np
import pytest

from pytwin import _core

from .conftest import Array, actions, daily, params_of

pytestmark = pytest.mark.core

MODELS = ["hamberg2010", "hamberg2007"]
TIMES = np.arange(0.0, 121.0, 10.0)
BOLUS, ON, OFF = _core.ACTION_BOLUS, _core.ACTION_INFUSION_ON, _core.ACTION_INFUSION_OFF


def crowd(model: str, n: int) -> Array:
    rng = np.random.default_rng(3)
    rows = np.tile(params_of(model), (n, 1))
    return rows * np.exp(0.3 * rng.standard_normal(rows.shape))


PLANS = [
    daily(5, 5),
    daily(2.5, 5, 8.0),
    actions((0.0, ON, 0, 1.0), (30.0, OFF, 0, 1.0), (50.0, BOLUS, 0, 5.0)),
    actions((3.0, _core.ACTION_SCALE, 1, 0.5), (3.0, BOLUS, 0, 5.0), (70.0, _core.ACTION_RESET, 0, 0.0)),
]


def simulate(model: str, rows: Array, subject: Array, plan: Array, threads: int = 1) -> dict:
    return _core.Model(model).simulate(
        rows, None, 0.0, np.concatenate(PLANS), np.cumsum([0, *map(len, PLANS)]), TIMES, subject, plan,
        threads=threads,
    )  # fmt: skip


def equal(a: dict, b: dict, index: Array | slice = slice(None)) -> None:
    for key in ("y", "x_end", "status", "stop"):
        assert np.asarray(a[key])[index].tobytes() == np.asarray(b[key]).tobytes(), key


@pytest.mark.parametrize("model", MODELS)
def test_batches_threads_and_order(model: str) -> None:
    n = 1000
    rows, subject = crowd(model, n), np.arange(n)
    plan = subject % len(PLANS)
    all_ = simulate(model, rows, subject, plan)
    assert not all_["status"].any()
    equal(all_, simulate(model, rows, subject, plan, threads=2))
    equal(all_, simulate(model, rows, subject[:7], plan[:7]), slice(0, 7))
    for lane in (0, 1, 2, 3, 500, 999):
        equal(
            all_,
            simulate(model, rows, subject[lane : lane + 1], plan[lane : lane + 1]),
            slice(lane, lane + 1),
        )
    order = np.random.default_rng(4).permutation(n)
    equal(all_, simulate(model, rows, subject[order], plan[order]), order)


@pytest.mark.parametrize("model", MODELS)
def test_a_lane_that_fails_leaves_the_others_alone(model: str) -> None:
    rows, subject = crowd(model, 40), np.arange(40)
    plan = subject % len(PLANS)
    good = simulate(model, rows, subject, plan)
    bad = rows.copy()
    bad[5, 1], bad[6, 0], bad[7, 2] = np.nan, np.inf, 0.0
    found = simulate(model, bad, subject, plan)
    code = _core.STATUS["NOT_FINITE"][0]
    assert found["status"][[5, 6, 7]].tolist() == [code] * 3 and np.isnan(found["y"][5]).all()
    others = np.setdiff1d(subject, [5, 6, 7])
    equal(good, {k: v[others] for k, v in found.items()}, others)


def test_the_limit_of_steps_names_the_time() -> None:
    row = np.atleast_2d(params_of("hamberg2010"))
    plan = daily(5, 5)
    found = _core.Model("hamberg2010").simulate(
        row, None, 0.0, plan, [0, len(plan)], TIMES, rtol=1e-12, atol=1e-14, max_steps=20
    )
    assert found["status"][0] == _core.STATUS["STEP_LIMIT"][0] and 0 < found["stop"][0] < 24
    assert found["y"][0, 0, 1] == 1 and np.isnan(found["y"][0, -1]).all() and np.isnan(found["x_end"]).all()


def test_a_parameter_that_becomes_infinite_fails_at_its_time() -> None:
    plan = actions((0.0, BOLUS, 0, 5.0), (50.0, _core.ACTION_PARAM, 2, 0.0))
    found = _core.Model("hamberg2010").simulate(
        np.atleast_2d(params_of("hamberg2010")), None, 0.0, plan, [0, 2], TIMES
    )
    assert found["status"][0] == _core.STATUS["NOT_FINITE"][0] and found["stop"][0] == 50
    assert np.isfinite(found["y"][0, :5]).all() and np.isnan(found["y"][0, 5:]).all()


def test_negative_concentrations_have_no_effect() -> None:
    x0 = np.array([[-1.0, -2.0, *[1.0] * 6]])
    found = _core.Model("hamberg2010").simulate(
        np.atleast_2d(params_of("hamberg2010")), x0, 0.0, daily(5, 0), [0, 0], TIMES
    )
    np.testing.assert_allclose(found["y"][0, :, 1], 1.0, atol=1e-12)
