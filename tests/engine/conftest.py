"""Engine: models of the core, their simulation and its events.

Expected numbers come from three roads: the plain NumPy twins in pytwin.reference, closed forms, and the
values that the papers and the reference library print.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin import _core

Array = NDArray[np.float64]


def params_of(model: str, **values: Any) -> Array:
    """A row of parameters: the sheet's values, some replaced by name."""
    fields = _core.Model(model).params
    names = [f["name"] for f in fields]
    assert set(values) <= set(names)
    return np.array([values.get(f["name"], f["value"]) for f in fields], dtype=float)


def by_name(model: str, row: Array) -> dict[str, float]:
    return {f["name"]: float(v) for f, v in zip(_core.Model(model).params, row, strict=True)}


def actions(*rows: tuple[float, int, int, float]) -> NDArray[Any]:
    """Actions (time, kind, index, value), put in order."""
    table = np.array(list(rows), dtype=_core.PLAN_DTYPE)
    return table[np.lexsort((table["kind"], table["time"]))]


def daily(amount: float, days: int, start: float = 0.0) -> NDArray[Any]:
    """A bolus a day."""
    return actions(*((start + 24.0 * d, _core.ACTION_BOLUS, 0, amount) for d in range(days)))


def run(
    model: str,
    params: Array,
    plan: NDArray[Any],
    times: Any,
    *,
    start: float = 0.0,
    x0: Any = None,
    rtol: float = 1e-10,
    atol: float = 1e-12,
    **options: Any,
) -> dict[str, Any]:
    """One plan for rows of parameters."""
    rows = np.atleast_2d(params)
    states = None if x0 is None else np.atleast_2d(x0)
    where = np.zeros(len(rows), dtype=np.int64)
    found: dict[str, Any] = _core.Model(model).simulate(
        rows,
        states,
        start,
        plan,
        [0, len(plan)],
        np.asarray(times, dtype=float),
        None,
        where,
        rtol=rtol,
        atol=atol,
        **options,
    )
    return found
