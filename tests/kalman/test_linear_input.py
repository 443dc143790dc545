"""Bad input of the linear filter: a precise error for one series, a status for one of many."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pytwin as pt
from pytwin import _core, kalman
from pytwin.errors import ComputationError, InputError

pytestmark = pytest.mark.core

MODEL: dict[str, Any] = {
    "F": np.eye(2),
    "H": np.array([[1.0, 0.0]]),
    "Q": np.eye(2),
    "R": np.eye(1),
    "x0": np.zeros(2),
    "P0": np.eye(2),
}
Y = np.zeros((5, 1))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("F", np.eye(3)),
        ("H", np.eye(2)),
        ("Q", np.eye(3)),
        ("R", np.eye(2)),
        ("P0", np.zeros(2)),
        ("P0", np.eye(3)),
        ("c", np.zeros(3)),
        ("d", np.zeros(2)),
        ("G", np.zeros((2, 3))),
        ("F", np.zeros(2)),
        ("F", np.zeros((4, 2, 2))),
        ("F", "no numbers"),
        ("lengths", 3.5),
    ],
)
def test_shapes_that_do_not_fit_name_the_array(name: str, value: Any) -> None:
    with pytest.raises(InputError, match=rf"\b{name}\b|\bQ\b"):
        kalman.filter(Y, **(MODEL | {name: value}))


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("P0", np.array([[1.0, 0.5], [0.0, 1.0]]), "not-positive-definite"),
        ("Q", np.array([[1.0, 2.0], [2.0, 1.0]]), "not-positive-definite"),
        ("R", np.array([[-1.0]]), "not-positive-definite"),
        ("Q", np.array([[0.0, 1.0], [1.0, 1.0]]), "not-positive-definite"),
        ("F", np.array([[np.inf, 0.0], [0.0, 1.0]]), "not-finite"),
        ("x0", np.array([np.nan, 0.0]), "not-finite"),
    ],
)
def test_a_wrong_array_is_named(name: str, value: Any, code: str) -> None:
    for y in (Y, np.zeros((3, 5, 1))):  # shared by a batch: the caller's error
        with pytest.raises(InputError) as caught:
            kalman.filter(y, **(MODEL | {name: value}))
        assert caught.value.code == f"kalman.{code}"
        assert name in caught.value.place


def test_a_wrong_step_is_named() -> None:
    R = np.ones((5, 1, 1))
    R[3] = -1
    with pytest.raises(InputError) as caught:
        kalman.filter(Y, **(MODEL | {"R": R}))
    assert "R, step 3" in caught.value.place


def test_a_series_of_a_batch_fails_alone() -> None:
    y = np.zeros((9, 5, 1))
    y[2, 3] = np.inf
    P0 = np.tile(np.eye(2), (9, 1, 1))
    P0[5] = [[1.0, 2.0], [2.0, 1.0]]
    got = kalman.smooth(y, **(MODEL | {"P0": P0}), outputs=("loglike", "mean", "smoothed_mean"))
    expected = np.zeros(9, dtype=int)
    expected[2], expected[5] = _core.STATUS["NOT_FINITE"][0], _core.STATUS["NOT_POSITIVE_DEFINITE"][0]
    np.testing.assert_array_equal(got.status, expected)
    assert (got.failed_in[2], got.failed_at[2]) == ("y", 3)
    assert (got.failed_in[5], got.failed_at[5]) == ("P0", 0)
    good = got.status == 0
    assert got.failed_at[good].max() == -1
    for a in (got.loglike, got.mean, got.smoothed_mean):
        assert np.isnan(a[~good]).all()
        assert np.isfinite(a[good]).all()


@pytest.mark.parametrize("n", [1, 40])
def test_a_singular_innovation_is_an_error(n: int) -> None:
    exact = {
        "F": np.eye(n),
        "H": np.ones((1, n)),
        "Q": np.zeros((n, n)),
        "R": [[0.0]],
        "x0": np.zeros(n),
        "P0": np.zeros((n, n)),
    }
    with pytest.raises(ComputationError) as caught:
        kalman.filter(Y, **exact)
    assert caught.value.code == "kalman.singular"
    assert "step 0" in caught.value.place


def test_overflow_is_a_status_not_a_nan() -> None:
    got = kalman.filter(np.zeros((2, 400, 1)), **(MODEL | {"F": 1e3 * np.eye(2)}))
    assert (got.status == _core.STATUS["NOT_FINITE"][0]).all()


def test_outputs_are_chosen() -> None:
    got = kalman.filter(Y, **MODEL, outputs=("last_mean",))
    assert got.last_mean is not None
    assert got.mean is None
    assert got.loglike is None
    with pytest.raises(InputError, match="wrong"):
        kalman.filter(Y, **MODEL, outputs=("wrong",))
    assert pt.kalman.filter is kalman.filter


def test_lengths_out_of_range() -> None:
    with pytest.raises(InputError, match="lengths"):
        kalman.filter(np.zeros((2, 5, 1)), **MODEL, lengths=[5, 6])
