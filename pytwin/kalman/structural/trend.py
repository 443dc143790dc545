"""Levels, trends, and the irregular term."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pytwin.kalman.structural.block import Block, diagonal
from pytwin.kalman.structural.component import Component
from pytwin.kalman.structural.parameter import Group, variance

__all__ = ["Irregular", "Level", "Trend"]


@dataclass(frozen=True)
class Irregular(Component):
    """White noise of the observation: eps_t ~ N(0, variance).

    Parameters
    ----------
    variance : float, optional
        Known variance; estimated by default.
    """

    variance: float | None = None
    name: str = "irregular"

    def groups(self) -> tuple[Group, ...]:
        return (variance(f"{self.name}.variance", self.variance, 0.5),)

    def block(self, values: Mapping[str, Any], steps: int) -> Block:
        empty = np.zeros((0, 0))
        noise = np.asarray(values[f"{self.name}.variance"])
        return Block((), empty, np.zeros(0), empty, empty, empty, np.zeros(0, dtype=bool), R=noise)


@dataclass(frozen=True)
class Level(Component):
    """Random walk: mu_{t+1} = mu_t + xi_t, xi ~ N(0, variance); a constant with ``variance=0``.

    Durbin & Koopman (2012), eq. 2.3.

    Parameters
    ----------
    variance : float, optional
        Known variance; estimated by default.
    """

    variance: float | None = None
    name: str = "level"

    def groups(self) -> tuple[Group, ...]:
        return (variance(f"{self.name}.variance", self.variance, 0.1),)

    def block(self, values: Mapping[str, Any], steps: int) -> Block:
        noise = diagonal([values[f"{self.name}.variance"]])
        one = np.eye(1)
        return Block((self.name,), one, np.ones(1), noise, one, 0 * one, np.ones(1, dtype=bool))


@dataclass(frozen=True)
class Trend(Component):
    """Local linear trend: mu_{t+1} = mu_t + nu_t + xi_t, nu_{t+1} = nu_t + zeta_t.

    Durbin & Koopman (2012), eq. 3.2. ``level=0`` is the smooth trend (integrated random walk), ``slope=0`` a
    random walk with drift, both zero a straight line.

    Parameters
    ----------
    level, slope : float, optional
        Known variances of xi and zeta; estimated by default.
    """

    level: float | None = None
    slope: float | None = None
    name: str = "trend"

    def groups(self) -> tuple[Group, ...]:
        return (
            variance(f"{self.name}.level.variance", self.level, 0.1),
            variance(f"{self.name}.slope.variance", self.slope, 0.01),
        )

    def block(self, values: Mapping[str, Any], steps: int) -> Block:
        noise = diagonal([values[f"{self.name}.{part}.variance"] for part in ("level", "slope")])
        names = (f"{self.name}.level", f"{self.name}.slope")
        F = np.array([[1.0, 1.0], [0.0, 1.0]])
        start = np.zeros((2, 2))
        return Block(names, F, np.array([1.0, 0.0]), noise, np.eye(2), start, np.ones(2, dtype=bool))
