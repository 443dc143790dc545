"""Extended filters: the published pendulum, linear models, damped searches from wide log-normal priors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin import _core, kalman
from pytwin.model.actions import table
from pytwin.verify import pendulum
from pytwin.verify.case import Case, at_most, equal, info
from pytwin.verify.run import Context

Array = NDArray[Any]
# Name of the published columns -> options, published RMSE of the filter and of the smoother.
PENDULUM: dict[str, tuple[dict[str, Any], tuple[float, float]]] = {
    "ekf": ({}, (0.168308590611537, 0.057446202494835)),
    "iekf": ({"max_iter": 10}, (0.165475164721191, 0.034636044190430)),
}
RK4 = 3  # csrc/ode/ode.h, pt_method
LOG, DOSE, ERROR = 1, 100.0, 0.05
# Names of pytwin.kalman and of the core.
PAIRS = (
    ("mean", "filtered_mean"),
    ("cov", "filtered_cov"),
    ("smoothed_mean", "smoothed_mean"),
    ("smoothed_cov", "smoothed_cov"),
)
THETA = ("CL", "V", "KA")
LOG_ADDITIVE, PROPORTIONAL = 3, 1
DAMPED: dict[str, Any] = {"max_iter": 1000, "damping": 1e-3, "tolerance": 1e-9}


def cases(context: Context) -> Iterator[Case]:
    """The published pendulum, then what is owed on linear models and from wide priors."""
    for column, (options, rmse) in PENDULUM.items():
        yield from pendulum.cases_of(context, column, column, rmse, **options)
    for method in ("ekf", "iekf"):
        yield from linear(method)
    for noise, name in ((LOG_ADDITIVE, "log-additive"), (PROPORTIONAL, "proportional")):
        yield from wide(name, noise, 400 if context.full else 30)
    for noise, name in ((LOG_ADDITIVE, "log-additive"), (PROPORTIONAL, "proportional")):
        for error in (0.1, 0.01, 0.001):
            yield from precise(name, noise, error, 200 if context.full else 40)


def run(method: str, mean: Array, cov: Array, y: Array, times: Array, **options: Any) -> dict[str, Any]:
    """Patients of the oral one-compartment model after a dose at time 0, y (N, T); a row each."""
    core, (N, T) = _core.Model("pk_1cpt_oral"), y.shape
    names = [p["name"] for p in core.params]
    theta = options.pop("theta", ())
    noise, a, b = options.pop("noise", (0, 1.0, 0.0))
    fixed = options.pop("params", {})
    plan = np.tile(table([(0.0, _core.ACTION_BOLUS, 0, DOSE)]), N)
    return _core.nonlinear(
        core,
        np.array([names.index(t) for t in theta], dtype=np.int32),
        np.full(len(theta), LOG, dtype=np.int8),
        mean=mean,
        cov=cov,
        params=np.tile([fixed.get(p["name"], p["value"]) for p in core.params], (N, 1)),
        Q=options.pop("Q", np.zeros_like(cov)),
        start=np.zeros(N),
        end=times[:, -1],
        actions=plan,
        action_offsets=np.arange(N + 1),
        obs_time=times.ravel(),
        obs_output=np.zeros(N * T, dtype=np.int32),
        obs_value=y.ravel(),
        obs_noise=np.full(N * T, noise, dtype=np.int8),
        obs_a=np.full(N * T, a),
        obs_b=np.full(N * T, b),
        obs_censor=np.zeros(N * T, dtype=np.int8),
        obs_offsets=T * np.arange(N + 1),
        method=method,
        **options,
    )


def linear(method: str) -> Iterator[Case]:
    """Amounts of a drug by the classical method in steps of 1/4 h, whose map is a polynomial of the rates."""
    core, T, h = _core.Model("pk_1cpt_oral"), 40, 0.25
    p = {f["name"]: float(f["value"]) for f in core.params} | {"KA": 0.05}  # far from the bound at 0
    K = np.array([[-p["KA"], 0.0], [p["KA"], -p["CL"] / p["V"]]])
    step = np.eye(2) + h * K + (h * K) @ (h * K) / 2
    step += np.linalg.matrix_power(h * K, 3) / 6 + np.linalg.matrix_power(h * K, 4) / 24
    mean, cov, Q = np.array([200.0, 300.0]), np.array([[90.0, 30.0], [30.0, 60.0]]), np.diag([2.0, 1.0])
    H, R = np.array([[0.0, 1 / p["V"]]]), np.array([[0.04]])
    amounts = [np.linalg.matrix_power(step, k) @ (mean + [DOSE, 0]) for k in range(1, T + 1)]
    y = (np.array(amounts)[None, :, 1:] + 5 * np.random.default_rng(1).normal(size=(1, T, 1))) / p["V"]
    y[0, 7:10] = np.nan
    x0, P0 = step @ (mean + [DOSE, 0]), step @ cov @ step.T + h * Q
    expected: Any = kalman.smooth(y, step, H, h * Q, R, x0, P0, outputs=(*(a for a, _ in PAIRS), "loglike"))
    got = run(
        method, mean[None], cov[None], y[..., 0], h * np.arange(1, T + 1)[None], Q=Q[None], params=p,
        noise=(0, 0.2, 0.0), ode_method=RK4, step=h, trace=True, smooth=True, **DAMPED,
    )  # fmt: skip
    source = "pytwin.kalman.smooth on the same linear model"
    for name, ours in PAIRS:
        want = np.asarray(getattr(expected, name))[0]
        gap = float(np.abs(got[ours] - want).max() / np.abs(want).max())
        yield at_most(f"linear model, {method}, {ours}: largest error", 1e-12, gap, source=source)
    want_ln = float(np.asarray(expected.loglike).ravel()[0])
    yield equal(
        f"linear model, {method}: ln p(y)", want_ln, float(got["loglike"][0]), relative=1e-12, source=source
    )


def concentration(theta: Array, t: Array) -> Array:
    """Closed form of the model's output: theta (..., 3) natural logarithms, t (...)."""
    CL, V, KA = np.moveaxis(np.exp(theta), -1, 0)
    k = CL / V
    KA = np.where(np.abs(KA - k) < 1e-7 * KA, KA * (1 + 1e-6), KA)
    found: Array = DOSE * KA / (V * (KA - k)) * (np.exp(-k * t) - np.exp(-KA * t))
    return found


