"""The figure of a simulation: what is drawn, of which lanes, in which unit of time."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from pytwin import InputError, Model, Plan, _core
from pytwin.model.schedule import Administration, Schedule, administrations

PLAN = Plan("5 mg").dose("warfarin", 5, "mg", every="24 h", until="3 d")
TIMES = np.arange(0.0, 241.0, 12.0)


def clearances(n: int) -> dict:
    return {"CL": np.linspace(0.2, 0.5, n)}


def test_a_panel_an_output_and_a_strip_of_doses() -> None:
    made = Model("hamberg2010").simulate(TIMES, PLAN).plot()
    assert [a.get_ylabel() for a in made.axes] == ["Cs (mg/L)", "INR", ""]
    assert made.axes[-1].get_xlabel() == "time (d)"
    line = made.axes[1].lines[0]
    assert line.get_xdata()[-1] == 10 and line.get_ydata()[0] == 1
    marks = sorted(x for drawn in made.axes[2].lines for x in drawn.get_xdata())
    assert marks == [0, 1, 2] and [t.get_text() for t in made.axes[2].texts] == ["5 mg"] * 3


def test_bands_hold_their_share_of_the_lanes() -> None:
    result = Model("hamberg2010").simulate(TIMES, PLAN, clearances(101))
    axes = result.plot("INR", bands=(0.8,)).axes[0]
    np.testing.assert_allclose(axes.lines[0].get_ydata(), np.median(result["INR"], axis=0))
    edges = axes.collections[0].get_paths()[0].vertices
    at_end = edges[edges[:, 0] == 10][:, 1]
    assert (at_end.min(), at_end.max()) == pytest.approx(tuple(np.quantile(result["INR"][:, -1], [0.1, 0.9])))
    assert len(Model("hamberg2010").simulate(TIMES, PLAN, clearances(5)).plot("INR").axes[0].lines) == 5


def test_lanes_that_failed_are_left_out_and_counted() -> None:
    result = Model("hamberg2010").simulate(
        TIMES, PLAN, {"CL": [np.nan, *np.linspace(0.2, 0.5, 9)]}, errors="status"
    )
    made = result.plot("INR")
    assert np.isfinite(made.axes[0].lines[0].get_ydata()).all()
    assert "1 of 10 failed" in made.legends[0].get_title().get_text()


def test_plans_have_colours_and_names() -> None:
    made = Model("hamberg2010").simulate(TIMES, [PLAN, Plan("nothing")], clearances(20)).plot()
    texts = [t.get_text() for t in made.legends[0].get_texts()]
    assert texts[0] == "5 mg: median" and "nothing: median" in texts


def test_infusions_are_bars_and_minutes_are_shown_as_hours() -> None:
    day = Plan("day").dose("carbohydrate", 40, "g", start=7)
    day = day.infusion("insulin", 0.4, "U/h", length="24 h", route="subcutaneous")
    made = Model("hovorka").simulate("24 h", day).plot()
    panel, strip = made.axes[1], made.axes[-1]
    assert panel.get_ylabel() == "I (mIU/L)" and strip.get_xlabel() == "time (h)"
    assert [t.get_text() for t in strip.get_yticklabels()] == ["carbohydrate", "insulin, infused"]
    assert [t.get_text() for t in strip.texts] == ["40 g", "0.4 U/h"]
    assert [list(line.get_xdata()) for line in strip.lines] == [[7.0], [0.0, 24.0]]


def test_an_axes_of_ones_own() -> None:
    own = Figure()
    axes = own.subplots()
    assert Model("hamberg2010").simulate(TIMES, PLAN).plot("INR", ax=axes) is own
    assert axes.get_ylabel() == "INR" and axes.get_xlabel() == "time (d)"


def test_what_cannot_be_drawn() -> None:
    result = Model("hamberg2010").simulate(TIMES, PLAN)
    with pytest.raises(InputError, match="share between 0 and 1"):
        result.plot(bands=(90,))
    with pytest.raises(InputError, match="one output fits into an axes"):
        result.plot(ax=Figure().subplots())
    with pytest.raises(InputError, match=r"unknown-output.*states=True"):
        result.plot("A2")


def test_administrations_of_a_schedule() -> None:
    plan = Plan("p").infusion("warfarin", 2, "mg/h", length="3 h", route="oral", start=1)
    rows = plan.dose("warfarin", 4, "mg", start=2).actions(Model("hamberg2010"), 10)
    assert administrations(Schedule(rows)) == [Administration(0, 1, 4, 2), Administration(0, 2, 2, 4)]
    record = np.array([(0, 0, 10.0, 5.0, 12.0, 1)], dtype=_core.DOSE_DTYPE)
    action = np.array([(1.0, _core.ACTION_DOSE, 0, 0.0)], dtype=_core.PLAN_DTYPE)
    assert administrations(Schedule(action, record)) == [
        Administration(0, 1, 3, 5),
        Administration(0, 13, 15, 5),
    ]
