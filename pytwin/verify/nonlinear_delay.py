"""Filters of models with delays and triggers: exact Gaussians, plain NumPy runs, bits.

The linear delay equation has a posterior in closed form. Mackey and Glass's equation and the bouncing ball
are followed by plain NumPy versions with the same random numbers, or beside a particle filter.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin import estimation
from pytwin.estimation import METHODS, Filter
from pytwin.model import Model
from pytwin.reference import delay_filter
from pytwin.reference.ball import bounce
from pytwin.reference.nonlinear_particle import Observation, ParticleRun, bootstrap
from pytwin.verify.case import Case, at_most, equal
from pytwin.verify.run import Context

Array = NDArray[np.float64]
EXACT = "joint normal distribution of states and observations, from the closed form by steps"
OWN = "plain NumPy version with the same random numbers"
SIGMA = ("ukf", "ckf", "iplf")
NOISE, STEP = 0.05, 0.1
GLASS: dict[str, Any] = {"mean": 1.2, "sd": 0.2, "error": 0.05, "q": 2.5e-5}
FEW = {"n_member": 40, "n_particle": 100}


def cases(context: Context) -> Iterator[Case]:
    """Delays against closed forms and twins, triggers against twins, then bits."""
    for method in SIGMA:
        yield from exact(method, 0.0, {"past": 64}, 2e-3)
        yield from exact(method, NOISE, {"past": 128}, 2e-3)
    members = 6000 if context.full else 1500
    for method, bound in (("etkf", 4.0), ("enkf", 4.0)):
        yield from exact(method, NOISE, {"n_member": members}, bound / np.sqrt(members))
    yield from exact("particle", NOISE, {"n_particle": 2 * members}, 8.0 / np.sqrt(2 * members))
    yield from glass()
    yield from ball(20_000 if context.full else 4_000)
    for method in METHODS:
        if METHODS[method].delays:
            yield equal(
                f"{method} with a delay: arrays whose bits are not the batch's", 0, online(method), source=OWN
            )
    yield equal("batch, order and threads with a delay: other bits", 0, invariance(), source=OWN)


def observed() -> tuple[Array, Array]:
    """What the linear equation with kicks made; one value is missing."""
    times: Array = 0.37 * np.arange(1, 13, dtype=np.float64)
    rng = np.random.default_rng(3)
    ends, spans = delay_filter.kicks(times, STEP)
    y = delay_filter.responses(times, ends) @ np.concatenate(
        [[1.2 + 0.5 * rng.normal()], np.sqrt(NOISE * spans) * rng.normal(size=len(ends))]
    )
    y += 0.1 * rng.normal(size=12)
    y[3] = np.nan
    return times, y


def exact(method: str, noise: float, options: dict[str, Any], bound: float) -> Iterator[Case]:
    """Worst mean, in prior standard deviations, and worst standard deviation, in the same."""
    times, y = observed()
    mean, var, loglike = delay_filter.linear(times, y, 0.1, 1.2, 0.25, noise=noise, step=STEP)
    found = estimation.filter(
        Model("linear_delay"), times, y, outputs=["value"], noise=0.1, x0=[1.2], P0=[[0.25]], start=0.0,
        Q=[[noise]] if noise else None, noise_step=STEP, method=method, **options,
    )  # fmt: skip
    name = f"{method}, x' = -x(t - 1), {'kicks' if noise else 'no noise'}"
    yield at_most(
        f"{name}: means off by", bound, float(np.max(np.abs(found.mean[:, 0] - mean)) / 0.5), source=EXACT
    )
    sd = np.sqrt(found.cov[:, 0, 0])
    yield at_most(f"{name}: SDs off by", bound, float(np.max(np.abs(sd - np.sqrt(var))) / 0.5), source=EXACT)
    if method in SIGMA:
        yield at_most(f"{name}: ln p off by", 15 * bound, float(abs(found.loglike - loglike)), source=EXACT)


def glass() -> Iterator[Case]:
    """Particles on Mackey and Glass's equation: the core's and NumPy's, resampled with their past."""
    times = 6.0 * np.arange(1, 11, dtype=np.float64)
    truth = delay_filter.glass_paths(np.array([0.9]), 60.0)[0][::48]
    y = truth[1:] + GLASS["error"] * np.random.default_rng(1).normal(size=10)
    for q in (0.0, GLASS["q"]):
        found = estimation.filter(
            Model("mackey_glass"), times, y, outputs=["cells"], noise=GLASS["error"], x0=[GLASS["mean"]],
            P0=[[GLASS["sd"] ** 2]], start=0.0, Q=[[q]] if q else None, method="particle", n_particle=40,
            past=136, noise_step=2.0,
        )  # fmt: skip
        plain = glass_twin(times, y, q, 40)
        worst = float(np.max(np.abs(found.mean[:, 0] - np.array(plain.mean)[:, 0])))
        name = f"particles, Mackey-Glass, {'kicks' if q else 'no noise'}"
        yield at_most(f"{name}: means off by", 2e-3 if q else 2e-4, worst, source=OWN)
        yield at_most(
            f"{name}: ln p off by", 5e-2 if q else 1e-2, float(abs(found.loglike - plain.loglike)), source=OWN
        )


