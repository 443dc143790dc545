"""Correlated noise, Cov(w_t, v_t) = S, brought into the form that knows none.

What w_t has of the noises of the elements that are seen is known once x_t is: with o for these elements and
B = G S_o R_oo^-

    x_{t+1} = (F - B H_o) x_t + c + B (y_o - d_o) + noise,  Var noise = G (Q - S_o R_oo^- S_o') G'

and that noise is independent of v_t (Anderson & Moore 1979, Optimal Filtering, sec. 5.5). An element that is
missing leaves its share in the noise, so that every pattern of gaps has a transition of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.errors import InputError

__all__ = ["refuse_with_cross", "without_cross"]

Array = NDArray[np.float64]
_SLACK = 1e-9  # of the largest variance: rounding in a covariance that is just singular


def refuse_with_cross(outputs: Sequence[str], *, continuous: bool, robust: bool) -> None:
    """Raise InputError for what does not go with S."""
    others = {"times": continuous, "gate, student, adaptive": robust}
    for place in [name for name, given in others.items() if given]:
        raise InputError("kalman.unsupported", "S does not go with it", place=place)
    if noises := [name for name in outputs if name.startswith(("state_disturbance", "obs_disturbance"))]:
        raise InputError("kalman.unsupported", f"S does not go with {noises[0]}", place="outputs")


def without_cross(arrays: Mapping[str, Any], S: Array) -> dict[str, Any]:
    """The arrays, (1 | series, 1 | T, block), of the same model with noises that are not correlated.

    F, Q and c have a series and a time axis where gaps or the arrays themselves ask for it.
    """
    y, found = arrays["y"], dict(arrays)
    g, m = arrays["Q"].shape[-1], y.shape[-1]
    if S.shape[-2:] != (g, m):
        raise InputError("kalman.bad-shape", f"S is {S.shape[-2:]}, expected {(g, m)}", place="S")
    n = arrays["F"].shape[-1]
    parts = {"S": S, **{k: arrays[k] for k in ("F", "H", "Q", "R", "G", "d") if arrays[k] is not None}}
    _check(parts)
    seen = np.isfinite(y)
    patterns, which = np.unique(seen.reshape(-1, m), axis=0, return_inverse=True)
    lead = np.broadcast_shapes(*(a.shape[:2] for k, a in parts.items() if k != "d"))
    constant = lead == (1, 1)
    if not constant or len(patterns) > 1:
        lead = seen.shape[:2]
    F, Q, B = np.empty((*lead, n, n)), np.empty((*lead, n, n)), np.zeros((*lead, n, m))
    for k, pattern in enumerate(patterns):
        s, t = np.nonzero((which == k).reshape(seen.shape[:2]))
        if lead == (1, 1):
            s, t = s[:1] * 0, t[:1] * 0
        at = {name: _take(a, s[:1], t[:1]) if constant else _take(a, s, t) for name, a in parts.items()}
        F[s, t], Q[s, t], B[s, t] = _transition(at, pattern, n)
    v = np.where(seen, y - (0 if arrays["d"] is None else arrays["d"]), 0)
    known = (B @ v[..., None])[..., 0]
    found |= {"F": F, "Q": Q, "G": None, "c": known if arrays["c"] is None else known + arrays["c"]}
    return {k: np.ascontiguousarray(a) if k in ("F", "Q", "c") else a for k, a in found.items()}


def _transition(at: Mapping[str, Array], seen: NDArray[np.bool_], n: int) -> tuple[Array, Array, Array]:
    """F, the noise's covariance and B where just these elements are seen; arrays (k, block)."""
    G = at.get("G", np.eye(n))
    So = at["S"][..., seen]
    share = So @ np.linalg.pinv(at["R"][..., seen, :][..., seen], hermitian=True)
    Q = at["Q"] - share @ np.swapaxes(So, -1, -2)
    Q = G @ ((Q + np.swapaxes(Q, -1, -2)) / 2) @ np.swapaxes(G, -1, -2)
    B = np.zeros((*Q.shape[:-1], len(seen)))
    B[..., seen] = G @ share
    return at["F"] - B[..., seen] @ at["H"][..., seen, :], (Q + np.swapaxes(Q, -1, -2)) / 2, B


def _take(a: Array, s: NDArray[np.intp], t: NDArray[np.intp]) -> Array:
    return a[s if a.shape[0] > 1 else 0 * s, t if a.shape[1] > 1 else 0 * t]


def _check(parts: Mapping[str, Array]) -> None:
    """[Q S; S' R] is positive semidefinite, wherever it is given."""
    Q, S, R = parts["Q"], parts["S"], parts["R"]
    if not all(np.isfinite(a).all() for a in (Q, S, R)):
        raise InputError("kalman.not-finite", "a number is not finite", place="Q, R or S")
    lead = np.broadcast_shapes(Q.shape[:2], S.shape[:2], R.shape[:2])
    Q, S, R = (np.broadcast_to(a, (*lead, *a.shape[-2:])) for a in (Q, S, R))
    joint = np.block([[Q, S], [np.swapaxes(S, -1, -2), R]])
    size = np.maximum(np.abs(np.diagonal(joint, axis1=-2, axis2=-1)).max(axis=-1), 1e-300)
    bad = np.argwhere(np.linalg.eigvalsh(joint)[..., 0] < -_SLACK * size)
    if bad.size:
        message = "with Q and R it is not positive semidefinite"
        place = f"S, series {bad[0][0]}, step {bad[0][1]}"
        raise InputError("kalman.not-positive-definite", message, place=place)
