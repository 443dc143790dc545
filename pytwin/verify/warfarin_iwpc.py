"""Suite ``warfarin-iwpc``: stable doses of real patients against published algorithms and the twin.

Judged are the algorithms' figures as recomputed for the reference library (``pkpd/CASES.md``, section 9)
and the cross-validated figures of the Population ``warfarin/iwpc`` (``iwpc_cases.py``). The twin with
Hamberg's Population is shown beside them. Rows are read at run time; only aggregates are printed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.cohort import Cohort
from pytwin.genome import Genome
from pytwin.record import Record, read_records
from pytwin.therapies.warfarin import algorithms
from pytwin.therapies.warfarin.algorithms import DosingCovariates
from pytwin.verify.case import Case, equal, info
from pytwin.verify.run import Context

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
SOURCE = "reference library, pkpd/CASES.md section 9"
POPULATION = "warfarin/hamberg2010@1"
DEFAULT_TARGET = 2.5
WITHIN = 0.20

# The columns of iwpc_dev.csv. The stable dose is an observation, so that no twin takes it for exposure.
MAPPING: dict[str, Any] = {
    "patient": "subject",
    "sex": "sex",
    "race": "race_omb",
    "age_decade": "age_decade",
    "observations": [
        {"column": "height_cm", "analyte": "body height", "unit": "cm"},
        {"column": "weight_kg", "analyte": "body weight", "unit": "kg"},
        {"column": "target_inr", "analyte": "target INR"},
        {"column": "dose_mg_week", "analyte": "warfarin dose per week", "unit": "mg/wk"},
        {"column": "smoker", "analyte": "smoker"},
        {"column": "stable", "analyte": "stable dose reached", "unit": "1"},
    ],
    "drugs": [
        {"column": "amiodarone", "drug": "amiodarone"},
        {"column": "enzyme_inducer", "drug": "enzyme inducer"},
    ],
    "genotypes": {"CYP2C9": "cyp2c9", "VKORC1": "vkorc1_m1639_imputed"},
}
RACES = {"White": "White", "Asian": "Asian", "Black or African American": "Black"}

# Published algorithms by subset: mean absolute error in mg/week (tolerance 1e-3), percent within 20 % (0.05)
# and squared correlation (1e-4; None where the table has none) of pharmacogenetic, clinical and fixed dose.
TABLE: dict[str, tuple[int, tuple[float, ...], tuple[float, ...], tuple[float, ...] | None]] = {
    "all with height, weight, age and dose":
        (2917, (8.3331, 9.9383, 13.2073), (45.60, 39.56, 29.89), (0.4474, 0.2786)),
    "stable": (2856, (8.3734, 9.9773, 13.1521), (45.55, 39.67, 30.22), (0.4428, 0.2729)),
    "stable, both genotypes": (2777, (8.2845, 9.9309, 13.1225), (45.59, 39.58, 30.21), (0.4464, 0.2702)),
    "stable, dose <= 21": (913, (6.727, 9.0806, 19.1195), (35.27, 24.75, 0.0), None),
    "stable, 21 < dose < 49": (1562, (6.627, 6.9118, 6.1113), (54.80, 54.55, 55.25), None),
    "stable, dose >= 49": (381, (19.478, 24.6936, 27.718), (32.28, 14.44, 0.0), None),
    "stable White": (1647, (8.6384, 11.0348, 12.4062), (47.60, 38.13, 34.18), (0.3798, 0.1334)),
    "stable Asian": (751, (6.5967, 6.9987, 14.9144), (41.01, 39.68, 16.11), (0.2271, 0.1212)),
    "stable Black": (280, (12.0491, 12.0456, 14.3613), (44.29, 46.43, 39.29), (0.2693, 0.2602)),
}  # fmt: skip
ALGORITHMS: dict[str, Callable[[DosingCovariates], Floats]] = {
    "pharmacogenetic": algorithms.iwpc_pharmacogenetic,
    "clinical": algorithms.iwpc_clinical,
    "fixed 35 mg/week": algorithms.fixed,
}


@dataclass(frozen=True)
class Patients:
    """Patients with height, weight, age and a dose, as the algorithms and the twin see them."""

    records: tuple[Record, ...]
    covariates: DosingCovariates
    dose: Floats
    stable: Mask
    target: Floats

    @property
    def race(self) -> NDArray[np.str_]:
        """White, Asian, Black or unknown, shape (N,)."""
        return np.array(self.covariates.race)

    @property
    def genotyped(self) -> Mask:
        """Both genotypes are present, whether the algorithms have a term for them or not, shape (N,)."""
        return np.array([{"CYP2C9", "VKORC1"} <= r.genotypes.keys() for r in self.records])


def read_all(context: Context) -> list[Record]:
    """All rows of ``iwpc_dev.csv`` with a dose and an age, by the CSV adapter."""
    path = context.folder("pkpd", "iwpc", "iwpc_dev.csv")
    records = read_records(path, mapping=MAPPING)
    return [
        r for r in records if r.age_decade is not None and np.isfinite(_number(r, "warfarin dose per week"))
    ]


def read(context: Context) -> Patients:
    """The patients that every algorithm can dose."""
    return patients_of([r for r in read_all(context) if complete(r)])


def patients_of(found: Sequence[Record]) -> Patients:
    """Records as the algorithms and the twin see them."""
    records = tuple(found)
    return Patients(
        records,
        _covariates(records),
        np.array([_number(r, "warfarin dose per week") for r in records]),
        np.array([_number(r, "stable dose reached") == 1 for r in records]),
        np.nan_to_num(np.array([_number(r, "target INR") for r in records]), nan=DEFAULT_TARGET),
    )


def _number(record: Record, analyte: str) -> float:
    values = record.observations(analyte).value
    return float(values[-1]) if len(values) else np.nan


def complete(record: Record) -> bool:
    """Whether height and weight are known."""
    return all(np.isfinite(_number(record, w)) for w in ("body height", "body weight"))


def _covariates(records: tuple[Record, ...]) -> DosingCovariates:
    vkorc1 = {"A/A": "AA", "A/G": "AG", "G/G": "GG"}
    known = algorithms.PHARMACOGENETIC_CYP2C9
    diplotypes = [r.genotypes.get("CYP2C9", "unknown") for r in records]
    return DosingCovariates(
        age_decade=np.array([r.age_decade for r in records], dtype=np.float64),
        height_cm=np.array([_number(r, "body height") for r in records]),
        weight_kg=np.array([_number(r, "body weight") for r in records]),
        enzyme_inducer=np.array([r.takes("enzyme inducer") is True for r in records]),
        amiodarone=np.array([r.takes("amiodarone") is True for r in records]),
        race=[RACES.get(r.patient.race or "", "unknown") for r in records],
        cyp2c9=[d if d in known else "unknown" for d in diplotypes],
        vkorc1=[vkorc1.get(r.genotypes.get("VKORC1", ""), "unknown") for r in records],
    )


def subsets(p: Patients) -> dict[str, Mask]:
    """The subsets of the table, in its order."""
    stable = p.stable
    masks = [np.ones_like(stable), stable, stable & p.genotyped]
    masks += [stable & (p.dose <= 21), stable & (p.dose > 21) & (p.dose < 49), stable & (p.dose >= 49)]
    masks += [stable & (p.race == group) for group in ("White", "Asian", "Black")]
    return dict(zip(TABLE, masks, strict=True))


def mean_absolute_error(predicted: Floats, dose: Floats) -> float:
    """mg/week."""
    return float(np.abs(predicted - dose).mean())


def percent_within(predicted: Floats, dose: Floats) -> float:
    """Percent of patients predicted within 20 % of their dose."""
    return float(100 * (np.abs(predicted - dose) <= WITHIN * dose).mean())


def cases(context: Context) -> Iterator[Case]:
    """Algorithms by subset, the calibrated Population cross-validated; then Hamberg's twin (shown)."""
    from pytwin.verify.iwpc_cases import calibrated

    records = read_all(context)
    patients = patients_of([r for r in records if complete(r)])
    doses = {name: formula(patients.covariates) for name, formula in ALGORITHMS.items()}
    for subset, mask in subsets(patients).items():
        yield from _algorithm_cases(subset, mask, doses, patients.dose)
    yield from calibrated(context, patients, patients_of([r for r in records if not complete(r)]), doses)
    context.say(f"{len(patients.records)} twins from covariates and genotype, {POPULATION}")
    twin = 7 * twin_daily_dose(patients)
    yield from _twin_rows(patients, twin, doses)


