"""EM: never down, to the maximum of the likelihood; missing elements, subsets of the arrays, batches.

Robot's fifty published values are among the verified cases (pytwin/verify).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pytwin import kalman
from pytwin.datasets import nile
from pytwin.errors import ComputationError, InputError


def spd(rng: np.random.Generator, k: int) -> np.ndarray:
    a = rng.normal(size=(k, k))
    return np.asarray(a @ a.T / k + 0.2 * np.eye(k))


def some_model(rng: np.random.Generator, n: int, m: int) -> dict[str, Any]:
    return {
        "F": 0.6 * np.eye(n) + 0.1 * rng.normal(size=(n, n)), "H": rng.normal(size=(m, n)), "Q": spd(rng, n),
        "R": spd(rng, m), "x0": rng.normal(size=n), "P0": spd(rng, n),
    }  # fmt: skip


def gappy(rng: np.random.Generator, *shape: int) -> np.ndarray:
    y = np.cumsum(rng.normal(size=shape), axis=-2) + 3
    y[rng.random(shape) < 0.3] = np.nan
    return y


SUBSETS: list[tuple[str, ...]] = [
    ("Q",), ("R",), ("Q", "R"), ("F",), ("F", "Q"), ("c", "Q"), ("F", "c", "Q"), ("H", "R"), ("d",),
    ("H", "d", "R"), ("x0", "P0"), ("P0",), ("F", "H", "Q", "R", "c", "d", "x0", "P0"),
]  # fmt: skip


@pytest.mark.parametrize("learn", SUBSETS, ids="-".join)
@pytest.mark.parametrize("pooled", [True, False])
def test_never_lowers_the_likelihood(learn: tuple[str, ...], pooled: bool) -> None:
    rng = np.random.default_rng(len(learn))
    model, y = some_model(rng, 2, 3), gappy(rng, 4, 30, 3)
    y[0, 5:9] = np.nan
    lengths = np.array([30, 20, 30, 11])
    found = kalman.em(y, **model, lengths=lengths, learn=learn, pooled=pooled, iterations=25, tol=0)
    assert found.loglike.shape == ((25,) if pooled else (25, 4))
    rise = np.diff(found.loglike, axis=0)
    assert np.all(rise >= -1e-9 * np.abs(found.loglike[1:])) and np.all(rise.sum(axis=0) > 0)
    assert set(found.arrays) == set(model) | set(learn)
    for name in set(model) - set(learn):
        np.testing.assert_array_equal(found.arrays[name], model[name])


def test_arrives_where_the_gradient_vanishes() -> None:
    rng = np.random.default_rng(4)
    model, y = some_model(rng, 1, 2), gappy(rng, 3, 40, 2)
    found = kalman.em(y, **model, learn=("Q", "R", "F"), iterations=3000, tol=1e-13)
    assert found.converged
    slope = kalman.gradient(y, **found.arrays, wanted=("Q", "R", "F"))
    for name in ("Q", "R", "F"):
        size = np.abs(slope[name]).sum() + 1
        assert np.abs(slope[name].sum(axis=0)).max() < 1e-3 * size


def test_a_loading_and_offsets_that_change() -> None:
    """Q of fewer noises than states by the noises themselves; known offsets with a time axis."""
    rng = np.random.default_rng(6)
    model = some_model(rng, 3, 2) | {"G": rng.normal(size=(3, 1)), "Q": np.eye(1)}
    y, c = gappy(rng, 2, 25, 2), rng.normal(size=(25, 3))
    found = kalman.em(y, **model, c=c, d=np.ones(2), iterations=20, tol=0)
    assert np.all(np.diff(found.loglike) > -1e-9) and found.arrays["Q"].shape == (1, 1)


def test_a_series_of_its_own_is_the_same_alone() -> None:
    rng = np.random.default_rng(8)
    model, y = some_model(rng, 2, 2), gappy(rng, 3, 20, 2)
    together = kalman.em(y, **model, learn=("Q", "R", "H"), pooled=False, iterations=5, tol=0)
    for s in range(3):
        alone = kalman.em(y[s], **model, learn=("Q", "R", "H"), iterations=5, tol=0)
        np.testing.assert_allclose(together.loglike[:, s], alone.loglike, rtol=1e-12)
        for name in ("Q", "R", "H"):
            np.testing.assert_allclose(
                together.arrays[name][s, 0], alone.arrays[name], rtol=1e-11, atol=1e-13
            )


def test_diagonal_covariances_stay_so() -> None:
    rng = np.random.default_rng(9)
    model, y = some_model(rng, 2, 2), gappy(rng, 2, 20, 2)
    model |= {"Q": np.eye(2), "R": np.eye(2)}
    found = kalman.em(y, **model, diagonal=("Q", "R"), iterations=10, tol=0)
    for name in ("Q", "R"):
        a = found.arrays[name]
        assert np.array_equal(a, np.diag(np.diag(a))) and np.all(np.diag(a) > 0)
    assert np.all(np.diff(found.loglike) > 0)


# ---- without a prior ----

VAGUE: dict[str, Any] = {
    "some": np.array([True, False, True]),
    "all": True,
    "a matrix": np.ones((3, 3)) + np.eye(3),
}


@pytest.mark.core
@pytest.mark.parametrize("learn", [s for s in SUBSETS if s != ("x0", "P0")], ids="-".join)
@pytest.mark.parametrize("diffuse", list(VAGUE))
def test_a_diffuse_start_never_lowers_the_likelihood(learn: tuple[str, ...], diffuse: str) -> None:
    if diffuse == "a matrix":  # beside which no start is learned
        learn = tuple(name for name in learn if name not in ("x0", "P0")) or ("Q",)
    rng = np.random.default_rng(len(learn))
    model, y = some_model(rng, 3, 2), gappy(rng, 3, 30, 2)
    y[0, :2] = np.nan
    start: dict[str, Any] = {"diffuse": VAGUE[diffuse], "lengths": np.array([30, 20, 12])}
    for pooled in (True, False):
        found = kalman.em(y, **model, **start, learn=learn, pooled=pooled, iterations=15, tol=0)
        rise = np.diff(found.loglike, axis=0)
        assert np.all(rise >= -1e-9 * np.abs(found.loglike[1:]))
        if set(learn) != {"P0"} or diffuse == "some":
            assert np.all(rise.sum(axis=0) > 0)
    told = kalman.filter(y, **model, **start, outputs=("loglike",)).loglike
    np.testing.assert_allclose(found.loglike[0], told, rtol=1e-12)


@pytest.mark.core
def test_a_diffuse_start_arrives_where_the_gradient_vanishes() -> None:
    """The Nile's level, at the maximum of its diffuse likelihood (Durbin & Koopman 2012, table 2.1)."""
    y = nile().volume[:, None]
    level: dict[str, Any] = {"F": [[1.0]], "H": [[1.0]], "x0": [0.0], "P0": [[0.0]], "diffuse": True}
    found = kalman.em(y, **level, Q=[[5000.0]], R=[[5000.0]], iterations=2000, tol=1e-13)
    assert found.converged
    np.testing.assert_allclose([found.arrays["R"], found.arrays["Q"]], [[[15099]], [[1469.1]]], rtol=2e-3)
    slope = kalman.gradient(y, **(level | found.arrays), wanted=("Q", "R"))
    assert all(abs(slope[k] * found.arrays[k]).max() < 1e-3 for k in ("Q", "R"))


