"""Pure delays: against a closed form, against the method of steps on polynomials, and what can go wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pytwin import _core
from pytwin.reference import delay

from .conftest import Array, actions, params_of, run

pytestmark = pytest.mark.core

LINEAR, CELLS = "linear_delay", "mackey_glass"
NOTHING = actions()
TIMES = np.linspace(0.0, 10.0, 41)
ROWS = np.array([[1.0, 1.0], [0.5, 1.3], [2.0, 0.7]])


def values(model: str, params: Array, times: Any = TIMES, plan: Any = NOTHING, **options: Any) -> Array:
    found = run(model, params, plan, times, **options)
    assert not found["status"].any()
    return np.asarray(found["y"][:, :, 0])


@pytest.mark.parametrize("tolerance", [1e-4, 1e-6, 1e-8, 1e-10, 1e-12])
def test_a_closed_form(tolerance: float) -> None:
    expected = [delay.linear_delay(TIMES, *row) for row in ROWS]
    got = values(LINEAR, ROWS, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(got, expected, rtol=0, atol=20 * tolerance)


def test_the_method_of_steps() -> None:
    """Chaos makes a hundredfold of an error until 200."""
    times = np.linspace(0, 200, 41)
    expected = delay.mackey_glass(times)
    got = values(CELLS, params_of(CELLS), times, rtol=1e-13, atol=1e-14)[0]
    np.testing.assert_allclose(got, expected, rtol=1e-11)


def test_steps_end_where_derivatives_jump() -> None:
    """The solution is a polynomial of degree k up to k delays: no error in steps before 4."""
    got = values(LINEAR, ROWS[:1], rtol=1e-3, atol=1e-3)[0]
    early = TIMES <= 4
    np.testing.assert_allclose(got[early], delay.linear_delay(TIMES[early]), rtol=0, atol=1e-13)


def test_a_jump_comes_back_after_the_delay() -> None:
    at, size = 0.37, 2.5
    plan = actions((at, _core.ACTION_EVENT, 0, size))
    got = values(LINEAR, ROWS[:1], plan=plan, rtol=1e-11, atol=1e-11)[0]
    answer = np.array([delay.answer(t - at, 1.0, 1.0) if t > at else 0.0 for t in TIMES])
    np.testing.assert_allclose(got, delay.linear_delay(TIMES) + size * answer, atol=1e-9)


def test_jumps_that_meet() -> None:
    """A kick at each delay: jumps and what comes back of the earlier ones fall together."""
    plan = actions(*((float(k), _core.ACTION_EVENT, 0, 1.0) for k in range(1, 6)))
    got = values(LINEAR, ROWS[:1], plan=plan, rtol=1e-11, atol=1e-11)[0]
    expected = delay.linear_delay(TIMES)
    for k in range(1, 6):
        expected += [delay.answer(t - k, 1.0, 1.0) if t > k else 0.0 for t in TIMES]
    np.testing.assert_allclose(got, expected, atol=1e-9)


def test_a_reset_forgets_the_past() -> None:
    plan = actions((3.3, _core.ACTION_RESET, 0, 0.0))
    got = values(LINEAR, ROWS[:1], plan=plan, rtol=1e-11, atol=1e-11)[0]
    expected = np.where(
        TIMES <= 3.3, delay.linear_delay(TIMES), delay.linear_delay(np.maximum(TIMES - 3.3, 0))
    )
    np.testing.assert_allclose(got, expected, atol=1e-9)


def test_the_past_is_the_given_state() -> None:
    got = values(LINEAR, ROWS[:1], x0=[[3.0]], rtol=1e-11, atol=1e-11)[0]
    np.testing.assert_allclose(got, 3 * delay.linear_delay(TIMES), atol=1e-9)


def test_a_delay_that_changes() -> None:
    """From 2 on half the delay: x' = -x(t - 1/2), with x on [1.5, 2] that of the closed form."""
    plan = actions((2.0, _core.ACTION_PARAM, 1, 0.5))
    got = values(LINEAR, ROWS[:1], [1.5, 2.0, 2.25], plan, rtol=1e-12, atol=1e-12)[0]
    s = np.linspace(1.5, 1.75, 2001)
    past = delay.linear_delay(s)
    integral = float(np.sum((past[1:] + past[:-1]) / 2 * np.diff(s)))
    expected = [*delay.linear_delay(np.array([1.5, 2.0])), delay.linear_delay(np.array([2.0]))[0] - integral]
    np.testing.assert_allclose(got, expected, atol=1e-8)


def test_a_threshold_is_found() -> None:
    row = np.zeros(1, dtype=_core.TRIGGER_DTYPE)
    row["threshold"], row["direction"], row["kind"] = 0.25, -1, _core.ACTION_STOP
    found = run(LINEAR, ROWS[0], NOTHING, [5.0], triggers=row)
    np.testing.assert_allclose(found["stop"], 0.75, rtol=1e-13)  # x = 1 - t


@pytest.mark.parametrize("tau", [0.0, -1.0])
def test_a_delay_that_is_not_positive_fails_its_lane(tau: float) -> None:
    rows = np.array([[1.0, 1.0], [1.0, tau], [1.0, 2.0]])
    found = run(LINEAR, rows, NOTHING, TIMES)
    assert found["status"].tolist() == [0, _core.STATUS["BAD_ARGUMENT"][0], 0]
    alone = run(LINEAR, rows[:1], NOTHING, TIMES)
    np.testing.assert_array_equal(found["y"][0], alone["y"][0])


def test_a_past_that_does_not_fit_fails_its_lane() -> None:
    rows = np.array([[1.0, 5.0], [1.0, 0.5]])
    often = actions(*((0.05 * k, _core.ACTION_EVENT, 0, 1e-3) for k in range(1, 400)))
    found = run(LINEAR, rows, often, np.linspace(0, 20, 5), history=64, rtol=1e-6, atol=1e-6)
    assert found["status"].tolist() == [_core.STATUS["HISTORY_FULL"][0], 0]
    assert 0 < found["stop"][0] < 20


def test_lanes_do_not_touch_each_other() -> None:
    n = 37
    rows = np.column_stack([np.linspace(0.3, 2, n), np.linspace(2, 0.4, n)])
    plan = actions((0.4, _core.ACTION_EVENT, 0, 0.5), (3.0, _core.ACTION_PARAM, 0, 1.1))
    whole = run(LINEAR, rows, plan, TIMES)
    order = np.random.default_rng(4).permutation(n)
    for name in ("y", "x_end"):
        np.testing.assert_array_equal(whole[name][order], run(LINEAR, rows[order], plan, TIMES)[name])
        np.testing.assert_array_equal(whole[name], run(LINEAR, rows, plan, TIMES, threads=3)[name])
        for i in (0, 20, 36):
            np.testing.assert_array_equal(whole[name][i], run(LINEAR, rows[i], plan, TIMES)[name][0])


def test_no_memory(no_leak: None, failed_allocations: Any) -> None:
    model = _core.Model(LINEAR)
    row = np.zeros(1, dtype=_core.TRIGGER_DTYPE)
    row["kind"] = _core.ACTION_STOP
    where = (NOTHING, [0, 0], TIMES, None, [0, 0, 0])
    assert failed_allocations(lambda: model.simulate(ROWS, None, 0.0, *where, triggers=row)) > 3
