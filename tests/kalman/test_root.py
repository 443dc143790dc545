"""The square-root form against the twin, the other forms, exact rational arithmetic, and itself."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from pytwin import kalman
from pytwin.errors import ComputationError, InputError
from pytwin.reference import kalman_root as twin
from pytwin.reference.kalman_dense import dense_smoother

pytestmark = pytest.mark.core

ALL = ("loglike", "loglike_t", "mean", "cov", "predicted_mean", "predicted_cov", "last_mean", "last_cov")
SMOOTHED = (*ALL, "smoothed_mean", "smoothed_cov")
SIZES = [(1, 1), (2, 1), (3, 2), (4, 3), (7, 2), (12, 1), (33, 3)]


def gappy(rng: np.random.Generator, *shape: int) -> np.ndarray:
    y = 3 * rng.normal(size=shape)
    y[rng.random(shape) < 0.3] = np.nan
    return y


def smooth(y: np.ndarray, model: dict[str, Any], **more: Any) -> Any:
    return kalman.smooth(y, **model, **({"outputs": SMOOTHED, "form": "square-root"} | more))


@pytest.mark.parametrize(("n", "m"), SIZES)
def test_equals_the_twin_and_the_dense_gaussian(make_model: Any, n: int, m: int) -> None:
    rng = np.random.default_rng(n)
    model, y = make_model(rng, n, m), gappy(rng, 5, 12, m)
    y[1] = np.nan
    got = smooth(y, model)
    assert got.path == "square-root"
    for s in range(len(y)):
        run = twin.root_smoother(y[s], **model)
        mean, cov, loglike = dense_smoother(y[s], **model)
        assert got.loglike[s] == pytest.approx(loglike, rel=1e-10, abs=1e-10)
        assert got.loglike[s] == pytest.approx(run.loglike, rel=1e-12, abs=1e-12)
        for name, root in (("cov", run.root), ("predicted_cov", run.predicted_root)):
            np.testing.assert_allclose(getattr(got, name)[s], [L @ L.T for L in root], rtol=1e-11, atol=1e-12)
        np.testing.assert_allclose(got.mean[s], run.mean, rtol=1e-11, atol=1e-12)
        np.testing.assert_allclose(got.predicted_mean[s], run.predicted_mean, rtol=1e-11, atol=1e-12)
        np.testing.assert_allclose(got.smoothed_mean[s], run.smoothed_mean, rtol=1e-10, atol=1e-11)
        np.testing.assert_allclose(got.smoothed_mean[s], mean, rtol=1e-9, atol=1e-10)
        np.testing.assert_allclose(got.smoothed_cov[s], cov, rtol=1e-9, atol=1e-10)
        np.testing.assert_array_equal(got.last_cov[s], got.cov[s, -1])


@pytest.mark.parametrize(("n", "m"), SIZES)
def test_all_forms_agree(make_model: Any, n: int, m: int) -> None:
    rng = np.random.default_rng(100 + n)
    model, y = make_model(rng, n, m), gappy(rng, 5, 30, m)
    root = smooth(y, model)
    for form, path in (("sequential", "lanes"), ("block", "blas")):
        other = smooth(y, model, form=form)
        assert other.path == path
        for name in SMOOTHED:
            np.testing.assert_allclose(getattr(root, name), getattr(other, name), rtol=1e-10, atol=1e-10)
    assert smooth(y, model, form="auto").path == ("lanes" if n < 32 else "blas")


@pytest.mark.parametrize("per_series", [False, True])
def test_time_varying_matrices_offsets_and_loading(make_model: Any, per_series: bool) -> None:
    rng = np.random.default_rng(5)
    n, m, g, T, S = 4, 2, 3, 9, 3
    lead = (S, T) if per_series else (T,)
    varied = [[make_model(rng, n, m) for _ in range(T)] for _ in range(S if per_series else 1)]
    model: dict[str, Any] = {
        k: np.array([[x[k] for x in row] for row in varied]).reshape(*lead, *varied[0][0][k].shape)
        for k in ("F", "H", "R")
    }
    model["Q"] = np.stack([np.cov(rng.normal(size=(g, 9))) for _ in range(int(np.prod(lead)))])
    model["Q"] = model["Q"].reshape(*lead, g, g)
    model |= {k: varied[0][0][k] for k in ("x0", "P0")}
    for name, shape in (("G", (n, g)), ("c", (n,)), ("d", (m,))):
        model[name] = rng.normal(size=(*lead, *shape))
    y = gappy(rng, S, T, m)
    got = smooth(y, model)
    for s in range(S):
        one = {k: a[s] if per_series and k not in ("x0", "P0") else a for k, a in model.items()}
        mean, cov, loglike = dense_smoother(y[s], **one)
        assert got.loglike[s] == pytest.approx(loglike, rel=1e-10)
        np.testing.assert_allclose(got.smoothed_mean[s], mean, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(got.smoothed_cov[s], cov, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(
            got.smoothed_mean[s], twin.root_smoother(y[s], **one).smoothed_mean, rtol=1e-10, atol=1e-10
        )


def test_bits_do_not_depend_on_batch_order_or_threads(make_model: Any) -> None:
    rng = np.random.default_rng(8)
    S, T, n, m = 13, 17, 3, 2
    models = [make_model(rng, n, m) for _ in range(S)]
    for k in range(0, S, 3):  # the prediction of some is singular
        models[k]["Q"], models[k]["P0"] = np.diag([1.0, 0, 0]), np.diag([1.0, 0, 2.0])
        models[k]["F"] = np.array([[0.5, 0.1, 0.2], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    stack = {k: np.stack([x[k] for x in models]) for k in models[0]}
    model = {k: a if k in ("x0", "P0") else a[:, None] for k, a in stack.items()}
    lengths = rng.integers(1, T + 1, size=S)
    y = gappy(rng, S, T, m)
    together = smooth(y, model, lengths=lengths, threads=2)
    order = rng.permutation(S)
    shuffled = smooth(y[order], {k: a[order] for k, a in model.items()}, lengths=lengths[order])
    for name in SMOOTHED:
        np.testing.assert_array_equal(getattr(together, name)[order], getattr(shuffled, name))
        for s in (0, 6, 7, 12):
            one = {k: a[s : s + 1] for k, a in model.items()}
            alone = smooth(y[s : s + 1], one, lengths=lengths[s : s + 1])
            np.testing.assert_array_equal(getattr(alone, name)[0], getattr(together, name)[s])


def test_long_series_are_smoothed_from_check_points(make_model: Any) -> None:
    """16 MB hold 3,361 steps of 12 states in lanes of 4 doubles, 1,680 in lanes of 8."""
    rng = np.random.default_rng(9)
    model, T = make_model(rng, 12, 1), 9001
    y = gappy(rng, T, 1)
    got = smooth(y, model, outputs=("smoothed_mean", "smoothed_cov", "mean", "cov"))
    other = smooth(y, model, outputs=("smoothed_mean", "smoothed_cov"), form="sequential")
    np.testing.assert_allclose(got.smoothed_mean, other.smoothed_mean, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(got.smoothed_cov, other.smoothed_cov, rtol=1e-9, atol=1e-9)


# ---- against exact arithmetic ----

Matrix = list[list[Fraction]]


def exact(a: Any) -> Matrix:
    return [[Fraction(float(v)) for v in row] for row in np.atleast_2d(a)]


def times(A: Matrix, B: Matrix) -> Matrix:
    return [
        [sum((a * b for a, b in zip(r, c, strict=True)), Fraction(0)) for c in zip(*B, strict=True)]
        for r in A
    ]


def flip(A: Matrix) -> Matrix:
    return [list(row) for row in zip(*A, strict=True)]


def plus(A: Matrix, B: Matrix, factor: int = 1) -> Matrix:
    return [[a + factor * b for a, b in zip(r, s, strict=True)] for r, s in zip(A, B, strict=True)]


def inverse(A: Matrix) -> Matrix:
    n = len(A)
    M = [row + [Fraction(int(i == j)) for j in range(n)] for i, row in enumerate(A)]
    for j in range(n):
        p = next(i for i in range(j, n) if M[i][j] != 0)
        M[j], M[p] = M[p], M[j]
        M[j] = [v / M[j][j] for v in M[j]]
        for i in range(n):
            if i != j:
                M[i] = [a - M[i][j] * b for a, b in zip(M[i], M[j], strict=True)]
    return [row[n:] for row in M]


def exact_smoother(y: np.ndarray, model: dict[str, Any]) -> dict[str, np.ndarray]:
    """The textbook recursions in rational numbers."""
    F, H, Q, R, P = (exact(model[k]) for k in ("F", "H", "Q", "R", "P0"))
    x, steps = flip(exact(model["x0"])), []
    for row in y:
        S = plus(times(times(H, P), flip(H)), R)
        K = times(times(P, flip(H)), inverse(S))
        x = plus(x, times(K, plus(flip(exact(row)), times(H, x), -1)))
        P = plus(P, times(times(K, H), P), -1)
        steps.append((x, P))
        x, P = times(F, x), plus(times(times(F, P), flip(F)), Q)
    smoothed = [steps[-1]]
    for x, P in reversed(steps[:-1]):
        pred = plus(times(times(F, P), flip(F)), Q)
        J = times(times(P, flip(F)), inverse(pred))
        mean = plus(x, times(J, plus(smoothed[0][0], times(F, x), -1)))
        smoothed.insert(0, (mean, plus(P, times(times(J, plus(smoothed[0][1], pred, -1)), flip(J)))))

    def floats(rows: list[Matrix]) -> np.ndarray:
        return np.array([[[float(v) for v in r] for r in A] for A in rows])

    return {
        "mean": floats([s[0] for s in steps])[..., 0],
        "cov": floats([s[1] for s in steps]),
        "smoothed_mean": floats([s[0] for s in smoothed])[..., 0],
        "smoothed_cov": floats([s[1] for s in smoothed]),
    }


def errors(got: Any, want: dict[str, np.ndarray], name: str) -> float:
    """Largest error of a mean in its own standard deviations, and of a covariance as a correlation."""
    cov = want[name.replace("mean", "cov")]
    sd = np.sqrt(np.einsum("tii->ti", cov))
    scale = sd if "mean" in name else sd[:, :, None] * sd[:, None, :]
    return float(np.abs((getattr(got, name) - want[name]) / scale).max())


def test_twelve_digits_of_condition_and_noise_of_1e_minus_14() -> None:
    """A vague start (1e12) seen by two precise sensors that hardly differ: a stored covariance in Joseph's
    form keeps 7 digits of this filter (6.5e-8), factors made by reflections 4 (4e-5), rotations all."""
    rng = np.random.default_rng(1)
    model = {
        "F": np.array([[1, 0.1, 0], [0, 1, 0.1], [0, 0, 1]]),
        "H": np.array([[1.0, 0, 0], [1, 1e-3, 0]]),
        "Q": 1e-14 * np.eye(3),
        "R": 1e-14 * np.eye(2),
        "x0": np.zeros(3),
        "P0": np.diag([1e12, 1, 1]),
    }
    y = np.repeat(1e-3 * np.cumsum(rng.normal(size=(8, 1)), axis=0), 2, axis=1)
    want, got = exact_smoother(y, model), smooth(y, model)
    assert errors(got, want, "cov") < 1e-13
    assert errors(got, want, "smoothed_cov") < 1e-12
    assert errors(got, want, "mean") < 1e-8
    assert errors(got, want, "smoothed_mean") < 1e-8
    sequential = smooth(y, model, form="sequential")
    assert errors(sequential, want, "cov") > 1e4 * errors(got, want, "cov")
    run = twin.root_smoother(y, **model)
    np.testing.assert_allclose(got.smoothed_cov, [L @ L.T for L in run.smoothed_root], rtol=1e-9, atol=1e-30)
    with pytest.raises(ComputationError, match="singular"):
        smooth(y, model, form="block")


@pytest.mark.slow
def test_covariances_stay_positive_over_many_steps() -> None:
    rng = np.random.default_rng(6)
    n, T = 4, 100_000
    F = np.linalg.qr(rng.normal(size=(n, n)))[0] * 0.999
    model = {"F": F, "Q": 1e-14 * np.eye(n), "R": [[1e-14]], "x0": np.zeros(n)}
    model |= {"H": rng.normal(size=(T, 1, n)), "P0": np.diag([1e6, 1.0, 1e-3, 1e-6])}
    got = smooth(rng.normal(size=(T, 1)), model, outputs=("cov", "predicted_cov", "smoothed_cov"))
    for P in (got.cov, got.predicted_cov, got.smoothed_cov):
        np.testing.assert_array_equal(P, np.swapaxes(P, -1, -2))
        scale = np.sqrt(np.einsum("tii->ti", P))
        assert (scale > 0).all()
        assert np.linalg.eigvalsh(P / (scale[:, :, None] * scale[:, None, :])).min() > -1e-14


# ---- singular models ----


def test_states_known_exactly_and_predictions_that_are_singular() -> None:
    F, H = np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([[1.0, 0.0]])
    y = np.arange(8.0)[:, None]
    known = {"F": F, "H": H, "Q": np.zeros((2, 2)), "R": [[1.0]], "x0": [0.0, 1.0], "P0": np.zeros((2, 2))}
    got = smooth(y, known)
    np.testing.assert_allclose(got.smoothed_mean[:, 0], y[:, 0], atol=1e-14)
    assert np.abs(got.smoothed_cov).max() == 0.0
    lagged = {
        "F": np.array([[0.9, 0.3, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]),
        "H": np.array([[1.0, 0.0, 1.0]]),
        "Q": np.diag([0.5, 0.0, 0.0]),
        "R": np.array([[0.1]]),
        "x0": np.zeros(3),
        "P0": np.diag([1.0, 0.0, 2.0]),
    }
    rng = np.random.default_rng(3)
    y = gappy(rng, 20, 1)
    got = smooth(y, lagged)
    mean, cov, loglike = dense_smoother(y, **lagged)
    assert float(got.loglike) == pytest.approx(loglike, rel=1e-11)
    np.testing.assert_allclose(got.smoothed_mean, mean, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(got.smoothed_cov, cov, rtol=1e-9, atol=1e-10)
    run = twin.root_smoother(y, **lagged)
    np.testing.assert_allclose(got.smoothed_mean, run.smoothed_mean, rtol=1e-10, atol=1e-11)


def test_errors_without_variance() -> None:
    """R = 0 is exact; the same exact element twice is singular, also where only rounding is left of it."""
    model = {"F": np.eye(2), "Q": np.eye(2), "x0": np.zeros(2), "P0": np.array([[2.0, 0.3], [0.3, 1.0]])}
    y = np.array([[0.7], [0.1]])
    got = smooth(y, model | {"H": [[0.3, 1 / 3]], "R": [[0.0]]})
    np.testing.assert_allclose(got.smoothed_mean @ [0.3, 1 / 3], y[:, 0], rtol=1e-14)
    twice = model | {"H": [[0.3, 1 / 3], [0.3, 1 / 3]], "R": np.zeros((2, 2))}
    with pytest.raises(ComputationError, match="singular") as error:
        smooth(np.repeat(y, 2, axis=1), twice)
    assert error.value.place == "series 0, step 0"
    both = np.array([[[np.nan, 0.7], [0.1, np.nan]], [[0.7, 0.7], [0.1, 0.1]]])
    batch = smooth(both, twice)
    assert batch.status[0] == 0 and batch.status[1] != 0 and batch.failed_at[1] == 0
    assert np.isfinite(batch.smoothed_cov[0]).all() and np.isnan(batch.smoothed_cov[1]).all()


def test_an_unknown_form_is_an_error(make_model: Any) -> None:
    model = make_model(np.random.default_rng(0), 2, 1)
    with pytest.raises(InputError, match="form"):
        kalman.filter(np.zeros((3, 1)), **model, form="cholesky")


def test_every_failing_allocation_is_an_error(make_model: Any, failed_allocations: Any) -> None:
    rng = np.random.default_rng(7)
    model, y = make_model(rng, 3, 2), gappy(rng, 5, 4, 2)
    assert failed_allocations(lambda: smooth(y, model, threads=2)) > 4
