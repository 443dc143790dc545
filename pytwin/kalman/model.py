"""A linear model as one value: its matrices, and the names of its states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pytwin.errors import InputError
from pytwin.kalman.filters import filter, smooth
from pytwin.kalman.results import FilterResult, SmootherResult

__all__ = ["LinearModel"]


@dataclass(frozen=True, eq=False)
class LinearModel:
    """The arrays of a linear Gaussian model, as `filter` and `smooth` take them.

    y_t = H x_t + d + v_t,  x_{t+1} = F x_t + c + G w_t,  v ~ N(0, R),  w ~ N(0, Q),  Cov(w_t, v_t) = S

    Parameters
    ----------
    F, H, Q, R : array_like
        Shapes (n, n), (m, n), (g, g), (m, m), or with leading axes and a time axis, see `filter`.
    x0, P0 : array_like
        Mean (n,) and covariance (n, n) of the state before the first observation is used, at its time.
    G : array_like, shape (n, g), optional
        Loading of the state noise; the identity by default.
    S : array_like, shape (g, m), optional
        Covariance of state and observation noise.
    c, d : array_like, shapes (n,) and (m,), optional
        Offsets.
    diffuse : True or array_like, optional
        States that start without a prior: all, a mask (n,), or a matrix (n, n).
    state_names : sequence of str, optional
        A name a state.

    Examples
    --------
    >>> import pytwin as pt
    >>> walk = pt.kalman.LinearModel([[1]], [[1]], [[0.1]], [[1]], [0], [[10]], state_names=["level"])
    >>> pt.kalman.filter(y, **walk.arrays())  # or walk.filter(y)
    """

    F: ArrayLike
    H: ArrayLike
    Q: ArrayLike
    R: ArrayLike
    x0: ArrayLike
    P0: ArrayLike
    G: ArrayLike | None = None
    S: ArrayLike | None = None
    c: ArrayLike | None = None
    d: ArrayLike | None = None
    diffuse: ArrayLike | bool | None = None
    state_names: Sequence[str] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "state_names", tuple(self.state_names) or self._numbered())
        if len(self.state_names) != self.n:
            message = f"{len(self.state_names)} names for {self.n} states"
            raise InputError("kalman.bad-argument", message, place="state_names")

    def _numbered(self) -> tuple[str, ...]:
        return tuple(f"x{i}" for i in range(self.n))

    @property
    def n(self) -> int:
        """States."""
        return self._size("F", self.F)

    @property
    def m(self) -> int:
        """Elements of an observation."""
        return self._size("R", self.R)

    @staticmethod
    def _size(name: str, value: ArrayLike) -> int:
        shape = np.shape(value)
        if not shape:
            raise InputError("kalman.bad-shape", f"{name} is not a matrix", place=name)
        return int(shape[-1])

    def arrays(self) -> dict[str, Any]:
        """The arrays that are not None, by the names of `filter`'s arguments."""
        named = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "state_names"}
        return {name: value for name, value in named.items() if value is not None}

    def filter(self, y: ArrayLike, **options: Any) -> FilterResult:
        """`pytwin.kalman.filter` of y (..., T, m) under this model; options are `filter`'s."""
        return filter(y, **self.arrays(), **options)

    def smooth(self, y: ArrayLike, **options: Any) -> SmootherResult:
        """`pytwin.kalman.smooth` of y (..., T, m) under this model; options are `smooth`'s."""
        return smooth(y, **self.arrays(), **options)

    def __str__(self) -> str:
        """The constant matrices with a name at each row; those that change are described."""
        head = f"{self.n} state{'s' if self.n > 1 else ''} ({', '.join(self.state_names)}), {self.m} observed"
        return "\n".join([head, *(f"{name} =\n{_shown(value)}" for name, value in self.arrays().items())])


def _shown(value: ArrayLike | bool) -> str:
    a = np.asarray(value)
    if a.ndim > 2:
        return f"  {' x '.join(map(str, a.shape))}"
    with np.printoptions(precision=6, suppress=True, linewidth=110):
        return "\n".join(f"  {line}" for line in str(a).splitlines())
