"""Kalman filters on plain arrays, for use without a twin.

The model, for t = 0 .. T-1,

    y_t     = H_t x_t + d_t + v_t,        v_t ~ N(0, R_t)
    x_{t+1} = F_t x_t + c_t + G_t w_t,    w_t ~ N(0, Q_t)
    x_0     ~ N(x0, P0), before y_0 is used and at its time

is filtered by processing the observed elements of y_t one after the other after decorrelating R_t = L D L'
(Koopman & Durbin 2000), each in Joseph's form, one series in each lane of a vector register; from
a measured number of states on by blocks through BLAS. Both keep covariances symmetric and semidefinite.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin import _core
from pytwin.errors import ComputationError, InputError, PytwinError

__all__ = ["FilterResult", "SmootherResult", "filter", "smooth", "unscented"]

Array = NDArray[np.float64]

_PARTS = ("", "y", "F", "H", "Q", "R", "G", "c", "d", "x0", "P0")
_FILTER_OUTPUTS = (
    "loglike",
    "loglike_t",
    "mean",
    "cov",
    "predicted_mean",
    "predicted_cov",
    "last_mean",
    "last_cov",
)
_INPUT_STATUS = ("BAD_ARGUMENT", "NOT_FINITE", "NOT_POSITIVE_DEFINITE")


@dataclass(frozen=True)
class FilterResult:
    """What a linear filter found; an output that was not asked for is None.

    Attributes
    ----------
    loglike : ndarray, shape (...)
        ln p(y), the constant included; missing elements contribute nothing.
    loglike_t : ndarray, shape (..., T)
        ln p(y_t | y_0 .. y_{t-1}).
    mean, cov : ndarray, shapes (..., T, n) and (..., T, n, n)
        Of x_t given y_0 .. y_t.
    predicted_mean, predicted_cov : ndarray
        Of x_t given y_0 .. y_{t-1}; row 0 holds x0 and P0.
    last_mean, last_cov : ndarray, shapes (..., n) and (..., n, n)
        The filtered moments at each series' last step.
    status : ndarray of int32, shape (...)
        0, or the code in ``pytwin._core.STATUS`` of why the series failed; its outputs are then NaN.
    failed_at : ndarray of int64, shape (...)
        The step that failed, -1 on success.
    failed_in : ndarray of str, shape (...)
        The array that is wrong, empty on success and where the computation itself failed.
    path : str
        ``"lanes"`` or ``"blas"``: which implementation ran. BLAS results agree between builds to 1e-12,
        lanes to the bit.
    """

    status: NDArray[np.int32]
    failed_at: NDArray[np.int64]
    failed_in: NDArray[np.str_]
    path: str
    loglike: Array | None = None
    loglike_t: Array | None = None
    mean: Array | None = None
    cov: Array | None = None
    predicted_mean: Array | None = None
    predicted_cov: Array | None = None
    last_mean: Array | None = None
    last_cov: Array | None = None


@dataclass(frozen=True)
class SmootherResult(FilterResult):
    """A filter's result with the smoothed moments.

    Attributes
    ----------
    smoothed_mean, smoothed_cov : ndarray, shapes (..., T, n) and (..., T, n, n)
        Of x_t given all of y.
    """

    smoothed_mean: Array | None = None
    smoothed_cov: Array | None = None


def _as_array(name: str, value: ArrayLike) -> Array:
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError("kalman.bad-argument", f"{name} can't be read as an array of numbers") from None


def _lay_out(name: str, value: ArrayLike, core: int, batch: tuple[int, ...], *, timed: bool = True) -> Array:
    """An array as (1 | series, [1 | T,] core axes), where `core` is 2 for a matrix and 1 for a vector."""
    a = _as_array(name, value)
    plain = core + (1 if timed else 0)
    if a.ndim < core:
        raise InputError("kalman.bad-shape", f"{name} has {a.ndim} dimensions, expected at least {core}")
    if a.ndim == core:
        return np.ascontiguousarray(a.reshape((1,) * (plain - core + 1) + a.shape))
    if a.ndim < plain:
        raise InputError("kalman.bad-shape", f"{name} has leading axes without a time axis")
    lead = a.shape[: a.ndim - plain]
    inner = a.shape[a.ndim - plain :]
    if all(k == 1 for k in lead):
        return np.ascontiguousarray(a.reshape((1, *inner)))
    try:
        spread = np.broadcast_to(a, batch + inner)
    except ValueError:
        raise InputError(
            "kalman.bad-shape", f"{name} has leading axes {lead}, which do not fit the series {batch}"
        ) from None
    return np.ascontiguousarray(spread.reshape((-1, *inner)))


def _failure(result: dict[str, Any], series: int) -> PytwinError:
    code = int(result["status"][series])
    name, message = next((k, m) for k, (c, m) in _core.STATUS.items() if c == code)
    part, step = _PARTS[int(result["failed_in"][series])], int(result["failed_at"][series])
    place = f"{part}, step {step}" if part else f"step {step}"
    kind = InputError if part or name in _INPUT_STATUS[:1] else ComputationError
    return kind("kalman." + name.lower().replace("_", "-"), message, place=f"series {series}, {place}")


def _raise_failures(result: dict[str, Any], arrays: dict[str, Any], single: bool) -> None:
    """One series, or an array that all series share: an exception. A series of a batch: its status."""
    failed = np.flatnonzero(result["status"])
    if failed.size == 0:
        return
    first = int(failed[0])
    part = _PARTS[int(result["failed_in"][first])]
    array = arrays.get(part)
    if single or (array is not None and array.shape[0] == 1 and part != "y"):
        raise _failure(result, first)


def _run(
    y: ArrayLike,
    F: ArrayLike,
    H: ArrayLike,
    Q: ArrayLike,
    R: ArrayLike,
    x0: ArrayLike,
    P0: ArrayLike,
    *,
    G: ArrayLike | None,
    c: ArrayLike | None,
    d: ArrayLike | None,
    lengths: ArrayLike | None,
    outputs: Sequence[str],
    threads: int,
    path: int = 0,
) -> dict[str, Any]:
    data = _as_array("y", y)
    if data.ndim < 2:
        raise InputError("kalman.bad-shape", f"y has {data.ndim} dimensions, expected (..., T, m)")
    batch = data.shape[:-2]
    arrays: dict[str, Any] = {"y": data.reshape((-1, *data.shape[-2:]))}
    for name, value in {"F": F, "H": H, "Q": Q, "R": R, "G": G}.items():
        arrays[name] = None if value is None else _lay_out(name, value, 2, batch)
    for name, value in {"c": c, "d": d}.items():
        arrays[name] = None if value is None else _lay_out(name, value, 1, batch)
    arrays["x0"] = _lay_out("x0", x0, 1, batch, timed=False)
    arrays["P0"] = _lay_out("P0", P0, 2, batch, timed=False)
    steps = None if lengths is None else _lay_out_lengths(lengths, batch)
    result: dict[str, Any] = _core.kalman_filter(
        **arrays, lengths=steps, outputs=tuple(outputs), path=path, threads=threads
    )
    _raise_failures(result, arrays, single=not batch)
    result["failed_in"] = np.array(_PARTS)[result["failed_in"]]
    return {k: v if k == "path" else v.reshape(batch + v.shape[1:]) for k, v in result.items()}


def _lay_out_lengths(lengths: ArrayLike, batch: tuple[int, ...]) -> NDArray[np.int64]:
    steps = np.asarray(lengths)
    if steps.dtype.kind not in "iu" or steps.shape != batch:
        raise InputError("kalman.bad-shape", f"lengths is not an array of integers of shape {batch}")
    return np.ascontiguousarray(steps.reshape(-1), dtype=np.int64)


def filter(
    y: ArrayLike,
    F: ArrayLike,
    H: ArrayLike,
    Q: ArrayLike,
    R: ArrayLike,
    x0: ArrayLike,
    P0: ArrayLike,
    *,
    G: ArrayLike | None = None,
    c: ArrayLike | None = None,
    d: ArrayLike | None = None,
    lengths: ArrayLike | None = None,
    outputs: Sequence[str] = ("loglike", "mean", "cov"),
    threads: int = 1,
) -> FilterResult:
    """Kalman filter of one or many series.

    Parameters
    ----------
    y : array_like, shape (..., T, m)
        Observations; NaN removes that element only. Leading axes are a batch of series.
    F, H, Q, R : array_like
        Matrices (n, n), (m, n), (g, g), (m, m); or with leading axes, then always with a time axis of
        length 1 or T: (..., 1|T, n, n). F, c, G and Q of time t lead from t to t+1. Q and R may be singular.
    x0, P0 : array_like, shapes ([...,] n) and ([...,] n, n)
        Mean and covariance of the state before the first observation is used, at its time.
    G : array_like, shape ([..., 1|T,] n, g), optional
        Loading of the state noise; the identity by default.
    c, d : array_like, shapes ([..., 1|T,] n) and ([..., 1|T,] m), optional
        Offsets of the state and of the observation.
    lengths : array_like of int, shape (...), optional
        Steps of each series, 1 to T; rows beyond are not read and come back as NaN.
    outputs : sequence of str
        Any of ``loglike, loglike_t, mean, cov, predicted_mean, predicted_cov, last_mean, last_cov``;
        memory is what is asked for.
    threads : int
        Results do not depend on it.

    Returns
    -------
    FilterResult

    Raises
    ------
    InputError
        Shapes that do not fit; an array that all series share is not finite, not symmetric or not positive
        semidefinite; the same in the arrays of a single series.
    ComputationError
        One series whose innovation is singular. In a batch that series gets a ``status``.

    References
    ----------
    Durbin & Koopman (2012), Time Series Analysis by State Space Methods, 2nd ed., secs. 4.3 and 6.4.
    """
    if unknown := [name for name in outputs if name not in _FILTER_OUTPUTS]:
        raise InputError("kalman.bad-argument", f"outputs: there is no {', '.join(unknown)}")
    result = _run(y, F, H, Q, R, x0, P0, G=G, c=c, d=d, lengths=lengths, outputs=outputs, threads=threads)
    return FilterResult(**result)


def smooth(
    y: ArrayLike,
    F: ArrayLike,
    H: ArrayLike,
    Q: ArrayLike,
    R: ArrayLike,
    x0: ArrayLike,
    P0: ArrayLike,
    *,
    G: ArrayLike | None = None,
    c: ArrayLike | None = None,
    d: ArrayLike | None = None,
    lengths: ArrayLike | None = None,
    outputs: Sequence[str] = ("loglike", "smoothed_mean", "smoothed_cov"),
    threads: int = 1,
) -> SmootherResult:
    """Fixed-interval smoother: moments of every state given all observations.

    J = P F' (F P F' + Q)^-, mean += J (next mean - predicted mean),
    cov = (I - J F) P (I - J F)' + J (Q + next cov) J'

    Parameters
    ----------
    y, F, H, Q, R, x0, P0, G, c, d, lengths, threads
        As in `filter`.
    outputs : sequence of str
        Those of `filter`, ``smoothed_mean`` and ``smoothed_cov``.

    Returns
    -------
    SmootherResult

    Raises
    ------
    InputError, ComputationError
        As in `filter`.

    References
    ----------
    Rauch, Tung & Striebel (1965), AIAA Journal 3, 1445; Joseph's form of the covariance as in Bierman (1977).
    """
    known = (*_FILTER_OUTPUTS, "smoothed_mean", "smoothed_cov")
    if unknown := [name for name in outputs if name not in known]:
        raise InputError("kalman.bad-argument", f"outputs: there is no {', '.join(unknown)}")
    both = tuple(dict.fromkeys((*outputs, "smoothed_mean", "smoothed_cov")))
    result = _run(y, F, H, Q, R, x0, P0, G=G, c=c, d=d, lengths=lengths, outputs=both, threads=threads)
    for name in set(both) - set(outputs):
        del result[name]
    return SmootherResult(**result)


def unscented(n: int) -> dict[str, float]:
    """Default spread of the sigma points of `_core.ukf` for n augmented states.

    alpha = 1, beta = 2 and kappa = 3 - n place the points at m +- sqrt(3) L_k with weight 1/6 each, so that
    the fourth moments of a Gaussian are met along every axis (Julier & Uhlmann 2004), whatever the number of
    states that are known exactly. Because beta >= alpha^2 all covariances stay positive semidefinite
    although the centre's weight is negative from n = 4 on (see csrc/kalman/sigma.h).

    Returns
    -------
    dict
        ``alpha``, ``beta``, ``kappa``, to be passed on by name.
    """
    return {"alpha": 1.0, "beta": 2.0, "kappa": 3.0 - n}
