"""Extended filters of models: linear models, damped updates against the posterior density's maximum found
independently, smoothers against dense Gaussians, dose and observation at one instant, bits and bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize

from pytwin import _core

pytestmark = pytest.mark.core

Array = NDArray[np.float64]
IDENTITY, LOG, LOGIT = 0, 1, 2
ADDITIVE, PROPORTIONAL, COMBINED, LOG_ADDITIVE, POISSON = range(5)
DAMPED = {"max_iter": 100, "damping": 1e-3, "tolerance": 1e-9}
NOTHING = np.zeros(0, _core.PLAN_DTYPE)


def run(
    model: str, method: str, mean: Array, cov: Array, obs: list[tuple[float, int, float, int, float, float]],
    *, theta: tuple[str, ...] = (), scale: int = LOG, params: Array | None = None, Q: Array | None = None,
    actions: NDArray[Any] = NOTHING, start: float = 0.0, end: float | None = None, censor: int = 0,
    **options: Any,
) -> dict[str, Any]:  # fmt: skip
    """One patient; observations (time, output, value, noise, a, b)."""
    core = _core.Model(model)
    names = [p["name"] for p in core.params]
    columns = list(zip(*obs, strict=True)) or [()] * 6
    row = np.array([p["value"] for p in core.params]) if params is None else params
    nz = len(mean)
    return _core.nonlinear(
        core,
        np.array([names.index(t) for t in theta], dtype=np.int32),
        np.full(len(theta), scale, dtype=np.int8),
        mean=mean[None],
        cov=cov[None],
        params=row[None],
        Q=np.zeros((1, nz, nz)) if Q is None else Q[None],
        start=[start],
        end=[max(columns[0], default=start) if end is None else end],
        actions=actions,
        action_offsets=[0, len(actions)],
        obs_time=np.array(columns[0], dtype=float),
        obs_output=np.array(columns[1], dtype=np.int32),
        obs_value=np.array(columns[2], dtype=float),
        obs_noise=np.array(columns[3], dtype=np.int8),
        obs_a=np.array(columns[4], dtype=float),
        obs_b=np.array(columns[5], dtype=float),
        obs_censor=np.full(len(obs), censor, dtype=np.int8),
        obs_offsets=[0, len(obs)],
        method=method,
        **options,
    )


def dosed(*times: float) -> NDArray[Any]:
    plan = np.zeros(len(times), _core.PLAN_DTYPE)
    plan["time"], plan["kind"], plan["value"] = times, _core.ACTION_BOLUS, 100.0
    return plan


PRIOR = np.array([5.0, 40.0, *np.log([1.1, 20.0, 1.5])])
SPREAD = np.diag([1.0, 25.0, 0.09, 0.04, 0.25]) + 0.01
THETA = ("CL", "V", "KA")


@pytest.mark.parametrize("method", ["ekf", "iekf"])
def test_the_forecast_is_the_line_through_the_flow(method: str) -> None:
    """Mean and variance against differences of the model itself; a dose at the start, none at the end."""
    core, t = _core.Model("pk_1cpt_oral"), 3.0
    got = run(
        "pk_1cpt_oral", method, PRIOR, SPREAD, [(t, 0, np.nan, ADDITIVE, 0.2, 0.0)],
        theta=THETA, actions=dosed(0.0, t), rtol=1e-11, atol=1e-13, **DAMPED,
    )  # fmt: skip

    def output(z: Array) -> float:
        row = np.array([p["value"] for p in core.params])
        names = [p["name"] for p in core.params]
        row[[names.index(n) for n in THETA]] = np.exp(z[2:])
        where = np.zeros(1, dtype=np.int64)
        found = core.simulate(
            row[None], z[None, :2], 0.0, dosed(0.0, t), [0, 2], [t], None, where, rtol=1e-12, atol=1e-14
        )
        return float(found["y"][0, 0, 0])

    h = 1e-4 * np.eye(5)
    slope = np.array([output(PRIOR + d) - output(PRIOR - d) for d in h]) / 2e-4
    np.testing.assert_allclose(got["predicted"], output(PRIOR), rtol=1e-9)
    np.testing.assert_allclose(got["latent_var"], slope @ SPREAD @ slope, rtol=1e-6)
    assert got["use"][0] == 0 and got["loglike"][0] == 0


def misfit(z: Array, cov: Array, y: float, noise: int, censor: int) -> float:
    """-ln posterior density of (A2, ln V) but for a constant; errors of 0.03, priors about 40 and ln 20."""
    h, d = z[0] * np.exp(-z[1]), z - [40.0, np.log(20.0)]
    R = 0.03**2 * {PROPORTIONAL: h**2, COMBINED: 1 + h**2}.get(noise, 1.0)
    e = np.log(y / h) if noise == LOG_ADDITIVE else y - h
    error = -log_tail(censor * e / np.sqrt(R)) if censor else 0.5 * (e * e / R + np.log(R))
    return float(0.5 * d @ np.linalg.solve(cov, d) + error)


@pytest.mark.parametrize("noise", [PROPORTIONAL, COMBINED, LOG_ADDITIVE, ADDITIVE])
@pytest.mark.parametrize("censor", [-1, 0, 1])
def test_a_damped_update_is_the_largest_posterior_density(noise: int, censor: int) -> None:
    """From wide priors, at the instant of the start: no search of SciPy's over z itself finds more."""
    rng = np.random.default_rng(10 * noise + censor + 1)
    for _ in range(8):
        cov, y = np.diag([1.0, 9.0, rng.uniform(1, 4)]), 2 * np.exp(1.5 * rng.standard_normal())
        obs = [(0.0, 0, y, noise, 0.03, 0.03)]
        found = run(
            "pk_1cpt_oral", "iekf", np.array([0.0, 40.0, np.log(20.0)]), cov, obs,
            theta=("V",), censor=censor, trace=True, **(DAMPED | {"max_iter": 2000}),
        )  # fmt: skip
        assert found["status"][0] == 0
        z, rest = found["filtered_mean"][0, 1:], (cov[1:, 1:], y, noise, censor)
        options = {"xatol": 1e-10, "fatol": 1e-13}
        starts = [z, z + 0.02 * rng.standard_normal(2), z + 0.1 * rng.standard_normal(2)]
        best = min(minimize(misfit, x, rest, "Nelder-Mead", options=options).fun for x in starts)
        assert misfit(z, *rest) <= best + 1e-7


