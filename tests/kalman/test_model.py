"""LinearModel: a model's matrices as one value."""

from __future__ import annotations

import numpy as np
import pytest

from pytwin import InputError, kalman

pytestmark = pytest.mark.core


def walk(**more: object) -> kalman.LinearModel:
    return kalman.LinearModel([[1.0]], [[1.0]], [[0.5]], [[2.0]], [0.0], [[10.0]], **more)


def test_filters_and_smooths_like_the_functions() -> None:
    y, model = np.array([[1.0], [np.nan], [3.0]]), walk(d=[0.5])
    assert set(model.arrays()) == {"F", "H", "Q", "R", "x0", "P0", "d"}
    by_hand = kalman.filter(y, [[1]], [[1]], [[0.5]], [[2]], [0], [[10]], d=[0.5])
    assert model.filter(y).loglike == by_hand.loglike
    np.testing.assert_array_equal(
        model.smooth(y).smoothed_mean, kalman.smooth(y, **model.arrays()).smoothed_mean
    )


def test_states_have_names() -> None:
    assert walk().state_names == ("x0",)
    assert "level" in str(walk(state_names=["level"]))
    with pytest.raises(InputError, match="2 names for 1 states"):
        walk(state_names=["a", "b"])


def test_a_matrix_is_wanted() -> None:
    with pytest.raises(InputError, match="F is not a matrix"):
        kalman.LinearModel(1.0, [[1.0]], [[0.5]], [[2.0]], [0.0], [[10.0]])
