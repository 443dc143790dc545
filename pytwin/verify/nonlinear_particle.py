"""Particles and observations that are not Gaussian, on a state of which all is known exactly."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin import _core, kalman
from pytwin.reference import nonlinear_particle as plain
from pytwin.verify.case import Case, at_most, between, equal
from pytwin.verify.run import Context

Array = NDArray[np.float64]

EULER, EULER_MARUYAMA = 5, 6
THETA, MU, SIGMA, STEP = 0.4, 4.0, 0.7, 0.25
LINEAR = "pytwin.kalman, the exact filter of the same linear model"
GRID = "masses on a grid of 4,001 points"
T, START, START_VAR, ERROR = 8, 4.0, 1.0, 0.5


def cases(context: Context) -> Iterator[Case]:
    runs = 10_000 if context.full else 2_000
    yield from unbiased(runs)
    yield from convergence(100 if context.full else 40)
    yield from other_errors(runs)
    yield from calibration(4_000 if context.full else 1_000)
    yield from outlier()
    yield from bits()


def transition(per_step: float = 0.0, per_unit: float = 0.0) -> tuple[float, float, float]:
    """F, c and v of one unit of time in four Euler steps, with noise after each or at its end."""
    F, c, v = 1.0, 0.0, 0.0
    for _ in range(round(1 / STEP)):
        F, c, v = (
            (1 - STEP * THETA) * F,
            (1 - STEP * THETA) * c + STEP * THETA * MU,
            (1 - STEP * THETA) ** 2 * v,
        )
        v += per_step * STEP
    return F, c, v + per_unit


def simulate(rng: np.random.Generator, n: int, noise: int, Q: float = 0.3) -> tuple[Array, Array]:
    """States and values (n, T) as the model makes them."""
    F, c, v = transition(per_unit=Q)
    x, states = START + math.sqrt(START_VAR) * rng.normal(size=n), np.empty((n, T))
    for t in range(T):
        x = F * x + c + math.sqrt(v) * rng.normal(size=n)
        states[:, t] = x
    if noise == plain.POISSON:
        return states, rng.poisson(states).astype(float)  # 5 standard deviations above 0
    return states, states + ERROR * rng.normal(size=(n, T))


def run(values: Array, *, noise: int = plain.ADDITIVE, Q: float = 0.3, **options: Any) -> dict[str, Any]:
    """A batch of series (n, T) of the model, at 1, 2, .."""
    n, m = values.shape
    given: dict[str, Any] = {"method": "particle", "n_particle": 200, "ode_method": EULER, "step": STEP}
    result: dict[str, Any] = _core.nonlinear(
        _core.Model("ornstein_uhlenbeck"),
        np.zeros(0, np.int32),
        np.zeros(0, np.int8),
        mean=np.full((n, 1), START),
        cov=np.full((n, 1, 1), START_VAR),
        params=np.tile([THETA, MU, SIGMA], (n, 1)),
        Q=np.full((n, 1, 1), Q),
        start=np.zeros(n),
        end=np.full(n, float(m)),
        actions=np.zeros(0, _core.PLAN_DTYPE),
        action_offsets=np.zeros(n + 1, np.int64),
        obs_time=np.tile(np.arange(1.0, m + 1), n),
        obs_output=np.zeros(n * m, np.int32),
        obs_value=values.ravel(),
        obs_noise=np.full(n * m, noise, np.int8),
        obs_a=np.full(n * m, 1.0 if noise == plain.POISSON else ERROR),
        obs_b=np.zeros(n * m),
        obs_censor=np.zeros(n * m, np.int8),
        obs_offsets=np.arange(n + 1) * m,
        **(given | options),
    )
    return result


def exact(values: Array, v: float) -> Any:
    """The linear filter of one series."""
    F, c, _ = transition()
    one = np.eye(1)
    x0, P0 = np.array([F * START + c]), (F * F * START_VAR + v) * one
    return kalman.filter(
        values[:, None], F=F * one, H=one, Q=v * one, R=ERROR**2 * one, c=np.array([c]), x0=x0, P0=P0
    )


def mean_ratio(name: str, estimates: Array, truth: float, source: str) -> Case:
    """Mean of p estimated / p, within four of its standard errors of 1."""
    ratio = np.exp(estimates - truth)
    band = 4 * float(ratio.std()) / math.sqrt(len(ratio))
    return equal(
        f"{name}: mean of p estimated / p, {len(ratio)} seeds",
        1.0,
        float(ratio.mean()),
        source=source,
        absolute=band,
    )


def unbiased(runs: int) -> Iterator[Case]:
    """Whenever particles are drawn again, and whether Q or the model's diffusion moves them."""
    values = simulate(np.random.default_rng(1), 1, plain.ADDITIVE)[1]
    many = np.tile(values, (runs, 1))
    truth = float(exact(values[0], transition(per_unit=0.3)[2]).loglike)
    for resample in (0.0, 0.5, 1.0):
        got = run(many, resample=resample, n_particle=100)["loglike"]
        yield mean_ratio(f"likelihood by 100 particles, drawn again below {resample:.0%}", got, truth, LINEAR)
    got = run(many, Q=0.0, ode_method=EULER_MARUYAMA)["loglike"]
    truth = float(exact(values[0], transition(per_step=SIGMA**2)[2]).loglike)
    yield mean_ratio("likelihood with the model's own diffusion", got, truth, LINEAR)