def test_the_start_of_known_states_is_learned_beside_diffuse_ones() -> None:
    rng = np.random.default_rng(3)
    model, y = some_model(rng, 3, 2), gappy(rng, 6, 30, 2)
    mask = VAGUE["some"]
    found = kalman.em(y, **model, diffuse=mask, learn=("x0", "P0"), iterations=30, tol=0)
    assert np.all(np.diff(found.loglike) > -1e-9)
    np.testing.assert_array_equal(found.arrays["x0"][mask], model["x0"][mask])
    assert abs(found.arrays["P0"][1, 1] - model["P0"][1, 1]) > 1e-3


def test_what_stays_diffuse_has_no_moments() -> None:
    rng = np.random.default_rng(3)
    model, y = some_model(rng, 3, 1), gappy(rng, 2, 30, 1)
    y[1, 2:] = np.nan
    with pytest.raises(ComputationError, match="stay diffuse") as caught:
        kalman.em(y, **model, diffuse=True)
    assert caught.value.place == "series 1"
    for changed in ({"diffuse": np.eye(3)}, {"diffuse": np.eye(2, 3) > 0}):
        with pytest.raises(InputError) as refused:
            kalman.em(y, **model, **changed, learn=("x0",))
        assert refused.value.place == "diffuse"


def test_bad_input() -> None:
    rng = np.random.default_rng(1)
    model, y = some_model(rng, 1, 1), gappy(rng, 1, 5, 1)
    cases: list[tuple[str, dict[str, Any]]] = [
        ("learn", {"learn": ("G",)}),
        ("diagonal", {"diagonal": ("F",)}),
        ("G", {"learn": ("F",), "G": np.eye(1)}),
        ("Q", {"learn": ("Q",), "Q": np.ones((5, 1, 1))}),
        ("R", {"R": np.ones((1, 1, 1, 1)) * np.ones((2, 1, 1, 1))}),
        ("y", {"y": np.full((1, 5, 1), np.nan)}),
    ]
    for place, changed in cases:
        with pytest.raises(InputError) as caught:
            kalman.em(**({"y": y} | model | changed))
        assert caught.value.place == place
