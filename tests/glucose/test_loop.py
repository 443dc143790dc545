"""Meals, pumps, sensors and closed loops.

The runs of the open simulator simglucose that the reference library holds are repeated in pytwin/verify; here
are the parts, and what a loop must do beside them.
"""

from __future__ import annotations

import numpy as np
import pytest

from pytwin import InputError, Model, _core, glucose

MEALS = [(7, 45), (12, 70), (16, 15), (18, 80), (23, 10)]
PAIR = glucose.patients("uvapadova", "adult#001", "child#002")


def run(**options) -> glucose.Loop:
    given = {"length": "8 h", "seed": 3, **options}
    who = given.pop("patients", PAIR)
    control = given.pop("controller", None) or glucose.BasalBolus(who)
    return glucose.run_loop(who, MEALS, control, glucose.pump(), glucose.sensor(), **given)


def test_meals_are_cut_into_minutes_and_wait_for_each_other() -> None:
    found = glucose.bites([("2 h", 3.0), ("1 h", 12.0), (61 / 60, 4.0), (3, 0.0)])
    assert [(b.minute, b.grams, b.first) for b in found] == [
        (60.0, 5.0, True), (61.0, 5.0, False), (62.0, 5.0, False), (63.0, 1.0, False), (120.0, 3.0, True),
    ]  # fmt: skip


def test_what_is_eaten_is_what_arrives() -> None:
    plan = glucose.schedule("uvapadova", MEALS)
    assert _core.ACTION_EVENT in plan["kind"]
    frozen = {"kmax": 0.0, "kmin": 0.0, "kabs": 0.0}
    found = Model("uvapadova").core.simulate(
        Model("uvapadova").rows(frozen)[None], None, 0.0, plan, [0, len(plan)], [1440.0], None, [0]
    )
    names = [s["name"] for s in Model("uvapadova").states]
    state = dict(zip(names, found["x_end"][0], strict=True))
    assert state["Qsto1"] == pytest.approx(220e3) and state["Dbar"] == pytest.approx(220e3)


def test_a_schedule_serves_both_models() -> None:
    plan = glucose.schedule("hovorka", [(1, 60)], [(1, 6)], [(0, 0.4), ("2 h", 0.6)], eating_rate=4)
    rows = [(float(r["time"]), int(r["kind"]), float(r["value"])) for r in plan]
    on, off, bolus = _core.ACTION_INFUSION_ON, _core.ACTION_INFUSION_OFF, _core.ACTION_BOLUS
    assert rows == [
        (0.0, on, 0.4 / 60), (60.0, bolus, 6.0), (60.0, on, 4.0), (75.0, off, 4.0), (120.0, off, 0.4 / 60),
        (120.0, on, 0.6 / 60),
    ]  # fmt: skip


def test_pumps_round_and_limit() -> None:
    pump = glucose.pump("Insulet")
    np.testing.assert_allclose(pump.bolus([0.0, 4.13, 31.0, -1.0]), [0.0, 4.15, 30.0, 0.0])
    np.testing.assert_allclose(pump.basal([1.234, 40.0]), [1.25, 30.0])


def test_the_sensor_error_goes_through_its_knots() -> None:
    sensor = glucose.sensor("Dexcom")
    z = np.random.default_rng(1).standard_normal(sensor.normals_needed(60))
    e = [z[0]]
    for value in z[1:]:
        e.append(0.7 * (e[-1] + value))
    expected = -5.47 + 15.9574 * np.sinh((np.array(e) + 0.5444) / 1.6898)
    np.testing.assert_allclose(sensor.errors_of(z, 60)[4::5], expected[1:13], rtol=1e-12)


def test_the_spline_is_that_of_scipy() -> None:
    from scipy import interpolate

    sensor = glucose.sensor("Navigator")
    z = np.random.default_rng(2).standard_normal(11)
    e = sensor._skewed(sensor._autoregressive(z))
    spline = interpolate.CubicSpline(15.0 * np.arange(11), e, bc_type="not-a-knot")
    np.testing.assert_allclose(sensor.errors_of(z, 150), spline(np.arange(1.0, 151.0)), rtol=1e-11)


