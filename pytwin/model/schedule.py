"""Schedule: what happens to one lane or several, as arrays that the core takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin import _core
from pytwin.model.actions import Actions, offsets

Table = NDArray[Any]


def _none(dtype: Any) -> Any:
    return field(default_factory=lambda: np.zeros(0, dtype=dtype))


@dataclass(frozen=True, slots=True)
class Schedule:
    """Actions at exact times, dose records and triggers, in a model's own indices and unit of time.

    Attributes
    ----------
    actions : ndarray of _core.PLAN_DTYPE, shape (n,)
        Sorted by time, then kind. An ``ACTION_DOSE`` names a row of ``doses``.
    doses : ndarray of _core.DOSE_DTYPE, shape (n_dose,)
        Dose records with NONMEM's meaning.
    triggers : ndarray of _core.TRIGGER_DTYPE, shape (n_trigger,)
        What happens when an output crosses a threshold.
    """

    actions: Actions = _none(_core.PLAN_DTYPE)
    doses: Table = _none(_core.DOSE_DTYPE)
    triggers: Table = _none(_core.TRIGGER_DTYPE)


def joined(schedules: Iterable[Schedule]) -> Mapping[str, Any]:
    """Schedules end to end with where each begins: arguments of ``_core.Model.simulate``."""
    found = list(schedules)
    given: dict[str, Any] = {"actions": np.concatenate([s.actions for s in found])}
    given["offsets"] = offsets(len(s.actions) for s in found)
    for name in ("doses", "triggers"):
        tables = [getattr(s, name) for s in found]
        if any(len(t) for t in tables):
            given[name] = np.concatenate(tables)
            given[f"{name[:-1]}_offsets"] = offsets(map(len, tables))
    return given
