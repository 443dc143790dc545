"""Forecasts from a sensor's readings, on series that the models themselves made."""

from __future__ import annotations

import numpy as np
import pytest

from pytwin import InputError, glucose, kalman
from pytwin.glucose.dynamics import KINDS
from pytwin.glucose.forecast import reading_after
from pytwin.glucose.scale import SCALES
from pytwin.reference.discretise import van_loan
from pytwin.reference.kalman import linear_filter

DAYS = 5
LEARNED = 3 * 1440.0


def series(kind: str, scale: str, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Readings of a person who is exactly as the model says, a few of them late or missing."""
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.choice([5.0, 5.0, 5.0, 5.1, 4.9, 10.0], DAYS * 260))
    times[700:] += 200.0
    arrays = KINDS[kind].arrays(KINDS[kind].start[None])
    steps = kalman.discretise(arrays["F"][0, 0], arrays["Q"][0, 0], np.diff(times))
    x = rng.multivariate_normal(np.zeros(len(arrays["x0"])), arrays["P0"])
    seen = [x[0]]
    for F, Q in zip(steps.F, steps.Q, strict=True):
        x = F @ x + np.linalg.cholesky(Q + 1e-15 * np.eye(len(x))) @ rng.normal(size=len(x))
        seen.append(x[0])
    noisy = np.array(seen) + KINDS[kind].start[-1] * rng.normal(size=len(times))
    centre, spread = {"plain": (150.0, 18.0), "root": (12.0, 0.8), "log": (5.0, 0.2)}[scale]
    return times, SCALES[scale].of(centre + spread * noisy)


@pytest.fixture(scope="module", params=[("minimal", "root"), ("oscillator", "log")], ids=lambda p: p[0])
def made(request):
    times, y = series(*request.param)
    return times, y, glucose.forecast(times, y, until=LEARNED)


def errors(times, y, ahead):
    """Errors of the forecasts that are a test, (n, H), and whether the interval held."""
    index = np.stack([reading_after(times, y, h) for h in ahead.horizons], axis=1)
    test = (index >= 0).all(axis=1) & ~ahead.learned_on
    target = y[index[test]]
    held = (ahead.lower[test] <= target) & (target <= ahead.upper[test])
    return ahead.mean[test] - target, held, test


def test_better_than_the_last_value_and_intervals_hold(made) -> None:
    times, y, ahead = made
    error, held, test = errors(times, y, ahead)
    index = np.stack([reading_after(times, y, h) for h in ahead.horizons], axis=1)[test]
    still = y[test][:, None] - y[index]
    assert (np.sqrt((error**2).mean(axis=0)) < 0.9 * np.sqrt((still**2).mean(axis=0))).all()
    assert ((held.mean(axis=0) > 0.85) & (held.mean(axis=0) < 0.95)).all()


def test_near_the_forecast_with_the_true_parameters(made, request) -> None:
    """What learning costs in mean squared error: a few per cent."""
    times, y, ahead = made
    kind, scale = ("minimal", "root") if "minimal" in request.node.name else ("oscillator", "log")
    centre, spread = {"root": (12.0, 0.8), "log": (5.0, 0.2)}[scale]
    true = glucose.Dynamics(
        kind, scale, dict(zip(KINDS[kind].names, KINDS[kind].start, strict=True)), centre, spread, LEARNED, {}
    )
    best, _, _ = errors(times, y, glucose.forecast(times, y, dynamics=true))
    own, _, _ = errors(times, y, ahead)
    assert ((own**2).mean(axis=0) < 1.08 * (best**2).mean(axis=0)).all()


def test_nothing_of_the_future_is_used(made) -> None:
    times, y, ahead = made
    end = 900
    cut = glucose.forecast(times[:end], y[:end], dynamics=ahead.dynamics)
    changed = y.copy()
    changed[end:] = 77.0
    other = glucose.forecast(times, changed, until=LEARNED)
    for name in ("mean", "lower", "upper"):
        assert np.array_equal(getattr(cut, name), getattr(ahead, name)[:end])
        assert np.array_equal(getattr(other, name)[:end], getattr(ahead, name)[:end])


def test_the_mean_is_that_of_a_plain_filter(made) -> None:
    """Every gap as a transition of its own, in NumPy, and one of half an hour more."""
    times, y, ahead = made
    own, n = ahead.dynamics, 200
    arrays = own.arrays()
    A, Q, R, h = arrays["F"][0], arrays["Q"][0], arrays["R"][0], arrays["H"][0]
    steps = [van_loan(A, Q, np.zeros(len(A)), gap) for gap in np.append(np.diff(times[:n]), 0.0)]
    run = linear_filter(
        own.standard(y[:n])[:, None], np.stack([F for F, *_ in steps]), arrays["H"],
        np.stack([q for _, q, _ in steps]), R, arrays["x0"], arrays["P0"],
    )  # fmt: skip
    F, noise, _ = van_loan(A, Q, np.zeros(len(A)), 30.0)
    moved = np.array(run.mean) @ F.T @ h
    var = np.array([h @ (F @ P @ F.T + noise) @ h for P in run.cov]) + R[0, 0]
    expected = SCALES[own.scale].mean(own.centre + own.spread * moved, own.spread**2 * var)
    np.testing.assert_allclose(ahead.mean[:n, 0], expected, rtol=1e-8)


def test_dates_and_minutes_agree() -> None:
    times, y = series("minimal", "plain")
    dates = np.datetime64("2024-03-01T06:00") + np.round(times * 60e6).astype("timedelta64[us]")
    until = np.datetime64("2024-03-01T06:00") + np.timedelta64(int(LEARNED), "m")
    plain = glucose.learn(times, y, until=LEARNED, kinds=("minimal",), scales=("plain",))
    dated = glucose.learn(dates, y, until=until, kinds=("minimal",), scales=("plain",))
    assert plain.loglike["minimal", "plain"] == pytest.approx(dated.loglike["minimal", "plain"], abs=1e-4)


def test_missing_readings_are_forecast_through(made) -> None:
    times, y, ahead = made
    some = y.copy()
    some[800:812] = np.nan
    found = glucose.forecast(times, some, dynamics=ahead.dynamics)
    assert np.isfinite(found.mean).all()
    width, before = (found.upper - found.lower)[811], (ahead.upper - ahead.lower)[799]
    assert (width > before).all()


def test_every_scale_comes_back_and_has_its_slope() -> None:
    g = np.array([45.0, 120.0, 390.0])
    for scale in SCALES.values():
        np.testing.assert_allclose(scale.of(scale.to(g)), g, rtol=1e-14)
        slope = (scale.to(g * (1 + 1e-6)) - scale.to(g * (1 - 1e-6))) / (2e-6 * g)
        np.testing.assert_allclose(np.log(slope), scale.log_slope(g), atol=1e-8)
        z = scale.to(120.0) + 0.05 * scale.to(120.0) * np.random.default_rng(1).normal(size=200_000)
        assert scale.mean(scale.to(120.0), z.var()) == pytest.approx(scale.of(z).mean(), rel=2e-3)


def test_reading_after() -> None:
    minutes = np.array([0.0, 5.0, 10.0, 33.0, 60.0])
    y = np.array([1.0, 1.0, 1.0, np.nan, 1.0])
    assert reading_after(minutes, y, 5.0).tolist() == [1, 2, -1, -1, -1]
    assert reading_after(minutes, y, 57.5).tolist() == [4, 4, -1, -1, -1]
    assert reading_after(minutes, np.full(5, np.nan), 5.0).tolist() == [-1] * 5


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"glucose": -1.0}, "glucose.bad-value"),
        ({"glucose": np.inf}, "glucose.bad-value"),
        ({"times": np.nan}, "glucose.bad-time"),
        ({"times": -50.0}, "glucose.bad-time"),
        ({"until": 100.0}, "glucose.too-short"),
        ({"until": None}, "glucose.bad-argument"),
        ({"horizons": (0.0,)}, "glucose.bad-argument"),
        ({"horizons": ()}, "glucose.bad-argument"),
        ({"level": 1.0}, "glucose.bad-argument"),
        ({"memory": 0.0}, "glucose.bad-argument"),
        ({"times": "short"}, "glucose.bad-shape"),
    ],
)
def test_bad_input(change, code) -> None:
    times, y = series("minimal", "plain")
    given: dict = {"times": times.copy(), "glucose": y.copy(), "until": LEARNED}
    for name, value in change.items():
        if name in ("times", "glucose") and isinstance(value, float):
            given[name][20] = value
        else:
            given[name] = times[:-1] if value == "short" else value
    with pytest.raises(InputError) as caught:
        glucose.forecast(**given)
    assert caught.value.code == code


def test_unknown_kind_and_scale() -> None:
    times, y = series("minimal", "plain")
    for wrong in ({"kinds": ("neural",)}, {"scales": ()}):
        with pytest.raises(InputError, match="no such kind"):
            glucose.learn(times, y, **wrong)
