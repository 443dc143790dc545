"""A one-compartment patient with two unknown parameters, and the pendulum: small problems for many tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pytwin as pt

TIMES = np.array([1.0, 4.0, 8.0, 24.0, 30.0, 48.0])


@pytest.fixture(scope="session")
def oral() -> dict[str, Any]:
    """Arguments of a filter of an oral drug: 100 mg a day, concentrations with 10 % error."""
    model = pt.Model("pk_1cpt_oral")
    plan = pt.Plan("daily").dose("drug", 100, "mg", every="24 h")
    x0, P0 = pt.estimation.prior(model, ["CL", "V"], sd={"CL": 0.3, "V": 0.2})
    exact = model.simulate(TIMES, plan, {"CL": 1.4, "V": 23.0}).y
    y = exact * np.exp(0.1 * np.random.default_rng(1).normal(size=exact.shape))
    return {
        "model": model,
        "times": TIMES,
        "y": y,
        "outputs": ["C"],
        "noise": pt.estimation.Noise("proportional", b=0.1),
        "x0": x0,
        "P0": P0,
        "theta": ["CL", "V"],
        "plan": plan,
        "start": 0.0,
    }


@pytest.fixture(scope="session")
def swing() -> dict[str, Any]:
    """Arguments of a filter of the pendulum in steps of 0.01: data drawn from the model (Sarkka & Svensson
    2023, example 7.10)."""
    rng = np.random.default_rng(3)
    dt, n = 0.01, 300
    Q = 0.01 * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
    x, truth = np.array([1.5, 0.0]), np.zeros((n, 2))
    for k in range(n):
        x = np.array([x[0] + dt * x[1], x[1] - 9.81 * dt * np.sin(x[0])])
        x = truth[k] = x + np.linalg.cholesky(Q) @ rng.normal(size=2)
    y = np.sin(truth[:, :1]) + np.sqrt(0.1) * rng.normal(size=(n, 1))
    return {
        "model": pt.Model("pendulum"),
        "times": dt * np.arange(1, n + 1),
        "y": y,
        "outputs": [pt.Model("pendulum").outputs[0]["name"]],
        "noise": np.sqrt(0.1),
        "x0": [1.5, 0.0],
        "P0": np.diag([0.1, 0.1]),
        "Q": Q / dt,
        "start": 0.0,
        "ode": {"method": "euler", "step": dt},
    }
