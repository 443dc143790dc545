"""States that come back: at rest under constant infusions, and the periodic orbit of a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin import _core
from pytwin.errors import ComputationError, InputError
from pytwin.model import simulation
from pytwin.model.plan import Plan
from pytwin.model.records import port_of
from pytwin.model.result import status_text
from pytwin.model.schedule import Schedule

if TYPE_CHECKING:
    from pytwin.model.model import Model
    from pytwin.model.rows import Values

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, repr=False)
class SteadyState:
    """States that come back, one for each subject.

    Attributes
    ----------
    x : ndarray, shape (..., n_state)
        The states in the order of ``Model.states``, for ``Model.simulate(x0=...)``; of a periodic orbit at
        its begin, before what is given there. NaN where none was found.
    y : ndarray, shape (..., n_output)
        The outputs there.
    residual : ndarray, shape (...)
        How far from coming back, in tolerances: the last step of Newton's method at rest, a whole period on
        an orbit.
    status : ndarray of int32, shape (...)
        0, or a code of ``_core.STATUS``.
    names : tuple of str
        States, then outputs.
    model : str
    """

    x: Array
    y: Array
    residual: Array
    status: NDArray[np.int32]
    names: tuple[str, ...]
    model: str

    def __getitem__(self, name: str) -> Array:
        """An output or a state by name, shape (...)."""
        n = self.x.shape[-1]
        for names, values in ((self.names[n:], self.y), (self.names[:n], self.x)):
            if name in names:
                return np.asarray(values[..., names.index(name)])
        message = f"there is {', '.join(self.names)}"
        raise InputError("model.unknown-name", message, place=str(name))

    def raise_for_status(self) -> None:
        """Raise ``ComputationError`` for the first subject without such a state."""
        failed = np.flatnonzero(self.status)
        if failed.size:
            code, text = status_text(int(self.status.flat[failed[0]]))
            hint = "Begin elsewhere with x0, hold a state with fixed, or look at the parameters"
            raise ComputationError(code, text, place=f"subject {failed[0]}", hint=hint)

    def __repr__(self) -> str:
        return f"SteadyState({self.model}: {self.status.size} subjects, {', '.join(self.names)})"


def _spread(found: simulation.Lanes, *given: Mapping[str, ArrayLike] | None) -> simulation.Lanes:
    """One subject as many, where rates or held states are given for many."""
    n = max([np.size(v) for values in given for v in (values or {}).values()], default=1)
    if n == 1 or found.axes:
        return found
    states = None if found.x0 is None else np.tile(found.x0, (n, 1))
    return replace(found, params=np.tile(found.params, (n, 1)), x0=states, axes={"subject": tuple(range(n))})


def rates(model: Model, infusions: Mapping[str, ArrayLike] | None, n: int) -> Array:
    """Constant infusions as rows (n, n_dose), an amount a unit of the model's time."""
    found = np.zeros((n, len(model.doses)))
    for name, value in (infusions or {}).items():
        port = port_of(model, name, {})
        if port is None:
            known = ", ".join(f"{d['drug']} {d['route']}" for d in model.doses)
            hint = f"There is {known or 'none'}: name the route or the drug"
            raise InputError(
                "model.no-dose-port", "the model takes no infusion there", place=str(name), hint=hint
            )
        given = np.asarray(value, dtype=np.float64)
        if given.ndim > 1 or (given.ndim and given.size != n) or not (given >= 0).all():
            message = f"a rate is a number of at least 0, or ({n},) of them"
            raise InputError("model.bad-rate", message, place=f"infusions, {name}")
        found[:, port] += given
    return found


def held(model: Model, fixed: Mapping[str, ArrayLike] | None, x0: Array) -> NDArray[np.int8]:
    """Which states keep a value; their values are written into ``x0``."""
    names = [s["name"] for s in model.states]
    mask = np.zeros(len(names), dtype=np.int8)
    for name, value in (fixed or {}).items():
        if name not in names:
            hint = f"There is {', '.join(names)}"
            raise InputError(
                "model.unknown-name", "the model has no such state", place=f"fixed, {name}", hint=hint
            )
        if np.shape(value) not in ((), (len(x0),)) or not np.isfinite(value).all():
            message = f"a number, or ({len(x0)},) of them, is needed"
            raise InputError("model.bad-shape", message, place=f"fixed, {name}")
        mask[names.index(name)] = 1
        x0[:, names.index(name)] = value
    return mask


def within(
    model: Model, plan: Plan | Schedule | NDArray[Any], hours: float, period: float
) -> tuple[Schedule, Array]:
    """The actions of one period, ends beyond it folded back, and what runs at its begin (n_dose,)."""
    given = plan.schedule(model, hours) if isinstance(plan, Plan) else plan
    schedule = given if isinstance(given, Schedule) else Schedule(given)
    actions = np.array(schedule.actions)
    off = actions["kind"] == _core.ACTION_INFUSION_OFF
    if (actions["time"] < 0).any() or (actions["time"][~off] >= period).any():
        message = f"all is given from 0 on and before the period ends, {period:g} {model.time_unit}"
        raise InputError("model.bad-period", message, place="plan")
    turns = np.floor(actions["time"] / period)
    running = np.zeros(len(model.doses))
    np.add.at(running, actions["index"][off], turns[off] * actions["value"][off])
    actions["time"] -= turns * period
    order = np.lexsort((np.arange(len(actions)), actions["kind"], actions["time"]))
    return Schedule(actions[order], schedule.doses, schedule.triggers), running


