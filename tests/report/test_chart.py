"""The chart of a record, and what a therapy needs of one."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import pytwin as pt
from pytwin.cli import main
from pytwin.errors import InputError
from pytwin.record import NAT, Event, PatientInfo, Record
from pytwin.report.chartdata import chart

DAY = 86_400_000_000
START = 19_000 * DAY


def lab(day: int, value: float, name: str = "creatinine", unit: str = "mg/dL", **more: object) -> Event:
    event = Event(kind="observation", name=name, value=value, unit=unit, time=START + day * DAY)
    return event._replace(**more)  # type: ignore[arg-type]


def dose(kind: str, day: int, value: float = 20.0, **more: object) -> Event:
    event = Event(kind=kind, name="furosemide", value=value, unit="mg", time=START + day * DAY)
    return event._replace(**more)  # type: ignore[arg-type]


EVENTS = [
    lab(0, 1.0),
    lab(1, 1.2),
    lab(2, 1.4, comparator=">"),
    lab(3, 99.0, usable=False, reason="value.implausible"),
    lab(4, 1.3, status="entered-in-error", valid=False, usable=False),
    lab(0, 1.1, time=NAT, usable=False),
    dose("administration", 1),
    dose("administration", 2, 40.0),
    dose("administration", 3, usable=False),
    dose("order", 1, until=START + 3 * DAY),
    Event(kind="encounter", time=START, until=START + 2 * DAY),
]


def record(*more: Event) -> Record:
    return Record.from_events(PatientInfo("p"), [*EVENTS, *more])


def test_what_is_drawn() -> None:
    drawn = chart(record(), (), None, None)
    (panel,) = drawn.panels
    assert (panel.name, panel.unit) == ("creatinine", "mg/dL")
    # what was taken back is not there; what may not be used is, and says so
    assert panel.points.value.tolist() == [1.0, 1.2, 1.4, 99.0]
    assert panel.points.sign.tolist() == [0, 0, 1, 0]
    assert panel.points.usable.tolist() == [True, True, True, False]
    (row,) = drawn.rows
    assert row.given.value.tolist() == [20.0, 40.0, 20.0]
    assert row.given.usable.tolist() == [True, True, False]
    assert row.end.tolist() == np.array([START + 3 * DAY]).astype("datetime64[us]").tolist()
    assert len(drawn.stays) == 1
    assert drawn.undated == 1


def test_the_figure_shows_each_as_what_it_is() -> None:
    figure = record().plot()
    panel, strip = figure.axes
    drawn = {line.get_marker(): line.get_xydata() for line in panel.lines if line.get_marker() != "None"}
    assert {marker: len(points) for marker, points in drawn.items()} == {"o": 2, "^": 1, "x": 1}
    # what cannot be used stands at the edge and does not set the scale
    low, high = panel.get_ylim()
    assert high < 2.0
    assert drawn["x"][0][1] == high
    texts = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    assert {"result", "above the value", "not usable", "dose given", "order or statement", "stay"} <= set(
        texts
    )
    (label,) = [tick.get_text() for tick in strip.get_yticklabels()]
    assert label == "furosemide  20–40 mg"
    heights = sorted(
        float(np.ptp(segment[:, 1])) for group in strip.collections for segment in group.get_segments()
    )
    # an order lies; a tick is as high as its dose
    assert heights == pytest.approx([0.0, 0.5, 0.5, 0.75])
    assert figure._supxlabel.get_text().endswith("1 without a time; times in UTC")


def test_pressures_share_a_panel() -> None:
    more = [
        lab(day, value, name, "mm[Hg]")
        for day in (0, 1)
        for name, value in (("systolic blood pressure", 120.0), ("diastolic blood pressure", 80.0))
    ]
    panels = chart(record(*more), (), None, None).panels
    assert [panel.name for panel in panels] == ["blood pressure", "creatinine"]
    assert panels[0].low is not None
    assert panels[0].low.value.tolist() == [80.0, 80.0]


def test_what_is_asked_for() -> None:
    more = [lab(day, 140.0, "sodium", "mmol/L") for day in range(3)]
    drawn = chart(record(*more), ("sodium",), None, None)
    assert [panel.name for panel in drawn.panels] == ["sodium"]
    assert drawn.rows == ()
    (panel,) = chart(record(*more), ("creatinine",), START + DAY, START + 2 * DAY).panels
    assert panel.points.value.tolist() == [1.2, 1.4]
    with pytest.raises(InputError) as unknown:
        record().plot("sodium")
    assert unknown.value.code == "plot.nothing"
    with pytest.raises(InputError) as stranger:
        record().plot("creatinine", "sodium")
    assert stranger.value.code == "plot.unknown"


def test_a_panel_more_than_fits_is_named() -> None:
    more = [lab(day, 1.0, f"thing {number:02}", "") for number in range(14) for day in range(2)]
    drawn = chart(record(*more), (), None, None)
    assert len(drawn.panels) == 12
    assert drawn.left_out == ["thing 11 (2)", "thing 12 (2)", "thing 13 (2)"]


def test_one_value_and_hardly_any_time() -> None:
    figure = Record.from_events("p", [lab(0, 1.0)]).plot()
    figure.savefig("/dev/null", format="svg")
    empty = Record.from_events("p", [])
    with pytest.raises(InputError, match=r"plot\.nothing"):
        empty.plot()


def test_coverage_is_that_of_the_twin() -> None:
    bundled = pt.read_record(str(files("pytwin.datasets").joinpath("patient.json")))
    genome = pt.read_genome(str(files("pytwin.datasets").joinpath("patient.vcf")))
    for genes in (None, genome):
        twin = pt.Twin("warfarin", bundled, genes)
        assert bundled.coverage("warfarin", genes) == twin.coverage
    states = {row.what: row.state for row in bundled.coverage("warfarin", genome)}
    assert states == {"INR": "present", "doses": "present", "CYP2C9": "present", "VKORC1": "present"}


def test_coverage_at_an_instant() -> None:
    event = lab(0, 2.5, "INR", "{INR}", system="LOINC", code="6301-6")
    later = START + 40 * DAY
    inr, doses, *_ = Record.from_events("p", [event]).coverage("warfarin", until=later)
    assert (inr.state, inr.age_days) == ("stale", 40.0)
    assert doses.state == "missing"
    with pytest.raises(InputError) as unknown:
        record().coverage("leeches")
    assert unknown.value.code == "therapy.unknown"


def test_the_command_shows_coverage() -> None:
    path = str(files("pytwin.datasets").joinpath("patient.json"))
    shown = CliRunner().invoke(main, ["read", path, "--therapy", "warfarin"])
    assert shown.exit_code == 0
    assert "For warfarin" in shown.output
    assert "10 INRs, the last 0 d before the twin's time" in " ".join(shown.output.split())
    data = json.loads(CliRunner().invoke(main, ["read", path, "--therapy", "warfarin", "--json"]).output)
    assert [row["state"] for row in data["coverage"]] == ["present", "present", "missing", "missing"]


@pytest.mark.reference
@pytest.mark.parametrize("folder", ["fhir_synthea_r4", "cgm", "hl7v2", "ccda"])
def test_records_of_others_can_be_drawn(reference: Path, folder: str) -> None:
    drawn = 0
    for found in pt.read_records(reference / "ehr" / folder, errors="list"):
        try:
            figure = found.plot()
        except InputError as error:
            assert error.code == "plot.nothing"
            continue
        figure.savefig("/dev/null", format="svg")
        drawn += 1
        if drawn == 6:
            break
    assert drawn >= 4
