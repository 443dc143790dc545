"""The dose that holds a target at steady state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytwin.errors import InputError
from pytwin.model.actions import boluses
from pytwin.model.population import Population
from pytwin.therapies.therapy import Therapy
from pytwin.twin.prior import dose_port
from pytwin.twin.tolerance import ATOL, RTOL

Array = NDArray[np.float64]

# The dose is found to this relative precision, far finer than any tablet.
TOLERANCE = 1e-4
_MAX_STEPS = 30
_LOWEST, _HIGHEST = 1e-3, 1e3
_FIRST = 5.0
_FLOOR = 1e-12
_SEGMENT_DAYS = 40
_LAST_DAY_POINTS = 5


@dataclass(frozen=True)
class DoseEstimate:
    """Daily dose that holds a target, over the patients that the twin could be.

    Attributes
    ----------
    target : float
    draws : ndarray, shape (n,)
        mg a day.
    """

    target: float
    draws: Array

    @property
    def median(self) -> float:
        """Half of the draws need less."""
        return float(np.median(self.draws))

    def interval(self, level: float = 0.9) -> tuple[float, float]:
        """Central interval of the draws."""
        low, high = np.quantile(self.draws, [(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)

    def __repr__(self) -> str:
        low, high = self.interval()
        return f"DoseEstimate({self.median:.2f} mg a day for {self.target:g}, 90 % {low:.2f} to {high:.2f})"


def solve(
    therapy: Therapy, population: Population, params: Array, target: float | Array, *, threads: int = 1
) -> Array:
    """Daily dose at which the mean output of a day at steady state is ``target``, for each row of parameters.

    Secant steps on log(output - baseline) against log(dose), kept within a bracket; each step starts where
    the last one ended, so that a patient comes to steady state while the dose converges.

    Parameters
    ----------
    params : ndarray, shape (L, n_param)
        Natural scale.
    target : float or ndarray, shape (L,)

    Returns
    -------
    ndarray, shape (L,)
        NaN where no dose between 0.001 and 1000 mg a day holds the target.
    """
    wanted = np.broadcast_to(np.asarray(target, dtype=np.float64), (len(params),))
    if not (wanted > 0).all():
        raise InputError("dose.bad-target", "a target must be positive", place="target")
    runner = _Regimen(therapy, population, params, threads)
    base = runner.untreated()
    search = _Search(np.log(np.maximum(wanted - base, _FLOOR)))
    active = np.flatnonzero(wanted > base)
    for _ in range(_MAX_STEPS):
        if not active.size:
            break
        y = np.log(
            np.maximum(runner.mean_of_last_day(active, np.exp(search.x[active])) - base[active], _FLOOR)
        )
        active = active[~search.step(active, y)]
    dose = np.exp(search.x)
    held = (wanted > base) & (dose > _LOWEST * 1.01) & (dose < _HIGHEST / 1.01)
    held[active] = False
    return np.where(held, dose, np.nan)


class _Search:
    """Secant search for the log-dose x at which y(x) is the goal, for many lanes."""

    def __init__(self, goal: Array) -> None:
        self.goal = goal
        self.x = np.full(goal.size, np.log(_FIRST))
        self.slope = np.ones(goal.size)
        self.last = np.full((2, goal.size), np.nan)

    def step(self, lanes: NDArray[np.intp], y: Array) -> NDArray[np.bool_]:
        """Move some lanes, of which y was seen; True where a lane has arrived."""
        x = self.x[lanes]
        moved = x - self.last[0, lanes]
        with np.errstate(divide="ignore", invalid="ignore"):
            found = (y - self.last[1, lanes]) / moved
        # A slope from a move as small as the error of y is noise; the response rises, at most like x^10.
        good = (np.abs(moved) > TOLERANCE) & (found > 0.1) & (found < 10)
        self.slope[lanes] = np.where(good, found, self.slope[lanes])
        self.last[:, lanes] = x, y
        change = np.clip((self.goal[lanes] - y) / self.slope[lanes], -2.0, 2.0)
        self.x[lanes] = np.clip(x + change, np.log(_LOWEST), np.log(_HIGHEST))
        return np.asarray(np.abs(self.x[lanes] - x) < TOLERANCE)


class _Regimen:
    """Patients on a daily dose, carried from one trial dose to the next."""

    def __init__(self, therapy: Therapy, population: Population, params: Array, threads: int) -> None:
        self.model = population.model
        self.params = np.ascontiguousarray(params)
        self.x = self.model.initial(self.params)
        self.port = dose_port(therapy, population)
        self.output = np.array(
            [[o["name"] for o in self.model.outputs].index(therapy.output)], dtype=np.int32
        )
        self.threads = threads
        self.hours = 24.0 * np.arange(_SEGMENT_DAYS)

    def untreated(self) -> Array:
        """Output without treatment, shape (L,)."""
        everyone = np.arange(len(self.params))
        result = self._run(everyone, np.zeros(everyone.size), np.array([0.0]))
        return np.asarray(result["y"])[:, 0, 0]

    def mean_of_last_day(self, lanes: NDArray[np.intp], dose: Array) -> Array:
        """Mean output over the last of some days on a dose, by the trapezoid rule, for some lanes."""
        end = 24.0 * _SEGMENT_DAYS
        result = self._run(lanes, dose, np.linspace(end - 24.0, end, _LAST_DAY_POINTS))
        self.x[lanes] = result["x_end"]
        y = np.asarray(result["y"])[:, :, 0]
        return np.asarray((y[:, 1:] + y[:, :-1]).mean(axis=1) / 2)

    def _run(self, lanes: NDArray[np.intp], dose: Array, times: Array) -> dict[str, Array]:
        n, days = len(dose), self.hours.size
        actions = boluses(np.tile(self.hours, n), self.port, np.repeat(dose, days))
        order = np.arange(n, dtype=np.int64)
        starts = days * np.arange(n + 1, dtype=np.int64)
        result: dict[str, Array] = self.model.simulate(
            self.params[lanes],
            self.x[lanes],
            0.0,
            actions,
            starts,
            times,
            order,
            order,
            self.output,
            rtol=RTOL,
            atol=ATOL,
            threads=self.threads,
        )
        return result
