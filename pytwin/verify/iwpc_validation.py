"""Cross-validation of ``warfarin/iwpc``: the fit is repeated without each tenth of the patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray

from pytwin import _core
from pytwin.genome import Genome
from pytwin.issues import Issues
from pytwin.model.population import Population
from pytwin.record import Record
from pytwin.therapies.warfarin.person import person
from pytwin.therapies.warfarin.record import interacting
from pytwin.twin.mixture import quantile
from pytwin.twin.prior import genotype_options
from pytwin.verify.iwpc_fit import FREEDOMS, Doses, fit, unfitted
from pytwin.verify.iwpc_population import BASE, SteadyDose, population

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

FOLDS = 10
SEED = 2009
LEVELS = (0.1, 0.5, 0.9)
NAMES = ("age", "height", "weight", "male", "smoker", "target_inr", "amiodarone", "enzyme_inducer")
GROUPS = ("race_asian", "race_black", "race_other")


@dataclass(frozen=True)
class Subjects:
    """Patients with a stable dose: records, target INR (N,), dose in mg a week (N,)."""

    records: tuple[Record, ...]
    target: Array
    dose: Array

    @cached_property
    def covariates(self) -> list[dict[str, float]]:
        """Everything that the Population may use of each patient; read once."""
        return [covariates(r) for r in self.records]


@dataclass(frozen=True)
class Table:
    """Subjects as arrays; the rows of ``doses`` are the genotypes that each may have."""

    doses: Doses
    target: Array


def number(record: Record, analyte: str) -> float:
    """The last value of an analyte, NaN without one."""
    values = record.observations(analyte).value
    return float(values[-1]) if len(values) else np.nan


def covariates(record: Record) -> dict[str, float]:
    """Everything that the Population may use of one patient; NaN where unknown."""
    found = dict.fromkeys((*NAMES, *GROUPS), np.nan) | person(record)
    age = record.age()
    found |= {"age": np.nan if age is None else age}
    found |= {"height": number(record, "body height"), "weight": number(record, "body weight")}
    taken = interacting(record)
    return found | {drug: float(drug in taken) for drug in ("amiodarone", "enzyme_inducer")}


def genome(record: Record, hidden: Sequence[str] = ()) -> Genome:
    """Genotypes from the record's own table, without the hidden genes."""
    return Genome.from_diplotypes(
        {g: d for g, d in record.genotypes.items() if g not in hidden}, source="table"
    )


def table(subjects: Subjects, hidden: Sequence[str] = ()) -> Table:
    """Arrays of the fit; ``hidden`` genes and covariates are taken as unknown."""
    known = population(unfitted(), {})
    unknown = dict.fromkeys((h for h in hidden if h in NAMES), np.nan)
    each = [c | unknown for c in subjects.covariates]
    options = [genotype_options(known, genome(r, hidden), r.patient.race, Issues()) for r in subjects.records]
    rows = [
        (i, c, v, p * q)
        for i, o in enumerate(options)
        for (c, p), (v, q) in product(o["CYP2C9"], o["VKORC1"])
    ]
    constant = SteadyDose(Population.load(BASE)).constant(subjects.target)[0]
    doses = Doses(
        np.array([r[0] for r in rows], dtype=np.intp),
        np.array([r[3] for r in rows]),
        np.array([r[1] for r in rows]),
        np.array([r[2] for r in rows]),
        {name: np.array([e[name] for e in each]) for name in each[0]},
        np.log(subjects.dose / 7) - constant,
    )
    return Table(doses, subjects.target)


def predict(steady: SteadyDose, t: Table, levels: tuple[float, ...] = LEVELS) -> Array:
    """Quantiles of the weekly dose, shape (N, levels), in closed form."""
    d = t.doses
    rows = {name: x[d.owner] for name, x in d.covariates.items()}
    genotypes = {"CYP2C9": d.cyp2c9.tolist(), "VKORC1": d.vkorc1.tolist()}
    mean, sd = steady.moments(rows, genotypes, t.target[d.owner])
    count = np.bincount(d.owner)
    found = np.empty((count.size, len(levels)))
    for size in np.unique(count):
        who = np.flatnonzero(count == size)
        first = np.searchsorted(d.owner, who)
        cells = first[:, None] + np.arange(size)
        for j, level in enumerate(levels):
            found[who, j] = quantile(d.weight[cells], mean[cells], sd[cells], level)
    return 7 * np.exp(found)


def folds(n: int, repeat: int = 0) -> NDArray[np.intp]:
    """Fold of each of n patients: the rank of a Philox number, modulo ten."""
    order = _core.uniforms(SEED + repeat, _core.PURPOSE["TEST"], np.arange(n), 1, 1)[:, 0, 0]
    rank = np.empty(n, dtype=np.intp)
    rank[np.argsort(order, kind="stable")] = np.arange(n)
    return rank % FOLDS


def subset(t: Table, patients: Mask) -> Table:
    """Some of the patients."""
    return Table(t.doses.of(patients), t.target[patients])


def cross_validate(
    t: Table,
    variants: Sequence[Table] = (),
    repeat: int = 0,
    others: Table | None = None,
    freedoms: Sequence[float] = FREEDOMS,
) -> list[Array]:
    """Quantiles of the weekly dose, each patient's from a fit that has not seen his or her fold.

    Parameters
    ----------
    t : Table
    variants : sequence of Table
        The same patients with something hidden; predicted from the same fits.
    others : Table, optional
        More patients, in folds of their own; fitted along and predicted last.

    Returns
    -------
    list of ndarray, shape (N, levels)
        For ``t``, each variant and ``others``.
    """
    predicted = [t, *variants] + ([] if others is None else [others])
    fold = [folds(seen.target.size, repeat) for seen in predicted]
    found = [np.empty((seen.target.size, len(LEVELS))) for seen in predicted]
    for k in range(FOLDS):
        steady = SteadyDose(fold_population(t, k, repeat, others, freedoms))
        for quantiles, seen, own in zip(found, predicted, fold, strict=True):
            quantiles[own == k] = predict(steady, subset(seen, own == k))
    return found


def fold_population(
    t: Table,
    fold: int,
    repeat: int = 0,
    others: Table | None = None,
    freedoms: Sequence[float] = FREEDOMS,
) -> Population:
    """The Population of a fit without the patients of a fold."""
    doses = t.doses.of(folds(t.target.size, repeat) != fold)
    if others is not None:
        doses = doses.with_others(others.doses.of(folds(others.target.size, repeat) != fold))
    return population(fit(doses, freedoms), {"text": "a fold of the cross-validation"})
