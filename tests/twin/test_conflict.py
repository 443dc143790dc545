"""Conflicts: what contradicts the twin is told, and a ranking stops where it must."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from pytwin.chance import chi_square_tail
from pytwin.cohort import Cohort
from pytwin.genome import Genome
from pytwin.twin import Twin
from pytwin.verify.virtual import POPULATION, VISITS, cohort

from . import events as ev

INR_HOURS = (72, 120, 168, 240)
VALUES = (1.4, 1.9, 2.2, 2.6)


def assimilated(make, genome, values, hours=INR_HOURS, daily=5.0, more=(), **person):
    doses = [ev.given(10 + 24 * day, daily) for day in range(int(hours[-1] // 24))]
    rows = [*doses, ev.inr(0, 1.1), *(ev.inr(h, v) for h, v in zip(hours, values, strict=True)), *more]
    return Twin("warfarin", make(rows, **person), genome).assimilate()


@pytest.mark.parametrize("dof", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("x", [0.0, 0.3, 4.0, 60.0])
def test_the_chi_square_tail(x, dof):
    exact = mpmath.gammainc(dof / 2, x / 2, mpmath.inf, regularized=True)
    assert chi_square_tail(x, dof) == pytest.approx(float(exact), rel=1e-10)


def test_a_plausible_course_has_none(make, sensitive):
    twin = assimilated(make, sensitive, VALUES)
    assert twin.conflicts == ()
    assert twin.prior.conflicts == ()
    assert not twin.rank(draws=50).warnings


def test_an_inr_of_9_stops_the_ranking_until_another_one_agrees(make, sensitive):
    last = assimilated(make, sensitive, (*VALUES[:3], 9.0))
    (found,) = last.conflicts
    assert (found.kind, found.time, found.abstain) == ("observation", ev.at(240), True)
    assert found.probability < 1e-4
    assert "9" not in str(found)
    assert last.rank(draws=50).abstained
    later = assimilated(make, sensitive, (*VALUES[:3], 9.0, 2.5), (*INR_HOURS, 264))
    assert [(c.kind, c.abstain) for c in later.conflicts] == [("observation", False)]
    ranking = later.rank(draws=50)
    assert not ranking.abstained
    assert len(ranking.warnings) == 1
    assert "contradicts" in ranking.warnings[0]


def test_the_filter_is_robust_to_it(make, sensitive):
    without = assimilated(make, sensitive, VALUES[:3], INR_HOURS[:3])
    wrong = assimilated(make, sensitive, (*VALUES[:3], 9.0))
    moved = np.abs(wrong.mean - without.mean)[-4:] / np.sqrt(np.diag(without.cov))[-4:].clip(1e-9)
    assert moved[:3].max() < 1.0
    nearer = assimilated(make, sensitive, (*VALUES[:3], 6.0))
    assert np.abs(nearer.mean - without.mean)[-2] > np.abs(wrong.mean - without.mean)[-2]


def test_a_censored_outlier_is_robust_and_told(make, sensitive):
    above = [ev.inr(240, 9.0, comparator=">")]
    twin = assimilated(make, sensitive, VALUES[:3], INR_HOURS[:3], more=above)
    without = assimilated(make, sensitive, VALUES[:3], INR_HOURS[:3])
    assert np.abs(twin.mean - without.mean)[-4] < 0.3
    assert [c.kind for c in twin.conflicts] == ["observation"]


def test_doses_that_were_not_taken(make, wild):
    hours = [72, 120, 168, 240, 336, 432, 528, 600, 672]
    steady = [1.25, 1.55, 1.75, 1.95, 2.0, 2.0, 1.35, 1.1, 1.1]
    twin = assimilated(make, wild, steady, hours, daily=6.0)
    (found,) = [c for c in twin.conflicts if c.kind == "doses"]
    assert "stopped" in found.text
    assert ev.at(336) <= found.time <= ev.at(528)
    assert twin.rank(draws=50).abstained


def test_a_genotype_that_contradicts_the_response(make):
    called = Genome.from_diplotypes({"CYP2C9": "*3/*3", "VKORC1": "A/A"})
    hours = [72, 120, 168, 240, 336, 432, 528, 624]
    values = [1.3, 1.6, 1.7, 1.9, 2.0, 2.0, 1.9, 2.0]
    twin = assimilated(make, called, values, hours)
    kinds = {c.kind: c for c in twin.conflicts}
    assert "genotype" in kinds
    assert not kinds["genotype"].abstain
    fits = Genome.from_diplotypes({"CYP2C9": "*1/*1", "VKORC1": "G/G"})
    assert assimilated(make, fits, values, hours).conflicts == ()


def test_a_record_that_contradicts_itself(make, sensitive):
    said = [ev.stated(2, 2.5, until=ev.at(240))]
    twin = assimilated(make, sensitive, VALUES, more=said)
    (found,) = twin.conflicts
    assert (found.kind, found.abstain) == ("record", True)
    assert np.isnan(found.probability)
    assert twin.rank(draws=50).abstained
    earlier = [ev.stated(2, 2.5, until=ev.at(49))]
    long_ago = assimilated(make, sensitive, VALUES, more=earlier)
    assert [(c.kind, c.abstain) for c in long_ago.conflicts] == [("record", False)]


def test_a_cohort_finds_what_its_twins_do():
    stopped = np.ones(VISITS[13])
    stopped[24:] = 0.0
    virtual = cohort(3, seed=5, visits=VISITS[:14], taken=stopped)
    members = Cohort("warfarin", virtual.records, virtual.genomes, POPULATION).assimilate()
    together = members.conflicts()
    assert any(c.kind == "doses" for found in together for c in found)
    for i in range(3):
        alone = members.twin(i).conflicts
        assert [str(c) for c in alone] == [str(c) for c in together[i]]
        assert [c.probability for c in alone] == pytest.approx(
            [c.probability for c in together[i]], nan_ok=True
        )