def misfit(theta: Array, prior: Array, sd: Any, t: Any, y: Array, noise: int, size: float = ERROR) -> Array:
    """-ln of the posterior density but for a constant: theta (..., 3)."""
    h = concentration(theta, t)
    with np.errstate(all="ignore"):
        if noise == LOG_ADDITIVE:
            error = 0.5 * (np.log(y / h) / size) ** 2
        else:
            error = 0.5 * ((y - h) / (size * h)) ** 2 + np.log(size * h)
        total: Array = 0.5 * np.sum(((theta - prior) / sd) ** 2, axis=-1) + error
    return np.where(np.isfinite(total), total, np.inf)


def descend(theta: Array, *rest: Any) -> Array:
    """The least misfit that a random search in smaller and smaller steps finds around theta (N, 3)."""
    rng, best = np.random.default_rng(4), misfit(theta, *rest)
    size = np.full(len(theta), 0.1)
    for _ in range(3000):
        trial = theta + size[:, None] * rng.standard_normal(theta.shape)
        at = misfit(trial, *rest)
        better = at < best
        theta, best = np.where(better[:, None], trial, theta), np.where(better, at, best)
        size = np.clip(np.where(better, 1.5 * size, 0.93 * size), 1e-8, 1.0)
    return best


def wide(name: str, noise: int, n: int) -> Iterator[Case]:
    """One observation with an error of 5 % against a prior with standard deviations of 1 to 2 in logarithms.

    The smoothed parameters are where the posterior density has a maximum: no search from there finds more.
    """
    rng, prior = np.random.default_rng(7), np.log([1.1, 20.0, 1.5])
    sd = rng.uniform(1, 2, (n, 3))
    theta, t = prior + sd * rng.standard_normal((n, 3)), rng.uniform(0.5, 24, n)
    t = np.where(concentration(theta, t) < 1e-8, 0.5, t)
    y = concentration(theta, t) * np.exp(ERROR * rng.standard_normal(n))
    mean = np.hstack([np.zeros((n, 2)), np.tile(prior, (n, 1))])
    cov = np.zeros((n, 5, 5))
    cov[:, 2:, 2:] = sd[:, :, None] ** 2 * np.eye(3)
    shared: dict[str, Any] = {
        "theta": THETA,
        "noise": (noise, ERROR, ERROR),
        "smooth": True,
        "rtol": 1e-8,
        "atol": 1e-11,
    }
    source = "closed form, random search from the answer"

    def excess(**options: Any) -> tuple[Array, Array]:
        got = run("iekf", mean, cov, y[:, None], t[:, None], **shared, **options)
        at = np.nan_to_num(got["smoothed_mean"][:, 2:], nan=50.0)
        found = misfit(at, prior, sd, t, y, noise)
        return got["status"], found - descend(at, prior, sd, t, y, noise)

    status, gap = excess(**DAMPED)
    yield equal(
        f"wide prior, {name}, damped: patients that failed of {n}", 0, int((status != 0).sum()), source=source
    )
    yield at_most(
        f"wide prior, {name}, damped: largest excess of -ln density", 1e-6, float(gap.max()), source=source
    )
    status, gap = excess(**(DAMPED | {"damping": 0.0, "max_iter": 50}))
    lost = float(np.mean((status != 0) | ~(gap < 1e-3)))
    yield info(
        f"wide prior, {name}, without damping: share that fails or ends elsewhere", lost, source=source
    )


