"""Delay equations by the method of steps on Chebyshev polynomials: slow, obvious, of spectral accuracy.

Between two multiples of the delay the delayed state is a known smooth function, so

    x' = production(x(t - tau)) - loss x

is a linear equation in x. Each such span is cut into pieces; on each, x solves the collocation equations of a
polynomial of a given degree.

Bellman R, Cooke KL. Differential-Difference Equations. Academic Press 1963, 3.2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

Array = NDArray[np.float64]


def method_of_steps(
    production: Callable[[Array], Array],
    loss: float,
    delay: float,
    past: float,
    times: Array,
    *,
    pieces: int = 8,
    degree: int = 24,
) -> Array:
    """x at ``times`` (T,), for x = ``past`` before time 0.

    Parameters
    ----------
    production : callable
        (n,) -> (n,), of the delayed state.
    pieces, degree : int
        Polynomials for each span of one delay, and their degree.
    """
    nodes = np.cos(np.pi * np.arange(degree + 1) / degree)[::-1]
    values = chebyshev.chebvander(nodes, degree)
    slopes = np.stack(
        [chebyshev.chebval(nodes, chebyshev.chebder(row)) for row in np.eye(degree + 1)], axis=1
    )
    half = delay / pieces / 2
    system = slopes / half + loss * values
    system[0] = values[0]
    late, now = [np.full(degree + 1, past)] * pieces, past
    found: list[NDArray[Any]] = []
    while len(found) * 2 * half <= np.max(times):
        right = production(late[0])
        right[0] = now
        polynomial = np.linalg.solve(system, right)
        found.append(polynomial)
        at_nodes = values @ polynomial
        now = float(at_nodes[-1])
        late = [*late[1:], at_nodes]
    which = np.minimum((times / (2 * half)).astype(int), len(found) - 1)
    return np.array(
        [chebyshev.chebval(t / half - 2 * k - 1, found[k]) for t, k in zip(times, which, strict=True)]
    )


def mackey_glass(
    times: Array, beta: float = 0.2, gamma: float = 0.1, n: float = 10.0, tau: float = 17.0, past: float = 1.2
) -> Array:
    """Mackey and Glass's equation, Science 1977;197:287-289, at ``times``."""
    return method_of_steps(lambda x: beta * x / (1 + x**n), gamma, tau, past, times)


def linear_delay(times: Array, b: float = 1.0, tau: float = 1.0) -> Array:
    """The closed form of x' = -b x(t - tau), x = 1 before 0."""
    return np.array([answer(t + tau, b, tau) for t in np.asarray(times)])


def answer(t: float, b: float, tau: float) -> float:
    """The answer of x' = -b x(t - tau) to x = 1 at time 0, and 0 before."""
    total, term, k = 0.0, 1.0, 0
    while t >= k * tau:
        term = 1.0
        for i in range(1, k + 1):
            term *= -b * (t - k * tau) / i
        total, k = total + term, k + 1
    return total
