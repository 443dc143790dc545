"""Static parameters and sparse data from records as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from pytwin.estimation.data import check_values, flatten, read_data
from pytwin.estimation.noise import NoiseLike, read_noise
from pytwin.estimation.problem import Plans, read_problem
from pytwin.estimation.run import span
from pytwin.estimation.state import Theta
from pytwin.estimation.weighted import Static, static

if TYPE_CHECKING:
    from pytwin.model import Model

__all__ = ["posterior"]


def posterior(
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
    start: ArrayLike | None = None,
    end: ArrayLike | None = None,
    lengths: ArrayLike | None = None,
    censor: ArrayLike | None = None,
    initial: bool = False,
    accuracy: float = 0.03,
    ode: Mapping[str, Any] | None = None,
    threads: int = 1,
) -> Static:
    """Mean and covariance of the exact posterior where nothing but the start and the parameters is unknown.

    For a few observations of parameters that do not change, where a filter's Gaussian can be off: the mode
    and weighted points around it (:func:`static`), with a diagnostic in ``shape``.

    Parameters
    ----------
    model, times, y, outputs, noise, x0, P0, theta, params, plan, start, end, lengths, censor, ode, threads
        See :func:`filter`. There is no process noise; errors are additive, proportional, combined or
        log-additive.
    initial : bool
        States at the start are the model's initial ones under the parameters of each point, for example a
        steady state; those of `x0` and `P0` are not read.
    accuracy : float
        Relative standard error of the parameters' SDs with which a patient is done.

    Returns
    -------
    Static
        Arrays have the axis of patients, also for one.

    Raises
    ------
    InputError
        ``estimation.*``: names the argument, and the patient and row.
    """
    problem = read_problem(model, x0=x0, P0=P0, theta=theta, params=params, plan=plan, ode=ode)
    problem, data = problem.expanded(read_data(model, times, y, outputs, lengths, censor))
    errors = read_noise(noise, data.outputs)
    check_values(data, errors)
    batch = problem.batch(flatten(data, errors, False), *span(data, start, end))
    options = {k: v for k, v in problem.arguments.items() if k in ("rtol", "atol", "max_steps", "step")}
    options["method"] = problem.arguments["ode_method"]
    return static(model, batch, accuracy=accuracy, initial=initial, threads=threads, **options)
