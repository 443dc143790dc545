"""Triggers: outputs that cross a threshold, found to rounding, and what they set off.

The bouncing ball has a closed form; S-warfarin after one dose is a Bateman function, whose crossings a
bisection finds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pytwin import _core

from .conftest import Array, actions, daily, params_of, run

pytestmark = pytest.mark.core

G, E = 9.81, 0.9
T1 = np.sqrt(2 / G)
BALL, WARFARIN = "bouncing_ball", "hamberg2010"
HEIGHT, SPEED, BOUNCE, KICK = 0, 1, 0, 1
BOUNCING = 0  # the ball's own trigger; a schedule's are counted behind it
NOTHING = actions()
UP, DOWN, BOTH = 1, -1, 0


def triggers(*rows: dict[str, Any]) -> NDArray[Any]:
    """Triggers from what differs from zero."""
    table = np.zeros(len(rows), dtype=_core.TRIGGER_DTYPE)
    for row, values in zip(table, rows, strict=True):
        for name, value in values.items():
            row[name] = value
    return table


def kick(output: int, threshold: float, direction: int, value: float = 0.0, **more: Any) -> dict[str, Any]:
    return dict(
        output=output, threshold=threshold, direction=direction, value=value,
        kind=_core.ACTION_EVENT, index=KICK, **more,
    )  # fmt: skip


def ball(times: Any, *rows: dict[str, Any], plan: NDArray[Any] = NOTHING, **values: Any) -> dict[str, Any]:
    e = values.pop("e", E)
    return run(BALL, params_of(BALL, g=G, e=e), plan, times, triggers=triggers(*rows), **values)


def fired(found: dict[str, Any], trigger: int | None = None, lane: int = 0) -> Array:
    """Times at which a trigger fired; of all: None."""
    times, which = found["fired_time"][lane], found["fired_trigger"][lane]
    keep = which >= 0 if trigger is None else which == trigger
    return np.asarray(times[keep])


def bounces(n: int, e: float = E) -> Array:
    return np.asarray(T1 + 2 * T1 * np.concatenate([[0.0], np.cumsum(e ** np.arange(1, n))]))


def ball_at(t: Array, e: float = E, n: int = 400) -> Array:
    """Height and speed at t, shape (T, 2), by the closed form."""
    start = np.concatenate([[0.0], bounces(n, e)])
    k = np.searchsorted(start, t, side="right") - 1
    s = t - start[k]
    speed = np.where(k == 0, 0.0, G * T1 * e ** np.maximum(k, 1))
    height = np.where(k == 0, 1.0, 0.0)
    return np.stack([height + speed * s - 0.5 * G * s * s, speed - G * s], axis=1)


@pytest.mark.parametrize("tolerance", [1e-3, 1e-6, 1e-9, 1e-12])
def test_the_ball_bounces_where_it_should(tolerance: float) -> None:
    times = np.linspace(0, 8.4, 85)
    found = ball(times, rtol=tolerance, atol=tolerance, kept=200)
    assert found["n_fired"][0] > 30
    np.testing.assert_allclose(fired(found), bounces(found["n_fired"][0]), rtol=1e-13)
    np.testing.assert_allclose(found["y"][0], ball_at(times), rtol=1e-11, atol=1e-11)


def test_bounces_that_pile_up_end_in_a_status() -> None:
    found = ball([0.5, 20.0], kept=1000)
    limit = T1 * (1 + E) / (1 - E)
    assert found["status"][0] == _core.STATUS["EVENT_LIMIT"][0]
    np.testing.assert_allclose(found["stop"][0], limit, rtol=1e-9)
    assert np.isfinite(found["y"][0, 0]).all() and np.isnan(found["y"][0, 1]).all()
    n = int(found["n_fired"][0])
    assert 200 < n < 400
    np.testing.assert_allclose(fired(found), bounces(n), rtol=1e-12)


def test_firings_beyond_the_kept_ones_are_counted() -> None:
    found = ball([3.0], kept=2)
    assert found["n_fired"][0] == np.sum(bounces(50) < 3.0) > 2
    np.testing.assert_allclose(found["fired_time"][0], bounces(2), rtol=1e-13)


def test_a_start_on_the_threshold_does_not_fire() -> None:
    """The speed is 0 at the start and falls: it fires at the tops of the bounces alone."""
    found = ball([5.0], kick(SPEED, 0.0, BOTH), kick(SPEED, 0.0, DOWN), kick(SPEED, 0.0, UP))
    floor = bounces(20)
    tops = floor + T1 * E ** np.arange(1, 21)
    tops, floor = tops[tops < 5], floor[floor < 5]
    np.testing.assert_allclose(fired(found, 2), tops, rtol=1e-13)
    np.testing.assert_allclose(fired(found, 3), floor, rtol=1e-13)  # the bounce turns the speed round
    np.testing.assert_allclose(fired(found, 1), np.sort(np.concatenate([tops, floor])), rtol=1e-13)


def test_a_threshold_that_the_start_is_beyond() -> None:
    """Above 0.5 from the start: the first time upwards is after the first bounce."""
    found = ball([1.2], kick(HEIGHT, 0.5, UP))
    v = G * T1 * E
    np.testing.assert_allclose(fired(found, 1), [T1 + (v - np.sqrt(v * v - G)) / G], rtol=1e-13)


def test_once_and_rest() -> None:
    free = fired(ball([8.0], kick(SPEED, 0.0, DOWN)), 1)
    np.testing.assert_array_equal(fired(ball([8.0], kick(SPEED, 0.0, DOWN, once=1)), 1), free[:1])
    rested = fired(ball([8.0], kick(SPEED, 0.0, DOWN, refractory=1.0)), 1)
    expected = [free[0]]
    for t in free[1:]:
        if t >= expected[-1] + 1.0:
            expected.append(t)
    np.testing.assert_allclose(rested, expected, rtol=1e-13)


def test_priority_decides_who_is_first() -> None:
    """At the floor: the ball's own bounce has priority 0."""
    v = -G * T1
    for priority, after in ((-1, -E * (v + 3.0)), (1, -E * v + 3.0)):
        found = ball([T1 + 0.01], kick(HEIGHT, 0.0, DOWN, 3.0, priority=priority))
        assert list(found["fired_trigger"][0, :2]) == ([1, 0] if priority < 0 else [0, 1])
        assert found["fired_time"][0, 0] == found["fired_time"][0, 1]
        np.testing.assert_allclose(found["y"][0, 0, SPEED], after - G * 0.01, rtol=1e-12)


