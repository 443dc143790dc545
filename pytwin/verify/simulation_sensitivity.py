"""Cases of sensitivities: exact derivatives against the complex step on plain twins and on closed forms.

An error is the largest difference relative to the largest of that output's derivative along that direction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin import _core
from pytwin.model import Model, Schedule
from pytwin.model.actions import table
from pytwin.reference import glucose, hamberg, lorenz, sensitivity
from pytwin.reference.problems import PROBLEMS
from pytwin.verify.case import Case, at_most, equal, info
from pytwin.verify.run import Context

Array = NDArray[Any]
Params = dict[str, float]
TWIN = "complex step on the plain twin, Dormand-Prince at 1e-13"
CLOSED = "complex step on the closed form"
BOUND = 1e-8
TIGHT: dict[str, Any] = {"rtol": 1e-12, "atol": 1e-14}


def cases(context: Context) -> Iterator[Case]:
    """All cases of sensitivities."""
    yield from warfarin("hamberg2010")
    yield from warfarin("hamberg2007")
    yield from meals()
    yield from chaos()
    yield from warfarin("hamberg2010", "rodas")
    yield from meals("rodas")
    for name, method in (("hires", "rodas"), ("hires", "auto"), ("vanderpol", "auto")):
        yield from stiff(name, method)
    yield algebraic()
    for name, regimen in REGIMENS.items():
        yield closed_form(name, *regimen)
        yield closed_form(name, *regimen, method="rodas")
    yield bounces()
    yield bounces("rodas")
    yield passes()


def largest_error(found: Array, expected: Array) -> float:
    """Relative to the size of each output along each direction; nothing below 1e-12 of the largest counts."""
    size = np.maximum(np.abs(expected).max(axis=0), 1e-4 * np.abs(expected).max())
    return float(np.max(np.abs(found - expected) / size))


def sheet(model: Model) -> Params:
    """Parameters by name."""
    return {f["name"]: float(f["value"]) for f in model.params}


def everything(model: Model) -> list[str]:
    """All parameters and all initial states."""
    return [*(f["name"] for f in model.params), *(f"x0.{s['name']}" for s in model.states)]


def against_twin(
    model: Model,
    p: Params,
    x0: Array,
    names: Sequence[str],
    times: Sequence[float],
    schedule: Schedule,
    twin: tuple[Callable[..., Array], Callable[..., Array]],
    boluses: Sequence[sensitivity.Bolus] = (),
    method: str = "auto",
) -> Iterator[tuple[float, float]]:
    """(tolerance of the run, its error) at three tolerances."""
    moved, x = sensitivity.columns(p, x0, [s["name"] for s in model.states], names)
    path = sensitivity.trajectory(twin[0], moved, x, times, boluses, rtol=1e-13, atol=1e-15)
    expected = sensitivity.derivatives([twin[1](z, moved) for z in path])
    for rtol in (1e-6, 1e-9, 1e-12):
        options: dict[str, Any] = {"rtol": rtol, "atol": 1e-2 * rtol, "method": method}
        run = model.simulate(times, schedule, p, x0, sensitivities=names, **options)
        yield rtol, largest_error(np.asarray(run.dy), expected)


def judged(name: str, found: Iterator[tuple[float, float]], source: str) -> Iterator[Case]:
    """The tightest run is judged, the others are shown."""
    for rtol, error in found:
        text = f"{name}, tolerance {rtol:g}: largest relative error"
        yield at_most(text, BOUND, error, source=source) if rtol < 1e-11 else info(text, error, source=source)


def warfarin(name: str, method: str = "auto") -> Iterator[Case]:
    """Concentration and INR to all parameters and initial states, from a concentration above 0.

    At 0 the effect Cs^gamma has no second derivative, nor, below gamma = 1, a first.
    """
    model = Model(name)
    p, x0 = {**sheet(model), "CL": 0.3}, model.core.initial(model.rows()[None])[0]
    x0[1 : hamberg.N_KINETIC[name]] = 2.0
    schedule = Schedule(table([(24.0 * d, _core.ACTION_BOLUS, 0, 5.0) for d in range(3)]))
    boluses = [(24.0 * d, 0, 2.5, "F") for d in range(3)]
    twin = (
        lambda z, q: hamberg.rate(name, z, q),
        lambda z, q: hamberg.output(name, z, q),
    )
    names = everything(model)
    found = against_twin(model, p, x0, names, [5.0, 24.0, 40.0, 72.0], schedule, twin, boluses, method)
    yield from judged(f"{name}, {method}, three doses, {len(names)} directions", found, TWIN)


def meals(method: str = "auto") -> Iterator[Case]:
    """Hovorka's model with basal insulin, two meals and a bolus."""
    model, grams = Model("hovorka"), 1000 / 180.16
    p, x0 = sheet(model), model.core.initial(model.rows()[None])[0]
    at = [(10.0, 0, 30.0), (10.0, 1, 1.5), (100.0, 0, 10.0)]
    rows = [(0.0, _core.ACTION_INFUSION_ON, 1, 0.006), *((t, _core.ACTION_BOLUS, k, v) for t, k, v in at)]
    boluses = [(10.0, 8, 30 * grams, "AG"), (10.0, 2, 1500.0, None), (100.0, 8, 10 * grams, "AG")]
    twin = (lambda z, q: glucose.hovorka_rate(z, q, u=6.0), glucose.hovorka_output)
    names = [n for n in everything(model) if n not in ("G0", "GR", "kR")]
    times = [30.0, 60.0, 200.0, 300.0]
    found = against_twin(model, p, x0, names, times, Schedule(table(rows)), twin, boluses, method)
    yield from judged(f"hovorka, {method}, two meals and a bolus, {len(names)} directions", found, TWIN)


