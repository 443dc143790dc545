"""Ensemble filters on patients' kind of data: parameters on scales, bounds, adaptive steps, counts, limits,
heavy tails, gates. Expected: the plain twin from the same members, and for observations that are not
Gaussian the exact moments given the members' own mean and variance."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pytwin import _core
from pytwin.reference import nonlinear_ensemble as ensemble
from pytwin.reference import nonlinear_particle as plain
from pytwin.verify.ensemble import variates

pytestmark = pytest.mark.core

MODEL = _core.Model("ornstein_uhlenbeck")
THETA, MU, SIGMA = 0.4, 2.0, 0.7
DOPRI5, EULER = 1, 5
STEP, N = 0.25, 60
SCALES: dict[str, tuple[int, float, Callable[[Any], Any]]] = {
    "identity": (0, MU, lambda z: z),
    "log": (1, math.log(MU), np.exp),
    "logit": (2, math.log(THETA / (1 - THETA)), lambda z: 1 / (1 + np.exp(-z))),
}
METHODS = ["enkf", "denkf", "etkf", "letkf"]
Array = plain.Array


def call(
    values: Any,
    times: Any,
    *,
    noise: int = plain.ADDITIVE,
    a: float = 0.5,
    censor: int = 0,
    theta: int | None = None,
    scale: str = "log",
    mean: float = 1.0,
    **options: Any,
) -> dict[str, Any]:
    """One series of an Ornstein-Uhlenbeck state of variance 1; with `theta` one of its parameters too."""
    values, times = (
        np.atleast_1d(np.asarray(values, dtype=float)),
        np.atleast_1d(np.asarray(times, dtype=float)),
    )
    code, centre, _ = SCALES[scale]
    nz, n = 1 + (theta is not None), len(values)
    given: dict[str, Any] = {"n_member": N, "ode_method": EULER, "step": STEP, "keep": True, "trace": 1}
    result: dict[str, Any] = _core.nonlinear(
        MODEL,
        np.array([] if theta is None else [theta], np.int32),
        np.array([] if theta is None else [code], np.int8),
        mean=np.array([[mean, centre][:nz]]),
        cov=np.diag([1.0, 0.3**2][:nz])[None],
        params=np.array([[THETA, MU, SIGMA]]),
        Q=np.zeros((1, nz, nz)),
        start=np.zeros(1),
        end=np.array([times[-1]]),
        actions=np.zeros(0, _core.PLAN_DTYPE),
        action_offsets=np.zeros(2, np.int64),
        obs_time=times,
        obs_output=np.zeros(n, np.int32),
        obs_value=values,
        obs_noise=np.full(n, noise, np.int8),
        obs_a=np.full(n, a),
        obs_b=np.zeros(n),
        obs_censor=np.full(n, censor, np.int8),
        obs_offsets=np.array([0, n]),
        **(given | options),
    )
    assert result["status"][0] == 0
    return result


def members(found: dict[str, Any], n: int, count: int = N) -> Array:
    """Members (count, n) of the state kept."""
    rows: Array = found["state"][0, -count * n :].reshape(count, n)
    return rows


def flow(E: Array, span: float, exact: bool, theta: int | None, scale: str) -> Array:
    """The way of all members over a span: Euler's steps, or the solution itself."""
    rate, goal = np.full(len(E), THETA), np.full(len(E), MU)
    if theta is not None:
        (rate if theta == 0 else goal)[:] = SCALES[scale][2](E[:, 1])
    E = E.copy()
    if exact:
        E[:, 0] = goal + np.exp(-rate * span) * (E[:, 0] - goal)
        return E
    for _ in range(round(span / STEP)):
        E[:, 0] += STEP * rate * (goal - E[:, 0])
    return E


def update(method: str, E: Array, y: float, var: float, draw: int) -> Array:
    """The plain twin given one value of the first element."""
    seen, R = E[:, :1], np.array([var])
    if method == "enkf":
        return ensemble.perturbed(E, seen, np.array([y]), R, variates(0, "MEASUREMENT", 0, draw, len(E), 1))
    if method == "denkf":
        return ensemble.half_gain(E, seen, np.array([y]), R)
    return ensemble.square_root(E, seen, np.array([y]), R)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("theta", "scale"), [(None, "log"), (1, "identity"), (1, "log"), (0, "logit")])
