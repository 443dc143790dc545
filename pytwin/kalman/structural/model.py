"""A structural model: a sum of components, its parameters, and its matrices at given parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin.errors import InputError
from pytwin.kalman.arrays import as_array
from pytwin.kalman.model import LinearModel
from pytwin.kalman.results import FilterResult, SmootherResult
from pytwin.kalman.structural.block import Block, join
from pytwin.kalman.structural.component import Component
from pytwin.kalman.structural.parameter import Group

if TYPE_CHECKING:
    from pytwin.kalman.structural.fitted import Fitted

__all__ = ["Structural"]

Params = Mapping[str, Any]


class Structural:
    """The sum of components: y_t = term + term + ...

    Harvey (1989); Durbin & Koopman (2012), ch. 3. Parameters have names such as ``trend.slope.variance``;
    those without a value are estimated by `fit` and must be given to everything else.

    Parameters
    ----------
    *components : Component
        With different names.

    Examples
    --------
    >>> from pytwin.kalman import structural as st
    >>> model = st.Trend() + st.Seasonal(12) + st.Irregular()
    >>> fitted = model.fit(y)
    >>> print(fitted); fitted.plot(); fitted.forecast(24).plot()
    """

    def __init__(self, *components: Component) -> None:
        if not components:
            raise InputError("kalman.bad-argument", "a structural model needs a component")
        names = [c.name for c in components]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            hint = "Give one of them another name=."
            raise InputError("kalman.bad-argument", f"two components named {twice[0]}", hint=hint)
        self.components = components
        self.groups: tuple[Group, ...] = tuple(g for c in components for g in c.groups())

    def __add__(self, other: Component | Structural) -> Structural:
        more = other.components if isinstance(other, Structural) else (other,)
        return Structural(*self.components, *more)

    def __repr__(self) -> str:
        return " + ".join(map(repr, self.components))

    # ---- parameters ----

    @property
    def parameters(self) -> dict[str, float | None]:
        """Every parameter: its known value, or None if it is to be estimated."""
        return {name: value for g in self.groups for name, value in zip(g.names, g.values, strict=True)}

    @property
    def free(self) -> tuple[str, ...]:
        """Names of the parameters that are estimated."""
        return tuple(name for g in self.groups if not g.known for name in g.names)

    def from_search(self, theta: NDArray[Any], spread: Any = 1.0) -> dict[str, Any]:
        """All parameters at a point theta (..., k) of the unbounded search space, analytic in theta.

        Variances are multiples of `spread` (...), so that the search sees the same numbers in every unit.
        """
        values: dict[str, Any] = {}
        first = 0
        for g in self.groups:
            if g.known:
                values |= dict(zip(g.names, g.values, strict=True))
                continue
            own = g.natural(theta[..., first : first + len(g.names)])
            values |= {name: own[..., i] * spread**g.scale for i, name in enumerate(g.names)}
            first += len(g.names)
        return values

    def to_search(self, params: Params, spread: Any = 1.0) -> NDArray[np.float64]:
        """The point theta (..., k) at given values of the free parameters."""
        values = self.complete(params)
        parts = []
        for g in self.groups:
            if not g.known:
                given = (np.asarray(values[name], dtype=float) / spread**g.scale for name in g.names)
                parts.append(g.search(np.stack(np.broadcast_arrays(*given), axis=-1)))
        lead = np.broadcast_shapes(*(p.shape[:-1] for p in parts))
        spread_out = [np.broadcast_to(p, (*lead, p.shape[-1])) for p in parts]
        return np.concatenate(spread_out, axis=-1) if spread_out else np.zeros(0)

    def spread(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        """The scale of variances in series y (..., T): a power of 4 near the mean square of their changes."""
        return 4.0 ** np.round(np.log2(_variance_of_changes(y)) / 2)

    def start(self, spread: NDArray[np.float64]) -> dict[str, Any]:
        """Values to start a search from: variances are shares of `spread` (...)."""
        unknown = [g for g in self.groups if not g.known]
        return {
            name: value * spread**g.scale
            for g in unknown
            for name, value in zip(g.names, g.start, strict=True)
        }

    def of(self, which: NDArray[np.intp]) -> Structural:
        """The model of a part of the series: regressors of their own are picked."""
        return Structural(*(c.of(which) for c in self.components))

    def complete(self, params: Params | None) -> dict[str, Any]:
        """The known values and the given ones, checked for names and for none missing."""
        given = dict(params or {})
        if unknown := sorted(set(given) - set(self.parameters)):
            hint = f"There are: {', '.join(self.parameters)}"
            raise InputError("kalman.bad-argument", f"no parameter {unknown[0]}", place="params", hint=hint)
        merged = {name: given.get(name, value) for name, value in self.parameters.items()}
        if absent := [name for name, value in merged.items() if value is None]:
            hint = "Call fit, or pass params."
            raise InputError(
                "kalman.bad-argument", f"no value for {', '.join(absent)}", place="params", hint=hint
            )
        return merged

    # ---- matrices ----

    def blocks(self, params: Params, steps: int = 1) -> list[Block]:
        """The matrices of each component, all parameters given."""
        return [c.block(params, steps) for c in self.components]

    def joined(self, params: Params, steps: int = 1) -> Block:
        """The matrices of the sum, all parameters given."""
        return join(self.blocks(params, steps))

    def linear(
        self, params: Params | None = None, steps: int = 1, *, kappa: float | None = None
    ) -> LinearModel:
        """The model's matrices, with a name for each state.

        Parameters
        ----------
        params : mapping of str to float or array (...), optional
            Values of parameters that have none yet; arrays are one for each series.
        steps : int
            Length of the series; matters only where a regression makes H change with time.
        kappa : float, optional
            Start the non-stationary states from N(0, kappa) each, which is approximate, instead of exactly
            without a prior.

        Returns
        -------
        LinearModel
            Predicted start; ``diffuse`` marks the non-stationary states.
        """
        whole = self.joined(self.complete(params), steps)
        arrays = arrays_of(whole)
        if kappa is not None:
            arrays["P0"] = arrays["P0"] + kappa * np.diag(whole.diffuse)
        elif whole.diffuse.any():
            arrays["diffuse"] = whole.diffuse
        return LinearModel(**arrays, state_names=whole.states)

    # ---- estimation ----

    def fit(
        self,
        y: ArrayLike,
        *,
        pooled: bool = False,
        start: Params | None = None,
        kappa: float | None = None,
        iterations: int = 200,
        threads: int = 1,
    ) -> Fitted:
        """Maximum likelihood of the parameters that have no value, for one series or for each of many.

        Parameters
        ----------
        y : array_like, shape (..., T)
            Series; NaN is missing.
        pooled : bool
            One set of parameters for all series instead of one for each.
        start : mapping of str to float or array (...), optional
            Values to start from.
        kappa : float, optional
            Variance of an approximate start, as in `linear`; exactly diffuse by default.
        iterations : int
            The most steps of a search.
        threads : int
            Results do not depend on it.

        Returns
        -------
        Fitted
            Its ``search`` tells what converged.
        """
        from pytwin.kalman.structural.search import fit

        data = as_series(y)
        return fit(
            self, data, start or {}, pooled=pooled, kappa=kappa, iterations=iterations, threads=threads
        )

    def at(self, y: ArrayLike, params: Params | None = None, *, kappa: float | None = None) -> Fitted:
        """Series y (..., T) at known parameters: components, forecasts, plots; arguments as in `linear`."""
        from pytwin.kalman.structural.fitted import Fitted

        return Fitted(self, as_series(y), self.complete(params), kappa=kappa)

    def filter(self, y: ArrayLike, params: Params | None = None, **options: Any) -> FilterResult:
        """`pytwin.kalman.filter` of y (..., T) at known parameters."""
        return self.at(y, params).filter(**options)

    def smooth(self, y: ArrayLike, params: Params | None = None, **options: Any) -> SmootherResult:
        """`pytwin.kalman.smooth` of y (..., T) at known parameters."""
        return self.at(y, params).smooth(**options)


def arrays_of(block: Block) -> dict[str, Any]:
    """The arrays of `LinearModel` but `diffuse`; leading axes get a time axis of length 1."""

    def timed(a: NDArray[Any], core: int) -> NDArray[Any]:
        return a if a.ndim == core else np.expand_dims(a, -core - 1)

    row = block.H[..., None, :]  # one observation
    found: dict[str, Any] = {
        "F": timed(block.F, 2),
        "H": row if block.H.ndim > 1 else block.H[None],
        "Q": timed(block.Q, 2),
        "R": timed(block.R[..., None, None], 2),
        "x0": np.zeros(len(block.states)),
        "P0": block.P0,
        "G": timed(block.G, 2),
    }
    if block.c is not None:
        found["c"] = timed(block.c, 1)
    if np.any(block.d != 0):
        found["d"] = timed(block.d[..., None], 1)
    return found


def as_series(y: ArrayLike) -> NDArray[np.float64]:
    data = as_array("y", y)
    if data.ndim < 1 or data.shape[-1] == 0:
        raise InputError("kalman.bad-shape", "y has no steps, expected (..., T)", place="y")
    return data


def _variance_of_changes(y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean square of the changes between neighbours that are both seen, 1 where there is none."""
    change = np.diff(y, axis=-1)
    seen = np.isfinite(change)
    total = np.where(seen, change, 0.0)
    found = (total**2).sum(axis=-1) / np.maximum(seen.sum(axis=-1), 1)
    return np.where(found > 0, found, 1.0)