def test_errors_belong_to_a_subject_and_a_seed() -> None:
    sensor = glucose.sensor("GuardianRT")
    some = sensor.errors(100, 5, [7, 3])
    assert some.tobytes() == sensor.errors(400, 5, [7, 3])[:, :100].copy().tobytes()
    assert some[1].tobytes() == sensor.errors(100, 5, [3])[0].tobytes()
    assert not np.allclose(some, sensor.errors(100, 6, [7, 3]))
    shown = sensor.read([20.0, 120.0, 700.0], 0.0)
    assert shown.tolist() == [39.0, 120.0, 600.0]


def test_a_patient_of_a_loop_does_not_depend_on_the_others() -> None:
    both = run()
    alone = run(patients=PAIR.take([0]))
    assert both.glucose[0].tobytes() == alone.glucose[0].tobytes()
    assert both.readings[0].tobytes() == alone.readings[0].tobytes()


def test_a_loop_can_be_repeated_without_the_loop() -> None:
    loop = run(rtol=1e-10, atol=1e-11)
    actions = np.ascontiguousarray(loop.actions)
    offsets = np.arange(len(PAIR) + 1) * actions.shape[1]
    found = Model("uvapadova").core.simulate(
        PAIR.params, PAIR.x0, 0.0, actions.ravel(), offsets, loop.minutes, [0, 1], [0, 1],
        rtol=1e-10, atol=1e-11,
    )  # fmt: skip
    np.testing.assert_allclose(found["y"][..., 1], loop.glucose, rtol=1e-8)
    assert loop.insulin.sum(axis=1) == pytest.approx(8 * np.round(PAIR.basal / 0.05) * 0.05 + bolus_of(loop))


def bolus_of(loop: glucose.Loop) -> np.ndarray:
    """Insulin above the basal rate, U."""
    return (loop.insulin - loop.insulin[:, :1]).sum(axis=1)


def test_a_meal_brings_one_bolus_after_it_was_announced() -> None:
    loop = run(errors=np.zeros(200))
    extra = loop.insulin - loop.insulin[:, :1]
    assert np.flatnonzero(extra[0] > 1e-12).tolist() == [423, 424, 425]
    # 45 g over the ratio; glucose starts below the threshold of a correction
    np.testing.assert_allclose(extra[0, 423:426].sum(), 45 / PAIR.carb_ratio[0], atol=0.05)


def test_pid_gives_no_insulin_to_low_glucose() -> None:
    low = glucose.steady_state(PAIR.take([0]), 80.0, "mg/dL")
    who = glucose.Patients(**{**_fields(PAIR.take([0])), "x0": low.x0})
    assert run(patients=who, controller=glucose.Pid(), errors=np.zeros(200)).insulin[0, 3:60].max() == 0


def _fields(who: glucose.Patients) -> dict:
    return {name: getattr(who, name) for name in type(who).__dataclass_fields__}


BAD = [
    (lambda: glucose.bites([("7 h", -3)]), "meals[0]"),
    (lambda: glucose.bites([(7, 3)], rate=0), "bad-meal"),
    (lambda: glucose.bites([("noon", 3)]), "not a duration"),
    (lambda: glucose.schedule("hamberg2010", [(7, 3)]), "takes no carbohydrate"),
    (lambda: glucose.schedule("uvapadova", boluses=[(7, float("nan"))]), "boluses[0]"),
    (lambda: glucose.schedule("uvapadova", basal=-1.0), "basal[0]"),
    (lambda: run(length="100 min"), "multiple of the sensor's period"),
    (lambda: run(errors=np.zeros(3)), "3 errors for 161 samples"),
]


@pytest.mark.parametrize(("call", "text"), BAD, ids=[t for _, t in BAD])
def test_bad_input(call, text: str) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert text in str(caught.value)