def test_delay() -> None:
    found = ball([0.6, 0.7], kick(HEIGHT, 0.5, DOWN, 2.0, delay=0.3, once=1))
    t = np.sqrt(1 / G)
    np.testing.assert_allclose(fired(found, 1), [t], rtol=1e-13)
    speed = ball_at(np.array([0.6, 0.7]))[:, 1]
    np.testing.assert_allclose(found["y"][0, :, SPEED], speed + [0, 2], rtol=1e-12)


def test_stop_ends_a_lane_with_success() -> None:
    times = [0.0, 1.0, 2.0]
    found = ball(times, dict(output=SPEED, direction=DOWN, kind=_core.ACTION_STOP))
    top = T1 + T1 * E
    assert found["status"][0] == 0
    np.testing.assert_allclose(found["stop"][0], top, rtol=1e-13)
    np.testing.assert_allclose(found["x_end"][0], [E * E, 0], atol=1e-12)
    assert np.isfinite(found["y"][0]).all(axis=1).tolist() == [True, top >= 1.0, False]


def test_a_parameter_is_set() -> None:
    """Half the gravity from the first top on."""
    row = dict(output=SPEED, direction=DOWN, kind=_core.ACTION_PARAM, index=0, value=G / 2, once=1)
    times = np.array([0.2, T1 + T1 * E + 0.1])
    found = ball(times, row)
    expected = [1 - 0.5 * G * 0.04, E * E - 0.25 * G * 0.01]
    np.testing.assert_allclose(found["y"][0, :, HEIGHT], expected, rtol=1e-12)


def test_an_event_that_jumps_over_a_threshold_fires_at_once() -> None:
    plan = actions((0.2, _core.ACTION_EVENT, KICK, 20.0))
    found = ball([0.3], kick(SPEED, 10.0, UP, 1.0), plan=plan)
    np.testing.assert_array_equal(fired(found), [0.2])
    np.testing.assert_allclose(found["y"][0, 0, SPEED], 21 - 0.3 * G, rtol=1e-13)


