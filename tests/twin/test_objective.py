"""Objective: shares of time by linear interpolation, against a fine grid and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from pytwin.errors import InputError
from pytwin.model import Objective, Plan

GOAL = Objective().time_in("INR", 2, 3).harm("INR", above=4, weight=3).harm("INR", below=1.5, weight=1)


def evaluate(goal, y, times=None, plans=None):
    y = np.asarray(y, dtype=float).reshape(1, 1, -1) if np.ndim(y) == 1 else np.asarray(y)
    times = np.arange(y.shape[-1]) * 24.0 if times is None else times
    return goal.evaluate(times, {"INR": y}, plans or [Plan("p")] * len(y))


def test_by_hand():
    # From 1 to 3 in a day: half of it in range, a quarter below 1.5.
    utility = evaluate(GOAL, [1.0, 3.0])
    assert utility.terms["INR 2 to 3"][0, 0] == pytest.approx(0.5)
    assert utility.terms["INR below 1.5"][0, 0] == pytest.approx(-0.25)
    assert utility.terms["INR above 4"][0, 0] == 0
    assert utility.total[0, 0] == pytest.approx(0.25)


@pytest.mark.parametrize(("level", "share"), [(2.5, 1.0), (2.0, 1.0), (3.0, 1.0), (3.5, 0.0), (1.9, 0.0)])
def test_constant_values_and_the_bounds(level, share):
    assert evaluate(Objective().time_in("INR", 2, 3), [level] * 4).total[0, 0] == share


def test_against_a_fine_grid():
    rng = np.random.default_rng(3)
    y = rng.uniform(1, 5, (2, 7, 11))
    times = np.cumsum(rng.uniform(5, 40, 11))
    utility = evaluate(GOAL, y, times)
    fine = np.linspace(times[0], times[-1], 200_001)
    for p in range(2):
        for d in range(7):
            z = np.interp(fine, times, y[p, d])
            by_grid = ((z >= 2) & (z <= 3)).mean() - 3 * (z > 4).mean() - (z < 1.5).mean()
            assert utility.total[p, d] == pytest.approx(by_grid, abs=1e-3)


def test_terms_add_up_to_the_total():
    plans = [Plan("p").visit(["3 d", "7 d"]), Plan("q")]
    y = np.random.default_rng(1).uniform(1, 5, (2, 4, 31))
    utility = evaluate(GOAL.burden(visits=0.1), y, plans=plans)
    assert np.allclose(sum(utility.terms.values()), utility.total)
    assert np.allclose(utility.terms["burden"][:, 0], [-0.1 * 2 / 30, 0])


def test_a_window_leaves_the_start_out():
    goal = Objective().time_in("INR", 2, 3, since="2 d")
    assert evaluate(goal, [1.0, 1.0, 2.5, 2.5]).total[0, 0] == 1.0


def test_changes_of_dose_are_a_burden():
    plan = Plan("p").dose("warfarin", 10, every=24, until="2 d").dose("warfarin", 5, every=24, start="2 d")
    goal = Objective().time_in("INR", 2, 3).burden(changes=1.0)
    assert evaluate(goal, [2.5] * 11, plans=[plan]).terms["burden"][0, 0] == pytest.approx(-0.1)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Objective().time_in("INR", 3, 2),
        lambda: Objective().harm("INR"),
        lambda: Objective().harm("INR", above=4, below=1),
        lambda: evaluate(Objective(), [1.0, 2.0]),
        lambda: evaluate(Objective().time_in("INR", 2, 3), [1.0]),
    ],
)
def test_what_is_refused(make):
    with pytest.raises(InputError, match="objective"):
        make()
