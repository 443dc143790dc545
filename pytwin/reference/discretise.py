"""Plain NumPy version of the exact discretisation of linear drift and noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pytwin.reference.linalg import expm

Array = NDArray[np.float64]


def van_loan(A: Array, Q: Array, c: Array, t: float) -> tuple[Array, Array, Array]:
    """F, noise and offset over a gap t of dx = (A x + c) dt + noise of spectral density Q.

    Blocks of the exponential of [[-A, Q], [0, A']] (Van Loan 1978, IEEE Trans. Automat. Contr. 23, 395),
    whose first block grows where A decays: good while |A| t is moderate.
    """
    n = len(A)
    block = np.block([[-A, Q], [np.zeros((n, n)), A.T]])
    e = expm(block * t)
    F = e[n:, n:].T
    augmented = np.zeros((n + 1, n + 1))
    augmented[:n, :n], augmented[:n, n] = A, c
    return F, F @ e[:n, n:], expm(augmented * t)[:n, n]
