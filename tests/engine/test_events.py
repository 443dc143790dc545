"""Events: at exact times, in the order covariate, observation, reset, infusion end, dose."""

from __future__ import annotations

import numpy as np
import pytest

from pytwin import _core

from .conftest import actions, by_name, daily, params_of, run

pytestmark = pytest.mark.core

MODEL = "hamberg2010"
NAMES = [f["name"] for f in _core.Model(MODEL).params]
BOLUS, ON, OFF = _core.ACTION_BOLUS, _core.ACTION_INFUSION_ON, _core.ACTION_INFUSION_OFF
PARAM, SCALE, RESET = _core.ACTION_PARAM, _core.ACTION_SCALE, _core.ACTION_RESET


def depot_infusion(p: dict[str, float], rate: float, length: float, t: float) -> float:
    """Amount in the body at t of a constant inflow into the depot from 0 to length (closed form)."""
    ka, ke = p["ka"], p["CL"] / p["V"]

    def rising(s: float) -> float:  # both inflow and depot since 0
        s = max(s, 0.0)
        return rate * ((1 - np.exp(-ke * s)) / ke - (np.exp(-ke * s) - np.exp(-ka * s)) / (ka - ke))

    return rising(t) - rising(t - length)


def test_output_at_a_dose_is_the_one_before_it() -> None:
    found = run(MODEL, params_of(MODEL, ka=2.0), daily(5, 3), [0.0, 24.0, 48.0])
    later = run(MODEL, params_of(MODEL, ka=2.0), daily(5, 2), [0.0, 24.0, 48.0])
    np.testing.assert_array_equal(found["y"], later["y"])
    assert found["y"][0, 0, 0] == 0


def test_bioavailability_scales_a_dose() -> None:
    half = run(MODEL, params_of(MODEL, F=0.5), daily(10, 3), [70.0])
    whole = run(MODEL, params_of(MODEL, F=1.0), daily(5, 3), [70.0])
    np.testing.assert_array_equal(half["y"], whole["y"])


def test_infusion_against_its_closed_form() -> None:
    row = params_of(MODEL, F=0.8)
    p = by_name(MODEL, row)
    plan = actions((0.0, ON, 0, 3.0), (7.5, OFF, 0, 3.0))
    times = np.array([1.0, 7.5, 8.0, 30.0])
    found = run(MODEL, row, plan, times)["y"][0, :, 0] * p["V"]
    expected = [depot_infusion(p, 0.5 * 0.8 * 3.0, 7.5, t) for t in times]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_two_infusions_overlap_and_end_to_end() -> None:
    row = params_of(MODEL)
    p = by_name(MODEL, row)
    overlapping = actions((0.0, ON, 0, 1.0), (10.0, OFF, 0, 1.0), (4.0, ON, 0, 2.0), (10.0, OFF, 0, 2.0))
    found = run(MODEL, row, overlapping, [40.0])["y"][0, 0, 0] * p["V"]
    expected = depot_infusion(p, 0.5, 10, 40) + depot_infusion(p, 1.0, 6, 36)
    assert found == pytest.approx(expected, rel=1e-12)
    chained = actions((0.0, ON, 0, 1.0), (5.0, OFF, 0, 1.0), (5.0, ON, 0, 1.0), (9.0, OFF, 0, 1.0))
    single = actions((0.0, ON, 0, 1.0), (9.0, OFF, 0, 1.0))
    a, b = (run(MODEL, row, plan, [20.0])["y"][0, 0] for plan in (chained, single))
    np.testing.assert_allclose(a, b, rtol=1e-10)


def test_a_covariate_acts_before_the_observation_and_doses_after() -> None:
    base = NAMES.index("BASE")
    plan = actions((24.0, PARAM, base, 2.0), (24.0, BOLUS, 0, 5.0), (36.0, SCALE, base, 1.5))
    found = run(MODEL, params_of(MODEL), plan, [23.0, 24.0, 35.0, 36.0])["y"][0]
    assert found[0, 1] == pytest.approx(1.0, abs=1e-12)
    assert found[1, 1] == pytest.approx(2.0, abs=1e-12) and found[1, 0] == 0
    assert found[3, 1] - found[2, 1] == pytest.approx(1.0, abs=0.01)


