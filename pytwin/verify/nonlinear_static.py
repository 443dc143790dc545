"""Static parameters and sparse data: weighted points and the unscented filter beside importance sampling.

An answer agrees with the reference where every parameter's natural mean (of the log-normal that mean and SD
on the estimation scale imply) is within 5 % and every SD on the estimation scale within 10 % of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin import _core, kalman
from pytwin.estimation.importance import Sample, importance
from pytwin.estimation.shape import Shape
from pytwin.estimation.weighted import shape, static
from pytwin.model import Model, read_events
from pytwin.verify.case import Case, at_least, at_most, equal, info
from pytwin.verify.run import Context
from pytwin.verify.simulation_dosing import read
from pytwin.verify.static_cohorts import COHORTS, StaticCohort

Array = NDArray[np.float64]
MEAN, SD = 0.05, 0.10
SILENT = 0.9
# Patients whom nobody had looked at when scales of the points and bounds of the diagnostic were chosen, on
# streams 0 and 1.
STREAM = 3
QUICK, FULL = (10, 10_000), (100, 60_000)
SOURCE = "importance sampling of the exact posterior, pytwin.estimation.importance"
OPTIONS: dict[str, Any] = {"rtol": 1e-6, "atol": 1e-9}


@dataclass(frozen=True)
class Judged:
    """One method's answers for one cohort: errors (n, n_theta) and what the diagnostic said."""

    natural: Array
    sd: Array
    in_sds: Array
    shape: Shape

    @property
    def agrees(self) -> NDArray[np.bool_]:
        """Within the bounds in every parameter, (n,)."""
        return np.asarray(((self.natural <= MEAN) & (self.sd <= SD)).all(axis=1))


def cases(context: Context) -> Iterator[Case]:
    """The suite's part: ten patients a model, a hundred in full."""
    n, draws = FULL if context.full else QUICK
    filtered: list[Judged] = []
    for name, make in COHORTS.items():
        context.say(f"    {name}: {n} patients, {draws} draws")
        cohort = make(n, STREAM)
        reference = importance(cohort.model, cohort.batch, draws=draws, seed=5, **OPTIONS)
        points, ukf = weighted(cohort, reference), unscented(cohort, reference)
        filtered.append(ukf)
        yield from of_method(f"{name}, weighted points", points)
        yield info(
            f"{name}, weighted points: largest Pareto k of the reference",
            float(reference.shape.max()),
            source=SOURCE,
        )
        yield from of_ukf(name, ukf)
    yield silent("the unscented filter, all models", filtered)
    yield from simulated(context)


def weighted(cohort: StaticCohort, reference: Sample) -> Judged:
    """The mode and weighted points around it."""
    found = static(cohort.model, cohort.batch, **OPTIONS)
    return judged(cohort, reference, found.mean, found.cov, found.shape)


def unscented(cohort: StaticCohort, reference: Sample) -> Judged:
    """The unscented filter, and the diagnostic beside it."""
    spread: dict[str, Any] = kalman.unscented(cohort.batch["mean"].shape[1])
    found = _core.nonlinear(cohort.model, **cohort.batch, **spread, **OPTIONS)
    said = shape(cohort.model, cohort.batch, found["mean"], found["cov"], **OPTIONS)
    return judged(cohort, reference, found["mean"], found["cov"], said)


def judged(cohort: StaticCohort, reference: Sample, mean: Array, cov: Array, said: Shape) -> Judged:
    """Relative errors of natural means and of SDs, and errors of means in posterior SDs."""
    first = len(cohort.model.states)
    sd, exact = (np.sqrt(np.einsum("nii->ni", c)[:, first:]) for c in (cov, reference.cov))
    natural = np.exp(mean[:, first:] + sd**2 / 2)
    return Judged(
        np.abs(natural / reference.natural_mean - 1), np.abs(sd / exact - 1),
        np.abs(mean[:, first:] - reference.mean[:, first:]) / exact, said,
    )  # fmt: skip


def of_method(name: str, found: Judged) -> Iterator[Case]:
    """Off only where the diagnostic fires; silent where it agrees."""
    agrees, fires = found.agrees, found.shape.fires
    yield equal(f"{name}: patients off and not flagged", 0, int(np.sum(~agrees & ~fires)), source=SOURCE)
    yield at_least(f"{name}: share of patients that agree", SILENT, float(agrees.mean()), source=SOURCE)
    yield silent(name, [found])
    yield info(
        f"{name}: 90 % quantile of errors of natural means",
        float(np.quantile(found.natural, 0.9)),
        source=SOURCE,
    )
    yield info(f"{name}: 90 % quantile of errors of SDs", float(np.quantile(found.sd, 0.9)), source=SOURCE)
    yield info(
        f"{name}: 90 % quantile of errors of means, in SDs",
        float(np.quantile(found.in_sds, 0.9)),
        source=SOURCE,
    )


def of_ukf(name: str, found: Judged) -> Iterator[Case]:
    """What the filter alone reaches is shown; where it is off the diagnostic must fire."""
    off = int(np.sum(~found.agrees & ~found.shape.fires))
    yield equal(f"{name}, unscented filter: patients off and not flagged", 0, off, source=SOURCE)
    yield info(
        f"{name}, unscented filter: share of patients that agree", float(found.agrees.mean()), source=SOURCE
    )


def silent(name: str, found: list[Judged]) -> Case:
    """Share of the patients that agree of whom the diagnostic says nothing."""
    agrees = np.concatenate([f.agrees for f in found])
    quiet = np.concatenate([~f.shape.fires for f in found])
    share = float(quiet[agrees].mean()) if agrees.any() else float("nan")
    return at_least(f"{name}: diagnostic silent, of those that agree", SILENT, share, source=SOURCE)


def simulated(context: Context) -> Iterator[Case]:
    """The model pk_1cpt_mm with the true parameters of published simulated sets: ln(DV/f) is N(0, 0.2^2)."""
    for name, cmt in (("Oral", None), ("Infusion", {1: "intravenous"})):
        source = f"pkpd/sim/nlmixr2data_{name}_1CPTMM.csv"
        columns = read(context.folder(*source.split("/")))
        ratio = ratios({k: v for k, v in columns.items() if k in _COLUMNS}, columns["DV"].astype(float), cmt)
        mean, sd = float(ratio.mean()), float(ratio.std())
        yield at_most(f"pk_1cpt_mm, {name}: |mean of ln(DV/f)|", 0.01, abs(mean), source=source)
        yield equal(f"pk_1cpt_mm, {name}: SD of ln(DV/f)", 0.2, sd, absolute=0.01, source=source)


_COLUMNS = ("ID", "TIME", "AMT", "RATE", "EVID", "CMT", "V", "VM", "KM", "KA")


def ratios(columns: dict[str, NDArray[Any]], measured: Array, cmt: dict[Any, Any] | None) -> Array:
    """ln(DV/f) of every measurement, f by the true parameters that stand in its row."""
    table = read_events(columns)
    f = Model("pk_1cpt_mm").simulate_events(table, cmt=cmt, rtol=1e-6, atol=1e-9)["C"]
    seen = (table.evid == 0) & (measured > 0)
    return np.asarray(np.log(measured[seen] / f[seen]))
