"""Ensemble filters on Lorenz-96 in NumPy, as fast as it goes with all members in one array.

Neighbours are slices of a ring with its ends repeated, linear algebra is LAPACK's, every random number
is given. So that it does no less than a filter which draws its own, with ``draws`` as many normals are drawn
beside them and made into a rotation where one is wanted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pytwin.reference.nonlinear_ensemble import rotation

Array = NDArray[np.float64]
__all__ = ["rotation", "run"]

FORCE, STEP = 8.0, 0.05


def rate(x: Array, ring: Array, out: Array) -> None:
    """out (N, n) = derivatives; ring (N, n + 3) is work space."""
    ring[:, 2:-1] = x
    ring[:, :2] = x[:, -2:]
    ring[:, -1] = x[:, 0]
    np.subtract(ring[:, 3:], ring[:, :-3], out=out)
    out *= ring[:, 1:-2]
    out -= x
    out += FORCE


def advance(x: Array, ring: Array, k: Array, at: Array) -> Array:
    """A step of the classical method; k (4, N, n) and at (N, n) are work space."""
    rate(x, ring, k[0])
    np.multiply(k[0], 0.5 * STEP, out=at)
    at += x
    rate(at, ring, k[1])
    np.multiply(k[1], 0.5 * STEP, out=at)
    at += x
    rate(at, ring, k[2])
    np.multiply(k[2], STEP, out=at)
    at += x
    rate(at, ring, k[3])
    k[1] += k[2]
    k[1] *= 2
    k[0] += k[1]
    k[0] += k[3]
    k[0] *= STEP / 6
    return x + k[0]


def run(
    method: str,
    y: Array,
    inflation: float,
    E: Array,
    perturbed: Array | None,
    turns: Array | None,
    draws: bool = True,
) -> Array:
    """Means of the analyses (count, n) with errors of variance 1."""
    N, n = E.shape
    ring, k, at = np.empty((N, n + 3)), np.empty((4, N, n)), np.empty((N, n))
    means, root = np.empty_like(y), np.sqrt(N - 1)
    one, rng = np.eye(N), np.random.default_rng(1)
    for i, seen in enumerate(y):
        E = advance(E, ring, k, at)
        mean = E.mean(axis=0)
        A = E - mean
        if method == "etkf":
            values, vectors = np.linalg.eigh(A @ A.T / (N - 1))
            large = 1 + np.maximum(values, 0)
            w = (vectors / large) @ (vectors.T @ (A @ (seen - mean))) / (N - 1)
            mean = mean + w @ A
            A = (vectors / np.sqrt(large)) @ (vectors.T @ A)
        else:
            missed = (seen - mean) - (0.5 if perturbed is None else 1.0) * A
            if perturbed is not None:
                if draws:
                    rng.standard_normal((N, n))
                missed += perturbed[i] - perturbed[i].mean(axis=0)
            S = A / root
            E = E + np.linalg.solve(one + S @ S.T, S @ missed.T).T @ A / root
            mean = E.mean(axis=0)
            A = E - mean
        means[i] = mean
        if turns is not None and draws:
            np.linalg.qr(rng.standard_normal((N - 1, N - 1)))
        E = mean + inflation * (A if turns is None else turns[i].T @ A)
    return means
