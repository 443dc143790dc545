"""How far stable doses scatter: by race group, and where height or weight is missing.

Patients whose height or weight nobody wrote down were treated in other places; what is left of their doses
after the effects scatters more than the missing number explains. Scatter is therefore a product of two
factors, one for the race group and one for what is missing, each shrunk to that of all on the log scale as
if ``SHRINKAGE`` patients had been seen before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
# Scatter of some patients' residuals in units of theirs: (mask of patients, unit (N,)) -> number.
Measure = Callable[[Mask, Array], float]

GROUPS = ("race_asian", "race_black", "race_other")
MISSING = ("height", "weight")
SHRINKAGE = 200.0
_CENTRAL = 0.8
_CENTRAL_Z = 1.2815515655446004


@dataclass(frozen=True)
class Spread:
    """Scatter of the log-dose.

    Attributes
    ----------
    overall : float
    groups : mapping of str to float
        Of each of ``GROUPS`` and ``"white"``, with height and weight known.
    missing : mapping of str to float
        Factor where height, or weight, is missing; both where both are.
    """

    overall: float
    groups: Mapping[str, float]
    missing: Mapping[str, float]

    def of(self, covariates: Mapping[str, Array]) -> Array:
        """Scatter of each patient, shape (N,)."""
        found = np.zeros(covariates["height"].size)
        for name, mask in _members(covariates).items():
            found[mask] = self.groups[name]
        for name, factor in self.missing.items():
            found *= np.where(np.isnan(covariates[name]), factor, 1.0)
        return found


def uniform(value: float) -> Spread:
    """The same scatter in everybody."""
    return Spread(value, dict.fromkeys((*GROUPS, "white"), value), dict.fromkeys(MISSING, 1.0))


def stratified(measure: Measure, covariates: Mapping[str, Array]) -> Spread:
    """Scatter by race group in patients whose size is known; without height relative to it, without weight on
    top of that."""
    n = covariates["height"].size
    overall = measure(np.ones(n, dtype=bool), np.ones(n))
    whole = ~np.any([np.isnan(covariates[name]) for name in MISSING], axis=0)
    groups = {
        name: _shrunk(measure, mask & whole, np.full(n, overall)) * overall
        for name, mask in _members(covariates).items()
    }
    found = Spread(overall, groups, {})
    weighed = ~np.isnan(covariates["weight"])
    height = _shrunk(measure, np.isnan(covariates["height"]) & weighed, found.of(covariates))
    found = Spread(overall, groups, {"height": height})
    weight = _shrunk(measure, ~weighed, found.of(covariates))
    return Spread(overall, groups, {"height": height, "weight": weight})


def central(residual: Array, owner: NDArray[np.intp], weight: Array) -> Measure:
    """SD of a Gaussian with the residuals' central 80 %, of patients whose genotypes are known."""
    known = weight > 1 - 1e-9

    def measure(mask: Mask, unit: Array) -> float:
        rows = known & mask[owner]
        if not rows.any():
            return float("nan")
        return float(np.quantile(np.abs(residual[rows]) / unit[owner[rows]], _CENTRAL) / _CENTRAL_Z)

    return measure


def weighted(residual: Array, owner: NDArray[np.intp], weight: Array) -> Measure:
    """Root of the weighted mean square, the step of the scale in the fit of a Student-t density."""

    def measure(mask: Mask, unit: Array) -> float:
        rows = mask[owner]
        if not rows.any():
            return float("nan")
        square = weight[rows] * (residual[rows] / unit[owner[rows]]) ** 2
        return float(np.sqrt(square.sum() / mask.sum()))

    return measure


def _shrunk(measure: Measure, mask: Mask, unit: Array) -> float:
    own, n = measure(mask, unit), float(mask.sum())
    return 1.0 if np.isnan(own) else float(np.exp(n * np.log(own) / (n + SHRINKAGE)))


def _members(covariates: Mapping[str, Array]) -> dict[str, Mask]:
    found = {g: covariates[g] == 1 for g in GROUPS}
    found["white"] = ~np.any([*found.values()], axis=0)
    return found
