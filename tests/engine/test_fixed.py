"""Steps of a fixed size: the methods' order, their textbook formulas, events, outputs, failures, bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pytwin import _core
from pytwin.model import Model

from .conftest import Array, actions, daily, params_of, run

pytestmark = pytest.mark.core

METHODS = _core.METHODS
FIXED = ("rk4", "heun", "euler")
NOTHING = actions()
ON, OFF, BOLUS = _core.ACTION_INFUSION_ON, _core.ACTION_INFUSION_OFF, _core.ACTION_BOLUS


def lorenz_rate(x: Array, p: Array) -> Array:
    a, b, z = x
    return np.array([p[0] * (b - a), a * (p[1] - z) - b, a * b - p[2] * z])


def euler(f: Callable[[Array], Array], x: Array, h: float) -> Array:
    return np.asarray(x + h * f(x))


def heun(f: Callable[[Array], Array], x: Array, h: float) -> Array:
    k = f(x)
    return np.asarray(x + h / 2 * (k + f(x + h * k)))


def rk4(f: Callable[[Array], Array], x: Array, h: float) -> Array:
    k1 = f(x)
    k2 = f(x + h / 2 * k1)
    k3 = f(x + h / 2 * k2)
    k4 = f(x + h * k3)
    return np.asarray(x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4))


@pytest.mark.parametrize(("name", "formula"), [("rk4", rk4), ("heun", heun), ("euler", euler)])
def test_textbook_formula(name: str, formula: Callable[..., Array]) -> None:
    """A hundred steps of Lorenz's equations and one shorter, against the formula in NumPy."""
    p, x = params_of("lorenz"), np.array([1.0, 2.0, 20.0])
    found = run("lorenz", p, NOTHING, [1.005], x0=x, method=METHODS[name], step=0.01)["x_end"][0]
    for h in [0.01] * 100 + [0.005]:
        x = formula(lambda z: lorenz_rate(z, p), x, h)
    np.testing.assert_allclose(found, x, rtol=1e-11)


@pytest.mark.parametrize(("name", "order"), [("dopri5", 5), ("rk4", 4), ("heun", 2), ("euler", 1)])
def test_order(name: str, order: int) -> None:
    """The error falls with the order of the method as the step is halved; the outputs lie between steps."""
    p, x, times = params_of("lorenz"), [1.0, 2.0, 20.0], np.linspace(0, 0.5, 12)
    tight = run("lorenz", p, NOTHING, times, x0=x, rtol=1e-13, atol=1e-13)["x_end"][0]
    errors = []
    for step in (0.02, 0.01, 0.005, 0.0025):
        end = run("lorenz", p, NOTHING, times, x0=x, method=METHODS[name], step=step)["x_end"][0]
        errors.append(np.abs(end - tight).max())
    slopes = np.diff(np.log2(errors))
    np.testing.assert_allclose(slopes[-1], -order, atol=0.25)


def test_outputs_between_steps() -> None:
    """A cubic through both ends of a step: of the order of the classical method."""
    p, x, times = params_of("lorenz"), [1.0, 2.0, 20.0], np.sort(np.random.default_rng(1).uniform(0, 1, 50))
    tight = run("lorenz", p, NOTHING, times, x0=x, rtol=1e-13, atol=1e-13)["y"]
    errors = [
        np.abs(run("lorenz", p, NOTHING, times, x0=x, method=METHODS["rk4"], step=h)["y"] - tight).max()
        for h in (0.01, 0.005)
    ]
    assert errors[0] < 2e-3
    assert 3.4 < np.log2(errors[0] / errors[1]) < 4.6


def test_outputs_change_no_step() -> None:
    p, x = params_of("lorenz"), [1.0, 2.0, 20.0]
    few = run("lorenz", p, NOTHING, [2.0], x0=x, method=METHODS["rk4"], step=0.01)["x_end"]
    many = run("lorenz", p, NOTHING, np.linspace(0, 2, 777), x0=x, method=METHODS["rk4"], step=0.01)["x_end"]
    np.testing.assert_array_equal(few, many)


