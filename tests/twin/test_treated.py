"""A patient already on warfarin: statements and orders, drugs that start and stop, a missed week."""

from __future__ import annotations

import numpy as np
import pytest

from pytwin.model import Objective, Population
from pytwin.record.time import NAT
from pytwin.therapies import load
from pytwin.twin import Twin

from . import events as ev

DAY = 24.0
LONG_AGO = -200 * DAY
THERAPY = load("warfarin")
PEOPLE = Population.load(THERAPY.population)


def read(record, start="auto"):
    return THERAPY.read(record, start, PEOPLE, None)


def daily(history, first, last):
    """Amount of each day from one to another, days since the origin of the test records."""
    origin = (ev.START - history.origin) / ev.HOUR
    return [
        sum(d.amount for d in history.doses if origin + DAY * k <= d.time < origin + DAY * (k + 1))
        for k in range(first, last)
    ]


def inrs(*pairs):
    return [ev.inr(DAY * day, value) for day, value in pairs]


def test_statements_alone_give_a_steady_start_and_every_dose(make, sensitive):
    rows = [ev.stated(LONG_AGO, 3, until=ev.at(10 * DAY)), ev.stated(10 * DAY, 4)]
    history = read(make([*rows, *inrs((0, 2.4), (28, 3.0))]))
    assert (history.start, history.regimen) == ("steady", (3.0, DAY))
    assert daily(history, 8, 14) == [3, 3, 4, 4, 4, 4]
    twin = Twin("warfarin", make([*rows, *inrs((0, 2.4), (28, 3.0))]), sensitive)
    low, high = twin.interval()["C6"]
    assert high - low > 0.05  # the start is uncertain, and it shows
    assert not twin.assimilate().conflicts


def test_a_statement_without_a_time_is_of_current_use(make):
    history = read(make([ev.stated(0, 5)._replace(time=NAT), *inrs((0, 2.4), (7, 2.5))]))
    assert history.start == "steady"
    assert daily(history, 0, 7) == [5] * 7


def test_a_steady_regimen_goes_on_until_the_first_stated_dose(make):
    history = read(make([*inrs((0, 2.4), (20, 2.5)), ev.stated(5 * DAY, 5)]))
    assert history.start == "steady"
    assert daily(history, 1, 8) == [5] * 7
    assert history.issues.counts()["dose.regimen-continued"] == 1


def test_an_order_renewed_in_a_treated_patient_is_no_start_of_treatment(make):
    renewed = read(make([ev.stated(0, 5, "order"), *inrs((0.5, 2.6), (14, 2.5))]))
    assert renewed.start == "unknown"
    begun = read(make([ev.stated(0, 5, "order"), *inrs((0.5, 1.1), (5, 2.0))]))
    assert begun.start == "untreated"


def test_orders_alone_that_began_long_ago(make, sensitive):
    record = make([ev.stated(LONG_AGO, 3, "order"), *inrs((0, 2.4), (28, 2.5))])
    twin = Twin("warfarin", record, sensitive).assimilate()
    assert twin.history.start == "untreated"
    assert len(twin.history.doses) == 229
    assert not twin.rank(draws=50).abstained


def test_weekdays_are_one_regimen(make):
    rows = [ev.stated(LONG_AGO + DAY * k, 5.0 if k < 5 else 2.5, every=168, id="S") for k in range(7)]
    history = read(make([*rows, *inrs((0, 2.4), (14, 2.5))]))
    week = daily(history, 0, 7)
    assert sorted(week) == [2.5, 2.5, 5, 5, 5, 5, 5]
    assert history.regimen == (pytest.approx(30 / 7), DAY)


def test_morning_and_evening_are_one_regimen(make):
    rows = [ev.stated(LONG_AGO + h, 2.0, id="S") for h in (0.0, 12.0)]
    assert daily(read(make([*rows, *inrs((0, 2.4), (3, 2.4))])), 0, 3) == [4, 4, 4]


