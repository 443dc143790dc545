"""Gaussians inside a box, and filters whose states are bounded."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from pytwin import _core, kalman
from pytwin.errors import InputError
from pytwin.reference import kalman_bounds as twin

pytestmark = pytest.mark.core


def one(m: float, v: float, lower: float, upper: float) -> tuple[float, float]:
    mean, cov = kalman.truncate([m], [[v]], [lower], [upper])
    return float(mean[0]), float(cov[0, 0])


# ---- one element ----


@pytest.mark.parametrize(
    "bounds", [(0.0, math.inf), (-math.inf, 0.3), (-1.0, 2.0), (1.0, 1.5), (-3.0, -2.5)], ids=str
)
def test_one_element_equals_the_error_function(bounds: tuple[float, float]) -> None:
    for m, v in ((0.0, 1.0), (0.7, 0.25), (-2.0, 4.0)):
        assert one(m, v, *bounds) == pytest.approx(twin.inside(m, v, *bounds), rel=1e-11)


@pytest.mark.parametrize("far", [5.0, 12.0, 40.0, 1e3, 1e8])
def test_bounds_far_above_the_mean(far: float) -> None:
    """x - far is then nearly exponential with rate `far`: the continued fraction of Mills' ratio."""
    ratio = 0.0
    for k in range(400, 0, -1):
        ratio = k / (far + ratio)  # far + ratio = 1 / Mills' ratio
    mean, var = one(0.0, 1.0, far, math.inf)
    assert mean - far == pytest.approx(ratio, rel=1e-6 if far > 1e3 else 1e-10, abs=2e-16 * far)
    if far <= 40:
        assert var == pytest.approx(1 - ratio * (far + ratio), rel=1e-8)
    assert 0 < var < 1.01 / far**2
    assert one(0.0, 1.0, -math.inf, -far) == (-mean, var)


def test_narrow_far_and_open_boxes() -> None:
    mean, var = one(0.0, 1.0, 0.3, 0.3 + 1e-9)
    assert (mean, var) == pytest.approx((0.3 + 0.5e-9, 1e-18 / 12), rel=1e-7)
    assert one(0.0, 1.0, 0.3, 0.3) == pytest.approx((0.3, 0.0), abs=1e-300)
    assert one(0.1, 1.7, -math.inf, math.inf) == (0.1, 1.7)
    assert one(0.1, 1.7, -12.0, 12.0) == (0.1, 1.7)
    assert one(0.5, 0.0, 1.0, 2.0) == (0.5, 0.0)


# ---- several ----


def random_case(rng: np.random.Generator, n: int) -> tuple[np.ndarray, ...]:
    A, m = rng.normal(size=(n, n)), rng.normal(size=n)
    width = rng.uniform(0.5, 3.0, size=n)
    lower = rng.normal(size=n) - width / 2
    open_below, open_above = rng.random((2, n)) < 0.3
    upper = np.where(open_above, np.inf, lower + width)
    return m, A @ A.T + 0.1 * np.eye(n), np.where(open_below, -np.inf, lower), upper


@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_equals_the_twin_and_lies_in_the_box(n: int) -> None:
    rng = np.random.default_rng(n)
    cases = [random_case(rng, n) for _ in range(40)]
    m, P, lower, upper = (np.stack(a) for a in zip(*cases, strict=True))
    mean, cov = kalman.truncate(m, P, lower, upper)
    for k, case in enumerate(cases):
        want_mean, want_cov = twin.truncate(*case)
        np.testing.assert_allclose(mean[k], want_mean, rtol=1e-7, atol=1e-8)
        np.testing.assert_allclose(cov[k], want_cov, rtol=1e-6, atol=1e-7)
    assert ((mean >= lower) & (mean <= upper)).all()
    np.testing.assert_array_equal(cov, np.swapaxes(cov, -1, -2))
    assert (np.linalg.eigvalsh(cov) > 0).all()
    assert (np.einsum("kii->ki", cov) <= np.einsum("kii->ki", P) * (1 + 1e-12)).all()