def test_a_changed_clearance_is_followed_exactly() -> None:
    row = params_of(MODEL)
    p = by_name(MODEL, row)
    ka, V = p["ka"], p["V"]
    plan = actions((0.0, BOLUS, 0, 10.0), (12.0, PARAM, NAMES.index("CL"), 0.7))
    found = run(MODEL, row, plan, [12.0, 30.0])["y"][0, :, 0] * V
    k1, k2 = p["CL"] / V, 0.7 / V
    depot, body = 5 * np.exp(-12 * ka), 5 * ka / (ka - k1) * (np.exp(-12 * k1) - np.exp(-12 * ka))
    after = body * np.exp(-18 * k2) + depot * ka / (ka - k2) * (np.exp(-18 * k2) - np.exp(-18 * ka))
    np.testing.assert_allclose(found, [body, after], rtol=1e-12)


def test_scales_multiply_and_come_back() -> None:
    clearance = NAMES.index("CL")
    there = actions((10.0, SCALE, clearance, 2.0), (20.0, SCALE, clearance, 0.5), (0.0, BOLUS, 0, 5.0))
    set_ = actions((10.0, PARAM, clearance, 0.696), (20.0, PARAM, clearance, 0.348), (0.0, BOLUS, 0, 5.0))
    a, b = (run(MODEL, params_of(MODEL, CL=0.348), plan, [15.0, 50.0])["y"] for plan in (there, set_))
    np.testing.assert_allclose(a, b, rtol=1e-13)


def test_reset_empties_states_and_ends_infusions() -> None:
    plan = actions((0.0, BOLUS, 0, 50.0), (0.0, ON, 0, 1.0), (48.0, RESET, 0, 0.0), (48.0, BOLUS, 0, 5.0))
    found = run(MODEL, params_of(MODEL), plan, [48.0, 72.0, 100.0])["y"][0]
    fresh = run(MODEL, params_of(MODEL), daily(5, 1), [24.0, 52.0])["y"][0]
    assert found[0, 1] > 1.5
    np.testing.assert_allclose(found[1:], fresh, rtol=1e-9)


def test_actions_before_the_start_hold_but_their_boluses_are_past() -> None:
    plan = actions((-30.0, PARAM, NAMES.index("BASE"), 1.2), (-20.0, BOLUS, 0, 100.0), (-10.0, ON, 0, 1.0),
                   (5.0, OFF, 0, 1.0))  # fmt: skip
    same = actions((0.0, PARAM, NAMES.index("BASE"), 1.2), (0.0, ON, 0, 1.0), (5.0, OFF, 0, 1.0))
    a, b = (run(MODEL, params_of(MODEL), p, [0.0, 24.0])["y"] for p in (plan, same))
    np.testing.assert_array_equal(a, b)


def test_dense_output_cuts_no_step() -> None:
    coarse = run(MODEL, params_of(MODEL), daily(5, 10), [240.0], rtol=1e-6, atol=1e-8)
    fine = run(MODEL, params_of(MODEL), daily(5, 10), np.arange(0, 240.01, 0.25), rtol=1e-6, atol=1e-8)
    np.testing.assert_array_equal(coarse["x_end"], fine["x_end"])
    exact = run(MODEL, params_of(MODEL), daily(5, 10), np.arange(0, 240.01, 0.25), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(fine["y"], exact["y"], rtol=1e-5, atol=1e-12)


def test_repeated_output_times_and_a_start_that_is_the_end() -> None:
    found = run(MODEL, params_of(MODEL), daily(5, 3), [0.0, 0.0, 30.0, 30.0, 48.0, 48.0])["y"][0]
    np.testing.assert_array_equal(found[0::2], found[1::2])
    still = run(MODEL, params_of(MODEL), daily(5, 3), [0.0])
    assert still["y"][0, 0].tolist() == [0.0, 1.0] and still["status"][0] == 0


def test_start_from_a_given_state_continues() -> None:
    row = params_of(MODEL)
    whole = run(MODEL, row, daily(5, 10), [100.0, 240.0])
    first = run(MODEL, row, daily(5, 10), [100.0])
    second = run(MODEL, row, daily(5, 10), [240.0], start=100.0, x0=first["x_end"])
    np.testing.assert_allclose(second["y"][:, 0], whole["y"][:, 1], rtol=1e-9)


def test_a_shift_of_the_clock_changes_no_bit() -> None:
    times = np.arange(0.0, 240.1, 6.0)
    here = run(MODEL, params_of(MODEL), daily(5, 10), times)
    there = run(MODEL, params_of(MODEL), daily(5, 10, 2.0**30), times + 2.0**30, start=2.0**30)
    np.testing.assert_array_equal(here["y"], there["y"])
