"""Events of the organs: named jumps of the states that a schedule asks for."""

from __future__ import annotations

import numpy as np
import pytest

from pytwin import _core

from .conftest import actions, params_of, run

pytestmark = pytest.mark.core

G, HEIGHT = 9.81, 1.0
BOUNCE, KICK = 0, 1


def fall(t: float, height: float, speed: float) -> tuple[float, float]:
    return height + speed * t - 0.5 * G * t * t, speed - G * t


def test_a_jump_at_an_exact_time() -> None:
    plan = actions((0.25, _core.ACTION_EVENT, KICK, 3.0))
    times = [0.1, 0.25, 0.3, 0.5]
    y = run("bouncing_ball", params_of("bouncing_ball", g=G), plan, times)["y"][0]
    height, speed = fall(0.25, HEIGHT, 0.0)
    expected = [fall(0.1, HEIGHT, 0.0), (height, speed)]
    expected += [fall(t - 0.25, height, speed + 3.0) for t in times[2:]]
    np.testing.assert_allclose(y, expected, rtol=1e-12)


def test_parameters_of_the_instant_hold_for_the_jump() -> None:
    plan = actions((0.25, _core.ACTION_PARAM, 1, 0.5), (0.25, _core.ACTION_EVENT, BOUNCE, 0.0))
    y = run("bouncing_ball", params_of("bouncing_ball", g=G, e=0.9), plan, [0.25, 0.3])["y"][0]
    np.testing.assert_allclose(y[1], fall(0.05, 0.0, 0.5 * G * 0.25), rtol=1e-12)


def test_a_lane_alone() -> None:
    """A jump in one lane touches no other: each lane of a batch has the bits it has alone."""
    rows = params_of("bouncing_ball") * np.linspace(0.5, 1, 37)[:, None]
    plans = [actions((0.01 * i, _core.ACTION_EVENT, KICK, float(i))) for i in range(37)]
    model, times = _core.Model("bouncing_ball"), np.linspace(0, 0.6, 13)
    every = np.arange(37)
    together = model.simulate(rows, None, 0.0, np.concatenate(plans), np.arange(38), times, every, every)
    for i in (0, 5, 36):
        alone = model.simulate(rows[i : i + 1], None, 0.0, plans[i], [0, 1], times)
        np.testing.assert_array_equal(together["y"][i], alone["y"][0])


def test_an_event_that_is_not_there() -> None:
    for model, index in (("bouncing_ball", 2), ("hamberg2010", 0)):
        with pytest.raises(ValueError, match="out of its domain"):
            run(model, params_of(model), actions((0.0, _core.ACTION_EVENT, index, 0.0)), [1.0])
