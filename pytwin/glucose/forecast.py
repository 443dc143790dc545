"""Glucose some time ahead of each reading of a sensor, with intervals that are held to their level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin import chance, kalman
from pytwin.errors import InputError
from pytwin.glucose.learning import Dynamics, learn, read_series
from pytwin.glucose.scale import SCALES

__all__ = ["Forecast", "forecast", "reading_after"]

Array = NDArray[np.float64]
FEW = 100  # errors below which intervals are the model's own
NEAR = 2.5  # min: a reading that near to a forecast's time is what it is compared with


@dataclass(frozen=True)
class Forecast:
    """Forecasts of the sensor's reading, one row an instant, one column a horizon.

    Attributes
    ----------
    times : ndarray, shape (T,)
        Minutes, since 1970 where datetime64 was given; a forecast of row t uses readings up to and at
        ``times[t]``, and no later one.
    horizons : ndarray, shape (H,)
        Minutes ahead.
    mean : ndarray, shape (T, H)
        Expected reading, mg/dL.
    lower, upper : ndarray, shape (T, H)
        Ends of the interval, mg/dL; it contains the error of the sensor.
    learned_on : ndarray of bool, shape (T,)
        Rows whose reading the model was learned from: these are no test of it.
    dynamics : Dynamics
        The model.
    """

    times: Array
    horizons: Array
    mean: Array
    lower: Array
    upper: Array
    learned_on: NDArray[np.bool_]
    dynamics: Dynamics


def forecast(
    times: ArrayLike,
    glucose: ArrayLike,
    horizons: Sequence[float] = (30.0, 60.0),
    *,
    dynamics: Dynamics | None = None,
    until: float | np.datetime64 | None = None,
    level: float = 0.9,
    memory: float = 3 * 1440.0,
    threads: int = 1,
) -> Forecast:
    """Forecast glucose ahead of every reading by a Kalman filter on a model of this person.

    The filter runs in continuous time, so readings may come at any distance and gaps need no filling. An
    interval goes from the 5th to the 95th percentile (level 0.9) of this person's own errors of the last
    ``memory`` minutes, each in units of the standard deviation that the filter gave it; only errors that were
    known at the time are used.

    Parameters
    ----------
    times : array_like, shape (T,)
        Minutes, or datetime64; in order.
    glucose : array_like, shape (T,)
        mg/dL; NaN is missing.
    horizons : sequence of float
        Minutes ahead, positive.
    dynamics : Dynamics, optional
        From `learn`; without it, it is learned from the readings up to ``until``.
    until : float or datetime64, optional
        End of the readings to learn from.
    level : float
        Probability of an interval, between 0 and 1.
    memory : float
        Minutes that errors count for. Where fewer than 100 are known the interval is the filter's own.
    threads : int
        Results do not depend on it.

    Returns
    -------
    Forecast

    Raises
    ------
    InputError
        As `learn`; ``glucose.bad-argument`` for a level, horizon or memory that cannot be, and where neither
        ``dynamics`` nor ``until`` is given.

    Examples
    --------
    >>> ahead = pt.glucose.forecast(times, glucose, until=5 * 1440)
    >>> ahead.mean[-1], ahead.lower[-1], ahead.upper[-1]
    """
    minutes, y = read_series(times, glucose)
    steps = np.asarray(horizons, dtype=float).reshape(-1)
    if not (steps.size and np.isfinite(steps).all() and (steps > 0).all() and 0 < level < 1 and memory > 0):
        message = "horizons and memory are positive, level is between 0 and 1"
        raise InputError("glucose.bad-argument", message, place="horizons")
    if dynamics is None:
        if until is None:
            hint = "until= says where the readings to learn from end; or dynamics= from learn"
            raise InputError(
                "glucose.bad-argument", "there is no model to forecast with", place="until", hint=hint
            )
        dynamics = learn(minutes, y, until=until, threads=threads)
    mean, sd = _ahead(dynamics, minutes, y, steps)
    low, high = _tails(dynamics, minutes, y, steps, (mean, sd), level, memory)
    scale = SCALES[dynamics.scale]
    return Forecast(
        times=minutes,
        horizons=steps,
        mean=scale.mean(mean, sd**2),
        lower=scale.of(mean + low * sd),
        upper=scale.of(mean + high * sd),
        learned_on=minutes <= dynamics.until,
        dynamics=dynamics,
    )


def _ahead(own: Dynamics, minutes: Array, y: Array, steps: Array) -> tuple[Array, Array]:
    """Mean and standard deviation (T, H) of readings to come, on the scale."""
    arrays = own.arrays()
    z = own.standard(y)[:, None]
    named: dict[str, Any] = {"times": minutes, "outputs": ("mean", "cov")} | arrays
    run = kalman.filter(z, **named)
    assert run.mean is not None and run.cov is not None
    step = kalman.discretise(arrays["F"][0], arrays["Q"][0], steps)
    mean, var = run.mean @ step.F[:, 0].T, np.empty((len(minutes), len(steps)))
    for h, (F, Q) in enumerate(zip(step.F, step.Q, strict=True)):
        var[:, h] = run.cov @ F[0] @ F[0] + Q[0, 0] + arrays["R"][0, 0, 0]
    return own.centre + own.spread * mean, own.spread * np.sqrt(var)


def _tails(
    own: Dynamics,
    minutes: Array,
    y: Array,
    steps: Array,
    moments: tuple[Array, Array],
    level: float,
    memory: float,
) -> tuple[Array, Array]:
    """Ends (T, H) of the interval in units of the standard deviation, from errors known by then."""
    mean, sd = moments
    below = (1 - level) / 2
    normal = chance.normal_quantile(1 - below)
    low, high = np.full(mean.shape, -normal), np.full(mean.shape, normal)
    z = SCALES[own.scale].to(y)
    for h, step in enumerate(steps):
        index = reading_after(minutes, y, float(step))
        origin = np.flatnonzero(index >= 0)
        error = (z[index[origin]] - mean[origin, h]) / sd[origin, h]
        seen = minutes[index[origin]]  # not decreasing: when an error becomes known
        first = np.searchsorted(seen, minutes - memory, side="left")
        last = np.searchsorted(seen, minutes, side="right")
        for t in np.flatnonzero(last - first >= FEW):
            low[t, h], high[t, h] = np.quantile(error[first[t] : last[t]], (below, 1 - below))
    return low, high


def reading_after(minutes: Array, glucose: Array, step: float) -> NDArray[np.intp]:
    """The index of the reading nearest to ``step`` minutes after each time; -1 where none is within 2.5 min.

    Parameters
    ----------
    minutes, glucose : ndarray, shape (T,)
        In order; NaN is missing.
    step : float
        Minutes.

    Returns
    -------
    ndarray of int, shape (T,)
    """
    there = np.flatnonzero(np.isfinite(glucose))
    found = np.full(minutes.size, -1, dtype=np.intp)
    if there.size == 0:
        return found
    goal = minutes + step
    after = np.clip(np.searchsorted(minutes[there], goal), 1, max(there.size - 1, 1)).clip(max=there.size - 1)
    before = np.maximum(after - 1, 0)
    nearer = np.abs(minutes[there[before]] - goal) <= np.abs(minutes[there[after]] - goal)
    best = there[np.where(nearer, before, after)]
    near = np.abs(minutes[best] - goal) <= NEAR
    found[near] = best[near]
    return found
