"""Actions: what happens to a model at exact times, as the core takes it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin import _core

# A structured array of _core.PLAN_DTYPE: time, kind, index, value.
Actions = NDArray[Any]
Row = tuple[float, int, int, float]
DOSE_KINDS = (_core.ACTION_BOLUS, _core.ACTION_INFUSION_ON, _core.ACTION_INFUSION_OFF)


def ordered(actions: Actions) -> Actions:
    """Sorted by time, then kind: covariates before doses."""
    return np.asarray(actions[np.lexsort((actions["kind"], actions["time"]))])


def table(rows: Iterable[Row]) -> Actions:
    """Rows of (time, kind, index, value), sorted."""
    actions: Actions = np.array(list(rows), dtype=_core.PLAN_DTYPE)
    return ordered(actions)


def boluses(times: NDArray[np.float64], port: int, amounts: NDArray[np.float64]) -> Actions:
    """Boluses into one dose port, in the order given."""
    actions: Actions = np.zeros(times.size, dtype=_core.PLAN_DTYPE)
    actions["time"] = times
    actions["kind"] = _core.ACTION_BOLUS
    actions["index"] = port
    actions["value"] = amounts
    return actions


def offsets(counts: Iterable[int]) -> NDArray[np.int64]:
    """Where each of several lists starts in their concatenation, and its length at the end."""
    return np.concatenate([[0], np.cumsum(np.array(list(counts), dtype=np.int64))]).astype(np.int64)