def precise(name: str, noise: int, error: float, n: int) -> Iterator[Case]:
    """Six observations of static parameters, precise ones, and a prior with SDs of 1.5 in logarithms.

    The filter's lines about one observation after another lead it far off; none may end it. The smoother's
    answer is as probable as the truth, or nearly, unless it ended in a maximum of its own.
    """
    rng, prior, sd = np.random.default_rng(8), np.log([1.1, 20.0, 1.5]), np.full((n, 3), 1.5)
    t = np.array([0.5, 1.0, 2.0, 4.0, 8.0, 24.0])
    theta = np.empty((0, 3))
    while len(theta) < n:
        more = prior + 1.5 * rng.standard_normal((n, 3))
        theta = np.vstack([theta, more[(concentration(more[:, None], t) > 1e-8).all(axis=1)]])[:n]
    y = concentration(theta[:, None], t) * np.exp(error * rng.standard_normal((n, 6)))
    cov = np.zeros((n, 5, 5))
    cov[:, 2:, 2:] = 1.5**2 * np.eye(3)
    got = run(
        "iekf", np.hstack([np.zeros((n, 2)), np.tile(prior, (n, 1))]), cov, y, np.tile(t, (n, 1)),
        theta=THETA, noise=(noise, error, error), smooth=True, rtol=1e-8, atol=1e-13, **DAMPED,
    )  # fmt: skip
    at = np.nan_to_num(got["smoothed_mean"].reshape(n, 6, 5)[:, 0, 2:], nan=50.0)

    def cost(z: Array) -> Array:
        each = [misfit(z, prior, np.inf, t[k], y[:, k], noise, error) for k in range(6)]
        total: Array = np.sum(each, axis=0) + 0.5 * np.sum(((z - prior) / sd) ** 2, axis=-1)
        return total

    label = f"six observations, error {error:g}, {name}, damped"
    yield equal(
        f"{label}: patients that failed of {n}", 0, int((got["status"] != 0).sum()), source="none may"
    )
    lost = float(np.mean(~(cost(at) < cost(theta) + 1.0)))
    yield at_most(f"{label}: share less probable than the truth", 0.1, lost, source="closed form")
    shortened = float(np.mean(got["rejected"] > 0))
    yield info(f"{label}: share with moves that were shortened", shortened, source="closed form")
