"""Continuous glucose sensors: how a reading differs from the glucose under the skin.

Breton M, Kovatchev B. Analysis, modeling, and simulation of the accuracy of continuous glucose sensors.
J Diabetes Sci Technol 2008;2:853-62.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin import _core
from pytwin.errors import InputError
from pytwin.glucose.pump import device

Array = NDArray[np.float64]
KNOT = 15.0  # min between the values of the autoregressive error
PER_BLOCK = 10  # of them a spline goes through, after the last of the block before


@dataclass(frozen=True, slots=True)
class Sensor:
    """A sensor: its period (min), the range that it shows (mg/dL), and its error.

    Every 15 min e_k = pacf (e_(k-1) + z_k), e_0 = z_0, z standard normal; the error is
    xi + lam sinh((e - gamma)/delta) mg/dL, and between these instants a cubic spline.
    """

    name: str
    period: float
    lower: float
    upper: float
    pacf: float
    gamma: float
    lam: float
    delta: float
    xi: float

    def errors(self, n: int, seed: int, subjects: ArrayLike = (0,)) -> Array:
        """The first n errors of each subject's sensor, mg/dL, one a period.

        Parameters
        ----------
        n : int
        seed : int
        subjects : array_like of int, shape (B,)
            A subject's errors depend on its number and the seed alone.

        Returns
        -------
        ndarray, shape (B, n)
        """
        who = np.atleast_1d(np.asarray(subjects, dtype=np.int64))
        z = _core.normals(seed, _core.PURPOSE["MEASUREMENT"], who, 1, self.normals_needed(n))[:, 0, :]
        return self.errors_of(z, n)

    def normals_needed(self, n: int) -> int:
        """How many standard normal numbers n errors are made of."""
        return 1 + PER_BLOCK * -(-n // self._per_block)

    def errors_of(self, z: ArrayLike, n: int) -> Array:
        """The first n errors, (..., n), from standard normal numbers (..., normals_needed(n))."""
        known = np.asarray(z, dtype=np.float64)[..., : self.normals_needed(n)]
        eps = self._skewed(self._autoregressive(known))
        spline = _spline(self._per_block)
        blocks = [
            _through(eps[..., k : k + PER_BLOCK + 1], spline) for k in range(0, eps.shape[-1] - 1, PER_BLOCK)
        ]
        return np.concatenate(blocks, axis=-1)[..., :n]

    def read(self, glucose: ArrayLike, errors: ArrayLike) -> Array:
        """The readings, mg/dL: glucose under the skin with its error, within what the sensor shows."""
        shown = np.clip(np.asarray(glucose) + np.asarray(errors), self.lower, self.upper)
        return np.asarray(shown, dtype=np.float64)

    @property
    def _per_block(self) -> int:
        return round(PER_BLOCK * KNOT / self.period)

    def _autoregressive(self, z: Array) -> Array:
        e = z.copy()
        for k in range(1, z.shape[-1]):
            e[..., k] = self.pacf * (e[..., k - 1] + z[..., k])
        return e

    def _skewed(self, e: Array) -> Array:
        return np.asarray(self.xi + self.lam * np.sinh((e - self.gamma) / self.delta))


def sensor(name: str = "Dexcom") -> Sensor:
    """A sensor by name: Dexcom (3 min), GuardianRT (5 min) or Navigator (1 min).

    Examples
    --------
    >>> sensor("Dexcom").errors(480, seed=1).shape
    (1, 480)
    """
    row = dict(device("sensors", name))
    lam = row.pop("lambda")
    if KNOT * PER_BLOCK % row["period"]:
        raise InputError("glucose.bad-device", "the period does not divide 150 min", place=name)
    return Sensor(name, lam=lam, **row)


def _through(eps: Array, spline: Array) -> Array:
    """eps (..., 11) @ spline.T in an order that does not depend on the batch, as BLAS does."""
    total = eps[..., :1] * spline[:, 0]
    for k in range(1, PER_BLOCK + 1):
        total = total + eps[..., k : k + 1] * spline[:, k]
    return total


@lru_cache
def _spline(n: int) -> Array:
    """(n, 11): values at n equal steps of (0, 10] of the cubic spline without knots next to its ends."""
    knots: Array = np.arange(PER_BLOCK + 1, dtype=np.float64)
    at: Array = np.arange(1, n + 1, dtype=np.float64) * (PER_BLOCK / n)
    return np.asarray(np.linalg.solve(_basis(knots).T, _basis(at).T).T, dtype=np.float64)


def _basis(t: Array) -> Array:
    """1, t, t^2, t^3 and (t - k)^3 above each of the inner knots k = 2, ..., 8."""
    inner = np.arange(2.0, PER_BLOCK - 1.0)
    above = np.maximum(0.0, t[:, None] - inner)
    return np.hstack([t[:, None] ** np.arange(4), above**3])
