"""The unscented filter with four states and two outputs, many patients on one core.

The model is Henon and Heiles' star in steps of Euler's method: its first output is not linear, its second one
is. We use the outputs of an instant one after the other with points drawn anew, the peers use both at once;
in that order the two are the same filter, and the means have to agree to 1e-8.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cache
from typing import Any

import machine
import numpy as np
from environment import own_environment
from numpy.typing import NDArray
from row import Row, median_seconds

from pytwin import _core
from pytwin.reference import henon_heiles

Array = NDArray[np.float64]

PATIENTS, STEPS, DT, SD = 1000, 100, 0.02, 0.05
GOAL = 60.0
SAME = 1e-8
LEAST_PATIENTS, LEAST_SECONDS = 20, 2.0
JOB: dict[str, Any] = {
    "dt": DT,
    "x0": np.array([0.0, 0.1, 0.49, 0.0]),
    "P0": 0.01 * np.eye(4),
    "Q": DT * 1e-3 * np.eye(4),
    "R": SD**2 * np.eye(2),
}
NONE = np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int8)


def rows() -> Iterator[Row]:
    call, work = arguments(), PATIENTS * STEPS
    plain = median_seconds(lambda: run(call)) / work * 1e9
    yield Row(
        "UKF with 4 states and 2 outputs: a patient-step",
        plain,
        "ns",
        goal=machine.scaled(GOAL),
        note=f"forecasts, likelihood and last moments; peak {machine.peak():.0f} GFlop/s, asked "
        f"{GOAL:.0f} ns with AVX-512 at {machine.FULL_PEAK:.0f}",
    )
    traced = median_seconds(lambda: run(call, trace=True)) / work * 1e9
    ours = run(call, trace=True)["filtered_mean"].reshape(PATIENTS, STEPS, 2, 4)[:, :, 1]
    yield beside_filterpy(traced, ours)
    yield beside_dynamax(traced, ours)


@cache
def observations() -> Array:
    """(PATIENTS, STEPS, 2), the first of them at the start."""
    rng = np.random.default_rng(1)
    z = JOB["x0"] + 0.1 * rng.normal(size=(PATIENTS, 4))
    y = np.empty((PATIENTS, STEPS, 2))
    for k in range(STEPS):
        y[:, k] = henon_heiles.output(z) + SD * rng.normal(size=(PATIENTS, 2))
        z = z + DT * henon_heiles.rate(z) + np.sqrt(DT * 1e-3) * rng.normal(size=z.shape)
    return y


def arguments() -> dict[str, Any]:
    size = PATIENTS * STEPS * 2
    times = DT * np.arange(STEPS)

    def each(a: Array) -> Array:
        return np.broadcast_to(a, (PATIENTS, *a.shape)).copy()

    return {
        "mean": each(JOB["x0"]),
        "cov": each(JOB["P0"]),
        "Q": each(JOB["Q"] / DT),
        "params": np.ones((PATIENTS, 1)),
        "start": np.zeros(PATIENTS),
        "end": np.full(PATIENTS, times[-1]),
        "actions": np.zeros(0, _core.PLAN_DTYPE),
        "action_offsets": np.zeros(PATIENTS + 1, dtype=np.int64),
        "obs_time": np.tile(np.repeat(times, 2), PATIENTS),
        "obs_output": np.tile(np.arange(2, dtype=np.int32), PATIENTS * STEPS),
        "obs_value": observations().ravel(),
        "obs_noise": np.zeros(size, dtype=np.int8),
        "obs_a": np.full(size, SD),
        "obs_b": np.zeros(size),
        "obs_censor": np.zeros(size, dtype=np.int8),
        "obs_offsets": np.arange(PATIENTS + 1) * STEPS * 2,
        "ode_method": _core.METHODS["euler"],
        "step": DT,
    }


def run(call: dict[str, Any], **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = _core.nonlinear(_core.Model("henon_heiles"), *NONE, **call, **options)
    return found


def row(peer: str, ours: float, theirs: float | None, gap: float, extra: str = "") -> Row:
    return Row(
        "UKF with 4 states and 2 outputs, means and covariances of every step: a patient-step",
        ours,
        "ns",
        peer=peer,
        peer_value=theirs,
        ratio_goal=1.0,
        note=f"means differ by at most {gap:.1e}{extra}" if theirs is not None else "",
        agrees=gap < SAME,
    )


def beside_filterpy(ours: float, means: Array) -> Row:
    try:
        from peers import unscented_filterpy
    except ImportError:
        return row("filterpy", ours, None, 0.0)
    y = observations()
    order = np.random.default_rng(2).permutation(PATIENTS)
    unscented_filterpy.run(y[order[0]], JOB)
    count, gap, begin = 0, 0.0, time.perf_counter()
    while count < PATIENTS and (count < LEAST_PATIENTS or time.perf_counter() - begin < LEAST_SECONDS):
        theirs = unscented_filterpy.run(y[order[count]], JOB)
        gap = max(gap, float(np.max(np.abs(theirs - means[order[count]]))))
        count += 1
    seconds = time.perf_counter() - begin
    return row("filterpy", ours, seconds / count / STEPS * 1e9, gap, f"; {count} patients drawn at random")


def beside_dynamax(ours: float, means: Array) -> Row:
    found = own_environment("dynamax", "unscented_dynamax.py", {"y": observations(), **JOB})
    if found is None:
        return row("dynamax", ours, None, 0.0)
    gap = float(np.max(np.abs(found["mean"] - means)))
    seconds = float(found["seconds"]) / PATIENTS / STEPS
    return row("dynamax, vmapped and compiled", ours, seconds * 1e9, gap)