def _algorithm_cases(subset: str, mask: Mask, doses: dict[str, Floats], dose: Floats) -> Iterator[Case]:
    n, errors, within, squared = TABLE[subset]
    yield equal(f"{subset}: patients", n, int(mask.sum()), source=SOURCE)
    for i, (name, predicted) in enumerate(doses.items()):
        p, d = predicted[mask], dose[mask]
        what = f"{subset}, {name}"
        yield equal(
            f"{what}: MAE mg/week", errors[i], mean_absolute_error(p, d), absolute=1e-3, source=SOURCE
        )
        yield equal(f"{what}: % within 20 %", within[i], percent_within(p, d), absolute=0.05, source=SOURCE)
        if squared is not None and i < len(squared):
            r2 = float(np.corrcoef(p, d)[0, 1] ** 2)
            yield equal(f"{what}: r2", squared[i], r2, absolute=1e-4, source=SOURCE)


def twin_daily_dose(patients: Patients) -> Floats:
    """Daily dose that holds each patient's target INR, by twins that have seen no INR, shape (N,)."""
    genomes = [Genome.from_diplotypes(r.genotypes, source="table") for r in patients.records]
    cohort = Cohort("warfarin", patients.records, genomes, population=POPULATION)
    return cohort.dose_for(patients.target, threads=2)


def _twin_rows(patients: Patients, twin: Floats, doses: dict[str, Floats]) -> Iterator[Case]:
    source = f"twin with {POPULATION}, no INR, target INR {DEFAULT_TARGET} where none is given"
    yield info("twins without a dose", int((~np.isfinite(twin)).sum()), source=source)
    race = {group: patients.race == group for group in ("White", "Asian", "Black", "unknown")}
    for subset, mask in {next(iter(TABLE)): np.isfinite(twin), **race}.items():
        kept = mask & np.isfinite(twin)
        for name, predicted in {"twin": twin, **doses}.items():
            p, d = predicted[kept], patients.dose[kept]
            head = f"{subset} ({int(kept.sum())}), {name}"
            yield info(f"{head}: MAE mg/week", mean_absolute_error(p, d), source=source)
            yield info(f"{head}: % within 20 %", percent_within(p, d), source=source)
