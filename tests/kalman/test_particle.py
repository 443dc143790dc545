"""The bootstrap particle filter: against its NumPy twin, the linear filter, and itself in another order."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from pytwin import _core, kalman
from pytwin.errors import PytwinError
from pytwin.reference import nonlinear_particle as plain

pytestmark = pytest.mark.core

MODEL = _core.Model("ornstein_uhlenbeck")
THETA, MU, SIGMA = 0.4, 2.0, 0.7
DOPRI5, EULER, EULER_MARUYAMA = 1, 5, 6
STEP = 0.25
Array = plain.Array


def call(
    values: Array,
    *,
    times: Array | None = None,
    noise: int = plain.ADDITIVE,
    a: float = 0.5,
    output: int = 0,
    mean: float = 1.0,
    var: float = 1.0,
    Q: float = 0.3,
    theta: bool = False,
    theta_index: int = 1,
    theta_sd: float = 0.3,
    **options: Any,
) -> dict[str, Any]:
    """Series (B, T) of an Ornstein-Uhlenbeck state by Euler's steps; with theta also ln of a parameter."""
    values = np.atleast_2d(values)
    B, T = values.shape
    times = np.arange(1.0, T + 1) if times is None else times
    nz = 1 + theta
    P, noises = np.diag([var, theta_sd**2][:nz]), np.diag([Q, 0.0][:nz])
    given: dict[str, Any] = {"method": "particle", "n_particle": 200, "ode_method": EULER, "step": STEP}
    result: dict[str, Any] = _core.nonlinear(
        MODEL,
        np.array([theta_index] * theta, np.int32),
        np.array([1] * theta, np.int8),
        mean=np.tile([mean, math.log([THETA, MU][theta_index])][:nz], (B, 1)),
        cov=np.tile(P, (B, 1, 1)),
        params=np.tile([THETA, MU, SIGMA], (B, 1)),
        Q=np.tile(noises, (B, 1, 1)),
        start=np.zeros(B),
        end=np.full(B, times[-1]),
        actions=np.zeros(0, _core.PLAN_DTYPE),
        action_offsets=np.zeros(B + 1, np.int64),
        obs_time=np.tile(times, B),
        obs_output=np.full(B * T, output, np.int32),
        obs_value=values.ravel(),
        obs_noise=np.full(B * T, noise, np.int8),
        obs_a=np.full(B * T, a),
        obs_b=np.zeros(B * T),
        obs_censor=np.zeros(B * T, np.int8),
        obs_offsets=np.arange(B + 1) * T,
        **(given | {"trace": 1} | options),
    )
    return result


def flow(t0: float, t1: float, Z: Array) -> Array:
    Z = Z.copy()
    mu = MU if Z.shape[1] == 1 else np.exp(Z[:, 1])
    while t0 < t1 - 1e-12:
        h = min(STEP, t1 - t0)
        Z[:, 0] += h * THETA * (mu - Z[:, 0])
        t0 += h
    return Z


def exact(values: Array, Q: float, per_step: bool, a: float = 0.5) -> Array:
    """ln p of each series by the linear filter; noise after each Euler step, or once a unit of time."""
    F, c, v = 1.0, 0.0, 0.0
    for _ in range(round(1 / STEP)):
        F, c = F * (1 - STEP * THETA), c * (1 - STEP * THETA) + STEP * THETA * MU
        v = v * (1 - STEP * THETA) ** 2 + (Q * STEP if per_step else 0.0)
    v = v if per_step else Q
    y = np.atleast_2d(values)[:, :, None]
    one = np.eye(1)
    x0, P0 = np.array([F + c]), (F * F + v) * one
    got: Any = kalman.filter(y, F=F * one, H=one, Q=v * one, R=a * a * one, c=np.array([c]), x0=x0, P0=P0)
    return np.asarray(got.loglike)


def series(seed: int, B: int, T: int) -> Array:
    """Values that the model makes: Euler's steps and N(0, 0.3) move x, which is seen with an error of 0.5."""
    rng = np.random.default_rng(seed)
    x, values = np.full((B, 1), 1.0), np.empty((B, T))
    for t in range(T):
        x = flow(t, t + 1.0, x) + math.sqrt(0.3) * rng.normal(size=(B, 1))
        values[:, t] = x[:, 0] + 0.5 * rng.normal(size=B)
    return values


