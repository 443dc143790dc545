"""Report pages: trust, next observation, warnings."""

from __future__ import annotations

import json

import pytest

import pytwin as pt
from pytwin.datasets import demo
from pytwin.record.table import Event
from pytwin.report import render, view

HOUR = 3_600_000_000


@pytest.fixture(scope="module")
def patient() -> tuple[pt.Record, pt.Genome]:
    files = demo()
    return pt.read_record(files.record), pt.read_genome(files.genome)


def with_inr(record: pt.Record, hours: float, value: float) -> pt.Record:
    last = record.observations("INR").rows[-1]
    later = Event(time=last.time + round(hours * HOUR), kind="observation", system="LOINC", code="6301-6",
                  name="INR", value=value, unit="{INR}", source="test", place=f"{hours}")  # fmt: skip
    return record.merged(pt.Record.from_events(record.patient, [later]))


def test_the_page_of_the_bundled_patient(patient: tuple[pt.Record, pt.Genome]) -> None:
    ranking = pt.Twin("warfarin", *patient).assimilate().rank(draws=50)
    page = view.page(ranking, figures=False)
    assert page.warnings == ()
    assert {"Age", "CYP2C9", "VKORC1", "Validation", "Conflicts"} <= {t.topic for t in page.trust}
    assert sum(n.best for n in page.next_rows) == 1
    assert "within a factor of" in page.next_note
    text = render.html(page)
    assert "How far the population can be trusted" in text
    assert "Which observation would help most" in text
    assert json.loads(json.dumps(view.data(ranking)))["next_observation"]["best"]["what"] == "INR"


def test_a_conflict_that_stops_the_ranking_is_what_to_settle_first(
    patient: tuple[pt.Record, pt.Genome],
) -> None:
    record, genome = patient
    ranking = pt.Twin("warfarin", with_inr(record, 24, 9.0), genome).assimilate().rank(draws=50)
    assert ranking.abstained
    page = view.page(ranking, figures=False)
    assert "repeated would help most" in page.next_note
    assert any("contradicts" in line for line in page.abstained)
    assert any(t.topic == "Conflict" for t in page.trust)


def test_a_settled_conflict_is_a_warning(patient: tuple[pt.Record, pt.Genome]) -> None:
    record, genome = patient
    record = with_inr(with_inr(record, 24, 9.0), 24, 2.3)
    ranking = pt.Twin("warfarin", record, genome).assimilate().rank(draws=50)
    assert not ranking.abstained
    assert len(view.page(ranking, figures=False).warnings) == 1
    assert "Warning" in ranking._repr_html_()
    assert "warning" in repr(ranking)
