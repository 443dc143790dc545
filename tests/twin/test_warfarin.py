"""Warfarin: doses from a record, start, covariates, limits, tablets, candidates; what each rule is for."""

from __future__ import annotations

import numpy as np
import pytest

from pytwin.model import Plan, Population
from pytwin.model.limit import judge
from pytwin.record.record import PatientInfo, Record
from pytwin.record.time import NAT, parse_time
from pytwin.therapies import Patient, load
from pytwin.therapies.warfarin.plans import LABEL_MG, label_range, loading, maintenance, makeable, round_dose

from . import events as ev

THERAPY = load("warfarin")
PEOPLE = Population.load(THERAPY.population)


def read(record, start="auto", until=None):
    return THERAPY.read(record, start, PEOPLE, until)


def amounts(history):
    return [(round(d.time, 6), d.amount, d.source) for d in history.doses]


def test_administrations_are_believed_before_statements_before_orders(make):
    record = make(
        [
            ev.stated(2, 5, "order", until=ev.at(200)),
            ev.given(10, 5),
            ev.given(34, 4),
            ev.stated(58, 3, until=ev.at(58 + 48)),
            ev.inr(0, 1.0),
            ev.inr(140, 2.0),
        ]
    )
    history = read(record)
    assert amounts(history)[:5] == [
        (2, 5, "order"),
        (10, 5, "administration"),
        (34, 4, "administration"),
        (58, 3, "statement"),
        (82, 3, "statement"),
    ] or amounts(history)[:2] == [(10, 5, "administration"), (34, 4, "administration")]
    differences = history.issues.with_code("dose.sources-differ")
    assert len(differences) >= 1
    assert "4" not in str(differences[0])


def test_a_held_dose_is_none(make):
    record = make([ev.stated(0, 5, "order"), *(ev.given(10 + 24 * d, 5) for d in range(3))])
    held = ev.given(82, float("nan"), status="not-done", usable=False, valid=False)
    record = make([*record.events, held, ev.given(106, 4), ev.inr(0, 1), ev.inr(110, 2)])
    assert [a for _, a, _ in amounts(read(record)) if a] == [5, 5, 5, 4]


def test_doses_without_a_time_or_taken_as_needed_are_listed_not_guessed(make):
    rows = [
        ev.given(0, 5)._replace(time=NAT),
        ev.stated(0, 5, as_needed=True),
        ev.inr(0, 1.0),
        ev.given(10, 5),
    ]
    history = read(make(rows))
    assert history.issues.counts() == {"dose.no-time": 1, "dose.as-needed": 1}
    assert [a for _, a, _ in amounts(history)] == [5]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([ev.inr(0, 1.1), ev.given(10, 5)], "untreated"),
        ([ev.inr(0, 1.1)], "untreated"),
        ([ev.inr(0, 2.4)], "unknown"),
        ([ev.inr(0, 2.4), ev.given(10, 5)], "unknown"),
        ([ev.stated(-500, 5), ev.inr(0, 2.4)], "steady"),
        ([ev.stated(0, 5), ev.inr(10, 2.4)], "steady"),
        ([], "untreated"),
    ],
)
def test_the_start(make, rows, expected):
    assert read(make(rows)).start == expected


def test_a_chosen_start_wins(make):
    rows = [ev.stated(0, 5), ev.inr(10, 2.4)]
    assert read(make(rows), "unknown").start == "unknown"
    assert read(make(rows)).regimen == (5.0, 24.0)


def test_the_last_inr_before_treatment_is_the_baseline(make):
    history = read(make([ev.inr(-48, 1.0), ev.inr(0, 1.2), ev.given(10, 5), ev.inr(72, 1.6)]))
    assert history.baseline == 1.2
    assert history.values.tolist() == [1.6]


def test_censored_unusable_and_wide_inrs(make):
    rows = [
        ev.given(0, 5),
        ev.inr(24, 0.8, comparator="<"),
        ev.inr(48, 5.9, usable=False),
        ev.inr(72, 2.0, width=31 * 24 * ev.HOUR),
        ev.inr(96, 2.5),
    ]
    history = read(make(rows))
    assert history.values.tolist() == [0.8, 2.5]
    assert history.censor.tolist() == [-1, 0]
    assert history.issues.counts()["inr.no-time"] == 1


def test_what_is_later_than_until_is_not_used(make, course):
    history = read(make(course), until=ev.at(130))
    assert history.times.size == 2
    assert max(d.time for d in history.doses) <= history.end


def test_interacting_drugs_act_from_start_to_stop(make, course):
    amiodarone = ev.stated(48, 200, name="amiodarone", until=ev.at(120))
    history = read(make([*course, amiodarone]))
    assert [(s.time, s.on) for s in history.switches] == [(48.0, True), (120.0, False)]
    assert history.covariates["amiodarone"] == 0.0