@pytest.mark.parametrize(
    "noise,student", [(plain.ADDITIVE, 0.0), (plain.ADDITIVE, 3.0), (plain.POISSON, 0.0)]
)
@pytest.mark.parametrize("theta,jitter", [(False, 0.0), (True, 0.0), (True, 0.2)])
def test_equals_the_twin(noise: int, student: float, theta: bool, jitter: float) -> None:
    values = np.array([1.0, 3.0, math.nan, 2.0, 4.0, 0.0, 3.0])
    mean, nz = (6.0 if noise == plain.POISSON else 1.0), 1 + theta
    got = call(
        values,
        noise=noise,
        a=0.8,
        student=student,
        theta=theta,
        jitter=jitter,
        mean=mean,
        seed=7,
        n_particle=50,
        noise_step=0.5,
        resample=0.95,
    )
    observations = [plain.Observation(t + 1.0, 0, y, noise, 0.8) for t, y in enumerate(values)]
    want = plain.bootstrap(
        flow,
        lambda t, Z: Z[:, :1],
        np.array([mean, math.log(MU)][:nz]),
        np.diag([1.0, 0.09][:nz]),
        np.diag([0.3, 0.0][:nz]),
        observations,
        n=50,
        seed=7,
        resample=0.95,
        noise_step=0.5,
        student=student,
        jitter=jitter,
        n_state=1,
    )
    assert got["status"][0] == 0
    assert want.resampled > 1
    assert got["loglike"][0] == pytest.approx(want.loglike, rel=1e-11)
    np.testing.assert_allclose(got["predicted"], want.predicted, rtol=1e-11)
    np.testing.assert_allclose(got["predicted_var"], want.predicted_var, rtol=1e-10)
    np.testing.assert_allclose(got["effective"], want.effective, rtol=1e-10)
    np.testing.assert_allclose(got["filtered_mean"], want.mean, rtol=1e-10)
    np.testing.assert_allclose(got["filtered_cov"], want.cov, rtol=1e-8, atol=1e-14)
    np.testing.assert_array_equal(got["use"], [1, 1, 0, 1, 1, 1, 1])


VALUES = np.array([1.0, 3.0, math.nan, 2.0, 4.0, 0.5, 3.0])


def twin(n: int, **options: Any) -> plain.ParticleRun:
    observations = [plain.Observation(t + 1.0, 0, y, a=0.5) for t, y in enumerate(VALUES)]
    return plain.bootstrap(
        flow,
        lambda t, Z: Z[:, :1],
        np.ones(1),
        np.eye(1),
        np.array([[0.3]]),
        observations,
        n=n,
        seed=7,
        patient=0,
        resample=0.9,
        noise_step=0.5,
        **options,
    )


@pytest.mark.parametrize("lag", [0, 1, 3, 20])
def test_the_smoother_equals_the_twin(lag: int) -> None:
    got = call(VALUES, seed=7, n_particle=60, noise_step=0.5, resample=0.9, smooth=1, n_draw=25, lag=lag)
    assert got["status"][0] == 0
    run = twin(60)
    assert run.resampled > 1
    shares = plain.back_by_simulation(run, np.array([[0.3]]), 25, seed=7)
    for i, node in enumerate(run.at[:-1]):
        w = plain.by_ancestors(run, node, run.at[min(i + lag, 6)]) if lag else shares[node]
        m, P = plain.moments(run.nodes[node].Z, w)
        np.testing.assert_allclose(got["smoothed_mean"][i], m, rtol=1e-9)
        np.testing.assert_allclose(got["smoothed_cov"][i], P, rtol=1e-8)
    for name in ("mean", "cov"):
        np.testing.assert_array_equal(got[f"smoothed_{name}"][-1], got[f"filtered_{name}"][-1])


def test_smoothing_leaves_the_filter_alone() -> None:
    plainly, got = call(VALUES), call(VALUES, smooth=1)
    for name in ("mean", "cov", "loglike", "filtered_mean"):
        np.testing.assert_array_equal(plainly[name], got[name])


