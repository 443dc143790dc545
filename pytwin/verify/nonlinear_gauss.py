"""Sigma-point methods: the published pendulum, linear models, points whose equations fail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin import _core, kalman
from pytwin.verify import pendulum
from pytwin.verify.case import Case, at_most
from pytwin.verify.run import Context

Array = NDArray[np.float64]

# Published columns -> method, options, published RMSE of the filter and of the smoother.
PENDULUM: dict[str, tuple[str, dict[str, Any], tuple[float, float]]] = {
    "ukf": ("ukf", {"alpha": 1.0, "beta": 0.0, "kappa": 1.0}, (0.095243921259231, 0.036617555415464)),
    "ckf": ("ckf", {}, (0.114196603138027, 0.040646242295942)),
    "ghkf": ("ghkf", {"n_node": 5}, (0.099806242191622, 0.037101819786321)),
    "iplf": ("iplf", {"n_node": 3, "max_iter": 10}, (0.140557664587142, 0.034733224044176)),
}
# What must equal the linear filter, and how nearly.
LINEAR: dict[str, tuple[str, dict[str, Any], float]] = {
    "UKF, alpha 1": ("ukf", {}, 1e-12),
    "UKF, alpha 1e-3": ("ukf", {"alpha": 1e-3, "beta": 2.0, "kappa": 0.0}, 1e-8),
    "CKF": ("ckf", {}, 1e-12),
    "GHKF, 3": ("ghkf", {"n_node": 3}, 1e-12),
    "GHKF, 5": ("ghkf", {"n_node": 5}, 1e-12),
    "IPLF": ("iplf", {"n_node": 3}, 1e-12),
}
# Arrays of the core and of pt.kalman.
PAIRS = (
    ("filtered_mean", "mean"),
    ("filtered_cov", "cov"),
    ("loglike", "loglike"),
    ("smoothed_mean", "smoothed_mean"),
    ("smoothed_cov", "smoothed_cov"),
)


def cases(context: Context) -> Iterator[Case]:
    for column, (method, options, rmse) in PENDULUM.items():
        yield from pendulum.cases_of(context, method, column, rmse, **options)
    yield from linear()


@dataclass(frozen=True)
class Linear:
    """Two compartments with full process noise, observed at irregular times, and pt.kalman's exact answer."""

    model: Any
    params: Array
    mean: Array
    cov: Array
    Q: Array
    times: Array
    values: Array
    sd: float
    exact: Any


def linear_problem(T: int = 50, drawn: bool = False) -> Linear:
    """Values far off, or as the model itself draws them."""
    rng = np.random.default_rng(11)
    times = np.cumsum(rng.uniform(0.05, 0.2, T))
    model = _core.Model("pk_2cpt_oral")
    names = [p["name"] for p in model.params]
    params = np.array(
        [[{"KA": 0.05, "CL": 2.0, "V2": 20.0, "Q": 3.0, "V3": 30.0}.get(n, 1.0) for n in names]]
    )
    n = model.initial(params).shape[1]
    B, C = rng.normal(size=(n, n)), rng.normal(size=(n, n))
    mean, cov, Q, sd = np.full(n, 500.0), B @ B.T + np.eye(n), 0.3 * (C @ C.T + np.eye(n)), 0.4
    unit = np.eye(n)
    F = np.zeros((len(times), n, n))
    gaps = np.append(np.diff(times), 0.0)
    zero = np.zeros(n)
    for j in range(n):
        for t, gap in enumerate(gaps):
            F[t, :, j] = _response(model, params, unit[j], gap) - _response(model, params, zero, gap)
    H = (
        model.output(np.zeros(n), unit, np.repeat(params, n, axis=0))[:, :1]
        - model.output(np.zeros(1), zero[None], params)[:, :1]
    ).T
    values = rng.normal(size=len(times)) + (H @ mean)[0]
    if drawn:
        x = rng.multivariate_normal(mean, cov)
        for t, gap in enumerate(gaps):
            values[t] = (H @ x)[0] + sd * rng.normal()
            x = F[t] @ x + rng.multivariate_normal(zero, gap * Q)
    wanted = ("loglike", "mean", "cov", "smoothed_mean", "smoothed_cov")
    noises = gaps[:, None, None] * Q
    exact = kalman.smooth(values[:, None], F, H, noises, [[sd**2]], mean, cov, outputs=wanted)
    return Linear(model, params, mean, cov, Q, times, values, sd, exact)


def linear() -> Iterator[Case]:
    """The linear filter and smoother are exact on a linear model."""
    problem = linear_problem()
    for name, (method, options, bound) in LINEAR.items():
        got = run_linear(problem, method, smooth=True, **options)
        for ours, theirs in PAIRS:
            want = np.asarray(getattr(problem.exact, theirs)).reshape(got[ours].shape)
            error = float(np.abs(got[ours] - want).max() / np.abs(want).max())
            limit = bound if "smoothed" not in ours else max(bound, 1e-11)
            yield at_most(
                f"linear model, {name}: {ours}, relative", limit, error, source="pt.kalman on the same model"
            )


def _response(model: Any, params: Array, x0: Array, gap: float) -> Array:
    found: Array = model.simulate(params, x0[None], 0.0, np.zeros(0, _core.PLAN_DTYPE), [0, 0], [gap])[
        "x_end"
    ][0]
    return found


def run_linear(problem: Linear, method: str, copies: int = 1, **options: Any) -> dict[str, Any]:
    """The core's answer for `copies` patients with the same data, rows of each behind those of the last."""
    n = len(problem.times)
    model = problem.model
    return _core.nonlinear(
        model,
        np.zeros(0, dtype=np.int32),
        np.zeros(0, dtype=np.int8),
        mean=np.repeat(problem.mean[None], copies, axis=0),
        cov=np.repeat(problem.cov[None], copies, axis=0),
        params=np.repeat(problem.params, copies, axis=0),
        Q=np.repeat(problem.Q[None], copies, axis=0),
        start=np.full(copies, problem.times[0]),
        end=np.full(copies, problem.times[-1]),
        actions=np.zeros(0, _core.PLAN_DTYPE),
        action_offsets=np.zeros(copies + 1, dtype=np.int64),
        obs_time=np.tile(problem.times, copies),
        obs_output=np.zeros(n * copies, dtype=np.int32),
        obs_value=np.tile(problem.values, copies),
        obs_noise=np.zeros(n * copies, dtype=np.int8),
        obs_a=np.full(n * copies, problem.sd),
        obs_b=np.zeros(n * copies),
        obs_censor=np.zeros(n * copies, dtype=np.int8),
        obs_offsets=n * np.arange(copies + 1),
        noise_step=1e6,
        rtol=options.pop("rtol", 1e-13),
        trace=True,
        method=method,
        **options,
    )
