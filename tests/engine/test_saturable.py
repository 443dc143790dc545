"""Michaelis-Menten elimination: the core against the plain twin, the complex step and the closed form."""

from __future__ import annotations

import numpy as np
import pytest

from pytwin import _core
from pytwin.model import Model, Plan
from pytwin.reference import saturable

pytestmark = pytest.mark.core
PARAMS = {"KA": 0.8, "VM": 14.0, "KM": 4.5, "V": 51.0}
NAMES = ["KA", "VM", "KM", "V"]


def _point() -> tuple[np.ndarray, np.ndarray]:
    model = Model("pk_1cpt_mm")
    return np.array([120.0, 340.0]), model.rows(PARAMS)


def test_equations_and_derivatives() -> None:
    x, p = _point()
    core = _core.Model("pk_1cpt_mm")
    values = list(PARAMS.values())
    got = core.rate(0.0, x[None], p[None])[0]
    np.testing.assert_allclose(got, saturable.rate(x, *values), rtol=1e-14)
    columns = [[f["name"] for f in core.params].index(n) for n in NAMES]
    h = 1e-30
    for k in range(6):
        xd, pd, z = np.zeros(2), np.zeros(p.size), np.array([*x, *values], dtype=complex)
        z[k] += 1j * h
        if k < 2:
            xd[k] = 1.0
        else:
            pd[columns[k - 2]] = 1.0
        expected = saturable.rate(z[:2], *z[2:]).imag / h
        ddx, dy = core.jvp(0.0, x[None], p[None], xd[None], pd[None])
        np.testing.assert_allclose(ddx[0], expected, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(dy[0], [(z[1] / z[5]).imag / h], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("dose", [5.0, 250.0, 20_000.0])
def test_a_bolus_follows_the_closed_form(dose: float) -> None:
    times = np.linspace(0.0, 200.0, 41)[1:]
    plan = Plan("test").dose("drug", dose, "mg", route="intravenous", start=0)
    got = Model("pk_1cpt_mm").simulate(times, plan, PARAMS, rtol=1e-10, atol=1e-13)["C"]
    expected = saturable.after_bolus(times, dose / 51.0, 14.0, 4.5, 51.0)
    np.testing.assert_allclose(got, expected, rtol=2e-8, atol=1e-12)


def test_far_below_saturation_it_is_linear() -> None:
    times, plan = np.linspace(1, 48, 20), Plan("test").dose("drug", 1e-4, "mg", route="oral", start=0)
    got = Model("pk_1cpt_mm").simulate(times, plan, PARAMS, rtol=1e-10, atol=1e-18)["C"]
    linear = {"KA": 0.8, "CL": 14.0 / 4.5, "V": 51.0}
    expected = Model("pk_1cpt_oral").simulate(times, plan, linear, rtol=1e-10, atol=1e-18)["C"]
    np.testing.assert_allclose(got, expected, rtol=1e-6)
