"""Smoothers by members and by particles: what their random errors are on a linear model, whose exact answer
is known. The iterated posterior linearisation smoother from wide priors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.verify import nonlinear_extended as oral
from pytwin.verify.case import Case, at_most, between, equal, info
from pytwin.verify.nonlinear_gauss import Linear, linear_problem, run_linear
from pytwin.verify.run import Context

Array = NDArray[np.float64]
ROWS = 30
SIZES = (100, 400, 1600)
ENSEMBLES = ("enkf", "etkf", "denkf")
PARTICLES: dict[str, dict[str, Any]] = {
    "back by simulation": {"n_particle": 1000, "n_draw": 400},
    "by ancestors, all instants": {"n_particle": 1000, "lag": ROWS},
}
SOURCE = "pytwin.kalman.smooth on the same linear model"


def cases(context: Context) -> Iterator[Case]:
    problem = linear_problem(ROWS, drawn=True)
    for method in ENSEMBLES:
        yield from ensemble(problem, method, 200 if context.full else 40)
    for name, options in PARTICLES.items():
        yield from particles(problem, name, options, 100 if context.full else 20)
    yield from wide(400 if context.full else 60)


def errors(problem: Linear, method: str, copies: int, **options: Any) -> tuple[Array, Array]:
    """Of runs that differ in their random numbers alone: smoothed means less the exact ones, in exact SDs,
    (copies, T, n), and variances over the exact ones."""
    T, n = len(problem.times), len(problem.mean)
    got = run_linear(problem, method, copies, smooth=True, rtol=1e-8, **options)
    mean = np.asarray(problem.exact.smoothed_mean).reshape(T, n)
    var = np.asarray(problem.exact.smoothed_cov).reshape(T, n, n).diagonal(axis1=1, axis2=2)
    found = got["smoothed_cov"].reshape(copies, T, n, n).diagonal(axis1=2, axis2=3)
    return (got["smoothed_mean"].reshape(copies, T, n) - mean) / np.sqrt(var), found / var


def ensemble(problem: Linear, method: str, copies: int) -> Iterator[Case]:
    """The error falls as N^-1/2."""
    size = []
    for N in SIZES:
        moved, ratio = errors(problem, method, copies, n_member=N)
        size.append(float(np.sqrt(np.mean(moved**2))))
    slope = float(np.polyfit(np.log(SIZES), np.log(size), 1)[0])
    yield between(f"{method}, smoothed means: power of N in the error", (-0.6, -0.4), slope, source=SOURCE)
    yield at_most(f"{method}, {SIZES[-1]} members: error in SDs", 0.05, size[-1], source=SOURCE)
    off = float(np.abs(np.mean(ratio) - 1))
    yield at_most(
        f"{method}, {SIZES[-1]} members: variances less the exact, relative", 0.02, off, source=SOURCE
    )


def particles(problem: Linear, name: str, options: dict[str, Any], copies: int) -> Iterator[Case]:
    """Means over runs lie within Monte Carlo errors of the exact ones."""
    moved, ratio = errors(problem, "particle", copies, **options)
    spread = moved.std(axis=0, ddof=1) / np.sqrt(copies)
    z = np.abs(moved.mean(axis=0) / spread)
    size = float(np.sqrt(np.mean(moved**2)))
    label = f"particles, {name}"
    yield at_most(f"{label}: root mean square error of a run in SDs", 0.12, size, source=SOURCE)
    yield at_most(
        f"{label}: bias in standard errors, root mean square",
        1.6,
        float(np.sqrt(np.mean(z**2))),
        source=SOURCE,
    )
    off = float(np.abs(np.mean(ratio) - 1))
    yield at_most(f"{label}: variances less the exact, relative", 0.03, off, source=SOURCE)


def wide(n: int) -> Iterator[Case]:
    """Three concentrations with an error of 5 % against log-normal priors with SDs of 0.5 to 1.

    The truths are drawn from the priors, so that few of them lie far outside what was found.
    """
    rng, prior = np.random.default_rng(7), np.log([1.1, 20.0, 1.5])
    sd = rng.uniform(0.5, 1, (n, 3))
    theta, times = prior + sd * rng.standard_normal((n, 3)), np.sort(rng.uniform(0.5, 24, (n, 3)), axis=1)
    exact = np.stack([oral.concentration(theta, t) for t in times.T], axis=1)
    y = np.maximum(exact * np.exp(oral.ERROR * rng.standard_normal((n, 3))), 1e-6)
    mean, cov = np.hstack([np.zeros((n, 2)), np.tile(prior, (n, 1))]), np.zeros((n, 5, 5))
    cov[:, 2:, 2:] = sd[:, :, None] ** 2 * np.eye(3)

    def run(**options: Any) -> dict[str, Any]:
        noise = (oral.PROPORTIONAL, oral.ERROR, oral.ERROR)
        call: dict[str, Any] = {"theta": oral.THETA, "noise": noise, "rtol": 1e-8, "atol": 1e-11}
        return oral.run("iplf", mean, cov, y, times, max_iter=100, **call, **options)

    damped, plainly = run(smooth=True, damping=0.5), run(smooth=True)
    lost = [int((got["status"] != 0).sum()) for got in (damped, plainly)]
    found = damped["smoothed_mean"].reshape(n, 3, 5)[:, 0, 2:]
    spread = np.sqrt(damped["smoothed_cov"].reshape(n, 3, 5, 5)[:, 0].diagonal(axis1=1, axis2=2)[:, 2:])
    far = float(np.nanmean((np.abs(found - theta) > 4 * spread).any(axis=1)))
    source, name = "truths drawn from the prior", "posterior linearisation smoother, wide priors"
    yield equal(f"{name}, damped: patients that failed", 0, lost[0], source=source)
    yield at_most(f"{name}, damped: share with a truth 4 SDs off", 0.05, far, source=source)
    yield info(f"{name}, without damping: patients that failed", lost[1], source=source)