def glass_twin(times: Array, y: Array, q: float, n: int) -> ParticleRun:
    """The bootstrap filter of NumPy; a particle's row is its state and its past, step by step."""
    width = delay_filter.GLASS_LAG + 1
    Q = np.zeros((width, width))
    Q[0, 0] = q
    return bootstrap(
        delay_filter.glass_flow, lambda t, Z: Z[:, :1], np.full(width, GLASS["mean"]),
        np.full((width, width), GLASS["sd"] ** 2), Q,
        [Observation(t, 0, v, a=GLASS["error"]) for t, v in zip(times, y, strict=True)],
        n=n, noise_step=2.0,
    )  # fmt: skip


def ball(n: int) -> Iterator[Case]:
    """A bouncing ball, each particle, member and point with bounces at its own times."""
    times = np.linspace(0.1, 2.5, 25)
    start: dict[str, Any] = {"x0": [1.0, 0.0], "P0": np.diag([0.04, 0.01]), "start": 0.0, "noise": 0.05}
    truth = bounce(np.array([[1.1, 0.1]]), times)[:, 0, 0]
    y = truth + 0.05 * np.random.default_rng(2).normal(size=25)
    model = Model("bouncing_ball")

    def run(method: str, **options: Any) -> Any:
        return estimation.filter(model, times, y, outputs=["height"], method=method, **start, **options)

    found = run("particle", n_particle=200, resample=0.0)
    plain = bootstrap(
        lambda t0, t1, Z: bounce(Z, np.array([t1 - t0]))[0], lambda t, Z: Z, np.array([1.0, 0.0]),
        start["P0"], np.zeros((2, 2)), [Observation(t, 0, v, a=0.05) for t, v in zip(times, y, strict=True)],
        n=200, resample=0.0,
    )  # fmt: skip
    worst = float(np.max(np.abs(found.mean - np.array(plain.mean))))
    yield at_most("particles, bouncing ball: means off by", 1e-6, worst, source=OWN)
    long = run("particle", n_particle=n, Q={"v": 0.01}, noise_step=0.1)
    for method, options, bound in (
        ("ekf", {}, 0.5),
        ("ukf", {}, 1.5),
        ("etkf", {"n_member": 400}, 1.5),
        ("enkf", {"n_member": 400}, 1.5),
    ):
        got = run(method, Q={"v": 0.01}, noise_step=0.1, **options)
        off = float(np.sqrt(np.mean((got.mean[:, 0] - long.mean[:, 0]) ** 2 / long.cov[:, 0, 0])))
        yield at_most(
            f"{method}, bouncing ball: RMS of heights beside particles, in SDs", bound, off, source=OWN
        )


def online(method: str) -> int:
    """Arrays of a record in another order, saved on the way, that differ from the batch's in any bit."""
    times, y = observed()
    own = {name: value for name, value in FEW.items() if name in METHODS[method].options}
    call: dict[str, Any] = {
        "model": Model("linear_delay"), "outputs": ["value"], "noise": 0.1, "x0": [1.2, 1.0],
        "P0": np.diag([0.25, 0.04]), "theta": {"tau": "log"}, "Q": {"x": NOISE}, "noise_step": 0.3,
        "start": 0.0, "method": method, "past": 16, **own,
    }  # fmt: skip
    one = Filter(**call, every=3)
    for k, i in enumerate(np.random.default_rng(4).permutation(12)):
        one.update(times[i], "value", y[i])
        if k % 5 == 4:
            one = Filter.load(one.save())
    batch, got = estimation.filter(call.pop("model"), times, y, **call), one.estimate()
    arrays = ("mean", "cov", "predicted", "predicted_var", "use", "end_mean", "end_cov", "loglike")
    return sum(not np.array_equal(getattr(got, a), getattr(batch, a), equal_nan=True) for a in arrays)


def invariance() -> int:
    """Patients alone, in a batch, in another order and by two threads."""
    times, y = observed()
    many = y + 0.1 * np.random.default_rng(5).normal(size=(5, 12))
    worst = 0
    for method, model, output in (
        ("ukf", "linear_delay", "value"), ("etkf", "linear_delay", "value"),
        ("ukf", "bouncing_ball", "height"),
    ):  # fmt: skip
        n = len(Model(model).states)

        def run(rows: Array, model: str = model, output: str = output, n: int = n, **more: Any) -> Array:
            found = estimation.filter(
                Model(model), times, rows, outputs=[output], noise=0.2, x0=np.ones(n), P0=0.1 * np.eye(n),
                start=0.0, Q=0.01 * np.eye(n), noise_step=0.5, errors="status", **more,
            )  # fmt: skip
            return np.asarray(found.mean)

        own: dict[str, Any] = {} if method == "ukf" else {"n_member": 30}
        batch = run(many[..., None], method=method, **own)
        worst += not np.array_equal(
            batch, run(many[..., None], method=method, threads=2, **own), equal_nan=True
        )
        if method == "ukf":
            back = run(many[::-1, :, None], method=method)[::-1]
            worst += not np.array_equal(batch, back, equal_nan=True)
        alone = run(many[0], method=method, **own)
        worst += not np.array_equal(batch[0], alone, equal_nan=True)
    return worst
