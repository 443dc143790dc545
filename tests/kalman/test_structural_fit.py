"""Maximum likelihood of structural models.

CASES.md sec. 7: KFAS and statsmodels maximise the same likelihoods; their estimates are printed to 10 digits.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pytwin import InputError
from pytwin.kalman import structural as st
from pytwin.kalman.structural import search

pytestmark = pytest.mark.core


def unemployment(reference: Path) -> Any:
    return np.genfromtxt(reference / "kalman" / "macrodata_us.csv", delimiter=",", names=True)


VAGUE = {
    "cycle": (lambda x: st.Cycle(10, 1.0, 0.1) + st.Irregular(), 37.57197224, -672.3102588),
    "seasonal": (lambda x: st.Seasonal(4, variance=0.1) + st.Irregular(), 38.1704278, -678.8138005),
    "trigonometric": (
        lambda x: st.Seasonal(5, "trigonometric", variance=0.05) + st.Irregular(),
        38.95352534,
        -688.9697249,
    ),
    "regression": (lambda x: st.Regression(x) + st.Irregular(), 2.215447924, -379.6233483),
}


@pytest.mark.reference
@pytest.mark.parametrize("name", VAGUE)
def test_published_estimates_under_a_vague_prior(name: str, reference: Path) -> None:
    data, (build, variance, loglike) = unemployment(reference), VAGUE[name]
    fitted = build(np.log(data["realgdp"])).fit(data["unemp"], kappa=1e6)
    assert fitted.search is not None and fitted.search.converged
    assert float(fitted.loglike) == pytest.approx(loglike, abs=5e-7)
    assert fitted.params["irregular.variance"] == pytest.approx(variance, rel=1e-5)


def walks(rng: np.random.Generator, series: int, steps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gappy local level series with variances of their own."""
    level, noise = np.exp(rng.normal(size=(2, series, 1)))
    y = np.cumsum(np.sqrt(level) * rng.normal(size=(series, steps)), axis=1)
    y += np.sqrt(noise) * rng.normal(size=(series, steps))
    y[rng.random(y.shape) < 0.2] = np.nan
    return level[:, 0], noise[:, 0], y


LOCAL_LEVEL = st.Level() + st.Irregular()


def test_estimates_scatter_about_the_truth_by_their_standard_errors() -> None:
    level, noise, y = walks(np.random.default_rng(1), 400, 200)
    fitted = LOCAL_LEVEL.fit(y, kappa=1e4)
    assert fitted.search is not None and fitted.search.converged.all()
    for name, truth in {"level.variance": level, "irregular.variance": noise}.items():
        z = (fitted.params[name] - truth) / fitted.search.standard_errors[name]
        z = z[np.isfinite(z) & (fitted.params[name] > 0.3 * truth)]
        assert len(z) > 320
        assert 0.85 < np.median(np.abs(z)) / 0.6745 < 1.2


def test_a_series_is_estimated_as_if_alone_in_any_order() -> None:
    _, _, y = walks(np.random.default_rng(2), 6, 50)
    batch = LOCAL_LEVEL.fit(y, kappa=1e4)
    turned = LOCAL_LEVEL.fit(y[::-1].reshape(2, 3, 50), kappa=1e4, threads=2)
    for name, value in batch.params.items():
        np.testing.assert_array_equal(turned.params[name].reshape(-1)[::-1], value)
        assert LOCAL_LEVEL.fit(y[4], kappa=1e4).params[name] == value[4]


def test_one_set_of_parameters_for_all_series() -> None:
    rng = np.random.default_rng(8)
    y = np.cumsum(rng.normal(scale=0.5, size=(300, 40)), axis=1) + rng.normal(scale=2.0, size=(300, 40))
    y[np.arange(40) >= rng.integers(5, 41, 300)[:, None]] = np.nan
    pooled = LOCAL_LEVEL.fit(y, pooled=True, kappa=1e4)
    assert pooled.search is not None and pooled.search.converged
    assert pooled.loglike.shape == (300,)
    for name, truth in {"level.variance": 0.25, "irregular.variance": 4.0}.items():
        assert abs(pooled.params[name] - truth) < 4 * pooled.search.standard_errors[name]
        for factor in (0.99, 1.01):  # it is the maximum
            other = LOCAL_LEVEL.at(y, pooled.params | {name: factor * pooled.params[name]}, kappa=1e4)
            assert other.loglike.sum() < pooled.loglike.sum()


def test_units_do_not_matter() -> None:
    _, _, y = walks(np.random.default_rng(3), 1, 80)
    plain = LOCAL_LEVEL.fit(y[0], kappa=1e6)
    for scale in (2.0**-30, 2.0**30):
        other = LOCAL_LEVEL.fit(scale * y[0], kappa=1e6 * scale**2)
        for name, value in plain.params.items():
            assert other.params[name] / scale**2 == pytest.approx(value, rel=1e-6)


