"""The linear work of suite ``kalman``: a model, series that were drawn from it, and gaps in them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin import kalman

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Work:
    """Series y (S, T, 1), NaN where nothing was observed, of one constant model with one observation."""

    y: Array
    F: Array
    H: Array
    Q: Array
    R: Array
    x0: Array
    P0: Array

    @property
    def n(self) -> int:
        return len(self.F)

    def head(self, k: int) -> Work:
        """The first k series."""
        return replace(self, y=self.y[:k])

    def model(self) -> dict[str, Array]:
        return {name: getattr(self, name) for name in ("F", "H", "Q", "R", "x0", "P0")}

    def filter(self, *outputs: str, **options: Any) -> kalman.FilterResult:
        return kalman.filter(self.y, **{**self.model(), **options}, outputs=outputs)

    def smooth(self, *outputs: str, **options: Any) -> kalman.SmootherResult:
        return kalman.smooth(self.y, **{**self.model(), **options}, outputs=outputs)

    def copies_of_the_model(self) -> dict[str, Array]:
        """The same model as arrays of each series' own."""
        many, out = len(self.y), {}
        for name, a in self.model().items():
            lead = (many,) if name in ("x0", "P0") else (many, 1)
            out[name] = np.tile(a, (*lead, *(1,) * a.ndim))
        return out


def work(
    n: int, series: int, steps: int, *, gaps: str = "scattered", radius: float = 0.95, scale: float = 1.0
) -> Work:
    """Series of a model whose F is a multiple of a random orthogonal matrix, so that every state is coupled
    with every other. A tenth of the observations is missing: ``scattered``, or ``shared`` by all series, or
    ``none`` is. ``scale`` is the unit: data grow with it and variances with its square.
    """
    rng = np.random.default_rng(1)
    F = radius * np.linalg.qr(rng.standard_normal((n, n)))[0]
    root = rng.standard_normal((n, n)) / np.sqrt(n)
    Q = scale**2 * (0.1 * root @ root.T + 0.05 * np.eye(n))
    H, R = rng.standard_normal((1, n)) / np.sqrt(n), scale**2 * np.ones((1, 1))
    P0 = scale**2 * np.eye(n)
    y = np.empty((series, steps, 1))
    x, of_noise = scale * rng.standard_normal((series, n)), np.linalg.cholesky(Q).T
    for t in range(steps):
        y[:, t] = x @ H.T + scale * rng.standard_normal((series, 1))
        x = x @ F.T + rng.standard_normal((series, n)) @ of_noise
    if gaps != "none":
        lost = rng.random((series if gaps == "scattered" else 1, steps)) < 0.1
        y[np.broadcast_to(lost, (series, steps))] = np.nan
    return Work(y, F, H, Q, R, np.zeros(n), P0)
