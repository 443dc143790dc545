"""Continuous models at discrete times: against Van Loan's exponential, closed forms, and themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pytwin import _core, kalman
from pytwin.errors import InputError
from pytwin.reference.discretise import van_loan

pytestmark = pytest.mark.core

OUTPUTS = ("loglike", "mean", "cov", "last_mean", "last_cov")


def random_drift(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    B = rng.normal(size=(n, n))
    return {"F": rng.normal(size=(n, n)) / np.sqrt(n) - np.eye(n), "Q": B @ B.T, "c": rng.normal(size=n)}


def continuous(rng: np.random.Generator, n: int, m: int) -> dict[str, Any]:
    D = rng.normal(size=(n, n))
    return random_drift(rng, n) | {
        "H": rng.normal(size=(m, n)),
        "R": 0.5 * np.eye(m),
        "x0": rng.normal(size=n),
        "P0": D @ D.T,
    }


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 13, 40])
def test_equals_van_loan(n: int) -> None:
    rng = np.random.default_rng(n)
    model, dt = random_drift(rng, n), np.array([0.0, 1e-6, 0.03, 0.4, 0.7])
    got = kalman.discretise(model["F"], model["Q"], dt, c=model["c"])
    for k, t in enumerate(dt):
        F, Q, c = van_loan(model["F"], model["Q"], model["c"], t)
        scale = max(1.0, np.abs(F).max())
        np.testing.assert_allclose(got.F[k], F, rtol=1e-12, atol=1e-13 * scale)
        np.testing.assert_allclose(got.Q[k], Q, rtol=1e-11, atol=1e-12 * np.abs(Q).max())
        np.testing.assert_allclose(got.c[k], c, rtol=1e-11, atol=1e-12 * np.abs(c).max())
        np.testing.assert_array_equal(got.Q[k], got.Q[k].T)
    np.testing.assert_array_equal(got.F[0], np.eye(n))
    assert np.abs(got.Q[0]).max() == 0.0


def test_closed_forms() -> None:
    """Ornstein-Uhlenbeck from a tiny gap to stationarity, and an integrated random walk."""
    a, q, t = 0.7, 2.0, np.array([1e-9, 1e-3, 1.0, 40.0, 1e5])
    got = kalman.discretise([[-a]], [[q]], t, c=[3.0])
    np.testing.assert_allclose(got.F[:, 0, 0], np.exp(-a * t), rtol=1e-14, atol=1e-16)
    np.testing.assert_allclose(got.Q[:, 0, 0], -q * np.expm1(-2 * a * t) / (2 * a), rtol=1e-14)
    np.testing.assert_allclose(got.c[:, 0], -3 * np.expm1(-a * t) / a, rtol=1e-14)
    got = kalman.discretise([[0.0, 1.0], [0.0, 0.0]], [[q]], t, G=[[0.0], [1.0]])
    expected = q * np.array([[t**3 / 3, t**2 / 2], [t**2 / 2, t]]).transpose(2, 0, 1)
    np.testing.assert_allclose(got.Q, expected, rtol=1e-14)


@pytest.mark.parametrize("n", [1, 3, 6, 20])
def test_pieces_of_a_gap_make_the_gap(n: int) -> None:
    rng = np.random.default_rng(n)
    model, gaps = random_drift(rng, n), rng.random(7) / np.sqrt(n)
    pieces = kalman.discretise(model["F"], model["Q"], gaps, c=model["c"])
    whole = kalman.discretise(model["F"], model["Q"], gaps.sum(), c=model["c"])
    F, Q, c = np.eye(n), np.zeros((n, n)), np.zeros(n)
    for Fk, Qk, ck in zip(pieces.F, pieces.Q, pieces.c, strict=True):
        F, Q, c = Fk @ F, Fk @ Q @ Fk.T + Qk, Fk @ c + ck
    for got, expected in ((whole.F, F), (whole.Q, Q), (whole.c, c)):
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12 * np.abs(expected).max())


def test_splitting_a_step_changes_nothing() -> None:
    """Times without an observation between those with one: the same likelihood and moments to 1e-12."""
    rng = np.random.default_rng(2)
    for n, m in [(1, 1), (2, 1), (4, 2), (35, 1)]:
        model, T = continuous(rng, n, m), 12
        times, y = np.cumsum(rng.random(T)), rng.normal(size=(T, m))
        whole = kalman.filter(y, **model, times=times, outputs=OUTPUTS)
        between = [times[:-1] + f * np.diff(times) for f in (0.2, 0.65)]
        at = np.argsort(np.concatenate([times, *between]), kind="stable")
        fine = np.concatenate([y, np.full((2 * T - 2, m), np.nan)])[at]
        split = kalman.filter(fine, **model, times=np.concatenate([times, *between])[at], outputs=OUTPUTS)
        assert float(split.loglike) == pytest.approx(float(whole.loglike), rel=1e-12)
        seen = ~np.isnan(fine).any(axis=1)
        np.testing.assert_allclose(split.mean[seen], whole.mean, rtol=1e-11, atol=1e-12)
        np.testing.assert_allclose(split.cov[seen], whole.cov, rtol=1e-11, atol=1e-12)


def test_is_the_discrete_filter_of_the_discretised_model() -> None:
    rng = np.random.default_rng(3)
    model, S, T = continuous(rng, 3, 2), 9, 15
    times, y = np.cumsum(rng.integers(0, 3, size=(S, T)), axis=1) / 4.0, rng.normal(size=(S, T, 2))
    y[rng.random(y.shape) < 0.3] = np.nan
    lengths = rng.integers(2, T + 1, size=S)
    times[np.arange(T) >= lengths[:, None]] = np.nan
    got = kalman.smooth(y, **model, times=times, lengths=lengths, outputs=(*OUTPUTS, "smoothed_mean"))
    assert (got.status == 0).all()
    for s, k in enumerate(lengths):
        step = kalman.discretise(
            model["F"], model["Q"], np.diff(times[s, :k], append=times[s, k - 1]), c=model["c"]
        )
        one = kalman.smooth(
            y[s, :k],
            **model | {"F": step.F, "Q": step.Q, "c": step.c},
            outputs=(*OUTPUTS, "smoothed_mean"),
        )
        for name in ("loglike", "last_mean", "last_cov"):
            np.testing.assert_array_equal(getattr(got, name)[s], getattr(one, name))
        np.testing.assert_array_equal(got.smoothed_mean[s, :k], one.smoothed_mean)


def test_models_and_times_of_every_series(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bits do not depend on what else is in the batch, nor on how many series are held at a time."""
    rng = np.random.default_rng(4)
    S, T, n = 11, 8, 3
    models = [continuous(rng, n, 1) for _ in range(S)]
    model = {k: np.stack([x[k] for x in models]) for k in models[0]}
    model = {k: a if k in ("x0", "P0") else a[:, None] for k, a in model.items()}
    times, y = np.cumsum(rng.random((S, T)), axis=1), rng.normal(size=(S, T, 1))
    got = kalman.filter(y, **model, times=times, outputs=OUTPUTS)
    for s in (0, 4, 10):
        one = kalman.filter(y[s], **models[s], times=times[s], outputs=OUTPUTS)
        for name in OUTPUTS:
            np.testing.assert_array_equal(getattr(got, name)[s], getattr(one, name))
    monkeypatch.setattr("pytwin.kalman.gaps._BUDGET", 8 * T * (2 * n * n + n) * 3)
    pieces = kalman.filter(y, **model, times=times, outputs=OUTPUTS)
    for name in (*OUTPUTS, "status"):
        np.testing.assert_array_equal(getattr(pieces, name), getattr(got, name))


