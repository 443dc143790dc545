"""What the open simulator simglucose does beside the model, so that its published runs can be repeated.

Random numbers are those of its generator (MT19937, NumPy's RandomState). Xie J. Simglucose v0.2.1 (2018).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pytwin import _core
from pytwin.glucose import Pump, Sensor
from pytwin.glucose import pump as pump_named

Array = NDArray[np.float64]
PERIOD = 3  # min

# Breakfast, snack, lunch, snack, dinner, snack: how likely; the earliest, usual and latest hour and the
# deviation in min; the usual amount and its deviation in g.
MEALS = (
    (0.95, 5, 7, 9, 60, 45, 10), (0.3, 9, 9.5, 10, 30, 10, 5), (0.95, 10, 12, 14, 60, 70, 10),
    (0.3, 14, 15, 16, 30, 10, 5), (0.95, 16, 18, 20, 60, 80, 10), (0.3, 20, 21.5, 23, 30, 10, 5),
)  # fmt: skip


def pump(name: str = "Insulet") -> Pump:
    """A pump as the program reads its table: steps in pmol/min, largest values in U/min."""
    own = pump_named(name)
    step, most = own.basal_step / 6000, own.basal_max  # U/min
    return replace(
        own,
        bolus_step=PERIOD * step,
        bolus_max=PERIOD * own.bolus_max,
        basal_step=60 * step,
        basal_max=60 * most,
    )


def errors(sensor: Sensor, seed: int, n: int) -> Array:
    """The errors of n samples; the program draws one before the first that a controller sees."""
    z = np.random.RandomState(seed).randn(sensor.normals_needed(n + 1))
    return sensor.errors_of(z, n + 1)[1:]


def random_meals(seed: int, days: int) -> list[tuple[float, float]]:
    """Meals (h, g) of the random scenario from midnight on; the program draws one day before the first."""
    state = np.random.RandomState(seed)
    _day(state)
    return [(24.0 * day + hour, grams) for day in range(days) for hour, grams in _day(state)]


def _day(state: np.random.RandomState) -> list[tuple[float, float]]:
    meals = []
    for chance, first, usual, last, spread, amount, deviation in MEALS:
        if state.rand() >= chance:
            continue
        low, high = (
            _core.lanes_apply("normcdf", np.array([60 * (h - usual) / spread]))[0] for h in (first, last)
        )
        z = _core.lanes_apply("norminv", np.array([low + state.uniform() * (high - low)]))[0]
        minute = np.round(60 * usual + spread * z)
        meals.append((float(minute) / 60, float(max(np.round(state.normal(amount, deviation)), 0))))
    return meals