def test_a_tapered_statement_is_followed_in_order(make):
    rows = [ev.stated(0, 10, id="S"), ev.stated(2 * DAY, 5, id="S"), *inrs((6, 2.0))]
    assert daily(read(make(rows), "untreated"), 0, 5) == [10, 10, 5, 5, 5]


def test_a_missed_week(make, sensitive):
    week = ev.stated(10 * DAY, 3, status="not-taken", usable=False, valid=False, until=ev.at(16.5 * DAY))
    rows = [ev.stated(LONG_AGO, 3), week, *inrs((0, 2.4), (9, 2.5), (17, 1.3), (31, 2.3))]
    history = read(make(rows))
    assert daily(history, 9, 18) == [3, *[0] * 7, 3]
    told = Twin("warfarin", make(rows), sensitive).assimilate()
    assert not told.conflicts
    untold = Twin("warfarin", make([r for r in rows if r is not week]), sensitive).assimilate()
    assert told.loglike > untold.loglike + 2


def test_an_interacting_drug_taken_twice(make, sensitive):
    spans = ((10, 20), (40, 50))
    drug = [ev.stated(a * DAY, 200, name="amiodarone", until=ev.at(b * DAY)) for a, b in spans]
    record = make([ev.stated(LONG_AGO, 3), *drug, *inrs((0, 2.4), (60, 2.4))])
    history = read(record)
    days = [(round((s.time - (ev.START - history.origin) / ev.HOUR) / DAY), s.on) for s in history.switches]
    assert days == [(10, True), (20, False), (40, True), (50, False)]
    assert history.covariates["amiodarone"] == 0
    twin = Twin("warfarin", record, sensitive)
    clearance = [p["name"] for p in twin.population.model.params].index("CL")
    lowered = twin.population.switches["amiodarone"]["CL"]
    share = [twin.assimilate(until=ev.at(d * DAY)).factors()[clearance] for d in (5, 15, 30, 45, 60)]
    assert share == pytest.approx([1, lowered, 1, lowered, 1])


def test_a_drug_that_was_there_before_and_stops(make, sensitive):
    drug = ev.stated(LONG_AGO - DAY, 200, name="amiodarone", until=ev.at(20 * DAY))
    twin = Twin("warfarin", make([ev.stated(LONG_AGO, 3), drug, *inrs((0, 2.8), (60, 2.4))]), sensitive)
    assert twin.history.covariates["amiodarone"] == 1
    clearance = [p["name"] for p in twin.population.model.params].index("CL")
    assert twin.assimilate().factors()[clearance] == pytest.approx(
        1 / twin.population.switches["amiodarone"]["CL"]
    )


def test_a_changed_target(make, sensitive):
    goals = [ev.inr(h, v)._replace(name="target INR", code="") for h, v in ((0, 2.5), (20 * DAY, 3.0))]
    record = make([ev.stated(LONG_AGO, 3), *goals, *inrs((0, 2.4), (28, 2.5))])
    twin = Twin("warfarin", record, sensitive).assimilate()
    before = twin.assimilate(until=ev.at(10 * DAY))
    assert (before.target, twin.target) == (2.5, 3.0)
    assert twin.dose_for().target == 3.0
    assert np.median(twin.dose_for().draws) > np.median(twin.dose_for(2.5).draws)
    ranking = twin.rank(draws=100)
    assert "INR 2.5 to 3.5" in ranking.shares
    assert "INR 2 to 3" in before.rank(draws=50).shares
    own = Objective().time_in("INR", 2, 3)
    assert list(twin.rank(objective=own, draws=50).shares) == ["INR 2 to 3"]


def test_two_statements_of_the_same_start_contradict_each_other(make, sensitive):
    rows = [ev.stated(LONG_AGO, 5, id="A"), ev.stated(LONG_AGO, 2.5, id="B"), *inrs((0, 2.4), (14, 2.5))]
    twin = Twin("warfarin", make(rows), sensitive).assimilate()
    assert daily(twin.history, 0, 3) in ([5] * 3, [2.5] * 3)
    assert [(c.kind, c.abstain) for c in twin.conflicts if c.kind == "record"] == [("record", True)]
    assert twin.history.issues.counts()["dose.same-start"] == 1