def convergence(runs: int) -> Iterator[Case]:
    """64 times the particles: an eighth of the error."""
    values = simulate(np.random.default_rng(2), 1, plain.ADDITIVE)[1]
    truth = exact(values[0], transition(per_unit=0.3)[2]).mean[:, 0]
    many, error = np.tile(values, (runs, 1)), []
    for n in (100, 6400):
        got = run(many, n_particle=n, trace=1)["filtered_mean"].reshape(runs, T)
        error.append(float(np.sqrt(np.mean((got - truth) ** 2))))
    yield between(
        "error of the mean, 100 particles over 6,400", (6.4, 10.0), error[0] / error[1], source="N^-1/2"
    )


def other_errors(runs: int) -> Iterator[Case]:
    """Counts and Student's errors: particles, and sigma points with matched moments, against a grid."""
    grid = np.linspace(-6.0, 14.0, 4001)
    kinds: list[tuple[str, int, dict[str, Any]]] = [
        ("counts", plain.POISSON, {}),
        ("Student's errors, 4 degrees of freedom", plain.ADDITIVE, {"student": 4.0}),
    ]
    for name, noise, options in kinds:
        values = simulate(np.random.default_rng(4), 1, noise)[1]
        if noise == plain.ADDITIVE:
            values[0, 3] += 6.0
        a = 1.0 if noise == plain.POISSON else ERROR
        observations = [plain.Observation(t + 1.0, 0, y, noise, a) for t, y in enumerate(values[0])]
        truth, mean, var = plain.point_mass(
            transition(per_unit=0.3), START, START_VAR, observations, grid, options.get("student", 0.0)
        )
        got = run(np.tile(values, (runs, 1)), noise=noise, **options)["loglike"]
        yield mean_ratio(f"{name}: likelihood by particles", got, truth, GRID)
        ukf = run(values, noise=noise, method="ukf", trace=1, **options)
        off = np.abs(ukf["filtered_mean"][:, 0] - mean) / np.sqrt(var)
        yield at_most(
            f"{name}: UKF's mean off by, in standard deviations", 0.25, float(off.max()), source=GRID
        )
        yield at_most(f"{name}: UKF's ln p off by", 0.25, abs(float(ukf["loglike"][0]) - truth), source=GRID)


def calibration(n: int) -> Iterator[Case]:
    """Squared errors in units of the filter's variance, over series as the model makes them."""
    for name, noise in (("additive errors", plain.ADDITIVE), ("counts", plain.POISSON)):
        x, values = simulate(np.random.default_rng(5), n, noise)
        for method in ("particle", "ukf"):
            got = run(values, noise=noise, method=method, n_particle=500, trace=1)
            off = (got["filtered_mean"].ravel() - x.ravel()) ** 2 / got["filtered_cov"].ravel()
            yield between(
                f"{name}, {method}: mean squared error over variance",
                (0.94, 1.06),
                float(off.mean()),
                source="a calibrated filter: 1",
            )


def outlier() -> Iterator[Case]:
    """One value 20 predicted standard deviations off: how far it moves the mean, in posterior ones."""
    values = simulate(np.random.default_rng(6), 1, plain.ADDITIVE)[1]
    missing, wild = values.copy(), values.copy()
    missing[0, 4] = math.nan
    defences: list[dict[str, Any]] = [{"gate": 4.0}, {"robust": 3.0}, {"student": 4.0}]
    for method in ("ukf", "particle"):
        without = run(missing, method=method, trace=1, n_particle=20_000)
        sd = math.sqrt(without["predicted_var"][4])
        wild[0, 4] = without["predicted"][4] + 20 * sd
        for options in defences:
            got = run(wild, method=method, trace=1, n_particle=20_000, **options)
            moved = abs(got["filtered_mean"][4, 0] - without["filtered_mean"][4, 0])
            name = f"{method}, {next(iter(options))}: an outlier of 20 standard deviations moves the mean by"
            yield at_most(name, 1.0, moved / math.sqrt(without["filtered_cov"][4, 0, 0]), source="a property")


def bits() -> Iterator[Case]:
    values, names = simulate(np.random.default_rng(7), 16, plain.ADDITIVE)[1], np.arange(16)
    a = run(values, patient=names, threads=1)
    b = run(values[::-1], patient=names[::-1].copy(), threads=3)
    same = all(np.array_equal(a[k], b[k][::-1]) for k in ("mean", "cov", "loglike"))
    yield equal("order and threads change no bit", True, same, source="a property")