@pytest.mark.parametrize("adaptive", [False, True])
@pytest.mark.parametrize("bounds", [None, (1.5, 1.7)])
def test_the_core_is_the_plain_twin(
    method: str, theta: int | None, scale: str, adaptive: bool, bounds: tuple[float, float] | None
) -> None:
    n = 1 + (theta is not None)
    options: dict[str, Any] = {"method": method, "theta": theta, "scale": scale}
    if adaptive:
        options |= {"ode_method": DOPRI5, "step": 0.0, "rtol": 1e-12, "atol": 1e-13}
    E = members(call(np.nan, 0.0, **options), n)
    if bounds:
        options |= {"lower": np.array([bounds[0], -9.0][:n]), "upper": np.array([bounds[1], 9.0][:n])}
    times, values = np.array([1.0, 2.5]), np.array([1.2, 2.1])
    got = call(values, times, **options)
    for k, (t, y) in enumerate(zip(times, values, strict=True)):
        E = flow(E, t - (times[k - 1] if k else 0.0), adaptive, theta, scale)
        E = update(method, E, y, 0.25, 2 * k + 1)
        if bounds:
            E[:, 0] = np.clip(E[:, 0], *bounds)
        np.testing.assert_allclose(got["filtered_mean"][k], E.mean(axis=0), rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(members(got, n), E, rtol=1e-9, atol=1e-10)
    if bounds:
        assert np.isin(E[:, 0], bounds).any()


def test_a_parameter_is_learned_as_by_the_exact_filter() -> None:
    """x and mu are linear in Euler's steps: 2,000 members against sigma points, to five standard errors."""
    count, times = 2000, np.arange(1.0, 9.0)
    values = 1.0 + 0.1 * np.arange(8)
    given: dict[str, Any] = {"theta": 1, "scale": "identity"}
    spread = {"alpha": 1.0, "beta": 0.0, "kappa": 1.0}
    exact = call(values, times, method="ukf", **given, **spread)
    for method in ("enkf", "etkf"):
        many = call(values, times, method=method, n_member=count, **given)
        sd = np.sqrt(np.diag(exact["cov"][0]))
        np.testing.assert_allclose((many["mean"] - exact["mean"])[0] / sd, 0, atol=10 / math.sqrt(count))
        np.testing.assert_allclose(np.sqrt(np.diag(many["cov"][0])) / sd, 1, atol=10 / math.sqrt(count))
        np.testing.assert_allclose(many["loglike"], exact["loglike"], atol=0.2)


# ---- observations that are not Gaussian ----

KINDS: list[tuple[str, plain.Observation, dict[str, Any]]] = [
    ("a count", plain.Observation(0.0, 0, 7.0, plain.POISSON, 1.5), {}),
    ("below a limit", plain.Observation(0.0, 0, 2.2, plain.ADDITIVE, 0.4, 0.0, -1), {}),
    ("above a limit", plain.Observation(0.0, 0, 4.1, plain.ADDITIVE, 0.4, 0.0, 1), {}),
    ("a heavy tail", plain.Observation(0.0, 0, 4.4, plain.ADDITIVE, 0.4), {"student": 4.0}),
    ("two peaks", plain.Observation(0.0, 0, 6.5, plain.ADDITIVE, 0.4), {"student": 4.0}),
]


@pytest.mark.parametrize(("obs", "options"), [k[1:] for k in KINDS], ids=[k[0] for k in KINDS])
@pytest.mark.parametrize("method", METHODS)
def test_moments_given_the_members_are_exact(
    method: str, obs: plain.Observation, options: dict[str, Any]
) -> None:
    """Mean of all methods, variance of the square roots, which never grows; half the gain has its own:
    (1 - K/2)^2."""
    common: dict[str, Any] = {"method": method, "mean": 3.0, "n_member": 300}
    E = members(call(np.nan, 0.0, **common), 1, 300)
    m, v = float(E.mean()), float(E.var(ddof=1))
    got = call(obs.value, 0.0, noise=obs.noise, a=obs.a, censor=obs.censor, **common, **options)
    low, cut = m - 12 * math.sqrt(v), 0.0
    if obs.noise == plain.POISSON:
        low, cut = 1e-12, math.log(0.5 * math.erfc(-m / math.sqrt(2 * v)))
    grid = np.linspace(low, m + 12 * math.sqrt(v), 8001)
    evidence, mean, var = plain.matched(m, v, lambda h: plain.log_density(obs, h, **options), grid)
    assert got["loglike"][0] == pytest.approx(evidence - cut, abs=1e-7)
    assert got["mean"][0, 0] == pytest.approx(mean, abs=1e-7)
    assert (var > v) == (obs.value == 6.5)
    var = min(var, v)
    gain = 1 - var / v
    expected = {"denkf": (1 - gain / 2) ** 2 * v}.get(method, var)
    tolerance = 5 * math.sqrt(2 / 300) if method == "enkf" else 1e-5
    assert got["cov"][0, 0, 0] == pytest.approx(expected, rel=tolerance)


@pytest.mark.parametrize("method", METHODS)
def test_an_outlier_beyond_the_gate_moves_no_member(method: str) -> None:
    before = call(np.nan, 0.0, method=method)
    kept = call(25.0, 0.0, method=method, gate=4.0)
    used = call(25.0, 0.0, method=method)
    np.testing.assert_array_equal(members(kept, 1), members(before, 1))
    assert kept["use"][0] != used["use"][0] == 1
    assert used["mean"][0, 0] > before["mean"][0, 0] + 5
