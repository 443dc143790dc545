"""Cases of events and delays: a bouncing ball, delay equations, Arenstorf's orbit, Lorenz's equations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.model import Model, Plan
from pytwin.reference import delay
from pytwin.verify.case import Case, at_most, equal
from pytwin.verify.run import Context

Array = NDArray[np.float64]

# x at 17, 34, ..., 204 and (x, y, z) at 1, 5, 10, printed by scripts/simulation_digits.py, which works in 60
# digits (method of steps on polynomials; Taylor series). Parameters and initial values: those of the sheets.
MACKEY_GLASS = (
    0.4919720967103560364, 1.0323271882947026366, 1.0419791974968031265, 0.69360086431038030783,
    1.1884540241384605246, 0.90196123949817798437, 0.61001113228151100331, 0.97474363215961583395,
    1.1370272151617960064, 0.65564046677415064601, 1.1592307367683702429, 0.9732850219744781477,
)  # fmt: skip
LORENZ = {
    1: (-9.4431465684667582755, -9.3789013833900552736, 28.337792282828584057),
    5: (-7.0006303829166122458, -6.7845057632212381598, 25.531054977514096338),
    10: (-5.916618121743248124, -5.5237177695754120078, 24.571964902009600119),
}
# Period of the orbit with four loops, as printed in Hairer, Norsett, Wanner, Solving Ordinary Differential
# Equations I, 2nd ed., Springer 1993, (0.2) of II.0.
ARENSTORF_PERIOD = 17.0652165601579625588917206249
_TIGHT: dict[str, Any] = {"rtol": 1e-13, "atol": 1e-15}


def cases(context: Context) -> list[Case]:
    """All cases of events and delays; they need no reference library."""
    return [*_ball(), *_thresholds(), *_linear_delay(), *_mackey_glass(), *_orbits()]


# ---- crossings ----


def bounces(n: int, e: float, g: float = 9.81, height: float = 1.0) -> Array:
    """Instants of the first n bounces from rest: t_1 = sqrt(2 H/g), then 2 e^k t_1 later each."""
    first = np.sqrt(2 * height / g)
    return np.asarray(first + 2 * first * np.concatenate([[0.0], np.cumsum(e ** np.arange(1, n))]))


def _ball() -> Iterator[Case]:
    model, n, source = Model("bouncing_ball"), 60, "closed form: t_1 = sqrt(2 H/g), then 2 e^k t_1"
    for e in (0.9, 0.8):
        times = bounces(n, e)
        middle = 0.5 * (times[1:] + times[:-1])
        for rtol in (1e-6, 1e-12):
            found = model.simulate(middle, None, {"e": e}, rtol=rtol, atol=1e-14)
            got = found.events["bounce"][: n - 1]
            name = f"bouncing ball, restitution {e:g}, rtol {rtol:g}, {n - 1} bounces"
            worst = float(np.max(np.abs(got / times[:-1] - 1))) if got.size == n - 1 else np.inf
            yield at_most(f"{name}: instants, largest relative error", 1e-12, worst, source=source)
            heights = found["height"] / e ** (2 * np.arange(1, n)) - 1
            worst = float(np.max(np.abs(heights)))
            yield at_most(f"{name}: heights of the tops, largest relative error", 1e-10, worst, source=source)
        limit = bounces(4000, e)[-1]
        found = model.simulate([limit + 1], None, {"e": e}, errors="status")
        name = f"bouncing ball, restitution {e:g}: instant at which a lane ends whose bounces pile up"
        yield equal(name, float(limit), float(found.stop), relative=1e-9, source=source)


def _thresholds() -> Iterator[Case]:
    """INR above 2 at each default, at looser tolerances against a run at 1e-13."""
    model, plan = Model("hamberg2010"), Plan("7.5 mg").dose("warfarin", 7.5, every="24 h")
    plan = plan.when("INR", above=2, stop=True)
    tight = float(model.simulate([720.0], plan, **_TIGHT).stop)
    for name, method in (("default tolerances", "auto"), ("rodas at default tolerances", "rodas")):
        got = float(model.simulate([720.0], plan, method=method).stop)
        title = f"hamberg2010, 7.5 mg a day: hour at which INR comes to 2, {name}"
        yield equal(title, tight, got, relative=1e-8, source="own run at tolerance 1e-13")


# ---- delays ----


def _linear_delay() -> Iterator[Case]:
    times, source = np.linspace(0, 10, 41), "closed form by steps: Bellman, Cooke, 1963, 3.2"
    model = Model("linear_delay")
    for b, tau in ((1.0, 1.0), (0.5, 1.3), (2.0, 0.7)):
        expected = delay.linear_delay(times, b, tau)
        worst = {}
        for rtol in (1e-6, 1e-9, 1e-12):
            got = model.simulate(times, None, {"b": b, "tau": tau}, rtol=rtol, atol=rtol)["value"]
            worst[rtol] = float(np.max(np.abs(got - expected)))
            name = f"x' = -{b:g} x(t - {tau:g}), tolerance {rtol:g}: largest error of 41 values"
            yield at_most(name, 20 * rtol, worst[rtol], source=source)


def _mackey_glass() -> Iterator[Case]:
    model, times = Model("mackey_glass"), 17.0 * np.arange(1, 13, dtype=np.float64)
    source = "scripts/simulation_digits.py: method of steps in 60 digits"
    got = model.simulate(times, **_TIGHT)["cells"]
    worst = float(np.max(np.abs(got - MACKEY_GLASS)))
    yield at_most(
        "Mackey-Glass to time 204, rtol 1e-13: largest error of 12 values", 1e-11, worst, source=source
    )
    got = model.simulate(times, rtol=1e-8, atol=1e-8)["cells"]
    worst = float(np.max(np.abs(got - MACKEY_GLASS)))
    yield at_most(
        "Mackey-Glass to time 204, rtol 1e-8: largest error of 12 values", 1e-6, worst, source=source
    )
    worst = float(np.max(np.abs(delay.mackey_glass(times) - MACKEY_GLASS)))
    yield at_most("Mackey-Glass, plain twin: largest error of 12 values", 1e-12, worst, source=source)


# ---- orbits ----


def _orbits() -> Iterator[Case]:
    model = Model("arenstorf")
    found = model.simulate([ARENSTORF_PERIOD], **_TIGHT)
    start = np.array([s["value"] for s in model.states])
    gap = float(np.max(np.abs(found.x_end - start)[:2]))
    source = "Hairer, Norsett, Wanner, Solving Ordinary Differential Equations I, II.0 (0.2)"
    yield at_most("Arenstorf orbit, rtol 1e-13: gap in position after the period", 1e-9, gap, source=source)
    source = "scripts/simulation_digits.py: Taylor series in 60 digits"
    found = Model("lorenz").simulate(list(map(float, LORENZ)), **_TIGHT)
    for k, (t, expected) in enumerate(LORENZ.items()):
        worst = float(np.max(np.abs(found.y[k] - expected)))
        name = f"Lorenz's equations at time {t}, rtol 1e-13: largest error of three states"
        yield at_most(name, 1e-8, worst, source=source)
