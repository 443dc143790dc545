"""Record and EventTable built from events: selection, order, versions, hash, merging and display."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytwin.errors import InputError
from pytwin.record import NAT, Event, EventTable, PatientInfo, Record, parse_time
from pytwin.record.sink import Sink
from pytwin.record.table import COLUMNS
from pytwin.record.time import UNKNOWN

DAY = 86_400_000_000


def inr(day: int, value: float, **others: object) -> Event:
    return Event(time=day * DAY, kind="observation", name="INR", value=value, unit="{INR}")._replace(**others)


def test_an_empty_record() -> None:
    record = Record.from_events("p", [])
    assert (len(record.events), record.end, record.age()) == (0, NAT, None)
    assert record.summary().startswith("Record of patient p: 0 events")
    assert list(record.observations("INR")) == []


def test_columns_are_arrays_that_cannot_be_changed() -> None:
    table = Record.from_events("p", [inr(2, 2.5), inr(1, 2.0)]).events
    assert table.value.tolist() == [2.0, 2.5]
    assert table.codes("name").dtype == np.int32
    with pytest.raises(ValueError):
        table.value[0] = 9.0
    with pytest.raises(InputError):
        table.codes("value")


def test_rows_come_back_as_they_were() -> None:
    events = [inr(1, 2.5, source="a", place="/x", id="o/1", status="final"), inr(2, float("inf"), every=24.0)]
    table = EventTable(events)
    again = list(table)
    for column in COLUMNS:
        for got, wanted in zip(again, events, strict=True):
            a, b = getattr(got, column), getattr(wanted, column)
            assert a == b or (np.isnan(a) and np.isnan(b))
    assert table[1].value == float("inf")
    assert set(table.to_dict()) == set(COLUMNS)


def test_selection() -> None:
    events = [
        inr(1, 2.0),
        inr(2, 2.5),
        inr(3, 3.0, usable=False),
        Event(time=4 * DAY, kind="condition", name="x"),
    ]
    table = EventTable(events)
    assert table.select(kind="observation", usable=True).value.tolist() == [2.0, 2.5]
    assert len(table.select(kind=("observation", "condition"))) == 4
    assert table.select(since="1970-01-03T00:00:00Z", until=3 * DAY).value.tolist() == [2.5, 3.0]
    assert table[1:3].value.tolist() == [2.5, 3.0]


def test_an_entry_in_error_without_a_date_wins_over_what_it_takes_back() -> None:
    good = inr(1, 2.5, id="o/1", status="final", recorded=5, source="a")
    bad = inr(1, 2.5, id="o/1", status="entered-in-error", valid=False, usable=False, source="b")
    for order in ([good, bad], [bad, good]):
        record = Record.from_events("p", order)
        assert record.events.valid.tolist() == [False]


def test_doses_given_twice_are_kept_and_reported() -> None:
    dose = Event(time=DAY, kind="administration", name="warfarin", value=5.0, unit="mg")
    record = Record.from_events("p", [dose._replace(id="a/1"), dose._replace(id="a/2")])
    assert len(record.events) == 2
    assert record.issues.counts() == {"record.possible-duplicate": 1}


def test_merging_a_later_record() -> None:
    first = Record.from_events(
        PatientInfo("p", sex="female"), [inr(1, 2.5, id="o/1", recorded=1, source="a")]
    )
    later = Record.from_events(
        "p", [inr(1, 3.5, id="o/1", recorded=2, source="b"), inr(2, 2.0, id="o/2", source="b")]
    )
    merged = first.merged(later)
    assert merged.events.value.tolist() == [3.5, 2.0]
    # the same file name and place, exported again
    again = Record.from_events("p", [inr(1, 4.5, id="o/1", recorded=3, source="a")])
    assert first.merged(again).events.value.tolist() == [4.5]
    assert merged.hash == Record.from_events(first.patient, later.merged(first).events).hash
    assert merged.patient.sex == "female"


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from([1.0, 2.0, float("nan")])), max_size=12),
    st.randoms(),
)
def test_order_and_repetition_do_not_matter(pairs: list[tuple[int, float]], shuffle: random.Random) -> None:
    events = [inr(day, value) for day, value in pairs]
    mixed = events + events
    shuffle.shuffle(mixed)
    assert Record.from_events("p", events).hash == Record.from_events("p", mixed).hash


def test_age_from_a_birth_of_known_width() -> None:
    patient = PatientInfo("p", birth=parse_time("1950"))
    record = Record.from_events(patient, [inr(0, 2.0)])
    assert record.age(parse_time("2020-07-02T12:00:00Z").us) == pytest.approx(70.0, abs=0.01)
    assert Record.from_events(PatientInfo("p", age_decade=6), []).age() == 65.0


def test_display_escapes_what_comes_from_files() -> None:
    record = Record.from_events("<script>", [inr(1, 2.0, name="<b>x</b>")])
    shown = record._repr_html_()
    assert "<script>" not in shown and "<b>" not in shown
    assert "&lt;b&gt;x" in shown
    assert "script" not in repr(record)


def test_what_is_said_of_a_person_twice() -> None:
    sink = Sink()
    for info in (
        PatientInfo("p", sex="male", age_years=50.0, death=UNKNOWN),
        PatientInfo("p", birth=parse_time("1950"), sex="female", death=parse_time("2020-02-03")),
        PatientInfo("p", sex="male", age_years=50.0),
    ):
        sink.person("p", info)
    (record,) = sink.take(["p"])
    # sex stays unknown once it was contradicted; a death with a time says more than one without
    assert record.patient == PatientInfo(
        "p", parse_time("1950"), None, age_years=50.0, death=parse_time("2020-02-03")
    )
    assert record.issues.counts() == {"patient.conflict": 1}


def test_what_is_known_of_a_replaced_patient_stays() -> None:
    sink = Sink()
    sink.person("old", PatientInfo("old", sex="female"))
    sink.resource("old", [inr(1, 2.5)])
    sink.same("old", "new")
    sink.resource("new", [inr(2, 3.0)])
    (record,) = sink.take(sink.keys())
    assert (record.patient.id, record.patient.sex) == ("new", "female")
    assert record.events.value.tolist() == [2.5, 3.0] and set(record.events.column("patient")) == {"new"}
