"""Derivatives of the diffuse likelihood: complex step on the plain twin, differences of the core, fits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pytwin import _core, kalman
from pytwin.datasets import nile
from pytwin.errors import InputError
from pytwin.reference import kalman_gradient as plain

pytestmark = pytest.mark.core

NAMES = ("F", "H", "Q", "R", "G", "c", "d", "x0", "P0")
SYMMETRIC = ("Q", "R", "P0")


def spd(rng: np.random.Generator, k: int) -> np.ndarray:
    a = rng.normal(size=(k, k))
    return np.asarray(a @ a.T / k + 0.1 * np.eye(k))


def model_of(rng: np.random.Generator, n: int, m: int, g: int, steps: int | None) -> dict[str, np.ndarray]:
    """Random arrays; with `steps` all but the start have a time axis."""
    lead = () if steps is None else (steps,)
    count = steps or 1
    return {
        "F": 0.6 * rng.normal(size=(*lead, n, n)),
        "H": rng.normal(size=(*lead, m, n)),
        "Q": np.stack([spd(rng, g) for _ in range(count)]).reshape(*lead, g, g),
        "R": np.stack([spd(rng, m) for _ in range(count)]).reshape(*lead, m, m),
        "G": rng.normal(size=(*lead, n, g)),
        "c": rng.normal(size=(*lead, n)),
        "d": rng.normal(size=(*lead, m)),
        "x0": rng.normal(size=n),
        "P0": spd(rng, n),
    }


def gappy(rng: np.random.Generator, *shape: int) -> np.ndarray:
    y = 3 * rng.normal(size=shape)
    y[rng.random(shape) < 0.3] = np.nan
    return y


def low_rank(rng: np.random.Generator, n: int, rank: int) -> np.ndarray:
    B = rng.normal(size=(n, rank))
    return np.asarray(B @ B.T)


def expected(y: np.ndarray, model: dict[str, np.ndarray], name: str, Pinf: np.ndarray) -> np.ndarray:
    found = plain.gradient(y, model, name, Pinf)
    return (found + np.swapaxes(found, -1, -2)) / 2 if name in SYMMETRIC else found


@pytest.mark.parametrize(
    ("n", "m", "g", "rank", "timed"),
    [
        (1, 1, 1, 1, False), (2, 1, 2, 2, False), (3, 2, 2, 2, False), (4, 3, 4, 4, False),
        (9, 2, 5, 3, False), (34, 1, 2, 2, False), (2, 1, 2, 2, True), (3, 2, 2, 2, True),
    ],
)  # fmt: skip
def test_equals_the_complex_step(n: int, m: int, g: int, rank: int, timed: bool) -> None:
    """Partly missing, correlated, ragged; series that end before all is determined, and one never seen."""
    rng, T = np.random.default_rng(n), 6
    model, Pinf = model_of(rng, n, m, g, T if timed else None), low_rank(rng, n, rank)
    if n > 9:
        model["F"] /= 5
    y, lengths = gappy(rng, 6, T, m), np.array([6, 3, 6, 1, 5, 6])
    y[4] = np.nan
    names = NAMES if n < 10 else ("Q", "R", "c", "x0")
    found = kalman.gradient(y, **model, diffuse=Pinf, lengths=lengths, wanted=names)
    for s, length in enumerate(lengths[:5].tolist()):
        own = {k: a[:length] if timed and k not in ("x0", "P0") else a for k, a in model.items()}
        value = plain.diffuse_loglike(y[s, :length], own, Pinf).real
        assert found.loglike[s] == pytest.approx(value, rel=1e-10, abs=1e-10)
        for name in names:
            got, want = found[name][s], expected(y[s, :length], own, name, Pinf)
            if timed and name not in ("x0", "P0"):
                assert np.isnan(got[length:]).all()
                got = got[:length]
            np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-9 * max(1.0, abs(want).max()))


def test_a_mask_forgets_what_P0_says_of_its_states_and_noises_may_be_singular() -> None:
    rng = np.random.default_rng(2)
    mask = np.array([True, False, True])
    model = model_of(rng, 3, 2, 3, None) | {"Q": np.diag([0.0, 1.0, 0.0]), "R": np.diag([0.0, 0.5])}
    y = gappy(rng, 1, 10, 2)
    found = kalman.gradient(y, **model, diffuse=mask, wanted=NAMES)
    known = model | {"P0": np.where(mask | mask[:, None], 0.0, model["P0"])}
    for name in NAMES:
        want = expected(y[0], known, name, np.diag(mask.astype(float)))
        if name == "P0":
            want = np.where(mask | mask[:, None], 0.0, want)
            np.testing.assert_array_equal(found[name][0] == 0, want == 0)
        got = found[name][0]
        if name == "R":  # with R_00 = 0 no R_01 but 0 is one of a covariance
            got, want = np.diag(got), np.diag(want)
        np.testing.assert_allclose(got, want, rtol=1e-8, atol=1e-9 * abs(want).max())


def test_two_sensors_of_one_diffuse_sum() -> None:
    """Both rows of H move together: single entries would make another element diffuse, the sum does not."""
    y = gappy(np.random.default_rng(4), 12, 2)
    fixed: dict[str, Any] = {"F": np.eye(2), "Q": np.diag([0.3, 0.1]), "R": np.diag([1.0, 2.0])}
    fixed |= {"x0": np.zeros(2), "P0": np.zeros((2, 2)), "diffuse": True}

    def at(b: float) -> Any:
        return kalman.filter(y, H=[[1.0, b], [1.0, b]], **fixed, outputs=("loglike",)).loglike

    fixed["F"] = np.array([[1.0, 0.4], [0.0, 0.9]])
    slope = kalman.gradient(y, H=[[1.0, 0.7], [1.0, 0.7]], **fixed, wanted=("H",))
    along = slope.along({"H": [[0.0, 1.0], [0.0, 1.0]]})
    assert along == pytest.approx((at(0.7 + 1e-5) - at(0.7 - 1e-5)) / 2e-5, rel=1e-7)


def test_differences_of_the_core() -> None:
    """A trend with gaps, each parameter of its own."""
    y = np.cumsum(gappy(np.random.default_rng(5), 4, 30, 1), axis=1)
    y[1, 0] = np.nan
    base = {"F": np.array([[1.0, 1.0], [0.0, 0.9]]), "Q": np.diag([0.5, 0.1]), "R": np.eye(1)}
    rest: dict[str, Any] = {"H": [[1.0, 0.0]], "x0": np.zeros(2), "P0": np.zeros((2, 2)), "diffuse": True}
    found = kalman.gradient(y, **base, **rest, wanted=("F", "Q", "R"))
    for name, (i, j) in [
        ("F", (0, 1)),
        ("F", (1, 1)),
        ("F", (1, 0)),
        ("Q", (0, 0)),
        ("Q", (1, 1)),
        ("R", (0, 0)),
    ]:
        step = np.zeros_like(base[name])
        step[i, j] = 1e-5
        up, down = (
            kalman.filter(y, **(base | {name: base[name] + e}), **rest, outputs=("loglike",)).loglike
            for e in (step, -step)
        )
        np.testing.assert_allclose(found[name][:, i, j], (up - down) / 2e-5, rtol=2e-6, atol=1e-6)


def test_a_series_has_its_bits_in_any_company_and_long_ones_go_by_check_points() -> None:
    rng = np.random.default_rng(3)
    model, mask = model_of(rng, 3, 2, 3, None), np.array([True, True, False])
    y = gappy(rng, 11, 60, 2)
    y[5, :20] = np.nan
    together = kalman.gradient(y, **model, diffuse=mask, wanted=NAMES, threads=2)
    for s in (0, 5, 10):
        alone = kalman.gradient(y[s], **model, diffuse=mask, wanted=NAMES)
        for name in NAMES:
            np.testing.assert_array_equal(alone[name], together[name][s])
    none = kalman.gradient(y, **model, diffuse=np.zeros(3, bool), wanted=NAMES)
    plain_run = kalman.gradient(y, **model, wanted=NAMES)
    for name in NAMES:
        np.testing.assert_array_equal(none[name], plain_run[name])
    live = _core._alloc_live()
    long = gappy(rng, 1, 40_000, 2)
    long[0, :30_000] = np.nan
    found = kalman.gradient(long, **(model | {"F": np.eye(3)}), diffuse=mask, wanted=("Q", "R"))
    assert np.isfinite(found["Q"]).all() and _core._alloc_live() == live


def test_every_failing_allocation_is_an_error(failed_allocations: Any) -> None:
    rng = np.random.default_rng(6)
    model, y = model_of(rng, 3, 2, 3, None), gappy(rng, 9, 6, 2)
    assert failed_allocations(lambda: kalman.gradient(y, **model, diffuse=True, wanted=NAMES, threads=2)) > 5


def walk(theta: Any) -> dict[str, Any]:
    q, r = np.exp(theta)
    return {
        "F": [[1.0]], "H": [[1.0]], "Q": [[q]], "R": [[r]], "x0": [0.0], "P0": [[0.0]], "diffuse": True,
    }  # fmt: skip


def test_fit_of_a_diffuse_level() -> None:
    """The Nile (Durbin & Koopman 2012, table 2.1): variances 15099 and 1469.1; each series its own."""
    y = nile().volume[:, None]
    found = kalman.fit(walk, y, [7.0, 9.0])
    assert found.converged
    np.testing.assert_allclose(np.exp(found.theta), [1469.1, 15099.0], rtol=1e-4)
    own = kalman.fit(walk, np.stack([y, y / 10]), [7.0, 9.0], pooled=False)
    np.testing.assert_allclose(own.theta[1], own.theta[0] - 2 * np.log(10), rtol=1e-5)


def test_fit_refuses_what_is_diffuse_to_depend_on_theta() -> None:
    def odd(theta: Any) -> dict[str, Any]:
        return walk(theta) | {"diffuse": np.array([np.real(theta[0]) > 0.5])}

    with pytest.raises(InputError) as caught:
        kalman.fit(odd, np.ones((2, 5, 1)), [[0.0, 0.0], [1.0, 0.0]], pooled=False)
    assert caught.value.place == "build"