def test_a_chain_at_one_instant_ends_in_a_status() -> None:
    """Kicks up and down that call each other without time going on."""
    up, down = kick(SPEED, -1.0, DOWN, 30.0), kick(SPEED, 10.0, UP, -30.0)
    found = ball([1.0], up, down, e=0.0)
    assert found["status"][0] == _core.STATUS["EVENT_LIMIT"][0]
    np.testing.assert_allclose(found["stop"][0], 1 / G, rtol=1e-12)


def bateman(t: float, dose: float, p: dict[str, float]) -> float:
    ke = p["CL"] / p["V"]
    return dose / p["V"] * p["ka"] / (p["ka"] - ke) * (np.exp(-ke * t) - np.exp(-p["ka"] * t))


def bisect(f: Callable[[float], float], below: float, above: float) -> float:
    for _ in range(100):
        middle = (below + above) / 2
        below, above = (below, middle) if f(middle) > 0 else (middle, above)
    return below


def test_a_linear_part_is_sampled() -> None:
    """The concentration rises over 0.3 mg/L and falls under it, while nothing limits the step."""
    p = {"ka": 2.0, "CL": 0.348, "V": 14.3}
    row = dict(output=0, threshold=0.3, kind=_core.ACTION_SCALE, index=0, value=1.0)
    found = run(WARFARIN, params_of(WARFARIN, **p), daily(10, 1), [1000.0], triggers=triggers(row))
    expected = [bisect(lambda t: bateman(t, 5.0, p) - 0.3, a, b) for a, b in ((0.0, 2.0), (90.0, 3.0))]
    np.testing.assert_allclose(fired(found), expected, rtol=1e-11)


def test_the_time_is_that_of_a_tight_run() -> None:
    row = dict(output=1, threshold=2.0, direction=UP, kind=_core.ACTION_STOP)
    tight = run(
        WARFARIN, params_of(WARFARIN), daily(7.5, 30), [720.0], triggers=triggers(row), rtol=1e-13, atol=1e-15
    )
    for tolerance in (1e-6, 1e-8, 1e-10):
        found = run(
            WARFARIN, params_of(WARFARIN), daily(7.5, 30), [720.0], triggers=triggers(row),
            rtol=tolerance, atol=tolerance * 1e-2,
        )  # fmt: skip
        np.testing.assert_allclose(found["stop"], tight["stop"], rtol=100 * tolerance)
        y = _core.Model(WARFARIN).output(found["stop"], found["x_end"], params_of(WARFARIN)[None])
        np.testing.assert_allclose(y[0, 1], 2.0, rtol=1e-14)


def test_a_bolus_and_a_reset_are_set_off() -> None:
    """Where the INR comes to 2 the lane starts anew, and where the body is empty a dose is given."""
    reset = dict(output=1, threshold=2.0, direction=UP, kind=_core.ACTION_RESET, once=1)
    dose = dict(output=0, threshold=1e-3, direction=DOWN, kind=_core.ACTION_BOLUS, index=0, value=10.0)
    times = np.arange(0.0, 241.0, 24.0)
    found = run(WARFARIN, params_of(WARFARIN), daily(20, 5), times, triggers=triggers(reset, dose), kept=20)
    first, second = fired(found)[:2]
    assert list(found["fired_trigger"][0, :2]) == [0, 1] and first == second  # the reset empties the body
    later = times[times > first]
    plan = daily(20, 5)
    plan = plan[plan["time"] > first]
    plan = actions((first, _core.ACTION_BOLUS, 0, 10.0), *[tuple(a) for a in plan])  # type: ignore[arg-type]
    alone = run(WARFARIN, params_of(WARFARIN), plan, later, start=float(first))
    np.testing.assert_allclose(found["y"][0, times > first], alone["y"][0], rtol=1e-8)


def many(n: int = 37) -> tuple[Array, Array]:
    row = np.linspace(0, 1, n)
    p = np.tile(params_of(BALL, g=G, e=E), (n, 1))
    p[:, 0] *= 0.5 + row
    p[:, 1] = 0.3 + 0.6 * row
    return p, np.linspace(0.0, 1.6, 9)


