"""Event tables: any data frame gives the same records, rows act in their order, errors name row and column.

Expected: closed forms of one compartment, and covariates that change at every row; NONMEM's run of such a one
is among the verified cases (test_dosing.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas
import polars
import pyarrow
import pytest

from pytwin.errors import ComputationError, InputError
from pytwin.model import EventTable, Model, read_events

pytestmark = pytest.mark.core
MODEL = "pk_1cpt_oral"
ROWS: dict[str, list[Any]] = {
    "ID": ["a", "a", "a", "b", "b"],
    "TIME": [0.0, 1.0, 5.0, 2.0, 3.0],
    "EVID": [1, 0, 0, 1, 0],
    "AMT": [100.0, 0.0, 0.0, 40.0, 0.0],
    "CMT": [2, 2, 2, 2, 2],
    "DV": [np.nan, 4.1, 3.2, np.nan, 1.9],
    "WT": [70.0, 71.0, 72.0, 50.0, 50.0],
}
FRAMES: dict[str, Callable[[], Any]] = {
    "mapping": lambda: ROWS,
    "structured": lambda: np.array(list(zip(*ROWS.values(), strict=True)), dtype=[(k, "O") for k in ROWS]),
    "pandas": lambda: pandas.DataFrame(ROWS),
    "polars": lambda: polars.DataFrame(ROWS),
    "arrow": lambda: pyarrow.table(ROWS),
    "lower case, text": lambda: {k.lower(): [str(v).replace("nan", ".") for v in c] for k, c in ROWS.items()},
}


def test_a_reset_may_start_the_clock_again() -> None:
    """Occasions of one subject: each gives what it gives alone, and other subjects keep their times."""
    alone = {"TIME": [0.0, 1.5, 6.0], "EVID": [4, 0, 0], "AMT": [80.0, 0.0, 0.0], "CMT": [1, 1, 1]}
    both = {k: [*v, *v] for k, v in alone.items()} | {"ID": [1] * 6}
    other = {k: [*both[k], *alone.get(k, [2] * 3)] for k in both}
    expected = Model(MODEL).simulate_events(alone)["C"]
    found = Model(MODEL).simulate_events(other)
    np.testing.assert_allclose(found["C"][:3], expected, rtol=1e-12)
    np.testing.assert_allclose(found["C"][3:6], expected, rtol=1e-12)
    np.testing.assert_allclose(found["C"][6:], expected, rtol=1e-12)
    assert found.stop.tolist() == [6.0, 6.0]


def test_a_subject_begins_with_its_first_row() -> None:
    rows = {"ID": [1, 1, 2, 2], "TIME": [0.0, 4.0, 10.0, 14.0], "EVID": [0, 0, 0, 0]}
    found = Model(MODEL).simulate_events(rows, x0=[0.0, 20.0])["C"]
    np.testing.assert_allclose(found[2:], found[:2], rtol=1e-12)


@pytest.mark.parametrize("kind", FRAMES)
def test_any_frame(kind: str) -> None:
    table = read_events(FRAMES[kind]())
    assert table.ids == ("a", "b") and table.starts.tolist() == [0, 3, 5]
    np.testing.assert_array_equal(table.subject, [0, 0, 0, 1, 1])
    np.testing.assert_array_equal(table["TIME"], ROWS["TIME"])
    np.testing.assert_array_equal(table["DV"], ROWS["DV"])
    found = Model(MODEL).simulate_events(table, params={"CL": 2.0, "V": 20.0})
    expected = [5.0, 5 * np.exp(-0.1), 5 * np.exp(-0.5), 2.0, 2 * np.exp(-0.1)]
    np.testing.assert_allclose(found["C"], expected, rtol=1e-13)
    assert "2 subjects, 5 rows: 2 doses, 3 observations" in repr(table)


def test_a_frame_goes_straight_in() -> None:
    model = Model(MODEL)
    frame = pandas.DataFrame(ROWS)
    np.testing.assert_array_equal(model.simulate_events(frame).y, model.simulate_events(read_events(frame)).y)


def test_what_is_left_out() -> None:
    """No ID: one subject; no EVID: a row with an amount is a dose; names of the user's own."""
    table = read_events({"hours": [0, 4], "mg": [10, 0]}, columns={"TIME": "hours", "AMT": "mg"})
    assert table.ids == (1,) and table.evid.tolist() == [1, 0]
    found = Model(MODEL).simulate_events(table, params={"KA": 0.5}, states=True)
    assert found["A1"].tolist() == pytest.approx([10.0, 10 * np.exp(-2)])


