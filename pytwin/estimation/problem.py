"""A call's arguments, read and checked once: the model, what is estimated, what is given, and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin import _core
from pytwin.errors import InputError
from pytwin.estimation import methods
from pytwin.estimation.data import Data, Flat
from pytwin.estimation.state import Space, Theta, read_bounds, read_moments, read_process_noise, space
from pytwin.model import simulation
from pytwin.model.plan import Plan
from pytwin.model.schedule import Schedule, joined

if TYPE_CHECKING:
    from pytwin.model import Model

__all__ = ["Problem", "read_problem"]

Array = NDArray[np.float64]
Given = Plan | Schedule | None
Plans = Given | Sequence[Given]
RTOL, ATOL = 1e-6, 1e-9  # of a filter's steps, whose moments are no better
_TIGHTEST = 1e-14


@dataclass(frozen=True)
class Problem:
    """What is known before any observation.

    Attributes
    ----------
    model : Model
    space : Space
    mean, cov, Q : ndarray, shapes (1 | N, n), (1 | N, n, n), (1 | N, n, n)
    params : ndarray, shape (1 | N, n_param)
    plans : tuple of Plan, Schedule or None
        One for all, or one for each patient.
    method : str
    arguments : dict
        The core's: the method with its options, and the integrator's.
    bounds : pair of ndarray, shape (n,), or None
        What z is held between.
    """

    model: Model
    space: Space
    mean: Array
    cov: Array
    Q: Array
    params: Array
    plans: tuple[Given, ...]
    method: str
    arguments: dict[str, Any]
    bounds: tuple[Array, Array] | None = None

    @property
    def count(self) -> int:
        """Patients that the arguments speak of; 1 where all is shared."""
        return max(self.sizes)

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many patients each argument speaks of."""
        return len(self.mean), len(self.cov), len(self.Q), len(self.params), len(self.plans)

    def batch(self, flat: Flat, start: Array, end: Array) -> dict[str, Any]:
        """The core's arrays by name for the patients of `flat`."""
        n = len(start)
        schedules = [schedule(self.model, plan, float(end.max(initial=0.0))) for plan in self.plans]
        given = joined(schedules if len(schedules) == n else schedules * n)
        return {
            "theta": self.space.columns,
            "scale": self.space.codes,
            "mean": _rows(self.mean, n),
            "cov": _rows(self.cov, n),
            "params": _rows(self.params, n),
            "Q": _rows(self.Q, n),
            "start": start,
            "end": end,
            "actions": given["actions"],
            "action_offsets": given["offsets"],
            **shifted(given, schedules, n),
            **flat.columns,
            **({} if self.bounds is None else {"lower": self.bounds[0], "upper": self.bounds[1]}),
        }

    def expanded(self, data: Data) -> tuple[Problem, Data]:
        """The same for as many patients as either speaks of.

        Raises
        ------
        InputError
            ``estimation.bad-shape``: numbers of patients that do not fit.
        """
        sizes = {len(data.times), *self.sizes} - {1}
        if len(sizes) > 1:
            message = f"the arguments speak of {' and '.join(map(str, sorted(sizes)))} patients"
            hint = "y, times, x0, P0, Q, params and plan are for one patient, or for each"
            raise InputError("estimation.bad-shape", message, place="patients", hint=hint)
        n = next(iter(sizes), 1)
        if n == len(data.times):
            return self, data
        more: dict[str, Any] = {
            k: np.repeat(getattr(data, k), n, axis=0) for k in ("times", "y", "censor", "lengths")
        }
        return self, replace(data, single=False, **more)


def shifted(given: dict[str, Any], schedules: list[Schedule], n: int) -> dict[str, Any]:
    """Dose records of all schedules end to end, where there are any; actions then name their rows there."""
    if "doses" not in given:
        return {}
    doses = given["doses"]
    each = schedules if len(schedules) == n else schedules * n
    ends = np.cumsum([0, *(len(s.doses) for s in each)])
    rows = np.repeat(ends[:-1], [len(s.actions) for s in each])
    named = given["actions"]["kind"] == _core.ACTION_DOSE
    given["actions"]["index"][named] += rows[named].astype(np.int32)
    return {"doses": doses}


