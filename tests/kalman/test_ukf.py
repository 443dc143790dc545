"""The unscented filter of the core on the warfarin model: against its NumPy twin and the linear filter."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from types import ModuleType
from typing import Any

import mpmath
import numpy as np
import pytest

from pytwin import _core, kalman
from pytwin.reference import kalman as plain
from pytwin.verify import reference_dir


def _beside(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


hb = _beside("hamberg")
pytestmark = pytest.mark.core

TIGHT = {"rtol": 1e-12, "atol": 1e-14}
NOISES = ("additive", "proportional", "combined", "log-additive")
USED, MISSING, GATED, NOT_REACHED, DOWN_WEIGHTED = 1, 0, 2, 3, 4


def twin(
    one: dict[str, Any], doses: list[tuple[float, float]], *, beta: float = 2.0, robust: float = 0.0
) -> plain.UnscentedRun:
    measurements = [
        plain.Measurement(t, y, hb.inr, NOISES[k], a, b, int(c))
        for t, y, k, a, b, c in zip(
            *(one[f"obs_{name}"] for name in ("time", "value", "noise", "a", "b", "censor")), strict=True
        )
    ]
    rule = plain.SigmaRule(hb.N, 1.0, beta, 3.0 - hb.N)
    return plain.unscented_filter(
        rule,
        one["mean"],
        one["cov"],
        hb.carry(doses),
        one["Q"],
        measurements,
        0.0,
        one["end"],
        first=hb.NX,
        noise_step=24.0,
        robust=robust,
    )


DOSES = [(24.0 * k, 7.5) for k in range(12)]


@pytest.mark.parametrize("drift", [0.0, 1e-4])
@pytest.mark.parametrize("noise", range(4), ids=NOISES)
def test_equals_the_twin(noise: int, drift: float) -> None:
    a, b = ((0.2, 0.0), (0.0, 0.15), (0.1, 0.1), (0.2, 0.0))[noise]
    one = hb.patient(
        times=[48.0, 96.0, 96.0, 168.0, 200.0, 240.0],
        values=[1.2, 1.7, 1.6, 2.2, math.nan, 2.9],
        obs_noise=np.full(6, noise, dtype=np.int8),
        obs_a=np.full(6, a),
        obs_b=np.full(6, b),
        Q=np.diag(np.concatenate([np.zeros(hb.NX), np.full(5, drift)])),
        end=280.0,
    )
    got, want = hb.ukf([one], **TIGHT, smooth=True, trace=True), twin(one, DOSES)
    assert got["status"][0] == 0
    np.testing.assert_array_equal(got["use"], [USED, USED, USED, USED, MISSING, USED])
    assert got["loglike"][0] == pytest.approx(want.loglike, abs=2e-8)
    for name, expected in {
        "mean": want.mean[None],
        "cov": want.cov[None],
        "predicted": want.predicted,
        "predicted_var": want.predicted_var,
        "filtered_mean": [m for m, _ in want.filtered],
        "filtered_cov": [P for _, P in want.filtered],
        "smoothed_mean": [m for m, _ in want.smoothed],
        "smoothed_cov": [P for _, P in want.smoothed],
    }.items():
        np.testing.assert_allclose(got[name], expected, rtol=1e-8, atol=1e-8, err_msg=name)


@pytest.mark.parametrize("side", [-1, 1])
def test_censored_equals_the_twin(side: int) -> None:
    one = hb.patient(times=[60.0, 120.0], values=[1.3, 1.6], obs_censor=np.array([0, side], dtype=np.int8))
    got, want = hb.ukf([one], **TIGHT), twin(one, DOSES)
    assert got["loglike"][0] == pytest.approx(want.loglike, abs=1e-8)
    np.testing.assert_allclose(got["mean"][0], want.mean, atol=1e-8)
    np.testing.assert_allclose(got["cov"][0], want.cov, atol=1e-8)


@pytest.mark.parametrize("sigmas", [-30.0, -6.0, -5.0, -4.9, 0.0, 3.0, 12.0])
def test_a_limit_in_the_far_tail(sigmas: float) -> None:
    """ln P and the moments of a truncated normal to 1e-12, against mpmath."""
    first = hb.ukf([hb.patient(times=[60.0], values=[math.nan], end=60.0)])
    mean, var = first["predicted"][0], first["predicted_var"][0]
    limit = math.exp(mean + sigmas * math.sqrt(var))
    one = hb.patient(times=[60.0], values=[limit], end=60.0, obs_censor=np.array([-1], dtype=np.int8))
    got = hb.ukf([one])
    with mpmath.workdps(60):
        x = (mpmath.log(limit) - mpmath.mpf(mean)) / mpmath.sqrt(mpmath.mpf(var))
        prob, ratio = mpmath.ncdf(x), mpmath.npdf(x) / mpmath.ncdf(x)
        expected, shift = float(mpmath.log(prob)), float(-ratio * mpmath.sqrt(var))
        shrink = float(1 - ratio * (ratio + x))
    assert got["loglike"][0] == pytest.approx(expected, rel=1e-12, abs=1e-12 * abs(mean))
    full = hb.ukf([hb.patient(times=[60.0], values=[math.exp(mean + 1e-3)], end=60.0)])
    gain = (full["mean"] - first["mean"])[0] / 1e-3
    np.testing.assert_allclose((got["mean"] - first["mean"])[0], gain * shift, rtol=1e-9, atol=1e-10)
    lost = np.outer(gain, gain) * var * (1 - shrink)
    np.testing.assert_allclose((first["cov"] - got["cov"])[0], lost, rtol=1e-8, atol=1e-10)


def test_on_a_linear_model_it_is_the_linear_filter() -> None:
    """Kinetics alone, parameters known: amounts with a prior and a walk, concentrations observed.

    All amounts stay far above 0, the bound at which sigma points are clamped.
    """
    ka, ke, V = 2.0, 0.348 / 14.3, 14.3
    K = np.array([[-ka, 0.0], [ka, -ke]])
    times = np.array([0.0, 3.0, 5.0, 12.0, 30.0])
    P = np.zeros((8, 8))
    P[:2, :2] = [[1.0, 0.3], [0.3, 2.0]]
    drift = np.concatenate([[0.0, 0.02], np.zeros(6)])
    values = np.array([4.2, 4.5, math.nan, 3.4, 2.2])
    one = hb.patient(
        theta=np.zeros(0, dtype=np.int32),
        scale=np.zeros(0, dtype=np.int8),
        times=times,
        values=values,
        mean=np.concatenate([[4.0, 60.0], np.ones(6)]),
        cov=P,
        Q=np.diag(drift),
        end=30.0,
        actions=hb.dosing([]),
        obs_output=np.full(5, hb.CS, dtype=np.int32),
        obs_noise=np.zeros(5, dtype=np.int8),
        obs_a=np.full(5, 0.05),
    )
    gaps = np.append(np.diff(times), 0.0)
    F = _core.expm(np.tile(K, (5, 1, 1)), gaps)
    Q = gaps[:, None, None] * np.diag(drift[:2])
    want = kalman.smooth(
        values[:, None],
        F,
        np.array([[0.0, 1 / V]]),
        Q,
        [[0.0025]],
        [4.0, 60.0],
        P[:2, :2],
        outputs=("loglike", "mean", "cov", "smoothed_mean", "smoothed_cov"),
    )
    for options in ({"alpha": 1.0}, {"alpha": 1.0, "beta": 1.0, "kappa": 0.0}, {"alpha": 0.5, "kappa": 2.0}):
        got = hb.ukf([one], **TIGHT, trace=True, smooth=True, noise_step=1e6, **options)
        assert got["loglike"][0] == pytest.approx(float(want.loglike), rel=1e-10)
        np.testing.assert_allclose(got["filtered_mean"][:, :2], want.mean, rtol=1e-10, atol=1e-11)
        np.testing.assert_allclose(got["filtered_cov"][:, :2, :2], want.cov, rtol=1e-9, atol=1e-11)
        # The chains nearly follow from the amounts; their inverse limits the smoother, not the filter.
        np.testing.assert_allclose(got["smoothed_mean"][:, :2], want.smoothed_mean, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(got["smoothed_cov"][:, :2, :2], want.smoothed_cov, rtol=1e-4, atol=1e-6)


def various(count: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(1)
    patients = []
    for k in range(count):
        n = int(rng.integers(0, 6))
        dose = rng.choice([3.0, 5.0, 10.0])
        patients.append(
            hb.patient(
                times=np.sort(rng.uniform(24, 290, n)),
                values=rng.uniform(1.1, 4, n),
                actions=hb.dosing([(24.0 * j, dose) for j in range(int(rng.integers(0, 12)))]),
                Q=np.diag(np.concatenate([np.zeros(hb.NX), np.full(5, 1e-5 * (k % 2))])),
            )
        )
    return patients


def test_bits_do_not_depend_on_batch_order_or_threads() -> None:
    patients = various(11)
    together = hb.ukf(patients, threads=2, smooth=True, trace=True)
    assert not together["status"].any()
    order = np.random.default_rng(2).permutation(len(patients))
    shuffled = hb.ukf([patients[k] for k in order], smooth=True, trace=True)
    offsets = np.cumsum([0, *(len(p["obs_time"]) for p in patients)])
    for name in ("mean", "cov", "loglike"):
        np.testing.assert_array_equal(together[name][order], shuffled[name])
    for k, one in enumerate(patients):
        alone = hb.ukf([one], smooth=True, trace=True)
        np.testing.assert_array_equal(alone["mean"][0], together["mean"][k])
        rows = slice(offsets[k], offsets[k + 1])
        for name in ("predicted", "filtered_cov", "smoothed_mean", "smoothed_cov"):
            np.testing.assert_array_equal(alone[name], together[name][rows])


def test_covariances_are_symmetric_and_semidefinite() -> None:
    got = hb.ukf(various(20), smooth=True, trace=True)
    for name in ("cov", "filtered_cov", "smoothed_cov"):
        P = got[name]
        np.testing.assert_array_equal(P, np.swapaxes(P, -1, -2))
        scale = np.sqrt(np.maximum(np.einsum("kii->ki", P), 1e-30))
        assert np.linalg.eigvalsh(P / (scale[:, :, None] * scale[:, None, :])).min() > -1e-7


def test_smoothing_a_constant_gives_its_final_estimate() -> None:
    """Parameters without a walk are constants: smoothed at any time they are the last filtered ones."""
    got = hb.ukf([hb.patient()], smooth=True, trace=True)
    last = got["filtered_mean"][-1, hb.NX :]
    np.testing.assert_allclose(got["smoothed_mean"][:, hb.NX :], np.tile(last, (4, 1)), rtol=1e-6)


def test_an_observation_stands_before_the_dose_and_after_the_covariate_of_its_instant() -> None:
    def predicted(
        rows: list[tuple[float, int, int, float]], time: float = 24.0, output: int = hb.CS
    ) -> float:
        one = hb.patient(
            times=[time],
            values=[math.nan],
            end=time,
            actions=hb.actions(rows),
            cov=np.zeros((hb.N, hb.N)),
            obs_output=np.array([output], dtype=np.int32),
            obs_noise=np.zeros(1, dtype=np.int8),
        )
        return float(hb.ukf([one])["predicted"][0])

    first = (0.0, hb.BOLUS, 0, 10.0)
    before = predicted([first])
    assert predicted([first, (24.0, hb.BOLUS, 0, 10.0)]) == before
    assert predicted([first, (24.0, hb.RESET, 0, 0.0)]) == before
    assert predicted([first, (24.0, hb.SCALE, 2, 2.0)]) == pytest.approx(before / 2)
    assert predicted([(0.0, hb.SCALE, 2, 2.0), first], 0.0) == 0.0
    base = predicted([(0.0, hb.PARAM, 10, 1.5)], 0.0, hb.INR)
    assert base == pytest.approx(1.5)
    held = predicted([(0.0, hb.PARAM, 10, 1.5)], 48.0, hb.INR)
    assert held == pytest.approx(1.5)
    assert predicted([(-5.0, hb.PARAM, 10, 1.5), (-5.0, hb.BOLUS, 0, 50.0)], 0.0, hb.INR) == pytest.approx(
        1.5
    )


def test_shared_scale_of_an_estimated_parameter_applies_to_all_points() -> None:
    one = hb.patient(
        actions=hb.actions([(0.0, hb.SCALE, 1, 0.5), *((24.0 * k, hb.BOLUS, 0, 7.5) for k in range(9))])
    )
    halved = hb.patient(
        actions=hb.dosing([(24.0 * k, 7.5) for k in range(9)]),
        mean=hb.prior()[0] + np.where(np.arange(hb.N) == hb.NX, math.log(0.5), 0.0),
    )
    a, b = hb.ukf([one], **TIGHT), hb.ukf([halved], **TIGHT)
    np.testing.assert_allclose(a["predicted"], b["predicted"], rtol=1e-9)


def test_gate() -> None:
    one = hb.patient(values=[1.3, 40.0, 2.2, 2.9])
    got = hb.ukf([one], gate=4.0)
    np.testing.assert_array_equal(got["use"], [USED, GATED, USED, USED])
    without = hb.ukf([hb.patient(values=[1.3, math.nan, 2.2, 2.9])])
    np.testing.assert_array_equal(got["mean"], without["mean"])
    assert got["loglike"][0] == without["loglike"][0]


@pytest.mark.parametrize("censor", [0, 1], ids=["value", "above"])
def test_a_robust_update_equals_the_twin(censor: int) -> None:
    flags = np.array([0, censor, 0, 0], dtype=np.int8)
    one = hb.patient(values=[1.3, 9.0, 2.2, 2.9], obs_censor=flags)
    got, want = hb.ukf([one], **TIGHT, robust=3.0, trace=True), twin(one, DOSES, robust=3.0)
    np.testing.assert_array_equal(got["use"], [USED, DOWN_WEIGHTED, USED, USED])
    assert got["loglike"][0] == pytest.approx(want.loglike, abs=2e-8)
    np.testing.assert_allclose(got["mean"][0], want.mean, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(got["cov"][0], want.cov, rtol=1e-6, atol=1e-9)


def test_a_robust_update_leaves_a_plausible_course_alone_bit_for_bit() -> None:
    one = hb.patient(values=[1.3, 1.7, 2.2, 2.9])
    got, plainly = hb.ukf([one], robust=3.0), hb.ukf([one])
    np.testing.assert_array_equal(got["mean"], plainly["mean"])
    np.testing.assert_array_equal(got["cov"], plainly["cov"])
    # A limit that the forecast respects is no surprise.
    far = hb.patient(values=[1.3, 90.0, 2.2, 2.9], obs_censor=np.array([0, -1, 0, 0], dtype=np.int8))
    assert hb.ukf([far], robust=3.0)["use"][1] == USED


def test_what_an_outlier_moves_falls_with_its_distance() -> None:
    ec50 = hb.NX + 2
    before = hb.ukf([hb.patient(times=[60.0], values=[math.nan], end=60.0)])["mean"][0, ec50]
    moved = [
        abs(hb.ukf([hb.patient(times=[60.0], values=[v], end=60.0)], robust=3.0)["mean"][0, ec50] - before)
        for v in (6.0, 12.0, 200.0)
    ]
    assert moved[0] > moved[1] > moved[2] > 0


def test_no_observation_is_the_prior_carried_on() -> None:
    got = hb.ukf([hb.patient(times=[], values=[])])
    assert got["status"][0] == 0
    np.testing.assert_array_equal(got["mean"][0, hb.NX :], hb.prior()[0][hb.NX :])
    np.testing.assert_allclose(got["cov"][0, hb.NX :, hb.NX :], hb.prior()[1][hb.NX :, hb.NX :], rtol=1e-13)
    assert got["loglike"][0] == 0.0


def test_a_long_gap_adds_the_noise_of_its_length() -> None:
    drift = np.concatenate([np.zeros(hb.NX), np.full(5, 1e-5)])
    got = hb.ukf([hb.patient(times=[], values=[], Q=np.diag(drift), actions=hb.dosing([]))])
    grown = np.diag(got["cov"][0] - hb.prior()[1])[hb.NX :]
    np.testing.assert_allclose(grown, 1e-5 * 300, rtol=1e-10)


BAD: dict[str, tuple[dict[str, Any], str, float]] = {
    "mean": ({"mean": np.full(hb.N, np.nan)}, "NOT_FINITE", 0.0),
    "cov-asymmetric": ({"cov": hb.prior()[1] + np.eye(hb.N, k=1)}, "NOT_POSITIVE_DEFINITE", 0.0),
    "cov-indefinite": ({"cov": -hb.prior()[1]}, "NOT_POSITIVE_DEFINITE", 0.0),
    "Q-negative": ({"Q": -np.eye(hb.N)}, "BAD_ARGUMENT", 0.0),
    "Q-asymmetric": ({"Q": np.eye(hb.N) + np.eye(hb.N, k=1)}, "NOT_POSITIVE_DEFINITE", 0.0),
    "Q-indefinite": (
        {"Q": np.ones((hb.N, hb.N)) - 2 * np.eye(hb.N, k=1) - 2 * np.eye(hb.N, k=-1)},
        "NOT_POSITIVE_DEFINITE",
        0.0,
    ),
    "unsorted": ({"times": [96.0, 60.0, 168.0, 240.0]}, "UNSORTED", 60.0),
    "late": ({"times": [60.0, 96.0, 168.0, 301.0]}, "UNSORTED", 301.0),
    "infinite": ({"values": [1.3, 1.7, np.inf, 2.9]}, "NOT_FINITE", 168.0),
    "not-positive": ({"values": [1.3, -1.7, 2.2, 2.9]}, "BAD_ARGUMENT", 96.0),
    "no-noise": ({"obs_a": np.zeros(4)}, "BAD_ARGUMENT", 60.0),
    "no-output": ({"obs_output": np.full(4, 99, dtype=np.int32)}, "BAD_ARGUMENT", 60.0),
    "unsorted-doses": ({"actions": hb.dosing([(24.0, 5.0), (0.0, 5.0)])}, "UNSORTED", 0.0),
    "covariate-of-theta": ({"actions": hb.actions([(24.0, hb.PARAM, 1, 0.3)])}, "BAD_ARGUMENT", 24.0),
    "backwards": ({"end": -1.0}, "UNSORTED", 0.0),
}


@pytest.mark.parametrize("case", BAD)
def test_one_bad_patient_of_three(case: str) -> None:
    change, status, at = BAD[case]
    got = hb.ukf([hb.patient(), hb.patient(**change), hb.patient()], trace=True)
    np.testing.assert_array_equal(got["status"], [0, _core.STATUS[status][0], 0])
    assert got["failed_at"][1] == at
    assert np.isnan(got["mean"][1]).all()
    assert np.isnan(got["loglike"][1])
    assert np.isnan(got["filtered_mean"][4:8]).all()
    assert (got["use"][4:8] == NOT_REACHED).all()
    good = hb.ukf([hb.patient()])
    for k in (0, 2):
        np.testing.assert_array_equal(got["mean"][k], good["mean"][0])
        assert np.isnan(got["failed_at"][k])


def test_a_point_that_the_equations_cannot_carry_fails_its_patient_with_the_time() -> None:
    got = hb.ukf([hb.patient()], max_steps=1)
    assert got["status"][0] == _core.STATUS["STEP_LIMIT"][0]
    assert np.isfinite(got["failed_at"][0])
    assert np.isnan(got["mean"]).all()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"mean": np.zeros(3)}, "mean"),
        ({"cov": np.zeros((3, 3))}, "cov"),
        ({"params": np.zeros(2)}, "params"),
        ({"obs_value": np.zeros(9)}, "obs_value"),
        ({"actions": np.zeros(3)}, "actions"),
    ],
)
def test_wrong_shapes_name_the_array(change: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        hb.ukf([hb.patient() | change])


def test_options_out_of_range() -> None:
    for options in ({"alpha": 0.0}, {"kappa": -20.0}, {"gate": -1.0}, {"robust": -1.0}, {"noise_step": 0.0}):
        with pytest.raises(ValueError, match="domain"):
            hb.ukf([hb.patient()], **options)


def test_every_failing_allocation_is_an_error(failed_allocations: Any) -> None:
    two = [hb.patient(), hb.patient()]
    assert failed_allocations(lambda: hb.ukf(two, threads=2, smooth=True, trace=True)) > 4


@pytest.mark.reference
def test_the_twin_on_the_pendulum() -> None:
    """Section 9 of kalman/CASES.md: UKF and URTS with alpha 1, beta 0, kappa 1, to 1e-12."""
    found = reference_dir()
    assert found is not None
    data = np.genfromtxt(found / "kalman" / "pendulum.csv", delimiter=",", names=True)
    expected = np.genfromtxt(found / "kalman" / "pendulum_expected.csv", delimiter=",", names=True)
    dt, g = 0.01, 9.81
    Q = 0.01 * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
    run = plain.unscented_filter(
        plain.SigmaRule(2, 1.0, 0.0, 1.0),
        np.zeros(2),
        np.eye(2),
        lambda t0, t1, Z: np.stack([Z[:, 0] + dt * Z[:, 1], Z[:, 1] - g * dt * np.sin(Z[:, 0])], axis=1),
        Q,
        [
            plain.Measurement(k + 1.0, y, lambda X: np.sin(X[:, 0]), a=math.sqrt(0.1))
            for k, y in enumerate(data["y"])
        ],
        0.0,
        float(len(data)),
    )
    for kind, rows in {"f": run.filtered, "s": run.smoothed}.items():
        for name, value in {
            "m1": [m[0] for m, _ in rows],
            "m2": [m[1] for m, _ in rows],
            "P11": [P[0, 0] for _, P in rows],
            "P12": [P[0, 1] for _, P in rows],
            "P22": [P[1, 1] for _, P in rows],
        }.items():
            np.testing.assert_allclose(value, expected[f"ukf_{kind}_{name}"], rtol=1e-10, atol=1e-12)


def test_a_state_that_decayed_to_nothing_is_known() -> None:
    """Weeks without a dose: the variance in the depot underflows, and is no longer a direction."""
    times = [24.0 * d for d in (1, 2, 6, 7, 8, 9, 10, 12, 15, 20)]
    one = hb.patient(times=times, values=[1.8] * len(times), end=500.0)
    doses = hb.dosing([(0.0, 12.5)])
    got = hb.ukf([one | {"actions": doses}])
    assert got["status"][0] == 0
    assert np.isfinite(got["loglike"][0])


def test_dose_records_are_carried_from_observation_to_observation() -> None:
    """A record with additional doses is the same as those doses, given one by one."""
    times = [60.0, 90.0, 150.0, 239.0]
    doses = np.array([(0, 0, 7.5, 0.0, 24.0, 11)], _core.DOSE_DTYPE)
    series = hb.patient(times=times, actions=hb.actions([(0.0, _core.ACTION_DOSE, 0, 0.0)]))
    expected, found = hb.ukf([hb.patient(times=times)]), hb.ukf([series], doses=doses)
    for name in ("mean", "cov", "predicted", "loglike"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-9, atol=1e-12)
    begun = hb.patient(times=times) | {"start": 30.0}
    expected, found = hb.ukf([begun]), hb.ukf([series | {"start": 30.0}], doses=doses)
    np.testing.assert_allclose(found["mean"], expected["mean"], rtol=1e-9, atol=1e-12)
