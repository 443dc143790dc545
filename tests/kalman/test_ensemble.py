"""The core's ensemble filters against the plain twin from the same random numbers, and the exact filter;
what they do with members whose equations fail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pytwin import _core
from pytwin.errors import PytwinError
from pytwin.verify.ensemble import LORENZ63, LORENZ96, RING, Plain

pytestmark = pytest.mark.core
SEEDS = np.arange(1, 4)

METHODS: list[tuple[str, int, dict[str, Any]]] = [
    ("enkf", 40, {"inflation": 1.06}),  # as many members as observations
    ("enkf", 28, {"inflation": 1.08}),
    ("denkf", 40, {"inflation": 1.01}),
    ("etkf", 24, {"inflation": 1.013, "rotate": True}),
    ("etkf", 43, {"rotate": True}),  # more
    ("letkf", 7, {"inflation": 1.04, "rotate": True, "radius": 4.0}),
]


@pytest.mark.parametrize(("method", "members", "options"), METHODS)
def test_the_core_is_the_plain_twin(method: str, members: int, options: dict[str, Any]) -> None:
    y = LORENZ96.truth(SEEDS, 5)[1]
    places = RING if method == "letkf" else {}
    got = LORENZ96.filter(
        y, SEEDS, method=method, n_member=members, seed=5, trace=True, keep=True, **options, **places
    )
    assert (got["status"] == 0).all()
    for s, number in enumerate(SEEDS):
        twin = Plain(LORENZ96, method, members, seed=5, patient=number, **options)
        E = twin.run(y[s])
        np.testing.assert_allclose(got["state"][s, -E.size :].reshape(E.shape), E, atol=1e-10)
        means = got["filtered_mean"].reshape(len(SEEDS), 5, 40, 40)[s, :, -1]
        np.testing.assert_allclose(means, twin.means, atol=1e-11)


def test_fewer_observations_than_members_is_the_same_algebra() -> None:
    y = LORENZ63.truth(SEEDS, 3)[1]
    for method in ("enkf", "denkf", "etkf"):
        got = LORENZ63.filter(y, SEEDS, method=method, n_member=11, keep=True)["state"][1]
        E = Plain(LORENZ63, method, 11, patient=SEEDS[1]).run(y[1])
        np.testing.assert_allclose(got[-E.size :].reshape(E.shape), E, atol=1e-9)


@pytest.mark.parametrize(
    ("method", "members", "options"), [m for m in METHODS if m[0] != "letkf"] + [("enkf", 60, {})]
)
def test_the_smoother_is_the_plain_twin(method: str, members: int, options: dict[str, Any]) -> None:
    y = LORENZ96.truth(SEEDS, 6)[1]
    got = LORENZ96.filter(y, SEEDS, method=method, n_member=members, smooth=True, **options)
    assert (got["status"] == 0).all()
    twin = Plain(LORENZ96, method, members, patient=SEEDS[2], **options)
    smoothed = np.array(twin.smooth(twin.run(y[2])))
    found = got["smoothed_mean"].reshape(3, 6, 40, 40)[2, :, -1]
    np.testing.assert_allclose(found, smoothed.mean(axis=1), atol=1e-8)
    A = smoothed - smoothed.mean(axis=1, keepdims=True)
    cov = got["smoothed_cov"].reshape(3, 6, 40, 40, 40)[2, :, -1]
    np.testing.assert_allclose(cov, A.transpose(0, 2, 1) @ A / (members - 1), atol=1e-8)


def test_smoothing_leaves_the_filter_alone_and_says_more() -> None:
    x, y = LORENZ63.truth(SEEDS, 40)
    options: dict[str, Any] = {"method": "etkf", "n_member": 60, "trace": True}
    plainly, got = LORENZ63.filter(y, SEEDS, **options), LORENZ63.filter(y, SEEDS, smooth=True, **options)
    for name in ("mean", "cov", "loglike", "filtered_mean"):
        np.testing.assert_array_equal(plainly[name], got[name])
    by_row = (3, 40, 3, 3)
    np.testing.assert_array_equal(
        got["smoothed_mean"].reshape(by_row)[:, -1], got["filtered_mean"].reshape(by_row)[:, -1]
    )
    filtered, smoothed = (
        np.sqrt(np.mean((got[f"{k}_mean"].reshape(by_row)[:, 5:-5, -1] - x[:, 5:-5]) ** 2))
        for k in ("filtered", "smoothed")
    )
    assert smoothed < 0.8 * filtered


def test_a_localised_ensemble_has_no_smoother() -> None:
    y = LORENZ96.truth(SEEDS, 2)[1]
    with pytest.raises(PytwinError, match="not offer"):
        LORENZ96.filter(y, SEEDS, method="letkf", n_member=7, radius=4.0, smooth=True, **RING)


def test_members_drawn_again_are_smoothed_too() -> None:
    wild = replace(LORENZ96, variance=15.0**2, every=60)
    y = LORENZ96.truth(SEEDS, 2)[1]
    got = wild.filter(y, SEEDS, method="enkf", n_member=50, smooth=True)
    assert (got["status"] == 0).all() and (got["rejected"] > 5).all()
    assert np.isfinite(got["smoothed_mean"]).all()


@pytest.mark.parametrize("method", ["enkf", "denkf", "etkf", "letkf"])
def test_a_series_does_not_depend_on_batch_order_and_threads(method: str) -> None:
    y = LORENZ96.truth(SEEDS, 6)[1]
    options = {"method": method, "n_member": 9, "inflation": 1.02, "rotate": True, "radius": 4.0, **RING}
    whole = LORENZ96.filter(y, SEEDS, **options)
    turned = LORENZ96.filter(y[::-1], SEEDS[::-1], threads=2, **options)
    alone = LORENZ96.filter(y[1:2], SEEDS[1:2], **options)
    for name in ("mean", "cov", "loglike"):
        np.testing.assert_array_equal(turned[name], whole[name][::-1])
        np.testing.assert_array_equal(alone[name][0], whole[name][1])
    if method != "letkf":
        rows = (6 * 40, 40)
        two = [LORENZ96.filter(y[s], SEEDS[s], smooth=True, **options) for s in (slice(None), slice(1, 2))]
        np.testing.assert_array_equal(
            two[0]["smoothed_mean"].reshape(3, *rows)[1], two[1]["smoothed_mean"].reshape(rows)
        )


def test_members_between_observations_go_as_lanes_of_a_simulation_do() -> None:
    """The quick way through fixed steps gives the bits of the one that follows schedules."""
    y = LORENZ96.truth(SEEDS, 4)[1]
    quick = LORENZ96.filter(y, SEEDS, method="enkf", n_member=20)
    idle = np.zeros(4, _core.PLAN_DTYPE)
    idle["time"], idle["kind"], idle["value"] = LORENZ96.times(4), _core.ACTION_SCALE, 1.0
    slow = LORENZ96.filter(
        y, SEEDS, method="enkf", n_member=20, actions=np.tile(idle, 3), action_offsets=4 * np.arange(4)
    )
    np.testing.assert_array_equal(quick["mean"], slow["mean"])


def test_likelihood_and_moments_converge_to_the_exact_filter() -> None:
    """One step of a linear observation: the ensemble of 20,000 against the Gaussian itself."""
    y = LORENZ63.truth(SEEDS, 1)[1]
    exact = LORENZ63.filter(y, SEEDS, method="ukf", alpha=1.0, beta=0.0, kappa=0.0, end=np.full(3, 0.25))
    for method in ("enkf", "etkf"):
        many = LORENZ63.filter(y, SEEDS, method=method, n_member=20_000, end=np.full(3, 0.25))
        np.testing.assert_allclose(many["mean"], exact["mean"], atol=0.2)
        np.testing.assert_allclose(many["loglike"], exact["loglike"], atol=0.15)


@pytest.mark.parametrize(
    "bad",
    [{"n_member": 1}, {"inflation": 0.0}, {"inflation": np.nan}, {"radius": -1.0}, {"radius": 4.0}],
)
def test_options_out_of_their_domain(bad: dict[str, Any]) -> None:
    y = LORENZ63.truth(SEEDS, 1)[1]
    with pytest.raises(ValueError, match="domain"):
        LORENZ63.filter(y, SEEDS, method="letkf", **bad)


def test_a_value_that_is_missing_is_forecast_and_not_used() -> None:
    y = LORENZ63.truth(SEEDS, 2)[1]
    y[:, 0, 1] = np.nan
    got = LORENZ63.filter(y, SEEDS, method="etkf", n_member=15)
    assert np.isfinite(got["predicted"]).all()
    use = got["use"].reshape(3, 2, 3)
    assert (use[:, 0, 1] == 0).all() and (use[:, 1] == 1).all()


def test_members_whose_equations_fail_are_drawn_again() -> None:
    """Steps so long that members far out run away to infinity: a third of them; or nearly all."""
    wild = replace(LORENZ96, variance=15.0**2, every=60)
    y = LORENZ96.truth(SEEDS, 1)[1]
    got = wild.filter(y, SEEDS, method="enkf", n_member=50, keep=True)
    assert (got["status"] == 0).all() and (got["rejected"] > 5).all()
    assert np.isfinite(got["mean"]).all() and np.isfinite(got["state"]).all()
    lost = replace(LORENZ96, variance=25.0**2, every=60).filter(y, SEEDS, method="enkf", n_member=50)
    assert (lost["status"] == _core.STATUS["NOT_FINITE"][0]).all()
    assert np.isnan(lost["mean"]).all()


@pytest.mark.parametrize(("method", "smooth"), [("enkf", False), ("enkf", True), ("letkf", False)])
def test_every_failing_allocation_is_memory_that_is_missing(method: str, smooth: bool) -> None:
    y = LORENZ63.truth(SEEDS[:1], 1)[1]
    before = _core._alloc_live()
    for n in range(1, 200):
        _core._alloc_fail_at(n)
        try:
            LORENZ63.filter(y, SEEDS[:1], method=method, n_member=5, rotate=True, smooth=smooth)
        except MemoryError:
            continue
        finally:
            _core._alloc_fail_at(0)
            assert _core._alloc_live() == before
        break
    assert 5 < n < 199