@pytest.mark.parametrize("student", [0.0, 4.0])
def test_counts_and_heavy_tails_are_searched_for_too(student: float) -> None:
    """Poisson counts of mean 5 h, and Student errors: the largest posterior density by SciPy."""
    for value in (1.6, 2.5) if student else (0.0, 3.0, 60.0):
        kind, a = (ADDITIVE, 0.1) if student else (POISSON, 5.0)
        cov = np.diag([1.0, 9.0, 2.0])
        found = run(
            "pk_1cpt_oral", "iekf", np.array([0.0, 40.0, np.log(20.0)]), cov, [(0.0, 0, value, kind, a, 0.0)],
            theta=("V",), student=student, **(DAMPED | {"max_iter": 2000}),
        )  # fmt: skip

        def misfit(z: Array, value: float = value, cov: Array = cov) -> float:
            h, d = z[0] * np.exp(-z[1]), z - [40.0, np.log(20.0)]
            heavy = (student + 1) / 2 * np.log1p(((value - h) / 0.1) ** 2 / student) if student else 0.0
            error = heavy if student else 5 * h - value * np.log(5 * h)
            return float(0.5 * d @ np.linalg.solve(cov[1:, 1:], d) + error)

        z = found["mean"][0, 1:]
        best = minimize(misfit, z, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-13}).fun
        assert found["status"][0] == 0 and misfit(z) <= best + 1e-7


def log_tail(x: float) -> float:
    """ln P(Z > x)."""
    from scipy.stats import norm

    return float(norm.logsf(x))


def test_a_precise_observation_of_a_vague_state_loses_nothing() -> None:
    """Variances 22 orders of magnitude apart: the exact posterior of A2 and of what A2 says of A1."""
    cov = np.array([[4.0, 3e10], [3e10, 1e22]])
    for method in ("ekf", "iekf"):
        found = run(
            "pk_1cpt_oral", method, np.array([7.0, 10.0]), cov, [(0.0, 0, 3.0, ADDITIVE, 0.05, 0.0)], **DAMPED
        )
        np.testing.assert_allclose(found["mean"][0, 1], 60.0, rtol=1e-12)
        np.testing.assert_allclose(found["cov"][0, 1, 1], 1.0, rtol=1e-9)
        np.testing.assert_allclose(found["cov"][0, 0, 0], 4.0 - 9e20 / 1e22, rtol=1e-12)