@pytest.mark.parametrize("lag", [0, 4])
def test_smoothed_bits_do_not_depend_on_batch_order_or_threads(lag: int) -> None:
    values, names = series(4, 5, 6), np.arange(5)
    whole = call(values, patient=names, smooth=1, lag=lag)["smoothed_mean"].reshape(5, 6)
    options: dict[str, Any] = {"smooth": 1, "lag": lag, "threads": 2}
    other = call(values[::-1], patient=names[::-1].copy(), **options)["smoothed_mean"].reshape(5, 6)
    np.testing.assert_array_equal(whole, other[::-1])
    assert np.unique(whole[:, 0]).size == 5


@pytest.mark.parametrize(("theta", "options"), [(True, {}), (False, {"Q": 0.0})])
def test_going_back_asks_for_noise_in_every_direction(theta: bool, options: dict[str, Any]) -> None:
    got = call(VALUES, theta=theta, smooth=1, **options)
    assert got["status"][0] == _core.STATUS["UNSUPPORTED"][0]
    assert call(VALUES, theta=theta, smooth=1, lag=3, **options)["status"][0] == 0


@pytest.mark.parametrize("options", [{"jitter": 0.1, "theta": True}, {"ode_method": EULER_MARUYAMA}])
def test_going_back_asks_for_the_density_of_a_step(options: dict[str, Any]) -> None:
    with pytest.raises(PytwinError, match="not offer"):
        call(VALUES, smooth=1, **options)
    assert call(VALUES, smooth=1, lag=2, **options)["status"][0] == 0


@pytest.mark.parametrize("resample", [0.0, 0.5, 1.0])
def test_the_likelihood_is_unbiased(resample: float) -> None:
    """Mean of exp(estimate - exact) over 2,000 seeds within four of its standard errors of 1."""
    values = series(1, 1, 8)
    runs = 2000
    got = call(np.tile(values, (runs, 1)), n_particle=100, resample=resample, trace=0)
    ratio = np.exp(got["loglike"] - exact(values, 0.3, False)[0])
    assert abs(ratio.mean() - 1) < 4 * ratio.std() / math.sqrt(runs)
    assert ratio.std() / math.sqrt(runs) < 0.02


def test_the_diffusion_of_a_model_is_its_noise() -> None:
    """Euler-Maruyama with sigma against the linear filter with sigma^2 a step."""
    values = series(2, 1, 6)
    runs = 1000
    got = call(np.tile(values, (runs, 1)), Q=0.0, ode_method=EULER_MARUYAMA, n_particle=200, trace=0)
    ratio = np.exp(got["loglike"] - exact(values, SIGMA**2, True)[0])
    assert abs(ratio.mean() - 1) < 4 * ratio.std() / math.sqrt(runs)
    assert ratio.std() / math.sqrt(runs) < 0.02


def test_approaches_the_exact_moments() -> None:
    values = series(3, 1, 10)
    got = call(values, n_particle=100_000)
    ukf = call(values, method="ukf")
    np.testing.assert_allclose(got["filtered_mean"], ukf["filtered_mean"], atol=0.01)
    np.testing.assert_allclose(got["filtered_cov"], ukf["filtered_cov"], atol=0.01)
    assert got["loglike"][0] == pytest.approx(ukf["loglike"][0], abs=0.03)


def test_batch_order_and_threads_change_no_bit() -> None:
    values, names = series(4, 9, 6), np.arange(9)
    whole = call(values, patient=names, ode_method=EULER_MARUYAMA, threads=1)
    other = call(values[::-1], patient=names[::-1].copy(), ode_method=EULER_MARUYAMA, threads=2)
    alone = call(values[4], patient=names[4:5], ode_method=EULER_MARUYAMA)
    for name in ("mean", "cov", "loglike"):
        np.testing.assert_array_equal(whole[name], other[name][::-1])
        np.testing.assert_array_equal(whole[name][4], alone[name][0])


def test_goes_on_from_a_state_with_the_same_bits() -> None:
    values = series(5, 2, 9)
    whole = call(values, keep=1)
    first = call(values[:, :4], keep=1)
    times = np.arange(5.0, 10.0)
    rest = call(values[:, 4:], times=times, keep=1, state=first["state"])
    for name in ("mean", "cov", "loglike", "state"):
        np.testing.assert_array_equal(whole[name], rest[name])


