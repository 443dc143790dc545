"""Series under a structural model whose parameters are known or were estimated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin.errors import InputError
from pytwin.kalman.arrays import lay_out_lengths
from pytwin.kalman.diagnosis import Diagnosis, diagnose
from pytwin.kalman.model import LinearModel
from pytwin.kalman.results import FilterResult, SmootherResult
from pytwin.kalman.structural.model import Structural
from pytwin.kalman.structural.moments import Forecast, Moments

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Fitted", "Search"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Search:
    """How the parameters were found.

    Attributes
    ----------
    standard_errors : mapping of str to ndarray (...)
        Of each estimated parameter, from the inverse Hessian by the delta method; NaN where there is none, as
        for a variance estimated as 0.
    converged : ndarray of bool, shape (...)
    iterations : ndarray of int, shape (...)
    """

    standard_errors: Mapping[str, Any]
    converged: Any
    iterations: Any


@dataclass(frozen=True, eq=False)
class Fitted:
    """Series and the model that describes them.

    Attributes
    ----------
    structural : Structural
    y : ndarray, shape (..., T)
    params : mapping of str to float or ndarray (...)
        Every parameter.
    search : Search or None
        How they were found; None where they were given.
    kappa : float or None
        Variance of an approximate start, see `Structural.linear`; None for the exact one.
    """

    structural: Structural
    y: Array
    params: Mapping[str, Any]
    search: Search | None = None
    kappa: float | None = None

    @cached_property
    def model(self) -> LinearModel:
        """The matrices."""
        return self._model(self.y.shape[-1])

    def _model(self, steps: int) -> LinearModel:
        return self.structural.linear(self.params, steps, kappa=self.kappa)

    # ---- likelihood ----

    @cached_property
    def loglike(self) -> Any:
        """Log-likelihood, shape (...), with all constants, those of diffuse observations too."""
        return self.filter(outputs=("loglike",)).loglike

    @property
    def estimated(self) -> int:
        """Parameters that were estimated."""
        return len(self.structural.free) if self.search is not None else 0

    def _cost(self) -> int:
        diffuse = 0 if self.model.diffuse is None else int(np.sum(self.model.diffuse))
        return self.estimated + diffuse

    @property
    def aic(self) -> Any:
        """-2 loglike + 2 (estimated parameters + diffuse states), shape (...).

        Durbin & Koopman (2012), sec. 7.4, without their division by the number of observations.
        """
        return -2 * self.loglike + 2 * self._cost()

    @property
    def bic(self) -> Any:
        """-2 loglike + ln(observations) (estimated parameters + diffuse states), shape (...)."""
        return -2 * self.loglike + np.log(np.isfinite(self.y).sum(axis=-1)) * self._cost()

    # ---- estimates ----

    def filter(self, **options: Any) -> FilterResult:
        """`pytwin.kalman.filter` of the series; observations have one element, m = 1."""
        return self.model.filter(self.y[..., None], **options)

    def smooth(self, **options: Any) -> SmootherResult:
        """`pytwin.kalman.smooth` of the series."""
        return self.model.smooth(self.y[..., None], **options)

    def components(self, smoothed: bool = True) -> dict[str, Moments]:
        """Each component's share of the series, by name, given all of it (or only the past and present)."""
        if smoothed:
            found = self.smooth(outputs=("smoothed_mean", "smoothed_cov"))
            mean, cov = found.smoothed_mean, found.smoothed_cov
        else:
            past = self.filter(outputs=("mean", "cov"))
            mean, cov = past.mean, past.cov
        assert mean is not None and cov is not None
        shares, first = {}, 0
        listed = zip(self.structural.components, self._blocks(), strict=True)
        for component, block in listed:
            n = len(block.states)
            if n == 0:
                continue
            own = slice(first, first + n)
            offset = block.d[..., None]
            shares[component.name] = Moments(
                np.einsum("...i,...i->...", block.H, mean[..., own]) + offset,
                np.einsum("...i,...ij,...j->...", block.H, cov[..., own, own], block.H),
            )
            first += n
        return shares

    def _blocks(self) -> Any:
        return self.structural.blocks(self.params, self.y.shape[-1])

    def forecast(self, steps: int, lengths: ArrayLike | None = None) -> Forecast:
        """The next observations of each series.

        Parameters
        ----------
        steps : int
            How many; a regression needs rows of X for them.
        lengths : array_like of int, shape (...), optional
            Where each series ends; by default at T.
        """
        if steps < 1:
            raise InputError("kalman.bad-argument", "a forecast has at least 1 step", place="steps")
        batch, T = self.y.shape[:-1], self.y.shape[-1]
        ends = np.full(batch, T) if lengths is None else lay_out_lengths(lengths, batch).reshape(batch)
        if np.any((ends < 1) | (ends > T)):
            raise InputError("kalman.bad-argument", f"lengths are not within 1 and {T}", place="lengths")
        known = np.where(np.arange(T) < ends[..., None], self.y, np.nan)
        longer = np.concatenate([known, np.full((*batch, steps), np.nan)], axis=-1)
        model = self._model(T + steps)
        result = model.filter(longer[..., None], outputs=("predicted_mean", "predicted_cov"))
        mean, var = _observed(model, result)
        rows = ends[..., None] + np.arange(steps)
        return Forecast(
            np.take_along_axis(mean, rows, -1), np.take_along_axis(var, rows, -1), self.y, np.asarray(ends)
        )

    def diagnose(self, **options: Any) -> Diagnosis:
        """`pytwin.kalman.diagnose` of the series under the model."""
        return diagnose(self.y[..., None], self.model, **({"estimated": self.estimated} | options))

    # ---- words and pictures ----

    def __str__(self) -> str:
        seen, total = int(np.isfinite(self.y).sum()), float(np.sum(self.loglike))
        many = self.y.ndim > 1
        what = f"{self.y[..., 0].size} series of {self.y.shape[-1]} steps" if many else f"{self.y.size} steps"
        each = any(np.ndim(v) for v in self.params.values())
        errors = {} if self.search is None else self.search.standard_errors
        rows = [f"{'parameter':28} {'value':>12} {'s.e.':>12}{'  (medians of the series)' if each else ''}"]
        for name, value in self.params.items():
            error = f"{_median(errors[name]):12.4g}" if name in errors else f"{'fixed':>12}"
            rows.append(f"{name:28} {_median(value):12.6g} {error}")
        return "\n".join([f"{what}, {seen} observed, loglike {total:.6g}", *rows])

    def plot(self, series: int = 0, share: float = 0.9) -> Figure:
        """The series with its signal, and each component below; `series` counts over leading axes."""
        from pytwin.report import states

        return states.components(self, series, share)


def _median(value: Any) -> float:
    """Of the series that have a value."""
    a = np.asarray(value, dtype=float)
    found = a[np.isfinite(a)]
    return float(np.median(found)) if found.size else float("nan")


def _observed(model: LinearModel, result: FilterResult) -> tuple[Array, Array]:
    """Means and variances (..., T) of one-element observations from the predicted state."""
    a, P = result.predicted_mean, result.predicted_cov
    assert a is not None and P is not None
    row = np.asarray(model.H)[..., 0, :]
    d = 0.0 if model.d is None else np.asarray(model.d)[..., 0]
    R = np.asarray(model.R)[..., 0, 0]
    with np.errstate(invalid="ignore"):
        mean = np.einsum("...i,...i->...", row, a) + d
        return mean, np.einsum("...i,...ij,...j->...", row, P, row) + R
