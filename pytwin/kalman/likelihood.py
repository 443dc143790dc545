"""Maximum likelihood of any model that is a function of parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin.errors import InputError
from pytwin.kalman.arrays import as_array
from pytwin.kalman.bfgs import minimise
from pytwin.kalman.gradient import ARRAYS, gradient
from pytwin.kalman.model import LinearModel

__all__ = ["Fit", "fit"]

Array = NDArray[np.float64]
Build = Callable[[Any], LinearModel | Mapping[str, ArrayLike]]
_STEP = 1e-20  # of the complex step
_APART = 1e-4  # of the differences of gradients that make the Hessian


@dataclass(frozen=True)
class Fit:
    """Maximum likelihood estimates.

    Attributes
    ----------
    theta : ndarray, shape (p,), or (..., p) where every series has its own
    error : ndarray, the same shape
        Standard errors from the observed information; NaN at a bound, where there is none.
    loglike : ndarray, shape () or (...)
    converged : ndarray of bool
    iterations : ndarray of int
    model : LinearModel or mapping
        That of ``theta``; of the first series where every series has its own.
    """

    theta: Array
    error: Array
    loglike: Array
    converged: NDArray[np.bool_]
    iterations: NDArray[np.int64]
    model: Any


class _Likelihood:
    """-loglike and its gradient at several theta, each for all its series, in one call of the core."""

    def __init__(self, build: Build, y: Array, lengths: Array | None, threads: int) -> None:
        self.build, self.y, self.lengths, self.threads = build, y, lengths, threads

    def arrays(self, theta: Any) -> dict[str, NDArray[Any]]:
        made = self.build(theta)
        named = made.arrays() if isinstance(made, LinearModel) else dict(made)
        if named.pop("diffuse", None) is not None or named.pop("S", None) is not None:
            raise InputError("kalman.bad-argument", "the gradient takes neither diffuse nor S", place="build")
        return {name: np.asarray(a) for name, a in named.items() if a is not None}

    def __call__(self, theta: Array, which: NDArray[np.intp]) -> tuple[Array, Array]:
        """theta (k, p) of the groups `which` of y (K, S, T, m)."""
        k, p = theta.shape
        values, slopes = np.full(k, np.inf), np.zeros((k, p))
        for row in range(k):  # a group's model is the user's function: Python, one call for each
            values[row], slopes[row] = self.one(theta[row], int(which[row]))
        return values, slopes

    def one(self, theta: Array, group: int) -> tuple[float, Array]:
        here = {name: np.real(a).astype(float) for name, a in self.arrays(theta).items()}
        moved = [self.arrays(theta + 1j * _STEP * e) for e in np.eye(len(theta))]
        slopes = [{k: np.imag(a) / _STEP for k, a in m.items() if np.iscomplexobj(a)} for m in moved]
        wanted = [name for name in ARRAYS if any(name in s for s in slopes)]
        lengths = None if self.lengths is None else self.lengths[group]
        found = gradient(self.y[group], **here, lengths=lengths, wanted=wanted, threads=self.threads)
        if found.status.any():
            return np.inf, np.zeros(len(theta))
        along = [float(found.along(s).sum()) for s in slopes]
        return -float(found.loglike.sum()), -np.array(along)


def fit(
    build: Build,
    y: ArrayLike,
    start: ArrayLike,
    *,
    pooled: bool = True,
    lengths: ArrayLike | None = None,
    iterations: int = 200,
    threads: int = 1,
) -> Fit:
    """Maximum likelihood of the parameters of a model, with its exact gradient.

    Parameters
    ----------
    build : callable
        ``build(theta)`` gives the model of parameters theta (p,): a `LinearModel`, or a mapping of `filter`'s
        arrays. It is called with complex theta, too, for the derivatives of the arrays, so it takes
        ``np.exp(theta)`` rather than ``math.exp``, and no absolute values or comparisons. Parameters are best
        without bounds and of size 1: logarithms of variances.
    y : array_like, shape (..., T, m)
        NaN is missing.
    start : array_like, shape (p,), or (..., p) with ``pooled=False``
        Where the search begins.
    pooled : bool
        One theta for all series; False: each series its own.
    lengths : array_like of int, shape (...), optional
        As in `filter`.
    iterations : int
        The most steps of a search.
    threads : int
        Results do not depend on it.

    Returns
    -------
    Fit

    Examples
    --------
    >>> import numpy as np, pytwin as pt
    >>> def walk(theta):
    ...     q, r = np.exp(theta)
    ...     return {"F": [[1]], "H": [[1]], "Q": [[q]], "R": [[r]], "x0": [0], "P0": [[1e6]]}
    >>> found = pt.kalman.fit(walk, y, [0.0, 0.0])
    """
    data = as_array("y", y)
    if data.ndim < 2:
        raise InputError("kalman.bad-shape", f"y has {data.ndim} dimensions, expected (..., T, m)", place="y")
    batch = data.shape[:-2]
    rows = data.reshape(1 if pooled else -1, -1 if pooled else 1, *data.shape[-2:])
    steps = None if lengths is None else np.asarray(lengths).reshape(rows.shape[:2])
    theta = as_array("start", start)
    begin = np.broadcast_to(theta, (*(() if pooled else batch), theta.shape[-1])).reshape(len(rows), -1)
    likelihood = _Likelihood(build, rows, steps, threads)
    seen = np.isfinite(rows).sum(axis=(1, 2, 3))
    found = minimise(likelihood, begin.copy(), gradient=1e-8 * np.maximum(seen, 10), iterations=iterations)
    lead = () if pooled else batch
    return Fit(
        theta=found.x.reshape(*lead, -1),
        error=_errors(likelihood, found.x).reshape(*lead, -1),
        loglike=-found.value.reshape(lead),
        converged=found.converged.reshape(lead),
        iterations=found.iterations.reshape(lead),
        model=build(found.x[0]),
    )


def _errors(likelihood: _Likelihood, theta: Array) -> Array:
    """Roots of the diagonal of the inverse Hessian, from central differences of the exact gradient."""
    K, p = theta.shape
    every = np.arange(K)
    step = _APART * np.maximum(1, np.abs(theta))
    hessian = np.empty((K, p, p))
    for j in range(p):
        move = step * np.eye(p)[j]
        up, down = likelihood(theta + move, every)[1], likelihood(theta - move, every)[1]
        hessian[:, j] = (up - down) / (2 * step[:, j, None])
    errors = np.full((K, p), np.nan)
    for k, one in enumerate((hessian + np.swapaxes(hessian, 1, 2)) / 2):
        if np.isfinite(one).all() and np.linalg.eigvalsh(one).min(initial=1.0) > 0:
            errors[k] = np.sqrt(np.diag(np.linalg.inv(one)))
    return errors
