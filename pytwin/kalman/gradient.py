"""The exact gradient of the log-likelihood with respect to the model's arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin.errors import InputError
from pytwin.kalman.arrays import as_array, axes_of, lay_out, lay_out_diffuse, lay_out_lengths, run_core
from pytwin.kalman.cross_gradient import gradient_with_cross

__all__ = ["Gradient", "gradient"]

Array = NDArray[np.float64]

ARRAYS = ("F", "H", "Q", "R", "G", "S", "c", "d", "x0", "P0")


@dataclass(frozen=True)
class Gradient:
    """Log-likelihoods and their derivatives.

    Attributes
    ----------
    loglike : ndarray, shape (...)
    wrt : dict of str to ndarray
        By array of the model: (..., *block) for one without a time axis, whose derivative is the sum over the
        steps, and (..., T, *block) for one with it. Of a symmetric array the symmetric D with
        dl = sum_ij D_ij dA_ij.
    status : ndarray of int32, shape (...)
        As in `FilterResult`; a series that failed has NaN.
    """

    loglike: Array
    status: NDArray[np.int32]
    wrt: Mapping[str, Array] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Array:
        return self.wrt[name]

    def along(self, directions: Mapping[str, ArrayLike]) -> Array:
        """Derivative of each series' loglike along a change of the arrays, shape (...).

        ``directions`` holds derivatives of arrays, each shaped as in `filter`: with leading axes of the
        batch, and a time axis where that array has one.
        """
        total = np.zeros(self.loglike.shape)
        for name, direction in directions.items():
            total += self._share(name, np.asarray(direction, dtype=np.float64))
        return total

    def _share(self, name: str, direction: Array) -> Array:
        g = self.wrt[name]
        block = axes_of(name)
        timed = g.ndim - self.loglike.ndim > block
        if direction.ndim > block and name not in ("x0", "P0") and not timed:
            direction = np.take(direction, 0, axis=-block - 1)
        axes = tuple(range(-block - timed, 0))
        return np.asarray(np.nansum(g * direction, axis=axes))


def gradient(
    y: ArrayLike,
    F: ArrayLike,
    H: ArrayLike,
    Q: ArrayLike,
    R: ArrayLike,
    x0: ArrayLike,
    P0: ArrayLike,
    *,
    G: ArrayLike | None = None,
    S: ArrayLike | None = None,
    c: ArrayLike | None = None,
    d: ArrayLike | None = None,
    diffuse: ArrayLike | bool | None = None,
    lengths: ArrayLike | None = None,
    wanted: Sequence[str] = ("F", "H", "Q", "R", "x0", "P0"),
    threads: int = 1,
) -> Gradient:
    """Exact derivatives of ln p(y) of one or many series, in one pass forward and one back.

    Parameters
    ----------
    y, F, H, Q, R, x0, P0, G, S, c, d, diffuse, lengths, threads
        As in `filter`. With a diffuse start these are derivatives of the diffuse likelihood, along changes
        that leave as many elements diffuse.
    wanted : sequence of str
        Arrays to which derivatives are wanted, of ``F, H, Q, R, G, S, c, d, x0, P0``; ``c`` and ``d`` need
        not be given, ``G`` and ``S`` must. The cost is that of a filter and a smoother, whatever their
        number; with S, derivatives of F, c and Q are held for each series and step on the way.

    Returns
    -------
    Gradient

    Raises
    ------
    InputError, ComputationError
        As in `filter`.

    References
    ----------
    Koopman & Shephard (1992), Biometrika 79, 823; Segal & Weinstein (1989), IEEE Transactions on Information
    Theory 35, 682: the recursion of de Jong (1988) needs no inverse of a noise. Koopman & Durbin (2000),
    Journal of Time Series Analysis 21, 281, for diffuse starts.
    """
    if unknown := [name for name in wanted if name not in ARRAYS]:
        hint = f"There is {', '.join(ARRAYS)}"
        raise InputError("kalman.bad-argument", f"no array {unknown[0]}", place="wanted", hint=hint)
    for name, value in {"G": G, "S": S}.items():
        if name in wanted and value is None:
            message = f"there is no {name} to differentiate by"
            raise InputError("kalman.bad-argument", message, place="wanted")
    model: dict[str, Any] = {"F": F, "H": H, "Q": Q, "R": R, "x0": x0, "P0": P0, "G": G, "c": c, "d": d}
    model |= {"diffuse": diffuse, "lengths": lengths}
    if S is not None:
        found = _with_cross(y, model, S, wanted, threads)
    else:
        outputs = ("loglike", *(f"gradient_{name}" for name in wanted))
        found = run_core(y, **model, outputs=outputs, threads=threads)
    wrt = {name: found[f"gradient_{name}"] for name in wanted}
    return Gradient(found["loglike"], found["status"], wrt)


def _with_cross(
    y: ArrayLike, model: Mapping[str, Any], S: ArrayLike, wanted: Sequence[str], threads: int
) -> dict[str, Any]:
    data = as_array("y", y)
    if data.ndim < 2:
        raise InputError("kalman.bad-shape", f"y has {data.ndim} dimensions, expected (..., T, m)", place="y")
    batch, lengths = data.shape[:-2], model["lengths"]
    arrays: dict[str, Any] = {"y": data.reshape(-1, *data.shape[-2:])}
    for name in ("F", "H", "Q", "R", "G", "c", "d"):
        value = model[name]
        arrays[name] = None if value is None else lay_out(name, value, axes_of(name), batch)
    start: dict[str, Any] = {
        name: lay_out(name, model[name], axes_of(name), batch, timed=False) for name in ("x0", "P0")
    }
    start["diffuse"] = lay_out_diffuse(model["diffuse"], start["x0"].shape[-1], batch)
    start["lengths"] = None if lengths is None else lay_out_lengths(lengths, batch)
    found = gradient_with_cross(arrays, lay_out("S", S, 2, batch), start, wanted, threads)
    if not batch and found["status"][0]:  # the exception that `filter` would raise
        run_core(y, **model, S=S, outputs=("loglike",), threads=threads)
    return {k: a if k == "path" else a.reshape(batch + a.shape[1:]) for k, a in found.items()}
