"""Experiments of the ensemble methods with a truth that the model itself makes, and their plain twins."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin import _core
from pytwin.model import Model
from pytwin.reference import nonlinear_ensemble as plain

Array = NDArray[np.float64]
RK4 = 3  # pt_method in csrc/ode/ode.h


@dataclass(frozen=True)
class Experiment:
    """A model whose states are all observed, and a truth that begins like the members.

    Attributes
    ----------
    model : str
        Its outputs are its states.
    start : array (n)
        Mean at time 0; ``variance`` is that of each state, of the truth and of the members.
    step : float
        Of the classical method of Runge and Kutta; ``every`` steps lie between two observations.
    error : float
        Variance of the error of each observation.
    burn_in : float
        Errors are averaged over analyses later than this.
    """

    model: str
    start: Array
    variance: float
    step: float
    every: int
    error: float
    burn_in: float

    def times(self, count: int) -> Array:
        """Times of the observations."""
        times: Array = self.step * self.every * np.arange(1.0, count + 1.0)
        return times

    def truth(self, seeds: NDArray[Any], count: int) -> tuple[Array, Array]:
        """True states and observations, both (seeds, count, n); each seed has its own."""
        n = self.start.size
        z = _core.normals(1, _core.PURPOSE["DATASET"], seeds, 1, n * (1 + count))[:, 0]
        x0 = self.start + np.sqrt(self.variance) * z[:, :n]
        x = Model(self.model).simulate(self.times(count), x0=x0, method="rk4", step=self.step).y
        states = np.asarray(x).reshape(len(seeds), count, n)
        return states, states + np.sqrt(self.error) * z[:, n:].reshape(states.shape)

    def filter(self, y: Array, numbers: NDArray[Any], **options: Any) -> dict[str, Any]:
        """``_core.nonlinear`` over observations (seeds, count, n); ``numbers`` name the random numbers."""
        batch, count, n = y.shape
        rows, params = y.size, Model(self.model).rows()
        times = self.times(count)
        call: dict[str, Any] = {
            "mean": np.tile(self.start, (batch, 1)),
            "cov": np.tile(self.variance * np.eye(n), (batch, 1, 1)),
            "params": np.tile(params, (batch, 1)),
            "Q": np.zeros((batch, n, n)),
            "start": np.zeros(batch),
            "end": np.full(batch, times[-1]),
            "patient": numbers,
            "actions": np.zeros(0, _core.PLAN_DTYPE),
            "action_offsets": np.zeros(batch + 1, dtype=np.int64),
            "obs_time": np.tile(np.repeat(times, n), batch),
            "obs_output": np.tile(np.arange(n, dtype=np.int32), batch * count),
            "obs_value": y.ravel(),
            "obs_noise": np.zeros(rows, dtype=np.int8),
            "obs_a": np.full(rows, np.sqrt(self.error)),
            "obs_b": np.zeros(rows),
            "obs_censor": np.zeros(rows, dtype=np.int8),
            "obs_offsets": np.arange(batch + 1) * count * n,
            "ode_method": RK4,
            "step": self.step,
        }
        none = np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int8)
        found: dict[str, Any] = _core.nonlinear(_core.Model(self.model), *none, **(call | options))
        return found

    def error_of(self, seeds: NDArray[Any], count: int, **options: Any) -> Array:
        """Time average of the root mean square error of the analyses, one a seed."""
        x, y = self.truth(seeds, count)
        found = self.filter(y, seeds, trace=2, **options)["filtered_mean"]
        means = found.reshape(*x.shape, x.shape[2])[:, :, -1]
        late = self.times(count) > self.burn_in
        mean: Array = np.sqrt(np.mean((means - x) ** 2, axis=2))[:, late].mean(axis=1)
        return mean


LORENZ96 = Experiment("lorenz96", np.eye(40)[0], 0.001, 0.05, 1, 1.0, 20.0)
LORENZ63 = Experiment("lorenz", np.array([1.509, -1.531, 25.46]), 2.0, 0.01, 25, 2.0, 16.0)
RING = {"period": 40.0, "positions": np.tile(np.arange(40.0), 2)}


# ---- the same with the plain twin, from the same random numbers ----


def variates(seed: int, purpose: str, patient: int, draw: int, members: int, n: int) -> Array:
    """Normals (members, n) as the core draws them.

    Number j of member i is number j % 2 of the block with step (j // 2) members + i.
    """
    half = (n + 1) // 2
    ids = np.array([patient])
    z = _core.normals(seed, _core.PURPOSE[purpose], ids, draw + 1, 2 * half * members)[0, draw]
    rows: Array = z.reshape(half, members, 2).transpose(1, 0, 2).reshape(members, 2 * half)[:, :n]
    return rows


@dataclass
class Plain:
    """One series by the plain twin."""

    experiment: Experiment
    method: str
    members: int
    inflation: float = 1.0
    rotate: bool = False
    radius: float = 0.0
    seed: int = 0
    patient: int = 0
    means: list[Array] = field(default_factory=list)
    steps: list[tuple[Array, Array]] = field(default_factory=list)

    def run(self, y: Array) -> Array:
        """Members after the last of the observations (count, n); ``means`` are those of the analyses."""
        e = self.experiment
        n = e.start.size
        E: Array = e.start + np.sqrt(e.variance) * self.draw("ENSEMBLE", 0, n)
        for k, seen in enumerate(y):
            begin = E
            for _ in range(e.every):
                E = plain.rk4(plain.lorenz96 if n == 40 else lorenz63, E, e.step)
            self.steps.append((begin, E))
            E = self.analysis(E, seen, 2 * k + 1)
            self.means.append(E.mean(axis=0))
            turn = self.draw("ROTATION", 2 * k + 1, self.members - 1)[:-1] if self.rotate else None
            E = plain.finish(E, self.inflation, None if turn is None else plain.rotation(square(turn)))
        return E

    def smooth(self, last: Array) -> list[Array]:
        """Members after each of the observations, given all; ``last`` are those of `run`."""
        found = [last]
        for start, end in self.steps[:0:-1]:
            found.append(plain.back(start, end, found[-1]))
        return found[::-1]

    def draw(self, purpose: str, draw: int, n: int) -> Array:
        """Normals (members, n)."""
        return variates(self.seed, purpose, self.patient, draw, self.members, n)

    def analysis(self, E: Array, y: Array, draw: int) -> Array:
        """Members given the observations of one instant."""
        R = np.full(y.size, self.experiment.error)
        if self.method == "enkf":
            moved = plain.perturbed(E, E, y, R, self.draw("MEASUREMENT", draw, y.size))
            return moved
        if self.method == "denkf":
            return plain.half_gain(E, E, y, R)
        if self.method == "etkf":
            return plain.square_root(E, E, y, R)
        at = np.arange(float(y.size))
        return plain.local(E, E, y, R, plain.taper(plain.distance(at, at, float(y.size)), self.radius))


def square(normals: Array) -> Array:
    """Row k holds number k of each member, without the last member."""
    rows: Array = normals.T
    return rows


def lorenz63(x: Array) -> Array:
    """Derivatives over the last axis, with the parameters of 1963."""
    a, b, c = x[..., 0], x[..., 1], x[..., 2]
    rates: Array = np.stack([10 * (b - a), a * (28 - c) - b, a * b - 8 / 3 * c], axis=-1)
    return rates
