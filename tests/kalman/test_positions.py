"""Positions of a localised ensemble: one for each state, each estimated parameter and each output."""

from __future__ import annotations

import numpy as np
import pytest

from pytwin import Model, Plan, estimation
from pytwin.errors import InputError


def call(positions: np.ndarray) -> np.ndarray:
    model = Model("pk_1cpt_oral")
    x0, P0 = estimation.prior(model, ["CL"], sd={"CL": 0.3})
    daily = Plan("once").dose("drug", 100, "mg", start=0)
    found = estimation.filter(
        model, [2.0, 8.0], [[4.0], [2.0]], outputs=["C"], noise=estimation.Noise("additive", a=0.5), x0=x0,
        P0=P0, theta=["CL"], plan=daily, start=0, method="letkf", n_member=50, seed=1, radius=1.0,
        positions=positions,
    )  # fmt: skip
    return np.asarray(found.mean[-1])


def test_a_parameter_has_a_position_of_its_own() -> None:
    model = Model("pk_1cpt_oral")
    states, outputs = len(model.states), len(model.outputs)
    near, far = np.zeros(states + 1 + outputs), np.zeros(states + 1 + outputs)
    far[states] = 100.0
    moved, kept = call(near)[-1], call(far)[-1]
    x0, _ = estimation.prior(model, ["CL"], sd={"CL": 0.3})
    assert abs(kept - np.asarray(x0)[-1]) < 0.15 < abs(moved - np.asarray(x0)[-1])


def test_positions_of_states_and_outputs_alone_are_refused() -> None:
    model = Model("pk_1cpt_oral")
    with pytest.raises(InputError):
        call(np.zeros(len(model.states) + len(model.outputs)))
