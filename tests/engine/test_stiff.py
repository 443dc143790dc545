"""The Rosenbrock method over lanes, algebraic states, and the automatic choice of method."""

from __future__ import annotations

import numpy as np
import pytest

from pytwin import Model, _core
from pytwin.reference import rosenbrock
from pytwin.reference.problems import PROBLEMS
from pytwin.verify.problems import solution

from .conftest import actions, daily, params_of, run

pytestmark = pytest.mark.core

RODAS, DOPRI5 = _core.METHODS["rodas"], _core.METHODS["dopri5"]
NOTHING = actions()
STIFF = tuple(name for name, problem in PROBLEMS.items() if problem.stiff)


def initial(name: str) -> np.ndarray:
    return np.array([f["value"] for f in _core.Model(name).states])


def achieved(name: str, tolerance: float, **options) -> float:
    """Largest error over the states at the end of a problem, in the scale of its tolerances."""
    small, exact = PROBLEMS[name].small, solution(name)
    found = run(
        name,
        params_of(name),
        NOTHING,
        [PROBLEMS[name].end],
        rtol=tolerance,
        atol=tolerance * small,
        **options,
    )
    assert not found["status"].any()
    return float(np.max(abs(found["x_end"][0] - exact) / (abs(exact) + small)))


@pytest.mark.parametrize("name", sorted(PROBLEMS))
def test_equations_agree_with_the_plain_version(name):
    p = params_of(name)
    x = initial(name) + 0.01
    rate = _core.Model(name).rate(np.zeros(1), x[None], p[None])[0]
    plain = PROBLEMS[name].rate(x, p)
    np.testing.assert_allclose(rate, plain, rtol=1e-12, atol=1e-13 * np.max(abs(plain)))


@pytest.mark.parametrize("name", sorted(PROBLEMS))
def test_derivatives_agree_with_complex_step(name):
    p, x = params_of(name), initial(name) + 0.01
    n = len(x)
    by_jvp, _ = _core.Model(name).jvp(
        np.zeros(n), np.tile(x, (n, 1)), np.tile(p, (n, 1)), np.eye(n), np.zeros((n, len(p)))
    )
    exact = PROBLEMS[name].jacobian(x, p)
    np.testing.assert_allclose(by_jvp.T, exact, rtol=1e-10, atol=1e-10 * np.max(abs(exact)) * 1e-3)


