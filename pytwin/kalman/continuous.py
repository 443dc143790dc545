"""Continuous models seen at discrete times: drift and noise over each gap, exactly.

    dx = (A x + c) dt + G dW,  Cov(dW) = Q dt

becomes, over a gap of length t,

    x(t) = F x(0) + w + noise,   F = e^(A t),   w = integral of e^(A s) c ds,
    covariance of the noise = integral of e^(A s) G Q G' e^(A's) ds,   s from 0 to t

(Van Loan 1978, IEEE Trans. Automat. Contr. 23, 395, gives the integrals; the core sums them as Taylor series
over a short step, which it doubles.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from pytwin import _core
from pytwin.errors import InputError
from pytwin.kalman.arrays import Array, as_array, lay_out
from pytwin.kalman.gaps import density_of

__all__ = ["Discrete", "discretise"]


@dataclass(frozen=True)
class Discrete:
    """A continuous model over gaps.

    Attributes
    ----------
    F, Q : ndarray, shape (..., n, n)
        x(t) = F x(0) + c + noise of covariance Q.
    c : ndarray, shape (..., n)
        Zero where the drift has no offset.
    """

    F: Array
    Q: Array
    c: Array


def discretise(
    A: ArrayLike, Q: ArrayLike, dt: ArrayLike, *, c: ArrayLike | None = None, G: ArrayLike | None = None
) -> Discrete:
    """Drift and noise of dx = (A x + c) dt + G dW, Cov(dW) = Q dt, over gaps of length dt.

    Parameters
    ----------
    A : array_like, shape (n, n)
        Drift, a unit of time.
    Q : array_like, shape (g, g)
        Spectral density of the noise: variance a unit of time.
    dt : array_like, shape (...)
        Gaps, in the same unit; 0 or more.
    c : array_like, shape (n,), optional
        Constant drift.
    G : array_like, shape (n, g), optional
        Loading of the noise; the identity by default.

    Returns
    -------
    Discrete
        With the leading axes of ``dt``.

    Raises
    ------
    InputError
        Shapes that do not fit, a negative gap, infinities.

    References
    ----------
    Van Loan (1978), IEEE Transactions on Automatic Control 23, 395.
    """
    gaps = as_array("dt", dt)
    if not (np.isfinite(gaps).all() and (gaps >= 0).all()):
        raise InputError("kalman.bad-argument", "dt is negative or not finite")
    drift, loading = lay_out("A", A, 2, ()), None if G is None else lay_out("G", G, 2, ())
    density = density_of(lay_out("Q", Q, 2, ()), loading, drift)
    offset = None if c is None else lay_out("c", c, 1, ())[0]
    n = drift.shape[-1]
    if drift.shape[:3] != (1, 1, n) or density.shape[:2] != (1, 1):
        raise InputError("kalman.bad-shape", "A and Q are one matrix each")
    got = _core.discretise(drift[0], density[0], gaps.reshape(-1), offset)
    w = got.get("c", np.zeros((gaps.size, n)))
    found = Discrete(*(a.reshape(gaps.shape + a.shape[1:]) for a in (got["F"], got["Q"], w)))
    if not (np.isfinite(found.F).all() and np.isfinite(found.Q).all() and np.isfinite(found.c).all()):
        raise InputError("kalman.not-finite", "A, Q, c or what they become over a gap is not finite")
    return found
