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

Array = NDArray[np.float64]

# The dose is found to this relative precision, far finer than any tablet.
TOLERANCE = 1e-4
_MAX_STEPS = 30
_LOWEST, _HIGHEST = 1e-3, 1e3
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
    runner = _Regimen(therapy, population, params, threads)
    base = runner.untreated()
    if (wanted <= 0).any():
        raise InputError("dose.bad-target", "a target must be positive", place="target")
    goal = np.log(np.where(wanted > base, wanted - base, np.nan))
    log_dose = np.full(len(params), np.log(5.0))
    slope = np.ones(len(params))
    last_x = last_y = None
    for _ in range(_MAX_STEPS):
        y = np.log(np.maximum(runner.mean_of_last_day(np.exp(log_dose)) - base, 1e-12))
        if last_x is not None and last_y is not None:
            moved = np.abs(log_dose - last_x) > TOLERANCE
            found = (y - last_y) / np.where(moved, log_dose - last_x, 1.0)
            slope = np.where(moved & (found > 0.1) & (found < 10), found, slope)
        last_x, last_y = log_dose, y
        step = np.clip((goal - y) / slope, -2.0, 2.0)
        log_dose = np.clip(log_dose + np.nan_to_num(step), np.log(_LOWEST), np.log(_HIGHEST))
        if np.nanmax(np.abs(step), initial=0.0) < TOLERANCE:
            break
    dose = np.exp(log_dose)
    held = np.isfinite(goal) & (dose > _LOWEST * 1.01) & (dose < _HIGHEST / 1.01)
    return np.where(held, dose, np.nan)


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
        self.lanes = np.arange(len(params), dtype=np.int64)
        self.threads = threads
        self.hours = 24.0 * np.arange(_SEGMENT_DAYS)

    def untreated(self) -> Array:
        """Output without treatment, shape (L,)."""
        result = self._run(np.zeros(len(self.params)), np.array([0.0]))
        return np.asarray(result["y"])[:, 0, 0]

    def mean_of_last_day(self, dose: Array) -> Array:
        """Mean output over the last of some days on a dose, by the trapezoid rule, shape (L,)."""
        end = 24.0 * _SEGMENT_DAYS
        result = self._run(dose, np.linspace(end - 24.0, end, _LAST_DAY_POINTS))
        self.x = np.asarray(result["x_end"])
        y = np.asarray(result["y"])[:, :, 0]
        return np.asarray((y[:, 1:] + y[:, :-1]).mean(axis=1) / 2)

    def _run(self, dose: Array, times: Array) -> dict[str, Array]:
        n, days = len(dose), self.hours.size
        actions = boluses(np.tile(self.hours, n), self.port, np.repeat(dose, days))
        starts = days * np.arange(n + 1, dtype=np.int64)
        result: dict[str, Array] = self.model.simulate(
            self.params,
            self.x,
            0.0,
            actions,
            starts,
            times,
            self.lanes,
            self.lanes,
            self.output,
            threads=self.threads,
        )
        return result
