"""One patient's filter that takes an observation at a time, in order or late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin.errors import InputError
from pytwin.estimation import archive
from pytwin.estimation.data import read_outputs
from pytwin.estimation.history import History
from pytwin.estimation.noise import NoiseLike, read_noise
from pytwin.estimation.problem import Given, read_problem
from pytwin.estimation.results import Estimate
from pytwin.estimation.state import Theta

if TYPE_CHECKING:
    from pytwin.model import Model

__all__ = ["Filter"]

Array = NDArray[np.float64]


class Filter:
    """Takes observations one at a time and has, after each, the bits of `filter` over all of them.

    An observation may come late: the filter runs again from the last check-point before it. A filter can be
    saved to plain arrays and loaded elsewhere.

    Parameters
    ----------
    model, outputs, noise, x0, P0, theta, params, plan, Q, bounds, method, ode, **options
        As in `filter`, of one patient; sizes of errors are numbers.
    start : float
        The time of x0 and P0.
    patient : int
        Number that the patient's random numbers depend on, under methods that draw any: his row in a batch.
    every : int
        Rows between the check-points that are kept. A late observation costs at most so many rows before
        it, and all rows after it.

    Raises
    ------
    InputError
        As `filter`.

    Examples
    --------
    >>> import pytwin as pt
    >>> model = pt.Model("pk_1cpt_oral")
    >>> x0, P0 = pt.estimation.prior(model, ["CL", "V"], sd={"CL": 0.3, "V": 0.2})
    >>> daily = pt.Plan("daily").dose("drug", 100, "mg", every="24 h")
    >>> patient = pt.estimation.Filter(
    ...     model, outputs=["C"], noise=0.1, x0=x0, P0=P0, theta=["CL", "V"], plan=daily
    ... )
    >>> patient.update(4.0, "C", 3.1).use[-1]
    array([1], dtype=int8)
    """

    def __init__(
        self,
        model: Model,
        *,
        outputs: Sequence[str] | str,
        noise: NoiseLike,
        x0: ArrayLike,
        P0: ArrayLike,
        theta: Theta = None,
        params: Any = None,
        plan: Given = None,
        Q: Any = None,
        bounds: Any = None,
        method: str = "ukf",
        start: float = 0.0,
        patient: int = 0,
        every: int = 16,
        ode: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        problem = read_problem(
            model, x0=x0, P0=P0, theta=theta, params=params, plan=plan, Q=Q,
            bounds=bounds, method=method, ode=ode, options=options,
        )  # fmt: skip
        if problem.count != 1:
            raise InputError("estimation.bad-shape", "a Filter is of one patient", place="x0, P0, Q, params")
        if every < 1 or patient < 0 or not np.isfinite(start):
            message = "every is at least 1, patient at least 0, start a number"
            raise InputError("estimation.bad-option", message, place="every, patient, start")
        names, columns = read_outputs(model, outputs)
        errors = read_noise(noise, names)
        if any(np.ndim(e.a) or np.ndim(e.b) for e in errors):
            raise InputError("estimation.bad-noise", "sizes of errors are numbers here", place="noise")
        self._history = History(problem, names, columns, errors, float(start), int(patient), int(every))

    def update(
        self,
        time: float,
        output: str | Sequence[str],
        value: float | ArrayLike,
        *,
        censor: int | ArrayLike = 0,
    ) -> Estimate:
        """Take what was observed at one instant.

        Parameters
        ----------
        time : float
            In the model's unit, not before `start`; it may lie before what was observed already.
        output : str or sequence of str
            What was observed. A second value of an output at the same time is a replicate.
        value : float or array_like
            One for each output; NaN: nothing was seen, the filter stops there all the same.
        censor : int or array_like
            -1: the value lies below; 1: above.

        Returns
        -------
        Estimate
            Of the rows of this instant on, at the latest time.

        Raises
        ------
        InputError
            ``estimation.unknown-output``, ``estimation.unsorted`` (before the start),
            ``estimation.not-finite``, ``estimation.no-logarithm``, ``estimation.bad-censor``.
        ComputationError
            The filter failed; it stands as it did before.
        """
        names = (output,) if isinstance(output, str) else tuple(output)
        history = self._history
        row = history.observation(time, names, value, censor)
        rows, first = history.rows.inserted(*row)
        history.run(rows, first)
        return history.estimate(first)

    def replan(self, plan: Given) -> Estimate:
        """Another plan: doses that were given meanwhile, or corrected.

        Everything from the first difference between the plans on is run again.

        Parameters
        ----------
        plan : Plan or Schedule
            The whole of it, from the start on.
        """
        self._history.replan(plan)
        return self.estimate()

    def forecast(self, times: ArrayLike) -> Estimate:
        """Moments and forecasts of all outputs at later times, without changing the filter.

        Parameters
        ----------
        times : array_like, shape (T,)
            None before the latest observation.
        """
        return self._history.forecast(np.atleast_1d(np.asarray(times, dtype=float)))

    def estimate(self) -> Estimate:
        """All rows so far, as `filter` gives them."""
        return self._history.estimate(0)

    @property
    def time(self) -> float:
        """The time of the latest row; the start where there is none."""
        return self._history.time

    @property
    def mean(self) -> Array:
        """Of z at ``time``, shape (n,)."""
        return self._history.latest[0]

    @property
    def cov(self) -> Array:
        """Of z at ``time``, shape (n, n)."""
        return self._history.latest[1]

    @property
    def loglike(self) -> float:
        """ln p of all observations so far."""
        return self._history.loglike

    @property
    def names(self) -> tuple[str, ...]:
        """Names of z."""
        return self._history.problem.space.names

    def save(self, file: str | Path | IO[bytes] | None = None) -> dict[str, NDArray[Any]]:
        """The filter as plain arrays.

        Parameters
        ----------
        file : path or binary file, optional
            Where they are written to as ``.npz``, without pickle.

        Returns
        -------
        dict of str to ndarray
        """
        arrays = archive.pack(self._history)
        if file is not None:
            np.savez(file, allow_pickle=False, **arrays)
        return arrays

    @classmethod
    def load(cls, source: str | Path | IO[bytes] | Mapping[str, NDArray[Any]]) -> Filter:
        """A filter as it was saved; it goes on with the same bits.

        Parameters
        ----------
        source : path, binary file or mapping
            What `save` wrote or returned.

        Raises
        ------
        InputError
            ``estimation.bad-file``: not such a file, or arrays that do not fit together.
        """
        found = cls.__new__(cls)
        found._history = archive.unpack(source)
        return found

    def __len__(self) -> int:
        return len(self._history.rows.times)

    def __str__(self) -> str:
        return str(self.estimate())
