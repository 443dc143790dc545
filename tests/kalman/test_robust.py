"""Gate, Student-t update and adaptive noise: against their NumPy twins, and what they do to 500 series."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from pytwin import kalman
from pytwin.errors import InputError
from pytwin.reference import kalman as plain
from pytwin.reference import kalman_robust as twin

pytestmark = pytest.mark.core

ALL = ("loglike", "loglike_t", "mean", "cov", "predicted_mean", "predicted_cov", "weight", "noise_scale")
OPTIONS: list[dict[str, Any]] = [
    {"gate": 2.0},
    {"student": 4.0},
    {"gate": 3.0, "student": 3.0},
    {"adaptive": {"R": 0.9}},
    {"adaptive": {"Q": 0.9}, "gate": 4.0},
    {"adaptive": {"R": 0.9, "Q": 0.95}},
]


def spoiled(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Gaps, and one element in ten ten times as large."""
    y = 3 * rng.normal(size=shape)
    y[rng.random(shape) < 0.1] *= 10
    y[rng.random(shape) < 0.3] = np.nan
    return y


def plainly(options: dict[str, Any]) -> dict[str, float]:
    """The twin's spelling."""
    adapt = {f"adapt_{k}": v for k, v in options.get("adaptive", {}).items()}
    return {k: v for k, v in options.items() if k != "adaptive"} | adapt


# ---- the twin ----


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize(("n", "m"), [(1, 1), (2, 1), (4, 3), (9, 4)])
def test_equals_the_twin(make_model: Any, n: int, m: int, options: dict[str, Any]) -> None:
    rng = np.random.default_rng(n)
    model, y = make_model(rng, n, m), spoiled(rng, 5, 20, m)
    y[1] = np.nan
    got = kalman.filter(y, **model, **options, outputs=ALL)
    assert (got.status == 0).all()
    for s in range(len(y)):
        run = twin.robust_filter(y[s], **model, **plainly(options))
        for name in ("loglike", "loglike_t", "mean", "cov", "predicted_cov", "weight", "noise_scale"):
            np.testing.assert_allclose(
                getattr(got, name)[s], getattr(run, name), rtol=1e-11, atol=1e-12, err_msg=name
            )


def test_time_varying_matrices(make_model: Any) -> None:
    rng = np.random.default_rng(5)
    varied = [make_model(rng, 3, 2) for _ in range(15)]
    model = {k: np.array([x[k] for x in varied]) for k in ("F", "H", "Q", "R")}
    model |= {k: varied[0][k] for k in ("x0", "P0")}
    y = spoiled(rng, 15, 2)
    for options in OPTIONS:
        got = kalman.filter(y, **model, **options, outputs=ALL)
        run = twin.robust_filter(y, **model, **plainly(options))
        np.testing.assert_allclose(got.mean, run.mean, rtol=1e-11, atol=1e-12)
        np.testing.assert_allclose(got.noise_scale, run.noise_scale, rtol=1e-11)


def test_bits_do_not_depend_on_batch_order_or_threads(make_model: Any) -> None:
    rng = np.random.default_rng(8)
    S, T, n, m = 13, 17, 3, 2
    models = [make_model(rng, n, m) for _ in range(S)]
    stack = {k: np.stack([x[k] for x in models]) for k in models[0]}
    model = {k: a if k in ("x0", "P0") else a[:, None] for k, a in stack.items()}
    lengths, y, order = rng.integers(1, T + 1, size=S), spoiled(rng, S, T, m), rng.permutation(S)
    for options in OPTIONS:
        together = kalman.filter(y, **model, **options, lengths=lengths, threads=2, outputs=ALL)
        moved = {k: a[order] for k, a in model.items()}
        shuffled = kalman.filter(y[order], **moved, **options, lengths=lengths[order], outputs=ALL)
        for name in ALL:
            np.testing.assert_array_equal(getattr(together, name)[order], getattr(shuffled, name))
            for s in (0, 7, 12):
                one = {k: a[s : s + 1] for k, a in model.items()}
                alone = kalman.filter(y[s : s + 1], **one, **options, lengths=lengths[s : s + 1], outputs=ALL)
                np.testing.assert_array_equal(getattr(alone, name)[0], getattr(together, name)[s])


