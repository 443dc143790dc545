"""What filters and smoothers of a model return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pytwin.chance import normal_quantile
from pytwin.errors import ComputationError, InputError
from pytwin.estimation.state import Space

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Estimate"]

Array = NDArray[np.float64]

# Part that an observation took, in the core's order.
USES = ("missing", "used", "gated", "not reached", "down-weighted")


@dataclass(frozen=True, eq=False)
class Estimate:
    """What a filter found of one patient, or of N: then every array has N in front.

    z = (states, parameters on their estimation scales), n elements; T rows, m observed outputs.

    Attributes
    ----------
    space : Space
        ``names``, ``scales`` and ``units`` of z.
    outputs : tuple of str
    times : ndarray, shape (T,)
        In the model's unit of time; NaN beyond a patient's rows, as all of the arrays below.
    y : ndarray, shape (T, m)
        What was given; NaN: not observed.
    mean, cov : ndarray, shapes (T, n) and (T, n, n)
        Of z after each row, given the observations up to and with it.
    predicted, predicted_var : ndarray, shape (T, m)
        Mean and variance of each observation given those before it, its error included; of ln y where the
        noise is log-additive. NaN where nothing was observed, unless ``forecast``.
    latent_var : ndarray, shape (T, m)
        The variance without the error.
    effective : ndarray, shape (T, m)
        Number of equal particles that would be as good after each observation, 1 / sum w_i^2 (Kong, Liu &
        Wong 1994); NaN for methods without particles.
    use : ndarray of int8, shape (T, m)
        Index into ``USES``: missing, used, gated, not reached, down-weighted.
    log : ndarray of bool, shape (m,)
        Which outputs' forecasts are those of ln y.
    end : ndarray, shape ()
        The time of ``end_mean`` and ``end_cov``, n and (n, n).
    loglike : ndarray, shape ()
        ln p(y); NaN where the patient failed.
    status : ndarray of int32, shape ()
        0, or the code in ``pytwin._core.STATUS`` of why the patient failed.
    failed_at : ndarray, shape ()
        The time that was reached; NaN on success.
    rejected : ndarray of int64, shape ()
        Points, members or particles at which the model failed and that were rejected or drawn again.
    reason : str, or tuple of str
        "" where nothing is to be said; why a patient failed; or that nothing was observed, so that the
        estimate is the prior.
    method : str
    smoothed_mean, smoothed_cov : ndarray, shapes (T, n) and (T, n, n), or None
        Of z at each row given all observations, from `smooth`.
    model : str
    time_unit : str
    """

    space: Space
    outputs: tuple[str, ...]
    times: Array
    y: Array
    mean: Array
    cov: Array
    predicted: Array
    predicted_var: Array
    latent_var: Array
    effective: Array
    use: NDArray[np.int8]
    log: NDArray[np.bool_]
    end: Array
    end_mean: Array
    end_cov: Array
    loglike: Array
    status: NDArray[np.int32]
    failed_at: Array
    rejected: NDArray[np.int64]
    reason: Any
    method: str
    model: str
    time_unit: str
    smoothed_mean: Array | None = None
    smoothed_cov: Array | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of z: the states, then the estimated parameters."""
        return self.space.names

    @property
    def innovation(self) -> Array:
        """Observation less forecast, on the forecast's scale; NaN where nothing was observed."""
        with np.errstate(invalid="ignore", divide="ignore"):
            seen = np.where(self.log, np.log(np.where(self.log, self.y, 1.0)), self.y)
        return np.asarray(seen - self.predicted)

    def marginal(self, name: str, *, smoothed: bool | None = None) -> tuple[Array, Array]:
        """Mean and standard deviation of one element of z at every row, on its estimation scale.

        Parameters
        ----------
        name : str
            Of ``names``.
        smoothed : bool, optional
            Default: where there is a smoother's result.

        Returns
        -------
        mean, sd : ndarray, shape (T,) or (N, T)
        """
        j = self.space.index(name)
        mean, cov = self._moments(smoothed)
        return mean[..., j], np.sqrt(np.maximum(cov[..., j, j], 0.0))

    def quantiles(self, name: str, levels: Any = (0.05, 0.5, 0.95), *, smoothed: bool | None = None) -> Array:
        """Quantiles of a state or parameter at every row on the natural scale, in its unit.

        Scales are monotone, so these are exact quantiles of what the Gaussian says.

        Returns
        -------
        ndarray, shape (T, len(levels)) or (N, T, len(levels))
        """
        shares = np.atleast_1d(np.asarray(levels, dtype=float))
        if not ((shares > 0) & (shares < 1)).all():
            raise InputError("estimation.bad-level", "levels lie between 0 and 1", place="levels")
        mean, sd = self.marginal(name, smoothed=smoothed)
        z = mean[..., None] + sd[..., None] * np.array([normal_quantile(q) for q in shares])
        scale = self.space.scales[self.space.index(name)]
        return Space((name,), (scale,), ("",), np.zeros(0, np.int32)).natural(z[..., None])[..., 0]

    def interval(self, level: float = 0.9) -> tuple[Array, Array]:
        """Central intervals of the forecast of each measurement, its error included, on the output's scale.

        Returns
        -------
        low, high : ndarray, shape (T, m) or (N, T, m)
        """
        if not 0 < level < 1:
            raise InputError("estimation.bad-level", "level is a share between 0 and 1", place="level")
        half = normal_quantile(0.5 + level / 2) * np.sqrt(self.predicted_var)
        low, high = self.predicted - half, self.predicted + half
        return self._on_output(low), self._on_output(high)

    def _on_output(self, bound: Array) -> Array:
        return np.where(self.log, np.exp(np.where(self.log, bound, 0.0)), bound)

    def raise_for_status(self) -> None:
        """Raise for the first patient that failed.

        Raises
        ------
        ComputationError
        """
        failed = np.flatnonzero(self.status)
        if failed.size == 0:
            return
        code = int(np.ravel(self.status)[failed[0]])
        at = float(np.ravel(self.failed_at)[failed[0]])
        reason = self.reason if isinstance(self.reason, str) else self.reason[failed[0]]
        place = f"{at:g} {self.time_unit}"
        if np.ndim(self.status):
            place = f"patient {failed[0]}, {place}"
        hint = 'errors="status" leaves the others with their results' if np.ndim(self.status) else ""
        raise ComputationError(status_code(code), reason, place=place, hint=hint)

    def __getitem__(self, patient: int) -> Estimate:
        """One patient of a batch."""
        if not np.ndim(self.status):
            raise InputError("estimation.bad-shape", "this is the estimate of one patient", place="[]")
        shared = ("space", "outputs", "log", "method", "model", "time_unit")
        picked = {k: v if k in shared or v is None else v[patient] for k, v in vars(self).items()}
        return Estimate(**picked)

    def __str__(self) -> str:
        head = f"{self.method} of {self.model}: "
        if np.ndim(self.status):
            failed = int(np.count_nonzero(self.status))
            return f"{head}{len(self.status)} patients, {failed} failed"
        if self.reason:
            head += f"{self.reason}; "
        rows = [f"{head}ln p(y) = {float(self.loglike):.6g} at {float(self.end):g} {self.time_unit}"]
        z = self.end_mean[:, None] + np.sqrt(np.maximum(np.diag(self.end_cov), 0))[:, None] * _BAND
        rows += [
            f"  {name:12} {q[1]:10.4g}  ({q[0]:.4g} .. {q[2]:.4g}) {unit}"
            for name, unit, q in zip(self.names, self.space.units, self.space.natural(z.T).T, strict=True)
        ]
        return "\n".join(rows)

    def plot(self, *names: str) -> Figure:
        """Observations with their forecasts, and states and parameters with their 90 % intervals.

        Parameters
        ----------
        *names : str
            States and parameters; default: the estimated parameters, or the states where there are none.
        """
        from pytwin.report import estimation

        return estimation.figure(self, names)

    def _moments(self, smoothed: bool | None) -> tuple[Array, Array]:
        if smoothed is False or (smoothed is None and self.smoothed_mean is None):
            return self.mean, self.cov
        if self.smoothed_mean is None or self.smoothed_cov is None:
            raise InputError("estimation.not-smoothed", "use smooth for these", place="smoothed")
        return self.smoothed_mean, self.smoothed_cov


_BAND = np.array([-1.0, 0.0, 1.0]) * normal_quantile(0.95)


def status_code(status: int) -> str:
    """A code such as ``"core.step-limit"``."""
    from pytwin import _core

    name = next(name for name, (number, _) in _core.STATUS.items() if number == status)
    return f"core.{name.lower().replace('_', '-')}"
