"""Sizes of errors, process noise and parameters that make the observations likeliest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin.errors import ComputationError, InputError
from pytwin.estimation import methods
from pytwin.estimation.data import Data, check_values, flatten, read_data
from pytwin.estimation.noise import KINDS, Noise, NoiseLike, read_noise
from pytwin.estimation.problem import Problem, read_problem
from pytwin.estimation.run import span
from pytwin.kalman.bfgs import minimise

if TYPE_CHECKING:
    from pytwin.model import Model

__all__ = ["Fit", "fit"]

Array = NDArray[np.float64]
_APART = 1e-3  # of logarithms in a difference: above the integrator's error, below most bends
_WIDE = 2e-2  # of those that make the curvature
_ENOUGH = 1e-4  # an element of the gradient for each number seen


@dataclass(frozen=True)
class Fit:
    """Maximum likelihood estimates.

    Attributes
    ----------
    values, errors : dict of str to ndarray, shape () or (N,)
        By the names in ``learn``: the value, and its relative standard error, that of its logarithm, from the
        curvature; NaN where that is not positive.
    loglike : ndarray, shape () or (N,)
    converged : ndarray of bool
    iterations : ndarray of int
    noise : tuple of Noise
        One for each output, with the sizes found.
    Q, params : ndarray
        With the values found.
    """

    values: dict[str, Array]
    errors: dict[str, Array]
    loglike: Array
    converged: NDArray[np.bool_]
    iterations: NDArray[np.int64]
    noise: tuple[Noise, ...]
    Q: Array
    params: Array

    def __str__(self) -> str:
        rows = [f"ln p(y) = {np.sum(self.loglike):.6g}{'' if self.converged.all() else ', not converged'}"]
        for name, value in self.values.items():
            if np.ndim(value):
                rows.append(f"  {name:12} median {np.median(value):.4g} of {len(value)}")
            else:
                rows.append(f"  {name:12} {value:10.4g}  (+- {100 * self.errors[name]:.2g} %)")
        return "\n".join(rows)


def fit(
    model: Model,
    times: ArrayLike,
    y: ArrayLike,
    *,
    learn: Sequence[str],
    outputs: Sequence[str] | str,
    noise: NoiseLike,
    x0: ArrayLike,
    P0: ArrayLike,
    pooled: bool = True,
    start: ArrayLike | None = None,
    lengths: ArrayLike | None = None,
    censor: ArrayLike | None = None,
    iterations: int = 100,
    threads: int = 1,
    **options: Any,
) -> Fit:
    """Maximum likelihood of positive quantities: all are searched by their logarithms.

    Parameters
    ----------
    model, times, y, outputs, noise, x0, P0, start, lengths, censor, threads, **options
        As in `filter`; what is learned begins at the values that are given here.
    learn : sequence of str
        ``"C.a"`` and ``"C.b"``: sizes of the errors of the output C; ``"Q.NAME"``: process noise of an
        element of z; ``"NAME"``: a parameter of the model that isn't in ``theta``.
    pooled : bool
        One value for all patients; False: each patient his own.
    iterations : int
        The most steps of a search.

    Returns
    -------
    Fit

    Raises
    ------
    InputError
        ``estimation.not-learned``; those of `filter`.
    ComputationError
        The filter fails where the search begins.

    Notes
    -----
    The gradient is made of central differences, all of them and all patients in one call of the core. With a
    method that draws random numbers these are the same at every point.

    References
    ----------
    Nocedal & Wright (2006), Numerical Optimization, 2nd ed., sec. 6.1 (BFGS).
    """
    given = ("theta", "params", "plan", "Q", "bounds", "method", "ode")
    common = {name: options.pop(name) for name in given if name in options}
    problem = read_problem(model, x0=x0, P0=P0, **common, options=options)
    problem, data = problem.expanded(read_data(model, times, y, outputs, lengths, censor))
    likelihood = _Likelihood(
        problem, data, read_noise(noise, data.outputs), tuple(learn), start, threads, pooled
    )
    first = likelihood.begin()
    found = minimise(likelihood, first, gradient=_ENOUGH * likelihood.seen, iterations=iterations)
    if not np.isfinite(found.value).all():
        place = f"patient {int(np.argmin(np.isfinite(found.value)))}"
        raise ComputationError("estimation.fit", "the filter fails where the search begins", place=place)
    lead: Any = 0 if pooled else slice(None)
    error = likelihood.errors(found.x)
    noises, Q, params = likelihood.changed(np.exp(found.x))
    one = pooled or problem.count == len(data.times) == 1
    return Fit(
        {name: np.exp(found.x[:, k])[lead] for k, name in enumerate(learn)},
        {name: error[:, k][lead] for k, name in enumerate(learn)},
        -found.value[lead],
        found.converged[lead],
        found.iterations[lead],
        tuple(Noise(e.kind, *((np.ravel(s)[0] if one else s) for s in (e.a, e.b))) for e in noises),
        Q[0] if one else Q,
        params[0] if one else params,
    )


class _Likelihood:
    """-ln p(y) of K groups of patients at several points each, and its gradient, in one call of the core."""

    def __init__(
        self,
        problem: Problem,
        data: Data,
        noise: tuple[Noise, ...],
        learn: tuple[str, ...],
        start: Any,
        threads: int,
        pooled: bool,
    ) -> None:
        check_values(data, noise)
        if not learn or len(set(learn)) < len(learn):
            raise InputError("estimation.not-learned", "names of what is learned, each once", place="learn")
        self.problem, self.data, self.noise, self.threads = problem, data, noise, threads
        self.learn = [(name, *_target(name, problem, data, noise)) for name in learn]
        n = len(data.times)
        self.groups = [np.arange(n)] if pooled else [np.array([i]) for i in range(n)]
        self.start, self.end = span(data, start, None)
        counts = data.seen.sum(axis=(1, 2))
        self.seen = np.array([max(int(counts[g].sum()), 10) for g in self.groups], dtype=float)

    def begin(self) -> Array:
        """Logarithms of the values given, (K, p)."""
        noise, Q, params = self.noise, self.problem.Q, self.problem.params
        first = []
        for name, kind, index in self.learn:
            value = {"a": lambda i: noise[i].a, "b": lambda i: noise[i].b}.get(kind)
            at = value(index) if value else Q[0, index, index] if kind == "Q" else params[0, index]
            if np.ndim(at) or not at > 0:
                message = f"{name} is {at}, and is searched as a positive number"
                raise InputError("estimation.not-learned", message, place="learn")
            first.append(float(at))
        return np.tile(np.log(first), (len(self.groups), 1))

    def changed(self, values: Array) -> tuple[tuple[Noise, ...], Array, Array]:
        """Errors, Q and params of rows that have these values (R, p)."""
        rows = len(values)
        sizes = [{"a": e.a, "b": e.b} for e in self.noise]
        Q = np.array(np.broadcast_to(self.problem.Q[:1], (rows, *self.problem.Q.shape[1:])))
        params = np.array(np.broadcast_to(self.problem.params[:1], (rows, self.problem.params.shape[1])))
        for k, (_, kind, index) in enumerate(self.learn):
            if kind in "ab":
                sizes[index][kind] = values[:, k, None]
            elif kind == "Q":
                Q[:, index, index] = values[:, k]
            else:
                params[:, index] = values[:, k]
        return tuple(Noise(e.kind, **s) for e, s in zip(self.noise, sizes, strict=True)), Q, params

    def values(self, x: Array, which: Sequence[int]) -> Array:
        """ln p(y) of group which[k] at x[k, j], (k, j); -inf where a patient failed."""
        members = [self.groups[g] for g in which]
        rows = np.concatenate([np.tile(g, x.shape[1]) for g in members])
        points = np.concatenate([np.repeat(x[k], len(g), axis=0) for k, g in enumerate(members)])
        noise, Q, params = self.changed(np.exp(points))
        own = self._own(rows)
        problem = replace(self.problem, **own, Q=Q, params=params)
        data = replace(
            self.data, **{k: getattr(self.data, k)[rows] for k in ("times", "y", "censor", "lengths")}
        )
        batch = problem.batch(flatten(data, noise, False), self.start[rows], self.end[rows])
        raw = methods.run(problem.model, batch, problem.arguments, patient=rows, threads=self.threads)
        loglike = np.where(raw["status"] == 0, raw["loglike"], -np.inf)
        ends = np.cumsum([0, *(len(g) * x.shape[1] for g in members)])
        return np.stack(
            [
                loglike[a:b].reshape(x.shape[1], -1).sum(axis=1)
                for a, b in zip(ends[:-1], ends[1:], strict=True)
            ]
        )

    def _own(self, rows: NDArray[np.int64]) -> dict[str, Any]:
        """What each row of the batch has of its own patient."""
        p = self.problem
        moments = {k: a if len(a) == 1 else a[rows] for k, a in (("mean", p.mean), ("cov", p.cov))}
        return {**moments, "plans": p.plans if len(p.plans) == 1 else tuple(p.plans[i] for i in rows)}

    def __call__(self, x: Array, which: NDArray[np.intp]) -> tuple[Array, Array]:
        p = x.shape[1]
        offsets = _APART * np.concatenate([np.zeros((1, p)), np.eye(p), -np.eye(p)])
        found = -self.values(x[:, None] + offsets, which.tolist())
        with np.errstate(invalid="ignore"):
            return found[:, 0], (found[:, 1 : p + 1] - found[:, p + 1 :]) / (2 * _APART)

    def errors(self, x: Array) -> Array:
        """Standard errors of x (K, p) from the curvature."""
        p = x.shape[1]
        e = _WIDE * np.eye(p)
        corners = [
            (s * e[i] + t * e[j]) for i in range(p) for j in range(p) for s in (1, -1) for t in (1, -1)
        ]
        found = -self.values(x[:, None] + np.array(corners), list(range(len(x)))).reshape(len(x), p, p, 2, 2)
        H = (found[..., 0, 0] - found[..., 0, 1] - found[..., 1, 0] + found[..., 1, 1]) / (4 * _WIDE**2)
        known = np.isfinite(H).all(axis=(1, 2))
        cov = np.full_like(H, np.nan)
        cov[known] = np.linalg.pinv(H[known], hermitian=True)
        variances = np.diagonal(cov, axis1=1, axis2=2)
        return np.sqrt(np.where(variances > 0, variances, np.nan))


def _target(name: str, problem: Problem, data: Data, noise: tuple[Noise, ...]) -> tuple[str, int]:
    """What a name in `learn` stands for: a, b, Q or p, and which."""
    head, _, tail = name.partition(".")
    if tail in ("a", "b") and head in data.outputs:
        j = data.outputs.index(head)
        if not KINDS[noise[j].kind]["ab".index(tail) + 1]:
            message = f"{noise[j].kind} noise has no {tail}"
            raise InputError("estimation.not-learned", message, place=name)
        return tail, j
    if head == "Q" and tail:
        return "Q", problem.space.index(tail)
    known = [p["name"] for p in problem.model.params]
    if name in known and name not in problem.space.names:
        return "p", known.index(name)
    hint = 'An output with .a or .b, "Q." with a name of z, or a parameter that is not in theta'
    raise InputError("estimation.not-learned", "this is not learned", place=name, hint=hint)
