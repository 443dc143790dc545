"""Sensitivities against the complex step on the plain twins: parameters, initial states, doses, covariates,
resets, events, an initial state that depends on parameters; in passes, by order and by threads to the bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from pytwin import Model, Plan, _core
from pytwin.errors import InputError, PytwinError
from pytwin.reference import glucose, hamberg, lorenz, sensitivity

from .conftest import Array, actions, by_name, daily, params_of, run

pytestmark = pytest.mark.core

BOLUS, ON, OFF = _core.ACTION_BOLUS, _core.ACTION_INFUSION_ON, _core.ACTION_INFUSION_OFF
PARAM, SCALE, RESET, EVENT = _core.ACTION_PARAM, _core.ACTION_SCALE, _core.ACTION_RESET, _core.ACTION_EVENT
TIGHT = {"rtol": 1e-12, "atol": 1e-14}


def fields(model: str, what: str) -> list[str]:
    return [f["name"] for f in getattr(_core.Model(model), what)]


def directions(model: str, names: Sequence[str]) -> Array:
    """Their numbers: a parameter, or "x0." and a state."""
    params, states = fields(model, "params"), fields(model, "states")
    at = [len(params) + states.index(n[3:]) if n.startswith("x0.") else params.index(n) for n in names]
    return np.array(at, dtype=np.int32)


def every(model: str) -> list[str]:
    return [*fields(model, "params"), *(f"x0.{s}" for s in fields(model, "states"))]


def moved(model: str, row: Array, names: Sequence[str], x0: Array | None = None) -> Any:
    """Complex parameters and states, one direction in each column."""
    x = _core.Model(model).initial(row[None])[0] if x0 is None else x0
    return sensitivity.columns(by_name(model, row), x, fields(model, "states"), names)


def assert_near(found: Array, expected: Array, tolerance: float = 1e-8) -> None:
    """Relative to the largest of each output's and direction's derivatives."""
    size = np.abs(expected).max(axis=0, keepdims=True)
    floor = 1e-4 * tolerance * np.abs(expected).max()
    assert (np.abs(found - expected) <= tolerance * size + floor).all()


@pytest.mark.parametrize("model", ["hamberg2010", "hamberg2007"])
def test_hamberg_with_doses(model: str) -> None:
    """From a concentration above 0: at 0 the effect Cs^gamma has no second derivative."""
    row, names, times = params_of(model, CL=0.3), every(model), [0.0, 5.0, 24.0, 40.0, 72.0]
    x0 = _core.Model(model).initial(row[None])[0]
    x0[1 : hamberg.N_KINETIC[model]] = 2.0
    p, x = moved(model, row, names, x0)
    boluses = [(24.0 * d, 0, 0.5 * 5.0, "F") for d in range(3)]
    path = sensitivity.trajectory(lambda z, q: hamberg.rate(model, z, q), p, x, times, boluses)
    expected = sensitivity.derivatives([hamberg.output(model, z, p) for z in path])
    found = run(model, row, daily(5, 3), times, x0=x0, directions=directions(model, names), **TIGHT)
    assert_near(found["dy"][0], expected)
    np.testing.assert_allclose(
        found["dx_end"][0], sensitivity.derivatives(path)[-1], rtol=1e-8, atol=1e-9 * np.abs(expected).max()
    )


def test_lorenz_over_a_short_time() -> None:
    row, names, times = params_of("lorenz"), every("lorenz"), [0.1, 0.73, 2.0, 5.0]
    x0 = np.array([1.0, 1.0, 1.0])
    p, x = moved("lorenz", row, names, x0)
    expected = sensitivity.derivatives(sensitivity.trajectory(lorenz.rate, p, x, times, rtol=1e-13))
    plan = actions()
    found = run("lorenz", row, plan, times, x0=x0, directions=directions("lorenz", names), **TIGHT)
    assert np.abs(expected).max() > 10
    assert_near(found["dy"][0], expected)


def test_hovorka_with_meals_and_insulin() -> None:
    """Between the thresholds GF, GR and x3 = 1, at which the derivative of the rate jumps."""
    row, times = params_of("hovorka"), [0.0, 30.0, 60.0, 200.0, 300.0]
    names = [n for n in every("hovorka") if n not in ("kR", "GR", "GF", "G0")]
    p, x = moved("hovorka", row, names, _core.Model("hovorka").initial(row[None])[0])
    units = 1000 / 180.16
    boluses = [(10.0, 8, 30 * units, "AG"), (10.0, 2, 1500.0, None), (100.0, 8, 10 * units, "AG")]

    def rate(z: Array, q: Any) -> Array:
        return glucose.hovorka_rate(z, q, u=6.0)

    path = sensitivity.trajectory(rate, p, x, times, boluses, rtol=1e-13)
    expected = sensitivity.derivatives([glucose.hovorka_output(z, p) for z in path])
    plan = actions((0, ON, 1, 0.006), (10, BOLUS, 0, 30), (10, BOLUS, 1, 1.5), (100, BOLUS, 0, 10))
    x0 = _core.Model("hovorka").initial(row[None])
    found = run("hovorka", row, plan, times, x0=x0, directions=directions("hovorka", names), **TIGHT)
    np.testing.assert_allclose(found["y"][0], [np.real(glucose.hovorka_output(z, p))[:, 0] for z in path])
    assert_near(found["dy"][0], expected)


def test_a_kink_is_resolved_by_the_error_of_the_sensitivities() -> None:
    """Glucose falls through GF = 4.5 mmol/L, where the rate has a kink."""
    row, times = params_of("hovorka"), [200.0, 300.0]
    plan = actions((0, ON, 1, 0.006), (10, BOLUS, 0, 50), (10, BOLUS, 1, 4), (100, BOLUS, 0, 20))
    names = ["VG", "F01", "SIT", "GF"]
    at, x0 = directions("hovorka", names), _core.Model("hovorka").initial(row[None])
    expected = np.empty((2, 2, 4))
    for k, name in enumerate(names):
        i = fields("hovorka", "params").index(name)
        h, values = 1e-3 * row[i], []
        for step in (-2, -1, 1, 2):
            p = row.copy()
            p[i] += step * h
            values.append(run("hovorka", p, plan, times, x0=x0, **TIGHT)["y"][0])
        expected[..., k] = np.tensordot([1, -8, 8, -1], values, axes=1) / (12 * h)
    held = run("hovorka", row, plan, times, x0=x0, directions=at, rtol=1e-10, atol=1e-12)["dy"][0]
    options = {"rtol": 1e-10, "atol": 1e-12, "sensitivity_error": 1}
    bound = run("hovorka", row, plan, times, x0=x0, directions=at, **options)["dy"][0]
    # insulin depends on none of them: its differences are but the steps' noise over a small h
    assert (bound[:, 1] == 0).all()
    assert_near(bound[:, 0], expected[:, 0], 1e-7)
    assert np.abs(held - expected).max() > 1e-6


def test_an_initial_state_that_depends_on_parameters() -> None:
    """dy/dp in all is dy/dp at a given start, and dy/dx0 times the start's own derivative."""
    core, row, times = _core.Model("hovorka"), params_of("hovorka"), [0.0, 40.0, 300.0]
    names = fields("hovorka", "params")
    plan = actions((0, ON, 1, 0.006), (20, BOLUS, 0, 40))
    found = run("hovorka", row, plan, times, directions=directions("hovorka", names), **TIGHT)["dy"][0]
    everything = directions("hovorka", every("hovorka"))
    given = run("hovorka", row, plan, times, x0=core.initial(row[None]), directions=everything, **TIGHT)
    by_p, by_x = given["dy"][0, ..., : len(names)], given["dy"][0, ..., len(names) :]
    start = np.empty((by_x.shape[-1], len(names)))
    for k, value in enumerate(row):
        h = 1e-3 * value * np.array([-2, -1, 1, 2])
        rows = np.tile(row, (4, 1))
        rows[:, k] += h
        start[:, k] = np.array([1, -8, 8, -1]) @ core.initial(rows) / (12e-3 * value)
    assert np.abs(start).max() > 1
    assert_near(found, by_p + by_x @ start, 1e-7)


