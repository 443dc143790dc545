"""Long series of constant models on BLAS: many steps as one, and the steady state. Expected: the NumPy twin,
which knows neither."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pytwin import kalman
from pytwin.reference import kalman as plain

pytestmark = pytest.mark.core

LAST = ("loglike", "last_mean", "last_cov")
STEPS = ("loglike_t", *LAST)
ALL = ("mean", "cov", "predicted_mean", "predicted_cov", *STEPS)


def run(y: np.ndarray, model: dict[str, Any], outputs: tuple[str, ...], **more: Any) -> dict[str, Any]:
    options = {"G": None, "c": None, "d": None, "lengths": None, "threads": 1} | more
    return kalman.arrays.run_core(y, **model, **options, outputs=outputs, path=2)


def data(rng: np.random.Generator, T: int, m: int, gaps: str) -> np.ndarray:
    y = 3 * rng.normal(size=(T, m))
    if gaps == "scattered":
        y[rng.random(y.shape) < 0.2] = np.nan
    if gaps == "few":
        y[rng.integers(0, T, 3)] = np.nan
        y[T // 2 : T // 2 + 30] = np.nan
    return y


def assert_is_the_twin(y: np.ndarray, model: dict[str, Any], rtol: float = 1e-10, **more: Any) -> None:
    expected = plain.linear_filter(y, **model, **more)
    for outputs in (STEPS, ALL):
        got = run(y, model, outputs, **more)
        assert got["status"] == 0
        assert float(got["loglike"]) == pytest.approx(expected.loglike, rel=rtol)
        assert got["loglike_t"].sum() == pytest.approx(expected.loglike, rel=rtol)
        scale = np.abs(expected.cov[-1]).max()
        np.testing.assert_allclose(got["last_mean"], expected.mean[-1], rtol=rtol, atol=rtol * np.sqrt(scale))
        np.testing.assert_allclose(got["last_cov"], expected.cov[-1], rtol=rtol, atol=rtol * scale)
    for name in ("mean", "cov", "predicted_mean", "predicted_cov"):
        wanted = np.array(getattr(expected, name))
        np.testing.assert_allclose(got[name], wanted, rtol=rtol, atol=rtol * np.abs(wanted[-1]).max())


@pytest.mark.parametrize("gaps", ["none", "few", "scattered"])
@pytest.mark.parametrize(("n", "m", "T"), [(4, 1, 90), (40, 2, 150), (64, 1, 700), (70, 3, 131)])
def test_equals_the_twin(make_model: Any, n: int, m: int, T: int, gaps: str) -> None:
    rng = np.random.default_rng(n)
    model = make_model(rng, n, m)
    assert_is_the_twin(data(rng, T, m, gaps), model)


def test_offsets_and_loading(make_model: Any) -> None:
    rng = np.random.default_rng(1)
    n, m, g, T = 40, 2, 3, 200
    model = make_model(rng, n, m) | {"Q": np.cov(rng.normal(size=(g, 9)))}
    more = {"G": rng.normal(size=(n, g)), "c": rng.normal(size=n), "d": rng.normal(size=m)}
    for gaps in ("none", "few"):
        assert_is_the_twin(data(rng, T, m, gaps), model, rtol=1e-9, **more)


def test_a_moving_offset_keeps_the_steady_state(make_model: Any) -> None:
    rng = np.random.default_rng(2)
    n, T = 35, 300
    model, c, d = make_model(rng, n, 1), rng.normal(size=(T, n)), rng.normal(size=(T, 1))
    assert_is_the_twin(data(rng, T, 1, "none"), model, c=c, d=d)


def random_walks(n: int) -> dict[str, Any]:
    """Levels with slopes, all seen as one sum: roots at 1, nothing stationary."""
    block = np.array([[1.0, 1.0], [0.0, 1.0]])
    scale = np.linspace(0.5, 2.0, n // 2)
    return {
        "F": np.kron(np.diag(np.linspace(0.9, 1.0, n // 2)), block),
        "H": np.kron(scale, [1.0, 0.0])[None],
        "Q": np.kron(np.diag(scale), np.diag([0.3, 1e-4])),
        "R": np.array([[0.5]]),
        "x0": np.zeros(n),
        "P0": np.eye(n),
    }


def exploding(make_model: Any, rng: np.random.Generator, n: int) -> dict[str, Any]:
    model: dict[str, Any] = make_model(rng, n, 1)
    model["F"] = model["F"] * 1.2 / 0.95
    return model


@pytest.mark.parametrize("case", ["walks", "exploding", "vague", "exact", "noiseless", "tiny"])
def test_models_that_lose_digits_over_many_steps_go_fewer(make_model: Any, case: str) -> None:
    rng = np.random.default_rng(3)
    n, T = 36, 150
    model, y, rtol = make_model(rng, n, 1), data(rng, T, 1, "few"), 1e-9
    if case == "walks":
        model = random_walks(n)
    if case == "exploding":
        model, T, rtol = exploding(make_model, rng, n), 80, 1e-6
    if case == "vague":
        model["P0"] = 1e6 * np.eye(n)
    if case == "exact":
        model["R"] = np.zeros((1, 1))
    if case == "noiseless":
        model["Q"] = np.zeros((n, n))
    if case == "tiny":
        model |= {"R": np.array([[1e-12]]), "Q": 1e-3 * model["Q"]}
    assert_is_the_twin(y[:T], model, rtol=rtol)


def test_bits_depend_on_nothing_else(make_model: Any) -> None:
    rng = np.random.default_rng(4)
    n, S, T = 40, 5, 260
    model, y = make_model(rng, n, 1), np.stack([data(rng, T, 1, g) for g in ["none", "few"] * 2 + ["none"]])
    lengths = np.array([260, 200, 64, 65, 131])
    together = run(y, model, STEPS, lengths=lengths, threads=2)
    own = {
        k: np.stack([a] * S) if k in ("x0", "P0") else np.stack([a] * S)[:, None] for k, a in model.items()
    }
    apart = run(y, own, STEPS, lengths=lengths)
    for s, k in enumerate(lengths):
        alone = run(y[s, :k], model, STEPS)
        for name in LAST:
            np.testing.assert_array_equal(alone[name], together[name][s])
            np.testing.assert_array_equal(alone[name], apart[name][s])
        np.testing.assert_array_equal(alone["loglike_t"], together["loglike_t"][s, :k])


def test_a_short_series_does_not_inherit_a_steady_state(make_model: Any) -> None:
    """The one before it in the same worker's memory has come to rest."""
    rng = np.random.default_rng(4)
    model, y = make_model(rng, 40, 1), np.stack([data(rng, 300, 1, "none") for _ in range(3)])
    lengths = np.array([300, 64, 5])
    together = run(y, model, STEPS, lengths=lengths)
    for s, k in enumerate(lengths):
        np.testing.assert_array_equal(run(y[s, :k], model, STEPS)["loglike"], together["loglike"][s])


def test_the_step_that_fails_is_named(make_model: Any) -> None:
    rng = np.random.default_rng(5)
    model, y = make_model(rng, 40, 1), np.stack([data(rng, 200, 1, "none") for _ in range(3)])
    y[1, 137] = np.inf
    got = run(y, model, STEPS)
    assert got["failed_at"].tolist() == [-1, 137, -1]
    assert got["failed_in"].tolist() == ["", "y", ""]
    np.testing.assert_array_equal(got["last_cov"][0], run(y[0], model, STEPS)["last_cov"])


def test_every_failing_allocation_is_an_error(make_model: Any, failed_allocations: Any) -> None:
    rng = np.random.default_rng(6)
    model, y = make_model(rng, 40, 1), data(rng, 100, 1, "none")
    assert failed_allocations(lambda: run(y, model, LAST)) > 5
