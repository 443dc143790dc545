"""Simulation and fixed-lag smoothers against NumPy twins and dense Gaussians."""

from __future__ import annotations

import numpy as np
import pytest

from pytwin import kalman
from pytwin.errors import InputError
from pytwin.reference.kalman_dense import dense_smoother
from pytwin.reference.kalman_draw import draw_path
from pytwin.reference.kalman_draw import fixed_lag as plain_lag

pytestmark = pytest.mark.core


@pytest.fixture
def case(make_model):
    """Time-varying matrices, offsets, a loading, gaps."""
    rng = np.random.default_rng(8)
    T, n, m, g = 12, 3, 2, 2
    model = make_model(rng, n, m)
    model["F"] = model["F"] + 0.1 * rng.normal(size=(T, n, n))
    model["Q"] = np.eye(g) * (0.1 + rng.random((T, 1, 1)))
    model |= {"G": rng.normal(size=(n, g)), "c": rng.normal(size=(T, n)), "d": rng.normal(size=m)}
    y = rng.normal(size=(T, m))
    y[rng.random((T, m)) < 0.3] = np.nan
    y[4] = np.nan
    return y, model


def test_given_numbers_as_the_twin(case) -> None:
    y, model = case
    rng = np.random.default_rng(9)
    T, m = y.shape
    e, u, z = rng.normal(size=(T, m)), rng.normal(size=(T, 2)), rng.normal(size=3)
    numbers = np.concatenate([e[~np.isnan(y)], u.ravel(), z])
    got = kalman.draw(y, **model, variates=numbers[None])
    x, w, v = draw_path(y, np.where(np.isnan(y), 0.0, e), u, z, **model)
    np.testing.assert_allclose(got.state[0], x, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(got.state_disturbance[0], w, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(
        got.obs_disturbance[0], np.where(np.isnan(y), np.nan, v), rtol=1e-10, atol=1e-10
    )


def test_draws_obey_the_model_and_meet_the_data(case) -> None:
    y, model = case
    got = kalman.draw(y, **model, draws=3, seed=4)
    x, w, v = got.state, got.state_disturbance, got.obs_disturbance
    forward = np.einsum("tij,ktj->kti", model["F"], x) + model["c"] + w @ model["G"].T
    np.testing.assert_allclose(x[:, 1:], forward[:, :-1], atol=1e-10)
    again = x @ model["H"].T + model["d"] + v
    np.testing.assert_allclose(again, np.where(np.isnan(v), np.nan, y), atol=1e-10)
    assert (np.isnan(v[0]) == np.isnan(y)).all()


def test_moments_of_many_draws(case) -> None:
    y, model = case
    mean, cov, _ = dense_smoother(y, **model)
    x = kalman.draw(y, **model, draws=20_000, seed=1).state
    sd = np.sqrt(np.einsum("tii->ti", cov))
    assert (np.abs(x.mean(axis=0) - mean) < 5 * sd / np.sqrt(20_000)).all()
    away = x - x.mean(axis=0)
    found = np.einsum("kti,ktj->tij", away, away) / 19_999
    assert (np.abs(found - cov) < 5 * np.sqrt(2 / 20_000) * sd[:, :, None] * sd[:, None, :]).all()


def test_a_series_draws_the_same_in_any_batch(case) -> None:
    y, model = case
    rng = np.random.default_rng(10)
    many = np.stack([y, *rng.normal(size=(4, *y.shape))])
    alone, together = (
        kalman.draw(y, **model, draws=5, seed=2),
        kalman.draw(many, **model, draws=7, seed=2, threads=2),
    )
    for name in ("state", "state_disturbance", "obs_disturbance"):
        np.testing.assert_array_equal(getattr(together, name)[0, :5], getattr(alone, name))
    assert not np.array_equal(together.state[0, 0], kalman.draw(y, **model, seed=3).state[0])


def test_numbered_series_keep_their_draws_in_any_order(case) -> None:
    y, model = case
    batch = np.stack([y, 2 * y, y - 1])
    found = kalman.draw(batch, **model, draws=2, seed=4, ids=[7, 3, 11])
    turned = kalman.draw(batch[::-1], **model, draws=2, seed=4, ids=[11, 3, 7])
    np.testing.assert_array_equal(turned.state[::-1], found.state)
    with pytest.raises(InputError) as caught:
        kalman.draw(batch, **model, ids=[1, 2])
    assert caught.value.place == "ids"


def test_rows_beyond_a_series_are_not_drawn(case) -> None:
    y, model = case
    got = kalman.draw(np.stack([y, y]), **model, lengths=[12, 7], draws=2)
    assert np.isfinite(got.state[0]).all() and np.isfinite(got.state[1, :, :7]).all()
    assert np.isnan(got.state[1, :, 7:]).all()
    short = {k: v[:7] if np.shape(v)[0] == 12 else v for k, v in model.items()}
    np.testing.assert_array_equal(
        got.state[1, :, :7], kalman.draw(np.stack([y, y])[:, :7], **short, draws=2).state[1]
    )


def test_a_failed_series_stands_apart(case) -> None:
    y, model = case
    bad = y.copy()
    bad[0, 0] = np.inf
    got = kalman.draw(np.stack([y, bad]), **model)
    assert got.status[0] == 0 and got.status[1] != 0
    assert np.isnan(got.state[1]).all() and np.isfinite(got.state[0]).all()
    with pytest.raises(InputError, match="series 0"):
        kalman.draw(bad, **model)


def test_odd_requests_are_refused(case) -> None:
    y, model = case
    with pytest.raises(InputError, match="numbers where"):
        kalman.draw(y, **model, variates=np.zeros((1, 5)))
    with pytest.raises(InputError, match="draws"):
        kalman.draw(y, **model, draws=0)
    with pytest.raises(InputError, match="lag"):
        kalman.fixed_lag(y, **model, lag=-1)


@pytest.mark.parametrize("lag", [0, 1, 4, 30])
def test_fixed_lag(case, lag: int) -> None:
    y, model = case
    mean, cov = plain_lag(y, lag, **model)
    got = kalman.fixed_lag(y, **model, lag=lag)
    np.testing.assert_allclose(got.mean, mean, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(got.cov, cov, rtol=1e-10, atol=1e-10)


def test_fixed_lag_of_a_ragged_batch(case) -> None:
    y, model = case
    own = model | {"F": np.stack([model["F"], 0.5 * model["F"]])}
    got = kalman.fixed_lag(np.stack([y, y]), **own, lag=3, lengths=[12, 5])
    for s, T in ((0, 12), (1, 5)):
        alone = kalman.fixed_lag(y, **(model | {"F": own["F"][s]}), lag=3, lengths=T)
        np.testing.assert_array_equal(got.mean[s], alone.mean)
        assert np.isnan(got.mean[s, T:]).all() and np.isfinite(got.cov[s, :T]).all()
