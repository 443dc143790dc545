"""The Hamberg 2010 model in plain NumPy for the oracle of the unscented filter: exact kinetics, RK4 chains.

States A1, A2, C1..C6; the equations are those of pkpd/models/warfarin_hamberg.md, section A.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from pytwin import _core
from pytwin.reference.kalman import Array

MODEL = _core.Model("hamberg2010")
PARAM, SCALE, RESET, BOLUS = _core.ACTION_PARAM, _core.ACTION_SCALE, _core.ACTION_RESET, _core.ACTION_BOLUS
CS, INR = 0, 1
NX, PARAMS = 8, np.array([2, 0.348, 14.3, 1, 4.1, 1.15, 1, 28.6, 118.3, 20, 1.0])
THETA = [1, 2, 4, 7, 8]  # CL, V, EC50, MTT1, MTT2
N = NX + len(THETA)
UNTREATED = np.array([0, 0, 1, 1, 1, 1, 1, 1.0])


def prior() -> tuple[Array, Array]:
    """Mean and covariance of [states; ln theta]: untreated, hence states known exactly."""
    P = np.zeros((N, N))
    P[NX:, NX:] = np.diag([0.089, 0.054, 0.115, 0.02, 0.02])
    P[NX, NX + 1] = P[NX + 1, NX] = 0.84 * math.sqrt(0.089 * 0.054)
    return np.concatenate([UNTREATED, np.log(PARAMS[THETA])]), P


def natural(Z: Array) -> Array:
    p = np.tile(PARAMS, (len(Z), 1))
    p[:, THETA] = np.exp(Z[:, NX:])
    return p


def flow(x: Array, p: Array, span: float, step: float = 0.05) -> Array:
    """x (k, 8) after `span` hours without a dose."""
    ka, ke, k1, k2 = p[:, 0], p[:, 1] / p[:, 2], 3 / p[:, 7], 3 / p[:, 8]

    def kinetics(t: float) -> tuple[Array, Array]:
        slow, fast = np.exp(-ke * t), np.exp(-ka * t)
        return x[:, 0] * fast, x[:, 1] * slow + x[:, 0] * ka / (ka - ke) * (slow - fast)

    def rate(t: float, C: Array) -> Array:
        q = (np.maximum(kinetics(t)[1] / p[:, 2], 1e-300) / p[:, 4]) ** p[:, 5]
        i = 1 - p[:, 6] * q / (1 + q)
        before = np.stack([i, C[:, 0], C[:, 1], i, C[:, 3], C[:, 4]], axis=1)
        return np.stack([k1, k1, k1, k2, k2, k2], axis=1) * (before - C)

    count = max(4, math.ceil(span / step))
    grid = (
        span * (np.arange(count + 1) / count) ** 3
    )  # q starts like t^gamma after the first dose: fine steps there
    C = x[:, 2:]
    for t, h in zip(grid[:-1], np.diff(grid), strict=True):
        a = rate(t, C)
        b = rate(t + h / 2, C + h / 2 * a)
        c = rate(t + h / 2, C + h / 2 * b)
        d = rate(t + h, C + h * c)
        C = C + h / 6 * (a + 2 * b + 2 * c + d)
    return np.column_stack([*kinetics(span), C])


def carry(doses: list[tuple[float, float]]) -> Callable[[float, float, Array], Array]:
    """f(t0, t1, Z) of `unscented_filter` for doses (hours, mg): those at t1 are left out."""

    def f(t0: float, t1: float, Z: Array) -> Array:
        Z, t = Z.copy(), t0
        for stop in sorted({d for d, _ in doses if t0 <= d < t1} | {t1}):
            if stop > t:
                Z[:, :NX], t = flow(Z[:, :NX], natural(Z), stop - t), stop
            if stop < t1:
                Z[:, 0] += sum(0.5 * amount for d, amount in doses if d == stop)
        return Z

    return f


def inr(Z: Array) -> Array:
    return 1 + 20 * (1 - 0.5 * (Z[:, 4] + Z[:, 7]))


def actions(rows: list[tuple[float, int, int, float]]) -> np.ndarray:
    return np.array(rows, dtype=_core.PLAN_DTYPE)


def dosing(doses: list[tuple[float, float]]) -> np.ndarray:
    return actions([(t, BOLUS, 0, amount) for t, amount in doses])


def patient(**change: Any) -> dict[str, Any]:
    """Arguments of `_core.nonlinear` for one patient with daily 7.5 mg and a few INRs."""
    mean, cov = prior()
    times = change.pop("times", [60.0, 96.0, 168.0, 240.0])
    values = change.pop("values", [1.3, 1.7, 2.2, 2.9])
    n = len(times)
    one = {
        "theta": np.array(THETA, dtype=np.int32),
        "scale": np.ones(len(THETA), dtype=np.int8),
        "mean": mean,
        "cov": cov,
        "params": PARAMS,
        "Q": np.zeros((N, N)),
        "start": 0.0,
        "end": 300.0,
        "actions": dosing([(24.0 * k, 7.5) for k in range(12)]),
        "obs_time": np.array(times, dtype=float),
        "obs_output": np.full(n, INR, dtype=np.int32),
        "obs_value": np.array(values, dtype=float),
        "obs_noise": np.full(n, 3, dtype=np.int8),
        "obs_a": np.full(n, 0.2),
        "obs_b": np.zeros(n),
        "obs_censor": np.zeros(n, dtype=np.int8),
    }
    return one | change


_ROWS = ("mean", "cov", "params", "Q", "start", "end")


def ukf(patients: list[dict[str, Any]], **options: Any) -> dict[str, Any]:
    """`_core.nonlinear` of a batch of `patient` dictionaries (theta and scale from the first)."""
    n = len(patients[0]["mean"])
    chosen = {"alpha": 1.0, "beta": 2.0, "kappa": 3.0 - n} | options
    flat = {
        k: np.concatenate([p[k] for p in patients]) for k in patients[0] if k.startswith(("obs_", "actions"))
    }
    rows = {k: np.stack([np.asarray(p[k], dtype=float) for p in patients]) for k in _ROWS}
    result: dict[str, Any] = _core.nonlinear(
        MODEL,
        patients[0]["theta"],
        patients[0]["scale"],
        **rows,
        **flat,
        action_offsets=np.cumsum([0, *(len(p["actions"]) for p in patients)]),
        obs_offsets=np.cumsum([0, *(len(p["obs_time"]) for p in patients)]),
        **chosen,
    )
    return result
