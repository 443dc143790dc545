"""The matrices of one component, and the sum of components as one set of matrices.

All of it works for a batch of parameters (leading axes) and for complex numbers, so that a derivative can be
had by complex step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Block", "blocks_on_diagonal", "diagonal", "join", "lyapunov"]

Array = NDArray[Any]  # float64, or complex128 under a complex step


@dataclass(frozen=True)
class Block:
    """A component's share of y_t = sum of H_i x_i + d_i + v_t, where x_i' = F_i x_i + c_i + G_i w_i.

    Attributes
    ----------
    states : tuple of str
        Names of the n states.
    F, G, Q, P0 : ndarray, shapes (..., n, n), (n, g) or (..., n, g), (..., g, g) and (..., n, n)
        P0 is the covariance of the part of the start that is not diffuse.
    H : ndarray, shape (n,) or (..., T, n)
        The row of the observation; with a time axis where it changes.
    diffuse : ndarray of bool, shape (n,)
        States without a stationary distribution.
    R, d : ndarray, shape (...)
        Variance and offset of the observation that the component brings.
    c : ndarray, shape (..., n)
        Offset of the states.
    """

    states: tuple[str, ...]
    F: Array
    H: Array
    Q: Array
    G: Array
    P0: Array
    diffuse: NDArray[np.bool_]
    c: Array | None = None
    R: Array = field(default_factory=lambda: np.zeros(()))
    d: Array = field(default_factory=lambda: np.zeros(()))


def diagonal(values: Sequence[Any]) -> Array:
    """(..., k, k) with k numbers or arrays (...) on the diagonal."""
    entries = np.broadcast_arrays(*values) if values else []
    kind = np.result_type(float, *entries) if entries else np.dtype(float)
    made = np.zeros((*(entries[0].shape if entries else ()), len(values), len(values)), dtype=kind)
    for i, entry in enumerate(entries):
        made[..., i, i] = entry
    return made


def blocks_on_diagonal(parts: Sequence[Array]) -> Array:
    """Matrices (..., r_i, k_i) along the diagonal of one; leading axes are broadcast."""
    lead = np.broadcast_shapes(*(p.shape[:-2] for p in parts))
    rows, columns = sum(p.shape[-2] for p in parts), sum(p.shape[-1] for p in parts)
    made = np.zeros((*lead, rows, columns), dtype=np.result_type(float, *parts))
    i = j = 0
    for part in parts:
        r, k = part.shape[-2:]
        made[..., i : i + r, j : j + k] = part
        i, j = i + r, j + k
    return made


def lyapunov(F: Array, V: Array) -> Array:
    """P = F P F' + V for F (..., n, n) with all eigenvalues within the unit circle.

    The sum of F^k V F'^k, twice as many terms in each pass (Anderson & Moore 1979, Optimal Filtering,
    sec. 6.7): every term is semidefinite, so nothing cancels.
    """
    P, A = V + np.zeros_like(F), F
    for _ in range(64):
        more = A @ P @ np.swapaxes(A, -1, -2)
        P = P + more
        if not np.any(np.abs(more) > 1e-18 * np.abs(P).max(axis=(-1, -2), keepdims=True)):
            break
        A = A @ A
    return P


def _rows(parts: Sequence[Array]) -> Array:
    """Vectors (..., n_i), some with a time axis in front of the last, side by side."""
    lead = np.broadcast_shapes(*(p.shape[:-1] for p in parts))
    return np.concatenate([np.broadcast_to(p, (*lead, p.shape[-1])) for p in parts], axis=-1)


def join(parts: Sequence[Block]) -> Block:
    """One block of several; without any state there is one that is known to be zero."""
    with_states = [p for p in parts if p.states] or [_NOTHING]
    offsets = [np.zeros(len(p.states)) if p.c is None else p.c for p in with_states]
    return Block(
        states=tuple(name for p in with_states for name in p.states),
        F=blocks_on_diagonal([p.F for p in with_states]),
        H=_rows([p.H for p in with_states]),
        Q=blocks_on_diagonal([p.Q for p in with_states]),
        G=blocks_on_diagonal([p.G for p in with_states]),
        P0=blocks_on_diagonal([p.P0 for p in with_states]),
        diffuse=np.concatenate([p.diffuse for p in with_states]),
        c=_rows(offsets) if any(p.c is not None for p in with_states) else None,
        R=np.asarray(sum(p.R for p in parts)),
        d=np.asarray(sum(p.d for p in parts)),
    )


_ZERO = np.zeros((1, 1))
_NOTHING = Block(("zero",), _ZERO, np.zeros(1), _ZERO, np.eye(1), _ZERO, np.zeros(1, dtype=bool))