def schedule(model: Model, plan: Given, end: float) -> Schedule:
    """What a plan gives up to a time of the model's.

    Raises
    ------
    InputError
        ``estimation.has-triggers``, ``estimation.no-plan``.
    """
    if plan is None:
        return Schedule()
    if isinstance(plan, Plan):
        clock = simulation.Clock(model.time_unit, model.time_unit)
        plan = plan.schedule(model, np.nextafter(clock.hours(end), np.inf))
    if not isinstance(plan, Schedule):
        message = f"a Plan or a Schedule is needed, not {type(plan).__name__}"
        raise InputError("estimation.no-plan", message, place="plan")
    if len(plan.triggers):
        hint = "Simulate the trigger first and give what it did as doses"
        raise InputError("estimation.has-triggers", "a filter knows no triggers", place="plan", hint=hint)
    return plan


def _each(plan: Any) -> tuple[Given, ...]:
    if not isinstance(plan, Sequence):
        message = f"a Plan or a Schedule is needed, not {type(plan).__name__}"
        raise InputError("estimation.no-plan", message, place="plan")
    return tuple(plan)


def _rows(a: Array, n: int) -> Array:
    return np.ascontiguousarray(np.broadcast_to(a, (n, *a.shape[1:])))


def read_problem(
    model: Model,
    *,
    x0: ArrayLike,
    P0: ArrayLike,
    theta: Theta = None,
    params: Any = None,
    plan: Plans = None,
    Q: Any = None,
    bounds: Any = None,
    method: str = "ukf",
    ode: Mapping[str, Any] | None = None,
    smoothing: bool = False,
    options: Mapping[str, Any] | None = None,
) -> Problem:
    """Everything but the observations, checked; see `filter` for the arguments and errors."""
    where = space(model, theta)
    mean, cov = read_moments(x0, P0, where)
    rows = np.atleast_2d(model.rows(params))
    if not np.isfinite(rows).all():
        raise InputError("estimation.not-finite", "params is not finite", place="params")
    plans = (plan,) if plan is None or isinstance(plan, Plan | Schedule) else _each(plan)
    if not plans:
        raise InputError("estimation.no-plan", "an empty sequence of plans", place="plan")
    chosen = methods.find(method, smoothing=smoothing)
    arguments = chosen.arguments(method, options or {}, len(where.names))
    arguments |= read_ode(model, ode or {})
    noise = read_process_noise(Q, where)
    if smoothing and chosen.core == "particle":
        methods.check_particles_go_back(arguments, where.names, noise)
    _check_delays(model, method, smoothing)
    return Problem(model, where, mean, cov, noise, rows, plans, method, arguments, read_bounds(bounds, where))


def read_ode(model: Model, given: Mapping[str, Any]) -> dict[str, Any]:
    """The core's arguments of the integrator from ``method``, ``step``, ``rtol``, ``atol``, ``max_steps``.

    Raises
    ------
    InputError
        ``estimation.unknown-option``; those of ``Model.simulate``.
    """
    known = {"method": "auto", "step": None, "rtol": RTOL, "atol": ATOL, "max_steps": 100_000}
    for name in given:
        if name not in known:
            hint = f"There are: {', '.join(known)}"
            raise InputError("estimation.unknown-option", "no such option of ode", place=str(name), hint=hint)
    clock = simulation.Clock(model.time_unit, model.time_unit)
    found = simulation.options(model, clock, **{**known, **given})
    if "atols" in found:
        raise InputError("estimation.bad-option", "atol is one number for a filter", place="ode")
    if not found["rtol"] >= _TIGHTEST:
        message = f"rtol is at least {_TIGHTEST:g}"
        raise InputError("estimation.bad-option", message, place="ode")
    return {"ode_method": found.pop("method"), **found}


def _check_delays(model: Model, method: str, smoothing: bool) -> None:
    if not model.delays or (methods.METHODS[method].delays and not smoothing):
        return
    able = ", ".join(name for name, m in methods.METHODS.items() if m.delays)
    what = "no smoother follows" if smoothing else f"{method} does not follow"
    message = f"{model.name} has delays, which {what}"
    raise InputError(
        "estimation.unsupported-model", message, place=model.name, hint=f"These filter it: {able}"
    )
