"""Correlated noise against the dense joint Gaussian, in which it needs no trick."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pytwin import kalman
from pytwin.errors import InputError
from pytwin.reference.kalman_dense import dense_smoother


def joint(rng: np.random.Generator, g: int, m: int, rank: int | None = None) -> dict[str, np.ndarray]:
    """Q, S, R of one joint covariance."""
    root = rng.normal(size=(g + m, rank or g + m))
    C = root @ root.T
    return {"Q": C[:g, :g], "S": C[:g, g:], "R": C[g:, g:]}


def some_model(rng: np.random.Generator, n: int, m: int, g: int, rank: int | None = None) -> dict[str, Any]:
    root = rng.normal(size=(n, n))
    return {
        "F": 0.5 * rng.normal(size=(n, n)), "H": rng.normal(size=(m, n)), "G": rng.normal(size=(n, g)),
        "c": rng.normal(size=n), "d": rng.normal(size=m), "x0": rng.normal(size=n), "P0": root @ root.T,
        **joint(rng, g, m, rank),
    }  # fmt: skip


def gappy(rng: np.random.Generator, *shape: int) -> np.ndarray:
    y = 2 * rng.normal(size=shape)
    y[rng.random(shape) < 0.3] = np.nan
    return y


SIZES = [(1, 1, 1, None), (3, 2, 2, None), (2, 3, 1, None), (3, 2, 3, 4)]


@pytest.mark.parametrize(("n", "m", "g", "rank"), SIZES)
@pytest.mark.parametrize("form", ["auto", "square-root", "block"])
def test_equals_the_dense_gaussian(n: int, m: int, g: int, rank: int | None, form: str) -> None:
    rng = np.random.default_rng(n + 10 * m)
    model, y = some_model(rng, n, m, g, rank), gappy(rng, 4, 8, m)
    y[1, 3:5] = np.nan
    outputs = ("loglike", "mean", "smoothed_mean", "smoothed_cov")
    found = kalman.smooth(y, **model, form=form, outputs=outputs)
    for s in range(len(y)):
        mean, cov, loglike = dense_smoother(y[s], **model)
        assert found.loglike[s] == pytest.approx(loglike, rel=1e-9, abs=1e-9)
        np.testing.assert_allclose(found.smoothed_mean[s], mean, rtol=1e-8, atol=1e-8)
        np.testing.assert_allclose(found.smoothed_cov[s], cov, rtol=1e-8, atol=1e-8)
        np.testing.assert_allclose(found.mean[s, -1], mean[-1], rtol=1e-8, atol=1e-8)


def test_complete_series_keep_constant_matrices_and_time_axes_are_known() -> None:
    rng = np.random.default_rng(3)
    T = 6
    model = some_model(rng, 2, 2, 2)
    y = rng.normal(size=(2, T, 2))
    mean, _, loglike = dense_smoother(y[1], **model)
    found = kalman.smooth(y, **model)
    assert found.loglike[1] == pytest.approx(loglike, rel=1e-10)
    np.testing.assert_allclose(found.smoothed_mean[1], mean, rtol=1e-9, atol=1e-9)
    varied = [some_model(rng, 2, 2, 2) for _ in range(T)]
    timed = {k: a if k in ("x0", "P0") else np.stack([v[k] for v in varied]) for k, a in model.items()}
    y[0, 2, 1] = np.nan
    mean, _, loglike = dense_smoother(y[0], **timed)
    found = kalman.smooth(y, **timed)
    assert found.loglike[0] == pytest.approx(loglike, rel=1e-10)
    np.testing.assert_allclose(found.smoothed_mean[0], mean, rtol=1e-9, atol=1e-9)


def test_none_is_zero_and_a_series_has_its_bits_in_any_company() -> None:
    rng = np.random.default_rng(5)
    model, y = some_model(rng, 3, 2, 2), gappy(rng, 9, 12, 2)
    together = kalman.filter(y, **model)
    for s in (0, 4, 8):
        alone = kalman.filter(y[s], **model)
        np.testing.assert_array_equal(alone.mean, together.mean[s])
        assert alone.loglike == together.loglike[s]
    without = kalman.filter(y, **{**model, "S": None})
    zero = kalman.filter(y, **{**model, "S": np.zeros((2, 2))})
    np.testing.assert_allclose(zero.loglike, without.loglike, rtol=1e-12)


def test_one_source_of_noise() -> None:
    """ARMA(1, 1) in innovations form, w = v = e, has no noise of its own and equals Harvey's form."""
    phi, theta, s2 = 0.7, 0.4, 1.3
    y = np.random.default_rng(1).normal(size=(4, 40, 1))
    start = s2 * (phi + theta) ** 2 / (1 - phi**2)
    one = kalman.filter(
        y, [[phi]], [[1]], [[s2]], [[s2]], [0], [[start]], G=[[phi + theta]], S=[[s2]], outputs=("loglike",)
    )
    F = np.array([[phi, 1], [0, 0]])
    G = np.array([[1.0], [theta]])
    P0 = s2 * np.array([[(1 + theta**2 + 2 * phi * theta) / (1 - phi**2), theta], [theta, theta**2]])
    other = kalman.filter(y, F, [[1, 0]], [[s2]], [[0]], [0, 0], P0, G=G, outputs=("loglike",))
    np.testing.assert_allclose(one.loglike, other.loglike, rtol=1e-11)


