"""Judged figures of ``warfarin/iwpc``: cross-validated on the IWPC patients, by race and genotype."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pytwin import _core
from pytwin.cohort import Cohort
from pytwin.model.population import Population
from pytwin.verify.case import Case, at_least, at_most, between, info
from pytwin.verify.iwpc_figures import REPEATS, covered, errors, groups, within
from pytwin.verify.iwpc_fit import fit
from pytwin.verify.iwpc_population import VERSION, SteadyDose, population
from pytwin.verify.iwpc_validation import (
    SEED,
    Subjects,
    Table,
    cross_validate,
    fold_population,
    folds,
    genome,
    number,
    predict,
    subset,
    table,
)
from pytwin.verify.run import Context

if TYPE_CHECKING:
    from pytwin.verify.warfarin_iwpc import Patients

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

POPULATION = f"warfarin/iwpc@{VERSION}"
SOURCE = "issue 3: figures to reach, IWPC; 10-fold cross-validation, folds by Philox"
SHOWN = "10-fold cross-validation of " + POPULATION
SAMPLE = 200
RESAMPLES = 1000
BANDS = (("dose <= 21", 0, 21), ("21 < dose < 49", 21, 49), ("dose >= 49", 49, np.inf))
HIDDEN = {
    "VKORC1": ("VKORC1",),
    "CYP2C9": ("CYP2C9",),
    "both genotypes": ("CYP2C9", "VKORC1"),
    "height": ("height",),
    "height and weight": ("height", "weight"),
}


def calibrated(
    context: Context, patients: Patients, others: Patients, doses: dict[str, Array]
) -> Iterator[Case]:
    """All cases of the calibrated Population.

    Parameters
    ----------
    context : Context
    patients : Patients
        Those with height and weight.
    others : Patients
        Those without height or weight, in the fit and in the cross-validation too.
    doses : dict
        Weekly dose by each published algorithm.
    """
    context.say("cross-validation of the calibrated Population")
    subjects = _subjects(patients)
    seen = table(subjects)
    hidden = [table(subjects, names) for names in HIDDEN.values()]
    more = table(_subjects(others))
    first, *variants, incomplete = cross_validate(seen, hidden, others=more)
    repeats = [first]
    for repeat in range(1, REPEATS if context.full else 1):
        context.say(f"repeat {repeat + 1}")
        repeats.append(cross_validate(seen, repeat=repeat, others=more)[0])
    yield from _overall(patients, repeats)
    yield from _groups(patients, repeats, doses["clinical"])
    yield _twin_agrees(patients, seen, more)
    yield _ships(seen, more)
    yield from _shown(patients, first, doses)
    for name, quantiles in zip(HIDDEN, variants, strict=True):
        yield from _plain(f"cross-validated, {name} hidden from all", quantiles, patients.dose, SHOWN)
    yield from _incomplete(others, incomplete)


def _subjects(patients: Patients) -> Subjects:
    return Subjects(patients.records, patients.target, patients.dose)


def _overall(patients: Patients, repeats: list[Array]) -> Iterator[Case]:
    dose, black = patients.dose, patients.race == "Black"
    mae = float(np.mean([errors(q, dose).mean() for q in repeats]))
    share = float(100 * np.mean([within(q, dose).mean() for q in repeats]))
    of_black = float(100 * np.mean([within(q, dose)[black].mean() for q in repeats]))
    inside = float(100 * np.mean([covered(q, dose).mean() for q in repeats]))
    head = f"cross-validated, all {dose.size}"
    yield at_most(f"{head}: MAE mg/week", 8.40, mae, source=SOURCE)
    yield at_least(f"{head}: % within 20 %", 45.6, share, source=SOURCE)
    yield at_least(f"cross-validated, Black ({black.sum()}): % within 20 %", 44.0, of_black, source=SOURCE)
    yield between(f"{head}: % covered by 80 % intervals", (77, 83), inside, source=SOURCE)


def _groups(patients: Patients, repeats: list[Array], clinical: Array) -> Iterator[Case]:
    """Error against the clinical algorithm's, in units of patients' paired differences, and coverage."""
    dose = patients.dose
    mean_error = np.mean([errors(q, dose) for q in repeats], axis=0)
    difference = mean_error - np.abs(clinical - dose)
    inside = np.mean([covered(q, dose) for q in repeats], axis=0)
    near = np.mean([within(q, dose) for q in repeats], axis=0)
    for name, (_, _, mask) in groups(patients).items():
        head = f"cross-validated, {name} ({int(mask.sum())})"
        own = difference[mask]
        standard_error = float(own.std(ddof=1) / np.sqrt(own.size))
        what = f"{head}: MAE above the clinical algorithm's, mg/week, at most its standard error"
        yield at_most(what, standard_error, float(own.mean()), source=SOURCE)
        yield between(
            f"{head}: % covered by 80 % intervals", (74, 86), float(100 * inside[mask].mean()), source=SOURCE
        )
        yield info(f"{head}: MAE mg/week", float(mean_error[mask].mean()), source=SHOWN)
        yield info(f"{head}: % within 20 %", float(100 * near[mask].mean()), source=SHOWN)


def _twin_agrees(patients: Patients, seen: Table, more: Table) -> Case:
    """The closed form behind the figures against the twin itself, on patients of the first fold."""
    out = folds(seen.target.size) == 0
    chosen = np.flatnonzero(out)[:SAMPLE]
    mask = np.zeros_like(out)
    mask[chosen] = True
    people = fold_population(seen, 0, others=more)
    fast = predict(SteadyDose(people), subset(seen, mask))
    records = [patients.records[i] for i in chosen]
    cohort = Cohort("warfarin", records, [genome(r) for r in records], population=people)
    slow = 7 * cohort.dose_quantiles(patients.target[chosen])
    name = f"{SAMPLE} twins' 10, 50 and 90 % doses against the closed form, largest relative difference"
    return at_most(name, 1e-3, float(np.abs(slow / fast - 1).max()), source=SHOWN)


def _ships(seen: Table, more: Table) -> Case:
    """The shipped file holds what the fit gives today."""
    again = predict(SteadyDose(population(fit(seen.doses.with_others(more.doses)), {})), seen)
    shipped = predict(SteadyDose(Population.load(POPULATION)), seen)
    name = f"{POPULATION} against a new fit, largest relative difference of a dose"
    return at_most(name, 1e-3, float(np.abs(shipped / again - 1).max()), source=SHOWN)


def _shown(patients: Patients, quantiles: Array, doses: dict[str, Array]) -> Iterator[Case]:
    dose = patients.dose
    unknown = ~patients.genotyped
    yield from _plain("cross-validated, a genotype missing", quantiles[unknown], dose[unknown], SHOWN)
    for name, low, high in BANDS:
        mask = (dose > low) & ((dose <= high) if high == BANDS[0][2] else (dose < high))
        if low == BANDS[2][1]:
            mask = dose >= low
        yield from _plain(f"cross-validated, {name}", quantiles[mask], dose[mask], SHOWN)
    uniform = _core.uniforms(SEED, _core.PURPOSE["RESAMPLING"], np.arange(RESAMPLES), 1, dose.size)[:, 0, :]
    drawn = np.minimum((uniform * dose.size).astype(np.intp), dose.size - 1)
    for name, algorithm in doses.items():
        difference = errors(quantiles, dose) - np.abs(algorithm - dose)
        low, high = np.quantile(difference[drawn].mean(axis=1), [0.025, 0.975])
        what = f"cross-validated MAE less that of {name}, mg/week"
        yield info(what, float(difference.mean()), source=SHOWN)
        yield info(f"{what}: 95 % bootstrap interval", (float(low), float(high)), source=SHOWN)


def _incomplete(others: Patients, quantiles: Array) -> Iterator[Case]:
    """Patients whose height or weight is missing, predicted in the same cross-validation."""
    head = f"cross-validated, height or weight missing ({others.dose.size})"
    inside = float(100 * covered(quantiles, others.dose).mean())
    yield between(f"{head}: % covered by 80 % intervals", (74, 86), inside, source=SHOWN)
    masks = {"cross-validated, height or weight missing": np.ones(others.dose.size, dtype=bool)}
    masks |= {f"same, {race}": others.race == race for race in ("White", "Asian", "unknown")}
    weighed = np.array([np.isfinite(number(r, "body weight")) for r in others.records])
    masks |= {"same, weight known": weighed, "same, weight missing": ~weighed}
    for name, mask in masks.items():
        yield from _plain(name, quantiles[mask], others.dose[mask], SHOWN)


def _plain(name: str, quantiles: Array, dose: Array, source: str) -> Iterator[Case]:
    head = f"{name} ({dose.size})"
    yield info(f"{head}: MAE mg/week", float(errors(quantiles, dose).mean()), source=source)
    yield info(f"{head}: % within 20 %", float(100 * within(quantiles, dose).mean()), source=source)
    inside = float(100 * covered(quantiles, dose).mean())
    yield info(f"{head}: % covered by 80 % intervals", inside, source=source)
