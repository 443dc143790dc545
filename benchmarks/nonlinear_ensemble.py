"""Ensemble filters on Lorenz-96, one series on one core: 40 states, all observed after each step of RK4.

DAPPER runs the same truth and observations with its own random numbers and, as it always does, its own
statistics; the errors of both stand in the note and have to be within 0.03 of each other. The filter in
NumPy (``peers/ensemble_numpy.py``) has the same members, steps and random numbers; they are given to it, and
it draws as many of its own beside them, as the core does. The note has the ratio where it draws none, which
is work that the core still does. It has to give the same means to 1e-6 over the first 50 analyses,
before chaos has multiplied what rounding does.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

import numpy as np
from environment import own_environment
from peers import ensemble_numpy
from row import RUNS, Row, median_seconds

from pytwin import _core
from pytwin.verify.ensemble import LORENZ96, RING, Array, variates

COUNT, SHORT, BURN_IN = 1000, 50, 400
SEED = np.array([1])
DAPPER_GOAL, NUMPY_GOAL = 20.0, 5.0
SAME_ERROR, SAME_MEANS = 0.03, 1e-6


@dataclass(frozen=True)
class Setting:
    """A method; ``peer`` is DAPPER's name of it."""

    method: str
    peer: str
    members: int
    inflation: float
    rotate: bool = False
    radius: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.method} on Lorenz-96, {self.members} members: an analysis and the step before it"

    def run(self, y: Array) -> Array:
        """Means of the analyses (count, 40)."""
        places = RING | {"radius": self.radius} if self.radius else {}
        found = LORENZ96.filter(
            y,
            SEED,
            method=self.method,
            n_member=self.members,
            inflation=self.inflation,
            rotate=self.rotate,
            trace=2,
            **places,
        )
        means: Array = found["filtered_mean"].reshape(y.shape[1], 40, 40)[:, -1]
        return means


SETTINGS = (
    Setting("enkf", "PertObs", 40, 1.06),
    Setting("etkf", "Sqrt", 24, 1.013, rotate=True),
    Setting("denkf", "DEnKF", 40, 1.01),
    Setting("letkf", "LETKF", 7, 1.04, rotate=True, radius=4.0),
)


def rows() -> Iterator[Row]:
    x, y = LORENZ96.truth(SEED, COUNT)
    for setting in SETTINGS:
        seconds = median_seconds(lambda s=setting: s.run(y)) / COUNT
        ours = setting.run(y)
        yield beside_dapper(setting, seconds, ours, x[0], y[0])
        if setting.method != "letkf":
            yield beside_numpy(setting, seconds, ours, y[0])


def error(means: Array, x: Array) -> float:
    return float(np.sqrt(np.mean((means - x) ** 2, axis=1))[BURN_IN:].mean())


def beside_dapper(setting: Setting, seconds: float, ours: Array, x: Array, y: Array) -> Row:
    job = {
        "x": x,
        "y": y,
        "members": setting.members,
        "inflation": setting.inflation,
        "rotate": setting.rotate,
        "radius": setting.radius,
    }
    found = own_environment("dapper", "ensemble_dapper.py", job, setting.peer)
    own = error(ours, x)
    note, value, agrees = f"error {own:.3f}", None, True
    if found:
        theirs, value = error(found["means"], x), float(found["seconds"]) / COUNT * 1e6
        agrees = abs(theirs - own) < SAME_ERROR
        note = f"error {own:.3f}, DAPPER's {theirs:.3f}"
    return Row(
        setting.name,
        seconds * 1e6,
        "us",
        peer="DAPPER",
        peer_value=value,
        ratio_goal=DAPPER_GOAL,
        note=note,
        agrees=agrees,
    )


def beside_numpy(setting: Setting, seconds: float, ours: Array, y: Array) -> Row:
    given = numbers(setting)

    def peer(count: int, draws: bool = True) -> Array:
        return ensemble_numpy.run(setting.method, y[:count], setting.inflation, *given, draws)

    gap = float(np.max(np.abs(peer(SHORT) - ours[:SHORT])))
    times: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(RUNS):
        for draws, found in times.items():
            begin = time.perf_counter()
            peer(COUNT, draws)
            found.append(time.perf_counter() - begin)
    return Row(
        setting.name,
        seconds * 1e6,
        "us",
        peer="NumPy, vectorised over the members",
        peer_value=median(times[True]) / COUNT * 1e6,
        ratio_goal=NUMPY_GOAL,
        note=f"means of {SHORT} analyses differ by at most {gap:.1e}; "
        f"without numbers of its own {median(times[False]) / COUNT / seconds:.1f} times",
        agrees=gap < SAME_MEANS,
    )


def numbers(setting: Setting) -> tuple[Array, Array | None, Array | None]:
    """Members at the start, perturbations and rotations of all analyses, from the core's random numbers."""
    patient, N = int(SEED[0]), setting.members
    start = LORENZ96.start + np.sqrt(LORENZ96.variance) * variates(0, "ENSEMBLE", patient, 0, N, 40)
    perturbed = drawn("MEASUREMENT", N, 40) if setting.method == "enkf" else None
    turns = None
    if setting.rotate:
        normals = drawn("ROTATION", N, N - 1)[:, :-1].transpose(0, 2, 1)
        turns = np.stack([ensemble_numpy.rotation(z) for z in normals])
    return start, perturbed, turns


def drawn(purpose: str, members: int, n: int) -> Array:
    """Normals (COUNT, members, n) of the analyses, which have the odd numbers among the draws."""
    half = (n + 1) // 2
    z = _core.normals(0, _core.PURPOSE[purpose], SEED, 2 * COUNT, 2 * half * members)[0, 1::2]
    rows: Array = z.reshape(COUNT, half, members, 2).transpose(0, 2, 1, 3).reshape(COUNT, members, 2 * half)
    return rows[:, :, :n]
