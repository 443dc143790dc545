"""Figures: densities against the normal distribution, plots that leave no global state."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pytwin.report import plots
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
