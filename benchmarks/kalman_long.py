"""One long series of 200 states beside statsmodels' conventional filter at its default tolerance.

statsmodels stops working out the covariance where its change from step to step, squared and summed, is below
1e-19, whatever the unit. The goal is asked of data in units of their own noise, where it does stop after some
hundred steps. Where data are of the order of 1,000 (steps a day, platelets, the Nile), rounding is more than
that and it never stops; such data stand in a row without a goal.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from linear_work import Array, Work, work
from row import Row, median_seconds, once_seconds

N, STEPS = 200, 10_000
RADIUS, SCALE = 0.9, 1000.0
EQUAL = 1e-8


def rows() -> Iterator[Row]:
    name = f"one series, n = {N}, T = {STEPS:,}, constant model"
    with one_thread():
        yield beside(f"{name}, complete", work(N, 1, STEPS, gaps="none", radius=RADIUS), 50.0)
        yield beside(f"{name}, gaps", work(N, 1, STEPS, radius=RADIUS), 2.0)
        of = work(N, 1, STEPS, gaps="none", radius=RADIUS, scale=SCALE)
        yield beside(f"{name}, complete, of the order of 1,000", of, None)


def one_thread() -> Any:
    """Limits every BLAS of this process to one thread; the peer's is loaded first, or it would go free."""
    if find_spec("statsmodels") is None:
        return nullcontext()
    import_module("peers.linear_statsmodels")
    return import_module("threadpoolctl").threadpool_limits(1)


def kernels() -> set[str]:
    """Which kernels the BLAS libraries of this process run: ours, and NumPy's and SciPy's for the peer."""
    found = import_module("threadpoolctl").threadpool_info()
    return {str(i.get("architecture")) for i in found if i["user_api"] == "blas"}


def beside(name: str, of: Work, goal: float | None) -> Row:
    def run() -> Any:
        return of.filter("loglike", "last_mean")

    value, found = median_seconds(run), run()
    if find_spec("statsmodels") is None:
        return Row(name, value, "s", None, "statsmodels", None, goal)
    peer = import_module("peers.linear_statsmodels")
    theirs: dict[str, Array] = {}
    seconds = min(once_seconds(lambda: theirs.update(peer.conventional(of))) for _ in range(2))
    away = max(off(found.loglike[0], theirs["loglike"]), off(found.last_mean[0], theirs["last"]))
    steady, used = int(theirs["steady"]), kernels()
    note = f"largest difference {away:.1e}; BLAS kernels {', '.join(sorted(used))}; "
    note += f"its covariance stays from step {steady:,} on" if steady >= 0 else "its covariance never stays"
    return Row(name, value, "s", None, "statsmodels", seconds, goal, note, away <= EQUAL and len(used) == 1)


def off(ours: Array, theirs: Array) -> float:
    """The largest difference relative to the largest value."""
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())
