"""State and observation noises that are correlated: the same model with noises that are not.

With Cov(w_t, v_t) = S_t and o the elements of y_t that are seen,

    w = B v_o + w*,  B = S_o R_oo^-,  Var w* = Q - B S_o',  Cov(w*, v_o) = 0
    x_{t+1} = (F - G B H_o) x_t + c + G B (y_o - d_o) + G w*

(Anderson & Moore 1979, Optimal Filtering, sec. 5.4), exact whatever is missing and where R is singular.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.errors import InputError

__all__ = ["inverses", "refuse_with_cross", "without_cross"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
_BELOW = 1e-10  # of correlations: below minus this an eigenvalue is negative
_ZERO = 1e-13  # below this it is zero


def refuse_with_cross(outputs: Sequence[str], *, continuous: bool, robust: bool) -> None:
    """Raise InputError for what does not go with S."""
    others = {"times": continuous, "gate, student, adaptive": robust}
    for place in [name for name, given in others.items() if given]:
        raise InputError("kalman.unsupported", "S does not go with it", place=place)
    if noises := [name for name in outputs if name.startswith(("state_disturbance", "obs_disturbance"))]:
        raise InputError("kalman.unsupported", f"S does not go with {noises[0]}", place="outputs")


def without_cross(arrays: Mapping[str, Any], S: Array) -> dict[str, Any]:
    """The arrays, each (1 | series, 1 | T, ..), of the model with uncorrelated noises.

    A series whose Q, R and S are no covariance together gets a Q that the core refuses; where all series
    share them it is an error at once.
    """
    F, H, Q, R, y = (arrays[name] for name in ("F", "H", "Q", "R", "y"))
    _check_shapes(F, H, Q, R, S, y, arrays["G"])
    with np.errstate(invalid="ignore", over="ignore"):
        good = _whole(Q, R, S)
        bad = _usable(Q) & _usable(R) & ~good
        if bad.shape == (1, 1) and bad.all():
            message = "Q, R and S are no covariance together"
            raise InputError("kalman.not-positive-definite", message, place="S")
        B, rest = _split(np.isfinite(y), Q, R, S, good)
        load = B if arrays["G"] is None else arrays["G"] @ B
        away = np.where(np.isfinite(y), y if arrays["d"] is None else y - arrays["d"], 0.0)
        push = (load @ away[..., None])[..., 0]
        changed = {
            "F": F - load @ H,
            "c": push if arrays["c"] is None else arrays["c"] + push,
            "Q": np.where(bad[..., None, None], -np.eye(Q.shape[-1]), rest),
        }
    return dict(arrays) | {name: np.ascontiguousarray(a) for name, a in changed.items()}


def _check_shapes(F: Array, H: Array, Q: Array, R: Array, S: Array, y: Array, G: Array | None) -> None:
    T, n, m, g = y.shape[1], F.shape[-1], y.shape[2], Q.shape[-1]
    loading = (n, g) if G is None else G.shape[-2:]
    if G is None and g != n:
        raise InputError("kalman.bad-shape", f"Q has length {g}, expected {n}", place="Q")
    wanted = {"F": (F, (n, n)), "H": (H, (m, n)), "Q": (Q, (g, g)), "R": (R, (m, m)), "S": (S, (g, m))}
    for name, (a, block) in wanted.items():
        if a.shape[2:] != block or a.shape[1] not in (1, T):
            raise InputError(
                "kalman.bad-shape", f"{name} is {a.shape[1:]}, expected (1 | {T}, *{block})", place=name
            )
    if loading != (n, g):
        raise InputError("kalman.bad-shape", f"G is {loading}, expected {(n, g)}", place="G")
    if not np.isfinite(S).all():
        raise InputError("kalman.not-finite", "S is not finite", place="S")


# ---- what is a covariance ----


def _deviations(A: Array) -> Array:
    """Roots of the diagonal, 1 where it is not positive."""
    d = np.diagonal(A, axis1=-2, axis2=-1)
    return np.sqrt(np.where(d > 0, d, 1.0))


def _usable(A: Array) -> Mask:
    """Finite, symmetric and, as correlations, without a negative eigenvalue: else the core says why."""
    fine = np.asarray(np.isfinite(A).all(axis=(-2, -1)))
    s = _deviations(A)
    C = np.where(fine[..., None, None], A / (s[..., :, None] * s[..., None, :]), 0.0)
    return np.asarray(
        fine
        & (np.abs(C - _turned(C)) <= _BELOW).all(axis=(-2, -1))
        & (np.linalg.eigvalsh(C)[..., 0] >= -_BELOW)
    )


def _whole(Q: Array, R: Array, S: Array) -> Mask:
    """Is [[Q, S], [S', R]] a covariance? (1 | series, 1 | T)"""
    lead = np.broadcast_shapes(Q.shape[:2], R.shape[:2], S.shape[:2])
    Q, R, S = (np.broadcast_to(a, lead + a.shape[2:]) for a in (Q, R, S))
    joint = np.concatenate(
        [np.concatenate([Q, S], axis=-1), np.concatenate([_turned(S), R], axis=-1)], axis=-2
    )
    none = np.diagonal(joint, axis1=-2, axis2=-1) == 0
    return np.asarray(_usable(joint) & ~(none[..., :, None] & (joint != 0)).any(axis=(-2, -1)))


# ---- the split ----


def _split(seen: Mask, Q: Array, R: Array, S: Array, good: Mask) -> tuple[Array, Array]:
    """B (.., g, m), with columns of 0 for what is not seen, and Var w* (.., g, g); B = 0 where not good."""
    S = np.where(good[..., None, None], S, 0.0)
    R = np.where(good[..., None, None], R, 0.0)
    if (seen == seen[:1]).all():
        seen = seen[:1]
    if (seen == seen[:, :1]).all():
        seen = seen[:, :1]
    lead = np.broadcast_shapes(seen.shape[:2], S.shape[:2], Q.shape[:2])
    B, rest = np.empty(lead + S.shape[2:]), np.empty(lead + Q.shape[2:])
    at = np.broadcast_to(seen, lead + seen.shape[2:])
    for pattern in np.unique(seen.reshape(-1, seen.shape[-1]), axis=0):
        here = (at == pattern).all(axis=-1)
        Bp = _regression(R, S, pattern)
        B[here] = np.broadcast_to(Bp, B.shape)[here]
        rest[here] = np.broadcast_to(_rest(Q, Bp @ _turned(S)), rest.shape)[here]
    return B, rest


def _inverse(R: Array, seen: Mask) -> tuple[Array, Array]:
    """Pseudo-inverse of the correlations of what is seen, 0 elsewhere, and the deviations."""
    s = _deviations(R)
    C = np.where(np.outer(seen, seen), R / (s[..., :, None] * s[..., None, :]), 0.0)
    return np.linalg.pinv(C, rcond=_ZERO, hermitian=True), s


def _regression(R: Array, S: Array, seen: Mask) -> Array:
    """S_o R_oo^-"""
    inverse, s = _inverse(R, seen)
    return np.asarray((np.where(seen, S, 0.0) / s[..., None, :]) @ inverse / s[..., None, :])


def inverses(seen: Mask, R: Array) -> Array:
    """R_oo^- of every step (series, T, m, m), 0 for what is not seen (series, T, m)."""
    found = np.empty((*seen.shape, seen.shape[-1]))
    for pattern in np.unique(seen.reshape(-1, seen.shape[-1]), axis=0):
        here = (seen == pattern).all(axis=-1)
        C, s = _inverse(R, pattern)
        found[here] = np.broadcast_to(C / (s[..., :, None] * s[..., None, :]), found.shape)[here]
    return found


def _rest(Q: Array, explained: Array) -> Array:
    """Q less what is explained; an eigenvalue of rounding's size is 0."""
    A = Q - (explained + _turned(explained)) / 2
    s = _deviations(Q)
    scale = s[..., :, None] * s[..., None, :]
    fine = np.asarray(np.isfinite(A).all(axis=(-2, -1), keepdims=True))
    values, vectors = np.linalg.eigh(np.where(fine, A / scale, 0.0))
    moved = (explained != 0).any(axis=(-2, -1), keepdims=True)
    small = np.asarray((values < _ZERO).any(axis=-1))[..., None, None] & fine & moved
    half = vectors * np.sqrt(np.where(values < _ZERO, 0.0, values))[..., None, :]
    cleaned = scale * (half @ _turned(half))
    return np.where(small, (cleaned + _turned(cleaned)) / 2, A)


def _turned(a: Array) -> Array:
    return np.swapaxes(a, -1, -2)