def test_a_variance_at_zero_has_no_standard_error() -> None:
    y = np.random.default_rng(21).normal(size=100)
    fitted = LOCAL_LEVEL.fit(y, kappa=1e4)
    assert fitted.search is not None
    assert fitted.params["level.variance"] < 1e-6
    assert np.isnan(fitted.search.standard_errors["level.variance"])
    assert fitted.search.standard_errors["irregular.variance"] == pytest.approx(2**0.5 / 10, rel=0.25)
    assert fitted.estimated == 2 and "nan" in str(fitted)


def test_what_the_likelihood_does_not_see_leaves_the_others_their_errors() -> None:
    """A random walk needs no autoregression beside it."""
    y = np.cumsum(np.random.default_rng(10).normal(size=400))
    fitted = (st.Level() + st.AR(1)).fit(y, start={"ar.variance": 1e-9}, kappa=1e4)
    assert fitted.search is not None
    errors = fitted.search.standard_errors
    assert errors["level.variance"] == pytest.approx(np.sqrt(2 / 399), rel=0.1)
    assert np.isnan(errors["ar.variance"])


def test_arma_is_found_again() -> None:
    rng = np.random.default_rng(5)
    e, u = rng.normal(size=4100), np.zeros(4100)
    for t in range(2, 4100):
        u[t] = 1.2 * u[t - 1] - 0.5 * u[t - 2] + e[t] + 0.4 * e[t - 1]
    fitted = st.Structural(st.ARMA(2, 1, mean=None)).fit(5 + 2 * u[100:])
    assert fitted.search is not None
    truth = {"arma.ar1": 1.2, "arma.ar2": -0.5, "arma.ma1": 0.4, "arma.mean": 5.0, "arma.variance": 4.0}
    for name, value in truth.items():
        assert abs(fitted.params[name] - value) < 4 * fitted.search.standard_errors[name]


@pytest.mark.reference
def test_wholesale_prices(reference: Path) -> None:
    """ARIMA(1,1,1) with a constant, CASES.md sec. 6 (Stata)."""
    y = np.genfromtxt(reference / "kalman" / "wpi1.csv", delimiter=",", names=True)["wpi"]
    fitted = st.Structural(st.ARMA(1, 1, mean=None)).fit(np.diff(y))
    assert float(fitted.loglike) == pytest.approx(-135.35131, abs=1e-4)
    for name, value in {
        "ar1": 0.8742288,
        "ma1": -0.4120458,
        "mean": 0.7498197,
        "variance": 0.7250436**2,
    }.items():
        assert fitted.params[f"arma.{name}"] == pytest.approx(value, abs=1e-4)


def test_series_with_regressors_of_their_own() -> None:
    rng = np.random.default_rng(6)
    x = rng.normal(size=(5, 60, 1))
    y = 3 * x[..., 0] + rng.normal(size=(5, 60)) * np.arange(1, 6)[:, None]
    model = st.Regression(x) + st.Irregular()
    together = model.fit(y, kappa=1e6)
    alone = (st.Regression(x[3]) + st.Irregular()).fit(y[3], kappa=1e6)
    assert together.params["irregular.variance"][3] == alone.params["irregular.variance"]


def test_an_infinite_series_does_not_stop_the_others() -> None:
    _, _, y = walks(np.random.default_rng(7), 3, 40)
    y[1, 2] = np.inf
    fitted = LOCAL_LEVEL.fit(y, kappa=1e4)
    assert fitted.search is not None
    assert fitted.search.converged.tolist() == [True, False, True]


@pytest.mark.parametrize("kappa", [None, 50.0])
@pytest.mark.parametrize("pooled", [False, True])
def test_the_exact_gradient_is_that_of_differences(pooled: bool, kappa: float | None) -> None:
    rng = np.random.default_rng(11)
    y, x = rng.normal(size=(4, 30)), rng.normal(size=(4, 30, 1))
    y[1, 3:9] = np.nan
    model = (
        st.Trend() + st.Cycle() + st.ARMA(1, 1, mean=None) + st.Regression(x, variance=None) + st.Irregular()
    )
    likelihood = (search.Pooled if pooled else search.Likelihood)(model, y, kappa, 1)
    which = np.arange(1) if pooled else np.array([0, 1, 3])
    theta = rng.normal(scale=0.5, size=(len(which), len(model.free)))
    value, slope = likelihood(theta, which)
    assert np.isfinite(value).all()
    for j, e in enumerate(1e-5 * np.eye(len(model.free))):
        up, down = likelihood(theta + e, which)[0], likelihood(theta - e, which)[0]
        np.testing.assert_allclose(slope[:, j], (up - down) / 2e-5, atol=1e-6 * np.abs(slope).max())


def test_bad_start() -> None:
    with pytest.raises(InputError, match="slope is not estimated"):
        LOCAL_LEVEL.fit(np.zeros(5), start={"slope": 1.0})
