"""States that come back: closed forms of linear models, long simulations of the others.

Expected: at rest the derivative is zero; an orbit is where many periods lead to; rows don't touch each other.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pytwin import _core
from pytwin.errors import ComputationError, InputError
from pytwin.model import Model, Plan, Schedule

pytestmark = pytest.mark.core


def test_rest_of_a_linear_model() -> None:
    own = {"CL": np.array([1.0, 2.0]), "KA": 0.5, "F1": 0.4, "F2": 0.5}
    found = Model("pk_1cpt_oral").steady_state(
        own, infusions={"oral": 3.0, "intravenous": np.array([10.0, 4.0])}
    )
    np.testing.assert_allclose(found["A1"], [2.4, 2.4], rtol=1e-14)
    np.testing.assert_allclose(found["C"], [6.2, 1.6], rtol=1e-14)
    assert (found.status == 0).all() and (found.residual <= 1).all()


def test_rest_of_a_model_that_is_not_linear() -> None:
    """Insulin at several rates; the derivative is zero to rounding, and a long simulation stays."""
    model = Model("hovorka")
    basal = np.array([0.008, 0.012, 0.02])
    found = model.steady_state(infusions={"insulin": basal})
    rate = model.core.rate(0.0, found.x, np.tile(model.rows(), (3, 1)))
    port = next(d for d in model.doses if d["drug"] == "insulin")
    rate[:, port["state"]] += port["factor"] * basal
    assert (np.abs(rate) <= 1e-9 * np.maximum(1.0, np.abs(found.x))).all()
    assert (np.diff(found["G"]) < 0).all()


def test_a_state_that_is_held() -> None:
    model = Model("hovorka")
    names = [s["name"] for s in model.states]
    found = model.steady_state(infusions={"insulin": 0.012}, fixed={"Q1": 40.0})
    assert found["Q1"] == 40.0
    rate = model.core.rate(0.0, found.x, model.rows())
    rest = [i for i, name in enumerate(names) if name not in ("Q1", "S1")]
    assert (np.abs(rate[rest]) <= 1e-9 * np.maximum(1.0, np.abs(found.x[rest]))).all()
    assert abs(rate[names.index("Q1")]) > 1e-6


def _after_many(name: str, plan: Plan, own: dict[str, Any], period: float, n: int) -> Any:
    repeated = Plan("repeated", doses=tuple(_moved(d, k * period) for k in range(n) for d in plan.doses))
    return Model(name).simulate([n * period], repeated, own).x_end


def _moved(dose: Any, by: float) -> Any:
    from dataclasses import replace

    return replace(dose, start=dose.start + by)


@pytest.mark.parametrize("length", ["5 h", "11 h", "31 h"])
def test_orbit_of_infusions(length: str) -> None:
    """Shorter than the period, over its end, and longer than two periods."""
    plan = Plan("p").infusion("drug", 10, length=length, start=3).dose("drug", 40, start=2)
    own = {"F2": 0.5, "F1": 0.7, "CL": 2.0, "V": 10.0}
    found = Model("pk_1cpt_oral").periodic(plan, "12 h", own)
    np.testing.assert_allclose(found.x, _after_many("pk_1cpt_oral", plan, own, 12.0, 40), rtol=1e-10)


def test_orbit_with_lag() -> None:
    """Dose rows whose lag, own rate and additional doses reach over the end of a period."""
    model, own = Model("pk_2cpt_oral"), {"ALAG1": 17.0, "R2": 3.0, "F2": 0.8}
    doses = np.array([(0, 0, 50.0, 0.0, 5.0, 3), (1, 0, 70.0, -1.0, 0.0, 0)], _core.DOSE_DTYPE)
    times = [(2.0, 0), (4.0, 1)]
    once = Schedule(np.array([(t, _core.ACTION_DOSE, k, 0.0) for t, k in times], _core.PLAN_DTYPE), doses)
    many = [(t + 12.0 * j, _core.ACTION_DOSE, k, 0.0) for j in range(200) for t, k in times]
    long = Schedule(np.array(many, _core.PLAN_DTYPE), doses)
    found = model.periodic(once, 12.0, own)
    np.testing.assert_allclose(found.x, model.simulate([200 * 12.0], long, own).x_end, rtol=1e-9)


def test_orbit_of_a_model_that_is_not_linear() -> None:
    """Daily warfarin, whose effect is slow: as after 400 days."""
    plan = Plan("5 mg").dose("warfarin", 5, "mg")
    own = {"CL": np.array([0.1, 0.3, 0.6])}
    found = Model("hamberg2010").periodic(plan, "24 h", own)
    later = Model("hamberg2010").simulate(
        [400 * 24.0], Plan("5 mg daily").dose("warfarin", 5, "mg", every="24 h"), own
    )
    np.testing.assert_allclose(found.x, later.x_end, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found["INR"], later["INR"][:, 0], rtol=1e-7)


def test_bits_do_not_depend_on_batch_order_and_threads() -> None:
    plan = Plan("5 mg").dose("warfarin", 5, "mg")
    model = Model("hamberg2010")
    rows = np.tile(model.rows(), (40, 1)) * np.exp(0.2 * np.random.default_rng(1).standard_normal((40, 11)))
    whole = model.periodic(plan, "24 h", rows).x
    np.testing.assert_array_equal(model.periodic(plan, "24 h", rows[::-1]).x[::-1], whole)
    np.testing.assert_array_equal(model.periodic(plan, "24 h", rows, threads=2).x, whole)
    np.testing.assert_array_equal(model.periodic(plan, "24 h", rows[7]).x, whole[7])


def test_where_there_is_none() -> None:
    """Nothing is cleared: neither a rest nor an orbit; the other row has both."""
    model, own = Model("pk_1cpt_oral"), {"CL": np.array([1.0, 0.0])}
    plan = Plan("p").dose("drug", 100, start=1)
    for call in (
        lambda errors: model.steady_state(own, infusions={"oral": 1.0}, errors=errors),
        lambda errors: model.periodic(plan, "12 h", own, errors=errors),
    ):
        found = call("status")
        assert found.status[0] == 0 and np.isfinite(found.x[0]).all() and np.isfinite(found.y[0]).all()
        assert found.status[1] != 0 and np.isnan(found.x[1]).all() and np.isnan(found.y[1]).all()
        with pytest.raises(ComputationError, match="subject 1"):
            call("raise")


def test_bad_input() -> None:
    model, plan = Model("pk_1cpt_oral"), Plan("p").dose("drug", 100, start=20)
    for code, call in (
        ("model.no-dose-port", lambda: model.steady_state(infusions={"rectal": 1.0})),
        ("model.bad-rate", lambda: model.steady_state(infusions={"oral": -1.0})),
        ("model.bad-rate", lambda: model.steady_state({"CL": np.ones(3)}, infusions={"oral": [1.0, 2.0]})),
        ("model.bad-shape", lambda: model.steady_state({"CL": np.ones(3)}, fixed={"A1": [1.0, 2.0]})),
        ("model.unknown-name", lambda: model.steady_state(fixed={"Z": 1.0})),
        ("model.bad-period", lambda: model.periodic(plan, 0.0)),
        ("model.bad-period", lambda: model.periodic(np.array([(20.0, 0, 0, 1.0)], _core.PLAN_DTYPE), 12.0)),
        ("model.not-finite", lambda: model.steady_state({"CL": np.nan})),
    ):
        with pytest.raises(InputError) as caught:
            call()
        assert caught.value.code == code


@pytest.mark.usefixtures("no_leak")
def test_no_memory_is_lost(failed_allocations: Any) -> None:
    plan = Plan("p").dose("warfarin", 5, "mg")
    model = Model("hamberg2010")
    assert failed_allocations(lambda: model.periodic(plan, "24 h")) > 3