@pytest.mark.parametrize("name", [*FIXED, "dopri5"])
def test_doses_and_infusions(name: str) -> None:
    """The linear part is stepped, events fall between steps, an infusion flows."""
    plan = actions((0.0, ON, 0, 3.0), (7.5, OFF, 0, 3.0), (30.1, BOLUS, 0, 5.0))
    times = np.array([0.3, 1.0, 7.5, 30.1, 48.0])
    tight = run("hamberg2010", params_of("hamberg2010"), plan, times, rtol=1e-12, atol=1e-13)["y"]
    found = run("hamberg2010", params_of("hamberg2010"), plan, times, method=METHODS[name], step=0.01)["y"]
    tolerance = {"euler": 1e-2, "heun": 1e-4}.get(name, 1e-7)
    np.testing.assert_allclose(found, tight, rtol=tolerance, atol=tolerance)


def test_a_wild_lane_ends_alone() -> None:
    """Steps beyond the border of stability: the lane ends with a status, the others keep their bits."""
    rows = np.tile(params_of("lorenz"), (40, 1))
    options: dict[str, Any] = {
        "x0": np.tile([1.0, 2.0, 20.0], (40, 1)),
        "step": 0.01,
        "method": METHODS["rk4"],
    }
    good = run("lorenz", rows, NOTHING, [0.0, 5.0], **options)
    rows[7, 0] = 1e5
    found = run("lorenz", rows, NOTHING, [0.0, 5.0], **options)
    assert found["status"][7] == _core.STATUS["NOT_FINITE"][0] and 0 < found["stop"][7] < 5
    assert np.isnan(found["y"][7, 1]).all() and np.isfinite(found["y"][7, 0]).all()
    others = np.arange(40) != 7
    assert not found["status"][others].any()
    np.testing.assert_array_equal(found["y"][others], good["y"][others])


def test_too_many_steps() -> None:
    found = run(
        "lorenz", params_of("lorenz"), NOTHING, [5.0], method=METHODS["rk4"], step=0.01, max_steps=100
    )
    assert found["status"][0] == _core.STATUS["STEP_LIMIT"][0]


@pytest.mark.parametrize("step", [0.0, -1.0, np.nan, np.inf])
def test_a_step_that_is_none(step: float) -> None:
    with pytest.raises(ValueError, match="argument"):
        run("lorenz", params_of("lorenz"), NOTHING, [5.0], method=METHODS["rk4"], step=step)


def test_dopri5_with_a_step_by_name() -> None:
    free = Model("lorenz").simulate([0.5], method="dopri5", rtol=1e-12, atol=1e-12).y
    fixed = Model("lorenz").simulate([0.5], method="dopri5", step=0.001).y
    np.testing.assert_allclose(fixed, free, rtol=1e-10)
    assert (fixed != free).any()


@pytest.mark.parametrize("name", [*FIXED, "dopri5"])
def test_bits_of_batches_threads_and_order(name: str) -> None:
    """The same lanes alone, in a batch, in another order, by two threads."""
    n, times = 100, np.linspace(0, 30, 7)
    rows = params_of("hamberg2010") * np.exp(0.2 * np.random.default_rng(5).standard_normal((n, 11)))
    options: dict[str, Any] = {"method": METHODS[name], "step": 0.1}
    plan = daily(5, 2)
    all_ = run("hamberg2010", rows, plan, times, **options)["y"]
    order = np.random.default_rng(6).permutation(n)
    assert all_.tobytes() == run("hamberg2010", rows, plan, times, threads=2, **options)["y"].tobytes()
    assert all_[order].tobytes() == run("hamberg2010", rows[order], plan, times, **options)["y"].tobytes()
    for lane in (0, 17, 99):
        alone = run("hamberg2010", rows[lane], plan, times, **options)["y"]
        assert all_[lane].tobytes() == alone.tobytes()