# ---- what they mean ----


def test_a_gated_element_is_a_missing_one(make_model: Any) -> None:
    rng = np.random.default_rng(2)
    model, y = make_model(rng, 3, 3), spoiled(rng, 40, 3)
    got = kalman.smooth(y, **model, gate=3.0, outputs=(*ALL, "smoothed_mean", "smoothed_cov"))
    assert (got.weight == 0).sum() > 5
    without = kalman.smooth(
        np.where(got.weight == 0, np.nan, y), **model, outputs=(*ALL[:4], "smoothed_mean", "smoothed_cov")
    )
    for name in (*ALL[:4], "smoothed_mean", "smoothed_cov"):
        np.testing.assert_allclose(getattr(got, name), getattr(without, name), rtol=1e-12, atol=1e-13)


def test_a_smoother_uses_the_weights(make_model: Any) -> None:
    """Down-weighted errors are errors of variance R / weight: the same as the plain smoother with that R."""
    rng = np.random.default_rng(3)
    model, y = make_model(rng, 3, 1), spoiled(rng, 40, 1)
    both = ("smoothed_mean", "smoothed_cov", "weight")
    got = kalman.smooth(y, **model, student=3.0, outputs=both)
    R = model["R"] / np.nan_to_num(got.weight, nan=1.0)[:, :, None]
    want = kalman.smooth(y, **(model | {"R": R}))
    np.testing.assert_allclose(got.smoothed_mean, want.smoothed_mean, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(got.smoothed_cov, want.smoothed_cov, rtol=1e-11, atol=1e-12)


def test_the_bound_lies_below_the_likelihood() -> None:
    """One state, one observation: the likelihood by quadrature over the state. It is met from below, to ln 2
    where the posterior has two modes; for many degrees of freedom it is the Gaussian one."""
    x = np.linspace(-60, 60, 400_001)
    prior = np.exp(-0.5 * x * x / 2.0) / math.sqrt(2 * math.pi * 2.0)
    for nu in (1.0, 3.0, 10.0):
        norm = math.exp(math.lgamma((nu + 1) / 2) - math.lgamma(nu / 2)) / math.sqrt(nu * math.pi * 0.5)
        for y in (0.0, 1.0, 3.0, 8.0, 20.0):
            density = norm * (1 + (y - x) ** 2 / (nu * 0.5)) ** (-(nu + 1) / 2)
            want = math.log(np.trapezoid(prior * density, x))
            got = kalman.filter([[y]], [[1.0]], [[1.0]], [[1.0]], [[0.5]], [0.0], [[2.0]], student=nu)
            assert want - math.log(2) < float(got.loglike) < want
    many = kalman.filter([[3.0]], [[1.0]], [[1.0]], [[1.0]], [[0.5]], [0.0], [[2.0]], student=1e9)
    gauss = kalman.filter([[3.0]], [[1.0]], [[1.0]], [[1.0]], [[0.5]], [0.0], [[2.0]])
    assert float(many.loglike) == pytest.approx(float(gauss.loglike), abs=1e-7)


def test_the_scores_are_derivatives_of_the_likelihood(make_model: Any) -> None:
    """The sum of the twin's scores, with factors that stay, against differences of the plain likelihood."""
    rng = np.random.default_rng(4)
    model, y = make_model(rng, 3, 2), spoiled(rng, 30, 2)
    run = twin.robust_filter(y, **model, adapt_R=0.9, adapt_Q=0.9, learns=False)
    for p, name in enumerate("RQ"):
        step = 1e-4
        high, low = (
            plain.linear_filter(y, **(model | {name: model[name] * math.exp(e)})).loglike
            for e in (step, -step)
        )
        assert run.score[p] == pytest.approx((high - low) / (2 * step), rel=1e-6)


# ---- what they do ----

TREND: dict[str, Any] = {
    "F": np.array([[1.0, 1.0], [0.0, 1.0]]),
    "H": np.array([[1.0, 0.0]]),
    "Q": np.diag([0.02, 0.002]),
    "R": np.array([[1.0]]),
    "x0": np.zeros(2),
    "P0": np.diag([4.0, 0.1]),
}


def simulate(q: float = 1.0, r: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """500 series of 200 steps with noises q Q and r R: levels and observations."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(500, 2)) * np.sqrt(np.diag(TREND["P0"]))
    level, y = np.empty((500, 200)), np.empty((500, 200, 1))
    for t in range(200):
        level[:, t] = x[:, 0]
        y[:, t, 0] = x[:, 0] + math.sqrt(r) * rng.normal(size=500)
        x = x @ TREND["F"].T + rng.normal(size=(500, 2)) * np.sqrt(q * np.diag(TREND["Q"]))
    return level, y


def error(got: Any, level: np.ndarray, start: int = 0) -> float:
    return float(np.sqrt(np.mean((got.mean[:, start:, 0] - level[:, start:]) ** 2)))


@pytest.mark.parametrize(
    ("options", "clean_by", "spoiled_by", "moved"),
    [
        ({"gate": 4.0}, 1.001, 1.04, 0.03),
        ({"gate": 3.0}, 1.02, 1.06, 0.2),
        ({"student": 4.0}, 1.05, 1.09, 0.3),
        ({"student": 10.0}, 1.02, 1.08, 0.2),
    ],
    ids=str,
)
def test_outliers_do_little_harm(
    options: dict[str, Any], clean_by: float, spoiled_by: float, moved: float
) -> None:
    """One observation in twenty is 8 to 30 standard deviations off: the plain filter's error grows fourfold,
    a robust one's by less than a tenth; without outliers it stays within 0.1 % (gate 4) to 5 % (t of 4)."""
    level, y = simulate()
    rng = np.random.default_rng(5)
    bad = rng.random(y.shape) < 0.05
    outliers = y + np.where(bad, rng.choice([-1, 1], y.shape) * rng.uniform(8, 30, y.shape), 0.0)
    reference = kalman.filter(y, **TREND)
    best = error(reference, level)
    assert error(kalman.filter(outliers, **TREND), level) > 3.5 * best
    clean = kalman.filter(y, **TREND, **options)
    robust = kalman.filter(outliers, **TREND, **options, outputs=("mean", "weight"))
    assert error(clean, level) < clean_by * best
    assert error(robust, level) < spoiled_by * best
    shift = (clean.mean - reference.mean)[..., 0] / np.sqrt(reference.cov[..., 0, 0])
    assert np.sqrt(np.mean(shift**2)) < moved
    assert np.median(robust.weight[bad]) < 0.05
    assert np.median(robust.weight[~bad]) >= 1.0


@pytest.mark.parametrize(
    ("q", "r", "adaptive", "gained"),
    [
        (1.0, 9.0, {"R": 0.98}, 0.95),
        (1.0, 1 / 9, {"R": 0.98}, 0.95),
        (16.0, 1.0, {"Q": 0.98}, 0.95),
        (1 / 16, 1.0, {"Q": 0.98}, 0.7),
        (16.0, 1.0, {"R": 0.98, "Q": 0.98}, 0.95),
        (1.0, 9.0, {"R": 0.98, "Q": 0.98}, 0.75),
    ],
)
def test_wrong_noise_is_found(q: float, r: float, adaptive: dict[str, float], gained: float) -> None:
    """Later than step 100 the adaptive filter has won back most of what the wrong noise costs, and its median
    factors are the true ones to a fifth (a Q that is too large: to a factor of three, it says little)."""
    level, y = simulate(q, r)
    wrong = error(kalman.filter(y, **TREND), level, 100)
    known = error(kalman.filter(y, **(TREND | {"Q": q * TREND["Q"], "R": r * TREND["R"]})), level, 100)
    got = kalman.filter(y, **TREND, adaptive=adaptive, outputs=("mean", "noise_scale", "loglike"))
    assert wrong - error(got, level, 100) > gained * (wrong - known)
    factor = np.median(got.noise_scale[:, 100:], axis=(0, 1)) / [r, q]
    for name, found in zip("RQ", factor, strict=True):
        if name in adaptive:
            assert abs(math.log(found)) < math.log(3.0 if q < 1 else 1.25)
    assert (got.loglike > kalman.filter(y, **TREND).loglike).mean() > 0.75


@pytest.mark.parametrize(("adaptive", "lost"), [({"R": 0.98}, 1.005), ({"Q": 0.98}, 1.02)], ids=str)
def test_right_noise_is_left_alone(adaptive: dict[str, float], lost: float) -> None:
    level, y = simulate()
    got = kalman.filter(y, **TREND, adaptive=adaptive, outputs=("mean", "noise_scale"))
    assert error(got, level) < lost * error(kalman.filter(y, **TREND), level)
    assert np.median(got.noise_scale[:, 100:]) == pytest.approx(1.0, abs=0.15)


def test_noise_that_changes_is_followed(make_model: Any) -> None:
    """R grows by 25 half way."""
    rng = np.random.default_rng(6)
    _, y = simulate()
    y[:, 100:] += math.sqrt(24) * rng.normal(size=(500, 100, 1))
    got = kalman.filter(y, **TREND, adaptive={"R": 0.95}, outputs=("noise_scale",))
    assert np.median(got.noise_scale[:, 90, 0]) == pytest.approx(1.0, rel=0.15)
    assert np.median(got.noise_scale[:, 150:, 0]) == pytest.approx(25.0, rel=0.2)


# ---- bad input ----


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gate": -1.0}, "gate"),
        ({"gate": math.nan}, "gate"),
        ({"gate": "far"}, "gate"),
        ({"student": 0.0}, "student"),
        ({"adaptive": {}}, "adaptive"),
        ({"adaptive": {"S": 0.9}}, "adaptive"),
        ({"adaptive": {"R": 1.0}}, "adaptive"),
        ({"student": 4.0, "adaptive": {"R": 0.9}}, "together"),
        ({"gate": 3.0, "form": "square-root"}, "form"),
        ({"outputs": ("weight",)}, "weight"),
    ],
    ids=str,
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        kalman.filter(np.zeros((4, 1)), **TREND, **options)


@pytest.mark.parametrize(
    ("options", "output"),
    [
        ({"adaptive": {"Q": 0.9}}, "smoothed_mean"),
        ({"adaptive": {"R": 0.9}}, "innovation_cov"),
        ({"gate": 3.0}, "obs_disturbance"),
    ],
    ids=str,
)
def test_outputs_that_do_not_know_of_the_factors(options: dict[str, Any], output: str) -> None:
    with pytest.raises(InputError, match=output):
        kalman.smooth(np.zeros((4, 1)), **TREND, **options, outputs=(output,))


def test_errors_without_variance_keep_their_weight() -> None:
    model = TREND | {"R": np.zeros((1, 1))}
    got = kalman.filter(np.arange(6.0)[:, None], **model, student=3.0, outputs=ALL)
    want = kalman.filter(np.arange(6.0)[:, None], **model, outputs=ALL[:4])
    assert (got.weight == 1.0).all()
    for name in ALL[:4]:
        np.testing.assert_allclose(getattr(got, name), getattr(want, name), rtol=1e-13, atol=1e-14)


def test_rows_beyond_a_length_and_failed_series_are_blank() -> None:
    y = np.zeros((3, 6, 1))
    y[1, 2] = np.inf
    got = kalman.filter(y, **TREND, gate=3.0, lengths=[6, 6, 4], outputs=ALL)
    assert list(got.status == 0) == [True, False, True]
    for name in ("weight", "noise_scale"):
        rows = getattr(got, name)
        assert np.isfinite(rows[0]).all() and np.isnan(rows[1]).all()
        assert np.isfinite(rows[2, :4]).all() and np.isnan(rows[2, 4:]).all()


def test_every_failing_allocation_is_an_error(make_model: Any, failed_allocations: Any) -> None:
    rng = np.random.default_rng(7)
    model, y = make_model(rng, 3, 2), spoiled(rng, 5, 4, 2)
    assert failed_allocations(lambda: kalman.smooth(y, **model, adaptive={"R": 0.9}, gate=5.0, threads=2)) > 4
