"""Bounds on states: moments of Gaussians inside a box."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin import _core
from pytwin.errors import InputError
from pytwin.kalman.arrays import as_array
from pytwin.kalman.packed import unpack

__all__ = ["Bounds", "bound_result", "truncate", "with_moments"]

Array = NDArray[np.float64]
Bounds = tuple[ArrayLike, ArrayLike]

_PAIRS = (("mean", "cov"), ("last_mean", "last_cov"), ("smoothed_mean", "smoothed_cov"))


def _read(bounds: Bounds) -> tuple[Array, Array]:
    try:
        low, high = bounds
    except (TypeError, ValueError):
        raise InputError("kalman.bad-argument", "bounds is not a pair (lower, upper)") from None
    lower, upper = as_array("lower", low), as_array("upper", high)
    if np.isnan(lower).any() or np.isnan(upper).any():
        raise InputError(
            "kalman.not-finite", "a bound is not a number", hint="-inf and inf leave a side open"
        )
    return lower, upper


def truncate(
    mean: ArrayLike, cov: ArrayLike, lower: ArrayLike, upper: ArrayLike, *, threads: int = 1
) -> tuple[Array, Array]:
    """Mean and covariance of x ~ N(mean, cov) given lower <= x <= upper.

    For one bounded element the moments are exact; for several they are those of expectation propagation,
    whose means lie in the box whatever the order of the elements (Simon & Simon 2010; Cunningham, Hennig &
    Lacoste-Julien 2011; csrc/kalman/truncate.h has the equations).

    Parameters
    ----------
    mean, cov : array_like, shapes (..., n) and (..., n, n)
        A row that is not finite stays as it is; so does an element of variance 0.
    lower, upper : array_like, shapes that broadcast to (..., n)
        -inf and inf leave a side open.
    threads : int
        Results do not depend on it.

    Returns
    -------
    mean, cov : ndarray, shapes (..., n) and (..., n, n)
        An element whose bounds are nine standard deviations away keeps its bits.

    Raises
    ------
    InputError
        Shapes that do not fit; lower above upper; a bound that is not a number.
    ComputationError
        The iteration did not settle.
    """
    m, P = as_array("mean", mean), as_array("cov", cov)
    if m.ndim < 1 or P.shape != (*m.shape, m.shape[-1]):
        raise InputError("kalman.bad-shape", f"cov has shape {P.shape}, mean {m.shape}")
    low, high = _read((lower, upper))
    try:
        low, high = (np.broadcast_to(a, m.shape) for a in (low, high))
    except ValueError:
        raise InputError(
            "kalman.bad-shape", f"lower and upper do not broadcast to mean's {m.shape}"
        ) from None
    if (low > high).any():
        raise InputError("kalman.bad-argument", "lower lies above upper")
    n = m.shape[-1]
    rows = [np.ascontiguousarray(a.reshape(-1, n)) for a in (m, low, high)]
    found = _core.truncate(
        rows[0], np.ascontiguousarray(P.reshape(-1, n, n)), rows[1], rows[2], threads=threads
    )
    return found["mean"].reshape(m.shape), found["cov"].reshape(P.shape)


def with_moments(outputs: Sequence[str], bounds: Bounds | None) -> tuple[str, ...]:
    """The outputs, and the moment that stands beside each one that the bounds change."""
    if bounds is None:
        return tuple(outputs)
    pairs = [pair for pair in _PAIRS if set(pair) & set(outputs)]
    return tuple(dict.fromkeys([*outputs, *(name for pair in pairs for name in pair)]))


def bound_result(
    result: dict[str, Any], outputs: Sequence[str], bounds: Bounds | None, packed: bool, threads: int
) -> dict[str, Any]:
    """The result with its filtered and smoothed moments inside the bounds, and no more than the outputs."""
    if bounds is None:
        return result
    lower, upper = _read(bounds)
    for first, second in _PAIRS:
        if first not in result:
            continue
        mean, cov = result[first], result[second]
        mean, cov = truncate(mean, unpack(cov) if packed else cov, lower, upper, threads=threads)
        rows, columns = np.tril_indices(mean.shape[-1])
        result |= {first: mean, second: cov[..., rows, columns] if packed else cov}
    surplus = {name for pair in _PAIRS for name in pair} - set(outputs)
    return {name: value for name, value in result.items() if name not in surplus}
