"""Small dense algebra in lanes against NumPy, its plain twin and mpmath."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

from pytwin import _core
from pytwin.errors import InputError
from pytwin.reference import linalg

pytestmark = pytest.mark.core


def _random(n: int, batch: int, scale: float) -> np.ndarray:
    return np.random.default_rng(n).normal(size=(batch, n, n)) * scale


@pytest.mark.parametrize("n", range(1, 9))
def test_expm_against_multiple_precision(n: int) -> None:
    K = _random(n, 5, 1.0)
    t = np.array([0.0, 1e-6, 0.1, 1.0, 3.0])
    E = _core.expm(K, t)
    for i in range(5):
        with mp.workdps(40):
            exact = np.array(mp.expm(mp.matrix(K[i].tolist()) * mp.mpf(t[i])).tolist(), dtype=float)
        assert np.abs(E[i] - exact).max() <= 2e-14 * max(1.0, np.abs(exact).max())


@pytest.mark.parametrize("n", range(1, 5))
def test_expm_against_the_twin(n: int) -> None:
    K, t = _random(n, 40, 0.5), np.linspace(0, 20, 40)
    E = _core.expm(K, t)
    for i in range(40):
        expected = linalg.expm(K[i] * t[i])
        np.testing.assert_allclose(E[i], expected, rtol=0, atol=1e-12 * np.abs(expected).max())


def test_expm_of_stiff_compartments() -> None:
    # absorption 50/h beside elimination 0.01/h: |K| t up to 1e5
    ka, ke = 50.0, 0.01
    t = np.geomspace(1e-3, 2000, 50)
    E = _core.expm(np.tile([[-ka, 0.0], [ka, -ke]], (50, 1, 1)), t)
    np.testing.assert_allclose(E[:, 1, 1], np.exp(-ke * t), rtol=0, atol=1e-15)
    bateman = ka / (ka - ke) * (np.exp(-ke * t) - np.exp(-ka * t))
    np.testing.assert_allclose(E[:, 1, 0], bateman, rtol=0, atol=1e-14)


def test_expm_keeps_what_is_conserved() -> None:
    K = np.array([[-3.0, 1.0, 0.0], [2.0, -1.5, 0.7], [1.0, 0.5, -0.7]])
    E = _core.expm(np.tile(K, (20, 1, 1)), np.geomspace(0.01, 1e4, 20))
    np.testing.assert_allclose(E.sum(axis=1), 1.0, rtol=1e-12)


def test_expm_of_a_lane_does_not_depend_on_the_others() -> None:
    K, t = _random(3, 30, 1.0), np.geomspace(1e-3, 100, 30)
    whole = _core.expm(K, t)
    for i in range(30):
        np.testing.assert_array_equal(_core.expm(K[i : i + 1], t[i : i + 1])[0], whole[i])


def test_expm_too_large_is_not_a_number() -> None:
    E = _core.expm(np.array([[[1e15]], [[-1.0]]]), np.ones(2))
    assert np.isnan(E[0, 0, 0]) and E[1, 0, 0] == pytest.approx(np.exp(-1), rel=1e-15)


@pytest.mark.parametrize("n", range(1, 9))
def test_cholesky(n: int) -> None:
    X = _random(n, 50, 1.0)
    A = X @ X.transpose(0, 2, 1) + 1e-3 * np.eye(n)
    L, good = _core.cholesky_small(A)
    assert good.all()
    np.testing.assert_allclose(L, np.linalg.cholesky(A), rtol=0, atol=1e-11)
    b = _random(n, 50, 1.0)[:, :, :1]
    x = _core.cholesky_solve_small(L, b)
    np.testing.assert_allclose(A @ x, b, rtol=0, atol=1e-10)


def test_cholesky_of_states_known_exactly() -> None:
    A = np.zeros((1, 4, 4))
    A[0, 1, 1], A[0, 1, 3], A[0, 3, 1], A[0, 3, 3] = 4.0, 2.0, 2.0, 5.0
    L, good = _core.cholesky_small(A)
    assert good.all()
    np.testing.assert_array_equal(L[0], linalg.cholesky(A[0]))
    np.testing.assert_array_equal(L[0] @ L[0].T, A[0])


def test_cholesky_refuses_what_is_no_covariance() -> None:
    bad = np.array(
        [[[0.0, 1.0], [1.0, 1.0]], [[1.0, 2.0], [2.0, 1.0]], [[-1.0, 0.0], [0.0, 1.0]], [[np.nan, 0], [0, 1]]]
    )
    assert not _core.cholesky_small(bad)[1].any()


def test_linear_solution_of_the_twin() -> None:
    K, r, x0 = np.array([[-1.0, 0.0], [1.0, -0.2]]), np.array([0.5, 0.0]), np.array([10.0, 1.0])
    steady = -np.linalg.solve(K, r)
    np.testing.assert_allclose(linalg.linear_solution(K, r, 200.0, x0), steady, rtol=1e-12)


def test_bad_shapes() -> None:
    with pytest.raises(InputError):
        _core.expm(np.ones((1, 2, 3)), np.ones(1))
    with pytest.raises(InputError):
        _core.expm(np.ones((1, 9, 9)), np.ones(1))
    with pytest.raises(InputError):
        _core.expm(np.ones((2, 2, 2)), np.ones(1))
    with pytest.raises(InputError):
        _core.cholesky_small(np.ones((2, 2)))
    with pytest.raises(InputError):
        _core.cholesky_solve_small(np.ones((1, 2, 2)), np.ones((1, 3, 1)))
