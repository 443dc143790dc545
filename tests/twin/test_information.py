"""What genotyping would be worth: against closed forms, plain loops, and the test itself being made."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from pytwin.genome import Genome
from pytwin.rank.information import information
from pytwin.reference import information as plain
from pytwin.report import terminal, view
from pytwin.twin import Twin

from . import events as ev

WEIGHTS = np.array([0.5, 0.3, 0.2])
MEANS = np.array([5.0, 4.0, 2.0])
SD = 1.0
GRID = np.arange(1.0, 7.0, 0.1)


def gaussian(n: int, rng: np.random.Generator, means=MEANS):
    """Utilities -(d - theta)^2 of a grid of doses, and the label behind each theta."""
    labels = rng.choice(len(means), size=n, p=WEIGHTS)
    theta = means[labels] + SD * rng.normal(size=n)
    return -((GRID[:, None] - theta) ** 2), labels


def test_quadratic_loss_has_the_variance_between_labels():
    found = information(*gaussian(200_000, np.random.default_rng(1)), WEIGHTS)
    assert found.value == pytest.approx(plain.quadratic(MEANS, WEIGHTS), abs=3 * found.standard_error)
    assert found.standard_error < 0.01


def test_the_plain_loops_say_the_same():
    total, labels = gaussian(70, np.random.default_rng(2))
    found = information(total, labels, WEIGHTS, folds=7)
    assert found.value == pytest.approx(plain.cross_validated(total, labels, WEIGHTS, 7), abs=1e-12)


def test_the_error_is_the_spread_over_seeds():
    runs = [information(*gaussian(1000, np.random.default_rng(s)), WEIGHTS) for s in range(200)]
    values = np.array([r.value for r in runs])
    assert values.std() == pytest.approx(np.mean([r.standard_error for r in runs]), rel=0.2)
    assert abs(values.mean() - plain.quadratic(MEANS, WEIGHTS)) < 4 * values.std() / np.sqrt(200) + 0.01


def test_what_changes_no_plan_is_worth_nothing_and_the_plug_in_is_too_large():
    """A label that says nothing: choices on the same draws pretend a gain, cross-validated ones do not."""
    rng = np.random.default_rng(3)
    runs = [information(*gaussian(60, rng, np.full(3, 4.0)), WEIGHTS) for _ in range(200)]
    assert all(r.plug_in >= 0 for r in runs)
    assert np.mean([r.plug_in for r in runs]) > 0.03
    assert np.mean([r.value for r in runs]) < 0.01


def test_two_labels_by_hand():
    total = np.array([[1.0, 1.0, 0.0, 0.0] * 25, [0.0, 0.0, 3.0, 3.0] * 25])
    labels = np.array([0, 0, 1, 1] * 25)
    found = information(total, labels, np.array([0.5, 0.5]))
    assert found.value == pytest.approx(0.5)  # the second plan for all: 1.5; each its own: 2.0
    assert found.plug_in == pytest.approx(0.5)
    assert plain.discrete(np.array([[1.0, 0.0], [0.0, 3.0]]), [0.5, 0.5]) == pytest.approx(0.5)


def test_a_label_without_draws_adds_nothing():
    total, labels = gaussian(500, np.random.default_rng(4))
    more = np.append(WEIGHTS * 0.999, 0.001)
    assert information(total, labels, more).value == pytest.approx(
        0.999 * information(total, labels, WEIGHTS).value, abs=0.02
    )


@pytest.fixture(scope="module")
def half(make):
    """A patient who starts, with CYP2C9 known and VKORC1 not: White, so that frequencies are one group's."""
    record = make([ev.inr(0, 1.0)])
    return record, Twin("warfarin", record, Genome.from_diplotypes({"CYP2C9": "*1/*1"})).assimilate()


def test_it_is_what_making_the_test_gains(half):
    """Each genotype's own twin ranks the same plans; its best one is what the informed choice takes."""
    record, twin = half
    plans = [twin.therapy.plan(f"{d:g} mg", [d]) for d in (2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0)]
    ranking = twin.rank(plans, draws=4000)
    (found,) = ranking.genotyping
    informed = 0.0
    for labels, weight in zip(twin.components.labels, twin.components.weights, strict=True):
        told = Genome.from_diplotypes({"CYP2C9": "*1/*1", "VKORC1": labels["VKORC1"]})
        known = Twin("warfarin", record, told).assimilate().rank(plans, draws=2000, seed=7)
        assert not known.genotyping
        informed += weight * known.expected_utility[0]
    gain = informed - ranking.expected_utility[0]
    assert found.gene == "VKORC1"
    assert found.value == pytest.approx(gain, abs=4 * found.standard_error + 0.01)
    assert found.value > 5 * found.standard_error
    assert 0.2 < found.changes < 0.8
    assert found.value < ranking.regret[0]


def test_it_is_shown_beside_the_next_observation(half, capsys):
    _, twin = half
    ranking = twin.rank(draws=300)
    shown = view.page(ranking, figures=False)
    assert [bool(r.worth) for r in shown.next_rows if not r.when] == [True]
    assert "VKORC1" in shown.worth_note
    assert "genotyping VKORC1: worth" in repr(ranking)
    assert "Genotyping" in ranking._repr_html_()
    assert view.data(ranking)["genotyping"] == [dataclasses.asdict(g) for g in ranking.genotyping]
    terminal.show(ranking)
    assert "worth (utility)" in capsys.readouterr().out


def test_the_report_has_it(half, tmp_path):
    _, twin = half
    text = twin.rank(draws=100).report(tmp_path / "r.html").read_text()
    assert "Worth (utility)" in text
    assert "VKORC1 genotype" in text


def test_known_genes_and_those_without_a_value_have_none(make, course, wild):
    assert Twin("warfarin", make(course), wild).assimilate().rank(draws=50).genotyping == ()
    odd = Genome.from_diplotypes({"CYP2C9": "*1/*8", "VKORC1": "G/G"})
    twin = Twin("warfarin", make(course), odd).assimilate()
    assert len(twin.components) > 1
    assert twin.rank(draws=50).genotyping == ()
    assert not [c for c in twin.next_observation([7.0]).candidates if c.day is None]


def test_several_genes_have_one_more_for_all(make, course):
    found = Twin("warfarin", make(course)).assimilate().rank(draws=200).genotyping
    assert [g.gene for g in found] == ["CYP2C9", "VKORC1", "CYP2C9 and VKORC1"]


def test_an_abstention_for_lack_of_genotypes_says_what_they_are_worth(make):
    start = Twin("warfarin", make([ev.inr(0, 1.0)])).assimilate()
    found = start.rank(draws=300)
    assert found.abstained
    assert not found.plans
    worth = {g.gene: g for g in found.genotyping}
    both = worth["CYP2C9 and VKORC1"]
    assert both.value > worth["CYP2C9"].value
    assert both.value > 3 * both.standard_error
    assert "genotyping CYP2C9 and VKORC1" in repr(found)
    assert "Genotyping" in found._repr_html_()
    assert "worth to the choice of a plan" in view.page(found, figures=False).worth_note
    assert start.rank([start.therapy.plan("3 mg", [3.0])], draws=100).genotyping[0].value == 0.0


def test_an_abstention_for_another_reason_does_not(make):
    rows = [ev.inr(0, 1.0), *(ev.given(10 + 24 * d, 5) for d in range(9))]
    found = Twin("warfarin", make(rows)).assimilate().rank(draws=100)
    assert found.abstained
    assert found.genotyping == ()
