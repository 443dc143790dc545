"""The linear filter and smoother against the NumPy twin, the dense Gaussian, and themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pytwin import kalman
from pytwin.errors import InputError
from pytwin.reference import kalman as plain
from pytwin.reference.kalman_dense import dense_smoother

pytestmark = pytest.mark.core

ALL = ("loglike", "loglike_t", "mean", "cov", "predicted_mean", "predicted_cov", "last_mean", "last_cov")
SMOOTHED = (*ALL, "smoothed_mean", "smoothed_cov")
SIZES = [(1, 1), (2, 1), (3, 2), (4, 3), (7, 2), (9, 4), (12, 1), (33, 3), (40, 5)]


def gappy(rng: np.random.Generator, *shape: int) -> np.ndarray:
    y = 3 * rng.normal(size=shape)
    y[rng.random(shape) < 0.3] = np.nan
    return y


def run(path: int, y: np.ndarray, model: dict[str, Any], **more: Any) -> dict[str, Any]:
    options = {"G": None, "c": None, "d": None, "lengths": None, "outputs": SMOOTHED, "threads": 1} | more
    return kalman.arrays.run_core(y, **model, **options, path=path)


@pytest.mark.parametrize("path", [1, 2], ids=["lanes", "blas"])
@pytest.mark.parametrize(("n", "m"), SIZES)
def test_equals_the_twin_and_the_dense_gaussian(make_model: Any, n: int, m: int, path: int) -> None:
    rng = np.random.default_rng(n)
    model, y = make_model(rng, n, m), gappy(rng, 5, 12, m)
    y[1] = np.nan
    got = run(path, y, model)
    assert got["path"] == ("lanes", "blas")[path - 1]
    for s in range(len(y)):
        filtered = plain.linear_filter(y[s], **model)
        mean, cov, loglike = dense_smoother(y[s], **model)
        assert got["loglike"][s] == pytest.approx(loglike, rel=1e-10, abs=1e-10)
        assert got["loglike_t"][s].sum() == pytest.approx(filtered.loglike, rel=1e-11, abs=1e-11)
        for name in ("mean", "cov", "predicted_mean", "predicted_cov"):
            np.testing.assert_allclose(got[name][s], getattr(filtered, name), rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(got["smoothed_mean"][s], mean, rtol=1e-9, atol=1e-10)
        np.testing.assert_allclose(got["smoothed_cov"][s], cov, rtol=1e-9, atol=1e-10)
        np.testing.assert_array_equal(got["last_cov"][s], got["cov"][s, -1])


@pytest.mark.parametrize("path", [1, 2], ids=["lanes", "blas"])
@pytest.mark.parametrize("per_series", [False, True])
def test_time_varying_matrices_offsets_and_loading(make_model: Any, per_series: bool, path: int) -> None:
    rng = np.random.default_rng(5)
    n, m, g, T, S = 4, 2, 3, 9, 3
    lead = (S, T) if per_series else (T,)
    varied = [[make_model(rng, n, m) for _ in range(T)] for _ in range(S if per_series else 1)]
    arrays = {
        k: np.array([[x[k] for x in row] for row in varied]).reshape(*lead, *varied[0][0][k].shape)
        for k in ("F", "H", "R")
    }
    Qg = np.stack([np.cov(rng.normal(size=(g, 9))) for _ in range(int(np.prod(lead)))]).reshape(*lead, g, g)
    model = arrays | {"Q": Qg, "x0": varied[0][0]["x0"], "P0": varied[0][0]["P0"]}
    more = {
        "G": rng.normal(size=(*lead, n, g)),
        "c": rng.normal(size=(*lead, n)),
        "d": rng.normal(size=(*lead, m)),
    }
    y = gappy(rng, S, T, m)
    got = run(path, y, model, **more)
    for s in range(S):
        one = {k: a[s] if per_series and k not in ("x0", "P0") else a for k, a in (model | more).items()}
        mean, cov, loglike = dense_smoother(y[s], **one)
        assert got["loglike"][s] == pytest.approx(loglike, rel=1e-10)
        assert got["loglike"][s] == pytest.approx(plain.linear_filter(y[s], **one).loglike, rel=1e-11)
        np.testing.assert_allclose(got["smoothed_mean"][s], mean, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(got["smoothed_cov"][s], cov, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("path", [1, 2], ids=["lanes", "blas"])
def test_a_missing_column_is_a_model_without_it(make_model: Any, path: int) -> None:
    rng = np.random.default_rng(2)
    model, y = make_model(rng, 3, 3), gappy(rng, 4, 20, 3)
    y[..., 1] = np.nan
    without = model | {"H": model["H"][[0, 2]], "R": model["R"][np.ix_([0, 2], [0, 2])]}
    a, b = run(path, y, model), run(path, y[..., [0, 2]], without)
    for name in ("loglike", "mean", "cov", "smoothed_mean", "smoothed_cov"):
        np.testing.assert_allclose(a[name], b[name], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("n", [2, 5, 35])
def test_bits_do_not_depend_on_batch_order_or_threads(make_model: Any, n: int) -> None:
    rng = np.random.default_rng(n)
    S, T, m = 13, 17, 2
    models = [make_model(rng, n, m) for _ in range(S)]
    stack = {k: np.stack([x[k] for x in models]) for k in models[0]}
    model = {k: a if k in ("x0", "P0") else a[:, None] for k, a in stack.items()}
    lengths = rng.integers(1, T + 1, size=S)
    y = gappy(rng, S, T, m)
    together = run(0, y, model, lengths=lengths, threads=2)
    order = rng.permutation(S)
    shuffled = run(0, y[order], {k: a[order] for k, a in model.items()}, lengths=lengths[order])
    for name in SMOOTHED:
        np.testing.assert_array_equal(together[name][order], shuffled[name])
        for s in (0, 7, 12):
            alone = run(
                0, y[s : s + 1], {k: a[s : s + 1] for k, a in model.items()}, lengths=lengths[s : s + 1]
            )
            np.testing.assert_array_equal(alone[name][0], together[name][s])


def test_ragged_series_end_where_they_end(make_model: Any) -> None:
    rng = np.random.default_rng(3)
    model, y, lengths = make_model(rng, 3, 2), gappy(rng, 6, 10, 2), np.array([10, 1, 4, 7, 2, 10])
    ragged = kalman.smooth(y, **model, lengths=lengths, outputs=SMOOTHED)
    for s, k in enumerate(lengths):
        whole = kalman.smooth(y[s, :k], **model, outputs=SMOOTHED)
        for name in SMOOTHED:
            a, b = getattr(ragged, name)[s], getattr(whole, name)
            if a.shape != b.shape:
                assert np.isnan(a[k:]).all()
                a = a[:k]
            np.testing.assert_array_equal(a, b)


def test_a_state_known_exactly_and_one_that_never_moves() -> None:
    F, H = np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([[1.0, 0.0]])
    y = np.arange(8.0)[:, None]
    got = kalman.smooth(y, F, H, np.zeros((2, 2)), [[1.0]], [0.0, 1.0], np.zeros((2, 2)), outputs=SMOOTHED)
    np.testing.assert_allclose(got.smoothed_mean[:, 0], y[:, 0], atol=1e-14)
    assert np.abs(got.smoothed_cov).max() == 0.0
    still = kalman.smooth(y, np.eye(1), [[1.0]], [[0.0]], [[1.0]], [0.0], [[4.0]], outputs=SMOOTHED)
    np.testing.assert_allclose(still.smoothed_mean, 28 / 8.25, rtol=1e-13)
    np.testing.assert_allclose(still.smoothed_cov, 1 / 8.25, rtol=1e-12)


def test_scaling_the_data_shifts_the_likelihood(make_model: Any) -> None:
    rng = np.random.default_rng(4)
    model, y = make_model(rng, 3, 2), gappy(rng, 30, 2)
    base = float(kalman.filter(y, **model).loglike)
    seen = int((~np.isnan(y)).sum())
    for c in (1e-9, 1e-3, 1e9):
        scaled = {
            k: a * (c if k == "x0" else c * c if k in ["Q", "R", "P0"] else 1.0) for k, a in model.items()
        }
        assert float(kalman.filter(y * c, **scaled).loglike) == pytest.approx(
            base - seen * np.log(c), rel=1e-10
        )


def test_covariances_stay_symmetric_and_positive() -> None:
    rng = np.random.default_rng(6)
    n, T = 4, 20_000
    F = np.linalg.qr(rng.normal(size=(n, n)))[0] * 0.999
    H = rng.normal(size=(T, 1, n))
    got = kalman.filter(
        rng.normal(size=(T, 1)),
        F,
        H,
        1e-14 * np.eye(n),
        [[1e-14]],
        np.zeros(n),
        np.diag([1e6, 1.0, 1e-3, 1e-6]),
        outputs=("cov", "predicted_cov"),
    )
    for P in (got.cov, got.predicted_cov):
        np.testing.assert_array_equal(P, np.swapaxes(P, -1, -2))
        scale = np.sqrt(np.einsum("tii->ti", P))
        assert (scale > 0).all()
        assert np.linalg.eigvalsh(P / (scale[:, :, None] * scale[:, None, :])).min() > -1e-10


@pytest.mark.parametrize("n", [3, 40])
def test_every_failing_allocation_is_an_error(make_model: Any, n: int, failed_allocations: Any) -> None:
    rng = np.random.default_rng(7)
    model, y = make_model(rng, n, 2), gappy(rng, 5, 4, 2)
    assert failed_allocations(lambda: kalman.smooth(y, **model, threads=2)) > 4


def test_control_is_an_offset_of_the_state(make_model: Any) -> None:
    rng = np.random.default_rng(11)
    model, y = make_model(rng, 3, 2), gappy(rng, 4, 9, 2)
    B, u, c = rng.normal(size=(3, 2)), rng.normal(size=(4, 9, 2)), rng.normal(size=3)
    found = kalman.filter(y, **model, c=c, B=B, u=u)
    expected = kalman.filter(y, **model, c=c + u @ B.T)
    np.testing.assert_allclose(found.loglike, expected.loglike, rtol=1e-12)
    np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-11, atol=1e-12)
    constant = kalman.smooth(y, **model, B=B, u=[1.0, 2.0])
    same = kalman.smooth(y, **model, c=B @ [1.0, 2.0])
    np.testing.assert_allclose(constant.smoothed_mean, same.smoothed_mean, rtol=1e-12)
    for place, changed in (("B, u", {"B": B}), ("B", {"B": B[:2], "u": u}), ("u", {"B": B, "u": u[:, :5]})):
        with pytest.raises(InputError) as caught:
            kalman.filter(y, **model, **changed)
        assert caught.value.place == place