def test_seeds_and_patients_differ() -> None:
    values = series(6, 1, 3)
    a, b, c = call(values), call(values, seed=1), call(values, patient=np.array([1]))
    assert len({float(r["loglike"][0]) for r in (a, b, c)}) == 3


def test_effective_number_of_equal_weights_is_all() -> None:
    got = call(np.array([math.nan]), Q=0.0)
    assert got["effective"][0] == pytest.approx(200, rel=1e-12)


def test_bounds_leave_no_weight_outside() -> None:
    free = call(np.array([0.0, 0.1]))
    got = call(np.array([0.0, 0.1]), lower=np.array([0.5]), upper=np.array([math.inf]))
    assert free["filtered_mean"][0, 0] < 0.5 < got["filtered_mean"][0, 0]


def test_an_outlier_that_is_gated_moves_nothing() -> None:
    values = np.array([2.0, 60.0, 2.0])
    got, without = call(values, gate=4.0), call(np.array([2.0, math.nan, 2.0]))
    assert list(got["use"]) == [1, 2, 1]
    np.testing.assert_array_equal(got["mean"], without["mean"])
    cases: list[dict[str, Any]] = [{"robust": 3.0}, {"student": 4.0}]
    for options in cases:
        moved = call(values, **options)
        assert moved["status"][0] == 0
        assert abs(moved["filtered_mean"][1, 0] - without["filtered_mean"][1, 0]) < 1.0


def test_what_no_particle_can_have_made_is_a_status() -> None:
    got = call(np.array([[3.0], [3.0]]), noise=plain.POISSON, a=1.0, mean=-100.0)
    assert list(got["status"]) == [_core.STATUS["NOT_FINITE"][0]] * 2
    assert np.isnan(got["mean"]).all()


def test_particles_whose_equations_fail_lose_their_weight() -> None:
    """Fast returns take more steps than are allowed; the rest is a filter over the slow ones."""
    wide: dict[str, Any] = {
        "theta": True,
        "theta_index": 0,
        "theta_sd": 3.0,
        "ode_method": DOPRI5,
        "step": 0.0,
    }
    values = series(8, 1, 4)
    got = call(values, max_steps=30, n_particle=400, **wide)
    whole = call(values, max_steps=100_000, n_particle=400, **wide)
    assert got["status"][0] == whole["status"][0] == 0
    assert whole["rejected"][0] == 0
    assert 10 < got["rejected"][0] < 390
    assert np.isfinite(got["filtered_cov"]).all()
    assert got["loglike"][0] < whole["loglike"][0] + 1


def test_a_series_all_of_whose_particles_fail_has_a_status() -> None:
    got = call(series(8, 2, 4), max_steps=1, ode_method=DOPRI5, step=0.0)
    assert list(got["status"]) == [_core.STATUS["STEP_LIMIT"][0]] * 2
    assert (got["rejected"] >= 200).all()
    assert ((got["failed_at"] >= 0.0) & (got["failed_at"] < 4.0)).all()


@pytest.mark.parametrize(
    "options",
    [{"n_particle": 1}, {"resample": 1.5}, {"resample": -0.1}, {"jitter": 1.0}, {"smooth": 1, "lag": -1}],
)
def test_options_out_of_their_domain(options: dict[str, Any]) -> None:
    with pytest.raises(PytwinError):
        call(np.array([1.0]), **options)


def test_noise_asks_for_a_model_with_diffusion() -> None:
    """Sigma points follow no random path."""
    got = call(np.array([1.0]), method="ukf", ode_method=EULER_MARUYAMA)
    assert got["status"][0] == _core.STATUS["UNSUPPORTED"][0]


def test_every_failing_allocation_is_an_error(failed_allocations: Any) -> None:
    assert failed_allocations(lambda: call(np.array([1.0, 2.0]), theta=True, keep=1, n_particle=10)) > 8
    assert failed_allocations(lambda: call(np.array([1.0, 2.0]), smooth=1, n_particle=10)) > 11
