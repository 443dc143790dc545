"""Work-precision curves of the test problems: ``python scripts/plot_problems.py FILE.svg``.

For each stiff problem the achieved error at its end over the time that a solution takes: the Rosenbrock
method, a lane of a batch, beside scipy's implicit methods with the exact Jacobian. Needs matplotlib, scipy.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray

from pytwin import Model
from pytwin.reference.problems import PROBLEMS
from pytwin.verify.simulation_problems import error_of, peer

matplotlib.use("svg")
from matplotlib import pyplot as plt

Array = NDArray[np.float64]
LANES, REPEATS = 256, 3
TOLERANCES = tuple(10.0**-n for n in range(3, 11))
PEERS = ("BDF", "Radau", "LSODA")
NAMES = [n for n, p in PROBLEMS.items() if p.stiff and not p.algebraic]


def lanes(name: str, tolerance: float) -> Array:
    """The states at the end, LANES times the same."""
    problem, model = PROBLEMS[name], Model(name)
    found = model.simulate(
        [problem.end], params=np.tile(model.rows(None), (LANES, 1)), method="rodas",
        rtol=tolerance, atol=tolerance * problem.small, time_unit=model.time_unit, errors="status",
    )  # fmt: skip
    return np.asarray(found.y[0, -1])


def timed(work: Callable[[], Array], repeats: int) -> tuple[float, Array]:
    """The shortest of several runs, and what it gave."""
    best, result = float("inf"), None
    for _ in range(repeats):
        begin = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - begin)
    assert result is not None
    return best, result


def curve(name: str, method: str) -> tuple[list[float], list[float]]:
    """Errors and seconds a solution at all tolerances."""
    errors, seconds = [], []
    for tolerance in TOLERANCES:
        if method == "rodas":
            spent, x = timed(lambda t=tolerance: lanes(name, t), REPEATS)
            spent /= LANES
        else:
            spent, x = timed(lambda t=tolerance: peer(name, t, method), 1)
        errors.append(error_of(name, x))
        seconds.append(spent)
    return errors, seconds


def draw(target: Path) -> None:
    """A panel for each problem."""
    figure, axes = plt.subplots(2, (len(NAMES) + 1) // 2, figsize=(11, 7), squeeze=False)
    for axis, name in zip(axes.ravel(), NAMES, strict=False):
        for method in ("rodas", *PEERS):
            errors, seconds = curve(name, method)
            label = "pytwin, a lane of 256" if method == "rodas" else f"scipy {method}"
            axis.loglog(errors, seconds, marker="o", markersize=3, label=label)
        axis.set_title(name)
        axis.set_xlabel("achieved error")
        axis.set_ylabel("seconds a solution")
    for axis in axes.ravel()[len(NAMES) :]:
        axis.set_visible(False)
    axes[0, 0].legend(fontsize=8)
    figure.tight_layout()
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target)


if __name__ == "__main__":
    draw(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/figures/work_precision.svg"))
