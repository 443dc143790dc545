"""Linear models as matrices: against Model.simulate, the unscented filter and the equations written out."""

from __future__ import annotations

import numpy as np
import pytest

from pytwin import Model, Plan, _core, kalman
from pytwin.errors import InputError
from pytwin.model.actions import table

pytestmark = pytest.mark.core

PARAMS = {
    "pk_1cpt_oral": {"KA": 0.9, "CL": 4.0, "V": 25.0, "F1": 0.7},
    "pk_2cpt_oral": {"KA": 1.2, "CL": 5.0, "V2": 20.0, "Q": 3.0, "V3": 60.0, "F1": 0.8},
}
TIMES = np.array([0.0, 0.5, 1.0, 4.0, 4.0, 9.5, 24.0, 30.0, 55.0])
DOSES = np.array([0.0, 3.0, 4.0, 12.0, 12.5, 54.0, 55.0, 80.0])


@pytest.mark.parametrize("name", PARAMS)
@pytest.mark.parametrize("port", [0, 1])
def test_steps_are_the_simulation(name: str, port: int) -> None:
    model, amounts = Model(name), 10.0 + DOSES
    space = model.state_space(PARAMS[name])
    step = space.steps(TIMES, DOSES, amounts, port=port)
    x, y = np.array([3.0, 1.0, 2.0])[: len(space.states)], []
    plan, start = Plan("boluses"), x
    for at, amount in zip(DOSES, amounts, strict=True):
        plan = plan.dose("drug", amount, "mg", start=at, route=model.doses[port]["route"])
    for F, c in zip(step["F"], step["c"], strict=True):
        y.append(space.H @ x + space.d)
        x = F @ x + c
    simulated = model.simulate(np.unique(TIMES), plan, PARAMS[name], start)["C"]
    np.testing.assert_allclose(
        np.array(y)[:, 0], simulated[np.searchsorted(np.unique(TIMES), TIMES)], rtol=1e-12, atol=1e-14
    )


def test_matrices_are_those_of_the_equations() -> None:
    space = Model("pk_2cpt_oral").state_space({"KA": [1.0, 2.0], "CL": 5.0, "V2": 20.0, "Q": 4.0, "V3": 80.0})
    assert space.states == ("A1", "A2", "A3")
    for ka, A in zip((1.0, 2.0), space.A, strict=True):
        np.testing.assert_allclose(
            A, [[-ka, 0, 0], [ka, -0.45, 0.05], [0, 0.2, -0.05]], rtol=1e-15, atol=1e-17
        )
    np.testing.assert_allclose(space.H, [[[0, 1 / 20, 0]]] * 2, rtol=1e-15)
    assert space.arrays()["F"].shape == (2, 1, 3, 3)


def test_only_the_states_behind_the_outputs_have_to_be_linear() -> None:
    space = Model("hamberg2007").state_space(outputs=["Cs"])
    assert space.states == ("A1", "A2", "A3")
    assert space.outputs == ("Cs",)
    for name, outputs in (("hamberg2007", None), ("hovorka", None), ("tgi_claret", None)):
        with pytest.raises(InputError) as failure:
            Model(name).state_space(outputs=outputs)
        assert failure.value.code == "model.not-linear"
    with pytest.raises(InputError, match="Nothing"):
        Model("pk_1cpt_oral").state_space(outputs=["Nothing"])


def test_bad_steps() -> None:
    space = Model("pk_1cpt_oral").state_space()
    with pytest.raises(InputError, match="negative"):
        space.steps([0.0, 2.0, 1.0])
    with pytest.raises(InputError, match="alike"):
        space.steps([0.0, 1.0], [0.5], [1.0, 2.0])
    with pytest.raises(InputError, match="one subject"):
        Model("pk_1cpt_oral").state_space({"KA": [1.0, 2.0]}).steps([0.0, 1.0])


def test_the_unscented_filter_agrees() -> None:
    """States uncertain, doses between noisy observations: both filters are exact here."""
    model, rng = Model("pk_2cpt_oral"), np.random.default_rng(1)
    params = model.rows(PARAMS["pk_2cpt_oral"])
    times, sd = np.array([1.0, 2.0, 5.0, 12.0, 26.0]), 0.2
    doses, amounts = np.array([1.5, 12.5]), np.array([100.0, 80.0])
    values, B = np.array([1.6, 4.1, 2.2, 0.9, 0.8]), rng.normal(size=(3, 3))
    mean, cov = np.array([50.0, 30.0, 20.0]), B @ B.T + np.eye(3)
    space = model.state_space(params)
    noise = {"H": space.H, "Q": np.zeros((3, 3)), "R": [[sd**2]], "x0": mean, "P0": cov}
    linear = kalman.filter(
        values[:, None], **space.steps(times, doses, amounts), **noise, outputs=("loglike", "mean", "cov")
    )
    found = _core.nonlinear(
        model.core,
        theta=np.zeros(0, dtype=np.int32),
        scale=np.zeros(0, dtype=np.int8),
        mean=mean[None],
        cov=cov[None],
        params=params[None],
        Q=np.zeros((1, 3, 3)),
        start=times[:1],
        end=times[-1:],
        actions=table([(t, _core.ACTION_BOLUS, 0, u) for t, u in zip(doses, amounts, strict=True)]),
        action_offsets=np.array([0, 2]),
        obs_time=times,
        obs_output=np.zeros(5, dtype=np.int32),
        obs_value=values,
        obs_noise=np.zeros(5, dtype=np.int8),
        obs_a=np.full(5, sd),
        obs_b=np.zeros(5),
        obs_censor=np.zeros(5, dtype=np.int8),
        obs_offsets=np.array([0, 5]),
        **kalman.unscented(3),
    )
    assert found["status"][0] == 0
    assert linear.mean is not None
    assert linear.cov is not None
    assert float(found["loglike"][0]) == pytest.approx(float(linear.loglike), rel=1e-8)
    np.testing.assert_allclose(found["mean"][0], linear.mean[-1], rtol=1e-8)
    np.testing.assert_allclose(found["cov"][0], linear.cov[-1], rtol=1e-8, atol=1e-10)
