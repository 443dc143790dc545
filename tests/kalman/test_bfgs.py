"""Many small minimisations at once."""

from __future__ import annotations

import numpy as np
import pytest

from pytwin.kalman.bfgs import minimise


def rosenbrock(x: np.ndarray, scale: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Minimum 0 at (1, 1), valley of curvature `scale` (K,)."""
    a, b = 1 - x[:, 0], x[:, 1] - x[:, 0] ** 2
    g = np.stack([-2 * a - 4 * scale * b * x[:, 0], 2 * scale * b], axis=1)
    return a**2 + scale * b**2, g


SCALES = np.array([1.0, 10.0, 100.0, 1000.0])
START = np.array([[-1.2, 1.0], [3.0, -2.0], [-1.2, 1.0], [0.0, 0.0]])


def test_each_problem_finds_its_minimum() -> None:
    found = minimise(lambda x, which: rosenbrock(x, SCALES[which]), START, gradient=1e-8)
    assert found.converged.all()
    np.testing.assert_allclose(found.x, 1.0, rtol=1e-7)
    assert found.iterations.max() < 120
    assert (np.diff(found.iterations) != 0).any()


def test_a_problem_does_not_depend_on_the_others() -> None:
    together = minimise(lambda x, which: rosenbrock(x, SCALES[which]), START)
    for i in range(4):
        alone = minimise(lambda x, which, i=i: rosenbrock(x, SCALES[i : i + 1]), START[i : i + 1])
        np.testing.assert_array_equal(alone.x[0], together.x[i])
        assert alone.iterations[0] == together.iterations[i]


def test_where_a_function_does_not_exist_it_is_not_entered() -> None:
    def log_barrier(x: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with np.errstate(invalid="ignore"):
            return (x - np.log(x)).sum(axis=1), 1 - 1 / x

    found = minimise(log_barrier, np.array([[1e-3, 5.0], [-1.0, 1.0]]), gradient=1e-9)
    np.testing.assert_allclose(found.x[0], 1.0, rtol=1e-8)
    assert found.converged.tolist() == [True, False]
    np.testing.assert_array_equal(found.x[1], [-1.0, 1.0])


def test_rounding_ends_a_search() -> None:
    def shallow(x: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return 1e6 + 1e-9 * (x**4).sum(axis=1), 4e-9 * x**3

    found = minimise(shallow, np.full((1, 3), 0.5), gradient=0.0)
    assert found.converged[0] and found.iterations[0] < 50


def test_no_variables_is_done_at_once() -> None:
    found = minimise(lambda x, which: (np.ones(len(x)), x), np.zeros((2, 0)))
    assert found.converged.all() and (found.value == 1).all()


@pytest.mark.parametrize("p", [1, 5, 12])
def test_a_quadratic_takes_few_steps(p: int) -> None:
    rng = np.random.default_rng(p)
    A = rng.normal(size=(3, p, p))
    A = A @ np.swapaxes(A, 1, 2) + np.eye(p)
    at = rng.normal(size=(3, p))

    def f(x: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        g = np.einsum("kij,kj->ki", A[which], x - at[which])
        return 0.5 * ((x - at[which]) * g).sum(axis=1), g

    found = minimise(f, np.zeros((3, p)), gradient=1e-8)
    np.testing.assert_allclose(found.x, at, atol=1e-7)
    assert found.iterations.max() <= 6 * p
