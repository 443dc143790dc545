"""Maximum likelihood of structural models: every series its own parameters, all in one call of the core."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.errors import InputError
from pytwin.kalman.bfgs import Minimum, minimise
from pytwin.kalman.gradient import ARRAYS, gradient
from pytwin.kalman.model import LinearModel
from pytwin.kalman.structural.fitted import Fitted, Search
from pytwin.kalman.structural.model import Params, Structural

__all__ = ["fit"]

Array = NDArray[np.float64]
Which = NDArray[np.intp]
_FLAT = 1e-2  # a slope of a parameter below which it is at its bound


class Likelihood:
    """-loglike of each of K series at its own theta, and the gradient."""

    def __init__(self, model: Structural, y: Array, kappa: float | None, threads: int) -> None:
        self.model, self.y, self.kappa, self.threads = model, y, kappa, threads
        self.spread = model.spread(y)

    def params(self, theta: NDArray[Any], which: Which) -> dict[str, Any]:
        return self.model.from_search(theta, self.spread[which])

    def __call__(self, theta: Array, which: Which) -> tuple[Array, Array]:
        """Derivatives of the arrays by complex step, of the likelihood to the arrays by the core."""
        moved = [self.linear(theta + 1e-20j * e, which) for e in np.eye(theta.shape[-1])]
        slopes = [
            {name: np.imag(a) / 1e-20 for name, a in m.arrays().items() if np.iscomplexobj(a)} for m in moved
        ]
        here = self.linear(theta, which).arrays()
        wanted = [name for name in ARRAYS if any(name in s for s in slopes)]
        found = gradient(self.of(which)[..., None], **here, wanted=wanted, threads=self.threads)
        slope = np.stack([-found.along(s) for s in slopes], axis=-1) if slopes else np.zeros(theta.shape)
        return self.total(np.where(found.status == 0, -found.loglike, np.inf)), self.total(slope.T).T

    def of(self, which: Which) -> Array:
        """The series of the problems `which`."""
        return self.y[which]

    def total(self, each: Array) -> Array:
        """A value for each problem from one for each series, along the last axis."""
        return each

    def linear(self, theta: NDArray[Any], which: Which) -> LinearModel:
        return self.model.of(which).linear(self.params(theta, which), self.y.shape[-1], kappa=self.kappa)


class Pooled(Likelihood):
    """-loglike of all series at one theta: one problem."""

    def __init__(self, model: Structural, y: Array, kappa: float | None, threads: int) -> None:
        super().__init__(model, y, kappa, threads)
        self.spread = self.spread.max(keepdims=True, initial=1e-300)

    def of(self, which: Which) -> Array:
        return self.y

    def total(self, each: Array) -> Array:
        whole: Array = each.sum(axis=-1, keepdims=True)
        return whole

    def linear(self, theta: NDArray[Any], which: Which) -> LinearModel:
        return self.model.linear(self.params(theta, which), self.y.shape[-1], kappa=self.kappa)


def fit(
    model: Structural,
    y: Array,
    start: Params,
    *,
    pooled: bool,
    kappa: float | None,
    iterations: int,
    threads: int,
) -> Fitted:
    """See `Structural.fit`."""
    batch = () if pooled else y.shape[:-1]
    rows = y.reshape(-1, y.shape[-1])
    likelihood = (Pooled if pooled else Likelihood)(model, rows, kappa, threads)
    begin = _start(model, batch, start, likelihood.spread)
    seen = np.isfinite(rows).sum() if pooled else np.isfinite(rows).sum(axis=-1)
    found = minimise(likelihood, begin, gradient=1e-8 * np.maximum(seen, 10), iterations=iterations)
    params = likelihood.params(found.x, np.arange(len(begin)))
    errors = _standard_errors(likelihood, found)
    search = Search(
        {name: _shaped(v, batch) for name, v in errors.items()},
        found.converged.reshape(batch),
        found.iterations.reshape(batch),
    )
    return Fitted(model, y, {k: _shaped(v, batch) for k, v in params.items()}, search, kappa)


def _shaped(value: Any, batch: tuple[int, ...]) -> Any:
    """One value a series as (...), a single series' as a number; known parameters as they are."""
    a = np.asarray(value)
    if a.ndim == 0:
        return value
    return a.reshape(batch) if batch else float(a[0])


def _start(model: Structural, batch: tuple[int, ...], given: Params, spread: Array) -> Array:
    """(K, p): the caller's values, else shares of the variance of the changes."""
    if unknown := sorted(set(given) - set(model.free)):
        hint = f"There are: {', '.join(model.free)}"
        raise InputError("kalman.bad-argument", f"{unknown[0]} is not estimated", place="start", hint=hint)
    values = model.start(spread)
    values |= {name: np.broadcast_to(np.asarray(v, float), batch).reshape(-1) for name, v in given.items()}
    theta = model.to_search(values, spread)
    return np.broadcast_to(theta, (len(spread), theta.shape[-1])).copy()


def _standard_errors(likelihood: Likelihood, found: Minimum) -> dict[str, Array]:
    """Roots of the diagonal of J V J', V the inverse Hessian in theta, J the derivatives of the parameters.

    A parameter that theta does not move, a variance at 0, is at its bound and has none.
    """
    K, p = found.x.shape
    every = np.arange(K)
    hessian = np.empty((K, p, p))
    h = 1e-3
    for j in range(p):
        up, down = (likelihood(found.x + sign * h * np.eye(p)[j], every)[1] for sign in (1, -1))
        with np.errstate(invalid="ignore"):
            hessian[:, j] = (up - down) / (2 * h)
    hessian = (hessian + np.swapaxes(hessian, 1, 2)) / 2
    V = _inverse(hessian)
    slopes = [likelihood.params(found.x + 1e-20j * np.eye(p)[j], every) for j in range(p)]
    errors = {}
    for group in likelihood.model.groups:
        unit = likelihood.spread**group.scale
        for name in () if group.known else group.names:
            J = np.stack([np.imag(s[name]) / 1e-20 for s in slopes], axis=-1)
            flat = np.abs(J).max(axis=-1) < _FLAT * unit
            with np.errstate(invalid="ignore"):
                # What theta_j does not move takes no share, though its row of V may be NaN.
                JJ = J[:, :, None] * J[:, None, :]
                terms = np.where(JJ == 0, 0.0, JJ * V)
                errors[name] = np.where(flat, np.nan, np.sqrt(terms.sum(axis=(1, 2))))
    return errors


def _inverse(hessian: Array) -> Array:
    """Inverses where they are positive definite; NaN elsewhere and for what the likelihood does not see."""
    V = np.full_like(hessian, np.nan)
    for k, one in enumerate(hessian):
        curved = np.diagonal(one) > 1e-7 * np.abs(one).max(initial=0.0)
        both = np.ix_(curved, curved)
        if curved.any() and np.isfinite(one).all() and np.linalg.eigvalsh(one[both])[0] > 0:
            V[k][both] = np.linalg.inv(one[both])
    return V
