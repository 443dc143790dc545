"""Twins: prior, mixture over genotypes, start, assimilation, draws, simulation, dose."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pytwin.cohort import Cohort
from pytwin.errors import InputError
from pytwin.genome import Genome
from pytwin.model import Plan, Population
from pytwin.twin import Twin, filtering

from . import events as ev

HAMBERG = "warfarin/hamberg2010@1"


@pytest.fixture(scope="module")
def twin(make, course, sensitive):
    return Twin("warfarin", make(course), sensitive).assimilate()


def test_the_prior_is_the_populations(make, sensitive):
    prior = Twin("warfarin", make([ev.inr(0, 1.2)]), sensitive, HAMBERG)
    assert prior.names[-4:] == ("CL", "V", "EC50", "BASE")
    assert prior.scales[-4:] == ("log",) * 4
    assert set(prior.scales[:-4]) == {"identity"}
    age = prior.history.covariates["age"]
    assert np.exp(prior.mean[-4]) == pytest.approx(0.2162 * (1 - 0.00571 * (age - 71)))
    assert np.exp(prior.mean[-2:]) == pytest.approx([3.01, 1.2])
    assert prior.cov[-4, -4] == pytest.approx(0.089, rel=1e-5)
    assert prior.cov[-1, -1] == 0
    assert not prior.cov[:-4, :-4].any()
    assert prior.genotypes == {"CYP2C9": "*1/*3", "VKORC1": "A/G"}


def test_the_default_population_is_the_one_that_real_doses_agree_with(make, sensitive):
    twin = Twin("warfarin", make(), sensitive)
    assert twin.population.name == "warfarin/iwpc@2"
    assert Cohort("warfarin", [make()]).population.name == "warfarin/iwpc@2"


def test_without_an_inr_before_treatment_the_baseline_is_uncertain(make, sensitive):
    prior = Twin("warfarin", make([ev.given(0, 5)]), sensitive)
    assert prior.interval(0.95)["BASE"] == pytest.approx((np.exp(-0.196), np.exp(0.196)), rel=1e-3)


def test_assimilation_narrows_and_changes_nothing_else(make, course, sensitive):
    prior = Twin("warfarin", make(course), sensitive)
    before = prior.cov.copy()
    twin = prior.assimilate()
    assert np.array_equal(prior.cov, before)
    assert np.array_equal(twin.prior.cov, before)
    nt = len(twin.population.theta)
    assert np.trace(twin.cov[-nt:, -nt:]) < np.trace(before[-nt:, -nt:])
    assert twin.n_assimilated == 4
    assert twin.time == ev.at(240)
    assert np.isfinite(twin.loglike)


def test_trace_is_the_forecast_before_each_observation(twin):
    assert [p.value for p in twin.trace] == [1.4, 1.9, 2.2, 2.6]
    for point in twin.trace:
        assert point.low < point.median < point.high
        assert 0 < point.probability <= 1
    # The first one is the prior's: its interval holds the error of 0.2 on the log scale at least.
    assert np.log(twin.trace[0].high / twin.trace[0].low) > 2 * 1.645 * 0.2


def test_the_first_forecast_agrees_with_simulated_draws(make, course, sensitive):
    prior = Twin("warfarin", make(course), sensitive)
    plan = Plan("as given").dose("warfarin", 5, every="24 h", start="10 h")
    # The history's origin is the baseline INR; draws of the prior start there.
    draws = prior.simulate(plan, [72.0], draws=4000).outputs["INR"][0, :, 0]
    expected = np.quantile(np.log(draws), 0.5)
    point = prior.assimilate().trace[0]
    assert np.log(point.median) == pytest.approx(expected, abs=0.03)


def test_until_stops_there_and_a_later_record_adds(make, course, sensitive):
    prior = Twin("warfarin", make(course), sensitive)
    early = prior.assimilate(until=ev.at(130))
    assert early.n_assimilated == 2
    assert early.time == ev.at(130)
    whole = Twin("warfarin", make([e for e in course if e.time < ev.at(130)]), sensitive)
    later = whole.assimilate(make([e for e in course if e.time >= ev.at(130)]))
    assert np.array_equal(later.mean, prior.assimilate().mean)


def test_a_corrected_value_comes_to_its_place(make, course, sensitive):
    wrong = [
        e._replace(id="O1", source="old", value=4.9) if e.name == "INR" and e.value == 1.9 else e
        for e in course
    ]
    right = ev.inr(120, 1.9, id="O1", source="new", status="corrected", recorded=ev.at(500))
    twin = Twin("warfarin", make(wrong), sensitive).assimilate().assimilate(make([right]))
    assert [p.value for p in twin.trace] == [1.4, 1.9, 2.2, 2.6]


def test_another_patients_record_is_refused(make, twin):
    with pytest.raises(InputError, match="other-patient"):
        twin.assimilate(make([], id="Q"))


def test_shifting_a_record_changes_no_bit(make, course, sensitive):
    # The same age on both days: only the calendar moves.
    shift = 1000 * 24 * ev.HOUR
    aged = {"birth": None, "age_years": 71.0}
    moved = [e._replace(time=e.time + shift) for e in course]
    one = Twin("warfarin", make(course, **aged), sensitive).assimilate()
    other = Twin("warfarin", make(moved, **aged), sensitive).assimilate()
    assert np.array_equal(one.mean, other.mean)
    assert np.array_equal(one.cov, other.cov)
    assert other.time == one.time + shift


# ---- genotypes ----


def test_missing_genotypes_are_a_mixture_never_reference(make):
    twin = Twin("warfarin", make([ev.inr(0, 1.0)]))
    assert len(twin.components) == 18
    assert twin.components.weights.sum() == pytest.approx(1)
    assert twin.genotypes == {}
    assert twin.issues.counts()["genome.missing-gene"] == 2
    known = Twin("warfarin", make([ev.inr(0, 1.0)]), Genome.from_diplotypes({"CYP2C9": "*1/*1"}))
    assert len(known.components) == 3
    width = [b / a for a, b in (t.interval()["CL"] for t in (known, twin))]
    assert width[1] > width[0]


def test_a_genotype_that_the_population_lacks_is_unknown(make):
    genome = Genome.from_diplotypes({"CYP2C9": "*1/*5", "VKORC1": "A/G"})
    twin = Twin("warfarin", make([ev.inr(0, 1.0)]), genome, HAMBERG)
    assert len(twin.components) == 6
    assert "genome.outside-population" in twin.issues.counts()


def test_inrs_tell_which_genotype_it_is(make):
    rows = [ev.inr(0, 1.0), *(ev.given(10 + 24 * d, 5) for d in range(10))]
    rows += [ev.inr(h, v) for h, v in ((72, 2.4), (120, 4.0), (168, 5.2), (240, 6.5))]
    twin = Twin("warfarin", make(rows)).assimilate()
    share = {}
    for stage, c in (("before", twin.prior.components), ("after", twin.components)):
        share[stage] = sum(w for w, g in zip(c.weights, c.labels, strict=True) if g["VKORC1"] == "A/A")
    assert share["after"] > 2 * share["before"]


# ---- start ----


def test_a_steady_start_has_the_moments_of_simulated_draws(make, sensitive):
    record = make([ev.stated(-480, 3), ev.inr(12, 2.4)])
    prior = Twin("warfarin", record, sensitive)
    assert prior.history.start == "steady"
    params = Twin("warfarin", make([ev.given(-480, 3)]), sensitive).draws(2000).params
    regimen = Plan("3 mg").dose("warfarin", 3, every="24 h").actions(prior.population.model, 90 * 24)
    whole = np.array([0, len(regimen)])
    lanes = np.arange(2000)
    model = prior.population.model
    end = model.simulate(params, None, 0.0, regimen, whole, np.array([90 * 24.0]), lanes, lanes * 0)["x_end"]
    nx = end.shape[1]
    assert np.allclose(prior.mean[2:nx], end.mean(axis=0)[2:], rtol=0.02)
    assert np.allclose(np.sqrt(np.diag(prior.cov)[2:nx]), end.std(axis=0)[2:], rtol=0.15)


def test_an_unknown_start_is_wide(make, sensitive):
    wide = Twin("warfarin", make([ev.inr(0, 2.4)]), sensitive)
    assert wide.history.start == "unknown"
    low, high = wide.interval()["C6"]
    assert high - low > 0.15
    narrow = wide.assimilate(make([ev.inr(24, 2.4)]))
    after = narrow.interval()["C6"]
    assert after[1] - after[0] < high - low


def test_starts_that_are_refused(make):
    with pytest.raises(InputError, match="bad-start"):
        Twin("warfarin", make(), start="cold")
    with pytest.raises(InputError, match="no-regimen"):
        Twin("warfarin", make([ev.inr(0, 2.0)]), start="steady")
    with pytest.raises(InputError, match="therapy.unknown"):
        Twin("aspirin", make())
    with pytest.raises(InputError, match="unknown-method"):
        Twin("warfarin", make()).assimilate(method="magic")
    with pytest.raises(InputError, match="unknown-option"):
        Twin("warfarin", make()).assimilate(n_particle=3)


# ---- interacting drugs ----


def test_amiodarone_lowers_clearance_while_it_is_taken(make, course, wild):
    start = ev.stated(48, 200, name="amiodarone", until=ev.at(120))
    on = Twin("warfarin", make([*course, start]), wild, HAMBERG).assimilate(until=ev.at(100))
    off = Twin("warfarin", make([*course, start]), wild, HAMBERG).assimilate(until=ev.at(200))
    names = [p["name"] for p in on.population.model.params]
    assert on.factors()[names.index("CL")] == pytest.approx(0.775847)
    assert off.factors()[names.index("CL")] == pytest.approx(1.0)
    already = ev.stated(-100, 200, name="amiodarone")
    prior = Twin("warfarin", make([*course, already]), wild, HAMBERG)
    plain = Twin("warfarin", make(course), wild, HAMBERG)
    assert np.exp(prior.mean - plain.mean)[-4] == pytest.approx(0.775847)


# ---- draws, simulation, dose ----


def test_draws_are_repeatable_and_respect_bounds(twin):
    one, other = twin.draws(500, seed=3), twin.draws(500, seed=3)
    assert np.array_equal(one.x0, other.x0)
    assert np.array_equal(one.params, other.params)
    assert (one.x0[:, :2] >= 0).all()
    assert (one.x0[:, 2:] <= 1).all()
    assert (one.theta > 0).all()


def test_simulation_of_several_plans_shares_the_draws(twin):
    plans = [Plan("none"), Plan("3 mg").dose("warfarin", 3, every="24 h")]
    both = twin.simulate(plans, horizon="14 d", draws=50)
    alone = twin.simulate(plans[1], horizon="14 d", draws=50)
    assert both.outputs["INR"].shape == (2, 50, 15)
    assert np.array_equal(both.outputs["INR"][1], alone.outputs["INR"][0])
    assert both.quantiles("INR").shape == (2, 5, 15)
    assert both.outputs["INR"][0, :, -1].mean() < both.outputs["INR"][1, :, -1].mean()


def test_forecast_contains_the_error(twin):
    forecast = twin.forecast([24.0, 72.0], draws=2000)
    inner = np.quantile(forecast.latent, [0.05, 0.95], axis=0)
    assert (forecast.low < inner[0]).all()
    assert (forecast.high > inner[1]).all()


def test_the_dose_holds_its_target(twin):
    estimate = twin.dose_for(2.5, draws=20)
    params = twin.draws(10).params  # the other ten mirror these
    model = twin.population.model
    port = twin.therapy.plan("x", [1.0]).actions(model, "90 d")
    many = np.concatenate([_scaled(port, d) for d in estimate.draws[:10]])
    offsets = len(port) * np.arange(11)
    times = np.linspace(89 * 24.0, 90 * 24.0, 25)
    inr = [o["name"] for o in model.outputs].index("INR")
    lanes = np.arange(10)
    y = model.simulate(
        params, None, 0.0, many, offsets, times, lanes, lanes, np.array([inr], dtype=np.int32)
    )["y"]
    assert np.allclose(y[:, :, 0].mean(axis=1), 2.5, atol=0.01)
    assert estimate.interval()[0] < estimate.median < estimate.interval()[1]


def _scaled(actions, dose):
    scaled = actions.copy()
    scaled["value"] *= dose
    return scaled


def test_2007_runs_too(make, course, sensitive):
    twin = Twin("warfarin", make(course), sensitive, Population.load("warfarin/hamberg2007")).assimilate()
    assert twin.n_assimilated == 4
    assert np.isfinite(twin.mean).all()


def test_summary_and_html_show_no_markup_of_the_data(make, course):
    twin = Twin("warfarin", make(course, race="<script>"), None)
    assert "<script>" not in twin._repr_html_()
    assert "CL" in str(twin.summary())
    assert len(twin.coverage) == 4


def test_without_a_baseline_parameter_every_inr_is_an_observation(make, wild, course) -> None:
    """The INR before treatment then carries measurement error like any other."""
    data = {k: v for k, v in Population.load("warfarin/hamberg2010@1").data.items() if k != "baseline"}
    usual = Twin("warfarin", make(course), wild).assimilate()
    observed = Twin("warfarin", make(course), wild, Population(data)).assimilate()
    assert observed.history.baseline is None
    assert observed.n_assimilated == usual.n_assimilated + 1
    assert observed.trace[0].value == usual.history.baseline


def test_a_missing_observation_changes_nothing(make, wild, course) -> None:
    twin = Twin("warfarin", make(course), wild)
    history = replace(twin.history, values=np.full_like(twin.history.values, np.nan))
    (found,) = filtering.run(twin.therapy, twin.population, [twin.components], [history])
    np.testing.assert_array_equal(found.components.weights, [1.0])
    assert found.loglike == 0.0
    assert np.isfinite(found.predicted).all()


def test_another_method_comes_to_the_same_patient(make, course, wild):
    """Particles and sigma points agree on a patient with a course of INRs, to a fifth of his spread."""
    prior = Twin("warfarin", make(course), wild)
    points, particles = prior.assimilate(), prior.assimilate(method="particle", n_particle=4000, seed=3)
    sd = np.sqrt(np.diag(points.cov))
    assert not np.array_equal(points.mean, particles.mean)
    unknown = sd > 1e-9
    assert (np.abs(particles.mean - points.mean)[unknown] < 0.2 * sd[unknown]).all()


def test_the_exact_posterior_is_a_method_and_says_where_the_filter_is_off(make, course, wild):
    """Few INRs under the prior of Hamberg: the points' answer is silent, a Gaussian twice as wide is not."""
    prior = Twin("warfarin", make(course), wild, HAMBERG)
    points, exact = prior.assimilate(), prior.assimilate(method="posterior")
    sd = np.sqrt(np.diag(exact.cov))
    unknown = sd > 1e-9
    assert not np.array_equal(points.mean, exact.mean)
    assert (np.abs(points.mean - exact.mean)[unknown] < 0.3 * sd[unknown]).all()
    assert exact.trace == points.trace
    assert not exact.shape().fires.any()
    wide = replace(exact.components, covs=4 * exact.components.covs)
    said = filtering.judge(exact.therapy, exact.population, exact.prior.components, exact.history, wide)
    assert said.fires.all()
    assert said.reason[0].startswith("a mean is off") or said.reason[0].startswith("an SD is off")


def test_the_exact_posterior_takes_no_option_of_a_filter_and_a_prior_has_no_shape(make, course, wild):
    prior = Twin("warfarin", make(course), wild)
    with pytest.raises(InputError, match="unknown-option"):
        prior.assimilate(method="posterior", n_particle=5)
    with pytest.raises(InputError, match="is-prior"):
        prior.shape()


def test_open_genotypes_are_weighted_by_their_exact_likelihoods(make, course):
    """Each component alone has the posterior that it has in the mixture."""
    exact = Twin("warfarin", make(course), None, HAMBERG).assimilate(method="posterior")
    assert len(exact.components) > 1
    assert len(exact.shape()) == len(exact.components)
    np.testing.assert_allclose(exact.components.weights.sum(), 1.0)
    filtered = exact.prior.assimilate()
    np.testing.assert_allclose(exact.components.weights, filtered.components.weights, atol=0.05)
