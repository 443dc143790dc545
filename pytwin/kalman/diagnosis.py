"""Is the model right? What its innovations would look like if it were, against what they look like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin.errors import InputError
from pytwin.kalman.arrays import as_array
from pytwin.kalman.checks import Check, Judge
from pytwin.kalman.model import LinearModel
from pytwin.kalman.results import FilterResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Check", "Diagnosis", "diagnose"]

Array = NDArray[np.float64]
SHARES = (0.5, 0.8, 0.9, 0.95)  # of central intervals whose coverage is checked


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """The checks, and what they were made of.

    Attributes
    ----------
    checks : tuple of Check
    standardised : ndarray, shape (series, T, m)
        Innovations whitened by their covariances: independent standard normal if the model is right; NaN
        where nothing was observed and while the state had no prior.
    nis : ndarray, shape (series, T)
        v' S^-1 v of every step, chi-square with the number of its observed elements.
    nees : ndarray, shape (series, T), or None
        e' P^-1 e of the filtered state's error e, where the truth was given; chi-square with n degrees.
    autocorrelation : ndarray, shape (lags,)
        Of the standardised innovations at lags 1, 2, ..., all series and elements together.
    level : float
    """

    checks: tuple[Check, ...]
    standardised: Array
    nis: Array
    nees: Array | None
    autocorrelation: Array
    level: float

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(c.passed for c in self.checks)

    def __getitem__(self, name: str) -> Check:
        for check in self.checks:
            if check.name == name:
                return check
        hint = f"There are: {', '.join(c.name for c in self.checks)}"
        raise InputError("kalman.bad-argument", f"no check named {name}", hint=hint)

    def __str__(self) -> str:
        head = f"{'check':20} {'value':>9}  {f'{self.level:.0%} band':^19}  {'p':>7}"
        rows = (
            f"{c.name:20} {c.value:9.4g}  {c.low:8.4g} .. {c.high:<8.4g} {c.p:7.3g}"
            + "  <--" * (not c.passed)
            for c in self.checks
        )
        return "\n".join([head, *rows])

    def plot(self) -> Figure:
        """Innovations in time, their autocorrelation, their quantiles, and the coverage of intervals."""
        from pytwin.report import diagnosis

        return diagnosis.figure(self)


def _row(c: Check) -> str:
    mark = "" if c.passed else "  <--"
    return f"{c.name:20} {c.value:9.4g}  {c.low:8.4g} .. {c.high:<8.4g} {c.p:7.3g}{mark}"


def diagnose(
    source: FilterResult | ArrayLike,
    model: LinearModel | None = None,
    *,
    truth: ArrayLike | None = None,
    lags: int | None = None,
    estimated: int = 0,
    level: float = 0.95,
    **options: Any,
) -> Diagnosis:
    """Consistency of a filter with its data: NIS, NEES, whiteness, normality, equal variance, calibration.

    Parameters
    ----------
    source : FilterResult or array_like, shape (..., T, m)
        A result with the outputs ``innovation`` and ``innovation_cov`` (for NEES also ``mean`` and ``cov``,
        not packed), or observations, which are filtered under `model`.
    model : LinearModel, optional
    truth : array_like, shape (..., T, n), optional
        The states that made the data, for NEES.
    lags : int, optional
        Of the whiteness test; by default min(10, a fifth of the steps).
    estimated : int
        Parameters that were estimated from the same data; whiteness loses as many degrees of freedom
        but one (Harvey 1989, sec. 5.4).
    level : float
        Probability of each band.
    **options
        Of `filter`: lengths, threads, ...

    Returns
    -------
    Diagnosis

    Notes
    -----
    ``NIS`` and ``NEES`` are means of v' S^-1 v and e' P^-1 e per degree of freedom, 1 if the model is right:
    above the band the filter is too sure of itself, below not sure enough (Bar-Shalom, Li & Kirubarajan 2001,
    Estimation with Applications to Tracking and Navigation, sec. 5.4). The state's errors at neighbouring
    steps are correlated, and the band of NEES is as wide as the autocorrelation of e' P^-1 e asks for.
    ``whiteness`` is the statistic of Ljung & Box (1978), ``normality`` that of Bowman & Shenton (1975),
    ``equal variance`` the ratio of the last third's squares to the first third's (Durbin & Koopman 2012,
    sec. 2.12.1). ``within 90%`` is the share of observations inside the central 90 % of their forecasts.
    """
    if not 0 < level < 1:
        raise InputError("kalman.bad-argument", "level is a share between 0 and 1", place="level")
    result = _filtered(source, model, truth, options)
    e = whitened(*_innovations(result))
    if not np.isfinite(e).any():
        raise InputError("kalman.bad-argument", "nothing was forecast, so there is nothing to check")
    nees = None if truth is None else _nees(result, as_array("truth", truth))
    rho, pairs = autocorrelation(e, lags or max(1, min(10, e.shape[1] // 5)))
    judged = Judge(level)
    seen = np.isfinite(e)
    checks: list[Check | None] = [
        judged.mean_of_squares("NIS", (e[seen] ** 2).mean(), int(seen.sum()), "squared innovations")
    ]
    if nees is not None and result.mean is not None:
        dof = int(np.isfinite(nees).sum()) * result.mean.shape[-1]
        apart = max(1, round(dof / correlation_time(nees)))
        checks.append(
            judged.mean_of_squares("NEES", np.nansum(nees) / dof, apart, "squared errors of the state")
        )
    checks += [
        judged.mean(e[seen]),
        judged.whiteness(rho, pairs, int(seen.sum()), estimated),
        judged.normality(e[seen]),
        judged.equal_variance(e),
        *(judged.coverage(e[seen], share) for share in SHARES),
    ]
    nis = np.where(seen.any(axis=-1), np.where(seen, e, 0.0) ** 2 @ np.ones(e.shape[-1]), np.nan)
    return Diagnosis(tuple(c for c in checks if c is not None), e, nis, nees, rho, level)


def _filtered(
    source: FilterResult | ArrayLike, model: LinearModel | None, truth: Any, options: dict[str, Any]
) -> FilterResult:
    """A result with the outputs that are needed."""
    needed = ("innovation", "innovation_cov", *(() if truth is None else ("mean", "cov")))
    if isinstance(source, FilterResult):
        if absent := [name for name in needed if getattr(source, name) is None]:
            message, hint = f"the result has no {', '.join(absent)}", f"Filter with outputs={needed}."
            raise InputError("kalman.bad-argument", message, hint=hint)
        return source
    if model is None:
        raise InputError("kalman.bad-argument", "observations need a model", place="model")
    return model.filter(source, outputs=needed, **options)


def _innovations(result: FilterResult) -> tuple[Array, Array]:
    """(series, T, m) and (series, T, m, m)."""
    v, S = result.innovation, result.innovation_cov
    assert v is not None and S is not None
    return v.reshape(-1, *v.shape[-2:]), S.reshape(-1, *S.shape[-3:])


def whitened(v: Array, S: Array) -> Array:
    """L^-1 v with S = L L' of the elements that were observed and have a forecast; NaN elsewhere."""
    m = v.shape[-1]
    seen = np.isfinite(v) & np.isfinite(np.diagonal(S, axis1=-2, axis2=-1))
    both = seen[..., :, None] & seen[..., None, :]
    known = np.where(both, S, np.eye(m))
    sure = np.diagonal(known, axis1=-2, axis2=-1) <= 0
    known = known + sure[..., None] * np.eye(m)
    e = np.linalg.solve(np.linalg.cholesky(known), np.where(seen, v, 0.0)[..., None])[..., 0]
    return np.where(seen & ~sure, e, np.nan)


