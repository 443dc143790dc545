"""Derivatives of the log-likelihood against the complex step on the plain twin; maximum likelihood."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pytwin import _core, kalman
from pytwin.errors import InputError
from pytwin.reference import kalman_gradient as plain

NAMES = ("F", "H", "Q", "R", "G", "c", "d", "x0", "P0")
SYMMETRIC = ("Q", "R", "P0")
VECTORS = ("c", "d", "x0")


def spd(rng: np.random.Generator, k: int) -> np.ndarray:
    a = rng.normal(size=(k, k))
    return np.asarray(a @ a.T / k + 0.1 * np.eye(k))


def model_of(rng: np.random.Generator, n: int, m: int, g: int, steps: int | None) -> dict[str, np.ndarray]:
    """Arrays of one model; with `steps` all but the start have a time axis."""

    def one() -> dict[str, np.ndarray]:
        shapes = {"H": (m, n), "G": (n, g), "c": (n,), "d": (m,), "x0": (n,)}
        free = {name: rng.normal(size=shape) for name, shape in shapes.items()}
        return {
            "F": 0.5 * rng.normal(size=(n, n)),
            "Q": spd(rng, g),
            "R": spd(rng, m),
            "P0": spd(rng, n),
            **free,
        }

    made = one()
    if steps is None:
        return made
    varied = [one() for _ in range(steps)]
    return {k: a if k in ("x0", "P0") else np.stack([v[k] for v in varied]) for k, a in made.items()}


def expected(y: np.ndarray, model: dict[str, np.ndarray], name: str) -> np.ndarray:
    found = plain.gradient(y, model, name)
    return (found + np.swapaxes(found, -1, -2)) / 2 if name in SYMMETRIC else found


def gappy(rng: np.random.Generator, *shape: int) -> np.ndarray:
    y = rng.normal(size=shape)
    y[rng.random(shape) < 0.3] = np.nan
    return y


@pytest.mark.core
@pytest.mark.parametrize("timed", [False, True])
@pytest.mark.parametrize(("n", "m", "g"), [(1, 1, 1), (2, 1, 2), (3, 2, 2), (4, 3, 4), (9, 2, 5)])
def test_equals_the_complex_step(n: int, m: int, g: int, timed: bool) -> None:
    """Partly missing, correlated, ragged; the issue asks for 1e-9."""
    rng, T = np.random.default_rng(n), 8
    model = model_of(rng, n, m, g, T if timed else None)
    y, lengths = gappy(rng, 6, T, m), np.array([8, 3, 8, 1, 5, 8])
    y[4] = np.nan
    found = kalman.gradient(y, **model, lengths=lengths, wanted=NAMES)
    for s, length in enumerate(lengths.tolist()):
        own = {k: a[:length] if timed and k not in ("x0", "P0") else a for k, a in model.items()}
        assert found.loglike[s] == pytest.approx(plain.loglike(y[s, :length], own).real, rel=1e-11, abs=1e-11)
        for name in NAMES:
            got, want = found[name][s], expected(y[s, :length], own, name)
            if timed and name not in ("x0", "P0"):
                assert np.isnan(got[length:]).all()
                got = got[:length]
            np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-10 * max(1.0, abs(want).max()))


@pytest.mark.core
def test_singular_noises() -> None:
    """No noise is inverted: Q = 0 in one state, R = 0."""
    rng = np.random.default_rng(2)
    model = model_of(rng, 3, 2, 3, None) | {"Q": np.diag([0.0, 1.0, 0.0]), "R": np.diag([0.0, 0.5])}
    y = gappy(rng, 1, 10, 2)
    found = kalman.gradient(y, **model, wanted=NAMES)
    for name in NAMES:
        want = expected(y[0], model, name)
        np.testing.assert_allclose(found[name][0], want, rtol=1e-8, atol=1e-9 * abs(want).max())


@pytest.mark.core
def test_a_series_has_its_bits_in_any_company_and_long_ones_go_by_check_points() -> None:
    rng = np.random.default_rng(3)
    model = model_of(rng, 3, 2, 3, None)
    y = gappy(rng, 11, 60, 2)
    together = kalman.gradient(y, **model, wanted=NAMES, threads=2)
    for s in (0, 5, 10):
        alone = kalman.gradient(y[s], **model, wanted=NAMES)
        for name in NAMES:
            np.testing.assert_array_equal(alone[name], together[name][s])
    live = _core._alloc_live()
    long = kalman.gradient(gappy(rng, 1, 40_000, 2), **model, wanted=("Q", "R"))
    assert np.isfinite(long["Q"]).all() and _core._alloc_live() == live


@pytest.mark.core
def test_a_failed_series_fails_alone() -> None:
    y = np.zeros((3, 5, 1))
    F = np.array([[[0.5]], [[1e200]], [[0.5]]])[:, None]
    model: dict[str, Any] = {"H": [[1.0]], "Q": [[1.0]], "R": [[1.0]], "x0": [0.0], "P0": [[1.0]]}
    found = kalman.gradient(y, F, **model)
    assert found.status.tolist()[::2] == [0, 0] and found.status[1] != 0
    assert np.isnan(found["Q"][1]).all() and np.isfinite(found["Q"][[0, 2]]).all()


@pytest.mark.core
def test_every_failing_allocation_is_an_error(failed_allocations: Any) -> None:
    rng = np.random.default_rng(6)
    model, y = model_of(rng, 3, 2, 3, None), gappy(rng, 9, 6, 2)
    assert failed_allocations(lambda: kalman.gradient(y, **model, wanted=NAMES, threads=2)) > 5


def test_bad_input() -> None:
    model: dict[str, Any] = {"F": [[1]], "H": [[1]], "Q": [[1]], "R": [[1]], "x0": [0], "P0": [[1]]}
    for wanted in (("K",), ("G",)):
        with pytest.raises(InputError) as caught:
            kalman.gradient(np.zeros((3, 1)), **model, wanted=wanted)
        assert caught.value.place == "wanted"


# ---- maximum likelihood ----


def damped(theta: Any) -> dict[str, Any]:
    """A damped level: its variance, that of the noise, its persistence."""
    q, r = np.exp(theta[0]), np.exp(theta[1])
    rho = np.tanh(theta[2])
    return {"F": [[rho]], "H": [[1.0]], "Q": [[q]], "R": [[r]], "x0": [0.0], "P0": [[q / (1 - rho * rho)]]}


def simulated(series: int, T: int) -> np.ndarray:
    rng = np.random.default_rng(7)
    x, y = rng.normal(size=series) / np.sqrt(1 - 0.8**2), np.empty((series, T, 1))
    for t in range(T):
        y[:, t, 0] = x + 0.5 * rng.normal(size=series)
        x = 0.8 * x + rng.normal(size=series)
    y[rng.random(y.shape) < 0.1] = np.nan
    return y


def test_maximum_likelihood_finds_what_was_simulated() -> None:
    found = kalman.fit(damped, simulated(200, 50), [0.0, 0.0, 0.0])
    assert found.converged
    truth = np.array([0.0, 2 * np.log(0.5), np.arctanh(0.8)])
    assert np.all(abs(found.theta - truth) < 4 * found.error) and np.all(found.error < 0.1)
    for e in 0.1 * np.eye(3):
        again = kalman.fit(damped, simulated(200, 50), found.theta + e)
        assert again.loglike == pytest.approx(found.loglike, rel=1e-9)


def test_each_series_has_its_own() -> None:
    y = simulated(3, 200)
    own = kalman.fit(damped, y, [0.0, 0.0, 0.5], pooled=False)
    assert own.theta.shape == (3, 3) and own.loglike.shape == (3,)
    for s in range(3):
        alone = kalman.fit(damped, y[s], [0.0, 0.0, 0.5])
        np.testing.assert_array_equal(alone.theta, own.theta[s])
