"""Ranking: order, ties, regret, limits, abstention, drivers, manifest."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pytwin.errors import InputError
from pytwin.model import Objective, Plan
from pytwin.rank.drivers import variance_shares
from pytwin.rank.run import merge, p_best, tie_groups
from pytwin.twin import Twin

from . import events as ev


@pytest.fixture(scope="module")
def twin(make, course, sensitive):
    return Twin("warfarin", make(course), sensitive).assimilate()


@pytest.fixture(scope="module")
def ranking(twin):
    return twin.rank(draws=300, seed=2)


def test_order_probabilities_and_regret(ranking):
    assert not ranking.abstained
    assert (np.diff(ranking.expected_utility) <= 0).all()
    assert ranking.p_best.sum() == pytest.approx(1)
    assert (ranking.regret >= 0).all()
    assert ranking.regret.argmin() == 0
    assert (ranking.interval[:, 0] <= ranking.interval[:, 1]).all()
    assert (ranking.standard_error >= 0).all()
    assert len(ranking.table["plan"]) == len(ranking.plans) == len(ranking.trajectories)
    for times, bands in ranking.trajectories.values():
        assert bands.shape == (5, times.size)
        assert (np.diff(bands, axis=0) >= 0).all()


def test_candidates_hold_what_they_should(ranking):
    names = " ".join(p.name for p in ranking.plans)
    for part in ("twin", "label", "current", "omit 1 d", "10 mg daily"):
        assert part in names
    shares = ranking.shares["INR 2 to 3"]
    assert ((shares >= 0) & (shares <= 1)).all()


def test_the_same_seed_gives_the_same_ranking(twin, ranking):
    again = twin.rank(draws=300, seed=2)
    assert np.array_equal(again.expected_utility, ranking.expected_utility)
    assert again.manifest == ranking.manifest


def test_utility_comes_from_the_latent_value(twin):
    plan = Plan("3 mg").dose("warfarin", 3, every="24 h")
    goal = Objective().time_in("INR", 0.5, 50)
    assert twin.rank([plan], goal, draws=50).expected_utility[0] == pytest.approx(1.0)


def test_ties_are_shown(twin):
    plans = [Plan(f"{a} mg").dose("warfarin", a, every="24 h") for a in (3, 3.5, 9)]
    near = twin.rank(plans, draws=100, indifference=0.5)
    assert near.ranks[:2] == ("1=", "1=")
    assert len(near.ties[0]) == 2
    assert len(near.best) == 2


def test_tie_groups_by_hand():
    rng = np.random.default_rng(0)
    base = rng.normal(size=400)
    total = np.array([base + 1.0, base + 0.995, base + 0.5, base + 0.2 + 3 * rng.normal(size=400)])
    assert tie_groups(total, 0.01) == (0, 0, 2, 2) or tie_groups(total, 0.01) == (0, 0, 2, 3)
    assert tie_groups(total[:3], 0.0) == (0, 1, 2)


def test_draws_with_several_best_plans_are_split():
    assert p_best(np.array([[1.0, 2.0], [1.0, 1.0]])).tolist() == [0.75, 0.25]


def test_plans_that_give_the_same_are_one():
    five = Plan("5 mg daily").dose("warfarin", 5, every=24)
    found = merge([five, five.named("x", "label"), five.named("y", "twin"), Plan("5 mg daily")])
    assert [p.name for p in found] == ["5 mg daily [label, twin]", "5 mg daily"]
    assert [p.name for p in merge([five, Plan("5 mg daily")])] == ["5 mg daily", "5 mg daily (2)"]


def test_limits_come_first(twin):
    plans = [Plan("much").dose("warfarin", 20, every="24 h"), Plan("3 mg").dose("warfarin", 3, every="24 h")]
    found = twin.rank(plans, draws=50)
    assert [p.name for p in found.plans] == ["3 mg"]
    plan, reason = found.excluded[0]
    assert plan.name == "much"
    assert "15 mg" in reason


def test_what_cant_be_excluded_is_not_ranked_unless_confirmed(make, course, sensitive):
    twin = Twin("warfarin", make(course, sex="female", birth="1990-01-01"), sensitive).assimilate()
    found = twin.rank(draws=50)
    assert found.abstained
    assert not found.plans
    assert {e.code for e in found.excluded} == {"pregnancy"}
    confirmed = twin.rank(draws=50, confirmed=["pregnancy"])
    assert confirmed.plans
    assert confirmed.manifest["confirmed"] == ["pregnancy"]


@pytest.mark.parametrize(
    ("rows", "genome", "word"),
    [
        ([ev.inr(0, 2.4)], True, "doses"),
        ([ev.inr(0, 1.0), *(ev.given(10 + 24 * d, 5) for d in range(9))], True, "no INR"),
        (
            [ev.inr(0, 1.0), *(ev.given(10 + 24 * d, 5) for d in range(3)), ev.inr(72, 1.4)],
            False,
            "genotypes",
        ),
        ([ev.inr(0, 1.0)], False, "genotypes"),
        (
            [ev.inr(0, 1.0), *(ev.given(10 + 24 * d, 2) for d in range(5)), ev.inr(110, 9.0)],
            True,
            "contradicts",
        ),
    ],
)
def test_abstention(make, sensitive, rows, genome, word):
    twin = Twin("warfarin", make(rows), sensitive if genome else None).assimilate()
    found = twin.rank(draws=50)
    assert found.abstained
    assert any(word in r for r in found.reasons)
    assert not found.plans
    assert "No ranking" in found._repr_html_()


def test_a_patient_who_starts_can_be_ranked(make, sensitive):
    found = Twin("warfarin", make([ev.inr(0, 1.1)]), sensitive).assimilate().rank(draws=50)
    assert not found.abstained
    kinds = {p.kind for p in found.plans}
    assert {"loading", "maintenance"} <= kinds


def test_drivers(ranking):
    drivers = ranking.drivers
    assert set(drivers.utility) == {"CL", "V", "EC50", "BASE"}
    assert all(-1e-9 <= s <= 1 for s in drivers.utility.values())
    assert sum(drivers.utility.values()) <= 1 + 1e-9
    assert sum(drivers.terms.values()) > 0
    assert drivers.sentences()


def test_variance_shares_by_hand():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20_000, 3))
    y = 3 * x[:, 0] + x[:, 1] ** 2
    shares = variance_shares(x, y)
    assert np.allclose(shares, [9 / 11, 2 / 11, 0], atol=0.02)
    assert not variance_shares(x, np.ones(20_000)).any()


def test_the_manifest_says_what_is_needed(ranking):
    manifest = json.loads(json.dumps(ranking.manifest))
    for key in (
        "population",
        "population_hash",
        "record_hash",
        "seed",
        "draws",
        "data",
        "intended_use",
        "core",
    ):
        assert manifest[key]
    assert "not a medical device" in manifest["intended_use"]


def test_names_are_escaped(twin):
    plan = Plan("<b>bold</b>").dose("warfarin", 3, every="24 h")
    text = twin.rank([plan], draws=50)._repr_html_()
    assert "<b>bold" not in text
    assert "<svg" in text


def test_too_few_draws(twin):
    with pytest.raises(InputError, match="bad-draws"):
        twin.rank(draws=1)