@pytest.mark.parametrize("name", [2, 2.0, "2", "A2", "intravenous", "central"])
def test_compartments(name: Any) -> None:
    rows = {"TIME": [0.0, 0.0], "EVID": [1, 0], "AMT": [50.0, 0.0], "CMT": [name, name]}
    found = Model(MODEL).simulate_events(rows, cmt={"central": "intravenous"})
    np.testing.assert_allclose(found["C"], [2.5, 2.5])


def test_rows_of_one_subject_don_t_touch_others() -> None:
    rows = read_events(ROWS)
    both = Model(MODEL).simulate_events(rows, threads=2)
    alone = Model(MODEL).simulate_events({k: v[3:] for k, v in ROWS.items()})
    np.testing.assert_array_equal(both["C"][3:], alone["C"])


def _decay(rates: list[float], spans: list[float]) -> float:
    return float(np.exp(-np.dot(rates, spans)))


def test_covariates_over_time() -> None:
    rows = {
        "TIME": [0.0, 2.0, 6.0],
        "EVID": [1, 0, 0],
        "AMT": [20.0, 0.0, 0.0],
        "CMT": [2, 2, 2],
        "CL": [2.0, 4.0, 8.0],
    }
    model, own = Model(MODEL), {"V": 20.0}
    following = model.simulate_events(rows, params=own, carry="next")["C"]
    last = model.simulate_events(rows, params=own, carry="last")["C"]
    linear = model.simulate_events(rows, params=own, carry="linear")["C"]
    np.testing.assert_allclose(following, [1, _decay([0.2], [2]), _decay([0.2, 0.4], [2, 4])], rtol=1e-13)
    np.testing.assert_allclose(last, [1, _decay([0.1], [2]), _decay([0.1, 0.2], [2, 4])], rtol=1e-13)
    np.testing.assert_allclose(linear, [1, _decay([0.15], [2]), _decay([0.15, 0.3], [2, 4])], rtol=1e-8)


@pytest.mark.parametrize(("carry", "expected"), [("next", 8.0), ("last", 2.0), ("linear", 5.0)])
def test_gaps_of_a_covariate(carry: Any, expected: float) -> None:
    """The middle row has no value: it is carried from the next or the last row, or lies between them."""
    rows = {"TIME": [0.0, 2.0, 4.0], "EVID": [2, 0, 0], "V": [2.0, np.nan, 8.0], "AMT": [0, 0, 0]}
    found = Model(MODEL).simulate_events(rows, x0=[0.0, 16.0], params={"CL": 0.0}, carry=carry)["C"]
    assert found[1] == pytest.approx(16.0 / expected, rel=1e-7)


def test_parameters_of_each_subject() -> None:
    found = Model(MODEL).simulate_events(ROWS, params={"V": np.array([10.0, 40.0])})["C"]
    assert found[0] == 10.0 and found[3] == 1.0


def test_units_of_time() -> None:
    hours = {
        "TIME": [0.0, 12.0, 30.0],
        "EVID": [1, 0, 0],
        "AMT": [50, 0, 0],
        "RATE": [10, 0, 0],
        "II": [12, 0, 0],
        "ADDL": [1, 0, 0],
    }
    days = {**hours, "TIME": [0.0, 0.5, 1.25], "RATE": [240, 0, 0], "II": [0.5, 0, 0]}
    model = Model(MODEL)
    got = model.simulate_events(days, time_unit="d")["C"]
    np.testing.assert_allclose(got, model.simulate_events(hours)["C"], rtol=1e-12)


def test_a_subject_that_fails_fails_alone() -> None:
    own = {"ALAG2": np.array([0.0, -1.0])}
    with pytest.raises(ComputationError, match="subject b at time 2"):
        Model(MODEL).simulate_events(ROWS, params=own)
    found = Model(MODEL).simulate_events(ROWS, params=own, errors="status")
    assert found.status[0] == 0 and found.status[1] != 0
    assert np.isfinite(found.y[:3]).all() and np.isnan(found.y[3:]).all()


def changed(**columns: Any) -> dict[str, Any]:
    base = {
        "ID": [1, 1, 1],
        "TIME": [0.0, 1.0, 2.0],
        "EVID": [1, 0, 0],
        "AMT": [10.0, 0.0, 0.0],
        "CMT": [1, 2, 2],
        "RATE": [0.0, 0.0, 0.0],
        "II": [0.0, 0.0, 0.0],
        "ADDL": [0, 0, 0],
        "SS": [0, 0, 0],
    }
    return {**base, **columns}


