"""Model: organs wired together, as the core holds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin import _core
from pytwin.errors import InputError
from pytwin.model import describe, records, simulation
from pytwin.model.events import EventTable, read_events
from pytwin.model.linear import Linear
from pytwin.model.result import Result
from pytwin.model.rows import Values, read_rows
from pytwin.model.steady import Returning

Array = NDArray[np.float64]
Field = dict[str, Any]


def models(*, problems: bool = False) -> tuple[str, ...]:
    """Names of the models that are built in.

    Parameters
    ----------
    problems : bool
        Add the test problems of the integrators, such as Robertson's.
    """
    names = _core.model_names()
    return names if problems else tuple(name for name in names if not _core.Model(name).problem)


class Model(Returning, Linear):
    """A built-in model: its sheet, its equations on arrays and its simulation.

    Parameters
    ----------
    name : str
        One of :func:`models`, for example ``"hamberg2010"``.

    Raises
    ------
    InputError
        ``model.unknown`` when there is no such model.

    Examples
    --------
    >>> plan = Plan("5 mg daily").dose("warfarin", 5, "mg", every="24 h", until="30 d")
    >>> Model("hamberg2010").simulate([0, 240, 720], plan, {"CL": 0.3})["INR"].round(2)
    array([1.  , 2.02, 2.11])
    """

    def __init__(self, name: str) -> None:
        if name not in _core.model_names():
            hint = f"There is {', '.join(models())}"
            raise InputError("model.unknown", "there is no model of this name", place=str(name), hint=hint)
        self._core = _core.Model(name)

    name = property(lambda self: str(self._core.name), doc="How the model is called.")
    title = property(lambda self: str(self._core.title), doc="One line.")
    citation = property(lambda self: str(self._core.citation), doc="Where the model was published.")
    equations = property(lambda self: str(self._core.equations), doc="The equations as text.")
    time_unit = property(lambda self: str(self._core.time_unit), doc="Unit of the model's time: h, min, d.")
    problem = property(lambda self: bool(self._core.problem), doc="A test problem of the integrators.")
    noise = property(lambda self: bool(self._core.noise), doc="Whether it is a stochastic equation.")

    @property
    def organs(self) -> tuple[Field, ...]:
        """The organs: dicts with name, title, citation, equations."""
        return self._core.organs

    @property
    def states(self) -> tuple[Field, ...]:
        """The states: dicts with name, unit, doc, value (initial), lower, upper."""
        return self._core.states

    @property
    def params(self) -> tuple[Field, ...]:
        """The parameters: dicts with name, unit, doc, value (default), lower, upper."""
        return self._core.params

    @property
    def outputs(self) -> tuple[Field, ...]:
        """The outputs: dicts with name, unit, doc, value, lower, upper."""
        return self._core.outputs

    @property
    def doses(self) -> tuple[Field, ...]:
        """Where doses enter: dicts with drug, route, unit, state, factor; and bioavailability, lag, duration,
        rate, each the index of a parameter, or -1 for none.
        """
        return self._core.doses

    @property
    def events(self) -> tuple[Field, ...]:
        """Jumps of the states that a plan can ask for by name: dicts with name, doc."""
        return self._core.events

    @property
    def triggers(self) -> tuple[Field, ...]:
        """Events that the model's own outputs call: dicts with output, direction, threshold, event."""
        return self._core.triggers

    @property
    def delays(self) -> tuple[dict[str, int], ...]:
        """Pure delays: dicts with state and param (indices); that state is also seen so much earlier."""
        return self._core.delays

    @property
    def mass(self) -> tuple[float, ...] | None:
        """M of M dx/dt = f(x), a number a state; 0 is an algebraic state, 0 = f. None: all 1."""
        return self._core.mass

    @property
    def core(self) -> _core.Model:
        """The core's own object, for functions that take arrays only."""
        return self._core

    def rows(self, values: Values = None, *, of: Literal["params", "states"] = "params") -> Array:
        """Parameters or states as rows.

        Parameters
        ----------
        values : array_like, mapping or None
            ``(n,)`` or ``(B, n)`` in the order of the sheet; or by name, each a number or ``(B,)``. What a
            mapping does not name keeps the sheet's value.

        Returns
        -------
        ndarray, shape (n,) or (B, n)
        """
        return read_rows(values, getattr(self, of), of)

    def simulate(
        self,
        times: ArrayLike | str,
        plan: simulation.Plans = None,
        params: Values = None,
        x0: Values = None,
        *,
        start: float = 0.0,
        outputs: Sequence[str] | None = None,
        states: bool | Sequence[str] = False,
        time_unit: str | None = None,
        method: str = "auto",
        step: float | str | None = None,
        rtol: float = 1e-9,
        atol: float | ArrayLike | Mapping[str, float] = 1e-11,
        max_steps: int = 100_000,
        history: int = 0,
        sensitivities: Sequence[str] | bool = False,
        sensitivity_error: bool = True,
        draws: int | None = None,
        seed: int = 0,
        refine: int = 0,
        threads: int = 1,
        errors: Literal["raise", "status"] = "raise",
        progress: Callable[[float], object] | None = None,
    ) -> Result:
        """Simulate one subject or a batch under one plan or several.

        Parameters
        ----------
        times : array_like, shape (T,), or str
            When outputs are wanted: in ``time_unit``, ascending, none before ``start``. A text such as
            ``"30 d"`` stands for 241 even times from ``start`` on.
        plan : Plan, Schedule, array of _core.PLAN_DTYPE, a sequence of these, or None
            What is given; several plans are each simulated for every subject. A Plan's numbers are hours,
            whatever the model's unit of time.
        params, x0 : array_like, mapping or None
            See :meth:`rows`. ``x0`` None: the model's states at rest.
        start : float
            The time of ``x0``, in ``time_unit``.
        outputs : sequence of str, optional
            Names of the outputs wanted; None: all.
        states : bool or sequence of str
            Names of states wanted as well, or True for all.
        time_unit : {"s", "min", "h", "d", "wk"}, optional
            Unit of ``times``, ``start``, ``step`` and of the Result's times; None: the model's own.
        method : str
            ``"auto"`` (Dormand-Prince, and Rosenbrock where it turns out stiff), ``"dopri5"``, ``"rodas"``;
            with a fixed ``step`` ``"rk4"``, ``"heun"``, ``"euler"``; for models with noise
            ``"euler-maruyama"``, ``"srk"``. Declared linear parts are exact under the first two.
        step : float or str, optional
            Step of a method that has a fixed one: a number in ``time_unit``, or a text such as ``"5 min"``.
            With it ``"dopri5"`` takes its formula of order 5 with that step, without control of the error.
        rtol, atol : float
            Relative and absolute tolerance of a step; ``atol`` also as an array (n_state,) or by name of
            the state, in its unit. The defaults hold INR of both Hamberg models to 1e-8.
        max_steps : int
            Steps that a lane may take between two events.
        history : int
            Steps that a lane keeps for the delays of its model, 16 bytes and 40 for each delay; 0: 1024.
        sensitivities : bool or sequence of str
            Parameters, and initial states as ``"x0.NAME"``, to which exact derivatives of outputs and states
            are wanted; True: all parameters. They come in the same pass, with the linear part stepped like
            the rest, under every method without noise. With a ``step`` they are the derivative of the
            method's formula itself, so that of the discrete-time model which ``"euler"`` is.
        sensitivity_error : bool
            Whether the steps hold the error of the sensitivities, too, within the tolerances. Without it they
            are the derivative of the solution with its own steps: quicker, and poor behind a kink of the
            model's rates.
        draws : int, optional
            Paths of the noise for each subject and plan, under a method with noise; None: one, and no axis.
        seed : int
            Of the noise. A path depends on the seed, the subject's row and the draw alone, so plans are
            compared on the same paths.
        refine : int
            Halves the steps of a method with noise so many times, on the same paths: their distance from the
            run before tells the error.
        threads : int
            The result doesn't depend on it.
        errors : {"raise", "status"}
            Whether a lane that fails raises, or is left with its status, the time and NaN from there on.
        progress : callable, optional
            Called with the share done, 0 to 1.

        Returns
        -------
        Result
            ``y`` has shape (T, m), with (P,) for a sequence of plans, (B,) for a batch and (D,) for draws in
            front, in this order.

        Raises
        ------
        InputError
            Shapes, names, times, units or plans that do not fit, numbers that are not finite; names the row
            and the column.
        ComputationError
            A lane failed and ``errors`` is "raise"; names the subject, the plan and the time.
        """
        others = {"history": history, "threads": threads, "progress": progress}
        clock, settings = self._settings(time_unit, method, step, rtol, atol, max_steps, others)
        settings |= {"seed": seed, "refine": refine}
        instants = simulation.instants(times, start, clock)
        lanes = simulation.lanes(self, params, x0, strict=errors == "raise")
        end = instants[-1] if instants.size else start
        lanes = simulation.with_plans(self, lanes, plan, clock.hours(end))
        lanes = simulation.with_draws(lanes, draws, method)
        wanted = simulation.wanted(self, outputs, states)
        along = simulation.directions(self, sensitivities)
        settings["sensitivity_error"] = bool(along) and sensitivity_error
        found = simulation.run(self, lanes, clock, instants, start, wanted, along, settings)
        if errors == "raise":
            found.raise_for_status()
        return found

    def simulate_events(
        self,
        events: Any,
        params: Values = None,
        x0: Values = None,
        *,
        cmt: Mapping[Any, Any] | None = None,
        carry: records.Carry = "next",
        outputs: Sequence[str] | None = None,
        states: bool | Sequence[str] = False,
        time_unit: str | None = None,
        method: str = "auto",
        step: float | str | None = None,
        rtol: float = 1e-9,
        atol: float | ArrayLike | Mapping[str, float] = 1e-11,
        max_steps: int = 100_000,
        history: int = 0,
        threads: int = 1,
        errors: Literal["raise", "status"] = "raise",
        progress: Callable[[float], object] | None = None,
    ) -> records.RecordResult:
        """Simulate subjects with records of their own, as pharmacometricians write them.

        Parameters
        ----------
        events : EventTable or data frame
            Records in rows (see :func:`pytwin.read_events`). Each subject begins with its first row; columns
            named like parameters of the model set them. Rows act in the order of the table; an additional or
            lagged dose acts before the rows at its instant.
        params, x0 : array_like, mapping or None
            One row for all or a row for each subject; see :meth:`rows`.
        cmt : mapping, optional
            Compartments of the table by name or number of the model's: ``{1: "oral", "central": 2}``. A
            number is that of a state from 1 on; a name that of a state, a route or a drug.
        carry : {"next", "last", "linear"}
            What governs between two rows: the parameters of the next row (NONMEM's way), of the last one, or
            a straight line between them.
        outputs, states, time_unit, method, step, rtol, atol, max_steps, history, threads, errors, progress
            As in :meth:`simulate`; ``time_unit`` is that of the table's TIME.

        Returns
        -------
        RecordResult
            ``y`` has shape (R, m), the rows of the table.

        Raises
        ------
        InputError
            Names, units or records that do not fit; names the row and the column.
        ComputationError
            A subject failed and ``errors`` is "raise".
        """
        others = {"history": history, "threads": threads, "progress": progress}
        clock, settings = self._settings(time_unit, method, step, rtol, atol, max_steps, others)
        table = events if isinstance(events, EventTable) else read_events(events)
        lanes = simulation.lanes(self, params, x0, strict=errors == "raise")
        wanted = simulation.wanted(self, outputs, states)
        found = records.follow(self, table, lanes, clock, wanted, cmt, carry, settings)
        if errors == "raise":
            found.raise_for_status()
        return found

    def _settings(
        self,
        time_unit: str | None,
        method: str,
        step: float | str | None,
        rtol: float,
        atol: float | ArrayLike | Mapping[str, float],
        max_steps: int,
        others: dict[str, Any],
    ) -> tuple[simulation.Clock, dict[str, Any]]:
        clock = simulation.Clock(self.time_unit, time_unit or self.time_unit)
        return clock, others | simulation.options(self, clock, method, step, rtol, atol, max_steps)

    def describe(self) -> str:
        """The model as text: equations, states, parameters, outputs, doses, events, citation."""
        return describe.text(self)

    def __repr__(self) -> str:
        return f"Model({self.name!r})"

    def __reduce__(self) -> tuple[type[Model], tuple[str]]:
        return Model, (self.name,)

    def _repr_html_(self) -> str:
        return describe.html(self)
