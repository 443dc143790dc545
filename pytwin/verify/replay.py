"""Replay of patients in time order: each observation forecast before it is seen, a dose after some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytwin.model.population import Population, from_scale
from pytwin.twin.dose import solve
from pytwin.twin.prior import Components
from pytwin.twin.trace import trace
from pytwin.verify import mipd
from pytwin.verify.mipd import Trial

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Forecasts:
    """Forecasts of the observations of N patients with n observations each, one step ahead.

    Attributes
    ----------
    measured : ndarray, shape (N, n)
    median, low, high : ndarray, shape (N, n)
        Median and 90 % interval of the measurement, its error included, given all earlier ones.
    """

    measured: Floats
    median: Floats
    low: Floats
    high: Floats

    def error(self, k: int) -> float:
        """Median absolute error of observation ``k``, the first is 1."""
        return float(np.median(np.abs(self.median[:, k - 1] - self.measured[:, k - 1])))

    def covered(self, k: int | None = None) -> float:
        """Share of measurements inside their interval: of observation ``k``, or of all."""
        inside = (self.low <= self.measured) & (self.measured <= self.high)
        return float(inside.mean() if k is None else inside[:, k - 1].mean())

    def carried_forward(self, k: int) -> float:
        """Median absolute difference of observation ``k`` from the one before it."""
        return float(np.median(np.abs(self.measured[:, k - 1] - self.measured[:, k - 2])))


def forecasts(population: Population, trial: Trial, *, covariates_only: bool = False) -> Forecasts:
    """One-step forecasts along the doses that were given.

    Parameters
    ----------
    population : Population
    trial : Trial
    covariates_only : bool
        No observation is ever used: doses, age and genotype alone.
    """
    replayed = trial.unseen() if covariates_only else trial
    found = mipd.assimilate(population, replayed)
    points = [trace(population, h, f) for h, f in zip(replayed.histories, found, strict=True)]
    median, low, high = (
        np.array([[getattr(p, name) for p in patient] for patient in points])
        for name in ("median", "low", "high")
    )
    return Forecasts(trial.values, median, low, high)


def maintenance(population: Population, trial: Trial, n: int, target: float) -> Floats:
    """Daily dose that holds a target at steady state when ``n`` observations are known, shape (N,).

    At the centre of the posterior, which is the median over the patients that a twin could be, as the dose
    is a monotone function of clearance and sensitivity. 0 where the target is reached without treatment.
    """
    seen = trial.seen(n)
    if n:
        twins = [f.components for f in mipd.assimilate(population, seen)]
    else:
        twins = mipd.priors(population, seen)
    return np.nan_to_num(solve(mipd.therapy(), population, centres(population, twins), target))


def centres(population: Population, twins: Sequence[Components]) -> Floats:
    """Parameters at the centre of twins with known genotypes, natural scale, shape (N, n_param)."""
    params = np.concatenate([c.params for c in twins])
    theta = np.concatenate([c.means for c in twins])[:, -len(population.theta) :]
    params[:, population.theta_columns()] = from_scale(theta, population.scales)
    return params
