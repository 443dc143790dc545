"""Sigma-point filters with patients as lanes: the bits of one patient at a time, whatever the batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pytwin as pt
from pytwin import _core

pytestmark = pytest.mark.core

EULER, RK4, HEUN, DOPRI5 = (_core.METHODS[name] for name in ("euler", "rk4", "heun", "dopri5"))
BY_PATIENT = ("mean", "cov", "params", "Q", "start", "end")
BY_ROW = ("obs_time", "obs_output", "obs_value", "obs_noise", "obs_a", "obs_b", "obs_censor")


def problem(
    model: str,
    seed: int,
    count: int,
    rows: int,
    dt: float,
    *,
    theta: tuple[str, ...] = (),
    spread: float = 0.05,
) -> dict[str, Any]:
    """Patients with starts, lengths, parameters, noises and gaps of their own."""
    rng = np.random.default_rng(seed)
    it = pt.Model(model)
    lengths = rng.integers(rows // 2, rows + 1, size=count)
    params = np.tile(it.rows(), (count, 1)) * rng.uniform(0.95, 1.05, (count, len(it.params)))
    places = [[p["name"] for p in it.params].index(name) for name in theta]
    x0 = np.array([s["value"] for s in it.states]) + spread * rng.normal(size=(count, len(it.states)))
    mean = np.concatenate([x0, np.log(params[:, places])], axis=1)
    n = mean.shape[1]
    A = rng.normal(size=(count, n, n))
    cov = spread**2 * (A @ A.transpose(0, 2, 1) / n + np.eye(n))
    cov = (cov + cov.transpose(0, 2, 1)) / 2
    Q = cov[::-1] * 0.1
    start = rng.integers(0, 3, size=count) * 0.25
    times, outputs, patients = [], [], []
    for i in range(count):
        for k in range(lengths[i]):
            for j in range(len(it.outputs)):
                times.append(start[i] + dt * k + (dt / 3 if k % 5 == 4 else 0.0))
                outputs.append(j)
                patients.append(i)
    size = len(times)
    value = rng.normal(0.3, 0.3, size=size)
    value[rng.uniform(size=size) < 0.2] = np.nan
    offsets = np.searchsorted(patients, np.arange(count + 1))
    last = np.array([times[o - 1] for o in offsets[1:]])
    return {
        "model": _core.Model(model),
        "theta": np.array(places, dtype=np.int32),
        "scale": np.full(len(theta), 1, dtype=np.int8),
        "mean": mean,
        "cov": cov,
        "params": params,
        "Q": Q,
        "start": start,
        "end": last + rng.integers(0, 2, size=count) * 0.5 * dt,
        "actions": np.zeros(0, _core.PLAN_DTYPE),
        "action_offsets": np.zeros(count + 1, dtype=np.int64),
        "obs_time": np.array(times),
        "obs_output": np.array(outputs, dtype=np.int32),
        "obs_value": value,
        "obs_noise": rng.integers(0, 3, size=size).astype(np.int8),
        "obs_a": rng.uniform(0.1, 0.3, size=size),
        "obs_b": rng.uniform(0.1, 0.3, size=size),
        "obs_censor": np.zeros(size, dtype=np.int8),
        "obs_offsets": offsets.astype(np.int64),
        "ode_method": EULER,
        "step": dt,
        "noise_step": 0.7 * dt,
        "trace": True,
        "keep": True,
    }


def only(call: dict[str, Any], i: int) -> dict[str, Any]:
    """The call of patient i alone."""
    a, b = call["obs_offsets"][i : i + 2]
    mine = {name: call[name][i : i + 1] for name in BY_PATIENT}
    mine |= {name: call[name][a:b] for name in BY_ROW}
    c, d = call["action_offsets"][i : i + 2]
    mine |= {"actions": call["actions"][c:d], "action_offsets": np.array([0, d - c])}
    mine |= {"obs_offsets": np.array([0, b - a])}
    return call | mine


def run(call: dict[str, Any], **options: Any) -> dict[str, Any]:
    rest = {k: v for k, v in (call | options).items() if k not in ("model", "theta", "scale")}
    found: dict[str, Any] = _core.nonlinear(call["model"], call["theta"], call["scale"], **rest)
    return found


def bits(found: dict[str, Any]) -> dict[str, bytes]:
    return {name: np.ascontiguousarray(a).tobytes() for name, a in found.items()}


def alone(call: dict[str, Any], **options: Any) -> dict[str, Any]:
    """All patients, each in a call of its own."""
    each = [run(only(call, i), **options) for i in range(len(call["start"]))]
    return {name: np.concatenate([e[name] for e in each]) for name in each[0]}


def same(call: dict[str, Any], **options: Any) -> dict[str, Any]:
    found, expected = run(call, **options), alone(call, **options)
    for name, value in expected.items():
        assert np.array_equal(found[name], value, equal_nan=True), name
    assert bits(found) == bits(expected)
    return found


@pytest.mark.parametrize("method", ["ukf", "ckf", "ghkf"])
@pytest.mark.parametrize("model", ["henon_heiles", "pendulum", "lorenz"])
def test_bits_of_one_patient_at_a_time(model: str, method: str) -> None:
    found = same(problem(model, 1, 37, 9, 0.02), method=method)
    assert (found["status"] == 0).all()
    assert {0, 1} == set(found["use"])


@pytest.mark.parametrize("ode_method", [EULER, HEUN, RK4, DOPRI5])
def test_every_method_of_fixed_steps(ode_method: int) -> None:
    same(problem("henon_heiles", 2, 18, 7, 0.05), ode_method=ode_method, step=0.02)


def test_parameters_on_their_scales() -> None:
    call = problem("pendulum", 3, 21, 8, 0.02, theta=("g",))
    for method in ("ukf", "ghkf"):
        assert (same(call, method=method)["status"] == 0).all()


def test_more_states_than_have_an_instance_of_their_own() -> None:
    same(problem("lorenz96", 4, 3, 2, 0.02, spread=0.01))


@pytest.mark.parametrize(
    "options", [{"alpha": 1e-2}, {"beta": 3.0, "kappa": 1.0}, {"gate": 1.0}, {"noise_step": 24.0}]
)
def test_options(options: dict[str, float]) -> None:
    found = same(problem("henon_heiles", 5, 19, 8, 0.02), **options)
    assert (2 in found["use"]) == ("gate" in options)


def test_what_is_not_plain_is_run_alone() -> None:
    """States known exactly, points at a bound, limits and counts, actions, patients that fail."""
    call = problem("pk_1cpt_mm", 6, 23, 6, 0.1, theta=("VM",), spread=0.3)
    call["ode_method"], call["step"] = RK4, 0.05
    call["mean"][:, 0] = 5.0
    call["cov"][3, 1] = call["cov"][3, :, 1] = 0.0
    call["Q"][4] = 0.0
    call["Q"][6, 0, 0] = -1.0
    call["mean"][7, 0] = 1e308
    call["obs_censor"][call["obs_offsets"][8]] = 1
    call["obs_noise"][call["obs_offsets"][9]] = 4
    call["obs_value"][call["obs_offsets"][9] : call["obs_offsets"][10]] = 3.0
    call["obs_time"][call["obs_offsets"][10]] = -1.0
    call["actions"] = np.array([(0.9, _core.ACTION_PARAM, 3, 30.0)], dtype=_core.PLAN_DTYPE)
    call["action_offsets"] = np.repeat([0, 1], [13, 11])
    call["cov"][11] *= 1 + 1e-12 * np.triu(np.ones(call["cov"][11].shape), 1)
    found = same(call)
    assert found["status"][6] == _core.STATUS["BAD_ARGUMENT"][0]
    assert found["status"][10] == _core.STATUS["UNSORTED"][0]
    assert (found["status"] == 0).sum() > 15


def test_threads_order_and_neighbours_change_nothing() -> None:
    call = problem("henon_heiles", 7, 50, 6, 0.02)
    expected = run(call)
    assert bits(run(call, threads=3)) == bits(expected)
    first = run(call | {name: call[name][:20] for name in BY_PATIENT} | cut(call, 20))
    assert np.array_equal(first["mean"], expected["mean"][:20])


def cut(call: dict[str, Any], n: int) -> dict[str, Any]:
    end = call["obs_offsets"][n]
    rows = {name: call[name][:end] for name in BY_ROW}
    return rows | {
        "obs_offsets": call["obs_offsets"][: n + 1],
        "action_offsets": np.zeros(n + 1, dtype=np.int64),
    }


def test_goes_on_from_a_state() -> None:
    """A batch that stops in the middle and goes on has the bits of one run, as online use needs."""
    call = problem("henon_heiles", 8, 18, 6, 0.02)
    whole = run(call)
    o = call["obs_offsets"]
    head = np.concatenate([np.arange(o[i], o[i] + 4) for i in range(18)])
    tail = np.concatenate([np.arange(o[i] + 4, o[i + 1]) for i in range(18)])
    early = {name: call[name][head] for name in BY_ROW} | {"obs_offsets": np.arange(19) * 4}
    late = {name: call[name][tail] for name in BY_ROW} | {"obs_offsets": o - np.arange(19) * 4}
    begun = run(call | early | {"end": call["obs_time"][o[:-1] + 3]})
    found = run(call | late | {"state": begun["state"]})
    for name in ("mean", "cov", "loglike", "state"):
        assert found[name].tobytes() == whole[name].tobytes(), name


def test_memory(no_leak: None) -> None:
    call = problem("henon_heiles", 10, 5, 3, 0.02)
    for n in range(1, 60):
        _core._alloc_fail_at(n)
        try:
            run(call)
        except MemoryError:
            continue
        finally:
            _core._alloc_fail_at(0)
        break
    else:
        pytest.fail("no call had all the memory that it asks for")