def test_equal_times_up_to_their_rounding_are_one_model() -> None:
    rng = np.random.default_rng(5)
    model, T = continuous(rng, 3, 1), 60
    y = rng.normal(size=(T, 1))
    step = kalman.discretise(model["F"], model["Q"], 0.1, c=model["c"])
    discrete = kalman.filter(y, **model | {"F": step.F, "Q": step.Q, "c": step.c}, outputs=OUTPUTS)
    got = kalman.filter(y, **model, times=1000.0 + 0.1 * np.arange(T), outputs=OUTPUTS)
    np.testing.assert_allclose(got.mean, discrete.mean, rtol=1e-10)
    np.testing.assert_allclose(got.cov, discrete.cov, rtol=1e-10)


def test_bad_times() -> None:
    rng = np.random.default_rng(6)
    model, y = continuous(rng, 2, 1), rng.normal(size=(3, 5, 1))
    times = np.tile(np.arange(5.0), (3, 1))
    good = kalman.filter(y, **model, times=times, outputs=OUTPUTS)
    times[1, 3] = 0.5
    times[2, 2] = np.inf
    got = kalman.filter(y, **model, times=times, outputs=OUTPUTS)
    assert (got.status != 0).tolist() == [False, True, True]
    assert got.failed_in.tolist() == ["", "times", "times"]
    assert got.failed_at.tolist() == [-1, 3, 2]
    np.testing.assert_array_equal(got.mean[0], good.mean[0])
    assert np.isnan(got.loglike[1:]).all()
    with pytest.raises(InputError, match="step 3"):
        kalman.filter(y[1], **model, times=times[1])
    with pytest.raises(InputError, match="step 3"):
        kalman.filter(y, **model, times=times[1])
    with pytest.raises(InputError, match="times has the shape"):
        kalman.filter(y, **model, times=times[:2])
    with pytest.raises(InputError, match="dt"):
        kalman.discretise(model["F"], model["Q"], -1.0)
    with pytest.raises(InputError, match="not finite"):
        kalman.discretise([[100.0]], [[1.0]], 1e3)
    with pytest.raises(InputError, match="length of A"):
        kalman.discretise(np.eye(2), np.eye(3), 1.0)


def test_a_failing_allocation_is_an_error() -> None:
    live = _core._alloc_live()
    _core._alloc_fail_at(1)
    try:
        with pytest.raises(MemoryError):
            kalman.discretise(np.eye(2), np.eye(2), 1.0)
    finally:
        _core._alloc_fail_at(0)
    assert _core._alloc_live() == live
