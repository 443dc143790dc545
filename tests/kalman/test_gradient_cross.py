"""Derivatives where the noises are correlated, against differences of dense Gaussians and of the core."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pytwin import kalman
from pytwin.errors import InputError
from pytwin.reference.kalman_dense import dense_moments

NAMES = ("F", "H", "Q", "R", "G", "S", "c", "d", "x0", "P0")
SYMMETRIC = ("Q", "R", "P0")


def some_model(rng: np.random.Generator, n: int, m: int, g: int, steps: int | None) -> dict[str, Any]:
    lead = () if steps is None else (steps,)
    A = rng.normal(size=(*lead, g + m, g + m))
    joint = A @ np.swapaxes(A, -1, -2) / (g + m) + 0.3 * np.eye(g + m)
    B = rng.normal(size=(n, n))
    return {
        "F": 0.5 * rng.normal(size=(*lead, n, n)), "H": rng.normal(size=(*lead, m, n)),
        "Q": joint[..., :g, :g], "R": joint[..., g:, g:], "S": joint[..., :g, g:],
        "G": rng.normal(size=(*lead, n, g)), "c": rng.normal(size=(*lead, n)),
        "d": rng.normal(size=(*lead, m)),
        "x0": rng.normal(size=n), "P0": B @ B.T + np.eye(n),
    }  # fmt: skip


def gappy(rng: np.random.Generator, *shape: int) -> np.ndarray:
    y = 2 * rng.normal(size=shape)
    y[rng.random(shape) < 0.3] = np.nan
    return y


def slope(value: Any, model: dict[str, Any], name: str, direction: np.ndarray) -> float:
    """By differences of the fourth order."""
    h = 1e-3
    at = [value(model | {name: model[name] + k * h * direction}) for k in (-2, -1, 1, 2)]
    return float((at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * h))


@pytest.mark.core
@pytest.mark.parametrize("timed", [False, True])
@pytest.mark.parametrize(("n", "m", "g"), [(1, 1, 1), (3, 2, 2), (2, 3, 2)])
def test_equals_differences_of_a_dense_gaussian(n: int, m: int, g: int, timed: bool) -> None:
    rng, T = np.random.default_rng(n + m), 7
    model, y = some_model(rng, n, m, g, T if timed else None), gappy(rng, 4, T, m)
    lengths = np.array([7, 4, 7, 1])
    found = kalman.gradient(y, **model, lengths=lengths, wanted=NAMES)
    for s, length in enumerate(lengths.tolist()):

        def value(changed: dict[str, Any], s: int = s, length: int = length) -> float:
            return float(dense_moments(y[s, :length], **changed).loglike)

        assert found.loglike[s] == pytest.approx(value(model), rel=1e-10)
        for name in NAMES:
            direction = rng.normal(size=np.shape(model[name]))
            if name in SYMMETRIC:
                direction = (direction + np.swapaxes(direction, -1, -2)) / 2
            got = found[name][s]
            if timed and name not in ("x0", "P0"):
                assert np.isnan(got[length:]).all() and np.isfinite(got[:length]).all()
            along = float(np.nansum(got * direction))
            assert along == pytest.approx(slope(value, model, name, direction), rel=1e-7, abs=1e-7)


@pytest.mark.core
def test_with_a_diffuse_start_it_is_that_of_differences_of_the_core() -> None:
    rng = np.random.default_rng(5)
    model, y = some_model(rng, 3, 2, 2, None), gappy(rng, 30, 2)
    mask = np.array([True, False, True])

    def value(changed: dict[str, Any]) -> Any:
        return kalman.filter(y, **changed, diffuse=mask, outputs=("loglike",)).loglike

    found = kalman.gradient(y, **model, diffuse=mask, wanted=NAMES)
    for name in NAMES:
        direction = rng.normal(size=np.shape(model[name]))
        if name in SYMMETRIC:
            direction = (direction + direction.T) / 2
        along = float(found.along({name: direction}))
        assert along == pytest.approx(slope(value, model, name, direction), rel=1e-7, abs=1e-7)


@pytest.mark.core
def test_without_correlation_it_is_the_plain_gradient_and_a_series_is_the_same_alone() -> None:
    rng = np.random.default_rng(6)
    model, y = some_model(rng, 3, 2, 2, None), gappy(rng, 3, 20, 2)
    none = kalman.gradient(y, **(model | {"S": np.zeros((2, 2))}), wanted=NAMES)
    plain = kalman.gradient(
        y, **{k: a for k, a in model.items() if k != "S"}, wanted=("F", "H", "Q", "R", "c", "d")
    )
    for name, a in plain.wrt.items():
        np.testing.assert_allclose(none[name], a, rtol=1e-10, atol=1e-10)
    together = kalman.gradient(y, **model, wanted=NAMES)
    for s in range(3):
        alone = kalman.gradient(y[s], **model, wanted=NAMES)
        for name in NAMES:
            assert alone[name].shape == np.shape(model[name])
            np.testing.assert_allclose(alone[name], together[name][s], rtol=1e-12, atol=1e-13)


def test_fit_with_correlated_noises() -> None:
    """An ARMA(1, 1) as one state: its noise is that of the observation; theta is where the slope vanishes."""
    rng = np.random.default_rng(8)
    e, y, x = rng.normal(size=(20, 101)), np.empty((20, 100, 1)), np.zeros(20)
    for t in range(100):
        y[:, t, 0] = x + e[:, t]
        x = 0.7 * x + (0.7 + 0.4) * e[:, t]

    def arma(theta: Any) -> dict[str, Any]:
        phi, ma, var = np.tanh(theta[0]), np.tanh(theta[1]), np.exp(theta[2])
        k = phi + ma
        P0 = k * k * var / (1 - phi * phi)
        return {
            "F": [[phi]], "H": [[1.0]], "Q": [[k * k * var]], "R": [[var]], "S": [[k * var]],
            "x0": [0.0], "P0": [[P0]],
        }  # fmt: skip

    found = kalman.fit(arma, y, [0.1, 0.1, 0.0])
    truth = np.array([np.arctanh(0.7), np.arctanh(0.4), 0.0])
    assert found.converged and np.all(abs(found.theta - truth) < 4 * found.error)


def test_bad_input() -> None:
    rng = np.random.default_rng(9)
    model, y = some_model(rng, 2, 1, 2, None), gappy(rng, 10, 1)
    with pytest.raises(InputError) as caught:
        kalman.gradient(y, **(model | {"S": None}), wanted=("S",))
    assert caught.value.place == "wanted"
    with pytest.raises(InputError, match="no covariance together"):
        kalman.gradient(y, **(model | {"S": np.full((2, 1), 9.0)}))
    F = np.stack([model["F"], 1e200 * model["F"]])[:, None]
    found = kalman.gradient(np.zeros((2, 10, 1)), **(model | {"F": F}), wanted=("S", "F", "H"))
    assert found.status[0] == 0 != found.status[1]
    assert np.isnan(found["S"][1]).all() and np.isfinite(found["S"][0]).all()