def test_company_order_and_threads_change_no_bit() -> None:
    n, rng, core = 9, np.random.default_rng(2), _core.Model("pk_1cpt_oral")
    names = [p["name"] for p in core.params]
    times, plan = np.tile([1.0, 4.0, 9.0], n), np.tile(dosed(0.0, 4.0), n)
    shared: dict[str, Any] = {"method": "iekf", "smooth": True, **DAMPED}

    def go(order: NDArray[Any], **more: Any) -> dict[str, Any]:
        k = len(order)
        row = np.array([p["value"] for p in core.params])
        value = y[order].ravel()
        return _core.nonlinear(
            core, np.array([names.index(t) for t in THETA], dtype=np.int32), np.ones(3, dtype=np.int8),
            mean=np.tile(PRIOR, (k, 1)), cov=np.tile(SPREAD, (k, 1, 1)), params=np.tile(row, (k, 1)),
            Q=np.tile(1e-3 * np.eye(5), (k, 1, 1)), start=np.zeros(k), end=np.full(k, 10.0),
            actions=plan[: 2 * k],
            action_offsets=2 * np.arange(k + 1), obs_time=times[: 3 * k],
            obs_output=np.zeros(3 * k, dtype=np.int32),
            obs_value=value, obs_noise=np.full(3 * k, LOG_ADDITIVE, dtype=np.int8), obs_a=np.full(3 * k, 0.1),
            obs_b=np.zeros(3 * k), obs_censor=np.zeros(3 * k, dtype=np.int8),
            obs_offsets=3 * np.arange(k + 1),
            **shared, **more,
        )  # fmt: skip

    y = np.exp(rng.normal(1, 0.3, (n, 3)))
    full, turned, alone = go(np.arange(n), threads=3), go(np.arange(n)[::-1]), go(np.array([4]))
    assert (full["status"] == 0).all()
    for name in ("mean", "cov", "loglike"):
        np.testing.assert_array_equal(full[name], turned[name][::-1])
        np.testing.assert_array_equal(full[name][4], alone[name][0])
    np.testing.assert_array_equal(full["smoothed_cov"].reshape(n, 3, 5, 5)[4], alone["smoothed_cov"])


def test_smoothing_changes_no_bit_of_the_filter_and_begins_at_its_end() -> None:
    obs = [(t, 0, v, ADDITIVE, 0.1, 0.0) for t, v in ((1.0, 3.1), (2.0, 4.0), (6.0, 3.0))]
    shared: dict[str, Any] = {
        "theta": THETA,
        "actions": dosed(0.0, 2.0),
        "trace": True,
        "Q": 1e-3 * np.eye(5),
    }
    for method in ("ekf", "iekf"):
        plain = run("pk_1cpt_oral", method, PRIOR, SPREAD, obs, **shared, **DAMPED)
        smooth = run("pk_1cpt_oral", method, PRIOR, SPREAD, obs, smooth=True, **shared, **DAMPED)
        for name in ("mean", "cov", "loglike", "filtered_mean", "filtered_cov"):
            np.testing.assert_array_equal(plain[name], smooth[name])
        if method == "ekf":
            last = smooth["smoothed_cov"][-1], smooth["filtered_cov"][-1]
            np.testing.assert_allclose(*last, rtol=1e-12, atol=1e-14)
            gained = smooth["filtered_cov"] - smooth["smoothed_cov"]
            assert np.linalg.eigvalsh(gained).min() > -1e-9 * smooth["filtered_cov"].max()


def test_bad_input() -> None:
    obs = [(1.0, 0, 3.0, ADDITIVE, 0.1, 0.0)]
    for bad in ({"max_iter": 0}, {"max_iter": 5, "damping": -1.0}, {"max_iter": 5, "tolerance": np.nan}):
        with pytest.raises(Exception, match="domain|bad"):
            run("pk_1cpt_oral", "iekf", PRIOR, SPREAD, obs, theta=THETA, **bad)
    seen = [(0.0, 0, 1.0, LOG_ADDITIVE, 0.1, 0.0)]
    impossible = run("pk_1cpt_oral", "iekf", np.zeros(2), np.zeros((2, 2)), seen, **DAMPED)
    assert impossible["status"][0] != 0 and np.isnan(impossible["mean"]).all()


def test_a_search_begins_where_the_density_exists() -> None:
    """Amounts ~ N(0, 1) seen by a logarithm: none at the mean, but the posterior has a mode above 0."""
    seen = [(0.0, 0, 1.0, LOG_ADDITIVE, 0.1, 0.0)]
    found = run("pk_1cpt_oral", "iekf", np.zeros(2), np.eye(2), seen, **DAMPED)
    V = next(p["value"] for p in _core.Model("pk_1cpt_oral").params if p["name"] == "V")
    A = np.exp(np.linspace(np.log(1e-3), np.log(100.0), 200_001))
    mode = A[np.argmin(0.5 * A**2 + 0.5 * (np.log(A / V) / 0.1) ** 2)]
    assert found["status"][0] == 0 and found["rejected"][0] > 0
    assert abs(found["mean"][0, 1] / mode - 1) < 1e-3 and abs(found["mean"][0, 0]) < 1e-6
