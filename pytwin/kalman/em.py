"""Expectation and maximisation: any of a linear model's arrays learned from gappy series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin.errors import ComputationError, InputError
from pytwin.kalman.arrays import as_array, axes_of, lay_out, lay_out_diffuse
from pytwin.kalman.filters import smooth
from pytwin.kalman.moments import Moments, observations, transitions
from pytwin.kalman.results import SmootherResult

__all__ = ["EM", "em"]

Array = NDArray[np.float64]
Arrays = dict[str, Array]

_LEARNED = ("F", "H", "Q", "R", "c", "d", "x0", "P0")


@dataclass(frozen=True)
class EM:
    """What the iterations led to.

    Attributes
    ----------
    arrays : dict of str to ndarray
        The model after the last maximisation, by the names of `filter`'s arguments.
    loglike : ndarray, shape (iterations,) or (iterations, ...)
        Of all series together, or of each one with ``pooled=False``, before each maximisation.
    converged : bool
        The last iteration gained less than ``tol`` a number seen.
    """

    arrays: Arrays
    loglike: Array
    converged: bool


def em(
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
    diffuse: ArrayLike | bool | None = None,
    lengths: ArrayLike | None = None,
    learn: Sequence[str] = ("Q", "R"),
    diagonal: Sequence[str] = (),
    pooled: bool = True,
    iterations: int = 100,
    tol: float = 1e-8,
    threads: int = 1,
) -> EM:
    """Learn arrays of a linear model; every iteration raises the likelihood, or leaves it.

    Parameters
    ----------
    y, F, H, Q, R, x0, P0, G, c, d, diffuse, lengths, threads
        As in `filter`; the arrays are where the search begins. Those that are learned are constant. With a
        diffuse start the likelihood is the diffuse one; x0 and P0 are then learned of the other states
        alone, which a mask names.
    learn : sequence of str
        Any of ``F, H, Q, R, c, d, x0, P0``. F and c go with no G.
    diagonal : sequence of str
        Which of ``Q, R, P0`` are to be diagonal.
    pooled : bool
        One model for all series; False: each series its own.
    iterations : int
        At most so many.
    tol : float
        A gain in ln p(y) for each number seen below which the iterations end; 0: never.

    Returns
    -------
    EM

    Raises
    ------
    InputError
        As in `filter`; names that are not learned; an array with a time axis that is to be learned.
    ComputationError
        A series failed, or leaves states diffuse to its end, so that their moments are infinite.

    Notes
    -----
    With all expectations given y under the present arrays and, for an element that is missing, over it too,

        [F c] = sum E(x_{t+1} z') (sum E(z z'))^-1,  z = (x_t, 1),  Q = mean E(w w')
        [H d] = sum E(y z') (sum E(z z'))^-1,  R = mean E(v v')
        x0 = mean E(x_0),  P0 = mean Cov(x_0) + (E(x_0) - x0) (E(x_0) - x0)'

    Steps at which nothing is seen take no part in R.

    References
    ----------
    Shumway & Stoffer (1982), Journal of Time Series Analysis 3, 253; Durbin & Koopman (2012), sec. 7.3.4.
    """
    given = {"F": F, "H": H, "Q": Q, "R": R, "x0": x0, "P0": P0, "G": G, "c": c, "d": d}
    _check(given, learn, diagonal, diffuse)
    data = as_array("y", y)
    if data.ndim < 2:
        raise InputError("kalman.bad-shape", f"y has {data.ndim} dimensions, expected (..., T, m)", place="y")
    batch, rows = data.shape[:-2], data.reshape(-1, *data.shape[-2:])
    steps = np.full(len(rows), rows.shape[1]) if lengths is None else np.asarray(lengths).reshape(-1)
    arrays = _arrays(given, learn, batch, len(rows), pooled)
    vague = lay_out_diffuse(diffuse, arrays["x0"].shape[-1], batch)
    if vague is not None and pooled and len(vague) > 1 and {"x0", "P0"} & set(learn):
        hint = "Give one for all series, or pooled=False"
        raise InputError("kalman.bad-argument", "diffuse differs between series", place="diffuse", hint=hint)
    seen = np.isfinite(rows).sum(axis=(1, 2))
    if not seen.any():
        raise InputError("kalman.bad-argument", "nothing is seen in any series", place="y")
    history: list[Array] = []
    converged = False
    while len(history) < iterations and not converged:
        found = _expect(rows, arrays, vague, steps, learn, threads)
        assert found.loglike is not None
        gains = found.loglike.sum(keepdims=True) if pooled else found.loglike
        counts = seen.sum(keepdims=True) if pooled else seen
        settled = history and np.all(gains - history[-1] < tol * np.maximum(counts, 1))
        converged = bool(tol > 0 and settled)
        history.append(gains)
        if not converged:
            arrays = _maximise(rows, arrays, vague, steps, found, learn, diagonal, pooled)
    lead = () if pooled else batch
    told = {k: _plain(k, a, lead) if k in learn else np.asarray(given[k]) for k, a in arrays.items()}
    return EM(told, np.array(history).reshape(len(history), *lead), converged)


# ---- what is learned ----


def _check(
    given: Mapping[str, Any], learn: Sequence[str], diagonal: Sequence[str], diffuse: ArrayLike | bool | None
) -> None:
    if unknown := [name for name in learn if name not in _LEARNED]:
        hint = f"There is {', '.join(_LEARNED)}"
        raise InputError("kalman.bad-argument", f"{unknown[0]} is not learned", place="learn", hint=hint)
    if unknown := [name for name in diagonal if name not in ("Q", "R", "P0")]:
        raise InputError("kalman.bad-argument", f"{unknown[0]} is no covariance", place="diagonal")
    start = [name for name in learn if name in ("x0", "P0")]
    vague = np.asarray(False if diffuse is None else diffuse)
    if start and vague.dtype != bool and vague.ndim > 1:
        hint = "Name the diffuse states by a mask"
        message = f"{start[0]} is not learned beside a matrix of what is diffuse"
        raise InputError("kalman.bad-argument", message, place="diffuse", hint=hint)
    if given["G"] is not None and {"F", "c"} & set(learn):
        hint = "Leave G out and let Q be G Q G', or use fit"
        raise InputError("kalman.bad-argument", "F and c are not learned beside a G", place="G", hint=hint)


def _arrays(
    given: Mapping[str, Any], learn: Sequence[str], batch: tuple[int, ...], n_series: int, pooled: bool
) -> Arrays:
    """The caller's arrays as (1 | S, 1 | T, block), x0 and P0 without the middle axis."""
    sizes = {"c": np.shape(given["F"])[-1], "d": np.shape(given["R"])[-1]}
    found: Arrays = {}
    for name, value in given.items():
        if value is not None:
            found[name] = _laid_out(name, value, batch)
        elif name in learn:
            found[name] = _laid_out(name, np.zeros(sizes[name]), batch)
    for name in learn:
        a = found[name]
        if name not in ("x0", "P0") and a.shape[1] > 1:
            message = f"{name} has a time axis and can't be learned"
            raise InputError("kalman.bad-argument", message, place=name)
        if pooled and len(a) > 1:
            hint = "Give one for all series, or pooled=False"
            raise InputError("kalman.bad-argument", f"{name} differs between series", place=name, hint=hint)
        found[name] = np.array(np.broadcast_to(a, (1 if pooled else n_series, *a.shape[1:])))
    return found


def _laid_out(name: str, value: ArrayLike, batch: tuple[int, ...]) -> Array:
    return lay_out(name, value, axes_of(name), batch, timed=name not in ("x0", "P0"))


def _plain(name: str, a: Array, lead: tuple[int, ...]) -> Array:
    """As the caller gives such an array: without the axes that were added, for one model."""
    block = axes_of(name)
    if not lead:
        return a.reshape(a.shape[-block:])
    return a.reshape(*lead, *a.shape[1:])


def _expect(
    y: Array,
    arrays: Arrays,
    vague: Array | None,
    steps: NDArray[np.int64],
    learn: Sequence[str],
    threads: int,
) -> SmootherResult:
    outputs = ["loglike", "smoothed_mean", "smoothed_cov"]
    if {"F", "c"} & set(learn):
        outputs.append("lag_one_cov")
    elif "Q" in learn:
        outputs += ["state_disturbance", "state_disturbance_cov"]
    model: dict[str, Any] = dict(arrays)
    found = smooth(y, **model, diffuse=vague, lengths=steps, outputs=outputs, threads=threads)
    if (failed := np.flatnonzero(found.status)).size:
        message = "the smoother failed under the arrays that were learned"
        raise ComputationError("kalman.em", message, place=f"series {failed[0]}")
    if found.diffuse_left is not None and (open_ := np.flatnonzero(found.diffuse_left)).size:
        message = f"{found.diffuse_left[open_[0]]} dimensions of the state stay diffuse to the end"
        hint = "Leave the series out, or give its start a prior"
        raise ComputationError("kalman.em", message, place=f"series {open_[0]}", hint=hint)
    return found


# ---- maximisation ----


def _maximise(
    y: Array,
    arrays: Arrays,
    vague: Array | None,
    steps: NDArray[np.int64],
    found: SmootherResult,
    learn: Sequence[str],
    diagonal: Sequence[str],
    pooled: bool,
) -> Arrays:
    new = dict(arrays)
    if {"F", "c", "Q"} & set(learn):
        moments = transitions(found, arrays, steps, learn)
        new |= _regress(moments.pooled() if pooled else moments, ("F", "c", "Q"), learn)
    if {"H", "d", "R"} & set(learn):
        moments = observations(y, found, arrays, steps, learn)
        new |= _regress(moments.pooled() if pooled else moments, ("H", "d", "R"), learn)
    if {"x0", "P0"} & set(learn):
        new |= _begin(found, arrays, vague, learn, pooled)
    for name in {"Q", "R", "P0"} & set(learn):
        new[name] = (new[name] + np.swapaxes(new[name], -1, -2)) / 2
        if name in diagonal:
            new[name] = new[name] * np.eye(new[name].shape[-1])
    return new


def _regress(moments: Moments, names: tuple[str, str, str], learn: Sequence[str]) -> Arrays:
    matrix, offset, cov = names
    A, b = moments.coefficients(matrix in learn, offset in learn)
    new = {matrix: A, offset: b, cov: moments.noise(A, b) if cov in learn else None}
    return {name: a[:, None] for name, a in new.items() if a is not None}


def _begin(
    found: SmootherResult, arrays: Arrays, vague: Array | None, learn: Sequence[str], pooled: bool
) -> Arrays:
    """x0 and P0; entries for diffuse states, which are not used, stay or are 0 beside those of others."""
    assert found.smoothed_mean is not None and found.smoothed_cov is not None
    mean, cov = found.smoothed_mean[:, 0], found.smoothed_cov[:, 0]
    kept = np.zeros((1, mean.shape[-1]), dtype=bool)
    if vague is not None:
        kept = np.diagonal(vague, axis1=-2, axis2=-1) != 0
    new: Arrays = {}
    if "x0" in learn:
        x0 = mean.mean(axis=0, keepdims=True) if pooled else mean
        new["x0"] = np.where(kept, arrays["x0"], x0)
    if "P0" in learn:
        apart = mean - new.get("x0", arrays["x0"])
        P = cov + _outer(apart)
        P = P.mean(axis=0, keepdims=True) if pooled else P
        new["P0"] = np.where(_outer(~kept), P, np.where(_outer(kept), arrays["P0"], 0.0))
    return new


def _outer(a: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(a[..., :, None] * a[..., None, :])
