"""Maximum likelihood of any model that is a function of parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin.errors import InputError
from pytwin.kalman.arrays import as_array, axes_of
from pytwin.kalman.bfgs import minimise
from pytwin.kalman.gradient import ARRAYS, gradient
from pytwin.kalman.model import LinearModel

__all__ = ["Fit", "fit"]

Array = NDArray[np.float64]
Steps = NDArray[np.int64]
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
    """-loglike and its gradient: all series at one theta, or each at its own, in one call of the core."""

    def __init__(self, build: Build, y: Array, steps: Steps | None, pooled: bool, threads: int) -> None:
        self.build, self.y, self.steps, self.pooled, self.threads = build, y, steps, pooled, threads

    def arrays(self, theta: Any) -> dict[str, NDArray[Any]]:
        made = self.build(theta)
        named = made.arrays() if isinstance(made, LinearModel) else dict(made)
        return {name: np.asarray(a) for name, a in named.items() if a is not None}

    def __call__(self, theta: Array, which: NDArray[np.intp]) -> tuple[Array, Array]:
        """theta (k, p), pooled k = 1: values (k,) and gradients (k, p)."""
        p = theta.shape[-1]
        moved = [[self.arrays(t + 1j * _STEP * e) for t in theta] for e in np.eye(p)]
        here = self.stacked([{k: np.real(a) for k, a in self.arrays(t).items()} for t in theta])
        slopes = [self.stacked([{k: np.imag(a) / _STEP for k, a in m.items()} for m in row]) for row in moved]
        wanted = [name for name in ARRAYS if any(s.get(name, 0 * here["F"]).any() for s in slopes)]
        rows = slice(None) if self.pooled else which
        steps = None if self.steps is None else self.steps[rows]
        found = gradient(self.y[rows], **here, lengths=steps, wanted=wanted, threads=self.threads)
        along = np.stack([found.along({k: s[k] for k in wanted}) for s in slopes], axis=-1)
        good = found.status == 0
        value, slope = np.where(good, -found.loglike, np.inf), np.where(good[:, None], -along, 0.0)
        if not self.pooled:
            return value, slope
        return value.sum(keepdims=True), slope.sum(axis=0, keepdims=True)

    def stacked(self, models: list[dict[str, Array]]) -> dict[str, Any]:
        """The arrays of one model, or of one for each series; what is diffuse is the same for all theta."""
        found: dict[str, Any] = dict(models[0])
        if not self.pooled:
            found |= {k: _stack(k, [m[k] for m in models]) for k in found if k != "diffuse"}
        if "diffuse" in found and not all(np.array_equal(m["diffuse"], found["diffuse"]) for m in models):
            raise InputError("kalman.bad-argument", "diffuse depends on theta", place="build")
        return found


def _stack(name: str, rows: list[Array]) -> Array:
    """A series axis in front, and a time axis where there is none."""
    a = np.stack(rows)
    return a if a.ndim > axes_of(name) + 1 or name in ("x0", "P0") else a[:, None]


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
    rows = data.reshape(-1, *data.shape[-2:])
    steps = None if lengths is None else np.asarray(lengths).reshape(-1)
    theta = as_array("start", start)
    begin = np.broadcast_to(theta, (*(() if pooled else batch), theta.shape[-1]))
    begin = begin.reshape(1 if pooled else len(rows), -1)
    likelihood = _Likelihood(build, rows, steps, pooled, threads)
    seen = np.isfinite(rows).sum(axis=None if pooled else (1, 2))
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
