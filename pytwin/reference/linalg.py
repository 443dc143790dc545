"""Plain NumPy versions of the core's small dense algebra."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def expm(A: Array) -> Array:
    """``e^A``, A (n, n): Taylor series at ``A / 2^s`` with ``|A| / 2^s <= 1/8``, then s squarings."""
    norm = float(np.abs(A).sum(axis=1).max())
    s = max(0, math.ceil(math.log2(8.0 * norm))) if norm > 0 else 0
    scaled = A / 2.0**s
    term = np.eye(len(A))
    total = np.zeros_like(A)
    for k in range(1, 20):
        term = term @ scaled / k
        total = total + term
    for _ in range(s):
        total = 2.0 * total + total @ total  # e^(2A) - 1 from e^A - 1: keeps the digits of small rates
    return np.eye(len(A)) + total


def linear_solution(K: Array, r: Array, t: float, x0: Array) -> Array:
    """x(t) of ``dx/dt = K x + r``, ``x(0) = x0``, by the exponential of the matrix [[K, r], [0, 0]].

    Parameters
    ----------
    K : (n, n), per hour
    r : (n,), amount per hour
    t : hours
    x0 : (n,)
    """
    n = len(x0)
    augmented = np.zeros((n + 1, n + 1))
    augmented[:n, :n], augmented[:n, n] = K, r
    solution: Array = expm(augmented * t) @ np.append(x0, 1.0)
    return solution[:n]


def cholesky(A: Array) -> Array:
    """Lower L with ``A = L L'``, A positive semi-definite; a pivot up to 8 n eps A_jj gives a zero column."""
    n = len(A)
    L = np.zeros_like(A)
    for j in range(n):
        d = A[j, j] - L[j, :j] @ L[j, :j]
        if d <= 8 * n * np.finfo(float).eps * A[j, j]:
            continue
        L[j, j] = math.sqrt(d)
        L[j + 1 :, j] = (A[j + 1 :, j] - L[j + 1 :, :j] @ L[j, :j]) / L[j, j]
    return L
