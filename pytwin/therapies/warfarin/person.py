"""Sex, race group, smoking and the stated target as numbers, for Populations that use them."""

from __future__ import annotations

from typing import Any

# The groups of the IWPC data; everybody else, and who states none, is "race_other" (missing or mixed there).
RACE_COVARIATES = {"Asian": "race_asian", "Black or African American": "race_black"}
SMOKING = "smoker"
TARGET = "target INR"


def person(record: Any) -> dict[str, float]:
    """What a record says of a person beyond age and size.

    ``male``, ``race_asian``, ``race_black``, ``race_other`` and ``smoker``: 0 or 1, absent where unknown.

    Smoking is an observation named ``smoker`` with the value 0 or 1, ``target_inr`` one named ``target INR``;
    the last one counts.
    """
    patient = record.patient
    found: dict[str, float] = {}
    if patient.sex is not None:
        found["male"] = float(patient.sex == "male")
    for group, name in RACE_COVARIATES.items():
        found[name] = float(patient.race == group)
    found["race_other"] = float(patient.race not in (*RACE_COVARIATES, "White"))
    for name, analyte, low, high in (("smoker", SMOKING, 0.0, 1.0), ("target_inr", TARGET, 1.5, 4.5)):
        rows = [r for r in record.observations(analyte) if r.usable and low <= r.value <= high]
        if rows:
            found[name] = float(max(rows, key=lambda r: r.time).value)
    return found
