"""Cohorts: the same as one by one, doses, failures; and the calibration of forecasts on simulated
patients."""

from __future__ import annotations

import numpy as np
import pytest

from pytwin.cohort import Cohort
from pytwin.errors import ComputationError, InputError
from pytwin.genome import Genome
from pytwin.twin import Twin

from . import events as ev

DIPLOTYPES = ("*1/*1", "*1/*2", "*1/*3", "*2/*2", "*2/*3", "*3/*3")
VKORC1 = ("G/G", "A/G", "A/A")


def test_a_cohort_is_its_twins(make, course, sensitive, wild):
    records = [make(course), make([ev.inr(0, 1.0)]), make([ev.stated(-400, 5), ev.inr(5, 2.2)])]
    genomes = [sensitive, None, wild]
    cohort = Cohort("warfarin", records, genomes).assimilate()
    assert len(cohort) == 3
    assert not cohort.status.any()
    for i, (record, genome) in enumerate(zip(records, genomes, strict=True)):
        one = Twin("warfarin", record, genome).assimilate()
        assert np.array_equal(cohort.mean[i], one.mean)
        assert np.array_equal(cohort.cov[i], one.cov)
        assert np.array_equal(cohort.twin(i).mean, one.mean)


def test_doses_fall_with_sensitive_genotypes(make):
    genomes = [Genome.from_diplotypes({"CYP2C9": c, "VKORC1": v}) for c in DIPLOTYPES for v in VKORC1]
    cohort = Cohort("warfarin", [make([], birth=None, age_decade=7)] * 18, genomes)
    table = cohort.dose_for(2.5).reshape(6, 3)
    assert (np.diff(table, axis=1) < 0).all()
    assert (np.diff(table[[0, 1, 2, 4, 5]], axis=0) < 0).all()
    assert 5 < table[0, 0] < 9
    bands = cohort.dose_quantiles(2.5, (0.1, 0.5, 0.9))
    assert (np.diff(bands, axis=1) > 0).all()
    assert np.allclose(bands[:, 1], table.ravel(), rtol=0.02)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_median_of_few_draws_is_the_dose_of_the_cohort(make, wild, seed):
    record = make()
    dose = Twin("warfarin", record, wild).dose_for(seed=seed).median
    assert dose == pytest.approx(Cohort("warfarin", [record], [wild]).dose_for()[0], rel=0.02)


def test_a_target_for_each_patient(make, wild):
    cohort = Cohort("warfarin", [make()] * 3, [wild] * 3)
    doses = cohort.dose_for(np.array([2.5, 3.0, np.nan]))
    assert doses[0] == pytest.approx(doses[2])
    assert doses[1] > doses[0]


def test_missing_genotypes_lie_between(make, wild):
    unknown, known = Cohort("warfarin", [make(), make()], [None, wild]).dose_for()
    assert unknown < known


def test_genotypes_of_the_record_are_used(make):
    from dataclasses import replace

    record = replace(make(), genotypes={"CYP2C9": "*1/*1", "VKORC1": "A/A"})
    assert len(Cohort("warfarin", [record]).components[0]) == 1
    assert len(Twin("warfarin", record).components) == 1


def test_what_is_refused(make):
    with pytest.raises(InputError, match="cohort.empty"):
        Cohort("warfarin", [])
    with pytest.raises(InputError, match="bad-genomes"):
        Cohort("warfarin", [make()], [None, None])


def simulated(make, n, seed=11):
    """Patients from the model itself: genotype, age and parameters from the Population, INRs with its
    error."""
    rng = np.random.default_rng(seed)
    hours = np.array([72.0, 120, 168, 240, 336, 504, 672])
    records, genomes = [], []
    for i in range(n):
        genome = Genome.from_diplotypes({"CYP2C9": DIPLOTYPES[i % 3], "VKORC1": VKORC1[i // 3 % 3]})
        dose = (5.0, 4.0, 2.5)[i // 3 % 3]
        doses = [ev.given(10 + 24 * d, dose) for d in range(28)]
        aged = {"birth": None, "age_years": float(rng.uniform(40, 85)), "id": f"P{i}"}
        start = make([ev.inr(0, 1.0)], **aged)
        twin = Twin("warfarin", start, genome)
        plan = twin.therapy.plan("as given", [dose])
        truth = twin.simulate(_late(plan), hours, draws=1, seed=1000 + i).outputs["INR"][0, 0]
        values = truth * np.exp(0.2 * rng.normal(size=hours.size))
        rows = [ev.inr(h, v) for h, v in zip(hours, values, strict=True)]
        records.append(make([ev.inr(0, 1.0), *doses, *rows], **aged))
        genomes.append(genome)
    return records, genomes


def _late(plan):
    """The plan ten hours later, as the doses are recorded."""
    from dataclasses import replace

    return replace(plan, doses=tuple(replace(d, start=d.start + 10) for d in plan.doses))


def test_forecast_intervals_are_calibrated(make):
    records, genomes = simulated(make, 200)
    cohort = Cohort("warfarin", records, genomes).assimilate()
    inside = np.array([[p.inside for p in trace] for trace in cohort.traces])
    assert inside.shape == (200, 7)
    assert 0.85 <= inside.mean() <= 0.95
    # The next INR when several are known, which is what a clinician asks for.
    assert 0.85 <= inside[:, 3:].mean() <= 0.95


def test_a_component_that_fails_drops_out_and_a_subject_fails_with_all(make, course, wild):
    """The core's result is made up here: no data are known that make the filter fail."""
    from pytwin.twin import filtering

    twin = Twin("warfarin", make(course), Genome.from_diplotypes({"CYP2C9": "*1/*1"}))
    prior, history = twin.components, twin.history
    k, n, nz = len(prior), history.times.size, prior.means.shape[1]
    result = {
        "status": np.array([0, 5, 0]),
        "loglike": np.array([-1.0, np.nan, -1.0]),
        "mean": prior.means.copy(),
        "cov": np.tile(np.eye(nz), (k, 1, 1)),
        "predicted": np.zeros(k * n),
        "predicted_var": np.ones(k * n),
    }
    (one,) = filtering._split([prior], [history], twin.population, result, "raise")
    assert len(one.components) == 2
    assert one.failed == 1
    assert one.components.weights.sum() == pytest.approx(1)
    result["status"] = np.full(3, 5)
    (lost,) = filtering._split([prior], [history], twin.population, result, "status")
    assert lost.status == 5
    assert np.isnan(lost.components.means).all()
    with pytest.raises(ComputationError, match="not-positive-definite"):
        filtering._split([prior], [history], twin.population, result, "raise")


def test_extreme_records_run(make):
    rows = [ev.inr(0, 0.5), *(ev.given(10 + 24 * d, 50) for d in range(5)), ev.inr(24, 12.0), ev.inr(48, 0.6)]
    late = [
        ev.inr(0, 2.4),
        ev.inr(60, 0.4),
        ev.inr(61, 15.0, comparator=">"),
        ev.given(100, 5),
        ev.inr(900, 1.0),
    ]
    cohort = Cohort("warfarin", [make(rows), make(late)]).assimilate()
    assert not cohort.status.any()
    assert np.isfinite(cohort.mean).all()
