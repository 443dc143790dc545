"""Insulin pumps: what they can deliver of what is asked for."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin.errors import InputError

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pump:
    """Steps and largest values of a pump: boluses in U, basal rates in U/h."""

    name: str
    bolus_step: float
    bolus_max: float
    basal_step: float
    basal_max: float

    def bolus(self, units: ArrayLike) -> Array:
        """The bolus given for one that is asked for, U: to the nearest step, half to even, within limits."""
        return _delivered(units, self.bolus_step, self.bolus_max)

    def basal(self, rate: ArrayLike) -> Array:
        """The basal rate given for one that is asked for, U/h."""
        return _delivered(rate, self.basal_step, self.basal_max)


def _delivered(asked: ArrayLike, step: float, most: float) -> Array:
    return np.clip(np.round(np.asarray(asked, dtype=np.float64) / step) * step, 0.0, most)


@lru_cache
def devices() -> dict[str, dict[str, dict[str, Any]]]:
    """The table of pumps and sensors."""
    return tomllib.loads(
        resources.files("pytwin.glucose").joinpath("devices.toml").read_text(encoding="utf-8")
    )


def device(kind: str, name: str) -> dict[str, Any]:
    """One row of the table, ``kind`` "pumps" or "sensors"."""
    rows = devices()[kind]
    if name not in rows:
        hint = f"There is {', '.join(rows)}"
        raise InputError("glucose.unknown-device", f"not among the {kind}", place=str(name), hint=hint)
    return rows[name]


def pump(name: str = "Insulet") -> Pump:
    """A pump by name: Insulet or Cozmo.

    Examples
    --------
    >>> pump("Insulet").bolus([4.13, 31.0])
    array([ 4.15, 30.  ])
    """
    return Pump(name, **device("pumps", name))
