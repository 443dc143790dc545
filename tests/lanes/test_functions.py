"""Lane functions against plain NumPy and the C library, and what must not change a bit."""

from __future__ import annotations

import numpy as np
import pytest

from pytwin import _core
from pytwin.errors import InputError
from pytwin.reference import lanes

pytestmark = pytest.mark.core
EDGES = np.array(
    [0.0, -0.0, 1.0, -1.0, 0.5, 2.5, -3.5, 5e-324, 1e-310, 1e300, -1e300, np.inf, -np.inf, np.nan]
)


def _input(name: str) -> np.ndarray:
    rng = np.random.default_rng(3)
    spread = np.concatenate(
        [rng.uniform(-5, 5, 500), np.exp2(rng.uniform(-40, 8, 500)), rng.uniform(0, 1, 500)]
    )
    # the C library's own pow and trigonometry are tested by test_accuracy where they are exact
    return np.concatenate([spread, EDGES])


@pytest.mark.parametrize("name", lanes.ONE)
def test_agrees_with_the_reference(name: str) -> None:
    a = _input(name)
    got, expected = _core.lanes_apply(name, a), lanes.apply(name, a)
    rtol = 1e-13 if name in ("normcdf", "norminv") else 2e-15
    np.testing.assert_allclose(got, expected, rtol=rtol, atol=5e-324)
    zeros = (expected == 0) & (a == 0)
    np.testing.assert_array_equal(np.signbit(got[zeros]), np.signbit(expected[zeros]))


@pytest.mark.parametrize("name", lanes.TWO)
def test_functions_of_two_arguments(name: str) -> None:
    a = _input(name)
    b = np.round(np.random.default_rng(4).uniform(-20, 20, len(a)))
    got, expected = _core.lanes_apply(name, a, b), lanes.apply(name, a, b)
    np.testing.assert_allclose(got, expected, rtol=2e-15, atol=5e-324)


@pytest.mark.parametrize("name", lanes.ONE)
def test_batch_size_changes_no_bit(name: str) -> None:
    a = _input(name)
    whole = _core.lanes_apply(name, a)
    for size in (1, 7, 1000):
        parts = [_core.lanes_apply(name, a[i : i + size]) for i in range(0, len(a), size)]
        np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_bad_arguments() -> None:
    a = np.ones(3)
    with pytest.raises(InputError):
        _core.lanes_apply("gamma", a)
    with pytest.raises(InputError):
        _core.lanes_apply("pow", a)
    with pytest.raises(InputError):
        _core.lanes_apply("exp", a, a)
    with pytest.raises(InputError):
        _core.lanes_apply("pow", a, np.ones(2))
    with pytest.raises(InputError):
        _core.lanes_apply("exp", np.ones((2, 2)))
    assert _core.lanes_apply("exp", np.empty(0)).shape == (0,)
