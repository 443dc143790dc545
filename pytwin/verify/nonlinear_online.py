"""Online use of every method: in any order, saved on the way, the bits of the batch; and a filter's errors.

The patient has an oral drug with a lag, a repeated record, an infusion, a setting and noise in steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from pytwin import estimation
from pytwin.estimation import METHODS, Filter, Noise
from pytwin.model import Model, Plan
from pytwin.verify.case import Case, between, equal
from pytwin.verify.run import Context

OWN = "the batch run over the same rows"
FEW = {"n_member": 40, "n_particle": 200}
ARRAYS = ("mean", "cov", "predicted", "predicted_var", "use", "end_mean", "end_cov", "loglike")
THEORY = "Bar-Shalom, Li & Kirubarajan 2001, sec. 5.4: chi-square, widened for its autocorrelation"


def cases(context: Context) -> Iterator[Case]:
    for method in METHODS:
        got = sum(differing(method, seed) for seed in range(20 if context.full else 5))
        yield equal(
            f"{method}: arrays whose bits are not the batch's, shuffled and saved", 0, got, source=OWN
        )
    yield consistent()


def patient(method: str) -> dict[str, Any]:
    model = Model("pk_1cpt_oral")
    plan = Plan("mixed").dose("drug", 80, every="8 h").setting("KA", 0.7, at=12)
    plan = plan.infusion("drug", 12, length="5 h", start=9).dose("drug", 40, start=16, route="intravenous")
    x0, P0 = estimation.prior(model, ["CL", "V"], sd={"CL": 0.3, "V": 0.2}, params={"ALAG1": 0.4})
    own = {name: value for name, value in FEW.items() if name in METHODS[method].options}
    return {
        "model": model,
        "outputs": ["C"],
        "noise": Noise("combined", 0.2, 0.1),
        "x0": x0,
        "P0": P0,
        "theta": ["CL", "V"],
        "params": {"ALAG1": 0.4, "ALAG2": 0.25},
        "plan": plan,
        "Q": {"CL": 1e-3, "A2": 1e-2},
        "noise_step": 1.5,
        "start": 0.0,
        "method": method,
        **own,
    }


def differing(method: str, seed: int, **more: Any) -> int:
    """Arrays of a record in another order that differ from the batch's in any bit."""
    rng = np.random.default_rng(seed)
    call = patient(method) | more
    times = np.sort(rng.choice(97, 12, replace=False)) / 4.0
    values = np.where(rng.random(12) < 0.15, np.nan, rng.uniform(1, 9, 12))
    online = Filter(**call, every=3)
    for k, i in enumerate(rng.permutation(12)):
        online.update(times[i], "C", values[i])
        if k % 5 == 4:
            online = Filter.load(online.save())
    batch = estimation.filter(call.pop("model"), times, values[:, None], **call)
    one = online.estimate()
    return sum(not np.array_equal(getattr(one, a), getattr(batch, a), equal_nan=True) for a in ARRAYS)


def consistent() -> Case:
    """NEES of the unscented filter on pendulums that its own model made, a degree of freedom.

    They swing by less than a right angle, beyond which the sine tells two angles and no Gaussian is right.
    """
    rng, dt, n, steps = np.random.default_rng(5), 0.01, 40, 300
    Q = 0.01 * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
    x = np.array([0.5, 0.0]) + np.sqrt(0.02) * rng.normal(size=(n, 2))
    truth = np.zeros((n, steps, 2))
    for k in range(steps):
        drawn = rng.normal(size=(n, 2)) @ np.linalg.cholesky(Q).T
        x = truth[:, k] = (
            np.stack([x[:, 0] + dt * x[:, 1], x[:, 1] - 9.81 * dt * np.sin(x[:, 0])], axis=1) + drawn
        )
    y = np.sin(truth[..., :1]) + np.sqrt(0.1) * rng.normal(size=(n, steps, 1))
    model = Model("pendulum")
    found = estimation.filter(
        model, dt * np.arange(1, steps + 1), y, outputs=[model.outputs[0]["name"]], noise=np.sqrt(0.1),
        x0=[0.5, 0.0], P0=0.02 * np.eye(2), Q=Q / dt, start=0.0, ode={"method": "euler", "step": dt},
    )  # fmt: skip
    check = estimation.diagnose(found, truth=truth, level=0.99)["NEES"]
    return between(
        "NEES of the pendulum's angle and rate, 40 series",
        (check.low, check.high),
        check.value,
        source=THEORY,
    )
