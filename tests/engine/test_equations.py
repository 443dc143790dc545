"""The organs' equations and their derivatives against the plain twin, the latter by the complex step."""

from __future__ import annotations

import numpy as np
import pytest

from pytwin import _core
from pytwin.reference import hamberg

from .conftest import Array, by_name, params_of

pytestmark = pytest.mark.core

MODELS = ["hamberg2010", "hamberg2007"]
STEP = 1e-30


def states(model: str, n: int) -> Array:
    rng = np.random.default_rng(11)
    return rng.uniform(0.2, 0.9, size=(n, len(_core.Model(model).states)))


def rows(model: str, n: int) -> Array:
    rng = np.random.default_rng(12)
    base = params_of(model)
    return base * np.exp(0.2 * rng.standard_normal((n, base.size)))


@pytest.mark.parametrize("model", MODELS)
def test_rates_and_outputs(model: str) -> None:
    x, p = states(model, 23), rows(model, 23)
    core = _core.Model(model)
    for i in range(23):
        named = by_name(model, p[i])
        np.testing.assert_allclose(
            core.rate(0.0, x, p)[i], hamberg.rate(model, x[i], named), rtol=1e-13, atol=1e-15
        )
        np.testing.assert_allclose(core.output(0.0, x, p)[i], hamberg.output(model, x[i], named), rtol=1e-13)


@pytest.mark.parametrize("model", MODELS)
def test_rows_and_single_rows_agree(model: str) -> None:
    x, p = states(model, 9), rows(model, 9)
    core = _core.Model(model)
    assert core.rate(0.0, x[4], p[4]).tobytes() == core.rate(np.zeros(9), x, p)[4].tobytes()
    assert core.output(0.0, x[4], p[4]).tobytes() == core.output(0.0, x, p)[4].tobytes()


@pytest.mark.parametrize("model", MODELS)
def test_initial_state(model: str) -> None:
    found = _core.Model(model).initial(rows(model, 3))
    assert found.tolist() == [[s["value"] for s in _core.Model(model).states]] * 3


@pytest.mark.parametrize("model", MODELS)
def test_derivatives_against_the_complex_step(model: str) -> None:
    rng = np.random.default_rng(13)
    x, p = states(model, 20), rows(model, 20)
    xd, pd = rng.standard_normal(x.shape), rng.standard_normal(p.shape)
    ddx, dy = _core.Model(model).jvp(0.0, x, p, xd, pd)
    names = [f["name"] for f in _core.Model(model).params]
    for i in range(20):
        moved = dict(zip(names, p[i] + 1j * STEP * pd[i], strict=True))
        at = x[i] + 1j * STEP * xd[i]
        np.testing.assert_allclose(ddx[i], hamberg.rate(model, at, moved).imag / STEP, rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(
            dy[i], hamberg.output(model, at, moved).imag / STEP, rtol=1e-10, atol=1e-13
        )


@pytest.mark.parametrize("model", MODELS)
def test_pattern_is_where_derivatives_are(model: str) -> None:
    core = _core.Model(model)
    x, p = states(model, 1)[0], params_of(model)
    unit = np.eye(x.size + p.size)
    n = len(unit)
    ddx, dy = core.jvp(0.0, np.tile(x, (n, 1)), np.tile(p, (n, 1)), unit[:, : x.size], unit[:, x.size :])
    f, h = core.pattern()
    np.testing.assert_array_equal(f != 0, (ddx != 0).T)
    np.testing.assert_array_equal(h != 0, (dy != 0).T)


@pytest.mark.parametrize("model", MODELS)
def test_derivatives_without_drug_are_numbers(model: str) -> None:
    x = _core.Model(model).initial(params_of(model)[None])
    ddx, dy = _core.Model(model).jvp(
        0.0, x, params_of(model)[None], np.ones_like(x), np.ones((1, len(params_of(model))))
    )
    assert np.isfinite(ddx).all() and np.isfinite(dy).all()