def _found(model: Model, lanes: simulation.Lanes, arguments: Mapping[str, Any], start: float) -> SteadyState:
    """One call of the core."""
    raw = model.core.steady(lanes.params, start=start, **arguments)
    y = model.core.output(start, raw["x"], lanes.params)
    y[raw["status"] != 0] = np.nan
    lead = tuple(len(labels) for labels in lanes.axes.values())
    return SteadyState(
        x=raw["x"].reshape(*lead, -1),
        y=y.reshape(*lead, -1),
        residual=raw["residual"].reshape(lead),
        status=raw["status"].reshape(lead),
        names=tuple(f["name"] for f in (*model.states, *model.outputs)),
        model=model.name,
    )


class Returning:
    """What a Model says about states that come back."""

    def _model(self) -> Model:
        return cast("Model", self)

    def steady_state(
        self,
        params: Values = None,
        x0: Values = None,
        *,
        infusions: Mapping[str, ArrayLike] | None = None,
        fixed: Mapping[str, ArrayLike] | None = None,
        time: float = 0.0,
        rtol: float = 1e-9,
        atol: float | ArrayLike | Mapping[str, float] = 1e-11,
        threads: int = 1,
        errors: Literal["raise", "status"] = "raise",
    ) -> SteadyState:
        """The state at rest under constant infusions, where nothing changes any more.

        Newton's method with exact derivatives; where that does not come nearer, ever longer stretches of
        time.

        Parameters
        ----------
        params, x0 : array_like, mapping or None
            See :meth:`rows`; the search begins at ``x0`` (None: the model's initial states).
        infusions : mapping, optional
            Rates by drug, route or the name of a state, an amount in the port's unit a unit of the model's
            time: a number, or one for each subject. They enter times the bioavailability.
        fixed : mapping, optional
            States that keep a value; their equations are left out. So a chosen glucose, say, is an input.
        time : float
            For models whose equations know the time.
        rtol, atol : float
            See :meth:`simulate`.
        threads : int
            The result doesn't depend on it.
        errors : {"raise", "status"}
            Whether a subject without such a state raises, or is left with its status.

        Returns
        -------
        SteadyState

        Raises
        ------
        InputError
            Names, shapes or rates that do not fit.
        ComputationError
            ``core.not-converged``, ``core.singular``, where ``errors`` is "raise".
        """
        model = self._model()
        lanes = _spread(simulation.lanes(model, params, x0, strict=errors == "raise"), infusions, fixed)
        n = lanes.params.shape[0]
        begin = model.core.initial(lanes.params) if lanes.x0 is None else np.array(lanes.x0)
        mask = held(model, fixed, begin)
        arguments = {"x0": begin, "fixed": mask, "rate": rates(model, infusions, n)}
        arguments |= simulation.tolerances(model, rtol, atol) | {"threads": threads}
        found = _found(model, lanes, arguments, time)
        if errors == "raise":
            found.raise_for_status()
        return found

    def periodic(
        self,
        plan: Plan | Schedule | NDArray[Any],
        period: float | str,
        params: Values = None,
        x0: Values = None,
        *,
        rtol: float = 1e-9,
        atol: float | ArrayLike | Mapping[str, float] = 1e-11,
        threads: int = 1,
        errors: Literal["raise", "status"] = "raise",
    ) -> SteadyState:
        """The state that comes back after each period of a plan that is repeated for ever.

        Exact in a linear model; otherwise Newton's method on the state after one period, and plain periods
        where that does not come nearer.

        Parameters
        ----------
        plan : Plan, Schedule or array of _core.PLAN_DTYPE
            What is given within one period, from 0 on. Infusions, lags and additional doses may reach over
            its end.
        period : float or str
            In the model's unit of time, or a text such as ``"24 h"``.
        params, x0, rtol, atol, threads, errors
            See :meth:`steady_state`.

        Returns
        -------
        SteadyState
            At the begin of a period, before what is given there.

        Examples
        --------
        >>> daily = Plan("5 mg").dose("warfarin", 5, "mg")
        >>> Model("hamberg2010").periodic(daily, "24 h")["INR"].round(2)
        array(2.11)
        """
        model = self._model()
        clock = simulation.Clock(model.time_unit, model.time_unit)
        length = clock.text(period, "period") if isinstance(period, str) else float(period)
        if not 0 < length < np.inf:
            raise InputError("model.bad-period", "a period is a positive number", place="period")
        lanes = simulation.lanes(model, params, x0, strict=errors == "raise")
        schedule, running = within(model, plan, clock.hours(length), length)
        arguments = {"x0": lanes.x0, "rate": np.tile(running, (lanes.params.shape[0], 1)), "period": length}
        arguments |= {"actions": schedule.actions, "doses": schedule.doses, "threads": threads}
        found = _found(model, lanes, arguments | simulation.tolerances(model, rtol, atol), 0.0)
        if errors == "raise":
            found.raise_for_status()
        return found