@pytest.mark.parametrize("seed", range(20))
def test_state_noise_that_is_a_multiple_of_the_observations(seed: int) -> None:
    """w = L v: nothing but rounding is left of Q, whatever its sign."""
    rng = np.random.default_rng(seed)
    model = some_model(rng, 3, 3, 3)
    L = rng.normal(size=(3, 3))
    Q = L @ model["R"] @ L.T
    model |= {"Q": (Q + Q.T) / 2, "S": L @ model["R"]}
    y = gappy(rng, 2, 6, 3)
    found = kalman.smooth(y, **model)
    for s in range(2):
        mean, _, loglike = dense_smoother(y[s], **model)
        assert found.loglike[s] == pytest.approx(loglike, rel=1e-9, abs=1e-9)
        np.testing.assert_allclose(found.smoothed_mean[s], mean, rtol=1e-7, atol=1e-7)


def test_a_large_series_has_its_bits_whatever_the_gaps_of_others() -> None:
    """Its own matrices are constant, those of the batch are not."""
    rng = np.random.default_rng(0)
    model = some_model(rng, 40, 1, 2) | {"F": np.diag(rng.uniform(0.1, 0.8, 40)), "P0": np.eye(40)}
    y = rng.normal(size=(2, 300, 1))
    y[1, 150] = np.nan
    outputs = ("loglike", "last_mean")
    together, alone = (
        kalman.filter(y, **model, outputs=outputs),
        kalman.filter(y[0], **model, outputs=outputs),
    )
    assert alone.loglike == together.loglike[0]
    np.testing.assert_array_equal(alone.last_mean, together.last_mean[0])


def test_what_is_no_covariance_fails_alone() -> None:
    y = np.ones((3, 4, 1))
    model: dict[str, Any] = {"F": [[1]], "H": [[1]], "Q": [[1]], "R": [[1]], "x0": [0], "P0": [[1]]}
    S = np.array([0.5, 1.5, 1.0]).reshape(3, 1, 1, 1)
    found = kalman.filter(y, **model, S=S)
    assert found.status[1] != 0 and not found.status[[0, 2]].any() and found.failed_in[1] == "Q"
    assert np.isnan(found.loglike[1]) and np.isfinite(found.loglike[[0, 2]]).all()
    found = kalman.filter(y, **(model | {"R": np.array([1.0, np.nan, 0.0]).reshape(3, 1, 1, 1)}), S=[[0.5]])
    assert found.failed_in.tolist() == ["", "R", "Q"]
    y[1, 2] = np.inf
    assert kalman.filter(y, **model, S=[[0.5]]).failed_in.tolist() == ["", "y", ""]


def test_an_element_without_noise_is_correlated_with_nothing() -> None:
    model: dict[str, Any] = {"F": [[1]], "H": [[1]], "Q": [[1]], "R": [[0]], "x0": [0], "P0": [[1]]}
    with pytest.raises(InputError):
        kalman.filter(np.ones((3, 1)), **model, S=[[1e-5]])


@pytest.mark.parametrize("name", ["Q", "R"])
def test_a_bad_covariance_is_named(name: str) -> None:
    model: dict[str, Any] = {"F": [[1]], "H": [[1]], "Q": [[1]], "R": [[1]], "x0": [0], "P0": [[1]]}
    with pytest.raises(InputError, match=name):
        kalman.filter(np.ones((3, 1)), **(model | {name: [[-1]]}), S=[[0.1]])


def test_bad_input() -> None:
    rng = np.random.default_rng(1)
    model, y = some_model(rng, 1, 1, 1), gappy(rng, 1, 5, 1)
    cases: list[tuple[str, dict[str, Any]]] = [
        ("S", {"S": np.ones((2, 1))}),
        ("S", {"S": [[1e3]]}),
        ("S", {"S": [[np.nan]]}),
        ("times", {"times": np.arange(5.0)}),
        ("gate, student, adaptive", {"gate": 3.0}),
        ("outputs", {"outputs": ("state_disturbance",)}),
    ]
    for place, changed in cases:
        with pytest.raises(InputError) as caught:
            kalman.smooth(y, **(model | changed))
        assert caught.value.place == place
