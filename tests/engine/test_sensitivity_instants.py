"""Sensitivities where the instants of events depend on what is differentiated: lags, durations and rates of
doses, steady states, crossings of triggers. Expected: differences of order 4 of runs without directions, in
which the linear kinetics are solved exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pytwin import _core
from pytwin.model import Model, Schedule

from .conftest import Array, actions

pytestmark = pytest.mark.core

ORAL, IV = 0, 1
DOSE, BOLUS = _core.ACTION_DOSE, _core.ACTION_BOLUS
SCALE, SLOPE = _core.ACTION_SCALE, _core.ACTION_SLOPE
PARAMS = {
    "KA": 0.9, "CL": 2.0, "V": 20.0, "F1": 0.8, "ALAG1": 0.7, "D1": 3.0, "R1": 15.0,
    "F2": 0.6, "ALAG2": 0.4, "D2": 2.5, "R2": 12.0,
}  # fmt: skip
NAMES = list(PARAMS)
CL, ALAG2 = NAMES.index("CL"), NAMES.index("ALAG2")
X0 = {"A1": 3.0, "A2": 100.0}
TIMES = np.arange(0.0, 48.0) + 0.123
TIGHT = {"rtol": 1e-12, "atol": 1e-13}


def doses(*rows: tuple[int, int, float, float, float, int]) -> NDArray[Any]:
    """Rows (port, steady, amount, rate, interval, additional)."""
    return np.array(list(rows), dtype=_core.DOSE_DTYPE)


def triggers(*rows: Mapping[str, Any]) -> NDArray[Any]:
    table = np.zeros(len(rows), dtype=_core.TRIGGER_DTYPE)
    for row, values in zip(table, rows, strict=True):
        for name, value in values.items():
            row[name] = value
    return table


def differences(model: Model, schedule: Schedule, p: dict[str, float], x: dict[str, float], to: str) -> Array:
    """dy/d(to), shape (T, m), of order 4."""
    value = {**p, **{f"x0.{k}": v for k, v in x.items()}}[to]
    h, runs = 2e-4 * max(abs(value), 0.1), []
    for step in (-2, -1, 1, 2):
        q, z = dict(p), dict(x)
        if to.startswith("x0."):
            z[to[3:]] += step * h
        else:
            q[to] += step * h
        runs.append(model.simulate(TIMES, schedule, q, z or None, **TIGHT).y)
    return np.asarray(np.tensordot([1, -8, 8, -1], runs, axes=1) / (12 * h))


def assert_exact(
    name: str, schedule: Schedule, p: dict[str, float], x: dict[str, float], directions: list[str]
) -> None:
    model = Model(name)
    found = model.simulate(TIMES, schedule, p, x or None, sensitivities=directions, **TIGHT)
    plain = model.simulate(TIMES, schedule, p, x or None, **TIGHT)
    np.testing.assert_allclose(found.y, plain.y, rtol=1e-10, atol=1e-11)
    assert found.dy is not None
    for k, to in enumerate(directions):
        expected = differences(model, schedule, p, x, to)
        error = np.abs(found.dy[..., k] - expected).max()
        assert error <= 1e-8 * np.abs(expected).max() + 1e-9, (to, error)


REGIMENS = {
    "bolus with a lag, additional doses": (actions((1.0, DOSE, 0, 0)), doses((ORAL, 0, 100, 0, 12, 3))),
    "infusion of a given rate": (actions((1.0, DOSE, 0, 0)), doses((ORAL, 0, 100, 20, 12, 3))),
    "duration is a parameter": (actions((1.0, DOSE, 0, 0)), doses((ORAL, 0, 100, -2, 12, 3))),
    "rate is a parameter": (actions((1.0, DOSE, 0, 0)), doses((ORAL, 0, 100, -1, 12, 3))),
    "overlapping infusions": (
        actions((1.0, DOSE, 0, 0), (2.0, DOSE, 1, 0), (3.0, DOSE, 2, 0)),
        doses((IV, 0, 100, 0, 12, 3), (IV, 0, 80, -2, 2, 9), (IV, 0, 50, -1, 0, 0)),
    ),
    "covariates change between": (
        actions(
            (1.0, DOSE, 0, 0), (2, DOSE, 1, 0), (5, SCALE, CL, 1.5), (9.3, SCALE, ALAG2, 2),
            (20, BOLUS, 0, 30),
        ),
        doses((ORAL, 0, 100, -2, 6, 5), (IV, 0, 80, 25, 7, 3)),
    ),
    "covariates that move": (
        actions(
            (1.0, DOSE, 0, 0), (2, SLOPE, CL, 0.3), (7, SLOPE, CL, -0.05), (9, SCALE, CL, 1.3),
            (12, SLOPE, NAMES.index("ALAG1"), 0.01),
        ),
        doses((ORAL, 0, 100, -2, 12, 3)),
    ),
    "steady state of boluses": (actions((1.0, DOSE, 0, 0)), doses((ORAL, 1, 100, 0, 12, 0))),
    "steady state of infusions": (actions((1.0, DOSE, 0, 0)), doses((IV, 1, 100, -2, 12, 1))),
    "infusions longer than the interval": (actions((1.0, DOSE, 0, 0)), doses((IV, 1, 100, 20, 2, 3))),
    "steady state added": (
        actions((0.0, DOSE, 1, 0), (1.0, DOSE, 0, 0)), doses((IV, 2, 100, 10, 8, 1), (ORAL, 0, 40, 0, 0, 0)),
    ),
    "state under a constant infusion": (actions((1.0, DOSE, 0, 0)), doses((IV, 1, 0, -1, 0, 0))),
}  # fmt: skip


@pytest.mark.parametrize("regimen", REGIMENS)
def test_doses(regimen: str) -> None:
    plan, rows = REGIMENS[regimen]
    assert_exact("pk_1cpt_oral", Schedule(plan, rows), PARAMS, {}, NAMES)


LOW = {"output": 0, "threshold": 2.0, "direction": -1}
TRIGGERS = {
    "a dose": (triggers({**LOW, "kind": BOLUS, "value": 50.0}), doses()),
    "a dose after a delay": (triggers({**LOW, "kind": BOLUS, "value": 60.0, "delay": 1.3}), doses()),
    "an infusion with lag": (triggers({**LOW, "kind": DOSE}), doses((ORAL, 0, 90, -2, 0, 0))),
    "a covariate, and a dose": (
        triggers(
            {**LOW, "kind": BOLUS, "value": 60.0},
            {**LOW, "threshold": 3.0, "kind": SCALE, "index": CL, "value": 1.5},
        ),
        doses(),
    ),
}  # fmt: skip


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_triggers(trigger: str) -> None:
    table, rows = TRIGGERS[trigger]
    schedule = Schedule(actions(), rows, table)
    assert_exact(
        "pk_1cpt_oral", schedule, PARAMS, X0, ["KA", "CL", "V", "F1", "ALAG1", "D1", "x0.A1", "x0.A2"]
    )


def test_observations_in_the_order_of_records() -> None:
    """Derivatives in the rows of an event table are those at output times, before and after a dose."""
    observe = _core.ACTION_OBSERVE
    rows = [(1.0, DOSE, 0, 0.0), (3.0, observe, 0, 0.0), (13.0, observe, 1, 0.0), (20.0, observe, 2, 0.0)]
    table = doses((ORAL, 0, 100, -2, 12, 3))
    core, p = _core.Model("pk_1cpt_oral"), np.array([list(PARAMS.values())])
    at = np.arange(len(NAMES), dtype=np.int32)
    plan = np.array(rows, dtype=_core.PLAN_DTYPE)
    given = {"doses": table, "dose_offsets": [0, 1], "directions": at}
    by_row = core.simulate(p, None, 0.0, plan, [0, 4], [], first=[0], n_row=3, **given, **TIGHT)
    by_time = core.simulate(p, None, 0.0, plan[:1], [0, 1], [3.0, 13.0, 20.0], **given, **TIGHT)
    assert by_row["dy"].shape == (3, 1, 11)
    np.testing.assert_allclose(by_row["dy"], by_time["dy"][0], rtol=1e-9, atol=1e-12)