@pytest.mark.parametrize("name", ["hires", "akzo_nobel", "oregonator"])
def test_one_step_agrees_with_the_plain_version(name):
    """So loose a tolerance that the interval is one step."""
    p, x, h = params_of(name), initial(name), 5e-5
    mass = np.array(Model(name).mass or np.ones(len(x)))
    found = run(name, p, NOTHING, [h / 3, h], rtol=1e3, atol=1e6, method=RODAS)
    problem = PROBLEMS[name]
    k = rosenbrock.stages(
        lambda _, v: problem.rate(v, p), problem.jacobian(x, p), np.zeros(len(x)), 0.0, x, h, mass
    )
    np.testing.assert_allclose(found["x_end"][0], x + rosenbrock.B @ k, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(found["y"][0, 0], rosenbrock.interpolate(x, k, 1 / 3), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("method", ["rodas", "auto"])
@pytest.mark.parametrize("name", STIFF)
def test_stiff_problem_keeps_its_tolerance(name, method):
    assert achieved(name, 1e-8, method=_core.METHODS[method]) < 1e-7


@pytest.mark.parametrize(("name", "growth"), [("brusselator", 10), ("pleiades", 1000)])
def test_problem_that_is_not_stiff(name, growth):
    """Close encounters of the stars enlarge every error."""
    assert achieved(name, 1e-8, method=RODAS) < growth * 1e-8
    assert achieved(name, 1e-8) < growth * 1e-8


def test_error_falls_at_the_order_of_the_method():
    """Error against the tolerance: an estimate of order 4 lets the error of order 5 follow it."""
    errors = [achieved("pollution", t, method=RODAS) for t in (1e-5, 1e-7, 1e-9)]
    assert np.log10(errors[0] / errors[2]) / 4 > 0.75


def test_outputs_inside_steps_have_the_accuracy_of_the_steps():
    p, times = params_of("oregonator"), np.linspace(0, 30, 200)
    tight = run("oregonator", p, NOTHING, times, rtol=1e-11, atol=1e-11, method=RODAS)["y"]
    loose = run("oregonator", p, NOTHING, times, rtol=1e-6, atol=1e-6, method=RODAS)["y"]
    assert np.max(abs(loose - tight) / (abs(tight) + 1)) < 2e-5


@pytest.mark.parametrize("name", ["hamberg2007", "hamberg2010"])
def test_linear_parts_doses_and_infusions(name):
    """The Rosenbrock method steps what the explicit one solves exactly."""
    plan = np.concatenate([daily(5.0, 4), actions(
        (30.0, _core.ACTION_INFUSION_ON, 0, 0.5), (40.0, _core.ACTION_INFUSION_OFF, 0, 0.5),
        (50.0, _core.ACTION_SCALE, 0, 1.5),
    )])  # fmt: skip
    plan = actions(*map(tuple, plan))
    times = np.linspace(0, 96, 50)
    stiff = run(name, params_of(name), plan, times, method=RODAS)
    explicit = run(name, params_of(name), plan, times, method=DOPRI5)
    np.testing.assert_allclose(stiff["y"], explicit["y"], rtol=1e-7)


def test_time_in_the_equations():
    """A parameter that moves enters df/dt: without it the order would be lost."""
    plan = actions((1.0, _core.ACTION_SLOPE, 1, 0.02), (20.0, _core.ACTION_SLOPE, 1, 0.0))
    times = np.linspace(0, 24, 9)
    x0 = initial("hamberg2010") + 0.3
    stiff = run("hamberg2010", params_of("hamberg2010"), plan, times, x0=x0, method=RODAS)
    explicit = run("hamberg2010", params_of("hamberg2010"), plan, times, x0=x0, method=DOPRI5)
    np.testing.assert_allclose(stiff["y"], explicit["y"], rtol=1e-8)


def test_triggers_find_their_instants():
    """The bouncing ball, which has a trigger of its own, a while after its first bounce."""
    found = run(
        "bouncing_ball", params_of("bouncing_ball"), NOTHING, [1.0], rtol=1e-9, atol=1e-9, method=RODAS
    )
    first = np.sqrt(2 / 9.81)
    rise = 1.0 - first
    expected = 0.9 * 9.81 * first * rise - 0.5 * 9.81 * rise**2
    np.testing.assert_allclose(found["y"][0, 0, 0], expected, atol=1e-9)


# ---- algebraic states ----


def test_algebraic_state_is_made_consistent_at_the_start():
    name, p = "akzo_nobel", params_of("akzo_nobel")
    off = initial(name)
    off[-1] = 3.0
    times = [0.0, 10.0]
    right = run(name, p, NOTHING, times, method=RODAS)
    found = run(name, p, NOTHING, times, x0=off, method=RODAS)
    np.testing.assert_allclose(found["y"], right["y"], rtol=1e-9)
    assert found["y"][0, 0, 5] == pytest.approx(115.83 * 0.444 * 0.007, rel=1e-12)


def test_algebraic_state_follows_a_jump_of_a_parameter():
    name, p = "akzo_nobel", params_of("akzo_nobel")
    index = [f["name"] for f in _core.Model(name).params].index("Ks")
    plan = actions((5.0, _core.ACTION_PARAM, index, 200.0))
    y = run(name, p, plan, [4.0, 5.0, 6.0], method=RODAS)["y"][0]
    Ks = np.array([115.83, 200.0, 200.0])
    np.testing.assert_allclose(y[:, 5], Ks * y[:, 0] * y[:, 3], rtol=1e-9)


def test_both_forms_of_robertson_agree():
    times = np.logspace(-3, 8, 12)
    ode, dae = (
        run(name, params_of(name), NOTHING, times, rtol=1e-9, atol=1e-16, method=RODAS)["y"][0]
        for name in ("robertson", "robertson_dae")
    )
    np.testing.assert_allclose(ode, dae, rtol=1e-6)


def test_explicit_method_refuses_algebraic_states():
    with pytest.raises(Exception, match="unsupported"):
        run("robertson_dae", params_of("robertson_dae"), NOTHING, [1.0], method=DOPRI5)


# ---- the automatic choice ----


def mixed(n: int) -> np.ndarray:
    """Van der Pol oscillators from harmless to very stiff, which go over at different times and come back."""
    return np.stack([params_of("vanderpol", eps=10.0 ** -(6 * i / (n - 1))) for i in range(n)])


def test_lane_does_not_depend_on_the_company_it_keeps():
    p, times = mixed(37), np.linspace(0, 3, 7)
    options = {"rtol": 1e-6, "atol": 1e-6}
    together = run("vanderpol", p, NOTHING, times, **options)
    order = np.random.default_rng(3).permutation(len(p))
    shuffled = run("vanderpol", p[order], NOTHING, times, **options)
    assert np.array_equal(together["y"][order], shuffled["y"])
    assert np.array_equal(together["y"], run("vanderpol", p, NOTHING, times, threads=2, **options)["y"])
    for i in range(0, len(p), 6):
        assert np.array_equal(together["y"][i], run("vanderpol", p[i], NOTHING, times, **options)["y"][0])


def test_stiff_lane_with_a_linear_part_and_doses():
    """A transit time of a tenth of a second: a stiff chain hangs on the linear part, into which doses go."""
    p, plan, times = params_of("hamberg2010", MTT2=3e-5), daily(5.0, 3), np.linspace(0, 72, 100)
    limit = {"rtol": 1e-8, "atol": 1e-10, "max_steps": 20_000}
    auto = run("hamberg2010", p, plan, times, **limit)
    stiff = run("hamberg2010", p, plan, times, method=RODAS, **limit)
    assert not auto["status"].any() and not stiff["status"].any()
    np.testing.assert_allclose(auto["y"], stiff["y"], rtol=1e-6)
    np.testing.assert_allclose(auto["x_end"], stiff["x_end"], rtol=1e-6, atol=1e-12)
    assert run("hamberg2010", p, plan, times, method=DOPRI5, **limit)["status"].any()


def test_choice_saves_steps_where_there_is_stiffness():
    """The explicit method alone breaks off at this limit."""
    limit = {"rtol": 1e-6, "atol": 1e-6, "max_steps": 3000}
    p = params_of("vanderpol", eps=1e-6)
    assert run("vanderpol", p, NOTHING, [2.0], **limit)["status"][0] == 0
    assert run("vanderpol", p, NOTHING, [2.0], method=DOPRI5, **limit)["status"][0] != 0


def fewest_steps(name: str, p: np.ndarray, end: float, method: int) -> int:
    """The smallest limit of steps under which the lane arrives."""
    low, high = 1, 100_000
    while low < high:
        middle = (low + high) // 2
        found = run(name, p, NOTHING, [end], method=method, max_steps=middle, rtol=1e-6, atol=1e-6)
        low, high = (low, middle) if found["status"][0] == 0 else (middle + 1, high)
    return low


def test_mildly_stiff_lane_comes_back():
    """Rosenbrock steps twice as long as explicit ones cost four times as much: the lane stays explicit. Steps
    twenty times as long are taken.
    """
    methods = DOPRI5, RODAS, _core.METHODS["auto"]
    explicit, stiff, auto = (
        fewest_steps("vanderpol", params_of("vanderpol", eps=3e-3), 11.0, m) for m in methods
    )
    assert stiff < 0.7 * explicit and auto > 0.9 * explicit
    explicit, stiff, auto = (
        fewest_steps("vanderpol", params_of("vanderpol", eps=1e-4), 11.0, m) for m in methods
    )
    assert stiff < 0.1 * explicit and auto < 0.3 * explicit


@pytest.mark.parametrize("name", ["hamberg2007", "lorenz", "pleiades", "arenstorf", "hovorka"])
def test_models_without_stiffness_keep_their_bits(name):
    p, times = params_of(name), np.linspace(0, 5, 11)
    auto = run(name, p, NOTHING, times)
    assert np.array_equal(auto["y"], run(name, p, NOTHING, times, method=DOPRI5)["y"])


# ---- bad input ----


@pytest.mark.parametrize("method", ["rodas", "auto"])
def test_bad_lanes_fail_alone(method):
    p = np.tile(params_of("hires"), (5, 1))
    p[1, 0] = np.nan
    p[3, 0] = -1e3  # grows beyond all numbers
    options = {"method": _core.METHODS[method], "rtol": 1e-6, "atol": 1e-10}
    found = run("hires", p, NOTHING, [10.0, 20.0], **options)
    good = run("hires", params_of("hires"), NOTHING, [10.0, 20.0], **options)
    assert list(found["status"] != 0) == [False, True, False, True, False]
    for i in (0, 2, 4):
        assert np.array_equal(found["y"][i], good["y"][0])
    assert np.isnan(found["y"][[1, 3]]).all()


def test_limit_of_steps_is_a_status_of_the_lane():
    p = np.stack([params_of("vanderpol", eps=e) for e in (1.0, 1e-6)])
    found = run("vanderpol", p, NOTHING, [2.0], method=RODAS, rtol=1e-6, atol=1e-6, max_steps=60)
    assert found["status"][0] == 0
    assert found["status"][1] == _core.STATUS["STEP_LIMIT"][0]
    assert 0 < found["stop"][1] < 2


@pytest.mark.usefixtures("no_leak")
def test_memory_is_given_back(failed_allocations):
    p = params_of("pollution")
    assert failed_allocations(lambda: run("pollution", p, NOTHING, [1.0], method=RODAS)) > 3
