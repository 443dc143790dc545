"""The smoother against one dense conditioning of states and noises, against NumPy, and against itself."""

from __future__ import annotations

from dataclasses import fields
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import pytwin as pt
from pytwin.reference import kalman as plain
from pytwin.reference import kalman_smooth as twin
from pytwin.reference.kalman_dense import dense_moments

pytestmark = pytest.mark.core

NAMES = tuple(f.name for f in fields(twin.Smoothed) if f.name != "loglike")
MOMENTS = ("mean", "cov", "predicted_mean", "predicted_cov", "smoothed_mean", "smoothed_cov")
EVERYTHING = (
    "loglike",
    "loglike_t",
    *MOMENTS,
    "last_mean",
    "last_cov",
    "innovation",
    "innovation_cov",
    *NAMES[2:],
)


def gappy(rng: np.random.Generator, *shape: int) -> np.ndarray:
    y = 3 * rng.normal(size=shape)
    y[rng.random(shape) < 0.3] = np.nan
    return y


def varied(make_model: Any, rng: np.random.Generator, n: int, m: int, g: int, T: int) -> dict[str, Any]:
    """A model of which everything changes from step to step."""
    models = [make_model(rng, n, m) for _ in range(T)]
    model = {k: np.stack([one[k] for one in models]) for k in ("F", "H", "R")}
    noise = np.stack([np.cov(rng.normal(size=(g, g + 5))).reshape(g, g) for _ in range(T)])
    offsets = {"c": rng.normal(size=(T, n)), "d": rng.normal(size=(T, m))}
    start = {k: models[0][k] for k in ("x0", "P0")}
    return model | {"Q": noise, "G": rng.normal(size=(T, n, g))} | offsets | start


@pytest.mark.parametrize(("n", "m", "g"), [(1, 1, 1), (2, 1, 3), (3, 3, 2), (4, 2, 1), (7, 2, 4), (9, 4, 9)])
def test_equals_one_dense_conditioning(make_model: Any, n: int, m: int, g: int) -> None:
    rng = np.random.default_rng(n)
    T = 9
    model, y = varied(make_model, rng, n, m, g, T), gappy(rng, 5, T, m)
    y[2] = np.nan
    got = pt.kalman.smooth(y, **model, outputs=NAMES)
    for s in range(len(y)):
        expected = dense_moments(y[s], **model)
        for name in NAMES:
            a, b = getattr(got, name)[s], getattr(expected, name)
            np.testing.assert_allclose(
                a, b, rtol=1e-9, atol=1e-9 * max(1.0, np.nanmax(np.abs(b))), err_msg=name
            )


@pytest.mark.parametrize(("n", "m"), [(2, 2), (6, 1), (12, 3), (33, 2)])
def test_equals_the_recursion_in_numpy(make_model: Any, n: int, m: int) -> None:
    rng = np.random.default_rng(10 + n)
    model, y = make_model(rng, n, m), gappy(rng, 2, 25, m)
    got = pt.kalman.smooth(y, **model, outputs=NAMES)
    for s in range(len(y)):
        run = plain.linear_filter(y[s], **model)
        matrices = {k: model[k] for k in ("F", "H", "Q", "R")}
        expected = twin.rts_smoother(run, y[s], **matrices)
        for name in NAMES:
            np.testing.assert_allclose(
                getattr(got, name)[s], getattr(expected, name), rtol=1e-8, atol=1e-9, err_msg=name
            )


