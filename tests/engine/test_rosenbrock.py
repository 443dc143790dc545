"""Conditions of order of the Rosenbrock method's coefficients and of its interpolant; the plain version."""

from __future__ import annotations

from fractions import Fraction
from math import prod

import numpy as np
import pytest

from pytwin.reference import rosenbrock
from pytwin.reference.problems import PROBLEMS

pytestmark = pytest.mark.core

Tree = tuple["Tree", ...]  # a root and the trees that hang on it


def trees(order: int) -> list[Tree]:
    """All rooted trees with that many vertices."""
    if order == 1:
        return [()]
    found = set()
    for tree in trees(order - 1):
        found |= set(_grown(tree))
    return sorted(found)


def _grown(tree: Tree) -> list[Tree]:
    grown = [tuple(sorted((*tree, ())))]
    for i, branch in enumerate(tree):
        grown += [tuple(sorted((*tree[:i], more, *tree[i + 1 :]))) for more in _grown(branch)]
    return grown


def size(tree: Tree) -> int:
    return 1 + sum(map(size, tree))


def density(tree: Tree) -> int:
    return size(tree) * prod(map(density, tree))


# In the form x1 = x + sum b_i k_i with k_i = h f(x + sum alpha_ij k_j) + h J sum gamma_ij k_j.
GAMMA = np.linalg.inv(np.eye(8) / rosenbrock.GAMMA - rosenbrock.E)
ALPHA = rosenbrock.A @ GAMMA
BETA = ALPHA + GAMMA


def weight(tree: Tree) -> np.ndarray:
    """Phi (8,) of Hairer & Wanner IV.7: a vertex with one branch sees beta, others alpha."""
    if not tree:
        return np.ones(8)
    if len(tree) == 1:
        return BETA @ weight(tree[0])
    return np.prod([ALPHA @ weight(branch) for branch in tree], axis=0)


def defect(b: np.ndarray, tree: Tree, theta: float = 1.0) -> float:
    return float(abs(b @ weight(tree) - theta ** size(tree) * Fraction(1, density(tree))))


def test_there_are_as_many_trees_as_known():
    assert [len(trees(n)) for n in range(1, 6)] == [1, 1, 2, 4, 9]


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
def test_solution_has_order_five(order):
    b = rosenbrock.B @ GAMMA
    assert max(defect(b, tree) for tree in trees(order)) < 1e-12


def test_embedded_solution_has_order_four_and_not_five():
    b = (rosenbrock.B - np.eye(8)[7]) @ GAMMA
    assert max(defect(b, tree) for n in range(1, 5) for tree in trees(n)) < 1e-12
    assert max(defect(b, tree) for tree in trees(5)) > 1e-4


@pytest.mark.parametrize("theta", [0.1, 0.5, 0.9, 1.0])
def test_interpolant_has_order_four(theta):
    g = rosenbrock.H
    b = theta * (rosenbrock.B + (1 - theta) * (g[0] + theta * (g[1] + theta * g[2])))
    worst = max(defect(b @ GAMMA, tree, theta) for n in range(1, 5) for tree in trees(n))
    assert worst < 2e-12


def test_times_of_stages_are_sums_of_the_coefficients():
    np.testing.assert_allclose(ALPHA.sum(axis=1), rosenbrock.C, atol=1e-13)
    np.testing.assert_allclose(GAMMA.sum(axis=1), rosenbrock.D, atol=1e-13)


def test_method_is_stiffly_accurate():
    """The last stage is the solution: its row of beta is b, and at infinity nothing is left of the start."""
    b = rosenbrock.B @ GAMMA
    np.testing.assert_allclose(BETA[7], b, atol=1e-13)
    np.testing.assert_allclose(b @ np.linalg.solve(BETA, np.ones(8)), 1, atol=1e-12)


def test_plain_version_keeps_its_tolerance():
    problem = PROBLEMS["hires"]
    p = np.array([1.71, 0.43, 8.32, 0.69, 0.035, 8.32, 280.0, 0.69, 0.69, 0.0007])
    x = np.array([1, 0, 0, 0, 0, 0, 0, 0.0057])
    found, times = rosenbrock.integrate(
        lambda v: problem.rate(v, p), lambda v: problem.jacobian(v, p), x, problem.end,
        rtol=1e-6, atol=1e-10, first=1e-3,
    )  # fmt: skip
    # Mazzia, Magherini, Test Set for Initial Value Problem Solvers 2.4, HIRES
    assert abs(found[0] - 0.7371312573325668e-3) < 1e-9
    assert times[-1] == problem.end and 100 < len(times) < 600
