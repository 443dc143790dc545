"""Linear models as matrices, for the filters of pt.kalman."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin import _core
from pytwin.errors import InputError
from pytwin.kalman import discretise

if TYPE_CHECKING:
    from pytwin.model.model import Model
    from pytwin.model.rows import Values

__all__ = ["Linear", "StateSpace"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class StateSpace:
    """A model as dx/dt = A x + c and y = H x + d; a dose u into port k makes x jump by B[:, k] u.

    Attributes
    ----------
    A, c : ndarray, shapes (..., n, n) and (..., n)
        Drift, a unit of the model's time; leading axes are those of the parameters.
    H, d : ndarray, shapes (..., m, n) and (..., m)
        Outputs.
    B : ndarray, shape (..., n, n_dose)
        What a unit dose adds to the states, bioavailability included; lags and durations are not part of it.
    x0 : ndarray, shape (..., n)
        The states at rest.
    states, outputs : tuple of str
        Names: the outputs asked for, and the states that these depend on.
    time_unit : str
    """

    A: Array
    c: Array
    H: Array
    d: Array
    B: Array
    x0: Array
    states: tuple[str, ...]
    outputs: tuple[str, ...]
    time_unit: str

    def arrays(self) -> dict[str, Array]:
        """F, c, H and d for ``pt.kalman.filter(..., times=...)``, with a time axis where there is a batch."""
        parts = {"F": self.A, "c": self.c, "H": self.H, "d": self.d}
        return {k: a[:, None] for k, a in parts.items()} if self.A.ndim == 3 else parts

    def steps(
        self, times: ArrayLike, doses: ArrayLike = (), amounts: ArrayLike = (), *, port: int = 0
    ) -> dict[str, Array]:
        """F and c of every step from one time to the next with boluses between, for ``pt.kalman.filter``.

        Parameters
        ----------
        times : array_like, shape (T,)
            Of the observations, ascending.
        doses, amounts : array_like, shape (D,)
            Times and amounts of boluses. A dose at the time of an observation comes after it; those before
            the first observation have to be in ``x0`` already.
        port : int
            Index into ``Model.doses``.

        Returns
        -------
        dict
            F (T, n, n) and c (T, n), of one subject; the last step leads nowhere.

        Raises
        ------
        InputError
            Times that go back, shapes that do not fit, a batch of parameters.
        """
        if self.A.ndim != 2:
            raise InputError("model.bad-argument", "steps are those of one subject, parameters are a batch")
        t = np.asarray(times, dtype=np.float64)
        at, u = (np.asarray(a, dtype=np.float64).reshape(-1) for a in (doses, amounts))
        if t.ndim != 1 or t.size == 0 or at.shape != u.shape:
            raise InputError("model.bad-shape", "times, doses and amounts are not one-dimensional and alike")
        step = discretise(self.A, np.zeros_like(self.A), np.diff(t, append=t[-1]), c=self.c)
        c = np.array(step.c)
        inside = (at >= t[0]) & (at < t[-1])
        into = np.searchsorted(t, at[inside], side="right") - 1
        decay = discretise(self.A, np.zeros_like(self.A), t[into + 1] - at[inside]).F
        np.add.at(c, into, np.einsum("kij,j,k->ki", decay, self.B[:, port], u[inside]))
        return {"F": step.F, "c": c}


class Linear:
    """What a Model is as matrices, where it is linear."""

    def state_space(self, params: Values = None, outputs: Sequence[str] | None = None) -> StateSpace:
        """The model's matrices: its exact Jacobians, checked to be the same everywhere.

        Parameters
        ----------
        params : array_like, mapping or None
            As in :meth:`Model.rows`; a batch gives matrices with a leading axis.
        outputs : sequence of str, optional
            Names of the outputs wanted; None: all. Only the states on which they depend, through other
            states too, are kept and have to be linear.

        Returns
        -------
        StateSpace

        Raises
        ------
        InputError
            ``model.not-linear``: the drift or an output is not linear in the states, changes with time, or
            the model has delays, algebraic states or triggers.

        Examples
        --------
        >>> space = Model("pk_1cpt_oral").state_space({"KA": 1.0, "CL": 4.0, "V": 20.0})
        >>> space.A
        array([[-1. ,  0. ],
               [ 1. , -0.2]])
        """
        model = cast("Model", self)
        rows = model.rows(params)
        p = rows.reshape(-1, rows.shape[-1])
        names = tuple(o["name"] for o in model.outputs)
        wanted = names if outputs is None else tuple(outputs)
        if unknown := [name for name in wanted if name not in names]:
            raise InputError("model.unknown-output", "there is no output of this name", place=unknown[0])
        y = np.array([names.index(name) for name in wanted], dtype=np.intp)
        x = _needed(model.core, y)
        if model.delays or model.triggers or model.mass is not None:
            raise _not_linear("delays, triggers or algebraic states")
        parts = _matrices(model, p, x, y)
        lead = rows.shape[:-1]
        A, c, H, d, B, x0 = (np.reshape(a, lead + a.shape[1:]) for a in parts)
        return StateSpace(
            *(A, c, H, d, B, x0),
            states=tuple(model.states[i]["name"] for i in x),
            outputs=wanted,
            time_unit=model.time_unit,
        )


def _not_linear(what: str) -> InputError:
    return InputError("model.not-linear", "the model is not linear with constant coefficients", place=what)


def _needed(core: _core.Model, outputs: NDArray[np.intp]) -> NDArray[np.intp]:
    """The states on which outputs depend, in the order of the sheet."""
    rate, output = (np.asarray(a)[:, : len(core.states)] != 0 for a in core.pattern())
    needed = output[outputs].any(axis=0)
    while not np.array_equal(more := needed | rate[needed].any(axis=0), needed):
        needed = more
    return np.flatnonzero(needed)


def _jacobians(core: _core.Model, t: float, x: Array, p: Array, of: NDArray[np.intp]) -> tuple[Array, Array]:
    """d rate/dx (B, n_state, k) and d output/dx (B, n_output, k) along the states `of`"""
    still, times = np.zeros_like(p), np.full(len(p), t)
    columns = []
    for j in of:
        along = np.zeros_like(x)
        along[:, j] = 1.0
        columns.append(core.jvp(times, x, p, along, still))
    rate, output = (np.stack([c[i] for c in columns], axis=-1) for i in (0, 1))
    return rate, output


def _points(x0: Array, scale: Array) -> list[tuple[float, Array]]:
    """Times and states far apart, at which a linear model is the same."""
    ramp = np.linspace(0.3, 1.7, x0.shape[1])
    return [(0.0, x0), (1.0, x0 + scale * ramp), (1000.0, x0 + 10 * scale * ramp[::-1])]


def _matrices(model: Model, p: Array, x: NDArray[np.intp], y: NDArray[np.intp]) -> tuple[Array, ...]:
    core = model.core
    x0 = np.asarray(core.initial(p), dtype=np.float64)
    found: tuple[Array, ...] | None = None
    for t, at in _points(x0, np.maximum(np.abs(x0), 1.0)):
        rate, output = _jacobians(core, t, at, p, x)
        A, H = rate[:, x], output[:, y]
        times = np.full(len(p), t)
        c = np.asarray(core.rate(times, at, p))[:, x] - np.einsum("bij,bj->bi", A, at[:, x])
        d = np.asarray(core.output(times, at, p))[:, y] - np.einsum("bij,bj->bi", H, at[:, x])
        sizes = [np.abs(A).max(initial=0.0), 0.0, np.abs(H).max(initial=0.0), 0.0]
        sizes[1], sizes[3] = (k * np.abs(at).max(initial=1.0) for k in (sizes[0], sizes[2]))
        here = (A, c, H, d)
        found = here if found is None else found
        names = ("rates", "rates", "outputs", "outputs")
        for first, now, size, name in zip(found, here, sizes, names, strict=True):
            if not np.allclose(first, now, rtol=1e-10, atol=1e-12 * size):
                raise _not_linear(name)
    assert found is not None
    return (*found, _dose_loading(model.doses, p, x), x0[:, x])


def _dose_loading(doses: Sequence[dict[str, Any]], p: Array, x: NDArray[np.intp]) -> Array:
    """B (B, n, n_dose); a port into a state that is left out loads nothing."""
    B = np.zeros((len(p), len(x), len(doses)))
    for k, dose in enumerate(doses):
        share = dose["factor"] * (p[:, dose["bioavailability"]] if dose["bioavailability"] >= 0 else 1.0)
        B[:, x == dose["state"], k] = np.reshape(share * np.ones(len(p)), (-1, 1))
    return B