def _nees(result: FilterResult, truth: Array) -> Array:
    """(series, T); directions that the filter knows for certain are left out by the pseudo-inverse."""
    assert result.mean is not None and result.cov is not None
    if truth.shape != result.mean.shape:
        message = f"truth has shape {truth.shape}, the states {result.mean.shape}"
        raise InputError("kalman.bad-shape", message, place="truth")
    n = truth.shape[-1]
    error = (truth - result.mean).reshape(-1, truth.shape[-2], n)
    P = result.cov.reshape(-1, truth.shape[-2], n, n)
    known = np.isfinite(error).all(axis=-1) & np.isfinite(P).all(axis=(-1, -2))
    found = np.full(known.shape, np.nan)
    inverse = np.linalg.pinv(P[known], hermitian=True)
    found[known] = np.einsum("ki,kij,kj->k", error[known], inverse, error[known])
    return found


def autocorrelation(e: Array, lags: int) -> tuple[Array, Array]:
    """Autocorrelations of e (series, T, m) about its mean at lags 1 .. lags, and the pairs behind each."""
    seen = np.isfinite(e)
    x = np.where(seen, e - e[seen].mean(), 0.0)
    power = (x**2).sum() / max(int(seen.sum()), 1)
    rho, pairs = np.zeros(lags), np.zeros(lags)
    for k in range(1, lags + 1):
        pairs[k - 1] = (seen[:, k:] & seen[:, :-k]).sum()
        rho[k - 1] = (x[:, k:] * x[:, :-k]).sum() / max(pairs[k - 1], 1.0) / (power or 1.0)
    return rho, pairs


def correlation_time(x: Array) -> float:
    """1 + 2 sum of the autocorrelations of x (series, T) up to the first that is not positive."""
    rho, _ = autocorrelation(x[..., None], x.shape[1] - 1)
    stop = int(np.argmax(rho <= 0)) if (rho <= 0).any() else len(rho)
    return float(1 + 2 * rho[:stop].sum())