def test_noises_add_up_to_what_was_seen(make_model: Any) -> None:
    """x_{t+1} = F x_t + c + G w_t and y_t = H x_t + d + v_t hold among the means."""
    rng = np.random.default_rng(4)
    model, y = varied(make_model, rng, 3, 2, 2, 12), gappy(rng, 12, 2)
    got = pt.kalman.smooth(y, **model, outputs=NAMES)
    x, w, v = got.smoothed_mean, got.state_disturbance, got.obs_disturbance
    moved = np.einsum("tij,tj->ti", model["F"], x) + model["c"] + np.einsum("tij,tj->ti", model["G"], w)
    np.testing.assert_allclose(moved[:-1], x[1:], rtol=1e-9, atol=1e-9)
    told = np.einsum("tij,tj->ti", model["H"], x) + model["d"] + v
    seen = ~np.isnan(y)
    np.testing.assert_allclose(told[seen], y[seen], rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(w[-1], 0.0)
    np.testing.assert_array_equal(got.state_disturbance_cov[-1], model["Q"][-1])


@pytest.mark.parametrize("m", [1, 3])
def test_innovations_are_what_the_likelihood_is_made_of(make_model: Any, m: int) -> None:
    rng = np.random.default_rng(m)
    model, y = make_model(rng, 4, m), gappy(rng, 6, 15, m)
    names = ("loglike_t", "predicted_mean", "predicted_cov", "innovation", "innovation_cov")
    got = pt.kalman.filter(y, **model, d=np.arange(m) * 1.0, outputs=names)
    seen = ~np.isnan(y)
    np.testing.assert_array_equal(np.isnan(got.innovation), ~seen)
    spread = model["H"] @ got.predicted_cov @ model["H"].T + model["R"]
    np.testing.assert_allclose(got.innovation_cov, spread, rtol=1e-12, atol=1e-12)
    for s, t in np.ndindex(*y.shape[:2]):
        use = seen[s, t]
        v, S = got.innovation[s, t][use], got.innovation_cov[s, t][np.ix_(use, use)]
        density = -0.5 * (use.sum() * np.log(2 * np.pi) + np.linalg.slogdet(S)[1] + v @ np.linalg.solve(S, v))
        assert got.loglike_t[s, t] == pytest.approx(density, rel=1e-10, abs=1e-11)


@pytest.mark.parametrize("n", [1, 3, 12, 35])
@pytest.mark.parametrize("shared", [False, True])
def test_packed_covariances_are_the_same_numbers(make_model: Any, n: int, shared: bool) -> None:
    rng = np.random.default_rng(n)
    model, y = make_model(rng, n, 2), gappy(rng, 19, 8, 2)
    model["Q"] = 0.5 * (model["Q"] + model["Q"].T)
    if shared:
        y = np.where(np.isnan(y[:1]), np.nan, rng.normal(size=y.shape))
    lengths = rng.integers(1, 9, size=19)
    call = pt.kalman.filter if shared else pt.kalman.smooth
    names = MOMENTS[:4] + ("last_cov",) if shared else EVERYTHING if n < 32 else (*MOMENTS, "last_cov")
    whole, packed = (call(y, **model, lengths=lengths, outputs=names, packed=p) for p in (False, True))
    for name in names:
        a, b = getattr(whole, name), getattr(packed, name)
        if name.endswith("_cov") or name == "cov":
            b = b if name == "lag_one_cov" else pt.kalman.unpack(b)
        np.testing.assert_array_equal(a, b, err_msg=name)


def test_a_triangle_of_no_matrix_is_an_error() -> None:
    with pytest.raises(pt.InputError, match="triangle"):
        pt.kalman.unpack(np.ones((3, 4)))


@pytest.mark.parametrize("n", [1, 4, 7, 12, 34])
def test_each_output_alone_has_the_bits_that_it_has_among_all(make_model: Any, n: int) -> None:
    rng = np.random.default_rng(n)
    model, y = make_model(rng, n, 2), gappy(rng, 5, 9, 2)
    lengths = np.array([9, 2, 1, 7, 9])
    names = EVERYTHING if n < 32 else (*MOMENTS, "loglike_t")
    together = pt.kalman.smooth(y, **model, lengths=lengths, outputs=names)
    for name in names:
        alone = pt.kalman.smooth(y, **model, lengths=lengths, outputs=(name,))
        assert [k for k in EVERYTHING if getattr(alone, k) is not None] == [name]
        np.testing.assert_array_equal(getattr(alone, name), getattr(together, name), err_msg=name)


@pytest.mark.parametrize("n", [2, 6, 9])
def test_bits_of_all_outputs_do_not_depend_on_batch_or_threads(make_model: Any, n: int) -> None:
    rng = np.random.default_rng(n)
    model, y = make_model(rng, n, 3), gappy(rng, 11, 14, 3)
    lengths = rng.integers(1, 15, size=11)
    together = pt.kalman.smooth(y, **model, lengths=lengths, outputs=EVERYTHING, threads=2)
    for s, k in enumerate(lengths):
        alone = pt.kalman.smooth(y[s, :k], **model, outputs=EVERYTHING)
        for name in EVERYTHING:
            a, b = getattr(together, name)[s], getattr(alone, name)
            if a.shape != b.shape:
                assert np.isnan(a[k:]).all()
                a = a[:k]
            np.testing.assert_array_equal(a, b, err_msg=name)


def test_joseph_takes_over_where_the_short_form_would_lose_its_digits() -> None:
    """Slopes of variance 1e4 before and 2e-4 after all data: P + J (V - p) J' has four digits left there."""
    F, H = np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([[1.0, 0.0]])
    Q, R, P0 = np.diag([0.0, 1e-9]), np.eye(1), np.diag([1e4, 1e4])
    y = np.zeros((40, 1))
    got = pt.kalman.smooth(y, F, H, Q, R, np.zeros(2), P0, outputs=("smoothed_cov",))
    np.testing.assert_allclose(got.smoothed_cov, trend_given_all(len(y)), rtol=1e-9)


def trend_given_all(T: int) -> np.ndarray:
    """Covariances of (level, slope) in that model, exactly, by the precision of (level_0, slopes)."""
    size = T + 1  # level_0, slope_0 .. slope_{T-1}
    rows = [[Fraction(int(k == 0 or 0 < k <= t)) for k in range(size)] for t in range(T)]
    precision = [[Fraction(0)] * size for _ in range(size)]
    r, q, p = (Fraction(10) ** k for k in (0, 9, -4))
    for row in rows:
        used = [k for k in range(size) if row[k]]
        for i in used:
            for j in used:
                precision[i][j] += r
    precision[0][0] += p
    precision[1][1] += p
    for k in range(1, T):
        precision[k][k] += q
        precision[k + 1][k + 1] += q
        precision[k][k + 1] -= q
        precision[k + 1][k] -= q
    cov = inverse(precision)
    out = np.zeros((T, 2, 2))
    for t in range(T):
        maps = [rows[t], [Fraction(int(k == t + 1)) for k in range(size)]]
        for i in range(2):
            for j in range(2):
                used = [(a, b) for a in range(size) for b in range(size) if maps[i][a] and maps[j][b]]
                out[t, i, j] = float(sum(cov[a][b] for a, b in used))
    return out


def inverse(a: list[list[Any]]) -> list[list[Any]]:
    n = len(a)
    m = [row[:] + [type(row[0])(int(i == k)) for k in range(n)] for i, row in enumerate(a)]
    for i in range(n):
        pivot = m[i][i]
        m[i] = [x / pivot for x in m[i]]
        for k in range(n):
            if k != i and m[k][i]:
                factor = m[k][i]
                m[k] = [x - factor * z for x, z in zip(m[k], m[i], strict=True)]
    return [row[n:] for row in m]


@pytest.mark.parametrize("form", ["block", "square-root"])
def test_a_form_without_an_output_says_so(make_model: Any, form: str) -> None:
    model = make_model(np.random.default_rng(0), 2, 1)
    with pytest.raises(pt.InputError, match="lag_one_cov"):
        pt.kalman.smooth(np.zeros((3, 1)), **model, form=form, outputs=("lag_one_cov",))
