"""The virtual person behind the bundled patient: hidden parameters, doses taken, INRs measured.

The person is drawn from the published model (Hamberg et al. 2010, Clin Pharmacol Ther 87:727) with genotype
CYP2C9 *1/*3 and VKORC1 -1639 GA, who is sensitive to warfarin; the clinic starts with 5 mg as if it were not
known and then adjusts by the INR. Random numbers come from ``random.Random(seed).random()``, whose sequence
Python guarantees, so that the files can be made again byte for byte.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

AGE = 71.0
BASELINE = 1.1
DOSE_HOUR = 18.0
SAMPLE_HOUR = 7.5
INR_LOG_SD = 0.20
SAMPLE_DAYS = (2, 3, 5, 7, 9, 12, 15, 18, 21)


@dataclass(frozen=True)
class Person:
    """Hidden parameters: CL (L/h), V (L), EC50 (mg/L)."""

    clearance: float
    volume: float
    ec50: float


@dataclass
class Course:
    """What happened, in hours since midnight of the first day."""

    doses: list[tuple[float, float]] = field(default_factory=list)
    held: list[float] = field(default_factory=list)
    inrs: list[tuple[float, float]] = field(default_factory=list)
    regimens: list[tuple[int, float]] = field(default_factory=list)


class Normals:
    """Standard normal numbers by inversion of the generator's uniforms."""

    def __init__(self, seed: int) -> None:
        self._uniform = random.Random(seed)
        self._normal = NormalDist()

    def __call__(self) -> float:
        """The next number."""
        return self._normal.inv_cdf(max(self._uniform.random(), 1e-12))


def draw_person(normal: Normals) -> Person:
    """Typical values of CYP2C9 *1/*3, VKORC1 GA at this age, times log-normal deviations.

    omega^2 is 0.089 (CL), 0.054 (V) with correlation 0.84; EC50 34 % CV (Hamberg 2010).
    """
    a, b, c = normal(), normal(), normal()
    typical_cl = (0.174 + 0.0422) * (1.0 - 0.00571 * (AGE - 71.0))
    eta_cl = math.sqrt(0.089) * a
    eta_v = math.sqrt(0.054) * (0.84 * a + math.sqrt(1.0 - 0.84**2) * b)
    return Person(typical_cl * math.exp(eta_cl), 14.3 * math.exp(eta_v), 3.01 * math.exp(0.34 * c))


def _rate(x: NDArray[np.float64], person: Person) -> NDArray[np.float64]:
    """Right-hand side: depot and central amounts (mg), then two chains of three compartments."""
    ka, gamma, k1, k2 = 2.0, 1.15, 3.0 / 28.6, 3.0 / 118.3
    conc = max(x[1], 0.0) / person.volume
    effect = conc**gamma / (person.ec50**gamma + conc**gamma)
    inflow = np.array([1.0 - effect, x[2], x[3], 1.0 - effect, x[5], x[6]])
    chains = np.repeat([k1, k2], 3) * (inflow - x[2:8])
    pk = [-ka * x[0], ka * x[0] - person.clearance * conc]
    return np.concatenate([pk, chains])


def advance(x: NDArray[np.float64], hours: float, person: Person) -> NDArray[np.float64]:
    """Classical Runge-Kutta steps of at most a quarter of an hour."""
    steps = max(1, math.ceil(hours / 0.25))
    h = hours / steps
    for _ in range(steps):
        k1 = _rate(x, person)
        k2 = _rate(x + h / 2 * k1, person)
        k3 = _rate(x + h / 2 * k2, person)
        k4 = _rate(x + h * k3, person)
        x = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return x


def inr_of(x: NDArray[np.float64]) -> float:
    """INR without measurement error."""
    return BASELINE + 20.0 * (1.0 - (float(x[4]) + float(x[7])) / 2.0)


def next_dose(day: int, inr: float, dose: float) -> float:
    """The clinic's rule: mg a day from this evening on, in steps of half a milligram; 0 holds one dose."""
    if inr >= 3.8:
        return 0.0
    if inr > 3.0:
        return max(0.5, round(2 * dose * 0.75) / 2)
    if inr < 2.0 and day >= 9:
        return round(2 * dose * 1.2) / 2
    return dose


def run(seed: int) -> tuple[Person, Course]:
    """Live through three weeks: sample in the morning, decide, take the dose in the evening."""
    normal = Normals(seed)
    person = draw_person(normal)
    course = Course(inrs=[(SAMPLE_HOUR, BASELINE)], regimens=[(0, 5.0)])
    x = np.array([0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    dose = 5.0
    for day in range(SAMPLE_DAYS[-1] + 1):
        x = advance(x, SAMPLE_HOUR + (24.0 - DOSE_HOUR if day else 0.0), person)
        tonight = dose
        if day in SAMPLE_DAYS:
            seen = round(inr_of(x) * math.exp(INR_LOG_SD * normal()), 1)
            course.inrs.append((24.0 * day + SAMPLE_HOUR, seen))
            if day == SAMPLE_DAYS[-1]:
                break
            tonight, dose = _decide(course, day, seen, dose)
        x = advance(x, DOSE_HOUR - SAMPLE_HOUR, person)
        _take(course, 24.0 * day + DOSE_HOUR, tonight)
        x = x + np.array([tonight / 2.0] + [0.0] * 7)
    return person, course


def _decide(course: Course, day: int, seen: float, dose: float) -> tuple[float, float]:
    """Tonight's dose and the daily dose from then on."""
    new = next_dose(day, seen, dose)
    if new == 0.0:
        later = max(0.5, round(2 * dose * 0.75) / 2)
        course.regimens.append((day + 1, later))
        return 0.0, later
    if new != dose:
        course.regimens.append((day, new))
    return new, new


def _take(course: Course, hour: float, amount: float) -> None:
    if amount > 0.0:
        course.doses.append((hour, amount))
    else:
        course.held.append(hour)
