"""Controllers of insulin: what a loop gives, from what the sensor shows and which meals are announced.

They are those of the open simulator simglucose, so that its runs can be repeated; targets are in mg/dL.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pytwin.glucose.patients import Patients

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Insulin:
    """Insulin asked for: a basal rate (U/h) and a bolus (U), each of shape (B,)."""

    basal: Array
    bolus: Array


class Controller(Protocol):
    """Decides at the start of each period for all patients of a loop."""

    def decide(self, glucose: Array, announced: Array, period: float) -> Insulin:
        """Insulin for the coming period.

        Parameters
        ----------
        glucose : ndarray, shape (B,)
            Mean reading of the last period, mg/dL.
        announced : ndarray, shape (B,)
            Carbohydrate announced in the last period, g.
        period : float
            min.
        """


@dataclass(frozen=True)
class BasalBolus:
    """Constant basal insulin; with a meal, a bolus by the patient's ratio, corrected where glucose is high.

    bolus = meal/CR + (G - target)/CF where G > threshold, else meal/CR
    """

    patients: Patients
    target: float = 140.0
    threshold: float = 150.0

    def decide(self, glucose: Array, announced: Array, period: float) -> Insulin:
        """See :class:`Controller`."""
        who = self.patients
        correction = np.where(glucose > self.threshold, (glucose - self.target) / who.correction, 0.0)
        bolus = announced / who.carb_ratio + correction
        return Insulin(who.basal, np.where(announced > 0, bolus, 0.0))


@dataclass
class Pid:
    """Basal insulin by proportion, integral and derivative; no bolus.

    rate = P (G - target) + I sum (G - target) period + D (G - G before)/period, U/min. Before the first
    period the sum and G are 0.
    """

    P: float = 1e-3
    I: float = 1e-5  # noqa: E741
    D: float = 1e-3
    target: float = 140.0
    _sum: Array = field(default_factory=lambda: np.zeros(()), repr=False)
    _before: Array = field(default_factory=lambda: np.zeros(()), repr=False)

    def decide(self, glucose: Array, announced: Array, period: float) -> Insulin:
        """See :class:`Controller`."""
        error = glucose - self.target
        rate = self.P * error + self.I * self._sum + self.D * (glucose - self._before) / period
        self._sum = self._sum + error * period
        self._before = glucose
        return Insulin(60.0 * rate, np.zeros_like(rate))