def chaos() -> Iterator[Case]:
    """Lorenz's equations over a time in which a small difference grows a hundredfold."""
    model = Model("lorenz")
    twin = (lorenz.rate, lambda z, q: z)
    found = against_twin(
        model, sheet(model), np.ones(3), everything(model), [0.5, 2.0, 5.0, 8.0], Schedule(), twin
    )
    yield from judged("lorenz from (1, 1, 1) to t = 8, 6 directions", found, TWIN)


# ---- stiff ----

STIFF: dict[str, tuple[Params, list[float]]] = {
    "hires": ({}, [1.0, 5.0, 20.0]),
    "vanderpol": ({"eps": 1e-3}, [0.3, 0.8, 1.2]),
}


def stiff(name: str, method: str) -> Iterator[Case]:
    """States to all parameters and initial states, the plain twin by an explicit method in small steps."""
    model = Model(name)
    changed, times = STIFF[name]
    p, x0 = {**sheet(model), **changed}, np.array([s["value"] for s in model.states])
    twin = (lambda z, q: PROBLEMS[name].rate(z, np.array(list(q.values()))), lambda z, q: z)
    names = everything(model)
    found = against_twin(model, p, x0, names, times, Schedule(), twin, method=method)
    yield from judged(f"{name}, {method}, {len(names)} directions", found, TWIN)


def algebraic() -> Case:
    """Robertson's equations with the conservation of mass as an algebraic state, and without one."""
    options: dict[str, Any] = {"states": True, "rtol": 1e-11, "atol": 1e-15, "max_steps": 1_000_000}
    names, times = [p["name"] for p in Model("robertson").params], [0.4, 40.0, 4e3]
    found, expected = (
        np.asarray(Model(name).simulate(times, method="rodas", sensitivities=names, **options).dy)[:, -3:]
        for name in ("robertson_dae", "robertson")
    )
    text = "robertson with an algebraic state against three rates, rodas: largest relative error"
    return at_most(text, BOUND, largest_error(found, expected), source="the form without algebraic states")


# ---- closed forms: one compartment with depot ----

KINETICS: Params = {
    "KA": 0.9, "CL": 2.0, "V": 20.0, "F1": 0.8, "ALAG1": 0.7, "D1": 3.0, "R1": 15.0,
    "F2": 0.6, "ALAG2": 0.4, "D2": 2.5, "R2": 12.0,
}  # fmt: skip
ORAL, IV, AMOUNT, INTERVAL = 0, 1, 100.0, 12.0
TIMES = np.arange(1.0, 60.0) + 0.123


def oral(s: Any, p: Mapping[str, Any]) -> Any:
    """Concentration at s after an oral dose."""
    ke = p["CL"] / p["V"]
    rise = np.exp(-ke * s) - np.exp(-p["KA"] * s)
    return np.where(np.real(s) > 0, p["F1"] * AMOUNT * p["KA"] / (p["V"] * (p["KA"] - ke)) * rise, 0)


def infused(s: Any, length: Any, rate: Any, p: Mapping[str, Any]) -> Any:
    """Concentration at s after the begin of an infusion into the central compartment."""
    ke = p["CL"] / p["V"]

    def rising(u: Any) -> Any:
        return np.where(np.real(u) > 0, rate / p["CL"] * (1 - np.exp(-ke * u)), 0)

    return rising(s) - rising(s - length)


def by_duration(s: Any, p: Mapping[str, Any]) -> Any:
    """An infusion whose duration is the parameter D2."""
    return infused(s, p["D2"], p["F2"] * AMOUNT / p["D2"], p)


