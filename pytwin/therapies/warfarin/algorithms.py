"""Published warfarin dosing algorithms, as formulas over arrays.

They are yardsticks for the twin and candidates for its plans, not parts of it. All take
one entry per patient and return the weekly maintenance dose in mg of racemic warfarin.

Sources
-------
.. [1] International Warfarin Pharmacogenetics Consortium, N Engl J Med 2009; 360:753-764,
   supplementary appendix: pharmacogenetic and clinical algorithms on the square root of the weekly dose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Terms of [1] on sqrt(mg/week). "unknown" is a level of its own in the pharmacogenetic algorithm.
PHARMACOGENETIC = {
    "intercept": 5.6044,
    "age_decade": -0.2614,
    "height_cm": 0.0087,
    "weight_kg": 0.0128,
    "enzyme_inducer": 1.1816,
    "amiodarone": -0.5503,
}
PHARMACOGENETIC_VKORC1 = {"GG": 0.0, "AG": -0.8677, "AA": -1.6974, "unknown": -0.4854}
PHARMACOGENETIC_CYP2C9 = {
    "*1/*1": 0.0,
    "*1/*2": -0.5211,
    "*1/*3": -0.9357,
    "*2/*2": -1.0616,
    "*2/*3": -1.9206,
    "*3/*3": -2.3312,
    "unknown": -0.2188,
}
PHARMACOGENETIC_RACE = {"White": 0.0, "Asian": -0.1092, "Black": -0.2760, "unknown": -0.1032}

CLINICAL = {
    "intercept": 4.0376,
    "age_decade": -0.2546,
    "height_cm": 0.0118,
    "weight_kg": 0.0134,
    "enzyme_inducer": 1.2799,
    "amiodarone": -0.5695,
}
CLINICAL_RACE = {"White": 0.0, "Asian": -0.6752, "Black": 0.4060, "unknown": 0.0443}

FIXED_MG_PER_WEEK = 35.0


@dataclass(frozen=True)
class DosingCovariates:
    """What the algorithms need of each patient.

    Attributes
    ----------
    age_decade : (N,) array
        5 for 50 to 59 years.
    height_cm, weight_kg : (N,) array
    enzyme_inducer, amiodarone : (N,) bool array
        Carbamazepine, phenytoin, rifampicin; amiodarone.
    race : sequence of str
        ``"White"``, ``"Asian"``, ``"Black"`` or ``"unknown"`` (missing or mixed).
    cyp2c9, vkorc1 : sequence of str
        Diplotype of *1, *2, *3 and the -1639 genotype ``"GG"``, ``"AG"``, ``"AA"``; else ``"unknown"``.
    """

    age_decade: Floats
    height_cm: Floats
    weight_kg: Floats
    enzyme_inducer: NDArray[np.bool_]
    amiodarone: NDArray[np.bool_]
    race: Sequence[str]
    cyp2c9: Sequence[str]
    vkorc1: Sequence[str]


def _linear(terms: Mapping[str, float], patients: DosingCovariates) -> Floats:
    total = np.full(len(patients.race), terms["intercept"])
    for name, slope in terms.items():
        if name != "intercept":
            total = total + slope * np.asarray(getattr(patients, name), dtype=np.float64)
    return total


def _levels(effects: Mapping[str, float], values: Sequence[str]) -> Floats:
    return np.array([effects.get(v, effects["unknown"]) for v in values], dtype=np.float64)


def iwpc_pharmacogenetic(patients: DosingCovariates) -> Floats:
    """Weekly dose by the pharmacogenetic algorithm [1], mg/week, shape (N,)."""
    root = (
        _linear(PHARMACOGENETIC, patients)
        + _levels(PHARMACOGENETIC_VKORC1, patients.vkorc1)
        + _levels(PHARMACOGENETIC_CYP2C9, patients.cyp2c9)
        + _levels(PHARMACOGENETIC_RACE, patients.race)
    )
    return root**2


def iwpc_clinical(patients: DosingCovariates) -> Floats:
    """Weekly dose by the clinical algorithm [1], which uses no genotype, mg/week, shape (N,)."""
    root = _linear(CLINICAL, patients) + _levels(CLINICAL_RACE, patients.race)
    return root**2


def fixed(patients: DosingCovariates) -> Floats:
    """5 mg a day for everybody, the comparison of [1], mg/week, shape (N,)."""
    return np.full(len(patients.race), FIXED_MG_PER_WEEK)
