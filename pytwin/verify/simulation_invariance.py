"""Cases of invariance: a lane's result depends on its own input alone, bit for bit.

For every built-in model and every method that works on it, a crowd of different subjects under different
schedules is run in one batch, one by one, in another order, cut into pieces and by two threads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin import _core
from pytwin.model import Model, Schedule, models
from pytwin.model.actions import table
from pytwin.model.schedule import joined
from pytwin.verify.case import Case, equal
from pytwin.verify.run import Context

Array = NDArray[np.float64]
SOURCE = "the same lanes, run otherwise"
ADAPTIVE = ("auto", "dopri5", "rodas")
FIXED = ("rk4", "heun", "euler")
STOCHASTIC = ("euler-maruyama", "srk")
N = 60
PLANS = 5


def cases(context: Context) -> Iterator[Case]:
    """One case for each model and method."""
    for name in models(problems=True):
        crowd = Crowd.of(name, N if not context.full else 10 * N)
        for method in methods(crowd.model):
            yield invariance(crowd, method)


def methods(model: Model) -> tuple[str, ...]:
    """Methods that this model may be integrated by: explicit ones need a mass of 1, Rosenbrock no delays."""
    if model.mass is not None:
        return ("auto", "rodas")
    found = tuple(m for m in (*ADAPTIVE, *FIXED) if m != "rodas" or not model.delays)
    return (*found, *STOCHASTIC) if model.noise else found


@dataclass(frozen=True)
class Crowd:
    """Different subjects and schedules of one model, and when its outputs are wanted."""

    model: Model
    params: Array
    schedules: tuple[Schedule, ...]
    times: Array
    step: float

    @classmethod
    def of(cls, name: str, n: int) -> Crowd:
        """Parameters scattered about the sheet's, doses and infusions into every port at odd times."""
        model = Model(name)
        span = SPANS.get(name, 48.0 if model.time_unit == "h" else 480.0 if model.time_unit == "min" else 2.0)
        normal = _core.normals(11, _core.PURPOSE["TEST"], np.arange(n), 1, len(model.params))[:, 0, :]
        typical = model.rows(None)
        lower = np.array([p["lower"] for p in model.params])
        upper = np.array([p["upper"] for p in model.params])
        params = np.clip(typical * np.exp(0.1 * normal), lower, upper)
        times = span * np.array([0, 0.013, 0.25, 0.251, 0.5, 0.77, 1.0])
        schedules = tuple(schedule(model, i, span) for i in range(PLANS))
        return cls(model, params, schedules, times, span / 500)

    def run(self, method: str, lanes: NDArray[np.int64], threads: int = 1) -> dict[str, Any]:
        """Those lanes; lane i is subject i under schedule i modulo their number."""
        given = joined(self.schedules)
        step = self.step if method in FIXED + STOCHASTIC else 0.0
        wanted = np.arange(len(self.model.outputs) + len(self.model.states), dtype=np.int32)
        return self.model.core.simulate(
            self.params,
            None,
            0.0,
            given.pop("actions"),
            given.pop("offsets"),
            self.times,
            lanes,
            lanes % len(self.schedules),
            wanted,
            method=_core.METHODS[method],
            step=step,
            max_steps=2000,
            threads=threads,
            **given,
        )


# Test problems whose time is not that of a patient.
SPANS: dict[str, float] = {}


def schedule(model: Model, which: int, span: float) -> Schedule:
    """Nothing, boluses, an infusion, a changed parameter or a reset, at times that no step would meet."""
    rows = []
    for port, dose in enumerate(model.doses):
        amount = 0.1 * (1 + model.states[dose["state"]]["value"]) / dose["factor"]
        if which in (1, 3):
            rows += [(span * f, _core.ACTION_BOLUS, port, amount) for f in (0.0, 0.1234, 0.5)]
        if which in (2, 3, 4):
            rate = 10 * amount / span
            rows.append((0.0717 * span, _core.ACTION_INFUSION_ON, port, rate))
            rows.append((0.3111 * span, _core.ACTION_INFUSION_OFF, port, rate))
    if which == 3 and model.params:
        rows.append((0.41 * span, _core.ACTION_SCALE, 0, 1.05))
    if which == 4:
        rows.append((0.61 * span, _core.ACTION_RESET, 0, 0.0))
    return Schedule(table(rows))


def invariance(crowd: Crowd, method: str) -> Case:
    """All lanes at once against one by one, in another order, in pieces of seven, and by two threads."""
    n = len(crowd.params)
    everyone = np.arange(n, dtype=np.int64)
    whole = crowd.run(method, everyone)
    order = np.argsort(_core.uniforms(3, _core.PURPOSE["TEST"], everyone, 1, 1)[:, 0, 0], kind="stable")
    back = np.argsort(order)
    others = {
        "alone": _together([crowd.run(method, everyone[i : i + 1]) for i in range(n)]),
        "in pieces": _together([crowd.run(method, everyone[i : i + 7]) for i in range(0, n, 7)]),
        "in another order": {k: v[back] for k, v in crowd.run(method, order).items()},
        "by two threads": crowd.run(method, everyone, threads=2),
    }
    differ = [how for how, found in others.items() if _digest(found) != _digest(whole)]
    failed = int(np.count_nonzero(whole["status"]))
    name = f"bits of {crowd.model.name} by {method}, {n} lanes" + (f" ({failed} fail)" if failed else "")
    return equal(name, "the same", f"other bits {', '.join(differ)}" if differ else "the same", source=SOURCE)


def _together(parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {k: np.concatenate([p[k] for p in parts]) for k in parts[0]}


def _digest(found: dict[str, Any]) -> str:
    total = hashlib.sha256()
    for key in sorted(found):
        total.update(np.ascontiguousarray(found[key]).tobytes())
    return total.hexdigest()[:16]
