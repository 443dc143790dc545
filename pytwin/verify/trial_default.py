"""INR forecasts of the default Population on the virtual trials, beside Hamberg's: shown, not judged.

The default's doses are calibrated on real patients and its time course is Hamberg's. Nothing here was fitted
to these patients, whose truth is another model and whose doses differ from those of real ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from pytwin.model.population import Population
from pytwin.verify import mipd
from pytwin.verify.case import Case, info
from pytwin.verify.mipd import Trial
from pytwin.verify.replay import Floats, Forecasts, forecasts

SOURCE = "pkpd/CASES.md section 10, odd IDs, all INRs but the first; nothing was fitted to them"
HAMBERG = "warfarin/hamberg2010@1"
# The virtual patients have an age and genotypes; the rest is that of a White patient of middle size.
PERSON = {"weight": 80.0, "height": 172.0, "male": 0.5, "smoker": 0.0, "target_inr": 2.5}
PERSON |= {"race_asian": 0.0, "race_black": 0.0, "race_other": 0.0}
SINGLE = (4, 8, 12, 19)


def cases(place: Path) -> Iterator[Case]:
    """Errors and coverage over phase III and both regimens, with INRs and from covariates alone."""
    trials = {"phase III": mipd.read_phase(place, "III")}
    trials |= {f"{r} regimen": mipd.read_regimen(place, r) for r in mipd.REGIMENS}
    for name in (mipd.therapy().population, HAMBERG):
        population = Population.load(name)
        for what, trial in trials.items():
            yield from _rows(f"{name}, {what}", population, _persons(trial.odd))


def _persons(trial: Trial) -> Trial:
    histories = (replace(h, covariates={**PERSON, **h.covariates}) for h in trial.histories)
    return replace(trial, histories=tuple(histories))


def _rows(head: str, population: Population, trial: Trial) -> Iterator[Case]:
    found = forecasts(population, trial)
    blind = forecasts(population, trial, covariates_only=True)
    for what, f in ((head, found), (f"{head}, covariates alone", blind)):
        yield info(f"{what}: median absolute error", float(np.median(_error(f))), source=SOURCE)
        yield info(f"{what}: 90 % intervals cover", _covered(f), source=SOURCE)
    for k in SINGLE:
        if k <= found.measured.shape[1]:
            yield info(f"{head}, INR {k}: median absolute error", found.error(k), source=SOURCE)
            yield info(f"{head}, INR {k}: 90 % intervals cover", found.covered(k), source=SOURCE)


def _error(f: Forecasts) -> Floats:
    return np.asarray(np.abs(f.median - f.measured)[:, 1:])


def _covered(f: Forecasts) -> float:
    return float(((f.low <= f.measured) & (f.measured <= f.high))[:, 1:].mean())
