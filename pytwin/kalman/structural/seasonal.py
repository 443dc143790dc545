"""Seasonal patterns and cycles."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pytwin.errors import InputError
from pytwin.kalman.structural.block import Block, blocks_on_diagonal, diagonal
from pytwin.kalman.structural.component import Component
from pytwin.kalman.structural.parameter import Group, between, number, variance

__all__ = ["Cycle", "Seasonal"]

Array = NDArray[Any]


def rotation(angle: Any) -> Array:
    """[[cos, sin], [-sin, cos]] for angles (...)."""
    c, s = np.cos(angle), np.sin(angle)
    return np.stack([np.stack([c, s], axis=-1), np.stack([-s, c], axis=-1)], axis=-2)


@dataclass(frozen=True)
class Seasonal(Component):
    """A pattern that repeats every ``period`` steps and sums to zero over them, but for noise.

    Durbin & Koopman (2012), sec. 3.2.2. ``"dummy"``: gamma_{t+1} = -(gamma_t + .. + gamma_{t-s+2}) + omega_t.
    ``"trigonometric"``: the sum of rotations at the frequencies 2 pi j / s, each state with noise of its own.

    Parameters
    ----------
    period : int
        Steps of the pattern, at least 2.
    form : {"dummy", "trigonometric"}
    harmonics : int, optional
        Of the trigonometric form, 1 to period // 2, which is the default.
    variance : float, optional
        Known variance of omega; estimated by default, 0 keeps the pattern for ever.
    """

    period: int
    form: Literal["dummy", "trigonometric"] = "dummy"
    harmonics: int | None = None
    variance: float | None = None
    name: str = "seasonal"

    def __post_init__(self) -> None:
        if self.form not in ("dummy", "trigonometric"):
            raise InputError("kalman.bad-argument", "form is neither dummy nor trigonometric", place="form")
        if self.period != int(self.period) or self.period < 2:
            raise InputError("kalman.bad-argument", "period is not a whole number from 2 on", place="period")
        if self.harmonics is not None and not (
            self.form == "trigonometric" and 1 <= self.harmonics <= self.period // 2
        ):
            message = "harmonics are 1 to period // 2 of the trigonometric form"
            raise InputError("kalman.bad-argument", message, place="harmonics")

    def groups(self) -> tuple[Group, ...]:
        return (variance(f"{self.name}.variance", self.variance, 0.01),)

    def block(self, values: Mapping[str, Any], steps: int) -> Block:
        noise = values[f"{self.name}.variance"]
        return self._dummy(noise) if self.form == "dummy" else self._trigonometric(noise)

    def _dummy(self, noise: Any) -> Block:
        n = self.period - 1
        F = np.eye(n, k=-1)
        F[0] = -1.0
        names = (self.name, *(f"{self.name}.lag{k}" for k in range(1, n)))
        first = np.eye(n)[0]
        return Block(
            names, F, first, diagonal([noise]), first[:, None], np.zeros((n, n)), np.ones(n, dtype=bool)
        )

    def _trigonometric(self, noise: Any) -> Block:
        turns, row, names = [], [], []
        for j in range(1, (self.harmonics or self.period // 2) + 1):
            if 2 * j == self.period:  # the sine of this frequency is zero at every step
                turns.append(np.full((1, 1), -1.0))
                row += [1.0]
                names += [f"{self.name}.cos{j}"]
            else:
                turns.append(rotation(2 * math.pi * j / self.period))
                row += [1.0, 0.0]
                names += [f"{self.name}.cos{j}", f"{self.name}.sin{j}"]
        n = len(row)
        F, start = blocks_on_diagonal(turns), np.zeros((n, n))
        return Block(
            tuple(names), F, np.array(row), diagonal([noise] * n), np.eye(n), start, np.ones(n, dtype=bool)
        )


@dataclass(frozen=True)
class Cycle(Component):
    """Stochastic cycle: (psi, psi*)_{t+1} = rho [[cos l, sin l], [-sin l, cos l]] (psi, psi*)_t + kappa_t.

    l = 2 pi / period (Harvey 1989, sec. 2.3.3). With rho < 1 it starts from its stationary distribution,
    N(0, variance / (1 - rho^2) I); with rho = 1 without a prior.

    Parameters
    ----------
    period : float or (float, float), optional
        Steps of a turn; a pair bounds an estimate, by default (2, inf).
    damping : float, optional
        rho in [0, 1]; estimated by default.
    variance : float, optional
        Known variance of both elements of kappa; estimated by default.
    """

    period: float | tuple[float, float] | None = None
    damping: float | None = None
    variance: float | None = None
    name: str = "cycle"

    def __post_init__(self) -> None:
        low, high = self._bounds()
        if not 2 <= low < high and isinstance(self.period, tuple):
            raise InputError("kalman.bad-argument", "bounds of the period are not 2 <= a < b", place="period")
        number("damping", self.damping, 0.0, 1.0, "between 0 and 1")
        if not isinstance(self.period, tuple):
            number("period", self.period, 2.0, math.inf, "at least 2")

    def _bounds(self) -> tuple[float, float]:
        return self.period if isinstance(self.period, tuple) else (2.0, math.inf)

    def groups(self) -> tuple[Group, ...]:
        return (
            self._period(),
            between(f"{self.name}.damping", self.damping, 0.0, 1.0, 0.9),
            variance(f"{self.name}.variance", self.variance, 0.1),
        )

    def _period(self) -> Group:
        """The search moves the frequency 2 pi / period, which has a finite range whatever the bounds."""
        low, high = self._bounds()
        given = None if isinstance(self.period, tuple) else self.period
        slow, fast = 2 * math.pi / high, 2 * math.pi / low
        name = f"{self.name}.period"
        inner = between(name, given, slow, fast, slow + 0.3 * (fast - slow))
        return Group(
            (name,), inner.values,
            lambda theta: 2 * math.pi / inner.natural(theta),
            lambda period: inner.search(2 * math.pi / period),
            (2 * math.pi / inner.start[0],),
        )  # fmt: skip

    def block(self, values: Mapping[str, Any], steps: int) -> Block:
        rho, noise = np.asarray(values[f"{self.name}.damping"]), values[f"{self.name}.variance"]
        F = rho[..., None, None] * rotation(2 * math.pi / np.asarray(values[f"{self.name}.period"]))
        for_ever = self.damping == 1
        stationary = 0.0 if for_ever else noise / (1 - rho * rho)
        return Block(
            (self.name, f"{self.name}.conjugate"),
            F, np.array([1.0, 0.0]), diagonal([noise] * 2), np.eye(2),
            diagonal([stationary] * 2), np.full(2, for_ever),
        )  # fmt: skip
