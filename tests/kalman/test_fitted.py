"""Series under structural models at known parameters: components, forecasts, figures."""

from __future__ import annotations

import numpy as np
import pytest

from pytwin import InputError
from pytwin.datasets import nile
from pytwin.kalman import structural as st
from pytwin.reference.kalman_dense import dense_smoother

pytestmark = pytest.mark.core


def series(*shape: int) -> np.ndarray:
    rng = np.random.default_rng(5)
    y = 10 + np.cumsum(rng.normal(size=shape), axis=-1) + 2 * np.sin(np.arange(shape[-1]) * np.pi / 2)
    y[..., 7:10] = np.nan
    return y


MODEL = st.Trend(0.5, 0.01) + st.Seasonal(4, variance=0.02) + st.ARMA(1, 0, ar=[0.4], mean=1.0, variance=0.3)


@pytest.mark.reference
def test_nile_is_the_series_of_the_reference_library(reference: object) -> None:
    rows = np.genfromtxt(f"{reference}/kalman/nile.csv", delimiter=",", skip_header=1)
    np.testing.assert_array_equal(rows, np.column_stack([nile().year, nile().volume]))


def test_components_are_those_of_the_joint_gaussian() -> None:
    y = series(24)
    fitted = MODEL.at(y, kappa=100.0)
    arrays = fitted.model.arrays()
    mean, cov, loglike = dense_smoother(y[:, None], **arrays)
    parts = fitted.components()
    assert float(fitted.loglike) == pytest.approx(loglike, rel=1e-10)
    np.testing.assert_allclose(parts["trend"].mean, mean[:, 0], rtol=1e-8)
    np.testing.assert_allclose(parts["trend"].var, cov[:, 0, 0], rtol=1e-7)
    np.testing.assert_allclose(parts["seasonal"].mean, mean[:, 2], rtol=1e-7)
    np.testing.assert_allclose(parts["arma"].mean, mean[:, 5] + 1.0, rtol=1e-7)
    seen = np.isfinite(y)
    np.testing.assert_allclose(sum(p.mean for p in parts.values())[seen], y[seen], rtol=1e-7)  # no irregular


def test_forecasts_are_those_of_the_joint_gaussian() -> None:
    y = series(20)
    ahead = MODEL.at(y, kappa=100.0).forecast(6)
    longer = np.concatenate([y, np.full(6, np.nan)])
    arrays = MODEL.linear(kappa=100.0).arrays()
    mean, cov, _ = dense_smoother(longer[:, None], **arrays)
    H = arrays["H"][0]
    np.testing.assert_allclose(ahead.mean, mean[20:] @ H + 1.0, rtol=1e-8)
    np.testing.assert_allclose(ahead.var, np.einsum("i,tij,j->t", H, cov[20:], H), rtol=1e-8)
    low, high = ahead.band(0.95)
    np.testing.assert_allclose((high - low) / (2 * 1.959963984540054), np.sqrt(ahead.var))


def test_a_ragged_batch_is_forecast_from_each_end() -> None:
    y = series(3, 30)
    lengths = np.array([30, 21, 12])
    batch = MODEL.at(y, kappa=100.0).forecast(4, lengths)
    for i, length in enumerate(lengths):
        alone = MODEL.at(y[i, :length], kappa=100.0).forecast(4)
        np.testing.assert_allclose(batch.mean[i], alone.mean, rtol=1e-12)
        np.testing.assert_allclose(batch.var[i], alone.var, rtol=1e-12)


def test_each_series_may_have_its_own_parameters_and_regressors() -> None:
    y, x = series(2, 15), np.random.default_rng(6).normal(size=(2, 18, 1))
    params = {"level.variance": np.array([0.1, 0.9]), "irregular.variance": np.array([0.5, 0.2])}
    both = (st.Level() + st.Irregular() + st.Regression(x)).at(y, params, kappa=100.0)
    ahead = both.forecast(3)
    for i in range(2):
        own = {k: v[i] for k, v in params.items()}
        alone = (st.Level() + st.Irregular() + st.Regression(x[i])).at(y[i], own, kappa=100.0)
        assert alone.loglike == both.loglike[i]
        np.testing.assert_allclose(alone.forecast(3).mean, ahead.mean[i], rtol=1e-12)
        for name, part in alone.components().items():
            np.testing.assert_allclose(part.mean, both.components()[name].mean[i], rtol=1e-12)


def test_information_criteria_count_parameters() -> None:
    fitted = MODEL.at(series(20), kappa=100.0)
    assert fitted.estimated == 0
    assert fitted.aic == pytest.approx(-2 * fitted.loglike)


def test_words_and_figures() -> None:
    fitted = MODEL.at(series(24), kappa=100.0)
    assert "seasonal.variance" in str(fitted) and "fixed" in str(fitted)
    assert [a.get_title(loc="left") for a in fitted.plot().axes][1:] == ["trend", "seasonal", "arma"]
    assert len(fitted.forecast(3).plot().axes) == 1
    assert fitted.diagnose()["NIS"].value > 0
    many = MODEL.at(series(3, 24), kappa=100.0)
    assert str(many).startswith("3 series of 24 steps")
    many.plot(2)
    with pytest.raises(InputError, match="there are 3 series"):
        many.plot(3)


def test_bad_input() -> None:
    fitted = MODEL.at(series(2, 24), kappa=100.0)
    with pytest.raises(InputError, match="at least 1 step"):
        fitted.forecast(0)
    with pytest.raises(InputError, match="not within 1 and 24"):
        fitted.forecast(1, [24, 25])
    with pytest.raises(InputError, match="share between 0 and 1"):
        fitted.forecast(1).band(1.0)
    with pytest.raises(InputError, match="no steps"):
        MODEL.at(np.zeros((3, 0)))
