"""How patients differ: mean and covariance of z at the start, learned from a cohort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin.errors import InputError
from pytwin.estimation.data import Data, read_data
from pytwin.estimation.noise import NoiseLike, read_noise
from pytwin.estimation.problem import read_problem
from pytwin.estimation.run import estimate, span
from pytwin.estimation.state import Theta

if TYPE_CHECKING:
    from pytwin.model import Model

__all__ = ["EM", "em"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class EM:
    """What the iterations led to.

    Attributes
    ----------
    x0, P0 : ndarray, shapes (n,) and (n, n)
        Mean and covariance of z at the start, of the cohort.
    loglike : ndarray, shape (iterations,)
        Of all patients, before each maximisation.
    converged : bool
        The last iteration gained less than ``tol`` a number seen.
    """

    x0: Array
    P0: Array
    loglike: Array
    converged: bool


def em(
    model: Model,
    times: ArrayLike,
    y: ArrayLike,
    *,
    outputs: Sequence[str] | str,
    noise: NoiseLike,
    x0: ArrayLike,
    P0: ArrayLike,
    learn: Sequence[str] = ("x0", "P0"),
    diagonal: bool = False,
    start: ArrayLike | None = None,
    lengths: ArrayLike | None = None,
    censor: ArrayLike | None = None,
    theta: Theta = None,
    params: Any = None,
    plan: Any = None,
    Q: Any = None,
    method: str = "ukf",
    ode: Mapping[str, Any] | None = None,
    iterations: int = 50,
    tol: float = 1e-6,
    threads: int = 1,
    **options: Any,
) -> EM:
    """Expectation and maximisation of the distribution that patients are drawn from.

    Parameters
    ----------
    model, times, y, outputs, noise, x0, P0, start, lengths, censor, theta, params, plan, Q, method, ode
        As in `filter`, x0 and P0 one for all: where the search begins. Elements of variance 0 stay known.
    learn : sequence of {"x0", "P0"}
    diagonal : bool
        Whether the elements of z are independent in the cohort.
    iterations : int
        At most so many.
    tol : float
        A gain in ln p(y) for each number seen below which the iterations end.
    threads, **options
        As in `filter`.

    Returns
    -------
    EM

    Raises
    ------
    InputError
        ``estimation.not-learned``; those of `smooth`.
    ComputationError
        A patient failed.

    Notes
    -----
    With the moments m_i, V_i of z at the start given all that patient i shows, from the smoother,
    x0 = mean m_i and P0 = mean (V_i + (m_i - x0)(m_i - x0)'). The expectations are the method's: exact for a
    linear model, else as good as its Gaussians, so that the likelihood may fall by as much. Sizes of errors
    and process noise are found by `fit`.

    References
    ----------
    Dempster, Laird & Rubin (1977), J R Stat Soc B 39, 1; Shumway & Stoffer (1982), J Time Series Analysis 3,
    253, for the start of a state-space model.
    """
    if not learn or set(learn) - {"x0", "P0"}:
        hint = "Sizes of errors and process noise are found by fit"
        raise InputError("estimation.not-learned", "x0 and P0 are learned", place="learn", hint=hint)
    mean, cov = np.array(x0, dtype=float), np.array(P0, dtype=float)
    if mean.ndim != 1:
        raise InputError("estimation.bad-shape", "x0 and P0 are one for all patients", place="x0")
    data = read_data(model, times, y, outputs, lengths, censor)
    errors = read_noise(noise, data.outputs)
    begin, _ = span(data, start, None)
    data, seen = _with_start(data, begin), max(int(data.seen.sum()), 1)
    fixed: dict[str, Any] = {
        "theta": theta,
        "params": params,
        "plan": plan,
        "Q": Q,
        "ode": ode,
        "method": method,
    }
    history: list[float] = []
    converged = False
    while len(history) < iterations and not converged:
        problem = read_problem(model, x0=mean, P0=cov, **fixed, options=options, smoothing=True)
        found = estimate(problem, data, errors, start=begin, threads=threads, smoothing=True)
        history.append(float(np.sum(found.loglike)))
        converged = len(history) > 1 and history[-1] - history[-2] < tol * seen
        if not converged:
            mean, cov = _maximised(found.smoothed_mean, found.smoothed_cov, mean, cov, learn, diagonal)
    return EM(mean, cov, np.array(history), converged)


def _with_start(data: Data, begin: Array) -> Data:
    """A row without observations at each patient's start, before the others; an axis of patients."""
    n, _, m = data.y.shape
    return Data(
        np.concatenate([begin[:, None], data.times], axis=1),
        np.concatenate([np.full((n, 1, m), np.nan), data.y], axis=1),
        np.concatenate([np.zeros((n, 1, m), np.int8), data.censor], axis=1),
        data.lengths + 1,
        data.outputs,
        data.columns,
        False,
    )


def _maximised(
    means: Array | None, covs: Array | None, mean: Array, cov: Array, learn: Sequence[str], diagonal: bool
) -> tuple[Array, Array]:
    assert means is not None and covs is not None
    known = np.diag(cov) == 0
    new = np.where(known, mean, means[:, 0].mean(axis=0)) if "x0" in learn else mean
    if "P0" not in learn:
        return new, cov
    apart = means[:, 0] - new
    spread = (covs[:, 0] + apart[:, :, None] * apart[:, None, :]).mean(axis=0)
    spread = (spread + spread.T) / 2
    spread[known], spread[:, known] = 0.0, 0.0
    return new, np.diag(np.diag(spread)) if diagonal else spread
