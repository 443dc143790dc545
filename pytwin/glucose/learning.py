"""A person's own model of glucose, learned from earlier readings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin import kalman
from pytwin.errors import InputError
from pytwin.glucose.dynamics import KINDS, Kind
from pytwin.glucose.scale import SCALES
from pytwin.kalman.bfgs import minimise

__all__ = ["Dynamics", "learn", "read_series"]

Array = NDArray[np.float64]
_Found = tuple[float, Array, float, float]  # ln p, parameters, centre, spread
ENOUGH = 144  # readings that are learned from at the least: half a day of one every 5 min
WIDE = 1.0  # SD of the prior of each ln parameter about its start: a factor of 2.7 either way
_STEP = 1e-4  # of central differences in ln parameters
_LOWEST = -1e12  # of the likelihood where the filter fails


@dataclass(frozen=True)
class Dynamics:
    """How one person's glucose moves.

    Attributes
    ----------
    kind : str
        ``"minimal"`` or ``"oscillator"``; :mod:`pytwin.glucose.dynamics` has the equations.
    scale : str
        ``"plain"``, ``"root"`` or ``"log"``: what is taken of glucose before it is filtered.
    parameters : dict
        By name; rates a minute, noise in units of ``spread``.
    centre, spread : float
        Mean and standard deviation of the readings on the scale.
    until : float
        Minute of the last reading that was used.
    loglike : dict
        ln p(readings, mg/dL) of every model that was tried, by (kind, scale).
    """

    kind: str
    scale: str
    parameters: dict[str, float]
    centre: float
    spread: float
    until: float
    loglike: dict[tuple[str, str], float]

    def arrays(self) -> dict[str, Array]:
        """The arrays of `pytwin.kalman.filter` with ``times`` in minutes, for what `standard` makes."""
        values = np.array([list(self.parameters.values())])
        made = KINDS[self.kind].arrays(values)
        return made | {name: made[name][0] for name in ("F", "Q", "R")}

    def standard(self, glucose: ArrayLike) -> Array:
        """Readings (mg/dL) as the filter sees them."""
        return (SCALES[self.scale].to(glucose) - self.centre) / self.spread


def read_series(times: ArrayLike, glucose: ArrayLike) -> tuple[Array, Array]:
    """Minutes (since 1970 where times are datetime64) and readings, both checked."""
    at, y = np.asarray(times), np.asarray(glucose, dtype=float)
    if np.issubdtype(at.dtype, np.datetime64):
        if np.isnat(at).any():
            raise InputError("glucose.bad-time", "a time is missing", place="times")
        at = at.astype("datetime64[us]").astype(np.int64) / 60e6
    minutes = np.asarray(at, dtype=float)
    if minutes.ndim != 1 or minutes.shape != y.shape or minutes.size == 0:
        message = (
            f"times {minutes.shape} and glucose {y.shape}, expected one row of each, as long as the other"
        )
        raise InputError("glucose.bad-shape", message, place="times")
    if not np.isfinite(minutes).all() or (np.diff(minutes) < 0).any():
        raise InputError(
            "glucose.bad-time",
            "times are not finite or go back",
            place="times",
            hint="sort the readings by time",
        )
    if np.isinf(y).any() or (y <= 0).any():
        raise InputError(
            "glucose.bad-value", "a reading is not a positive number", place="glucose", hint="NaN is missing"
        )
    return minutes, y


def learn(
    times: ArrayLike,
    glucose: ArrayLike,
    *,
    until: float | np.datetime64 | None = None,
    kinds: tuple[str, ...] = tuple(KINDS),
    scales: tuple[str, ...] = tuple(SCALES),
    threads: int = 1,
) -> Dynamics:
    """Learn a person's model of glucose from the readings of a sensor.

    Every kind of model is fitted on every scale by maximum likelihood with a wide prior, and the one under
    which the readings, in mg/dL, are likeliest is taken: all have as many parameters.

    Parameters
    ----------
    times : array_like, shape (T,)
        Minutes, or datetime64; in order, at any distance. Gaps need not be filled.
    glucose : array_like, shape (T,)
        mg/dL; NaN is missing.
    until : float or datetime64, optional
        Only readings up to and at this time are used.
    kinds, scales : tuple of str
        The models to choose from.
    threads : int
        Results do not depend on it.

    Returns
    -------
    Dynamics

    Raises
    ------
    InputError
        ``glucose.bad-shape``, ``glucose.bad-time``, ``glucose.bad-value``, ``glucose.too-short``,
        ``glucose.bad-argument``.

    Examples
    --------
    >>> own = pt.glucose.learn(times, glucose, until=3 * 1440)
    >>> own.kind, own.scale
    """
    minutes, y = read_series(times, glucose)
    known = np.isfinite(y) & (minutes <= _minute(until))
    minutes, y = minutes[known], y[known]
    if y.size < ENOUGH or np.ptp(y) == 0:
        message = f"{y.size} readings to learn from, {ENOUGH} that are not all the same are needed"
        raise InputError("glucose.too-short", message, place="glucose")
    if not kinds or not scales or not {*kinds} <= {*KINDS} or not {*scales} <= {*SCALES}:
        known_names = f"kinds {', '.join(KINDS)}; scales {', '.join(SCALES)}"
        raise InputError("glucose.bad-argument", "there is no such kind or scale", hint=known_names)
    found: dict[tuple[str, str], _Found] = {}
    for kind in kinds:
        found |= _fitted(kind, scales, minutes, y, threads)
    best = max(found, key=lambda key: found[key][0])
    loglike, values, centre, spread = found[best]
    return Dynamics(
        kind=best[0],
        scale=best[1],
        parameters=dict(zip(KINDS[best[0]].names, values.tolist(), strict=True)),
        centre=centre,
        spread=spread,
        until=float(minutes[-1]),
        loglike={key: float(one[0]) for key, one in found.items()},
    )


def _minute(until: float | np.datetime64 | None) -> float:
    if until is None:
        return np.inf
    if isinstance(until, np.datetime64):
        return float(until.astype("datetime64[us]").astype(np.int64)) / 60e6
    return float(until)


def _fitted(
    kind: str, scales: tuple[str, ...], minutes: Array, y: Array, threads: int
) -> dict[tuple[str, str], _Found]:
    """One kind on all scales at once: ln p(y), parameters, centre and spread of each."""
    z = np.array([SCALES[s].to(y) for s in scales])
    centre, spread = z.mean(axis=1), z.std(axis=1)
    search = _Search(KINDS[kind], (z - centre[:, None]) / spread[:, None], minutes, threads)
    start = np.log(np.tile(KINDS[kind].start, (len(scales), 1)))
    theta = minimise(search, start, gradient=1e-4 * y.size**0.5, iterations=60).x
    loglike = search.loglike(theta, np.arange(len(scales)))
    found: dict[tuple[str, str], _Found] = {}
    for i, scale in enumerate(scales):
        slope = float(SCALES[scale].log_slope(y).sum()) - y.size * float(np.log(spread[i]))
        found[kind, scale] = (loglike[i] + slope, np.exp(theta[i]), float(centre[i]), float(spread[i]))
    return found


class _Search:
    """-ln p(theta, z) of several series, its gradient by central differences: one call of the core."""

    def __init__(self, kind: Kind, z: Array, minutes: Array, threads: int) -> None:
        self.kind, self.z, self.minutes, self.threads = kind, z, minutes, threads
        self.start = np.log(kind.start)

    def loglike(self, theta: Array, which: NDArray[np.intp]) -> Array:
        arrays: dict[str, Any] = self.kind.arrays(np.exp(np.clip(theta, -50, 50)))
        run = kalman.filter(
            self.z[which][..., None], times=self.minutes, outputs=("loglike",), threads=self.threads, **arrays
        )
        assert run.loglike is not None
        return np.where(run.status == 0, run.loglike, _LOWEST)

    def __call__(self, theta: Array, which: NDArray[np.intp]) -> tuple[Array, Array]:
        k, p = theta.shape
        moves = np.concatenate([np.zeros((1, p)), _STEP * np.eye(p), -_STEP * np.eye(p)])
        every = (theta[:, None] + moves).reshape(-1, p)
        value = -self.loglike(every, np.repeat(which, 2 * p + 1))
        value = value + ((every - self.start) ** 2).sum(axis=1) / (2 * WIDE**2)
        value = value.reshape(k, 2 * p + 1)
        return value[:, 0], (value[:, 1 : p + 1] - value[:, p + 1 :]) / (2 * _STEP)
