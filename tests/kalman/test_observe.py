"""Observations that are not Gaussian in a Gaussian filter: counts, heavy tails against plain quadrature."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pytwin import _core
from pytwin.errors import PytwinError
from pytwin.reference import nonlinear_particle as plain
from pytwin.reference.kalman_bounds import inside

pytestmark = pytest.mark.core

MODEL = _core.Model("ornstein_uhlenbeck")
POISSON = plain.POISSON


def one(mean: float, var: float, obs: plain.Observation, **options: Any) -> dict[str, Any]:
    """An Ornstein-Uhlenbeck state N(mean, var) observed once at the start."""
    result: dict[str, Any] = _core.nonlinear(
        MODEL,
        np.array([], np.int32),
        np.array([], np.int8),
        mean=np.array([[mean]]),
        cov=np.array([[[var]]]),
        params=np.array([[1.0, 0.0, 1.0]]),
        Q=np.zeros((1, 1, 1)),
        start=np.zeros(1),
        end=np.zeros(1),
        actions=np.zeros(0, _core.PLAN_DTYPE),
        action_offsets=np.array([0, 0]),
        obs_time=np.zeros(1),
        obs_output=np.array([obs.output], np.int32),
        obs_value=np.array([obs.value]),
        obs_noise=np.array([obs.noise], np.int8),
        obs_a=np.array([obs.a]),
        obs_b=np.array([obs.b]),
        obs_censor=np.array([obs.censor], np.int8),
        obs_offsets=np.array([0, 1]),
        **({"method": "ukf"} | options),
    )
    return result


def compare(
    got: dict[str, Any], mean: float, var: float, density: Callable[[Any], Any], at: Any, *, cut: float = 0.0
) -> None:
    evidence, m, v = plain.matched(mean, var, density, at)
    assert got["status"][0] == 0
    assert got["loglike"][0] == pytest.approx(evidence - cut, rel=1e-9, abs=1e-9)
    assert got["mean"][0, 0] == pytest.approx(m, rel=1e-9, abs=1e-9 * math.sqrt(v))
    assert got["cov"][0, 0, 0] == pytest.approx(v, rel=1e-7)


@pytest.mark.parametrize(
    "mean,sd,y,a",
    [
        (3.0, 1.0, 4, 1),
        (0.5, 1.0, 0, 1),
        (2.0, 2.0, 12, 2.5),
        (400.0, 5.0, 380, 1),
        (-1.0, 1.0, 3, 1),
        (1e4, 300.0, 9000, 1),
    ],
)
def test_counts_have_the_moments_of_quadrature(mean: float, sd: float, y: int, a: float) -> None:
    obs = plain.Observation(0.0, 0, y, POISSON, a)
    low, high = max(1e-12, mean - 10 * sd), mean + 10 * sd
    cut = math.log(0.5 * math.erfc(-mean / sd / math.sqrt(2)))
    compare(
        one(mean, sd * sd, obs),
        mean,
        sd * sd,
        lambda h: plain.log_density(obs, h),
        np.linspace(low, high, 40_001),
        cut=cut,
    )


def test_probabilities_of_counts_sum_to_one() -> None:
    total = sum(
        math.exp(one(1.5, 4.0, plain.Observation(0.0, 0, y, POISSON))["loglike"][0]) for y in range(60)
    )
    assert total == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("nu", [1.0, 4.0, 30.0, 1e5])
@pytest.mark.parametrize("y", [0.3, 5.0, 20.0])
def test_students_errors_have_the_moments_of_quadrature(y: float, nu: float) -> None:
    obs = plain.Observation(0.0, 0, y, a=0.5)
    got = one(0.0, 1.0, obs, student=nu)
    compare(got, 0.0, 1.0, lambda h: plain.log_density(obs, h, nu), np.linspace(-12, 24, 80_001))


def test_an_outlier_moves_little() -> None:
    """20 predicted standard deviations off: followed without defence, hardly at all with one."""
    obs = plain.Observation(0.0, 0, 20 * math.sqrt(2), a=1.0)
    moved = {
        name: one(0.0, 1.0, obs, **options)["mean"][0, 0]
        for name, options in (
            ("none", {}),
            ("gate", {"gate": 4.0}),
            ("robust", {"robust": 3.0}),
            ("student", {"student": 4.0}),
        )
    }
    assert moved["none"] > 14
    assert moved["gate"] == 0
    assert 0 < moved["robust"] < 0.5
    assert 0 < moved["student"] < 0.5


def test_a_count_of_what_is_known_to_be_nothing() -> None:
    assert one(0.0, 0.0, plain.Observation(0.0, 0, 0, POISSON))["loglike"][0] == 0
    assert one(0.0, 0.0, plain.Observation(0.0, 0, 1, POISSON))["status"][0] == _core.STATUS["NOT_FINITE"][0]


@pytest.mark.parametrize("value,a,censor", [(1.5, 1.0, 0), (-1.0, 1.0, 0), (2.0, 0.0, 0), (2.0, 1.0, -1)])
def test_counts_that_are_none(value: float, a: float, censor: int) -> None:
    obs = plain.Observation(0.0, 0, value, POISSON, a, 0.0, censor)
    assert one(1.0, 1.0, obs)["status"][0] == _core.STATUS["BAD_ARGUMENT"][0]


def test_bounds_after_an_update_are_those_of_a_truncated_normal() -> None:
    free = one(0.5, 1.0, plain.Observation(0.0, 0, -0.4))
    bound = one(0.5, 1.0, plain.Observation(0.0, 0, -0.4), lower=np.zeros(1), upper=np.full(1, 2.0))
    mean, var = inside(free["mean"][0, 0], free["cov"][0, 0, 0], 0.0, 2.0)
    assert bound["mean"][0, 0] == pytest.approx(mean, rel=1e-12)
    assert bound["cov"][0, 0, 0] == pytest.approx(var, rel=1e-10)
    assert bound["loglike"][0] == free["loglike"][0]
    far = one(0.5, 1.0, plain.Observation(0.0, 0, -0.4), lower=np.full(1, -9.0), upper=np.full(1, math.inf))
    np.testing.assert_array_equal(far["cov"], free["cov"])


@pytest.mark.parametrize(
    "options",
    [
        {"student": -1.0},
        {"student": 4.0, "robust": 3.0},
        {"lower": np.zeros(1)},
        {"lower": np.ones(1), "upper": np.zeros(1)},
    ],
)
def test_options_out_of_their_domain(options: dict[str, Any]) -> None:
    with pytest.raises(PytwinError):
        one(0.0, 1.0, plain.Observation(0.0, 0, 1.0), **options)
