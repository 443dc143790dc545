"""The twin of the filters by points against the published pendulum of kalman/CASES.md, section 9, and the
core's against the twin: states with a parameter, two outputs at an instant, gaps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pytwin import _core
from pytwin.reference import nonlinear_gauss as plain
from pytwin.verify.pendulum import DT, EULER, STEP_NOISE

RULES: dict[str, tuple[plain.Rule, int]] = {
    "ukf": (plain.unscented(2, 1.0), 1),
    "ckf": (plain.cubature(2), 1),
    "ghkf": (plain.hermite(2, 5), 1),
    "iplf": (plain.hermite(2, 3), 10),
}


def swing(Z: plain.Array, g: Any = 9.81, dt: float = DT) -> plain.Array:
    """A step of Euler's method."""
    return np.stack([Z[:, 0] + dt * Z[:, 1], Z[:, 1] - g * dt * np.sin(Z[:, 0]), *Z[:, 2:].T], axis=1)


@pytest.mark.reference
@pytest.mark.parametrize("method", RULES)
def test_the_twin_is_the_published_pendulum(method: str, reference: Path) -> None:
    data = np.genfromtxt(reference / "kalman" / "pendulum.csv", delimiter=",", names=True)
    expected = np.genfromtxt(reference / "kalman" / "pendulum_expected.csv", delimiter=",", names=True)
    rule, iterations = RULES[method]
    system = plain.System(swing, lambda Z: np.sin(Z[:, :1]), STEP_NOISE, np.array([0.1]))
    y = data["y"][:, None]
    filtered = plain.filter(system, rule, y, np.zeros(2), np.eye(2), iterations)
    smoothed = (
        plain.iterated(system, rule, y, filtered) if iterations > 1 else plain.smooth(system, rule, filtered)
    )
    for kind, path, bound in (("f", filtered, 1e-12), ("s", smoothed, 1e-11)):
        m, P = np.array(path.mean[1:]), np.array(path.cov[1:])
        columns = {"m1": m[:, 0], "m2": m[:, 1], "P11": P[:, 0, 0], "P12": P[:, 0, 1], "P22": P[:, 1, 1]}
        for name, values in columns.items():
            np.testing.assert_allclose(values, expected[f"{method}_{kind}_{name}"], rtol=0, atol=bound)


SD = np.array([0.3, 0.5])
A = np.random.default_rng(2).normal(size=(3, 3))
PER_TIME = 0.1 * (A @ A.T)
START = np.array([0.4, 0.1, np.log(9.0)]), np.diag([0.2, 0.3, 0.05])
STEP, T = 0.1, 25
PRECISE = np.array([0.05, 0.5])


def observed() -> plain.Array:
    y = np.random.default_rng(4).normal(0, 0.6, size=(T, 2))
    y[3, 0] = y[7] = y[12, 1] = np.nan
    return y


def core(method: str, sd: plain.Array = SD, **options: Any) -> dict[str, Any]:
    """The pendulum with its gravity estimated, by steps of 0.1."""
    y = observed()
    times = STEP * np.repeat(np.arange(1, T + 1), 2)
    return _core.nonlinear(
        _core.Model("pendulum"),
        np.zeros(1, dtype=np.int32),
        np.ones(1, dtype=np.int8),
        mean=START[0][None],
        cov=START[1][None],
        params=[[9.81]],
        Q=PER_TIME[None],
        start=[0.0],
        end=[times[-1]],
        actions=np.zeros(0, _core.PLAN_DTYPE),
        action_offsets=[0, 0],
        obs_time=times,
        obs_output=np.tile(np.arange(2, dtype=np.int32), T),
        obs_value=y.ravel(),
        obs_noise=np.zeros(2 * T, dtype=np.int8),
        obs_a=np.tile(sd, T),
        obs_b=np.zeros(2 * T),
        obs_censor=np.zeros(2 * T, dtype=np.int8),
        obs_offsets=[0, 2 * T],
        ode_method=EULER,
        step=STEP,
        trace=True,
        smooth=True,
        method=method,
        **options,
    )


@pytest.mark.core
@pytest.mark.parametrize(
    ("method", "rule", "iterations", "options"),
    [
        ("ukf", plain.unscented(3, 1.0), 1, {"alpha": 1.0, "beta": 0.0, "kappa": 1.0}),
        ("ckf", plain.cubature(3), 1, {}),
        ("ghkf", plain.hermite(3, 4), 1, {"n_node": 4}),
        ("iplf", plain.hermite(3, 3), 4, {"n_node": 3, "max_iter": 4}),
        ("iplf", plain.hermite(3, 3), 9, {"n_node": 3, "max_iter": 9, "damping": 0.3, "sd": PRECISE}),
    ],
)
def test_the_core_is_the_twin(
    method: str, rule: plain.Rule, iterations: int, options: dict[str, Any]
) -> None:
    """Columns of the core's root begin with the parameter; the twin's z does too."""
    order = [2, 0, 1]

    def f(Z: plain.Array) -> plain.Array:
        return swing(Z[:, [1, 2, 0]], np.exp(Z[:, 0]), STEP)[:, order]

    def h(Z: plain.Array) -> plain.Array:
        outputs: plain.Array = _core.Model("pendulum").output(
            np.zeros(len(Z)), np.ascontiguousarray(Z[:, 1:]), np.exp(Z[:, :1])
        )
        return outputs[:, :2]

    turned = np.ix_(order, order)
    system = plain.System(f, h, STEP * PER_TIME[turned], options.get("sd", SD) ** 2)
    damping = options.get("damping", 0.0)
    start = START[0][order], START[1][turned]
    filtered = plain.filter(system, rule, observed(), *start, iterations, damping)
    smoothed = (
        plain.iterated(system, rule, observed(), filtered, iterations, damping)
        if iterations > 1
        else plain.smooth(system, rule, filtered)
    )
    got = core(method, **options)
    assert got["status"][0] == 0
    assert got["loglike"][0] == pytest.approx(filtered.loglike, rel=1e-11)
    for name, path in (("filtered", filtered), ("smoothed", smoothed)):
        mean, cov = got[f"{name}_mean"][1::2][:, order], got[f"{name}_cov"][1::2]
        np.testing.assert_allclose(mean, path.mean[1:], rtol=0, atol=1e-10)
        np.testing.assert_allclose(cov[:, order][:, :, order], path.cov[1:], rtol=0, atol=1e-10)


@pytest.mark.core
def test_damping_acts_where_lines_lead_away_and_ends_at_the_same_moments() -> None:
    options: dict[str, Any] = {"n_node": 3, "sd": PRECISE}
    full, damped = (core("iplf", max_iter=4, damping=d, **options) for d in (0.0, 0.3))
    assert np.abs(full["filtered_mean"] - damped["filtered_mean"]).max() > 1
    full, damped = (core("iplf", max_iter=60, damping=d, **options) for d in (0.0, 0.3))
    np.testing.assert_allclose(damped["smoothed_mean"], full["smoothed_mean"], atol=1e-8)
