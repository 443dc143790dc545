"""Sex, race group and smoking as numbers, for Populations that use them."""

from __future__ import annotations

from typing import Any

# The groups of the IWPC data; everybody else, and who states none, is "race_other" (missing or mixed there).
RACE_COVARIATES = {"Asian": "race_asian", "Black or African American": "race_black"}
SMOKING = "smoker"


def person(record: Any) -> dict[str, float]:
    """``male``, ``race_asian``, ``race_black``, ``race_other`` and ``smoker``: 0 or 1, absent where unknown.

    Smoking is an observation named ``smoker`` with the value 0 or 1; the last one counts.
    """
    patient = record.patient
    found: dict[str, float] = {}
    if patient.sex is not None:
        found["male"] = float(patient.sex == "male")
    for group, name in RACE_COVARIATES.items():
        found[name] = float(patient.race == group)
    found["race_other"] = float(patient.race not in (*RACE_COVARIATES, "White"))
    rows = [r for r in record.observations(SMOKING) if r.usable and r.value in (0.0, 1.0)]
    if rows:
        found[SMOKING] = float(max(rows, key=lambda r: r.time).value)
    return found
