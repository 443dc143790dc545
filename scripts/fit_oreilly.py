"""Fit the numbers of pytwin/verify/oreilly.py: marginal likelihood by the unscented filter, Nelder-Mead.

``python scripts/fit_oreilly.py [--reference DIR]`` prints typical values, SDs and errors for each half of the
patients. Aggregate figures only; the data stay where they are.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from pytwin.verify import Context, reference_dir
from pytwin.verify.oreilly import TYPICAL, VARYING, Person, read, run

Array = NDArray[np.float64]

START = np.log([1.0, 0.134, 8.0, 1.2, 1.15, 35.0, 1.0, 0.6, 0.25, 0.15, 0.3, 0.2, 0.3, 0.12, 5.0])
WIDEST = 3.0  # on the log scale, from the start
FAILED = 1e6


def split(log: Array) -> tuple[list[float], list[float], list[float]]:
    """Typical values, SDs and errors from their logarithms."""
    values = np.exp(np.clip(log, START - WIDEST, START + WIDEST)).tolist()
    n, k = len(TYPICAL), len(TYPICAL) + len(VARYING)
    return values[:n], values[n:k], values[k:]


def minimise(f: Callable[[Array], float], start: Array, step: float = 0.15, most: int = 3000) -> Array:
    """Nelder-Mead with the coefficients of Gao F, Han L, Comput Optim Appl 2012;51:259-277."""
    n = start.size
    points = [start, *(start + step * row for row in np.eye(n))]
    values = [f(p) for p in points]
    for _ in range(most):
        order = np.argsort(values)
        points, values = [points[i] for i in order], [values[i] for i in order]
        if values[-1] - values[0] < 1e-3:
            break
        _improve(f, points, values)
    return points[0]


def _improve(f: Callable[[Array], float], points: list[Array], values: list[float]) -> None:
    n = len(points) - 1
    centre = np.mean(points[:-1], axis=0)
    away = centre - points[-1]
    moved = centre + away
    value = f(moved)
    if value < values[0]:
        further = centre + (1 + 2 / n) * away
        reached = f(further)
        points[-1], values[-1] = (further, reached) if reached < value else (moved, value)
    elif value < values[-2]:
        points[-1], values[-1] = moved, value
    else:
        nearer = centre + (0.75 - 1 / (2 * n)) * (away if value < values[-1] else -away)
        reached = f(nearer)
        if reached < min(value, values[-1]):
            points[-1], values[-1] = nearer, reached
        else:
            points[1:] = [points[0] + (1 - 1 / n) * (p - points[0]) for p in points[1:]]
            values[1:] = [f(p) for p in points[1:]]


def fit(people: Sequence[Person]) -> tuple[list[float], list[float], list[float]]:
    """The numbers at which the observations of these people are likeliest."""

    def cost(log: Array) -> float:
        value = -run(people, split(log)).loglike
        return value if np.isfinite(value) else FAILED

    return split(minimise(cost, START))


def main() -> None:
    """Print the numbers of both halves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", default=None)
    people = read(Context(reference_dir(parser.parse_args().reference)))
    for name, rest in (("even", 0), ("odd", 1)):
        typical, sds, errors = fit([p for i, p in people.items() if i % 2 == rest])
        for label, values in (("typical", typical), ("sds", sds), ("errors", errors)):
            print(name, label, ", ".join(f"{v:.3g}" for v in values))


if __name__ == "__main__":
    main()
