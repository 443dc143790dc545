"""What a figure is about, as plain arrays: the plots draw these and know nothing of twins."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, slots=True)
class Axis:
    """The axis of time: days since ``origin``, the local midnight of the first day shown."""

    origin: np.datetime64
    now: float


@dataclass(frozen=True, slots=True)
class Band:
    """A plan's forecast: quantiles at `LEVELS`, and the doses that the plan gives.

    Attributes
    ----------
    days : ndarray, shape (T,)
        Days on the `Axis`.
    quantiles : ndarray, shape (5, T)
        In the observation's unit.
    doses : ndarray, shape (n, 2)
        Day and amount (mg).
    """

    name: str
    days: Array
    quantiles: Array
    doses: Array
    note: str = ""


@dataclass(frozen=True, slots=True)
class Forecast:
    """Observations so far, doses taken, and the bands of the plans.

    Attributes
    ----------
    observed, taken : ndarray, shape (n, 2)
        Day and value; day and amount (mg).
    target : pair of float
        Range to be shaded.
    harms : tuple of float
        Bounds of harm, drawn as lines.
    fitted : Band or None
        The twin's own course over the past, where it is known.
    """

    axis: Axis
    analyte: str
    unit: str
    target: tuple[float, float]
    observed: Array
    taken: Array
    bands: tuple[Band, ...] = ()
    harms: tuple[float, ...] = ()
    fitted: Band | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One-step-ahead forecasts beside what was then measured.

    Attributes
    ----------
    days, observed : ndarray, shape (n,)
    low, median, high : ndarray, shape (n,)
        Forecast of the next measurement, with its error, from all earlier data; the interval holds 90 %.
    """

    axis: Axis
    analyte: str
    unit: str
    days: Array
    observed: Array
    low: Array
    median: Array
    high: Array

    @property
    def inside(self) -> int:
        """How many observations the 90 % interval contains."""
        return int(np.count_nonzero((self.observed >= self.low) & (self.observed <= self.high)))


@dataclass(frozen=True, slots=True)
class Density:
    """Prior and posterior of one parameter on its natural scale.

    Attributes
    ----------
    x, prior, posterior : ndarray, shape (K,)
    before, after : triple of float
        5 %, 50 % and 95 % quantile.
    """

    name: str
    label: str
    unit: str
    x: Array
    prior: Array
    posterior: Array
    before: tuple[float, float, float]
    after: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Mixture:
    """A mixture of normals on the estimation scale of one parameter: identity, log or logit."""

    weights: Array
    means: Array
    sds: Array
    scale: str = "identity"
    _grid: int = field(default=400, repr=False)

    def quantiles(self, levels: Array) -> Array:
        """Quantiles on the natural scale, by interpolation of the distribution function."""
        z = self._points()
        cdf = np.cumsum(self._pdf(z))
        return np.interp(levels, cdf / cdf[-1], to_natural(z, self.scale))

    def density(self, x: Array) -> Array:
        """Density per natural unit at ``x``: the normal density times the change of variable."""
        z, slope = to_estimation(x, self.scale)
        return self._pdf(z) * slope

    def _points(self) -> Array:
        low = float(np.min(self.means - 5.0 * self.sds))
        high = float(np.max(self.means + 5.0 * self.sds))
        return np.linspace(low, high, 8 * self._grid)

    def _pdf(self, z: Array) -> Array:
        u = (z[:, None] - self.means) / self.sds
        return np.asarray(np.exp(-0.5 * u * u) / (self.sds * np.sqrt(2.0 * np.pi)) @ self.weights)


def to_natural(z: Array, scale: str) -> Array:
    """Estimation scale to natural scale."""
    if scale == "log":
        return np.exp(z)
    return 1.0 / (1.0 + np.exp(-z)) if scale == "logit" else z


def to_estimation(x: Array, scale: str) -> tuple[Array, Array]:
    """Natural scale to estimation scale, and the slope dz/dx."""
    if scale == "log":
        return np.log(x), 1.0 / x
    if scale == "logit":
        return np.log(x / (1.0 - x)), 1.0 / (x * (1.0 - x))
    return x, np.ones_like(x)


def density(name: str, label: str, unit: str, prior: Mixture, posterior: Mixture) -> Density:
    """Both densities on a grid that holds 99 % of each."""
    levels = np.array([0.05, 0.5, 0.95])
    ends = np.array([0.005, 0.995])
    span = np.concatenate([prior.quantiles(ends), posterior.quantiles(ends)])
    x = np.linspace(span.min(), span.max(), 240)
    before, after = prior.quantiles(levels), posterior.quantiles(levels)
    return Density(
        name,
        label,
        unit,
        x,
        prior.density(x),
        posterior.density(x),
        (float(before[0]), float(before[1]), float(before[2])),
        (float(after[0]), float(after[1]), float(after[2])),
    )
