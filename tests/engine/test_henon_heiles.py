"""Henon and Heiles' star against NumPy: equations, exact derivatives, energy."""

from __future__ import annotations

import numpy as np
import pytest

import pytwin as pt
from pytwin import _core
from pytwin.reference import henon_heiles

pytestmark = pytest.mark.core


def test_rates_and_outputs() -> None:
    x = np.random.default_rng(1).normal(size=(9, 4))
    p = np.linspace(0.5, 1.5, 9)[:, None]
    model = _core.Model("henon_heiles")
    assert np.allclose(model.rate(0.0, x, p), henon_heiles.rate(x, p[:, 0]), rtol=1e-14, atol=1e-15)
    assert np.allclose(model.output(0.0, x, p), henon_heiles.output(x), rtol=1e-14, atol=1e-15)


def test_derivatives_by_complex_step() -> None:
    rng, h = np.random.default_rng(2), 1e-100
    x, xd, p, pd = (
        rng.normal(size=(5, 4)),
        rng.normal(size=(5, 4)),
        np.full((5, 1), 0.8),
        rng.normal(size=(5, 1)),
    )
    ddx, dy = _core.Model("henon_heiles").jvp(0.0, x, p, xd, pd)
    z, q = x + 1j * h * xd, (p + 1j * h * pd)[:, 0]
    assert np.allclose(ddx, henon_heiles.rate(z, q).imag / h, rtol=1e-10)
    assert np.allclose(dy, henon_heiles.output(z).imag / h, rtol=1e-10)


def test_energy_is_kept() -> None:
    x, y, u, v = pt.Model("henon_heiles").simulate([0.0, 100.0], rtol=1e-11, atol=1e-12, states=True).x.T
    energy = (u * u + v * v + x * x + y * y) / 2 + x * x * y - y**3 / 3
    assert energy[0] == pytest.approx(0.125, abs=5e-4)
    assert energy[1] == pytest.approx(energy[0], abs=1e-9)
