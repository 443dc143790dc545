"""Dose records: the core against superposition (pytwin.reference.dosing), NONMEM's runs, and itself.

Expected: every dose acts alone in a linear model, additional doses are the same as written out ones, a steady
state is what many doses lead to, and a lane's result depends on nothing but its own rows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pytwin import _core
from pytwin.errors import ComputationError, InputError
from pytwin.model import Model, Plan, Schedule, read_events
from pytwin.reference import dosing
from pytwin.verify import simulation_dosing

pytestmark = pytest.mark.core
Array = NDArray[np.float64]
DOSE, BOLUS, RESET = _core.ACTION_DOSE, _core.ACTION_BOLUS, _core.ACTION_RESET
MODELS = {
    "pk_1cpt_oral": (dosing.one_compartment(1.3, 1.7, 19.0), {"KA": 1.3, "CL": 1.7, "V": 19.0}),
    "pk_2cpt_oral": (
        dosing.two_compartments(1.3, 1.7, 19.0, 2.2, 31.0),
        {"KA": 1.3, "CL": 1.7, "V2": 19.0, "Q": 2.2, "V3": 31.0},
    ),
}


def schedule(*records: dosing.Record) -> Schedule:
    """The records as the core takes them: state 0 is port 0, state 1 port 1."""
    actions, doses = [], []
    for r in records:
        if r.reset:
            actions.append((r.time, RESET, 0, 0.0))
        if r.amount or r.steady:
            actions.append((r.time, DOSE, len(doses), 0.0))
            doses.append((r.state, r.steady, r.amount, r.rate, r.interval, r.additional))
    return Schedule(np.array(actions, _core.PLAN_DTYPE), np.array(doses, _core.DOSE_DTYPE))


def params(ports: tuple[dosing.Port, dosing.Port]) -> dict[str, float]:
    return {
        f"{name}{i + 1}": value
        for i, p in enumerate(ports)
        for name, value in (("ALAG", p.lag), ("F", p.share), ("R", p.rate), ("D", p.duration))
    }


def _random_record(rng: np.random.Generator, time: float) -> dosing.Record:
    kind = rng.choice(
        ["bolus", "rate", "own rate", "duration", "constant", "reset"], p=[0.3, 0.25, 0.15, 0.15, 0.05, 0.1]
    )
    state = int(rng.integers(2))
    if kind == "reset":
        return dosing.Record(time, 0.0, state, reset=True)
    if kind == "constant":
        return dosing.Record(time, 0.0, state, rate=float(rng.uniform(1, 20)), steady=1)
    rate = {"bolus": 0.0, "rate": float(rng.uniform(3, 40)), "own rate": -1.0, "duration": -2.0}[kind]
    steady = int(rng.choice([0, 0, 0, 1, 2]))
    repeats = steady > 0 or rng.random() < 0.5
    return dosing.Record(
        time,
        float(rng.uniform(10, 200)),
        state,
        rate,
        float(rng.uniform(3, 20)) if repeats else 0.0,
        int(rng.integers(0, 5)) if repeats else 0,
        steady,
        reset=bool(rng.random() < 0.1),
    )


def _random_port(rng: np.random.Generator) -> dosing.Port:
    lag = float(rng.choice([0.0, rng.uniform(0, 30)]))
    return dosing.Port(
        lag, float(rng.uniform(0.2, 2)), float(rng.uniform(5, 40)), float(rng.uniform(0.5, 40))
    )


@pytest.mark.parametrize("name", MODELS)
def test_superposition(name: str) -> None:
    K, own = MODELS[name]
    rng = np.random.default_rng(11)
    for _ in range(60):
        records = tuple(
            _random_record(rng, float(t)) for t in np.sort(rng.uniform(0, 60, rng.integers(1, 6)))
        )
        ports = _random_port(rng), _random_port(rng)
        times = np.sort(rng.uniform(0, 120, 40))
        found = Model(name).simulate(times, schedule(*records), own | params(ports), states=True)
        expected = dosing.states(K, (*ports, dosing.Port()), records, times)
        scale = np.abs(expected).max()
        np.testing.assert_allclose(
            found.x, expected, rtol=1e-9, atol=1e-11 * scale + 1e-12, err_msg=str((records, ports))
        )


@pytest.mark.reference
def test_superposition_agrees_with_nonmem(reference: Path) -> None:
    columns = simulation_dosing.read(reference / "pkpd/dosing_events/nlmixr2data_nmtest_nonmem743.csv")
    number = {k: v.astype(float) for k, v in columns.items()}
    K = dosing.one_compartment(1.5, 1.1, 20.0)
    for subject in np.unique(number["id"]):
        mine = {k: v[number["id"] == subject] for k, v in number.items()}
        port = dosing.Port(mine["lagt"][0], mine["bioav"][0], mine["rat2"][0], mine["dur2"][0])
        rows = np.flatnonzero(mine["evid"] > 0)
        records = [
            dosing.Record(
                mine["time"][i],
                mine["amt"][i] * (mine["evid"][i] != 3),
                int(mine["cmt"][i]) - 1,
                mine["rate"][i],
                mine["ii"][i],
                int(mine["addl"][i]),
                int(mine["ss"][i]),
                mine["evid"][i] >= 3,
            )
            for i in rows
        ]
        seen = mine["evid"] == 0
        got = 50.0 * dosing.states(K, (dosing.Port(), port), records, mine["time"][seen])[:, 1]
        assert simulation_dosing.distance(got, mine["cp"][seen]) <= 1.0, subject


@pytest.mark.reference
def test_cases(reference: Path) -> None:
    from pytwin.verify.run import Context

    found = simulation_dosing.cases(Context(reference))
    assert len(found) == 54
    assert [c.name for c in found if not c.passed] == []


def test_additional_doses_are_the_same_as_written_out() -> None:
    model, times = Model("pk_2cpt_oral"), np.linspace(0, 100, 301)
    one = schedule(dosing.Record(1.0, 80.0, 0, interval=7.3, additional=9))
    many = schedule(*(dosing.Record(1.0 + j * 7.3, 80.0, 0) for j in range(10)))
    plain = np.array([(1.0 + j * 7.3, BOLUS, 0, 80.0) for j in range(10)], _core.PLAN_DTYPE)
    found = model.simulate(times, [one, many], {"F1": 0.7}).y
    np.testing.assert_array_equal(found[0], found[1])
    found = model.simulate(times, [one, many], {"F1": 0.7, "ALAG1": 2.1}).y
    np.testing.assert_allclose(found[0], found[1], rtol=1e-12)
    np.testing.assert_array_equal(model.simulate(times, plain)["C"], model.simulate(times, one)["C"])


@pytest.mark.parametrize("rate", [0.0, 30.0, 4.0])
def test_steady_state_is_what_many_doses_lead_to(rate: float) -> None:
    """Boluses, and infusions shorter and longer than the interval."""
    later = np.linspace(1, 60, 60)
    own = {"CL": 1.7, "ALAG2": 5.0, "F2": 0.8}
    steady = schedule(dosing.Record(0.0, 100.0, 1, rate, 24.0, 2, 1))
    many = schedule(dosing.Record(0.0, 100.0, 1, rate, 24.0, 402))
    found = Model("pk_1cpt_oral").simulate(later, steady, own)["C"]
    expected = Model("pk_1cpt_oral").simulate(later + 400 * 24, many, own)["C"]
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_steady_state_of_a_model_that_is_not_linear() -> None:
    later = np.linspace(2, 48, 24)
    steady = schedule(dosing.Record(0.0, 5.0, 0, 0.0, 24.0, 2, 1))
    many = schedule(dosing.Record(0.0, 5.0, 0, 0.0, 24.0, 402))
    own = {"CL": np.array([0.1, 0.3, 0.6])}
    found = Model("hamberg2010").simulate(later, steady, own)["INR"]
    expected = Model("hamberg2010").simulate(later + 400 * 24, many, own)["INR"]
    np.testing.assert_allclose(found, expected, rtol=1e-7)
    assert (found[:, 0] > 1.05).all()


def test_steady_state_added() -> None:
    """Two regimens that are both in their steady states are the sum of each."""
    model, times = Model("pk_1cpt_oral"), np.linspace(0, 40, 41)
    first = dosing.Record(0.0, 100.0, 0, 0.0, 24.0, 1, 1)
    second = dosing.Record(0.0, 30.0, 1, 10.0, 8.0, 4, 2)
    alone = [model.simulate(times, schedule(r))["C"] for r in (first, second)]
    both = model.simulate(times, schedule(first, second))["C"]
    np.testing.assert_allclose(both[1:], alone[0][1:] + alone[1][1:], rtol=1e-12)


def test_doses_at_the_instant_of_an_observation() -> None:
    """An additional or lagged dose acts before it, a row of its own where it stands."""
    rows = {
        "TIME": [0, 10, 10, 10, 20],
        "EVID": [1, 0, 1, 0, 0],
        "AMT": [20, 0, 40, 0, 0],
        "CMT": [2, 2, 2, 2, 2],
        "II": [10, 0, 0, 0, 0],
        "ADDL": [2, 0, 0, 0, 0],
    }
    found = Model("pk_1cpt_oral").simulate_events(rows, params={"CL": 0.0, "V": 20.0})["C"]
    np.testing.assert_allclose(found, [1.0, 2.0, 4.0, 4.0, 5.0], rtol=1e-14)
    found = Model("pk_1cpt_oral").simulate(
        [10, 11], schedule(dosing.Record(4, 20, 1)), {"ALAG2": 6.0, "CL": 0.0}
    )
    np.testing.assert_allclose(found["C"], [1.0, 1.0], rtol=1e-14)


def test_reset_cancels_what_is_pending() -> None:
    records = (
        dosing.Record(0.0, 100.0, 1, 5.0, 6.0, 10),
        dosing.Record(0.0, 100.0, 0, 0.0, 6.0, 10),
        dosing.Record(20.0, 0.0, 0, reset=True),
    )
    found = Model("pk_1cpt_oral").simulate([19, 20, 21, 60], schedule(*records), {"ALAG1": 3.0})["C"]
    assert found[0] > 0 and (found[2:] == 0).all()


def test_start_within_a_regimen() -> None:
    """A lane that starts later, with the state of one that followed all, goes on as it did."""
    model, times = Model("pk_2cpt_oral"), np.array([25.5, 26.0, 40.0, 90.0])
    own = {"ALAG1": 3.0, "ALAG2": 1.0, "F2": 0.6, "D1": 9.0}
    plan = schedule(
        dosing.Record(0.0, 100.0, 1, 5.0, 9.0, 6, 1),
        dosing.Record(2.0, 50.0, 0, -2.0, 11.0, 4),
        dosing.Record(24.0, 70.0, 0, 0.0),
        dosing.Record(30.0, 70.0, 0, 0.0, 10.0, 2),
    )
    whole = model.simulate(times, plan, own)
    middle = model.simulate([25.5], plan, own).x_end
    later = model.simulate(times, plan, own, middle, start=25.5)
    np.testing.assert_allclose(later["C"], whole["C"], rtol=1e-12)


def _many_lanes() -> tuple[Array, list[Schedule]]:
    model = Model("pk_2cpt_oral")
    names = [p["name"] for p in model.params]
    rng = np.random.default_rng(5)
    rows = np.tile(model.rows(), (200, 1))
    for name in ("KA", "CL", "V2", "F1", "F2", "R1", "R2", "D1", "D2", "ALAG1", "ALAG2"):
        rows[:, names.index(name)] = rng.uniform(0.5, 9, 200)
    records = [
        dosing.Record(2.0 * k, 50.0 + k, k % 2, float(r), 5.0, 3, int(k == 3))
        for k, r in enumerate((0, 8, -1, -2))
    ]
    return rows, [schedule(*records)]


def test_bits_do_not_depend_on_batch_order_and_threads() -> None:
    rows, plan = _many_lanes()
    times = np.linspace(0, 60, 61)

    def run(params: Array, threads: int = 1) -> Array:
        return np.asarray(Model("pk_2cpt_oral").simulate(times, plan[0], params, threads=threads).y)

    whole = run(rows)
    order = np.random.default_rng(6).permutation(len(rows))
    np.testing.assert_array_equal(run(rows[order]), whole[order])
    np.testing.assert_array_equal(np.concatenate([run(rows[i : i + 7]) for i in range(0, 200, 7)]), whole)
    np.testing.assert_array_equal(run(rows, threads=2), whole)


def test_a_moving_parameter_leaves_other_lanes_alone() -> None:
    model = Model("pk_1cpt_oral")
    names = [p["name"] for p in model.params]
    still = np.array([(0.0, BOLUS, 1, 100.0)], _core.PLAN_DTYPE)
    moving = np.array(
        [(0.0, _core.ACTION_SLOPE, names.index("CL"), 0.1), (0.0, BOLUS, 1, 100.0)], _core.PLAN_DTYPE
    )
    times = np.linspace(0, 20, 11)
    found = model.simulate(times[1:], [still, moving], {"CL": np.array([1.0, 2.0])})["C"]
    np.testing.assert_array_equal(
        found[0], model.simulate(times[1:], still, {"CL": np.array([1.0, 2.0])})["C"]
    )
    gone = (np.array([[1.0], [2.0]]) * times[1:] + 0.05 * times[1:] ** 2) / 20
    np.testing.assert_allclose(found[1], 5 * np.exp(-gone), rtol=1e-8)


BAD_LANES: list[tuple[str, dosing.Record, dict[str, Any]]] = [
    ("core.bad-argument", dosing.Record(1.0, 50.0, 1), {"ALAG2": -1.0}),
    ("core.bad-argument", dosing.Record(1.0, 50.0, 1, -1.0), {"R2": 0.0}),
    ("core.bad-argument", dosing.Record(1.0, 50.0, 1, -2.0), {"D2": -3.0}),
    ("core.singular", dosing.Record(1.0, 50.0, 1, 0.0, 12.0, 0, 1), {"CL": 0.0}),
    ("core.too-many-pending", dosing.Record(1.0, 50.0, 1, 0.01, 1.0, 99), {}),
]


@pytest.mark.parametrize(("code", "record", "own"), BAD_LANES)
def test_a_lane_that_fails_fails_alone(code: str, record: dosing.Record, own: dict[str, Any]) -> None:
    good = {"ALAG2": 0.0, "R2": 5.0, "D2": 5.0, "CL": 1.1}
    name, value = next(iter(own.items()), ("F2", 1.0))
    rows = {k: np.array([v, own.get(k, v)]) for k, v in good.items()}
    rows["F2"] = np.array([1e-3, 1.0]) if not own else np.ones(2)
    with pytest.raises(ComputationError) as caught:
        Model("pk_1cpt_oral").simulate([0, 100], schedule(record), {name: value})
    assert caught.value.code == code
    found = Model("pk_1cpt_oral").simulate([0, 100], schedule(record), rows, errors="status")
    assert found.status[0] == 0 and found.status[1] != 0
    assert np.isfinite(found.y[0]).all() and np.isnan(found.y[1, -1]).all()


BAD_ROWS = [
    (2, 0, 1.0, 0.0, 0.0, 0),
    (0, 3, 1.0, 0.0, 1.0, 0),
    (0, 0, -1.0, 0.0, 0.0, 0),
    (0, 0, 1.0, -3.0, 0.0, 0),
    (0, 0, 1.0, 0.0, 0.0, 1),
    (0, 1, 1.0, 0.0, 0.0, 0),
    (0, 2, 0.0, 1.0, 0.0, 0),
    (0, 0, np.nan, 0.0, 0.0, 0),
]


@pytest.mark.parametrize("row", BAD_ROWS)
def test_bad_dose_rows_are_refused(row: tuple[Any, ...]) -> None:
    plan = Schedule(np.array([(0.0, DOSE, 0, 0.0)], _core.PLAN_DTYPE), np.array([row], _core.DOSE_DTYPE))
    with pytest.raises(InputError, match=r"actions\[0\] of plan 0"):
        Model("pk_1cpt_oral").simulate([1.0], plan)


@pytest.mark.usefixtures("no_leak")
def test_no_memory_is_lost(failed_allocations: Any) -> None:
    plan = schedule(dosing.Record(0.0, 5.0, 0, 0.0, 24.0, 2, 1))
    model = Model("hamberg2010")
    assert failed_allocations(lambda: model.simulate([1.0], plan)) > 3


def test_event_table_equals_schedule() -> None:
    table = read_events(
        {"TIME": [0, 5, 5, 9], "EVID": [1, 0, 1, 0], "AMT": [50, 0, 20, 0], "CMT": ["A1", "A1", "A2", "A1"]}
    )
    plan = schedule(dosing.Record(0.0, 50.0, 0), dosing.Record(5.0, 20.0, 1))
    expected = Model("pk_1cpt_oral").simulate([5, 9], plan)["C"]
    np.testing.assert_array_equal(Model("pk_1cpt_oral").simulate_events(table)["C"][[1, 3]], expected)


def test_a_plan_honours_the_model_s_lag_and_asks_for_a_steady_state() -> None:
    model, times = Model("pk_1cpt_oral"), [5.0, 9.0, 30.0]
    own = {"ALAG1": 6.0, "F1": 0.5, "ALAG2": 2.0}
    plan = Plan("p").dose("drug", 100, every="12 h").infusion("drug", 10, length="4 h", start=1)
    records = dosing.Record(0.0, 100.0, 0, 0.0, 12.0, 2), dosing.Record(1.0, 40.0, 1, 10.0)
    expected = model.simulate(times, schedule(*records), own)["C"]
    np.testing.assert_array_equal(model.simulate(times, plan, own)["C"], expected)
    steady = Plan("p").dose("drug", 100, every="12 h", duration="3 h", steady=True, route="intravenous")
    record = dosing.Record(0.0, 100.0, 1, 100 / 3, 12.0, 2, 1)
    np.testing.assert_array_equal(
        model.simulate(times, steady, own)["C"], model.simulate(times, schedule(record), own)["C"]
    )
    assert str(steady) == "drug 100 mg intravenous over 3 h every 12 h from 0 h at steady state"
    with pytest.raises(InputError) as caught:
        plan.actions(model, 24)
    assert caught.value.code == "plan.has-records"
    with pytest.raises(InputError, match="interval"):
        Plan("p").dose("drug", 100, steady=True)


def test_a_dose_over_some_hours_equals_infusions() -> None:
    spread = Plan("p").dose("warfarin", 5, every="24 h", until="48 h", duration="2 h")
    rates = Plan("p").infusion("warfarin", 2.5, length="2 h", route="oral")
    rates = rates.infusion("warfarin", 2.5, length="2 h", route="oral", start=24)
    found = [Model("hamberg2010").simulate([10, 60, 100], p).y for p in (spread, rates)]
    np.testing.assert_array_equal(found[0], found[1])
    assert [t for t, _ in spread.administrations("72 h")] == [0.0, 24.0]
