"""Sensitivities under steps of a fixed size: those of the formula itself, by the complex step through it."""

from __future__ import annotations

import numpy as np
import pytest

from pytwin import _core
from pytwin.reference import hamberg, lorenz, sensitivity

from .conftest import Array, actions, daily, params_of, run
from .test_sensitivity import BOLUS, OFF, ON, assert_near, directions, every, fields, moved

pytestmark = pytest.mark.core

METHODS = _core.METHODS
FIXED = ("euler", "heun", "rk4")


@pytest.mark.parametrize("method", FIXED)
def test_lorenz(method: str) -> None:
    """Steps so long that Euler's formula is far from the equations: its derivative is still exact."""
    row, names, steps = params_of("lorenz"), every("lorenz"), [1, 7, 50]
    p, x = moved("lorenz", row, names, np.array([1.0, 2.0, 20.0]))
    path = sensitivity.fixed_trajectory(method, lorenz.rate, p, x, steps, 0.02)
    expected = sensitivity.derivatives(path)
    options = {"method": METHODS[method], "step": 0.02, "directions": directions("lorenz", names)}
    found = run("lorenz", row, actions(), [0.02 * k for k in steps], x0=[1.0, 2.0, 20.0], **options)
    assert_near(found["dy"][0], expected, 1e-12)
    np.testing.assert_array_equal(found["dx_end"][0], found["dy"][0, -1])


@pytest.mark.parametrize("method", FIXED)
def test_hamberg_with_doses(method: str) -> None:
    """The linear part is stepped; doses cut the steps; outputs that are no states; two passes."""
    model, steps = "hamberg2010", [10, 48, 144]
    row, names = params_of(model, CL=0.3), every(model)
    x0 = _core.Model(model).initial(row[None])[0]
    x0[1 : hamberg.N_KINETIC[model]] = 2.0
    p, x = moved(model, row, names, x0)
    boluses = [(24.0 * d, 0, 0.5 * 5.0, "F") for d in range(3)]
    path = sensitivity.fixed_trajectory(
        method, lambda z, q: hamberg.rate(model, z, q), p, x, steps, 0.5, boluses
    )
    expected = sensitivity.derivatives([hamberg.output(model, z, p) for z in path])
    options = {"method": METHODS[method], "step": 0.5, "directions": directions(model, names)}
    found = run(model, row, daily(5, 3), [0.5 * k for k in steps], x0=x0, **options)
    assert len(names) > 16
    assert_near(found["dy"][0], expected, 1e-11)
    plain = run(model, row, daily(5, 3), [0.5 * k for k in steps], x0=x0, method=METHODS[method], step=0.5)
    np.testing.assert_array_equal(found["y"], plain["y"])


def differences(model: str, row: Array, names: list[str], values: object, **options: object) -> Array:
    """Central differences of order 4 of y to parameters."""
    columns = []
    for name in names:
        i = fields(model, "params").index(name)
        h, found = 1e-3 * row[i], []
        for share in (-2, -1, 1, 2):
            p = row.copy()
            p[i] += share * h
            found.append(run(model, p, *values, **options)["y"][0])  # type: ignore[misc]
        columns.append(np.tensordot([1, -8, 8, -1], found, axes=1) / (12 * h))
    return np.moveaxis(np.array(columns), 0, -1)


@pytest.mark.parametrize("method", (*FIXED, "dopri5"))
def test_outputs_between_steps_and_infusions(method: str) -> None:
    """The interpolant is differentiated, too; an infusion begins and ends inside the grid of steps."""
    model, names, times = "hamberg2010", ["CL", "V", "F", "EC50"], np.linspace(0.3, 31.7, 13)
    row, plan = params_of(model, CL=0.3), actions((0, BOLUS, 0, 10), (6.45, ON, 0, 1.5), (15.2, OFF, 0, 1.5))
    x0 = _core.Model(model).initial(row[None])[0] + 1
    options = {"method": METHODS[method], "step": 0.5, "x0": x0}
    expected = differences(model, row, names, (plan, times), **options)
    found = run(model, row, plan, times, directions=directions(model, names), **options)["dy"][0]
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-9 * np.abs(expected).max())


def test_threads_and_company_change_no_bit() -> None:
    model, times = "hamberg2010", np.linspace(0, 72, 25)
    rows = params_of(model) * np.exp(0.2 * np.random.default_rng(3).standard_normal((40, 11)))
    options = {"method": METHODS["rk4"], "step": 0.7, "directions": directions(model, every(model))}
    full = run(model, rows, daily(5, 3), times, **options)
    threaded = run(model, rows[::-1], daily(5, 3), times, threads=3, **options)
    alone = run(model, rows[17], daily(5, 3), times, **options)
    np.testing.assert_array_equal(full["dy"], threaded["dy"][::-1])
    np.testing.assert_array_equal(full["dy"][17], alone["dy"][0])
