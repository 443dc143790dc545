"""Suite ``warfarin-iwpc``: stable doses of real patients against published algorithms and the twin.

The judged cases are the algorithms' figures as recomputed for the reference library
(``pkpd/CASES.md``, section 9). The twin's own figures are shown beside them as ``info`` until a
Population is calibrated on real patients. Rows are read at run time; only aggregates are printed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

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

MAPPING = {
    "patient": "subject",
    "sex": "sex",
    "race": "race_omb",
    "age_decade": "age_decade",
    "observations": [
        {"column": "height_cm", "analyte": "body height", "unit": "cm"},
        {"column": "weight_kg", "analyte": "body weight", "unit": "kg"},
        {"column": "target_inr", "name": "target INR"},
        {"column": "dose_mg_week", "name": "stable weekly dose"},
        {"column": "stable", "name": "stable"},
    ],
    "drugs": {"amiodarone": "amiodarone", "enzyme_inducer": "enzyme_inducer"},
    "genotypes": {"CYP2C9": "cyp2c9", "VKORC1": "vkorc1_m1639_imputed"},
}
