"""A closed loop: patients, their meals, a sensor, a controller and a pump, minute by minute."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin import _core
from pytwin.errors import ComputationError, InputError
from pytwin.glucose.control import Controller
from pytwin.glucose.meals import EATING_RATE, When, bites, port, schedule
from pytwin.glucose.patients import Patients
from pytwin.glucose.pump import Pump
from pytwin.glucose.sensor import Sensor
from pytwin.model import Model
from pytwin.model.actions import Actions, ordered
from pytwin.model.duration import hours

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, repr=False)
class Loop:
    """What happened in a closed loop, for B patients over T minutes.

    Attributes
    ----------
    minutes : ndarray, shape (T + 1,)
        From the start.
    glucose : ndarray, shape (B, T + 1)
        Under the skin, mg/dL.
    readings : ndarray, shape (B, T + 1)
        Of the sensor, held between its samples, mg/dL.
    eaten : ndarray, shape (T,)
        Carbohydrate eaten in each minute, g.
    announced : ndarray, shape (T,)
        Carbohydrate of the meals that begin in each minute, g.
    insulin : ndarray, shape (B, T)
        Delivered in each minute, U.
    x : ndarray, shape (B, T + 1, n_state)
        All states.
    actions : ndarray of _core.PLAN_DTYPE, shape (B, n)
        What was eaten and delivered, as schedules that repeat the run without the loop.
    """

    patients: Patients
    minutes: Array
    glucose: Array
    readings: Array
    eaten: Array
    announced: Array
    insulin: Array
    x: Array
    actions: Actions

    def __repr__(self) -> str:
        return f"Loop({self.patients!r}, {self.minutes[-1] / 60:g} h)"


def run_loop(
    patients: Patients,
    meals: Iterable[tuple[When, float]],
    controller: Controller,
    pump: Pump,
    sensor: Sensor,
    *,
    length: When = "24 h",
    seed: int = 0,
    errors: ArrayLike | None = None,
    eating_rate: float = EATING_RATE,
    rtol: float = 1e-6,
    atol: float = 1e-9,
    threads: int = 1,
) -> Loop:
    """Run patients of the UVA/Padova model in a closed loop.

    In each period of the sensor: the controller sees the mean reading of the last period and the meals
    announced in it; the pump delivers the basal rate, and the bolus evenly, over the period. Meals are eaten
    in steps of a minute.

    Parameters
    ----------
    patients : Patients
    meals : iterable of (time, g)
        The same for all; times in hours or as texts, on whole minutes.
    controller : Controller
    pump : Pump
    sensor : Sensor
    length : str or float
        How long, a multiple of the sensor's period.
    seed : int
        Of the sensor's errors.
    errors : array_like, shape (n,) or (B, n), optional
        The sensor's errors themselves, mg/dL, one a sample from the start on.
    rtol, atol : float
        Tolerances of the integrator.

    Raises
    ------
    InputError
        ``glucose.bad-loop``.
    ComputationError
        A patient could not be integrated.
    """
    model, period, n = (
        Model(patients.model),
        round(sensor.period),
        round(60.0 * hours(length, place="length")),
    )
    if n % period or period != sensor.period:
        message = "the length must be a multiple of the sensor's period, and that whole minutes"
        raise InputError("glucose.bad-loop", message, place="length")
    meals = list(meals)
    samples = n // period + 1
    noise = sensor.errors(samples, seed, np.arange(len(patients))) if errors is None else np.asarray(errors)
    if noise.shape[-1] < samples:
        message = f"{noise.shape[-1]} errors for {samples} samples"
        raise InputError("glucose.bad-loop", message, place="errors")
    run = _Run(model, patients, schedule(model, meals, eating_rate=eating_rate), n)
    run.announced, run.eaten = _by_minute(meals, eating_rate, n)
    options = {"rtol": rtol, "atol": atol, "threads": threads}
    run.read(0, sensor, noise[..., 0])
    for k in range(0, n, period):
        wanted = controller.decide(*run.seen(k, period), float(period))
        run.deliver(k, period, pump.basal(wanted.basal) / 60.0 + pump.bolus(wanted.bolus) / period, options)
        run.read(k + period, sensor, noise[..., k // period + 1])
    return run.loop()


def _by_minute(meals: list[tuple[When, float]], rate: float, n: int) -> tuple[Array, Array]:
    """Announced and eaten, g in each of n minutes."""
    announced, eaten = np.zeros(n), np.zeros(n)
    for time, grams in meals:
        minute = 60.0 * hours(time, place="meals")
        if abs(minute - round(minute)) > 1e-6:
            raise InputError("glucose.bad-loop", "meals of a loop begin on whole minutes", place="meals")
        if round(minute) < n:
            announced[round(minute)] += grams
    for bite in bites(meals, rate):
        if round(bite.minute) < n:
            eaten[round(bite.minute)] += bite.grams
    return announced, eaten


class _Run:
    """A loop under way."""

    def __init__(self, model: Model, patients: Patients, food: Actions, n: int) -> None:
        size, states = len(patients), [s["name"] for s in model.states]
        self.model, self.patients, self.food = model, patients, food
        self.x = np.empty((size, n + 1, len(states)))
        self.x[:, 0] = patients.x0
        self.readings = np.empty((size, n + 1))
        self.insulin = np.empty((size, n))
        self.announced = self.eaten = np.zeros(n)
        self.given: list[Actions] = []
        self._running = np.zeros(size)
        self._per_volume = 1.0 / patients.params[:, [f["name"] for f in model.params].index("Vg")]
        self._skin, self._port = states.index("Gsc"), port(model, "insulin")
        first = len(model.outputs)
        self._outputs = np.arange(first, first + len(states), dtype=np.int32)

    def glucose(self, minutes: Any) -> Array:
        return np.asarray(self.x[:, minutes, self._skin].T * self._per_volume).T

    def read(self, minute: int, sensor: Sensor, error: Array) -> None:
        """A sample of the sensor, held until the next."""
        shown = sensor.read(self.glucose(minute), error)
        self.readings[:, minute : minute + round(sensor.period)] = shown[:, None]

    def seen(self, minute: int, period: int) -> tuple[Array, Array]:
        """What the controller knows at a minute: the mean reading and the meals of the last period."""
        if minute == 0:
            return self.readings[:, 0], np.zeros(len(self.patients))
        announced = np.sum(self.announced[minute - period : minute])
        return self.readings[:, minute - period + 1 : minute + 1].mean(
            axis=1
        ), announced + 0.0 * self._running

    def deliver(self, minute: int, period: int, rate: Array, options: dict[str, Any]) -> None:
        """The period from a minute on, with insulin at rate (B,) U/min."""
        size, end = len(self.patients), minute + period
        actions = self._change(float(minute), rate)
        food = self.food[self.food["time"] < end]
        plans = np.concatenate([ordered(np.append(food, start)) for start in actions[:, 1]])
        who, offsets = np.arange(size), np.arange(size + 1) * (len(food) + 1)
        found = self.model.core.simulate(
            self.patients.params, self.x[:, minute], float(minute), plans, offsets,
            np.arange(minute + 1.0, end + 1.0), who, who, self._outputs, **options,
        )  # fmt: skip
        if found["status"].any():
            name = self.patients.names[int(np.flatnonzero(found["status"])[0])]
            message = "a patient of the loop could not be integrated"
            raise ComputationError("glucose.loop-failed", message, place=f"{name}, from minute {minute}")
        self.x[:, minute + 1 : end + 1] = found["y"]
        self.insulin[:, minute:end] = rate[:, None]
        self.given.append(actions)

    def _change(self, minute: float, rate: Array) -> Actions:
        """(B, 2): the end of the last rate and the start of the next."""
        actions: Actions = np.zeros((rate.size, 2), dtype=_core.PLAN_DTYPE)
        actions["time"], actions["index"] = minute, self._port
        actions["kind"] = _core.ACTION_INFUSION_OFF, _core.ACTION_INFUSION_ON
        actions["value"] = np.stack([self._running, rate], axis=1)
        self._running = rate
        return actions

    def loop(self) -> Loop:
        n = self.insulin.shape[1]
        insulin = np.concatenate(self.given, axis=1)[:, 1:]  # nothing runs before the first
        food = self.food[self.food["time"] < n]
        return Loop(
            patients=self.patients,
            minutes=np.arange(n + 1.0),
            glucose=self.glucose(slice(None)),
            readings=self.readings,
            eaten=self.eaten,
            announced=self.announced,
            insulin=self.insulin,
            x=self.x,
            actions=np.stack([ordered(np.concatenate([food, own])) for own in insulin]),
        )