def test_covariates_infusions_resets_and_dense_outputs() -> None:
    model, times = "hamberg2010", np.linspace(0, 60, 61)
    names = ["CL", "V", "F", "EC50", "x0.A2", "x0.C1"]
    cl, ec50 = fields(model, "params").index("CL"), fields(model, "params").index("EC50")
    row = params_of(model, CL=0.3)
    x0 = _core.Model(model).initial(row[None])[0] + 1
    plan = actions(
        (0, BOLUS, 0, 10), (6.5, ON, 0, 1.5), (12, SCALE, cl, 1.4), (15.25, OFF, 0, 1.5),
        (30, PARAM, ec50, 2.0), (44.5, RESET, 0, 0), (46, BOLUS, 0, 8),
    )  # fmt: skip
    found = run(model, row, plan, times, x0=x0, directions=directions(model, names), **TIGHT)["dy"][0]
    for k, name in enumerate(names):
        h = 1e-3 * (row[fields(model, "params").index(name)] if k < 4 else 1.0)
        values = []
        for step in (-2, -1, 1, 2):
            p, x = row.copy(), x0.copy()
            if k < 4:
                p[fields(model, "params").index(name)] += step * h
            else:
                x[fields(model, "states").index(name[3:])] += step * h
            values.append(run(model, p, plan, times, x0=x, **TIGHT)["y"][0])
        expected = np.tensordot([1, -8, 8, -1], values, axes=1) / (12 * h)
        np.testing.assert_allclose(found[..., k], expected, rtol=1e-7, atol=2e-9)
    reset, set_to = times > 44.5, times > 30
    assert (found[reset][:, :, 4:] == 0).all()
    assert (found[set_to & reset][:, 0, 3] == 0).all() and (found[reset][:, 1, 3] == 0).all()