def test_independent_elements_are_exact_and_order_does_not_matter() -> None:
    rng = np.random.default_rng(3)
    m, P, lower, upper = random_case(rng, 4)
    apart, _ = kalman.truncate(m, np.diag(np.diag(P)), lower, upper)
    for i in range(4):
        assert apart[i] == pytest.approx(one(m[i], P[i, i], lower[i], upper[i])[0], rel=1e-14)
    mean, cov = kalman.truncate(m, P, lower, upper)
    o = np.array([2, 0, 3, 1])
    moved_mean, moved_cov = kalman.truncate(m[o], P[np.ix_(o, o)], lower[o], upper[o])
    np.testing.assert_allclose(moved_mean, mean[o], rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(moved_cov, cov[np.ix_(o, o)], rtol=1e-7, atol=1e-8)


def test_two_correlated_elements_are_close_to_quadrature() -> None:
    m, P = np.array([-0.3, 0.5]), np.array([[1.0, 0.7], [0.7, 2.0]])
    x, y = np.linspace(0, 9, 1201), np.linspace(-1, 1, 401)
    d = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1) - m
    p = np.exp(-0.5 * np.einsum("xyi,ij,xyj->xy", d, np.linalg.inv(P), d))

    def expect(f: np.ndarray) -> float:
        return float(np.trapezoid(np.trapezoid(p * f, y), x))

    mass = expect(np.ones_like(p))
    want = np.array([expect(d[..., i]) / mass + m[i] for i in (0, 1)])
    e = d + m - want
    want_cov = np.array([[expect(e[..., i] * e[..., j]) / mass for j in (0, 1)] for i in (0, 1)])
    mean, cov = kalman.truncate(m, P, [0.0, -1.0], [np.inf, 1.0])
    np.testing.assert_allclose(mean, want, atol=0.01)
    np.testing.assert_allclose(cov, want_cov, atol=0.02)


def test_bits_do_not_depend_on_batch_order_or_threads() -> None:
    rng = np.random.default_rng(4)
    cases = [random_case(rng, 3) for _ in range(21)]
    m, P, lower, upper = (np.stack(a) for a in zip(*cases, strict=True))
    mean, cov = kalman.truncate(m, P, lower, upper, threads=2)
    o = rng.permutation(21)
    shuffled = kalman.truncate(m[o], P[o], lower[o], upper[o])
    np.testing.assert_array_equal(shuffled[0], mean[o])
    np.testing.assert_array_equal(shuffled[1], cov[o])
    for k in (0, 9, 20):
        alone = kalman.truncate(m[k], P[k], lower[k], upper[k])
        np.testing.assert_array_equal(alone[0], mean[k])
        np.testing.assert_array_equal(alone[1], cov[k])


# ---- filters ----

MODEL: dict[str, Any] = {
    "F": np.array([[0.98, 0.1], [0.0, 0.9]]),
    "H": np.array([[1.0, 0.0]]),
    "Q": np.diag([0.01, 0.02]),
    "R": np.array([[0.5]]),
    "x0": np.array([0.3, 0.0]),
    "P0": np.diag([0.2, 0.1]),
}
BOUNDS = ([0.0, -np.inf], [np.inf, np.inf])


