"""filter and smooth: what goes in and comes out, and that bad input is told precisely.

That the numbers are right is tested where the core's methods are; here it is enough that they are those of
the core, that the axes are right, and that cohorts have the bits of their members.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pytwin as pt
from pytwin import _core
from pytwin.errors import ComputationError, InputError
from pytwin.estimation import METHODS, Noise

pytestmark = pytest.mark.core


def call(given: dict[str, Any], smooth: bool = False, **changes: Any) -> pt.estimation.Estimate:
    found = {**given, **changes}
    model, times, y = (found.pop(k) for k in ("model", "times", "y"))
    return (pt.estimation.smooth if smooth else pt.estimation.filter)(model, times, y, **found)


def test_the_core_is_asked_as_is(oral: dict[str, Any]) -> None:
    found = call(oral, end=60.0, Q={"CL": 1e-4})
    model, n = oral["model"], 6
    plan = oral["plan"].schedule(model, 60.1)
    raw = _core.nonlinear(
        model,
        [1, 2],
        [1, 1],
        mean=oral["x0"][None],
        cov=oral["P0"][None],
        params=model.rows()[None],
        Q=np.diag([0, 0, 1e-4, 0])[None],
        start=[0.0],
        end=[60.0],
        actions=plan.actions,
        action_offsets=[0, len(plan.actions)],
        doses=plan.doses,
        obs_time=oral["times"],
        obs_output=np.zeros(n, np.int32),
        obs_value=oral["y"][:, 0],
        obs_noise=np.ones(n, np.int8),
        obs_a=np.zeros(n),
        obs_b=np.full(n, 0.1),
        obs_censor=np.zeros(n, np.int8),
        obs_offsets=[0, n],
        trace=True,
        method="ukf",
        alpha=1.0,
        beta=2.0,
        kappa=-1.0,
    )
    np.testing.assert_array_equal(found.end_mean, raw["mean"][0])
    np.testing.assert_array_equal(found.mean, raw["filtered_mean"])
    np.testing.assert_array_equal(found.predicted_var[:, 0], raw["predicted_var"])
    assert found.loglike == raw["loglike"][0]
    assert found.loglike.shape == found.status.shape == ()


def test_a_cohort_has_the_bits_of_its_members(oral: dict[str, Any]) -> None:
    rng = np.random.default_rng(5)
    y = oral["y"] * np.exp(0.1 * rng.normal(size=(4, 6, 1)))
    lengths = [6, 3, 0, 5]
    plans = [oral["plan"], oral["plan"].dose("drug", 50, start=5), None, oral["plan"]]
    together = call(oral, True, y=y, lengths=lengths, plan=plans, threads=2)
    for i, rows in enumerate(lengths):
        alone = call(oral, True, y=y[i], lengths=[rows], plan=plans[i])
        for name in (
            "mean",
            "cov",
            "predicted",
            "smoothed_mean",
            "smoothed_cov",
            "end_mean",
            "loglike",
            "use",
        ):
            np.testing.assert_array_equal(getattr(together[i], name), getattr(alone, name), err_msg=name)
    assert np.isnan(together.mean[1, 3:]).all()
    assert together.reason[2].startswith("nothing was observed") and not together.reason[0]


def test_what_each_patient_has_of_his_own_makes_a_cohort(oral: dict[str, Any]) -> None:
    many = call(oral, x0=np.stack([oral["x0"], oral["x0"] + 0.1]))
    assert many.mean.shape == (2, 6, 4)
    np.testing.assert_array_equal(many[1].mean, call(oral, x0=oral["x0"] + 0.1).mean)
    with pytest.raises(InputError, match="2 and 3 patients"):
        call(oral, x0=np.stack([oral["x0"]] * 2), P0=np.stack([oral["P0"]] * 3))


def test_missing_elements_are_stops_or_forecasts(oral: dict[str, Any]) -> None:
    y = oral["y"].copy()
    y[2] = np.nan
    plain, ahead = call(oral, y=y), call(oral, y=y, forecast=True)
    assert np.isnan(plain.predicted[2, 0]) and np.isfinite(ahead.predicted[2, 0])
    assert plain.use[2, 0] == 0 and np.isnan(ahead.innovation[2, 0])
    np.testing.assert_array_equal(plain.mean, ahead.mean)
    assert np.isfinite(plain.mean[2]).all()


def test_nothing_observed_is_the_prior_with_a_reason(oral: dict[str, Any]) -> None:
    for y, times in ((np.full((6, 1), np.nan), oral["times"]), (np.zeros((0, 1)), [])):
        found = call(oral, y=y, times=times, end=48.0, plan=None)
        assert found.status == 0 and found.loglike == 0
        assert "prior" in found.reason
        np.testing.assert_allclose(found.end_mean[2:], oral["x0"][2:], rtol=1e-14)


def test_smoothing_says_more_than_filtering(swing: dict[str, Any]) -> None:
    found = call(swing, smooth=True)
    assert found.smoothed_mean is not None
    np.testing.assert_array_equal(found.smoothed_mean[-1], found.mean[-1])
    angle = found.names[0]
    assert (found.marginal(angle)[1][:-1] < found.marginal(angle, smoothed=False)[1][:-1] * (1 + 1e-9)).all()


def test_quantiles_are_on_the_natural_scale(oral: dict[str, Any]) -> None:
    found = call(oral)
    mean, sd = found.marginal("CL")
    np.testing.assert_allclose(found.quantiles("CL", [0.5])[:, 0], np.exp(mean), rtol=1e-15)
    np.testing.assert_allclose(found.quantiles("CL", [0.975])[:, 0], np.exp(mean + 1.959964 * sd), rtol=1e-7)
    low, high = call(oral, noise=Noise("log-additive", 0.1)).interval(0.9)
    assert (low > 0).all() and (high > low).all()


def test_order_at_one_instant(oral: dict[str, Any]) -> None:
    """The dose of an instant comes after its observation, and after the end."""
    plan = pt.Plan("two").dose("drug", 100).dose("drug", 100, start=24)
    at = call(oral, times=[24.0], y=[[2.0]], plan=plan)
    after = call(oral, times=[24.0], y=[[2.0]], plan=plan, end=np.nextafter(24.0, 25))
    assert after.end_mean[0] > at.end_mean[0] + 99
    np.testing.assert_array_equal(at.end_mean, at.mean[0])


def test_dose_records_of_several_patients_stay_apart(oral: dict[str, Any]) -> None:
    """The oral port has a lag, so that its doses are records with rows of their own."""
    plans = [pt.Plan("p").dose("drug", 10.0 * k, every="12 h") for k in (1, 2, 3)]
    together = call(oral, y=np.repeat(oral["y"][None], 3, axis=0), plan=plans, params={"ALAG1": 0.5})
    for i, plan in enumerate(plans):
        np.testing.assert_array_equal(together[i].mean, call(oral, plan=plan, params={"ALAG1": 0.5}).mean)


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"outputs": ["INR"]}, "estimation.unknown-output", "INR"),
    ({"times": [1, 4, 3, 24, 30, 48]}, "estimation.unsorted", "row 2"),
    ({"times": [1, 4, np.nan, 24, 30, 48]}, "estimation.not-finite", "row 2"),
    ({"times": [1, 2]}, "estimation.bad-shape", "times"),
    ({"start": 2.0}, "estimation.unsorted", "start"),
    ({"end": 40.0}, "estimation.unsorted", "end"),
    ({"P0": np.diag([0, 0, -0.1, 0.1])}, "estimation.bad-prior", "CL"),
    ({"P0": [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 2], [0, 0, 2, 1]]}, "estimation.bad-prior", "correlation"),
    ({"x0": [1.0]}, "estimation.bad-prior", "A1, A2, CL, V"),
    ({"x0": [0, 0, np.nan, 1]}, "estimation.not-finite", "x0"),
    ({"Q": {"CL": -1.0}}, "estimation.bad-noise", "CL"),
    ({"bounds": {"CL": (3.0, 2.0)}}, "estimation.bad-bounds", "upper"),
    ({"bounds": 3}, "estimation.bad-bounds", "pair"),
    ({"noise": Noise("poisson", 1.0)}, "estimation.no-count", "row 0"),
    ({"seed": 1}, "estimation.unknown-option", "seed"),
    ({"Q": {"KA": 1.0}}, "estimation.unknown-name", "KA"),
    ({"noise": -1.0}, "estimation.bad-noise", "negative"),
    ({"noise": 0.0}, "estimation.bad-noise", "positive"),
    ({"noise": [1.0, 2.0]}, "estimation.bad-noise", "2 noises"),
    ({"noise": {"INR": 1.0}}, "estimation.bad-noise", "INR"),
    ({"theta": {"CL": "root"}}, "estimation.bad-theta", "root"),
    ({"theta": ["CX"]}, "estimation.bad-theta", "CX"),
    ({"method": "magic"}, "estimation.unknown-method", "magic"),
    ({"n_member": 3}, "estimation.unknown-option", "n_member"),
    ({"alpha": -1}, "estimation.bad-option", "alpha"),
    ({"gate": "wide"}, "estimation.bad-option", "gate"),
    ({"ode": {"tolerance": 1}}, "estimation.unknown-option", "tolerance"),
    ({"ode": {"rtol": 0.0}}, "estimation.bad-option", "rtol"),
    ({"censor": 2}, "estimation.bad-censor", "censor"),
    ({"lengths": [9]}, "estimation.bad-shape", "lengths"),
    ({"y": np.full((6, 1), np.inf)}, "estimation.not-finite", "row 0"),
    ({"y": np.zeros((6, 2))}, "estimation.bad-shape", "C"),
    ({"y": "abc"}, "estimation.not-a-number", "y"),
    ({"plan": []}, "estimation.no-plan", "plan"),
    ({"plan": 3}, "estimation.no-plan", "plan"),
    ({"plan": pt.Plan("p").when("C", above=3, stop=True)}, "estimation.has-triggers", "plan"),
    ({"plan": pt.Plan("p").setting("CL", 3)}, "core.bad-argument", "0 h"),
    ({"times": [], "y": np.zeros((0, 1)), "start": None}, "estimation.no-start", "start"),
]


@pytest.mark.parametrize(("changes", "code", "told"), WRONG, ids=lambda v: v if isinstance(v, str) else "")
def test_bad_input_is_told(oral: dict[str, Any], changes: dict[str, Any], code: str, told: str) -> None:
    with pytest.raises((InputError, ComputationError)) as caught:
        call(oral, **changes)
    assert caught.value.code == code
    assert told in str(caught.value)


def test_a_value_without_a_logarithm(oral: dict[str, Any]) -> None:
    y = oral["y"].copy()
    y[3] = 0
    with pytest.raises(InputError, match=r"no-logarithm.*row 3"):
        call(oral, y=y, noise=Noise("log-additive", 0.1))


def test_one_patient_who_fails_leaves_the_others(oral: dict[str, Any]) -> None:
    y = np.repeat(oral["y"][None], 3, axis=0)
    x0 = np.stack([oral["x0"]] * 3)
    x0[1, 2] = 800.0  # a clearance beyond all numbers
    with pytest.raises(ComputationError, match="patient 1"):
        call(oral, y=y, x0=x0)
    found = call(oral, y=y, x0=x0, errors="status")
    assert found.status.tolist()[::2] == [0, 0] and found.status[1] != 0
    assert found.reason[1] and np.isnan(found.loglike[1]) and np.isnan(found.end_mean[1]).all()
    np.testing.assert_array_equal(found[2].mean, call(oral).mean)


def test_an_outlier_is_gated_or_weighs_less(oral: dict[str, Any]) -> None:
    y = oral["y"].copy()
    y[3] *= 20
    kept, gated, robust = (call(oral, y=y, gate=g, robust=r) for g, r in ((0, 0), (4, 0), (0, 3)))
    assert (kept.use[3, 0], gated.use[3, 0], robust.use[3, 0]) == (1, 2, 4)
    right = call(oral).quantiles("CL")[-1, 1]
    assert abs(gated.quantiles("CL")[-1, 1] / right - 1) < 0.1 < abs(kept.quantiles("CL")[-1, 1] / right - 1)


def test_censored_values_pull_to_their_side(oral: dict[str, Any]) -> None:
    sides = np.zeros((6, 1), np.int8)
    sides[5] = -1
    y = oral["y"].copy()
    y[5] /= 3
    below = call(oral, y=y, censor=sides)
    assert below.quantiles("CL")[5, 1] > below.quantiles("CL")[4, 1]


def test_bounds_hold_a_parameter(oral: dict[str, Any]) -> None:
    found = call(oral, bounds={"CL": (0.0, 1.2)})
    assert (found.quantiles("CL", [0.5]) <= 1.2).all()
    assert call(oral).quantiles("CL", [0.5]).max() > 1.2


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_method_filters(oral: dict[str, Any], method: str) -> None:
    found = call(oral, method=method)
    assert found.status == 0 and np.isfinite(found.end_mean).all()
    assert abs(found.quantiles("CL")[-1, 1] / 1.4 - 1) < 0.5
    if METHODS[method].smoother:
        options = {"lag": 3} if method == "particle" else {}
        smoothed = call(oral, True, method=method, **options).smoothed_mean
        assert smoothed is not None and np.isfinite(smoothed).all()
    else:
        with pytest.raises(InputError, match="no-smoother"):
            call(oral, True, method=method)


@pytest.mark.parametrize("method", sorted(k for k, m in METHODS.items() if m.smoother))
def test_every_smoother_says_more_than_its_filter(swing: dict[str, Any], method: str) -> None:
    found = call(swing, True, method=method)
    smoothed = found.smoothed_mean
    assert smoothed is not None and found.smoothed_cov is not None
    if method not in ("iekf", "iplf"):  # whose passes look at the last instant again
        np.testing.assert_allclose(smoothed[-1], found.mean[-1], rtol=1e-9)
    exact = call(swing, True, method="ukf")
    assert exact.smoothed_mean is not None and exact.smoothed_cov is not None
    middle = slice(20, -20)
    sd = np.sqrt(exact.smoothed_cov[middle].diagonal(axis1=1, axis2=2))
    near = np.abs(smoothed[middle] - exact.smoothed_mean[middle]) / sd
    assert np.sqrt(np.mean(near**2)) < 0.5
    narrow = found.smoothed_cov[middle, 0, 0] / found.cov[middle, 0, 0]
    assert np.median(narrow) < 0.7


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"Q": {"angle": 1e-3}}, "rate has no process noise"),
        ({"Q": None}, "angle, rate have no process noise"),
        ({"Q": np.ones((2, 2))}, "singular"),
        ({"jitter": 0.1}, "jitter"),
    ],
)
def test_particles_without_a_density_to_go_back_by(
    swing: dict[str, Any], changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(InputError, match=told) as caught:
        call(swing, True, method="particle", **changes)
    assert caught.value.code == "estimation.no-density" and "lag=" in str(caught.value.hint)
    found = call(swing, True, method="particle", n_particle=200, lag=5, **changes)
    assert found.status == 0


def test_particles_tell_their_effective_number(oral: dict[str, Any]) -> None:
    found = call(oral, method="particle", n_particle=200).effective
    seen = np.isfinite(oral["y"])
    assert ((found[seen] >= 1) & (found[seen] <= 200 + 1e-9)).all() and np.isnan(found[~seen]).all()
    assert np.isnan(call(oral).effective).all()


def test_the_words_and_the_figure(oral: dict[str, Any]) -> None:
    found = call(oral, True)
    assert "CL" in str(found) and "L/h" in str(found)
    drawn = found.plot("CL", "A2")
    assert [axes.get_ylabel() for axes in drawn.axes] == ["C", "CL (L/h)", "A2 (mg)"]
    many = call(oral, y=np.repeat(oral["y"][None], 2, axis=0))
    with pytest.raises(InputError, match="many patients"):
        many.plot()
    assert "2 patients" in str(many)
