"""Times of a filter's call: gaps, and what a continuous model (continuous.py) becomes over each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin import _core
from pytwin.errors import InputError

__all__ = ["Gaps", "density_of", "filter_over_gaps", "read_gaps"]

Array = NDArray[np.float64]


def density_of(Q: Array, G: Array | None, A: Array) -> Array:
    """G Q G', (1 | series, 1 | T, n, n)"""
    n = A.shape[-1]
    if G is None and Q.shape[-2:] != (n, n):
        raise InputError("kalman.bad-shape", "Q does not have the length of A")
    if G is not None and (Q.shape[-2:] != (G.shape[-1],) * 2 or G.shape[-2] != n):
        raise InputError("kalman.bad-shape", "G does not lead from the axes of Q to those of A")
    if G is None:
        return Q
    loaded = G @ Q @ np.swapaxes(G, -1, -2)
    return np.ascontiguousarray(0.5 * (loaded + np.swapaxes(loaded, -1, -2)))


@dataclass(frozen=True)
class Gaps:
    """Times of series as gaps.

    Attributes
    ----------
    length : ndarray, shape (1 | S, T)
        From each time to the next; the last, which is never used, is 0.
    wrong : ndarray, shape (1 | S,)
        The first step whose time is not finite or earlier than the one before it, -1: none.
    """

    length: Array
    wrong: NDArray[np.int64]

    @property
    def equal(self) -> bool:
        """One gap throughout?"""
        inner = self.length[:, :-1]
        return inner.size > 0 and bool((inner == inner[0, 0]).all() and (self.wrong < 0).all())


def read_gaps(t: Array, batch: tuple[int, ...], n_time: int, lengths: NDArray[np.int64] | None) -> Gaps:
    """Gaps of times t (T,) or (..., T). Times at equal distances up to their own rounding give one gap."""
    if t.shape not in ((n_time,), (*batch, n_time)):
        raise InputError(
            "kalman.bad-shape", f"times has the shape {t.shape}, expected {(n_time,)} or {(*batch, n_time)}"
        )
    shared = t.ndim == 1
    t = t.reshape(-1, n_time)
    inside = np.ones(t.shape, dtype=bool)
    if lengths is not None:
        inside = np.arange(n_time) < (lengths.max(initial=1) if shared else lengths[:, None])
        inside = np.broadcast_to(inside, t.shape)
    t = np.where(inside, t, 0.0)
    with np.errstate(invalid="ignore", over="ignore"):
        gaps = np.where(inside[:, 1:], np.diff(t, axis=1), 0.0)
    bad = ~np.isfinite(t)
    bad[:, 1:] |= ~(gaps >= 0) | ~np.isfinite(gaps)
    wrong = np.where(bad.any(axis=1), bad.argmax(axis=1), -1)
    if shared and wrong[0] >= 0:
        place = f"step {int(wrong[0])}"
        raise InputError("kalman.bad-argument", "times are not finite or go back", place=place)
    gaps[wrong >= 0] = 0.0
    return Gaps(np.pad(_levelled(gaps, t, inside), ((0, 0), (0, 1))), wrong)


def _levelled(gaps: Array, t: Array, inside: NDArray[np.bool_]) -> Array:
    """Gaps that differ by no more than the rounding of the times become their mean, series by series."""
    last = inside.sum(axis=1) - 1
    span = np.take_along_axis(t, last[:, None], 1)[:, 0] - t[:, 0]
    mean = (span / np.maximum(last, 1))[:, None]
    rounding = 2 * np.finfo(float).eps * np.abs(t).max(axis=1, initial=0.0)[:, None]
    level = (np.abs(np.where(inside[:, 1:], gaps - mean, 0.0)) <= rounding).all(axis=1, keepdims=True)
    return np.where(level & inside[:, 1:], mean, gaps)


def over_gaps(
    gaps: Gaps, A: Array, Q: Array, G: Array | None, c: Array | None
) -> tuple[Array, Array, Array | None]:
    """F, Q and c (1 | S, 1 | T, ..) of a filter's call from the continuous ones; a gap that occurs again is
    worked out once where the model is one and the same."""
    density = density_of(Q, G, A)
    parts = [A, density] if c is None else [A, density, c]
    if all(a.shape[:2] == (1, 1) for a in parts):
        length = gaps.length[:1, :1] if gaps.equal else gaps.length
        single, back = np.unique(length, return_inverse=True)
        got = _core.discretise(A[0], density[0], single, None if c is None else c[0])
        back = back.reshape(length.shape)
        return got["F"][back], got["Q"][back], None if c is None else got["c"][back]
    lead = np.broadcast_shapes(gaps.length.shape, *(a.shape[:2] for a in parts))
    full = [np.broadcast_to(a, lead + a.shape[2:]).reshape((-1, *a.shape[2:])) for a in parts]
    length = np.broadcast_to(gaps.length, lead).reshape(-1)
    got = _core.discretise(full[0], full[1], length, *full[2:])
    F, noise = (got[k].reshape(lead + got[k].shape[1:]) for k in ("F", "Q"))
    return F, noise, None if c is None else got["c"].reshape((*lead, -1))


_BUDGET = 2**28  # bytes of matrices that are held at a time


def filter_over_gaps(gaps: Gaps, arrays: dict[str, Any], part: int, **options: Any) -> dict[str, Any]:
    """`_core.kalman_filter` of a continuous model, a few series at a time where each has gaps of its own.

    ``part`` is the number by which a failure in the times is told.
    """
    S, T, n = arrays["y"].shape[0], arrays["y"].shape[1], arrays["x0"].shape[-1]
    at_a_time = S if len(gaps.length) == 1 else max(1, _BUDGET // (8 * T * (2 * n * n + n)))
    found = [
        _filter_some(gaps, arrays, slice(at, at + at_a_time), part, options)
        for at in range(0, max(S, 1), max(at_a_time, 1))
    ]
    if len(found) == 1:
        return found[0]
    return {k: v if k == "path" else np.concatenate([f[k] for f in found]) for k, v in found[0].items()}


def _filter_some(
    gaps: Gaps, arrays: dict[str, Any], rows: slice, part: int, options: dict[str, Any]
) -> dict[str, Any]:
    """The series of `rows`; a series whose times are wrong fails at that step and the rest goes on."""
    S = arrays["y"].shape[0]
    some = {k: a if a is None or (len(a) == 1 and S > 1) else a[rows] for k, a in arrays.items()}
    own = len(gaps.length) > 1
    mine = Gaps(gaps.length[rows] if own else gaps.length, gaps.wrong[rows] if own else gaps.wrong)
    F, Q, c = over_gaps(mine, some["F"], some["Q"], some["G"], some["c"])
    bad = np.flatnonzero(mine.wrong >= 0)
    if bad.size:
        F = np.array(np.broadcast_to(F, (len(mine.wrong), mine.length.shape[1], *F.shape[2:])))
        F[bad, mine.wrong[bad]] = np.nan
    result: dict[str, Any] = _core.kalman_filter(**(some | {"F": F, "Q": Q, "c": c, "G": None}), **options)
    result["failed_in"][bad[result["status"][bad] != 0]] = part
    return result
