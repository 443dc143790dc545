"""The glucose models: equations against the plain twin, derivatives against the complex step, the start
at a chosen glucose, meals by the organ's events.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pytwin import _core
from pytwin.reference import glucose

from .conftest import Array, by_name, params_of

pytestmark = pytest.mark.core

TWINS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "hovorka": (glucose.hovorka_rate, glucose.hovorka_output),
    "uvapadova": (glucose.uvapadova_rate, glucose.uvapadova_output),
    "dallaman2007": (glucose.dallaman_rate, glucose.dallaman_output),
}
MODELS = list(TWINS)
FOOD = {
    "hovorka": ("D1", "D2"),
    "uvapadova": ("Qsto1", "Qsto2", "Qgut"),
    "dallaman2007": ("Q1", "Q2", "Qg"),
}
STEP = 1e-30
N = 40


def rows(model: str) -> Array:
    rng = np.random.default_rng(21)
    base = params_of(model)
    return base * np.exp(0.1 * rng.standard_normal((N, base.size)))


def states(model: str) -> Array:
    """States around the start, on both sides of every threshold, with food in the stomach and without."""
    rng = np.random.default_rng(22)
    x = _core.Model(model).initial(rows(model)) * np.exp(0.6 * rng.standard_normal((N, 1)))
    at = {name: i for i, name in enumerate(names(model))}
    for name in FOOD[model]:
        x[:, at[name]] = rng.uniform(0, 3e4, N)
    if "Dbar" in at:
        x[:, at["Dbar"]] = np.where(rng.uniform(size=N) < 0.3, 0, rng.uniform(3e4, 9e4, N))
    if model == "uvapadova":
        x[:3, at["Gp"]] *= -1e-3
    return x


def names(model: str) -> list[str]:
    return [s["name"] for s in _core.Model(model).states]


def test_the_twins_name_the_states_alike() -> None:
    assert tuple(names("hovorka")) == glucose.HOVORKA
    assert tuple(names("uvapadova")) == glucose.UVAPADOVA
    assert tuple(names("dallaman2007")) == glucose.DALLAMAN


@pytest.mark.parametrize("model", MODELS)
def test_rates_and_outputs(model: str) -> None:
    x, p, core = states(model), rows(model), _core.Model(model)
    found, y = core.rate(0.0, x, p), core.output(0.0, x, p)
    rate, output = TWINS[model]
    for i in range(N):
        named = by_name(model, p[i])
        np.testing.assert_allclose(found[i], rate(x[i], named), rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(y[i], output(x[i], named), rtol=1e-14)


@pytest.mark.parametrize("model", MODELS)
def test_derivatives_against_the_complex_step(model: str) -> None:
    rng = np.random.default_rng(23)
    x, p = states(model), rows(model)
    xd, pd = x * rng.standard_normal(x.shape), p * rng.standard_normal(p.shape)
    ddx, dy = _core.Model(model).jvp(0.0, x, p, xd, pd)
    rate, output = TWINS[model]
    fields = [f["name"] for f in _core.Model(model).params]
    for i in range(N):
        moved = dict(zip(fields, p[i] + 1j * STEP * pd[i], strict=True))
        at = x[i] + 1j * STEP * xd[i]
        np.testing.assert_allclose(ddx[i], rate(at, moved).imag / STEP, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(dy[i], output(at, moved).imag / STEP, rtol=1e-12)


@pytest.mark.parametrize(("model", "low", "high"), [("hovorka", 3.0, 12.0), ("uvapadova", 60.0, 220.0)])
def test_the_start_is_a_steady_state_at_the_chosen_glucose(model: str, low: float, high: float) -> None:
    p = np.tile(params_of(model), (60, 1))
    p[:, [f["name"] for f in _core.Model(model).params].index("G0")] = np.linspace(low, high, 60)
    core = _core.Model(model)
    x = core.initial(p)
    reachable = np.isfinite(x).all(axis=1)
    assert reachable.sum() > 40
    x, p = x[reachable], p[reachable]
    assert (x[:, [n not in ("X",) for n in names(model)]] >= 0).all()
    np.testing.assert_allclose(core.output(0.0, x, p)[:, 0], p[:, -1], rtol=1e-14)
    depot = names(model).index("S1" if model == "hovorka" else "Isc1")
    dx = core.rate(0.0, x, p)
    basal = -dx[:, depot]
    assert (basal >= 0).all() and (np.diff(basal) < 0).all()
    dx[:, depot] += basal
    assert np.abs(dx).max() < 1e-12


@pytest.mark.parametrize(("model", "glucose"), [("hovorka", 60.0), ("uvapadova", 900.0)])
def test_a_glucose_that_no_insulin_gives_is_no_start(model: str, glucose: float) -> None:
    assert np.isnan(_core.Model(model).initial(params_of(model, G0=glucose)[None])).any()


def test_basal_rates_of_the_hovorka_model() -> None:
    """As the reference library states them for 70 kg: 6.678764 and 6.208426 mU/min at 5 and 7 mmol/L."""
    for glucose_mmol, basal in ((5.0, 6.678764), (7.0, 6.208426)):
        p = params_of("hovorka", G0=glucose_mmol)
        x = _core.Model("hovorka").initial(p[None])[0]
        assert x[names("hovorka").index("S1")] / by_name("hovorka", p)["tmaxI"] == pytest.approx(
            basal, abs=5e-7
        )
