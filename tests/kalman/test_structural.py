"""Structural models: their matrices, against published likelihoods and what follows from the definitions.

CASES.md sec. 7 (21 models of US unemployment, KFAS) and sec. 6 (wholesale prices, Stata and KFAS).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pytwin import InputError, kalman
from pytwin.kalman import structural as st

pytestmark = pytest.mark.core

CONSTANT = 0.5 * np.log(2 * np.pi)


def llf(model: st.Structural, y: np.ndarray, **options: Any) -> float:
    lm = model.linear(steps=len(y), **options)
    return float(lm.filter(y[:, None], outputs=("loglike",)).loglike)


def macro(reference: Path) -> Any:
    return np.genfromtxt(reference / "kalman" / "macrodata_us.csv", delimiter=",", names=True)


def trig(irregular: float) -> st.Structural:
    return st.Seasonal(5, "trigonometric", variance=0.05) + st.Irregular(irregular)


def seasonal(irregular: float) -> st.Structural:
    return st.Seasonal(4, variance=0.1) + st.Irregular(irregular)


def cycle(irregular: float) -> st.Structural:
    return st.Cycle(10, 1.0, 0.1) + st.Irregular(irregular)


def everything(gdp: np.ndarray) -> st.Structural:
    return (
        st.Trend(0.01, 0.06)
        + st.Cycle(10, 1.0, 1e-4)
        + st.Seasonal(4, variance=1e-4)
        + st.Regression(gdp)
        + st.AR(1, ar=[0.2], variance=0.1)
        + st.Irregular(1e-4)
    )


APPROXIMATE = {
    "cycle": (lambda x: cycle(37.57197224), -672.3102588),
    "seasonal": (lambda x: seasonal(38.1704278), -678.8138005),
    "trigonometric": (lambda x: trig(38.95352534), -688.9697249),
    "regression": (lambda x: st.Regression(x) + st.Irregular(2.215447924), -379.6233483),
    "everything": (everything, -168.5258709),
}


@pytest.mark.reference
@pytest.mark.parametrize("name", APPROXIMATE)
def test_published_models_with_a_vague_prior(name: str, reference: Path) -> None:
    data, (build, expected) = macro(reference), APPROXIMATE[name]
    assert llf(build(np.log(data["realgdp"])), data["unemp"], kappa=1e6) == pytest.approx(expected, abs=5e-7)


@pytest.mark.reference
def test_irregular_alone(reference: Path) -> None:
    model = st.Structural(st.Irregular(36.74687342))
    assert model.linear().state_names == ("zero",)
    assert llf(model, macro(reference)["unemp"]) == pytest.approx(-653.8562525, abs=5e-7)


@pytest.mark.reference
def test_wholesale_prices(reference: Path) -> None:
    y = np.genfromtxt(reference / "kalman" / "wpi1.csv", delimiter=",", names=True)["wpi"]
    ar = st.Structural(st.AR(3, ar=[0.5270715, 0.0952613, 0.2580355], variance=0.5307459))
    assert llf(ar, np.diff(y)) == pytest.approx(-136.217849703, abs=1e-8)
    assert ar.linear().P0[0, 0] == pytest.approx(1.58276997, abs=1e-8)  # variance of the process
    gappy = np.diff(y)
    gappy[9:20] = np.nan
    assert llf(ar, gappy) == pytest.approx(-130.031040886, abs=1e-8)
    arma = st.ARMA(1, 1, ar=[0.87421], ma=[-0.41202], mean=0.74982, variance=0.525692)
    assert llf(st.Structural(arma), np.diff(y)) == pytest.approx(-135.3513634, abs=1e-6)


def test_matrices_can_be_read() -> None:
    lm = (st.Trend(0.1, 0.2) + st.Seasonal(4, variance=0.3) + st.Irregular(0.5)).linear()
    assert lm.state_names == ("trend.level", "trend.slope", "seasonal", "seasonal.lag1", "seasonal.lag2")
    F = [[1, 1, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, -1, -1, -1], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0]]
    np.testing.assert_array_equal(lm.F, F)
    np.testing.assert_array_equal(lm.H, [[1, 0, 1, 0, 0]])
    np.testing.assert_array_equal(lm.G @ lm.Q @ lm.G.T, np.diag([0.1, 0.2, 0.3, 0, 0]))
    np.testing.assert_array_equal(lm.R, [[0.5]])
    assert lm.diffuse.all()


@pytest.mark.parametrize(("period", "n"), [(4, 3), (5, 4), (2, 1), (12, 11)])
def test_both_seasonal_forms_repeat_and_sum_to_zero(period: int, n: int) -> None:
    for form in ("dummy", "trigonometric"):
        lm = st.Structural(st.Seasonal(period, form, variance=0.0)).linear()
        assert lm.n == n
        pattern, x = [], np.arange(1.0, n + 1)
        for _ in range(2 * period):
            pattern.append(float(lm.H[0] @ x))
            x = lm.F @ x
        np.testing.assert_allclose(pattern[:period], pattern[period:], atol=1e-12)
        assert sum(pattern[:period]) == pytest.approx(0, abs=1e-12)


def test_a_damped_cycle_starts_from_its_own_distribution() -> None:
    lm = st.Structural(st.Cycle(10, 0.8, 0.3)).linear()
    assert lm.diffuse is None
    np.testing.assert_allclose(lm.F @ lm.P0 @ lm.F.T + lm.Q, lm.P0, atol=1e-15)


@pytest.mark.parametrize("ma", [[], [0.4], [0.5, -0.3, 0.2]])
def test_arma_has_its_autocovariances(ma: list[float]) -> None:
    """Those of the moving average of infinite order that the process is."""
    ar = [0.5, 0.3]
    lm = st.Structural(st.ARMA(2, len(ma), ar=ar, ma=ma, variance=2.0)).linear()
    psi = [1.0]
    for k in range(1, 400):
        shock = ma[k - 1] if k <= len(ma) else 0.0
        psi.append(shock + sum(a * psi[k - i - 1] for i, a in enumerate(ar) if k > i))
    expected = [2 * np.dot(psi[: 400 - lag], psi[lag:]) for lag in range(6)]
    P, found = lm.P0, []
    for _ in range(6):
        found.append(float((lm.H @ P @ lm.H.T)[0, 0]))
        P = lm.F @ P
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_parameters_travel_to_the_search_and_back() -> None:
    model = st.Trend() + st.Cycle(period=(4, 20)) + st.ARMA(2, 2, mean=None) + st.Irregular(0.3)
    params = {
        "trend.level.variance": 0.0, "trend.slope.variance": 0.2,
        "cycle.period": 7.0, "cycle.damping": 0.9, "cycle.variance": 0.4,
        "arma.ar1": 0.6, "arma.ar2": -0.3, "arma.ma1": 0.2, "arma.ma2": 0.5,
        "arma.mean": 3.0, "arma.variance": 1.5,
    }  # fmt: skip
    assert set(model.free) == set(params)
    theta = model.to_search(params)
    back = model.from_search(theta)
    assert back == pytest.approx(params | {"irregular.variance": 0.3}, rel=1e-13)
    many = model.from_search(np.random.default_rng(1).normal(scale=5, size=(200, len(theta))))
    roots = [np.roots([1, -a, -b]) for a, b in zip(many["arma.ar1"], many["arma.ar2"], strict=True)]
    assert max(abs(r).max() for r in roots) < 1
    assert (many["cycle.period"] > 4).all() and (many["cycle.period"] < 20).all()


def test_matrices_of_a_batch_of_parameters() -> None:
    model = st.Level() + st.ARMA(1, 1) + st.Irregular()
    theta = np.random.default_rng(2).normal(size=(3, len(model.free)))
    together = model.linear(model.from_search(theta), kappa=1e3)
    y = np.random.default_rng(3).normal(size=(3, 20, 1))
    batch = together.filter(y).loglike
    for i in range(3):
        alone = model.linear(model.from_search(theta[i]), kappa=1e3)
        assert alone.filter(y[i]).loglike == batch[i]


def test_matrices_take_a_complex_step() -> None:
    model = st.Trend() + st.Cycle() + st.ARMA(2, 1) + st.Irregular()
    theta, h = np.linspace(0.2, 0.9, len(model.free)), 1e-6
    for i in range(len(theta)):
        e = np.eye(len(theta))[i]
        exact = kalman.structural.model.arrays_of
        by_step = {
            k: v.imag / 1e-20 for k, v in exact(model.joined(model.from_search(theta + 1e-20j * e))).items()
        }
        up = exact(model.joined(model.from_search(theta + h * e)))
        down = exact(model.joined(model.from_search(theta - h * e)))
        for k, derivative in by_step.items():
            np.testing.assert_allclose(derivative, (up[k] - down[k]) / (2 * h), atol=1e-8)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: st.Level(-1.0).groups(), "not a variance"),
        (lambda: st.Seasonal(1), "from 2 on"),
        (lambda: st.Seasonal(4, harmonics=1), "harmonics"),
        (lambda: st.Cycle(1.5), "at least 2"),
        (lambda: st.Cycle(damping=1.1), "between 0 and 1"),
        (lambda: st.AR(1, ar=[1.0]), "not stationary"),
        (lambda: st.AR(2, ar=[0.1]), "2 coefficients"),
        (lambda: st.Level() + st.Level(), "two components named level"),
        ((st.Level() + st.Irregular()).linear, "level.variance, irregular.variance"),
        (lambda: st.Structural(st.Level()).linear({"slope": 1.0}), "no parameter slope"),
        (lambda: st.Structural(st.Regression(np.ones(3))).linear(steps=5), "3 rows, 5 are needed"),
    ],
)
def test_bad_input(build: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        build()