def test_lanes_do_not_touch_each_other() -> None:
    p, times = many()
    table = triggers(kick(SPEED, 0.0, DOWN, 0.5, refractory=0.1), kick(HEIGHT, 0.4, BOTH, -0.1, delay=0.05))
    names = ("y", "x_end", "status", "stop", "n_fired", "fired_time", "fired_trigger")
    whole = run(BALL, p, NOTHING, times, triggers=table)
    order = np.random.default_rng(3).permutation(len(p))
    shuffled = run(BALL, p[order], NOTHING, times, triggers=table)
    threaded = run(BALL, p, NOTHING, times, triggers=table, threads=3)
    assert len(set(whole["n_fired"])) > 3
    for name in names:
        np.testing.assert_array_equal(whole[name][order], shuffled[name])
        np.testing.assert_array_equal(whole[name], threaded[name])
        for i in (0, 17, 36):
            alone = run(BALL, p[i], NOTHING, times, triggers=table)
            np.testing.assert_array_equal(whole[name][i], alone[name][0])


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (dict(output=2, kind=_core.ACTION_STOP), "out of its domain"),
        (dict(output=0, kind=99), "out of its domain"),
        (dict(output=0, kind=_core.ACTION_EVENT, index=2), "out of its domain"),
        (dict(output=0, kind=_core.ACTION_STOP, direction=2), "out of its domain"),
        (dict(output=0, kind=_core.ACTION_STOP, delay=-1.0), "out of its domain"),
        (dict(output=0, kind=_core.ACTION_STOP, refractory=-1.0), "out of its domain"),
        (dict(output=0, kind=_core.ACTION_STOP, threshold=np.nan), "infinite or not a number"),
    ],
)
def test_triggers_that_do_not_fit(row: dict[str, Any], what: str) -> None:
    with pytest.raises(ValueError, match=rf"triggers\[1\] of plan 0: .*{what}"):
        ball([1.0], dict(output=0, kind=_core.ACTION_STOP), row)


def test_too_many_triggers() -> None:
    with pytest.raises(ValueError, match="lengths do not fit"):
        ball([1.0], *[dict(output=0, kind=_core.ACTION_STOP)] * 16)


def closed(t: float, g: complex, e: complex, h: complex) -> tuple[complex, complex, int]:
    """Height and speed of the ball from rest at h, and the number of bounces before t."""
    fall = np.sqrt(2 * h / g)
    start, n = fall, 0
    while (start + 2 * e**n * e * fall).real <= t:
        n += 1
        start += 2 * e**n * fall
    if t < fall.real:
        return h - g * t * t / 2, -g * t, 0
    s, v = t - start, g * fall * e ** (n + 1)
    return v * s - g * s * s / 2, v - g * s, n + 1


def test_sensitivities_go_through_crossings() -> None:
    """Against the complex step on the closed form, through up to nine bounces."""
    times = [0.3, 0.6, 1.5, 3.0, 5.0]
    found = ball(times, x0=[[1.5, 0.0]], directions=np.array([0, 1, 2], dtype=np.int32))
    expected = np.zeros((len(times), 2, 3))
    for k, t in enumerate(times):
        for q in range(3):
            at = np.array([G, E, 1.5], dtype=complex)
            at[q] += 1e-30j
            height, speed, _ = closed(t, *at)
            expected[k, :, q] = height.imag / 1e-30, speed.imag / 1e-30
    assert closed(5.0, G, E, 1.5)[2] >= 5
    np.testing.assert_allclose(found["dy"][0], expected, rtol=1e-9, atol=1e-9)


def test_the_derivative_of_the_time_of_a_stop() -> None:
    """The state where INR comes to 2 depends on the clearance only along the surface INR = 2."""
    row, p = dict(output=1, threshold=2.0, direction=UP, kind=_core.ACTION_STOP), params_of(WARFARIN)
    table, clearance = triggers(row), 1

    def state(step: float) -> Array:
        rows = p.copy()
        rows[clearance] += step
        found = run(WARFARIN, rows, daily(7.5, 30), [720.0], triggers=table, rtol=1e-13, atol=1e-15)
        return np.asarray(found["x_end"][0])

    found = run(
        WARFARIN, p, daily(7.5, 30), [0.0, 720.0], triggers=table, rtol=1e-10, atol=1e-13,
        directions=np.array([clearance], dtype=np.int32),
    )  # fmt: skip
    h = 1e-4 * p[clearance]
    expected = (state(h) - state(-h)) / (2 * h)
    np.testing.assert_allclose(found["dx_end"][0, :, 0], expected, rtol=1e-5, atol=1e-8)
    assert np.isfinite(found["dy"][0, 0]).all() and np.isnan(found["dy"][0, 1]).all()
