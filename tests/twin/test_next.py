"""Which observation would help most, and how far the Population can be trusted."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import pytest

from pytwin.model import Population
from pytwin.twin import Twin

from . import events as ev


@pytest.fixture(scope="module")
def start(make, sensitive):
    return Twin("warfarin", make([ev.inr(0, 1.0)]), sensitive)


def spread(twin, draws=300):
    return float(np.log(twin.dose_for(draws=draws).draws).std())


def test_it_says_how_far_an_inr_narrows_the_dose(make, sensitive, start):
    """The expected narrowing is that of twins which have seen INRs drawn from the forecast."""
    plan = start.therapy.plan("3 mg", [3.0])
    promised = {
        c.day: c.narrows for c in start.next_observation([3.0, 14.0], plan=plan, draws=1000).candidates
    }
    doses = [ev.given(24 * d, 3) for d in range(15)]
    after = []
    for y in start.forecast([14 * 24.0], plan, draws=24, seed=4).latent[:, 0]:
        record = make([ev.inr(0, 1.0), *doses, ev.inr(14 * 24, float(y))])
        after.append(spread(Twin("warfarin", record, sensitive).assimilate()) ** 2)
    measured = 1 - np.sqrt(np.mean(after)) / spread(start, 1000)
    assert promised[14.0] == pytest.approx(measured, abs=0.08)
    assert promised[14.0] > promised[3.0] + 0.1


def test_the_best_is_the_earliest_that_tells_nearly_as_much(start):
    found = start.next_observation()
    most = max(c.narrows for c in found.candidates)
    assert found.best.narrows >= 0.9 * most
    earlier = [c for c in found.candidates if c.day < found.best.day]
    assert earlier
    assert all(c.narrows < 0.9 * most for c in earlier)
    assert "best" in str(found)


def test_an_unknown_genotype_is_a_candidate(make):
    twin = Twin("warfarin", make([ev.inr(0, 1.0)]))
    genes = {c.what: c.narrows for c in twin.next_observation([7.0]).candidates if c.day is None}
    assert set(genes) == {"CYP2C9", "VKORC1"}
    assert genes["VKORC1"] > 0.05


def test_it_is_cheap_and_repeatable(make, course):
    twin = Twin("warfarin", make(course)).assimilate()
    begun = time.perf_counter()
    found = twin.next_observation()
    assert time.perf_counter() - begun < 5.0  # well below 1 s on an idle machine
    assert found == twin.next_observation()


def states(twin):
    return {t.topic: t.state for t in twin.trust()}


def test_trust_of_a_patient_who_was_studied(make, course, sensitive):
    found = states(Twin("warfarin", make(course), sensitive).assimilate())
    assert found["age"] == found["CYP2C9"] == found["VKORC1"] == found["conflicts"] == "good"
    assert found["forecasts so far"] == "good"
    assert found["validation"] == found["validation, CYP2C9 *1/*3"] == "good"
    assert found["sources"] == "caution"


def test_trust_keeps_a_genotype_to_itself_where_asked(make, course, sensitive):
    twin = Twin("warfarin", make(course), sensitive)
    open_, hidden = (" ".join(map(str, twin.trust(genome=g))) for g in (True, False))
    assert "*1/*3" in open_
    assert "A/G" in open_
    assert "validation, White" in hidden
    assert "*1/*3" not in hidden
    assert "A/G" not in hidden


def test_trust_of_a_population_without_figures(make, course, sensitive):
    twin = Twin("warfarin", make(course), sensitive, "warfarin/hamberg2010@1")
    assert states(twin)["validation"] == "unknown"


def test_trust_of_one_who_was_not(make, course):
    old = states(Twin("warfarin", make(course, birth="1920-01-01")))
    assert old["age"] == old["CYP2C9"] == "caution"
    assert old["forecasts so far"] == "unknown"
    assert states(Twin("warfarin", make(course, birth=None)))["age"] == "caution"
    bad = Twin("warfarin", make([*course, ev.inr(264, 9.0)])).assimilate()
    assert states(bad)["conflict"] == "caution"


def test_trust_shows_the_populations_own_figures(make, course, sensitive):
    people = Population.load("warfarin/hamberg2010@1")
    groups = [
        {"name": "White", "field": "race", "value": "White", "patients": 900, "coverage": 0.7},
        {"name": "Asian", "field": "race", "value": "Asian", "patients": 700, "coverage": 0.8},
    ]
    data = {**people.data, "validation": {"patients": 2000, "text": "cross-validated", "groups": groups}}
    twin = Twin("warfarin", make(course), sensitive, dataclasses.replace(people, data=data))
    found = {t.topic: t for t in twin.trust()}
    assert "2000 patients" in found["validation"].text
    assert found["validation, White"].state == "caution"
    assert "validation, Asian" not in found
