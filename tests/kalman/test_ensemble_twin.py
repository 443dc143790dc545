"""The plain ensemble filters against dense Gaussians, and the organ lorenz96 against its plain equations."""

from __future__ import annotations

import numpy as np
import pytest

from pytwin import _core
from pytwin.model import Model
from pytwin.reference import nonlinear_ensemble as plain

pytestmark = pytest.mark.core

RNG = np.random.default_rng(96)


def gaussian(ensemble: plain.Array) -> tuple[plain.Array, plain.Array]:
    mean, A = plain.spread(ensemble)
    return mean, A.T @ A / (len(A) - 1)


def posterior(
    m: plain.Array, P: plain.Array, H: plain.Array, R: plain.Array, y: plain.Array
) -> tuple[plain.Array, plain.Array]:
    G = P @ H.T @ np.linalg.inv(H @ P @ H.T + np.diag(R))
    return m + G @ (y - H @ m), P - G @ H @ P


@pytest.fixture
def problem() -> dict[str, plain.Array]:
    H = RNG.normal(size=(3, 5))
    return {"E": RNG.normal(size=(9, 5)), "H": H, "R": np.array([0.3, 1.0, 2.5]), "y": RNG.normal(size=3)}


def test_square_root_has_the_moments_of_the_linear_filter(problem: dict[str, plain.Array]) -> None:
    E, H, R, y = (problem[k] for k in ("E", "H", "R", "y"))
    found = gaussian(plain.square_root(E, E @ H.T, y, R))
    for got, expected in zip(found, posterior(*gaussian(E), H, R, y), strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-13)


def test_a_taper_of_one_is_no_localisation(problem: dict[str, plain.Array]) -> None:
    E, H, R, y = (problem[k] for k in ("E", "H", "R", "y"))
    everywhere = plain.local(E, E @ H.T, y, R, np.ones((5, 3)))
    np.testing.assert_allclose(everywhere, plain.square_root(E, E @ H.T, y, R), atol=1e-13)


@pytest.mark.parametrize("method", ["perturbed", "half_gain"])
def test_the_mean_is_that_of_the_linear_filter(method: str, problem: dict[str, plain.Array]) -> None:
    E, H, R, y = (problem[k] for k in ("E", "H", "R", "y"))
    normals = (RNG.normal(size=(9, 3)),) if method == "perturbed" else ()
    found = getattr(plain, method)(E, E @ H.T, y, R, *normals)
    np.testing.assert_allclose(found.mean(axis=0), posterior(*gaussian(E), H, R, y)[0], atol=1e-13)


def test_perturbed_observations_have_the_covariance_on_average(problem: dict[str, plain.Array]) -> None:
    E, H, R, y = (problem[k] for k in ("E", "H", "R", "y"))
    draws = [plain.perturbed(E, E @ H.T, y, R, RNG.normal(size=(9, 3))) for _ in range(4000)]
    P = np.mean([gaussian(d)[1] for d in draws], axis=0)
    np.testing.assert_allclose(P, posterior(*gaussian(E), H, R, y)[1], atol=0.03)


@pytest.mark.parametrize("N", [2, 3, 8])
def test_a_rotation_is_orthogonal_and_keeps_the_mean(N: int) -> None:
    turn = plain.rotation(RNG.normal(size=(N - 1, N - 1)))
    np.testing.assert_allclose(turn @ turn.T, np.eye(N), atol=1e-14)
    np.testing.assert_allclose(turn @ np.ones(N), np.ones(N), atol=1e-14)


def test_the_taper_is_a_correlation() -> None:
    """1 at 0, 5/24 at half its support (both branches, Gaspari and Cohn 1999, eq. 4.10); semidefinite."""
    half = 1.82 * 4.0
    found = plain.taper(np.array([0.0, half, half * (1 + 1e-12), 2 * half, 20.0]), 4.0)
    np.testing.assert_allclose(found, [1, 5 / 24, 5 / 24, 0, 0], atol=1e-11)
    at = np.arange(40.0)
    assert np.linalg.eigvalsh(plain.taper(plain.distance(at, at, 40.0), 4.0)).min() > -1e-14


def test_lorenz96_is_its_plain_equations() -> None:
    x = RNG.normal(size=(7, 40)) * 4
    model = _core.Model("lorenz96")
    found = model.rate(0.0, x, np.full((7, 1), 7.5))
    np.testing.assert_allclose(found, plain.lorenz96(x, 7.5), rtol=0, atol=1e-13)


def test_lorenz96_by_fixed_steps_is_the_plain_method() -> None:
    x = plain.rk4(plain.lorenz96, plain.rk4(plain.lorenz96, np.eye(40)[0], 0.05), 0.05)
    found = Model("lorenz96").simulate([0.1], method="rk4", step=0.05)
    np.testing.assert_allclose(found.x_end, x, rtol=1e-13, atol=1e-13)
