"""The calibration behind warfarin/iwpc on invented patients: it finds what was put in, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import numpy as np
import pytest

from pytwin import _core
from pytwin.cohort import Cohort
from pytwin.model import Population
from pytwin.record import Event, PatientInfo, Record
from pytwin.verify.iwpc_fit import FREEDOMS, PRIORS, Doses, design, filled, fit, log_density, unfitted
from pytwin.verify.iwpc_population import SteadyDose, population, to_toml
from pytwin.verify.iwpc_validation import (
    FOLDS,
    Subjects,
    cross_validate,
    folds,
    genome,
    predict,
    subset,
    table,
)

N = 1500
TRUE = {name: centre for name, (centre, _) in PRIORS.items()} | {
    "intercept": 0.1,
    "log weight": 0.4,
    "race_black": -0.2,
    "race_asian": 0.15,
    "VKORC1 A/A": -0.6,
}


def uniforms(n: int) -> np.ndarray:
    return _core.uniforms(7, _core.PURPOSE["TEST"], np.arange(N), 1, n)[:, 0, :]


def invented(untyped: int = 0, heavy: float = 0.0) -> Doses:
    """Doses by TRUE with an SD of 0.3; the first ``untyped`` without VKORC1, a share with wild doses."""
    u = uniforms(12)
    group = np.digitize(u[:, 0], [0.5, 0.75, 0.9])
    covariates = {
        "age": 10 * np.floor(3 + 6 * u[:, 1]) + 5,
        "height": 150 + 40 * u[:, 2],
        "weight": 45 + 70 * u[:, 3],
        "male": (u[:, 4] < 0.6).astype(float),
        "smoker": (u[:, 5] < 0.2).astype(float),
        "target_inr": np.where(u[:, 6] < 0.1, 3.0, 2.5),
        "amiodarone": (u[:, 7] < 0.1).astype(float),
        "enzyme_inducer": (u[:, 7] > 0.95).astype(float),
    }
    covariates |= {
        name: (group == i + 1).astype(float) for i, name in enumerate(("race_asian", "race_black"))
    }
    covariates["race_other"] = (group == 3).astype(float)
    cyp2c9 = np.array(["*1/*1", "*1/*2", "*1/*3", "*2/*3"])[np.digitize(u[:, 8], [0.7, 0.85, 0.95])]
    vkorc1 = np.array(["G/G", "A/G", "A/A"])[np.digitize(u[:, 9], [0.4, 0.8])]
    doses = Doses(np.arange(N), np.ones(N), cyp2c9, vkorc1, covariates, np.zeros(N))
    normal = _core.normals(8, _core.PURPOSE["TEST"], np.arange(N), 1, 1)[:, 0, 0]
    error = 0.3 * normal * np.where(u[:, 10] < heavy, 8.0, 1.0)
    log_dose = design(doses, {}) @ np.array([TRUE[name] for name in PRIORS]) + error
    return _without_vkorc1(replace(doses, log_dose=log_dose), untyped)


def _without_vkorc1(doses: Doses, first: int) -> Doses:
    count = np.where(np.arange(N) < first, 3, 1)
    owner = np.repeat(np.arange(N), count)
    open_ = owner < first
    known = dict(zip(("G/G", "A/G", "A/A"), (0.4, 0.4, 0.2), strict=True))
    names = np.where(open_, np.resize(list(known), owner.size), doses.vkorc1[owner])
    weight = np.where(open_, np.resize(list(known.values()), owner.size), 1.0)
    return replace(doses, owner=owner, weight=weight, cyp2c9=doses.cyp2c9[owner], vkorc1=names)


@pytest.mark.parametrize("untyped", [0, 400])
def test_effects_are_recovered_with_and_without_missing_genotypes(untyped) -> None:
    found = fit(invented(untyped))
    for name in ("intercept", "log weight", "race_black", "race_asian", "VKORC1 A/A", "CYP2C9 *1/*3"):
        assert found.effects[name] == pytest.approx(TRUE[name], abs=0.12), name
    assert found.spread.overall == pytest.approx(0.3, abs=0.02)
    assert found.patients == N


def test_wild_doses_move_student_t_less_than_gauss() -> None:
    wild = invented(heavy=0.1)
    off = {}
    for freedom in (4.0, inf):
        effects = fit(wild, [freedom]).effects
        off[freedom] = sum((effects[n] - TRUE[n]) ** 2 for n in PRIORS if "race_black " not in n)
    assert off[4.0] < off[inf] / 2


def test_the_likeliest_degrees_of_freedom_are_taken() -> None:
    assert fit(invented()).freedom == max(FREEDOMS)
    assert fit(invented(heavy=0.1)).freedom == min(FREEDOMS)


def test_log_density_is_that_of_the_errors() -> None:
    doses = invented()
    found = fit(doses)
    density = log_density(doses, found)
    assert density.shape == (N,)
    assert density.mean() == pytest.approx(-np.log(0.3 * np.sqrt(2 * np.pi * np.e)), abs=0.05)
    shifted = replace(doses, log_dose=doses.log_dose + 1.0)
    assert log_density(shifted, found).mean() < density.mean() - 1


def without(doses: Doses, name: str, first: int, louder: float = 1.0) -> Doses:
    """The first patients without a covariate, their errors multiplied."""
    gone = np.arange(N) < first
    covariates = {**doses.covariates, name: np.where(gone, np.nan, doses.covariates[name])}
    line = design(doses, {}) @ np.array([TRUE[n] for n in PRIORS])
    return replace(
        doses,
        covariates=covariates,
        log_dose=line + (doses.log_dose - line) * np.where(gone, louder, 1.0),
    )


def test_scatter_without_height_or_weight_is_its_own_and_shrunk() -> None:
    quiet, loud = (fit(without(invented(), "height", 600, factor)).spread for factor in (1.0, 2.0))
    assert quiet.missing["height"] == pytest.approx(1.0, abs=0.08)
    assert quiet.missing["weight"] == 1.0
    assert 1.4 < loud.missing["height"] < 1.9
    assert loud.groups["white"] == pytest.approx(quiet.groups["white"], rel=0.1)
    assert fit(without(invented(), "weight", 600, 2.0)).spread.missing["weight"] > 1.4


def test_a_group_scatters_by_its_own_measure() -> None:
    doses = invented()
    line = design(doses, {}) @ np.array([TRUE[n] for n in PRIORS])
    twice = np.where(doses.covariates["race_asian"] == 1, 2.0, 1.0)
    found = fit(replace(doses, log_dose=line + twice * (doses.log_dose - line)))
    for spread in (found.scale, found.spread):
        assert 1.3 < spread.groups["race_asian"] / spread.groups["white"] < 2.0


def test_patients_with_missing_size_take_part_in_the_fit() -> None:
    doses = invented()
    first = np.arange(N) < N // 2
    partly = without(doses, "height", N)
    joined = doses.of(first).with_others(partly.of(~first))
    assert joined.log_dose.size == N
    assert np.array_equal(joined.owner, doses.owner)
    found = fit(joined)
    assert found.patients == N
    assert found.effects["VKORC1 A/A"] == pytest.approx(TRUE["VKORC1 A/A"], abs=0.1)


def test_a_term_that_nobody_has_stays_at_its_prior() -> None:
    assert fit(invented()).effects["CYP2C9 *3/*3"] == pytest.approx(PRIORS["CYP2C9 *3/*3"][0])


def test_missing_height_and_weight_follow_sex_race_and_weight() -> None:
    doses = invented()
    references = fit(doses).references
    gone = {
        n: np.where(np.arange(N) < 10, np.nan, x) if n == "height" else x for n, x in doses.covariates.items()
    }
    whole = filled(gone, references)
    assert np.isfinite(whole["height"]).all()
    assert np.array_equal(whole["height"][10:], doses.covariates["height"][10:])
    people = {"male", "race_asian", "race_black", "race_other", "age"}
    assert set(references["weight"].slopes) == people
    assert set(references["height"].slopes) == people | {"weight"}


def test_the_population_of_a_fit_survives_toml_and_says_the_same() -> None:
    doses = invented()
    people = population(fit(doses), {"text": 'a "test"'})
    again = Population.parse(to_toml(people.data))
    assert again.hash == people.hash
    genotypes = {"CYP2C9": doses.cyp2c9.tolist(), "VKORC1": doses.vkorc1.tolist()}
    mean, sd = SteadyDose(people).moments(doses.covariates, genotypes, np.full(N, 2.5))
    found = fit(doses)
    line = design(doses, found.references) @ np.array(list(found.effects.values()))
    assert np.ptp(mean - line) < 2e-3
    white = ~np.any([doses.covariates[g] == 1 for g in ("race_asian", "race_black", "race_other")], axis=0)
    assert np.allclose(sd[white], found.spread.groups["white"], rtol=1e-3)


def people_of(n: int) -> Subjects:
    """Records with genotypes, some of them without."""
    records = []
    for i in range(n):
        rows = [("body height", 160.0 + i, "cm"), ("body weight", 60.0 + 3 * i, "kg")]
        events = [
            Event(
                source="t",
                place=str(k),
                kind="observation",
                status="final",
                name=a,
                value=v,
                unit=u,
                usable=True,
            )
            for k, (a, v, u) in enumerate(rows[: 2 - (i % 4 == 3)])
        ]
        info = PatientInfo(id=f"p{i}", sex="male", race=("White", "Asian", None)[i % 3], age_decade=4 + i % 4)
        types = {} if i % 5 == 4 else {"CYP2C9": "*1/*3", "VKORC1": "A/G"}
        records.append(Record.from_events(info, events, genotypes=types))
    return Subjects(tuple(records), np.where(np.arange(n) % 2, 2.5, 3.0), np.full(n, 30.0))


def test_the_closed_form_is_the_twin() -> None:
    subjects = people_of(10)
    people = population(unfitted(), {})
    fast = predict(SteadyDose(people), table(subjects))
    genomes = [genome(r) for r in subjects.records]
    cohort = Cohort("warfarin", subjects.records, genomes, population=people)
    assert np.allclose(7 * cohort.dose_quantiles(subjects.target), fast, rtol=1e-3)


def test_a_hidden_gene_widens_the_dose() -> None:
    subjects = people_of(4)
    steady = SteadyDose(population(unfitted(), {}))
    known, hidden = (predict(steady, table(subjects, h)) for h in ((), ("VKORC1", "CYP2C9")))
    assert (np.log(hidden[:, 2] / hidden[:, 0]) > np.log(known[:, 2] / known[:, 0])).all()


def test_folds_are_balanced_and_differ_between_repeats() -> None:
    first = folds(105)
    assert sorted(set(first)) == list(range(FOLDS))
    assert np.ptp(np.bincount(first)) <= 1
    assert np.array_equal(first, folds(105))
    assert (first != folds(105, 1)).any()


def test_a_prediction_does_not_see_its_own_fold() -> None:
    t = table(people_of(30))
    before = cross_validate(t)[0]
    shifted = t.doses.log_dose + np.where(folds(30) == 0, 1.0, 0.0)
    after = cross_validate(type(t)(replace(t.doses, log_dose=shifted), t.target))[0]
    own = folds(30) == 0
    assert np.array_equal(before[own], after[own])
    assert not np.allclose(before[~own], after[~own])
    assert subset(t, own).target.size == own.sum()
