"""Figures: densities against the normal distribution, plots that leave no global state."""

from __future__ import annotations

import math

import numpy as np
import pytest

import pytwin as pt
from pytwin.datasets import demo
from pytwin.errors import InputError
from pytwin.report import plots, series
from pytwin.report.figures import Mixture, density


def one(mean: float, sd: float, scale: str) -> Mixture:
    return Mixture(np.ones(1), np.array([mean]), np.array([sd]), scale)


@pytest.mark.parametrize("scale", ["identity", "log", "logit"])
def test_density_integrates_to_one(scale):
    shown = density("p", "p", "1", one(-1.0, 0.3, scale), one(-1.1, 0.2, scale))
    for curve in (shown.prior, shown.posterior):
        assert np.trapezoid(curve, shown.x) == pytest.approx(0.99, abs=0.012)


def test_quantiles_of_a_lognormal():
    levels = np.array([0.05, 0.5, 0.95])
    z = np.array([-1.6448536269514722, 0.0, 1.6448536269514722])
    assert one(1.0, 0.4, "log").quantiles(levels) == pytest.approx(np.exp(1.0 + 0.4 * z), rel=3e-3)


def test_mixture_weighs_its_parts():
    mixture = Mixture(np.array([0.25, 0.75]), np.array([0.0, 10.0]), np.array([1.0, 1.0]))
    peak = 1.0 / math.sqrt(2.0 * math.pi)
    assert mixture.density(np.array([0.0, 10.0])) == pytest.approx([0.25 * peak, 0.75 * peak], rel=1e-6)


def test_check_counts_what_lies_inside(fakes):
    assert fakes.check().inside == 9


def test_no_figure_is_registered(fakes):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    before = pyplot.get_fignums()
    plots.forecast(fakes.forecast())
    plots.plans(fakes.forecast())
    plots.trace(fakes.check())
    plots.parameters(fakes.densities())
    assert pyplot.get_fignums() == before


def test_a_forecast_needs_neither_observations_nor_plans(fakes):
    data = fakes.forecast(())
    empty = np.empty((0, 2))
    bare = type(data)(data.axis, "INR", "1", (2.0, 3.0), empty, empty)
    assert plots.forecast(bare).axes


@pytest.fixture(scope="module")
def twin():
    patient = demo()
    return pt.Twin("warfarin", pt.read_record(patient.record), pt.read_genome(patient.genome)).assimilate()


def test_figures_of_the_demo(twin):
    for what in ("parameters", "trace"):
        assert twin.plot(what).axes
    ranking = twin.rank(draws=100)
    for what in ("forecast", "plans"):
        assert ranking.plot(what).axes
        assert "<svg" in ranking.plot(what)._repr_svg_()
    with pytest.raises(InputError, match=r"plot\.unknown"):
        twin.plot("nonsense")


def test_the_past_course_starts_at_the_baseline_and_ends_where_the_twin_stands(twin):
    course = series.past(twin)
    assert course.quantiles[:, 0] == pytest.approx(1.1)
    data = series.forecast(twin.rank(draws=1000), 1)
    assert course.quantiles[2, -1] == pytest.approx(data.bands[0].quantiles[2, 0], rel=0.05)
    assert data.axis.now == pytest.approx(21 + 7.5 / 24)
    assert data.observed[0] == pytest.approx([7.5 / 24, 1.1])
    assert data.taken[0] == pytest.approx([18 / 24, 5.0])
    assert data.bands[0].doses[0, 0] == pytest.approx(21 + 18 / 24)


def test_a_ranking_that_abstains_has_a_report_and_no_figure_of_plans(twin, tmp_path):
    ranking = pt.Twin("warfarin", twin.record).rank(draws=100)
    assert ranking.abstained
    with pytest.raises(InputError, match=r"plot\.abstained"):
        ranking.plot()
    text = ranking.report(tmp_path / "r.html").read_text(encoding="utf-8")
    assert "No ranking" in text
    assert ranking.reasons[0] in text
