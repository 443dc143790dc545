"""Cases of noise: moments of the Ornstein-Uhlenbeck process, paths of geometric Brownian motion, orders.

A moment is judged by its distance from the exact one, at most 4 standard errors of the Monte Carlo estimate;
the seed is fixed, so that the figures are the same in every run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.model import Model
from pytwin.verify.case import Case, at_most, between, equal
from pytwin.verify.run import Context

Array = NDArray[np.float64]
SEED = 4
ERRORS = 4.0
OU = {"theta": 0.7, "mu": 1.5, "sigma": 0.8}
START, TIMES = 4.0, np.array([0.3, 1.0, 2.0, 5.0])
UHLENBECK = "exact moments (Uhlenbeck, Ornstein, Phys Rev 1930;36:823-841)"
GBM = {"mu": 0.6, "sigma": 0.8}
EXACT = "exact solution on the same path (Kloeden, Platen, Springer 1992, 4.4)"
ROESSLER = "strong order 3/2 (Roessler, SIAM J Numer Anal 2010;48:922-952)"
KLOEDEN = (
    "Kloeden, Platen, Numerical Solution of Stochastic Differential Equations, Springer 1992, 10.2, 14.1"
)


def cases(context: Context) -> Iterator[Case]:
    """All cases of noise."""
    draws = 100_000 if context.full else 20_000
    yield from moments("srk", 0.05, draws)
    yield from moments("euler-maruyama", 0.002, draws // 4)
    yield path()
    yield strong("euler-maruyama", (0.4, 0.65), f"1/2 with multiplicative noise ({KLOEDEN})")
    yield strong("srk", (1.3, 1.75), ROESSLER)
    yield additive("euler-maruyama", (0.9, 1.15), f"1 with additive noise ({KLOEDEN})")
    yield additive("srk", (1.4, 2.2), f"{ROESSLER} or more, 2 where the drift is linear")
    yield weak("euler-maruyama", (0.8, 1.2), f"weak order 1 ({KLOEDEN})")
    yield weak("srk", (1.8, 2.3), "weak order 2 (Roessler, SIAM J Numer Anal 2010;48:922-952)")
    yield halved()


def run(name: str, times: Any, params: dict[str, float], draws: int, **options: Any) -> Array:
    """The one output, shape (draws, T)."""
    start = {"x": options.pop("x0", 1.0)}
    found = Model(name).simulate(times, None, params, start, draws=draws, seed=SEED, **options)
    return np.asarray(found.y[..., 0], dtype=np.float64)


# ---- Ornstein-Uhlenbeck ----


def moments(method: str, step: float, draws: int) -> Iterator[Case]:
    """Mean, variance and autocovariance at times inside and at the ends of steps."""
    x = run("ornstein_uhlenbeck", TIMES, OU, draws, method=method, step=step, x0=START)
    theta, mu, sigma = OU.values()
    mean = mu + (START - mu) * np.exp(-theta * TIMES)
    variance = sigma**2 * (1 - np.exp(-2 * theta * TIMES)) / (2 * theta)
    name, n = f"ornstein_uhlenbeck, {method}, {draws} draws", draws
    error = np.abs(x.mean(axis=0) - mean) / np.sqrt(variance / n)
    yield at_most(f"{name}: mean, standard errors", ERRORS, float(error.max()), source=UHLENBECK)
    error = np.abs(x.var(axis=0) / variance - 1) / np.sqrt(2 / n)
    yield at_most(f"{name}: variance, standard errors", ERRORS, float(error.max()), source=UHLENBECK)
    worst = 0.0
    for i in range(len(TIMES)):
        for k in range(i + 1, len(TIMES)):
            exact = np.exp(-theta * (TIMES[k] - TIMES[i])) * variance[i]
            found = np.mean((x[:, i] - mean[i]) * (x[:, k] - mean[k]))
            spread = np.sqrt((variance[i] * variance[k] + exact**2) / n)
            worst = max(worst, abs(found - exact) / spread)
    yield at_most(f"{name}: autocovariance, standard errors", ERRORS, float(worst), source=UHLENBECK)


# ---- geometric Brownian motion ----


def brownian(times: Any, draws: int, step: float) -> Array:
    """W at times on the paths that geometric_brownian follows: dx = dW with the same seed."""
    still = {"theta": 0.0, "mu": 0.0, "sigma": 1.0}
    return run("ornstein_uhlenbeck", times, still, draws, method="euler-maruyama", step=step, x0=0.0)


def exact(times: Array, draws: int, step: float) -> Array:
    """exp((mu - sigma^2/2) t + sigma W(t))"""
    drift = GBM["mu"] - GBM["sigma"] ** 2 / 2
    return np.asarray(np.exp(drift * times + GBM["sigma"] * brownian(times, draws, step)))


def path() -> Case:
    """Single paths, fine steps, at times inside and at the ends of cells."""
    times = np.array([0.3, 0.5, 1.0, 1.7, 2.0])
    x = run("geometric_brownian", times, GBM, 50, method="srk", step=0.5, refine=12)
    error = float(np.max(np.abs(x / exact(times, 50, 0.5) - 1)))
    name = "geometric_brownian, srk, steps of 2^-13, 50 paths: largest relative error"
    return at_most(name, 1e-4, error, source=EXACT)


def slope(errors: list[float]) -> float:
    """Order from errors at steps that are halved from one to the next, least squares."""
    return float(-np.polyfit(np.arange(len(errors)), np.log2(errors), 1)[0])


def strong(method: str, bounds: tuple[float, float], source: str) -> Case:
    """Order of the root mean square error at t = 1."""
    times = np.array([1.0])
    true = exact(times, 4000, 0.5)
    errors = [
        float(np.sqrt(np.mean((run("geometric_brownian", times, GBM, 4000, **o) - true) ** 2)))
        for o in halvings(method, 3, 8)
    ]
    return between(f"geometric_brownian, {method}: strong order", bounds, slope(errors), source=source)


def additive(method: str, bounds: tuple[float, float], source: str) -> Case:
    """The same with additive noise, against steps of 2^-13 on the same paths."""
    times = np.array([1.0])
    fine = run("ornstein_uhlenbeck", times, OU, 1000, method="srk", step=0.5, refine=12, x0=START)
    errors = [
        float(np.sqrt(np.mean((run("ornstein_uhlenbeck", times, OU, 1000, x0=START, **o) - fine) ** 2)))
        for o in halvings(method, 2, 7)
    ]
    return between(f"ornstein_uhlenbeck, {method}: strong order", bounds, slope(errors), source=source)


def weak(method: str, bounds: tuple[float, float], source: str) -> Case:
    """Order of the error of the mean at t = 1, seen against the exact solution on the same paths."""
    times, draws = np.array([1.0]), 400_000
    true = exact(times, draws, 0.5)
    errors = [
        abs(float(np.mean(run("geometric_brownian", times, GBM, draws, **o) - true)))
        for o in halvings(method, 0, 3)
    ]
    return between(
        f"geometric_brownian, {method}: weak order of the mean", bounds, slope(errors), source=source
    )


def halvings(method: str, first: int, last: int) -> list[dict[str, Any]]:
    """Steps of 1/2 halved first, ..., last - 1 times, on the same paths."""
    return [{"method": method, "step": 0.5, "refine": k} for k in range(first, last)]


def halved() -> Case:
    """W at the ends of cells does not depend on how often steps are halved."""
    times, still = np.arange(1.0, 6.0), {"theta": 0.0, "mu": 0.0, "sigma": 1.0}
    options: dict[str, Any] = {"method": "euler-maruyama", "step": 0.5, "x0": 0.0}
    coarse = run("ornstein_uhlenbeck", times, still, 100, **options)
    fine = run("ornstein_uhlenbeck", times, still, 100, refine=8, **options)
    name = "a Brownian path with steps halved eight times: largest difference"
    return equal(name, 0.0, float(np.max(np.abs(fine - coarse))), absolute=1e-12, source="the same path")
