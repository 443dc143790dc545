"""Simulation: draws of a twin under plans, in one call of the core."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.errors import ComputationError, InputError
from pytwin.model.actions import Actions, offsets, ordered
from pytwin.model.duration import hours
from pytwin.model.plan import Plan
from pytwin.model.population import from_scale
from pytwin.twin.tolerance import ATOL, RTOL

Array = NDArray[np.float64]
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
# Hours between simulated points where only a horizon is given.
STEP_HOURS = 24.0


@dataclass(frozen=True)
class Draws:
    """Patients that the twin could be.

    Attributes
    ----------
    x0 : ndarray, shape (n, n_state)
    params : ndarray, shape (n, n_param)
        Natural scale, interacting drugs of the twin's time included.
    theta : ndarray, shape (n, n_theta)
        Natural scale.
    component : ndarray of int, shape (n,)
    clipped : int
        How many states lay outside the model's bounds and were put on them.
    """

    x0: Array
    params: Array
    theta: Array
    component: NDArray[np.intp]
    clipped: int

    def __len__(self) -> int:
        return len(self.x0)


@dataclass(frozen=True)
class Simulation:
    """Trajectories of draws under plans, without measurement error.

    Attributes
    ----------
    times : ndarray, shape (T,)
        Hours from the twin's time.
    outputs : dict of str to ndarray, shape (plans, draws, T)
    plans : tuple of Plan
    """

    times: Array
    outputs: dict[str, Array]
    plans: tuple[Plan, ...]

    def quantiles(self, output: str, levels: Sequence[float] = QUANTILES) -> Array:
        """Quantiles over draws, shape (plans, levels, T)."""
        return np.asarray(np.moveaxis(np.quantile(self.outputs[output], levels, axis=1), 0, 1))


def to_draws(twin: Any, z: Array, component: NDArray[np.intp]) -> Draws:
    """Draws of z = [states, theta] as states and parameters."""
    population = twin.population
    nx = z.shape[1] - len(population.theta)
    states = population.model.states
    x0 = np.clip(z[:, :nx], [s["lower"] for s in states], [s["upper"] for s in states])
    clipped = int(np.count_nonzero(x0 != z[:, :nx]))
    theta = from_scale(z[:, nx:], population.scales)
    params = twin.components.params[component].copy()
    params[:, population.theta_columns()] = theta
    return Draws(x0, params * twin.factors(), theta, component, clipped)


def output_times(horizon: str | float | None, times: Sequence[float] | None) -> Array:
    """The hours asked for, 0 first where only a horizon is given."""
    if (horizon is None) == (times is None):
        raise InputError("twin.bad-times", "give either a horizon or times", place="simulate")
    if times is not None:
        wanted = np.asarray(times, dtype=np.float64)
        if wanted.ndim != 1 or not wanted.size or wanted[0] < 0 or (np.diff(wanted) <= 0).any():
            raise InputError("twin.bad-times", "times must ascend and not be negative", place="simulate")
        return wanted
    end = hours(horizon or 0.0, place="horizon")
    if end <= 0:
        raise InputError("twin.bad-horizon", "the horizon must be longer than 0", place="horizon")
    return np.append(np.arange(0.0, end, STEP_HOURS), end)


def simulate_plans(
    twin: Any, draws: Draws, plans: Sequence[Plan], times: Array, outputs: Sequence[str], *, threads: int = 1
) -> Simulation:
    """Every plan for every draw: common random numbers, one call of the core.

    Plans start when the next dose is due; doses of the record at the twin's very instant are given first.
    """
    model = twin.population.model
    names = [o["name"] for o in model.outputs]
    unknown = [o for o in outputs if o not in names]
    if unknown:
        raise InputError("twin.unknown-output", "the model has no such output", place=unknown[0])
    actions = [plan_actions(twin, p, float(times[-1])) for p in plans]
    n, size = len(draws), len(plans)
    result = model.simulate(
        draws.params,
        draws.x0,
        0.0,
        np.concatenate(actions),
        offsets(len(a) for a in actions),
        times,
        np.tile(np.arange(n, dtype=np.int64), size),
        np.repeat(np.arange(size, dtype=np.int64), n),
        np.array([names.index(o) for o in outputs], dtype=np.int32),
        rtol=RTOL,
        atol=ATOL,
        threads=threads,
    )
    failed = np.flatnonzero(np.asarray(result["status"]))
    if failed.size:
        raise ComputationError("core.simulate", "a simulated trajectory failed", place=f"{failed.size} lanes")
    y = np.asarray(result["y"]).reshape(size, n, times.size, len(outputs))
    found = {o: np.ascontiguousarray(y[..., i]) for i, o in enumerate(outputs)}
    return Simulation(times, found, tuple(plans))


def plan_actions(twin: Any, plan: Plan, end: float) -> Actions:
    """A plan's actions from the twin's time on, with what the record still holds for later."""
    # The last point is read before the doses of its instant, so doses at `end` need not be there.
    own = plan.actions(twin.population.model, end, delay=twin.next_dose_delay)
    pending = twin.pending_actions()
    both = np.concatenate([pending[pending["time"] < end], own])
    return ordered(both)