def test_events_of_organs() -> None:
    """A ball from height 5 with speed 1; a bounce with restitution e at 0.8, closed form after it."""
    row, times = params_of("bouncing_ball", g=9.81, e=0.8), [0.5, 1.0]
    names = ["g", "e", "x0.h", "x0.v"]
    plan = actions((0.8, EVENT, 0, 0.0), (0.9, EVENT, 1, 2.0))
    found = run(
        "bouncing_ball", row, plan, times, x0=[5.0, 1.0], directions=directions("bouncing_ball", names)
    )
    np.testing.assert_allclose(found["dy"][0, 0], [[-0.125, 0, 1, 0.5], [-0.5, 0, 0, 1]], atol=1e-12)
    fall = (
        1 - 9.81 * 0.8
    )  # speed at the bounce; after it v = -e fall - g s + 2, h = -e fall s - g s^2/2 + 2 0.1
    by_height = [0.8 * 0.8 * 0.2 - 0.02, -fall * 0.2, 0, -0.8 * 0.2]
    by_speed = [0.8 * 0.8 - 0.2, -fall, 0, -0.8]
    np.testing.assert_allclose(found["dy"][0, 1], [by_height, by_speed], atol=1e-12)


def test_passes_order_threads_and_lanes_change_no_bit() -> None:
    model, times = "hamberg2010", np.linspace(0, 72, 25)
    rows = params_of(model) * np.exp(0.2 * np.random.default_rng(3).standard_normal((70, 11)))
    names = every(model)
    many = directions(model, names * 3)
    full = run(model, rows, daily(5, 3), times, directions=many)
    assert full["dy"].shape == (70, 25, 2, 57) and full["dx_end"].shape == (70, 8, 57)
    np.testing.assert_array_equal(full["dy"][..., :19], full["dy"][..., 38:])
    threaded = run(model, rows, daily(5, 3), times, directions=many[:19], threads=3)
    np.testing.assert_array_equal(full["dy"][..., :19], threaded["dy"])
    turned = run(model, rows[::-1], daily(5, 3), times, directions=many[18::-1])
    np.testing.assert_array_equal(full["dy"][..., :19], turned["dy"][::-1, ..., ::-1])
    np.testing.assert_array_equal(full["y"], turned["y"][::-1])
    alone = run(model, rows[41], daily(5, 3), times, directions=many[4:5])
    np.testing.assert_array_equal(full["dy"][41, ..., 4], alone["dy"][0, ..., 0])


def test_states_are_outputs_too() -> None:
    row, times = params_of("hamberg2010"), [10.0, 30.0]
    n_out = len(fields("hamberg2010", "outputs"))
    outputs = np.arange(n_out, n_out + 8, dtype=np.int32)
    at = directions("hamberg2010", ["CL", "V"])
    options = {"rtol": 1e-9, "directions": at}
    core = _core.Model("hamberg2010")
    where = np.zeros(1, dtype=np.int64)
    found = core.simulate(row[None], None, 0.0, daily(5, 1), [0, 1], times, where, where, outputs, **options)
    np.testing.assert_array_equal(found["dy"][0, -1], found["dx_end"][0])


@pytest.mark.parametrize("batch", [1, 9])
def test_stiff_method_follows_moving_parameters_infusions_and_lanes(batch: int) -> None:
    """Against the explicit method, which the complex step confirms; a lane's bits in any company."""
    plan = Plan("a day").infusion("insulin", 0.4, "U/h", length="24 h", route="subcutaneous")
    plan = plan.dose("carbohydrate", 60, "g", start=1).wave("EGP0", 0.0161, 0.004, every=24, peak=6)
    rows = Model("hovorka").rows({"SIT": np.linspace(3e-3, 7e-3, batch)})
    names, times = ["SIT", "BW", "x0.Q1"], [30.0, 90.0, 400.0]
    options: dict[str, Any] = {"rtol": 1e-10, "atol": 1e-12}
    found, expected = (
        Model("hovorka").simulate(times, plan, rows, sensitivities=names, method=m, **options).dy
        for m in ("rodas", "dopri5")
    )
    assert found is not None and expected is not None
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9 * np.abs(expected).max())
    alone = Model("hovorka").simulate(
        [30.0, 90.0, 400.0], plan, rows[:1], sensitivities=names, method="rodas", **options
    )
    np.testing.assert_array_equal(np.asarray(alone.dy)[0], found[0])


def test_every_failing_allocation_is_an_error(failed_allocations: Any) -> None:
    options: dict[str, Any] = {"sensitivities": ["SIT", "x0.Q1"], "method": "rodas"}
    model = Model("hovorka")
    assert failed_allocations(lambda: model.simulate([30.0], **options)) > 5


def test_bad_input() -> None:
    row = params_of("hamberg2010")
    with pytest.raises(InputError, match="directions"):
        run("hamberg2010", row, daily(5, 1), [1.0], directions=np.array([19], dtype=np.int32))
    with pytest.raises(PytwinError, match="unsupported"):
        method = _core.METHODS["srk"]
        at = directions("hamberg2010", ["CL"])
        run("hamberg2010", row, daily(5, 1), [1.0], directions=at, method=method, step=0.1)
