"""Figures of predicted stable doses, and the table ``[validation]`` of ``warfarin/iwpc`` made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pytwin.verify.warfarin_iwpc import Patients

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

WITHIN = 0.20
LEVEL = 0.8
SMALLEST = 200
REPEATS = 3
# Race group of the algorithms -> race in a record.
RACES = {"White": "White", "Asian": "Asian", "Black": "Black or African American"}


def errors(quantiles: Array, dose: Array) -> Array:
    """Absolute error of the median dose, mg/week."""
    return np.asarray(np.abs(quantiles[:, 1] - dose))


def within(quantiles: Array, dose: Array) -> Mask:
    """Whether the median dose is within 20 % of the dose."""
    return np.asarray(errors(quantiles, dose) <= WITHIN * dose)


def covered(quantiles: Array, dose: Array) -> Mask:
    """Whether the dose is inside the 80 % interval."""
    return np.asarray((quantiles[:, 0] <= dose) & (dose <= quantiles[:, 2]))


def groups(patients: Patients) -> dict[str, tuple[str, str, Mask]]:
    """Groups of race, CYP2C9 and VKORC1 genotype with at least 200 patients.

    Name -> (field, value, members).
    """
    columns = {
        "race": patients.race,
        "CYP2C9": np.array([r.genotypes.get("CYP2C9", "unknown") for r in patients.records]),
        "VKORC1": np.array([r.genotypes.get("VKORC1", "unknown") for r in patients.records]),
    }
    found = {
        (name if field == "race" else f"{field} {name}"): (field, str(name), column == name)
        for field, column in columns.items()
        for name in np.unique(column)
        if name != "unknown"
    }
    return {name: group for name, group in found.items() if group[2].sum() >= SMALLEST}


def validation(patients: Patients, repeats: Sequence[Array], clinical: Array) -> dict[str, Any]:
    """The table ``[validation]`` of a Population.

    Parameters
    ----------
    patients : Patients
    repeats : sequence of ndarray, shape (N, 3)
        10, 50 and 90 % quantiles of the weekly dose from each repeat of the cross-validation.
    clinical : ndarray, shape (N,)
        Weekly dose by the algorithm without genotypes.
    """
    rows = []
    for name, (field, value, mask) in groups(patients).items():
        figures, text = _figures(patients.dose, repeats, mask)
        text += f"; by the clinical algorithm {np.abs(clinical - patients.dose)[mask].mean():.1f}"
        row = {"name": name, "field": field, "value": RACES.get(value, value), **figures}
        rows.append(row | {"level": LEVEL, "text": text})
    everybody = np.ones(patients.dose.size, dtype=bool)
    figures, text = _figures(patients.dose, repeats, everybody)
    how = f"stable doses, ten-fold cross-validation, {len(repeats)} repeats: "
    held = f"; {100 * LEVEL:.0f} % intervals held {100 * figures['coverage']:.0f} %"
    return {**figures, "level": LEVEL, "text": how + text + held + "; INRs are not in it", "groups": rows}


def _figures(dose: Array, repeats: Sequence[Array], mask: Mask) -> tuple[dict[str, Any], str]:
    mae = float(np.mean([errors(q, dose)[mask].mean() for q in repeats]))
    near = float(np.mean([within(q, dose)[mask].mean() for q in repeats]))
    inside = float(np.mean([covered(q, dose)[mask].mean() for q in repeats]))
    figures = {"patients": int(mask.sum()), "mae_mg_week": round(mae, 2)}
    figures |= {"within_20": round(near, 3), "coverage": round(inside, 3)}
    return figures, f"missed by {mae:.1f} mg a week on average, {100 * near:.0f} % within 20 %"
