"""One-step-ahead forecasts of the observations that a twin has assimilated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytwin.model.population import Population
from pytwin.therapies.therapy import History
from pytwin.twin.filtering import Filtered, on_noise_scale
from pytwin.twin.mixture import normal_cdf, quantile

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TracePoint:
    """An observation and how it was forecast from all earlier ones; the interval contains the measurement
    error.

    Attributes
    ----------
    time : int
        Microseconds UTC.
    hour : float
        Hours since the history's origin.
    value : float
        What was measured; ``censor`` -1 means below it, +1 above it.
    median, low, high : float
        Forecast and its 90 % interval.
    probability : float
        Two-sided probability of a value at least this far from the median; of a limit, that of lying beyond
        it.
    """

    time: int
    hour: float
    value: float
    censor: int
    median: float
    low: float
    high: float
    probability: float

    @property
    def inside(self) -> bool:
        """Whether the interval holds the value, or reaches beyond the limit."""
        if self.censor:
            return self.high >= self.value if self.censor > 0 else self.low <= self.value
        return self.low <= self.value <= self.high


def trace(
    population: Population, history: History, filtered: Filtered, level: float = 0.9
) -> tuple[TracePoint, ...]:
    """All points of one subject, in order."""
    if not history.times.size:
        return ()
    weights = np.ascontiguousarray(filtered.before.T)
    means = np.ascontiguousarray(filtered.predicted.T)
    sds = np.sqrt(np.ascontiguousarray(filtered.variance.T))
    median, low, high = (
        natural(population, history.output, quantile(weights, means, sds, p))
        for p in (0.5, (1 - level) / 2, (1 + level) / 2)
    )
    probability = _tail(population, history, weights, means, sds)
    return tuple(
        TracePoint(
            history.origin + round(h * 3_600_000_000),
            float(h),
            float(v),
            int(c),
            float(m),
            float(a),
            float(b),
            float(p),
        )
        for h, v, c, m, a, b, p in zip(
            history.times, history.values, history.censor, median, low, high, probability, strict=True
        )
    )


def natural(population: Population, output: str, y: Array) -> Array:
    """From the noise scale of an output back to its natural one."""
    return np.exp(y) if population.residuals[output].kind == "log-additive" else y


def _tail(population: Population, history: History, weights: Array, means: Array, sds: Array) -> Array:
    y = on_noise_scale(population, history)
    below = (weights * normal_cdf((y[:, None] - means) / sds)).sum(axis=1)
    two_sided = 2 * np.minimum(below, 1 - below)
    beyond = np.where(history.censor > 0, 1 - below, below)
    return np.asarray(np.where(history.censor == 0, two_sided, np.clip(beyond, 0.0, 1.0)))