@pytest.mark.parametrize("form", ["sequential", "block", "square-root"])
def test_filtered_and_smoothed_moments_are_bounded(form: str) -> None:
    rng = np.random.default_rng(5)
    y = rng.normal(0.2, 0.8, size=(4, 30, 1))
    wanted = ("loglike", "mean", "cov", "last_mean", "predicted_mean", "smoothed_mean", "smoothed_cov")
    plain = kalman.smooth(y, **MODEL, form=form, outputs=(*wanted, "last_cov"))
    got = kalman.smooth(y, **MODEL, form=form, bounds=BOUNDS, outputs=wanted)
    for mean, cov in (("mean", "cov"), ("last_mean", "last_cov"), ("smoothed_mean", "smoothed_cov")):
        want = kalman.truncate(getattr(plain, mean), getattr(plain, cov), *BOUNDS)
        np.testing.assert_array_equal(getattr(got, mean), want[0])
        if cov in wanted:
            np.testing.assert_array_equal(getattr(got, cov), want[1])
        assert (getattr(got, mean)[..., 0] >= 0).all()
    assert (plain.mean[..., 0] < 0).any()
    assert got.last_cov is None
    np.testing.assert_array_equal(got.loglike, plain.loglike)
    np.testing.assert_array_equal(got.predicted_mean, plain.predicted_mean)


def test_packed_covariances_are_bounded_too() -> None:
    y = np.random.default_rng(6).normal(0.2, 0.8, size=(30, 1))
    whole = kalman.filter(y, **MODEL, bounds=BOUNDS, outputs=("mean", "cov"))
    packed = kalman.filter(y, **MODEL, bounds=BOUNDS, outputs=("cov",), packed=True)
    np.testing.assert_array_equal(kalman.unpack(packed.cov), whole.cov)
    assert packed.mean is None


def test_bounds_help_where_they_bite_and_leave_the_rest_alone() -> None:
    """A level reflected at zero: its error falls by more than a tenth. Far from the bound no bit moves."""
    rng = np.random.default_rng(7)
    x, y = np.zeros((300, 60)), np.zeros((300, 60, 1))
    for t in range(1, 60):
        x[:, t] = np.abs(x[:, t - 1] + 0.1 * rng.normal(size=300))
    y[..., 0] = x + rng.normal(size=x.shape)
    level: dict[str, Any] = {"F": [[1.0]], "H": [[1.0]], "Q": [[0.01]], "R": [[1.0]], "x0": [0.0]}
    level["P0"] = [[0.01]]
    plain, got = kalman.filter(y, **level), kalman.filter(y, **level, bounds=([0.0], [np.inf]))

    def error(result: Any) -> float:
        return float(np.sqrt(np.mean((result.mean[..., 0] - x) ** 2)))

    assert error(got) < 0.9 * error(plain)
    high = kalman.filter(y + 50, **(level | {"x0": [50.0]}))
    same = kalman.filter(y + 50, **(level | {"x0": [50.0]}), bounds=([0.0], [np.inf]))
    np.testing.assert_array_equal(same.mean, high.mean)
    np.testing.assert_array_equal(same.cov, high.cov)


def test_a_failed_series_stays_blank() -> None:
    y = np.zeros((2, 5, 1))
    y[1, 2] = np.inf
    got = kalman.filter(y, **MODEL, bounds=BOUNDS)
    assert got.status[0] == 0 and got.status[1] != 0
    assert np.isnan(got.mean[1]).all() and np.isfinite(got.cov[0]).all()


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        (1.0, "pair"),
        (([0.0, 0.0], [np.nan, 1.0]), "not a number"),
        (([0.0, 2.0], [1.0, 1.0]), "above"),
        (([0.0, 0.0, 0.0], [1.0, 1.0, 1.0]), "broadcast"),
    ],
    ids=str,
)
def test_bad_bounds(bounds: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        kalman.filter(np.zeros((5, 1)), **MODEL, bounds=bounds)


def test_failing_allocations_and_shapes_of_the_core(failed_allocations: Any) -> None:
    assert (
        failed_allocations(
            lambda: kalman.truncate(np.zeros((9, 2)), np.stack([np.eye(2)] * 9), 0.0, 1.0, threads=2)
        )
        > 0
    )
    with pytest.raises(InputError, match="fit"):
        _core.truncate(np.zeros((2, 2)), np.zeros((2, 2, 2)), np.zeros((1, 3)), np.zeros((1, 3)))