def test_current_dose(make):
    alternate = [ev.given(24 * d, 3 + d % 2 / 2) for d in range(6)]
    assert read(make(alternate)).current_daily(121) == 3.25
    weekly = [ev.given(48 * d, 5) for d in range(4)]
    assert read(make(weekly)).current_daily(150) == 2.5
    assert read(make([])).current_daily(0) is None


def test_the_next_dose_is_not_given_twice_in_a_day(make, course):
    history = read(make(course))
    assert history.next_dose_delay(history.end) == pytest.approx(226 + 24 - history.end)


# ---- tablets and plans ----


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [(5.1, (5.0,)), (3.2, (3.0, 3.5)), (0.1, (0.5,)), (7.62, (7.5,)), (7.63, (7.5, 8.0))],
)
def test_rounding_to_tablets(wanted, expected):
    assert round_dose(wanted) == expected
    assert all(makeable(a) for a in expected)


def test_the_labels_table():
    assert label_range("*3/*1", "GA") == (3, 4)
    assert label_range("*1/*5", "GG") is None
    assert sum(len(row) for row in LABEL_MG.values()) == 18


@pytest.mark.reference
def test_the_labels_table_against_the_reference():
    from pytwin.verify.library import reference_dir

    text = (reference_dir() / "pkpd/warfarin_refs/fda_table.csv").read_text(encoding="utf-8")
    rows = [line.split(",") for line in text.split()[1:]]
    assert len(rows) == 18
    for vkorc1, cyp2c9, low, high in rows:
        assert label_range(cyp2c9, vkorc1) == (float(low), float(high))


def test_plans_by_their_doses():
    assert [d.amount for _, d in maintenance((3.0, 3.5)).administrations("4 d")] == [3, 3.5, 3, 3.5]
    assert [d.amount for _, d in loading(10, 2, (5.0,)).administrations("4 d")] == [10, 10, 5, 5]


# ---- limits ----


def excluded(record, plan, confirmed=()):
    history = read(record)
    patient = Patient(record, history, history.end, history.origin + round(history.end * ev.HOUR))
    kept, apart = judge([plan], THERAPY.limits, patient, confirmed)
    assert len(kept) + len(apart) == 1
    return (apart[0].code, apart[0].state) if apart else None


FIVE = maintenance((5.0,))


def test_a_plan_that_keeps_all(make):
    assert excluded(make(), FIVE) is None


@pytest.mark.parametrize(
    ("plan", "code"),
    [
        (maintenance((5.3,)), "makeable"),
        (maintenance((16.0,)), "max-daily-dose"),
        (loading(12.0, 2, (5.0,)), "loading-dose"),
        (Plan("grams").dose("warfarin", 0.02, "g", every="24 h"), "max-daily-dose"),
        (Plan("twice").dose("warfarin", 8, every="12 h"), "max-daily-dose"),
    ],
)
def test_plans_that_break_a_limit(make, plan, code):
    assert excluded(make(), plan) == (code, "broken")


def test_what_the_record_cant_exclude_is_not_ranked_until_confirmed(make):
    assert excluded(make(birth=None), FIVE) == ("age", "not excluded")
    assert excluded(make(birth=None), FIVE, ["age"]) is None
    woman = make(sex="female", birth="1990-01-01")
    assert excluded(woman, FIVE) == ("pregnancy", "not excluded")
    assert excluded(woman, FIVE, ["pregnancy"]) is None
    assert excluded(make(sex="female"), FIVE) is None


def test_what_is_broken_cant_be_confirmed_away(make):
    assert excluded(make(birth="2015-01-01"), FIVE, ["age"]) == ("age", "broken")
    bleeding = make([ev.condition("bleeding")])
    assert excluded(bleeding, FIVE, ["bleeding"]) == ("bleeding", "broken")
    assert excluded(make([ev.condition("bleeding", status="resolved")]), FIVE) is None


def test_a_strong_interaction_without_an_effect(make):
    drug = ev.stated(-10, 200, name="fluconazole")
    assert excluded(make([drug]), FIVE) == ("interaction", "not excluded")
    assert excluded(make([ev.stated(-10, 200, name="amiodarone")]), FIVE) is None


def test_a_decade_that_reaches_below_18(make):
    young = make(birth=None, age_decade=1)
    assert excluded(young, FIVE) == ("age", "not excluded")
    assert excluded(make(birth=None, age_decade=7), FIVE) is None


def test_a_record_without_any_time_has_no_age_by_birth():
    born = parse_time("1953-07-01")
    undated = Record.from_events(PatientInfo("P", birth=born, sex="male"), [])
    history = read(undated)
    assert "age" not in history.covariates
    assert history.issues.counts() == {"record.undated": 1}
    decade = Record.from_events(PatientInfo("P", age_decade=6, sex="male"), [])
    assert read(decade).covariates["age"] == 65


def test_covariates(make):
    record = make([ev.inr(0, 1.0)])
    found = read(record).covariates
    assert found["age"] == pytest.approx(71.54, abs=0.01)
    assert np.isnan(found.get("weight", np.nan))
