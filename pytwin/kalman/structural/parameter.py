"""Parameters of components: what values they may have, and the real number a search moves for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pytwin.errors import InputError

__all__ = ["Group", "between", "coefficients", "free", "number", "stable", "variance"]

Array = Any  # numpy arrays, float64 or complex128
Map = Callable[[Array], Array]


@dataclass(frozen=True)
class Group:
    """Parameters that are estimated together: theta (..., k) <-> values (..., k).

    Attributes
    ----------
    names : tuple of str
        One a parameter.
    values : tuple of float or None
        None is estimated; a group is known or free as a whole.
    natural, search : callable
        From theta to the values, analytic so that a complex step passes through, and back.
    start : tuple of float
        Values to start a search from, for data of standard deviation 1.
    scale : float
        1 if values grow like the square of the data (variances), 0.5 like the data, 0 not at all.
    """

    names: tuple[str, ...]
    values: tuple[float | None, ...]
    natural: Map
    search: Map
    start: tuple[float, ...]
    scale: float = 0.0

    @property
    def known(self) -> bool:
        return None not in self.values


def number(name: str, value: Any, low: float, high: float, rule: str) -> float | None:
    """A value given by a user, None if it is to be estimated."""
    if value is None:
        return None
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = np.nan
    if not low <= found <= high:
        raise InputError("kalman.bad-argument", f"{name} is not {rule}", place=name)
    return found


def variance(name: str, value: float | None, start: float) -> Group:
    """A variance, at least 0: theta is the standard deviation, so that 0 is a point like any other."""
    given = number(name, value, 0.0, np.finfo(float).max, "a variance (finite, at least 0)")
    return Group((name,), (given,), np.square, np.sqrt, (start,), 1.0)


def free(name: str, value: float | None, start: float = 0.0, scale: float = 0.0) -> Group:
    """Any number."""
    given = number(name, value, -np.finfo(float).max, np.finfo(float).max, "a finite number")
    return Group((name,), (given,), lambda x: x, lambda x: x, (start,), scale)


def _squash(theta: Array) -> Array:
    return theta / np.sqrt(1 + theta * theta)


def _stretch(r: Array) -> Array:
    return r / np.sqrt(1 - r * r)


def between(name: str, value: float | None, low: float, high: float, start: float) -> Group:
    """A number strictly between two bounds when it is estimated."""
    middle, half = (low + high) / 2, (high - low) / 2
    return Group(
        (name,), (value,),
        lambda theta: middle + half * _squash(theta),
        lambda x: _stretch((x - middle) / half),
        (start,),
    )  # fmt: skip


def coefficients(partial: Array) -> Array:
    """a_1 .. a_p of x_t = sum a_k x_{t-k} + w_t from partial autocorrelations (..., p) (Durbin-Levinson).

    Monahan (1984), Biometrika 71, 403: a one-to-one map from (-1, 1)^p onto the stationary processes.
    """
    a = partial[..., :0]
    for k in range(partial.shape[-1]):
        r = partial[..., k : k + 1]
        a = np.concatenate([a - r * a[..., ::-1], r], axis=-1)
    return a


def partial_autocorrelations(a: Array) -> Array:
    """The inverse of `coefficients`."""
    found = []
    for k in range(a.shape[-1], 0, -1):
        r = a[..., k - 1 : k]
        found.append(r)
        rest = a[..., : k - 1]
        a = (rest + r * rest[..., ::-1]) / (1 - r * r)
    return np.concatenate(found[::-1], axis=-1) if found else a


def stable(names: tuple[str, ...], values: tuple[float | None, ...], sign: float) -> Group:
    """Coefficients of a stationary autoregression (sign 1) or an invertible moving average (sign -1)."""
    return Group(
        names, values,
        lambda theta: sign * coefficients(_squash(theta)),
        lambda x: _stretch(partial_autocorrelations(sign * x)),
        tuple(sign * c for c in coefficients(np.full(len(names), 0.3))),
    )  # fmt: skip
