"""Regression on known series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin.errors import InputError
from pytwin.kalman.arrays import as_array
from pytwin.kalman.structural.block import Block, diagonal
from pytwin.kalman.structural.component import Component
from pytwin.kalman.structural.parameter import Group, variance

__all__ = ["Regression"]


@dataclass(frozen=True, eq=False)
class Regression(Component):
    """beta_t' x_t with beta_{t+1} = beta_t + noise; coefficients are states, unknown at the start.

    Durbin & Koopman (2012), sec. 3.2.5 (constant coefficients) and 3.6.

    Parameters
    ----------
    X : array_like, shape (T,), (T, k) or (..., T, k)
        Regressors; leading axes are those of the series. Rows beyond the end of y serve forecasts.
    names : sequence of str, optional
        Of the k regressors.
    variance : float, optional
        Of each coefficient's random walk: 0 (default) for constant ones, None to estimate it.
    """

    X: ArrayLike
    names: Sequence[str] = ()
    variance: float | None = 0.0
    name: str = "regression"
    _x: NDArray[np.float64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        x = as_array("X", self.X)
        x = x[:, None] if x.ndim == 1 else x
        if x.ndim < 2 or not np.isfinite(x).all():
            raise InputError("kalman.bad-argument", "X is not a finite array (..., T, k)", place="X")
        if self.names and len(self.names) != x.shape[-1]:
            message = f"{len(self.names)} names for {x.shape[-1]} regressors"
            raise InputError("kalman.bad-argument", message, place="names")
        object.__setattr__(self, "_x", x)

    def groups(self) -> tuple[Group, ...]:
        return (variance(f"{self.name}.variance", self.variance, 0.01),)

    def of(self, which: NDArray[np.intp]) -> Regression:
        if self._x.ndim == 2:
            return self
        rows = self._x.reshape(-1, *self._x.shape[-2:])
        return replace(self, X=rows[which])

    def block(self, values: Mapping[str, Any], steps: int) -> Block:
        rows, k = self._x.shape[-2:]
        if rows < steps:
            message = f"X has {rows} rows, {steps} are needed"
            hint = "Give the regressors of the time to forecast too."
            raise InputError("kalman.bad-shape", message, place=self.name, hint=hint)
        labels = tuple(self.names) or tuple(f"x{i}" for i in range(k))
        noise = diagonal([values[f"{self.name}.variance"]] * k)
        identity = np.eye(k)
        return Block(
            tuple(f"{self.name}.{label}" for label in labels),
            identity, self._x[..., :steps, :], noise, identity, np.zeros((k, k)), np.ones(k, dtype=bool),
        )  # fmt: skip
