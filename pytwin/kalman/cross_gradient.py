"""Derivatives of a model with correlated noises, from those of the same model without (cross.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.kalman.arrays import axes_of, run_core
from pytwin.kalman.cross import inverses, without_cross

__all__ = ["gradient_with_cross"]

Array = NDArray[np.float64]

_MOVED = ("F", "c", "Q")  # arrays of the model without that are not those that were given


def gradient_with_cross(
    arrays: Mapping[str, Any], S: Array, start: Mapping[str, Any], wanted: Sequence[str], threads: int
) -> dict[str, Any]:
    """As `run_core` with the outputs loglike and gradient_*, for laid-out arrays and one axis of series.

    ``start``: x0, P0, diffuse and lengths.
    """
    y = arrays["y"]
    apart = without_cross(arrays, S)
    for name in _MOVED:  # a step each
        a = apart[name]
        apart[name] = np.broadcast_to(a, (len(a), y.shape[1], *a.shape[2:]))
    asked = [name for name in dict.fromkeys((*wanted, *_MOVED)) if name != "S"]
    outputs = ("loglike", *(f"gradient_{name}" for name in asked))
    found = run_core(**apart, **start, outputs=outputs, threads=threads, path=1)
    moved = {k: found[f"gradient_{k}"].reshape(*y.shape[:2], *apart[k].shape[2:]) for k in _MOVED}
    chained = _chain(arrays, S, {k: np.nan_to_num(a) for k, a in moved.items()})
    given = dict(arrays) | {"S": S}
    for name in wanted:
        if name in ("x0", "P0"):
            continue
        found[f"gradient_{name}"] = _told(
            name, given[name], chained[name], None if name in (*_MOVED, "S") else found[f"gradient_{name}"],
            start["lengths"], found["status"],
        )  # fmt: skip
    return found


def _chain(arrays: Mapping[str, Any], S: Array, moved: Mapping[str, Array]) -> dict[str, Array]:
    """What comes by way of F, c and Q, (series, T, block).

    With B = S_o R_oo^- these are F - G B H, c + G B (y - d) and Q - B S_o', with derivatives f, k, q:

        dl/d(G B) = k (y - d)' - f H',  b = dl/dB = G' dl/d(G B) - q S_o
        dH = - (G B)' f,  dd = - (G B)' k,  dG = dl/d(G B) B',  dS = b R_oo^- - q B,  dR = - B' b R_oo^-
    """
    y, H, R, G, d = (arrays[name] for name in ("y", "H", "R", "G", "d"))
    f, k, q = (moved[name] for name in _MOVED)
    seen = np.isfinite(y)
    inverse, cross = inverses(seen, R), np.where(seen[..., None, :], S, 0.0)
    B = cross @ inverse
    away = np.where(seen, y if d is None else y - d, 0.0)
    of_load = k[..., :, None] * away[..., None, :] - f @ _turned(H)
    load = B if G is None else G @ B
    of_B = (of_load if G is None else _turned(G) @ of_load) - q @ cross
    of_R = -_turned(B) @ of_B @ inverse
    return {
        "F": f,
        "c": k,
        "Q": q,
        "H": -_turned(load) @ f,
        "d": -(_turned(load) @ k[..., None])[..., 0],
        "G": of_load @ _turned(B),
        "S": of_B @ inverse - q @ B,
        "R": (of_R + _turned(of_R)) / 2,
    }


def _told(
    name: str,
    given: Array | None,
    chained: Array,
    own: Array | None,
    lengths: NDArray[np.int64] | None,
    status: NDArray[np.int32],
) -> Array:
    """Summed over the steps, or a row a step where the array has a time axis; NaN without a result."""
    timed = given is not None and given.shape[1] > 1
    total = chained if timed else chained.sum(axis=1)
    if own is not None:
        total = total + own
    if timed and lengths is not None:
        beyond = np.arange(chained.shape[1]) >= lengths[:, None]
        total = np.where(beyond.reshape(*beyond.shape, *(1,) * axes_of(name)), np.nan, total)
    return np.where((status != 0).reshape(-1, *(1,) * (total.ndim - 1)), np.nan, total)


def _turned(a: Array) -> Array:
    return np.swapaxes(a, -1, -2)
