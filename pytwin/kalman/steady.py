"""Where the covariances of a constant model come to rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from pytwin import _core
from pytwin.errors import ComputationError, InputError
from pytwin.kalman.arrays import Array, as_array

__all__ = ["SteadyState", "steady_state"]


@dataclass(frozen=True)
class SteadyState:
    """Covariances and gain that a filter with complete data comes to.

    Attributes
    ----------
    P : ndarray, shape (n, n)
        Predicted covariance of the state.
    K : ndarray, shape (n, m)
        Gain of the update, P H' S^-1.
    S : ndarray, shape (m, m)
        Covariance of the innovation, H P H' + R.
    filtered : ndarray, shape (n, n)
        Covariance after the update.
    """

    P: Array
    K: Array
    S: Array
    filtered: Array


def steady_state(
    F: ArrayLike,
    H: ArrayLike,
    Q: ArrayLike,
    R: ArrayLike,
    *,
    G: ArrayLike | None = None,
    S: ArrayLike | None = None,
) -> SteadyState:
    """Solve P = F P F' + G Q G' - (F P H' + G S) V^-1 (F P H' + G S)', V = H P H' + R.

    Parameters
    ----------
    F, H, Q, R : array_like, shapes (n, n), (m, n), (g, g), (m, m)
        One constant model, as in `filter`; Q and R may be singular.
    G : array_like, shape (n, g), optional
        Loading of the state noise; the identity by default.
    S : array_like, shape (g, m), optional
        Covariance of the state noise w_t with the observation noise v_t; zero by default.

    Returns
    -------
    SteadyState

    Raises
    ------
    InputError
        Shapes that do not fit, values that are not finite.
    ComputationError
        There is no steady state: a mode that does not decay is not seen, or one on the unit circle is not
        driven. Or an innovation is singular.

    References
    ----------
    Van Dooren (1981), SIAM J. Sci. Stat. Comput. 2, 121 (Schur form of the pencil); Kleinman (1968), IEEE
    Trans. Automat. Contr. 13, 114 (the Newton steps after it). Anderson & Moore (1979), Optimal Filtering,
    ch. 4.
    """
    a = {k: _matrix(k, v) for k, v in {"F": F, "H": H, "Q": Q, "R": R}.items()}
    loading = None if G is None else _matrix("G", G)
    cross = None if S is None else _matrix("S", S)
    if loading is not None:
        if loading.shape != (len(a["F"]), len(a["Q"])):
            raise InputError("kalman.bad-shape", "G does not lead from the axes of Q to those of F")
        a["Q"] = loading @ a["Q"] @ loading.T
        cross = None if cross is None else loading @ cross
    for name in ("Q", "R"):
        if a[name].shape[0] != a[name].shape[1]:
            raise InputError("kalman.bad-shape", f"{name} is not square")
        _check_covariance(name, a[name])
    try:
        P = _core.riccati(a["F"], a["H"], a["Q"], a["R"], cross)
    except ComputationError as failure:
        if failure.code != "core.not-converged":
            raise
        raise ComputationError(
            "kalman.no-steady-state",
            "there is no steady state",
            hint="a mode that does not decay is not seen, or one on the unit circle is not driven by noise",
        ) from failure
    M = P @ a["H"].T
    V = a["H"] @ M + a["R"]
    V = 0.5 * (V + V.T)
    K = np.asarray(np.linalg.solve(V, M.T).T, dtype=np.float64)
    left = np.eye(len(P)) - K @ a["H"]
    filtered = left @ P @ left.T + K @ a["R"] @ K.T
    return SteadyState(P, K, V, 0.5 * (filtered + filtered.T))


def _matrix(name: str, value: ArrayLike) -> Array:
    a = as_array(name, value)
    if a.ndim != 2:
        raise InputError("kalman.bad-shape", f"{name} has {a.ndim} dimensions, expected 2")
    if not np.isfinite(a).all():
        raise InputError("kalman.not-finite", f"{name} is not finite")
    return a


def _check_covariance(name: str, a: Array) -> None:
    """Symmetric and semidefinite as far as rounding lets one tell."""
    scale = float(np.abs(a).max(initial=0.0))
    if np.abs(a - a.T).max(initial=0.0) > 1e-10 * scale or np.linalg.eigvalsh(a).min() < -1e-10 * scale:
        raise InputError("kalman.not-positive-definite", f"{name} is not symmetric and positive semidefinite")
