"""Events at exact times: what was given, and where plasma glucose crosses a threshold.

Crossings are compared with a fine grid of outputs, which knows nothing of triggers.
"""

from __future__ import annotations

import numpy as np
import pytest

from pytwin import InputError, Model, glucose

EVERYONE = glucose.patients("uvapadova")
MEALS = [(7, 45), (12, 70), ("18 h", 80)]
PLAN = glucose.schedule("uvapadova", MEALS, [(7, 5.0), (12, 6.0, "30 min")], [(0, 0.9), ("20 h", 1.2)])


@pytest.fixture(scope="module")
def found() -> tuple[glucose.Event, ...]:
    return glucose.events(EVERYONE, PLAN, "24 h")


def test_what_was_given(found) -> None:
    own = [
        (e.time, e.what, e.value) for e in found if e.subject == 11 and e.what in ("meal", "bolus", "rate")
    ]
    expected = [
        (0.0, "rate", 0.9), (7.0, "bolus", 5.0), (7.0, "meal", 45.0), (12.0, "meal", 70.0),
        (12.0, "rate", 12.9), (12.5, "rate", 0.9), (18.0, "meal", 80.0), (20.0, "rate", 1.2),
    ]  # fmt: skip
    assert [(t, w) for t, w, _ in own] == [(t, w) for t, w, _ in expected]
    np.testing.assert_allclose([v for *_, v in own], [v for *_, v in expected], rtol=1e-12)


def test_crossings_are_where_glucose_is_at_the_threshold(found) -> None:
    core = Model("uvapadova").core
    times = {i: sorted({60 * e.time for e in found if e.subject == i and e.time > 0}) for i in range(30)}
    for i in range(30):
        crossings = [
            e for e in found if e.subject == i and e.what.split()[0] in ("low", "high") and e.time > 0
        ]
        y = core.simulate(
            EVERYONE.params[i : i + 1], EVERYONE.x0[i : i + 1], 0.0, PLAN, [0, len(PLAN)], times[i], None,
            [0], rtol=1e-10, atol=1e-12,
        )["y"][0, :, 0]  # fmt: skip
        for e in crossings:
            assert y[times[i].index(60 * e.time)] == pytest.approx(e.value, abs=1e-4)


def test_every_crossing_of_a_fine_grid_is_there(found) -> None:
    minutes = np.arange(0, 1440.01, 0.5)
    own = np.arange(30)
    y = Model("uvapadova").core.simulate(
        EVERYONE.params, EVERYONE.x0, 0.0, np.tile(PLAN, 30), np.arange(31) * len(PLAN), minutes, own, own,
        rtol=1e-8, atol=1e-10,
    )["y"][..., 0]  # fmt: skip
    seen = 0
    for what, level, sign in (("low", 70.0, -1), ("high", 180.0, 1)):
        beyond = sign * (y - level) > 0
        for i in range(30):
            steps = minutes[1:][np.diff(beyond[i].astype(int)) != 0]
            mine = [e for e in found if e.subject == i and e.what.startswith(what) and e.time > 0]
            parity = np.arange(len(steps)) + beyond[i, 0]
            assert [e.what for e in mine] == [what + " ends" * int(k % 2) for k in parity]
            np.testing.assert_allclose([60 * e.time for e in mine], steps - 0.25, atol=0.2501)
            seen += len(mine)
    assert seen > 40


def test_a_start_beyond_a_threshold_is_an_event() -> None:
    one = EVERYONE.take(["adult#001"])
    calm = glucose.schedule("uvapadova", basal=float(one.basal[0]))
    events = glucose.events(one, calm, 5, low=140.0, high=None)
    assert [(e.time, e.what, round(e.value, 2)) for e in events if e.what != "rate"] == [(0.0, "low", 138.56)]


def test_events_of_a_loop() -> None:
    who = EVERYONE.take(["adolescent#001"])
    loop = glucose.run_loop(
        who,
        MEALS,
        glucose.BasalBolus(who),
        glucose.pump(),
        glucose.sensor(),
        length="9 h",
        errors=np.zeros(181),
    )
    events = glucose.events(who, loop.actions, 9)
    assert [(e.time, e.value) for e in events if e.what == "meal"] == [(7.0, 45.0)]
    rates = [(round(60 * e.time), e.value) for e in events if e.what == "rate"]
    assert [t for t, _ in rates] == [0, 423, 426] and rates[1][1] > 60


def test_both_models_take_part() -> None:
    steady = glucose.steady_state("hovorka", 5.0, "mmol/L")
    model = Model("hovorka")
    who = glucose.Patients(
        "hovorka", ("a",), steady.params[None], steady.x0[None], np.atleast_1d(steady.basal),
        *(np.ones(1) for _ in range(4)), model.citation, "",
    )  # fmt: skip
    plan = glucose.schedule(model, [(1, 60)], [(1, 3.0)], float(steady.basal))
    what = [e.what for e in glucose.events(who, plan, "12 h", low=3.9, high=8.0)]
    assert what == ["rate", "bolus", "meal", "high", "high ends"] + what[5:]


def test_bad_shape() -> None:
    with pytest.raises(InputError, match="bad-shape"):
        glucose.events(EVERYONE, np.tile(PLAN, (2, 1)), 1)
