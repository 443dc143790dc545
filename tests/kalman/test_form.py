"""The square-root form of the filters by sigma points, beside the plain one, NumPy and sixty digits."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import pytwin as pt
from pytwin.errors import InputError
from pytwin.reference import nonlinear_root as plain
from pytwin.reference import pendulum as equations
from pytwin.reference.kalman import SigmaRule
from pytwin.verify import nonlinear_form, nonlinear_online, pendulum

pytestmark = pytest.mark.core
Y = np.sin(np.random.default_rng(8).normal(size=40))
RULES = [(1.0, 2.0, 1.0), (1.0, 0.0, 1.0), (0.5, 2.0, 1.0)]  # alpha, beta, kappa; the second takes a row out


@pytest.mark.parametrize("spread", RULES)
def test_the_core_has_the_numbers_of_numpy(spread: tuple[float, float, float]) -> None:
    rule = SigmaRule(2, *spread)
    got = pendulum.run(Y, "ukf", form=1, **dict(zip(("alpha", "beta", "kappa"), spread, strict=True)))
    z, loglike = plain.Gaussian(np.zeros(2), np.eye(2)), 0.0
    noise = np.linalg.cholesky(pendulum.STEP_NOISE).T
    for k, y in enumerate(Y):
        z = plain.predict(rule, z, lambda X: X + pendulum.DT * equations.rate(X), noise)
        z, latent, gained = plain.update(rule, z, equations.position, y, np.sqrt(0.1))
        loglike += gained
        assert got["latent_var"][k] == pytest.approx(latent, rel=1e-10)
    np.testing.assert_allclose(got["mean"][0], z.m, rtol=1e-10)
    np.testing.assert_allclose(got["cov"][0], z.U.T @ z.U, rtol=1e-10)
    assert got["loglike"][0] == pytest.approx(loglike, rel=1e-11)


def test_rows_that_are_taken_out_again_leave_what_was_there() -> None:
    rng = np.random.default_rng(3)
    U, row = plain.triangle(rng.normal(size=(9, 5)), first=2), rng.normal(size=5)
    more = plain.triangle(np.vstack([U, row]), first=2)
    np.testing.assert_allclose(plain.without(more, row, first=2), U, atol=1e-12)
    with pytest.raises(np.linalg.LinAlgError):
        plain.without(U, 10 * row, first=2)


def sixty_digits() -> tuple[list[Any], Any]:
    """Variances and log-likelihood of `nonlinear_form.nearly_singular`, whose points have w = 1/6 and bend 1.

    The filter of csrc/kalman/sigma.h and observe.h in numbers of mpmath.
    """
    f = nonlinear_form
    w, two = mpmath.mpf(1) / 6, range(2)
    m, t, loglike = [mpmath.mpf(0)] * 2, mpmath.mpf(0), mpmath.mpf(0)
    P = [[mpmath.mpf(f.VARIANCES[0]), mpmath.mpf(0)], [mpmath.mpf(0), mpmath.mpf(f.VARIANCES[1])]]

    def points() -> list[list[Any]]:
        a = mpmath.sqrt(P[0][0])
        b = P[1][0] / a
        columns = ((a, b), (mpmath.mpf(0), mpmath.sqrt(P[1][1] - b**2)))
        size = mpmath.sqrt(3)
        return [m] + [[m[i] + s * size * c[i] for i in two] for c in columns for s in (1, -1)]

    def spread(rows: list[list[Any]], more: Any = 0, gain: Any = (0, 0)) -> tuple[list[Any], list[list[Any]]]:
        shift = [w * sum(r[i] for r in rows) for i in two]
        return shift, [
            [w * sum(r[i] * r[j] for r in rows) + shift[i] * shift[j] + more * gain[i] * gain[j] for j in two]
            for i in two
        ]

    for time, value in zip(f.TIMES, f.VALUES, strict=True):
        dt, R = mpmath.mpf(time) - t, mpmath.mpf(f.SD) ** 2
        if dt > 0:
            X = [[x + dt * v, v - dt * f.GRAVITY * mpmath.sin(x)] for x, v in points()]
            shift, P = spread([[x[i] - X[0][i] for i in two] for x in X])
            m, t = [X[0][i] + shift[i] for i in two], mpmath.mpf(time)
        X = points()
        h = [mpmath.sin(x[0]) for x in X]
        rows = [[x[0] - X[0][0], x[1] - X[0][1], v - h[0]] for x, v in zip(X, h, strict=True)]
        shift = [w * sum(r[i] for r in rows) for i in range(3)]
        cov = [w * sum(r[i] * r[2] for r in rows) + shift[i] * shift[2] for i in range(3)]
        var, innovation = cov[2] + R, value - h[0] - shift[2]
        K = [cov[i] / var for i in two]
        _, P = spread([[r[i] - K[i] * r[2] for i in two] for r in rows], R, K)
        m = [m[i] + K[i] * innovation for i in two]
        loglike -= (mpmath.log(2 * mpmath.pi * var) + innovation**2 / var) / 2
    return [P[0][0], P[1][1]], loglike


def test_digits_that_the_plain_form_loses() -> None:
    with mpmath.workdps(60):
        variances, loglike = sixty_digits()
        assert [float(v) for v in variances] == list(nonlinear_form.EXACT_VARIANCES)
        assert float(loglike) == nonlinear_form.EXACT_LOGLIKE
    assert nonlinear_form.errors(1) < 1e-9
    assert nonlinear_form.errors(0) > 1e-5


def estimate(**change: Any) -> Any:
    """An oral drug, two parameters, clamped points and a box that is felt."""
    model = pt.Model("pk_1cpt_oral")
    x0, P0 = pt.estimation.prior(model, ["CL", "V"], sd={"CL": 0.3, "V": 0.2})
    call = {
        "outputs": ["C"], "noise": 0.3, "x0": x0, "P0": P0, "theta": ["CL", "V"], "start": 0.0,
        "plan": pt.Plan("oral").dose("drug", 100, start=0), "Q": {"CL": 1e-3}, "bounds": {"CL": (1.0, 40.0)},
    }  # fmt: skip
    y = np.array([1.0, 2.0, np.nan, 0.5])[:, None]
    return pt.estimation.smooth(model, [1.0, 2.0, 4.0, 9.0], y, **(call | change))


@pytest.mark.parametrize("method", ["ukf", "ckf", "ghkf"])
def test_both_forms_agree_on_a_model_with_parameters(method: str) -> None:
    got, want = estimate(method=method, form="square-root"), estimate(method=method)
    for name in ("mean", "cov", "smoothed_mean", "predicted_var", "loglike"):
        a, b = getattr(got, name), getattr(want, name)
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-10 * np.nanmax(np.abs(b)))


@pytest.mark.parametrize("method", ["ukf", "ckf", "ghkf"])
def test_online_has_the_bits_of_the_batch(method: str) -> None:
    assert nonlinear_online.differing(method, 1, form="square-root") == 0


def test_forms_that_there_are_not() -> None:
    with pytest.raises(InputError, match="plain, square-root"):
        estimate(form="triangular")