def by_rate(s: Any, p: Mapping[str, Any]) -> Any:
    """An infusion whose rate is the parameter R2."""
    return infused(s, p["F2"] * AMOUNT / p["R2"], p["R2"], p)


def series(course: Callable[..., Any], lag: str, first: int) -> Callable[[Mapping[str, Any]], Any]:
    """Doses at 1, 1 + INTERVAL, ...; ``first`` < 0: as many before, which is a steady state."""

    def concentration(p: Mapping[str, Any]) -> Any:
        return sum(course(TIMES - (1.0 + INTERVAL * j) - p[lag], p) for j in range(first, 3))

    return concentration


PAST = -60  # doses: exp(-0.1 12 60) is below 1e-31
REGIMENS: dict[str, tuple[tuple[int, int, float], Callable[..., Any]]] = {
    "oral doses with a lag": ((ORAL, 0, 0.0), series(oral, "ALAG1", 0)),
    "infusions whose duration is a parameter": ((IV, 0, -2.0), series(by_duration, "ALAG2", 0)),
    "infusions whose rate is a parameter": ((IV, 0, -1.0), series(by_rate, "ALAG2", 0)),
    "oral doses at steady state": ((ORAL, 1, 0.0), series(oral, "ALAG1", PAST)),
    "infusions at steady state": ((IV, 1, -2.0), series(by_duration, "ALAG2", PAST)),
}


def closed_form(
    name: str, dose: tuple[int, int, float], concentration: Callable[..., Any], method: str = "auto"
) -> Case:
    """Three doses of one record, to all eleven parameters."""
    port, steady, rate = dose
    doses = np.array([(port, steady, AMOUNT, rate, INTERVAL, 2)], dtype=_core.DOSE_DTYPE)
    schedule = Schedule(table([(1.0, _core.ACTION_DOSE, 0, 0.0)]), doses)
    model = Model("pk_1cpt_oral")
    found = model.simulate(TIMES, schedule, KINETICS, sensitivities=list(KINETICS), method=method, **TIGHT)
    columns = [concentration({**KINETICS, to: KINETICS[to] + 1e-30j}) for to in KINETICS]
    expected = np.stack([np.imag(c) / 1e-30 for c in columns], axis=-1)[:, None, :]
    error = largest_error(np.asarray(found.dy), expected)
    return at_most(f"pk_1cpt_oral, {method}, {name}: largest relative error", BOUND, error, source=CLOSED)


# ---- crossings ----


def ball(t: float, g: Any, e: Any, h: Any) -> Array:
    """Height and speed of the bouncing ball, let fall from h."""
    fall = np.sqrt(2 * h / g)
    if t < np.real(fall):
        return np.array([h - g * t * t / 2, -g * t])
    n, start = 0, fall
    while t >= np.real(start + 2 * e ** (n + 1) * fall):
        n, start = n + 1, start + 2 * e ** (n + 1) * fall
    s, v = t - start, g * fall * e ** (n + 1)
    return np.array([v * s - g * s * s / 2, v - g * s])


def bounces(method: str = "auto") -> Case:
    """Through up to seven bounces, whose instants depend on every direction."""
    values = {"g": 9.81, "e": 0.8, "x0.h": 1.5}
    times = [0.3, 0.8, 1.5, 2.5, 3.5]
    p, x0, options = {"g": 9.81, "e": 0.8}, {"h": 1.5, "v": 0.0}, {"method": method, **TIGHT}
    found = Model("bouncing_ball").simulate(times, None, p, x0, sensitivities=list(values), **options)
    expected = np.empty((len(times), 2, 3))
    for q, to in enumerate(values):
        moved = [v + (1e-30j if n == to else 0) for n, v in values.items()]
        expected[..., q] = [np.imag(ball(t, *moved)) / 1e-30 for t in times]
    error = largest_error(np.asarray(found.dy), expected)
    return at_most(
        f"bouncing_ball, {method}, through crossings: largest relative error", BOUND, error, source=CLOSED
    )


def passes() -> Case:
    """All directions at once, cut into passes, against each alone: bits."""
    model = Model("hovorka")
    names, times = everything(model), np.arange(0.0, 300.0, 20.0)
    options: dict[str, Any] = {"sensitivity_error": False}
    full = np.asarray(model.simulate(times, sensitivities=names, **options).dy)
    alone = [np.asarray(model.simulate(times, sensitivities=[n], **options).dy)[..., 0] for n in names]
    same = bool(np.array_equal(full, np.stack(alone, axis=-1)))
    name = f"hovorka, {len(names)} directions in passes against each alone: the same bits"
    return equal(name, True, same, source="the same run, cut otherwise")
