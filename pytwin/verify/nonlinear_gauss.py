"""Sigma-point methods: the published pendulum, linear models, points whose equations fail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin import _core, kalman
from pytwin.verify import pendulum
from pytwin.verify.case import Case, at_most
from pytwin.verify.run import Context

Array = NDArray[np.float64]

# Published columns -> method, options, published RMSE of the filter and of the smoother (None: not offered).
PENDULUM: dict[str, tuple[str, dict[str, Any], tuple[float, float | None]]] = {
    "ukf": ("ukf", {"alpha": 1.0, "beta": 0.0, "kappa": 1.0}, (0.095243921259231, 0.036617555415464)),
    "ckf": ("ckf", {}, (0.114196603138027, 0.040646242295942)),
    "ghkf": ("ghkf", {"n_node": 5}, (0.099806242191622, 0.037101819786321)),
    "iplf": ("iplf", {"n_node": 3, "max_iter": 10}, (0.140557664587142, None)),
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


def cases(context: Context) -> Iterator[Case]:
    for column, (method, options, rmse) in PENDULUM.items():
        yield from pendulum.cases_of(context, method, column, rmse, **options)
    yield from linear()


def linear() -> Iterator[Case]:
    """Two compartments with full process noise, observed fifty times: the linear filter is exact."""
    rng = np.random.default_rng(11)
    times = np.cumsum(rng.uniform(0.05, 0.2, 50))
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
    want = kalman.filter(
        values[:, None],
        F,
        H,
        gaps[:, None, None] * Q,
        [[sd**2]],
        mean,
        cov,
        outputs=("loglike", "mean", "cov"),
    )
    assert want.loglike is not None
    assert want.mean is not None
    assert want.cov is not None
    for name, (method, options, bound) in LINEAR.items():
        got = _run_linear(model, params, mean, cov, Q, times, values, sd, method, options)
        for what, found, expected in (
            ("mean", got["filtered_mean"], want.mean),
            ("cov", got["filtered_cov"], want.cov),
            ("log-likelihood", got["loglike"], np.array([float(want.loglike)])),
        ):
            error = float(np.abs(found - expected).max() / np.abs(expected).max())
            yield at_most(
                f"linear model, {name}: {what}, relative", bound, error, source="pt.kalman on the same model"
            )


def _response(model: Any, params: Array, x0: Array, gap: float) -> Array:
    found: Array = model.simulate(params, x0[None], 0.0, np.zeros(0, _core.PLAN_DTYPE), [0, 0], [gap])[
        "x_end"
    ][0]
    return found


def _run_linear(
    model: Any,
    params: Array,
    mean: Array,
    cov: Array,
    Q: Array,
    times: Array,
    values: Array,
    sd: float,
    method: str,
    options: dict[str, Any],
) -> dict[str, Any]:
    n = len(times)
    return _core.nonlinear(
        model,
        np.zeros(0, dtype=np.int32),
        np.zeros(0, dtype=np.int8),
        mean=mean[None],
        cov=cov[None],
        params=params,
        Q=Q[None],
        start=times[:1],
        end=times[-1:],
        actions=np.zeros(0, _core.PLAN_DTYPE),
        action_offsets=[0, 0],
        obs_time=times,
        obs_output=np.zeros(n, dtype=np.int32),
        obs_value=values,
        obs_noise=np.zeros(n, dtype=np.int8),
        obs_a=np.full(n, sd),
        obs_b=np.zeros(n),
        obs_censor=np.zeros(n, dtype=np.int8),
        obs_offsets=[0, n],
        noise_step=1e6,
        rtol=1e-13,
        trace=True,
        method=method,
        **options,
    )
