"""Filters and smoothers of a model, for one patient or many."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from numpy.typing import ArrayLike

from pytwin.estimation.data import read_data
from pytwin.estimation.noise import NoiseLike, read_noise
from pytwin.estimation.problem import Plans, read_problem
from pytwin.estimation.results import Estimate
from pytwin.estimation.run import estimate
from pytwin.estimation.state import Theta

if TYPE_CHECKING:
    from pytwin.model import Model

__all__ = ["filter", "smooth"]


def filter(
    model: Model,
    times: ArrayLike,
    y: ArrayLike,
    *,
    outputs: Sequence[str] | str,
    noise: NoiseLike,
    x0: ArrayLike,
    P0: ArrayLike,
    theta: Theta = None,
    params: Any = None,
    plan: Plans = None,
    Q: Any = None,
    bounds: Any = None,
    method: str = "ukf",
    start: ArrayLike | None = None,
    end: ArrayLike | None = None,
    lengths: ArrayLike | None = None,
    censor: ArrayLike | None = None,
    forecast: bool = False,
    ode: Mapping[str, Any] | None = None,
    threads: int = 1,
    errors: Literal["raise", "status"] = "raise",
    progress: Callable[[float], object] | None = None,
    **options: Any,
) -> Estimate:
    """States and parameters of a model given what was observed so far.

    Parameters
    ----------
    model : Model
        Any model. Of one with delays, what it remembers is estimated with z (option ``past``); "ekf", "iekf",
        "ghkf" and smoothers do not follow these. Of one with triggers, each point, member or particle fires
        at its own time; near a crossing no Gaussian is right, and particles are.
    times : array_like, shape (T,) or (N, T)
        When the rows of y were observed, ascending; in the model's unit of time, as all times here.
    y : array_like, shape (T, m) or (N, T, m); (T,) where there is one output
        Observations in the outputs' units, NaN: not observed.
    outputs : sequence of str
        Names of the m outputs that were observed.
    noise : Noise or float, or one for each output, as a sequence or by name
        Errors of the observations; a number is the standard deviation of an additive one.
    x0, P0 : array_like, shapes (n,) and (n, n), or (N, n) and (N, n, n)
        Mean and covariance of z = (states, parameters on their scales) at `start`, before any observation;
        `prior` makes them from natural values by name. P0 may be singular: a state of variance 0 is known.
    theta : mapping of str to {"log", "logit", "identity"}, or sequence of str, optional
        Parameters that are estimated, in z in this order, on these scales; a sequence means log.
    params : mapping or array_like, optional
        Values of the other parameters, one row or N; see ``Model.rows``.
    plan : Plan or Schedule, or a sequence with one for each patient, optional
        What is given. At one instant settings act before observations, doses after them.
    Q : array_like or mapping, optional
        Process noise: covariance a unit of time of a random walk added to z, (n, n), a diagonal (n,), or
        (N, n, n); or variances by name. None: none.
    bounds : mapping of str to (low, high), or pair of array_like (n,), optional
        What z is held between after each update, by name on the natural scale, or as a whole on the
        estimation scales; -inf and inf leave a side open.
    method : str
        One of ``METHODS``; its options are keyword arguments of their own.
    start : float or array_like, shape (N,), optional
        The time of x0 and P0; default: the first row's.
    end : float or array_like, shape (N,), optional
        Where ``end_mean`` stands; default: the last row's.
    lengths : array_like of int, shape (N,), optional
        Rows of each patient, from 0 on; rows beyond are not read.
    censor : array_like of int, shape as y, optional
        -1: the value lies below y (a limit of quantification); 1: above; 0: it is y.
    forecast : bool
        Whether missing elements are forecast, too.
    ode : mapping, optional
        ``method``, ``step``, ``rtol`` (1e-6), ``atol`` (1e-9), ``max_steps`` of the integrator, as in
        ``Model.simulate``. Model time in fixed steps, as of difference equations, is a fixed ``step``.
    threads : int
        Results do not depend on it.
    errors : {"raise", "status"}
        Whether a patient that fails raises, or is left with a status, a reason and NaN.
    progress : callable, optional
        Called with the share done.
    **options
        ``gate``, ``robust``, ``student``, ``noise_step`` and those of the method, see ``METHODS``.

    Returns
    -------
    Estimate
        Without the axis of patients where y and all else is one patient's.

    Raises
    ------
    InputError
        ``estimation.*``: names the argument, and the patient and row.
    ComputationError
        A patient failed and ``errors`` is "raise".

    Notes
    -----
    A patient of whom nothing was observed has the prior at its end, ``loglike`` 0 and a ``reason``. A row
    where nothing is observed is a stop on the way: the filter's moments are reported there, too.

    Examples
    --------
    >>> import pytwin as pt
    >>> model = pt.Model("pk_1cpt_oral")
    >>> x0, P0 = pt.estimation.prior(model, ["CL", "V"], sd={"CL": 0.3, "V": 0.2})
    """
    return _run(**locals())


def smooth(
    model: Model,
    times: ArrayLike,
    y: ArrayLike,
    *,
    outputs: Sequence[str] | str,
    noise: NoiseLike,
    x0: ArrayLike,
    P0: ArrayLike,
    theta: Theta = None,
    params: Any = None,
    plan: Plans = None,
    Q: Any = None,
    bounds: Any = None,
    method: str = "ukf",
    start: ArrayLike | None = None,
    end: ArrayLike | None = None,
    lengths: ArrayLike | None = None,
    censor: ArrayLike | None = None,
    forecast: bool = False,
    ode: Mapping[str, Any] | None = None,
    threads: int = 1,
    errors: Literal["raise", "status"] = "raise",
    progress: Callable[[float], object] | None = None,
    **options: Any,
) -> Estimate:
    """States and parameters of a model at every row given all observations.

    Parameters, errors and the result are those of `filter`; the result has ``smoothed_mean`` and
    ``smoothed_cov``, too.

    Raises
    ------
    InputError
        ``estimation.no-smoother`` where the method has none; ``estimation.no-density`` for particles that
        cannot go back by simulation, which says what to do.
    """
    return _run(**locals(), smoothing=True)


def _run(
    model: Model,
    times: ArrayLike,
    y: ArrayLike,
    *,
    outputs: Sequence[str] | str,
    noise: NoiseLike,
    lengths: ArrayLike | None,
    censor: ArrayLike | None,
    start: ArrayLike | None,
    end: ArrayLike | None,
    forecast: bool,
    threads: int,
    errors: Literal["raise", "status"],
    progress: Callable[[float], object] | None,
    smoothing: bool = False,
    **known: Any,
) -> Estimate:
    """`filter`, and `smooth`: its arguments by name, ``known`` what speaks of the model."""
    problem = read_problem(model, **known, smoothing=smoothing)
    data = read_data(model, times, y, outputs, lengths, censor)
    return estimate(
        problem, data, read_noise(noise, data.outputs), start=start, end=end, forecast=forecast,
        threads=threads, errors=errors, progress=progress, smoothing=smoothing,
    )  # fmt: skip