BAD: list[tuple[dict[str, Any], str, str]] = [
    (changed(TIME=[0.0, 2.0, 1.0]), "events.unsorted", "row 2, column TIME"),
    (changed(TIME=[0.0, np.nan, 1.0]), "events.missing", "row 1, column TIME"),
    (changed(TIME=[0.0, 1.0, 1.0]), "events.duplicate", "row 2, column TIME"),
    (changed(ID=[1, 2, 1]), "events.scattered", "row 2, column ID"),
    (changed(ID=[1, None, 1]), "events.missing", "row 1, column ID"),
    (changed(EVID=[1, 0, 7]), "events.bad-value", "row 2, column EVID"),
    (changed(EVID=[1, 0.5, 0]), "events.bad-value", "row 1, column EVID"),
    (changed(AMT=[np.nan, 0, 0]), "events.missing", "row 0, column AMT"),
    (changed(AMT=[-5.0, 0, 0]), "events.bad-value", "row 0, column AMT"),
    (changed(AMT=[0.0, 0, 0]), "events.bad-value", "row 0, column AMT"),
    (changed(AMT=[10.0, 5.0, 0]), "events.bad-value", "row 1, column AMT"),
    (changed(AMT=["ten", 0, 0]), "events.not-a-number", "row 0, column AMT"),
    (changed(RATE=[-3.0, 0, 0]), "events.bad-value", "row 0, column RATE"),
    (changed(ADDL=[2, 0, 0]), "events.bad-value", "row 0, column II"),
    (changed(ADDL=[-2, 0, 0]), "events.bad-value", "row 0, column ADDL"),
    (changed(SS=[1, 0, 0]), "events.bad-value", "row 0, column II"),
    (changed(SS=[3, 0, 0], II=[12, 0, 0]), "events.bad-value", "row 0, column SS"),
    (changed(II=[-12, 0, 0]), "events.bad-value", "row 0, column II"),
    (changed(CMT=[3, 2, 2]), "events.unknown-compartment", "row 0, column CMT"),
    (changed(CMT=["gut", 2, 2]), "events.unknown-compartment", "row 0, column CMT"),
    (changed(CL=[np.nan] * 3), "events.missing", "subject 1, column CL"),
    ({"AMT": [1.0]}, "events.no-column", "TIME"),
    (changed(AMT=[1.0, 0.0]), "events.bad-shape", "AMT"),
]


@pytest.mark.parametrize(("rows", "code", "place"), BAD, ids=[f"{code}-{place}" for _, code, place in BAD])
def test_bad_rows_are_named(rows: dict[str, Any], code: str, place: str) -> None:
    with pytest.raises(InputError) as caught:
        Model(MODEL).simulate_events(rows)
    assert caught.value.code == code and caught.value.place == place


def test_a_rate_that_the_model_does_not_have() -> None:
    rows = {"TIME": [0.0], "EVID": [1], "AMT": [1.0], "RATE": [-1.0]}
    with pytest.raises(InputError) as caught:
        Model("hamberg2010").simulate_events(rows)
    assert caught.value.code == "events.no-parameter" and caught.value.place == "row 0, column RATE"


def test_other_mistakes() -> None:
    for code, call in (
        ("model.bad-shape", lambda: Model(MODEL).simulate_events(ROWS, params={"V": np.ones(3)})),
        ("events.empty", lambda: Model(MODEL).simulate_events({"TIME": []})),
        ("events.bad-carry", lambda: Model(MODEL).simulate_events(ROWS, carry="first")),  # type: ignore[call-overload]
        ("events.not-a-frame", lambda: read_events(3)),
        ("events.no-column", lambda: read_events(ROWS, columns={"TIME": "day"})),
        ("events.no-column", lambda: read_events(ROWS)["HEIGHT"]),
    ):
        with pytest.raises(InputError) as caught:
            call()
        assert caught.value.code == code


def test_no_patient_data_in_errors() -> None:
    rows = changed(AMT=["Jane Doe", 0, 0])
    with pytest.raises(InputError) as caught:
        read_events(rows)
    assert "Jane" not in str(caught.value)


def test_assign() -> None:
    table = read_events(ROWS)
    more = table.assign(CL=0.1 * table["WT"], V=20)
    assert isinstance(more, EventTable) and set(table.covariates) == {"WT"}
    np.testing.assert_allclose(more["CL"], 0.1 * np.array(ROWS["WT"]))
    assert (more["V"] == 20).all()


def test_results_go_back_into_a_data_frame() -> None:
    frame = {"ID": ["a", "a", "b"], "TIME": [0.0, 2.0, 1.0], "AMT": [10.0, 0.0, 0.0]}
    found = Model("pk_1cpt_oral").simulate_events(frame)
    table = pandas.DataFrame(found.to_dict())
    assert list(table.columns) == ["ID", "TIME", "EVID", "C"] and list(table.ID) == ["a", "a", "b"]
    assert list(table.EVID) == [1, 0, 0] and table.C[1] == found["C"][1] > 0
