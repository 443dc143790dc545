"""Structural models with an exactly diffuse start: published likelihoods, estimates, states and diagnostics.

CASES.md sec. 7 (KFAS, with the constants of the diffuse observations), sec. 1 and 6; Durbin & Koopman (2012).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pytwin.datasets import nile
from pytwin.kalman import diagnose
from pytwin.kalman import structural as st
from pytwin.reference.kalman_diffuse import dense_diffuse_smoother, diffuse_filter

pytestmark = pytest.mark.core

CONSTANT = 0.5 * np.log(2 * np.pi)
I = st.Irregular  # noqa: E741
MODELS = {
    "dconstant": (lambda x: st.Level(0) + I(2.127438969), -366.4479308, 1),
    "llevel": (lambda x: st.Level(0.1182078808) + I(4.256647886e-06), -71.8913641, 1),
    "rwalk": (lambda x: st.Structural(st.Level(0.1182174646)), -71.8866549, 1),
    "dtrend": (lambda x: st.Trend(0, 0) + I(2.134137554), -372.6137436, 2),
    "lldtrend": (lambda x: st.Trend(0.1184455029, 0) + I(4.457592057e-06), -75.3107874, 2),
    "rwdrift": (lambda x: st.Structural(st.Trend(0.1184499547, 0)), -75.3058628, 2),
    "lltrend": (lambda x: st.Trend(0.01008704925, 0.0609176081) + I(1.339852549e-06), -32.9942781, 2),
    "strend": (lambda x: st.Trend(0, 0.0753064234342) + I(0.0008824099119), -33.7604912, 2),
    "rtrend": (lambda x: st.Structural(st.Trend(0, 0.08054724989)), -33.8939526, 2),
    "cycle": (lambda x: st.Cycle(10, 1.0, 0.1) + I(37.57197079), -658.4947454, 2),
    "seasonal": (lambda x: st.Seasonal(4, variance=0.1) + I(38.17043009), -658.0905311, 3),
    "trigonometric": (
        lambda x: st.Seasonal(5, "trigonometric", variance=0.05) + I(38.95353592), -661.3386999, 4,
    ),
    "regression": (lambda x: st.Regression(x) + I(2.215438082), -372.7155928, 1),
    "trend and AR": (lambda x: st.Trend(0, 0.0609) + st.AR(1, ar=[0.9592], variance=0.0097), -32.9941709, 2),
    "everything": (
        lambda x: st.Trend(0.01, 0.06) + st.Cycle(10, 1.0, 1e-4) + st.Seasonal(4, variance=1e-4)
        + st.Regression(x) + st.AR(1, ar=[0.2], variance=0.1) + I(1e-4), -113.2451650, 8,
    ),
}  # fmt: skip
# Those whose published parameters maximise the likelihood; the irregular's variance of three is nearly 0.
ESTIMATED = {
    "dconstant": lambda x: st.Level(0) + I(),
    "llevel": lambda x: st.Level() + I(),
    "rwalk": lambda x: st.Structural(st.Level()),
    "dtrend": lambda x: st.Trend(0, 0) + I(),
    "lldtrend": lambda x: st.Trend(None, 0) + I(),
    "rwdrift": lambda x: st.Structural(st.Trend(None, 0)),
    "lltrend": lambda x: st.Trend() + I(),
    "strend": lambda x: st.Trend(0) + I(),
    "rtrend": lambda x: st.Structural(st.Trend(0)),
    "cycle": lambda x: st.Cycle(10, 1.0, 0.1) + I(),
    "seasonal": lambda x: st.Seasonal(4, variance=0.1) + I(),
    "trigonometric": lambda x: st.Seasonal(5, "trigonometric", variance=0.05) + I(),
    "regression": lambda x: st.Regression(x) + I(),
}


def unemployment(reference: Path) -> Any:
    rows = np.genfromtxt(reference / "kalman" / "macrodata_us.csv", delimiter=",", names=True)
    return rows["unemp"], np.log(rows["realgdp"])


@pytest.mark.reference
@pytest.mark.parametrize("name", MODELS)
def test_published_likelihoods(name: str, reference: Path) -> None:
    (y, x), (build, expected, diffuse) = unemployment(reference), MODELS[name]
    model = build(x)
    assert float(model.at(y).loglike) == pytest.approx(expected, abs=5e-7)
    arrays = model.linear(steps=len(y)).arrays()
    mask = arrays.pop("diffuse")
    assert mask.sum() == diffuse
    twin = diffuse_filter(y[:, None], Pinf=np.diag(mask.astype(float)), **arrays)
    assert twin.count == diffuse
    assert twin.loglike == pytest.approx(expected, abs=5e-7)


@pytest.mark.reference
@pytest.mark.parametrize("name", ESTIMATED)
def test_published_estimates(name: str, reference: Path) -> None:
    (y, x), (published, expected, _) = unemployment(reference), MODELS[name]
    fitted = ESTIMATED[name](x).fit(y)
    assert fitted.search is not None and fitted.search.converged
    assert float(fitted.loglike) >= expected - 1e-6
    assert float(fitted.loglike) == pytest.approx(
        expected, abs=5e-3
    )  # some were printed short of the maximum
    for parameter, value in published(x).parameters.items():
        if value is not None and value > 1e-3:
            assert fitted.params[parameter] == pytest.approx(value, rel=5e-3)


def test_nile() -> None:
    """Variances and likelihood of CASES.md sec. 1; diagnostics of Durbin & Koopman (2012), sec. 2.12.3."""
    fitted = (st.Level() + I()).fit(nile().volume)
    assert fitted.params["irregular.variance"] == pytest.approx(15098.52, rel=1e-5)
    assert fitted.params["level.variance"] == pytest.approx(1469.18, rel=1e-5)
    assert float(fitted.loglike) == pytest.approx(-633.4645636362, abs=1e-9)
    found = diagnose(nile().volume[:, None], fitted.model, lags=9)
    assert np.isfinite(found.standardised).sum() == 99
    assert found["whiteness"].value == pytest.approx(8.84, abs=0.01)
    assert found["normality"].value == pytest.approx(0.05, abs=0.005)
    assert found["normality"].meaning == "skewness -0.031, kurtosis 3.087"
    assert found["equal variance"].value == pytest.approx(0.61, abs=0.005)


@pytest.mark.reference
def test_the_levels_of_an_arima_process_add_one_diffuse_observation(reference: Path) -> None:
    y = np.genfromtxt(reference / "kalman" / "wpi1.csv", delimiter=",", names=True)["wpi"]
    known = {"ar": [0.87421], "ma": [-0.41202], "mean": 0.74982, "variance": 0.525692}
    levels = float(st.Structural(st.ARIMA(1, 1, 1, **known)).at(y).loglike)
    changes = float(st.Structural(st.ARMA(1, 1, **known)).at(np.diff(y)).loglike)
    assert levels == pytest.approx(changes - CONSTANT, abs=1e-9)
    assert changes == pytest.approx(-135.3513634, abs=1e-6)
    twice = float(st.Structural(st.ARIMA(1, 2, 1, **known)).at(y).loglike)
    second = float(st.Structural(st.ARMA(1, 1, **known)).at(np.diff(y, 2)).loglike)
    assert twice == pytest.approx(second - 2 * CONSTANT, abs=1e-9)


def test_components_and_forecasts_are_those_of_generalised_least_squares() -> None:
    rng = np.random.default_rng(9)
    y = 5 + np.cumsum(rng.normal(size=26)) + rng.normal(size=26)
    y[[0, 4, 5, 11]] = np.nan
    x = rng.normal(size=30)
    model = (
        st.Trend(0.5, 0.1) + st.Seasonal(4, variance=0.2) + st.Regression(x) + st.Cycle(9, 0.9, 0.4) + I(0.6)
    )
    fitted = model.at(y)
    longer = np.concatenate([y, np.full(4, np.nan)])
    arrays = model.linear(steps=30).arrays()
    Pinf = np.diag(arrays.pop("diffuse").astype(float))
    mean, cov, loglike = dense_diffuse_smoother(longer[:, None], Pinf=Pinf, **arrays)
    assert float(fitted.loglike) == pytest.approx(loglike, rel=1e-9)
    parts = fitted.components()
    np.testing.assert_allclose(parts["trend"].mean, mean[:26, 0], rtol=1e-7)
    np.testing.assert_allclose(parts["trend"].var, cov[:26, 0, 0], rtol=1e-7)
    np.testing.assert_allclose(parts["regression"].mean, x[:26] * mean[:26, 5], rtol=1e-6)
    ahead, H = fitted.forecast(4), arrays["H"][26:, 0]
    np.testing.assert_allclose(ahead.mean, (H * mean[26:]).sum(axis=1), rtol=1e-7)
    np.testing.assert_allclose(ahead.var, np.einsum("ti,tij,tj->t", H, cov[26:], H) + 0.6, rtol=1e-7)
