"""Diagnosis of a filter: right models pass at the rate that the level says, wrong ones are found out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pytwin import InputError, kalman
from pytwin.kalman.diagnosis import autocorrelation, whitened

pytestmark = pytest.mark.core

TWO = {
    "F": np.array([[0.9, 0.2], [0.0, 0.7]]),
    "H": np.array([[1.0, 0.0], [0.5, 1.0]]),
    "Q": np.diag([0.3, 0.5]),
    "R": np.array([[1.0, 0.3], [0.3, 0.5]]),
    "x0": np.zeros(2),
    "P0": np.eye(2),
}


def drawn(rng: np.random.Generator, series: int, steps: int, model: dict[str, Any]) -> tuple[Any, Any]:
    """States and gappy observations of the model."""
    L = {k: np.linalg.cholesky(model[k]) for k in ("P0", "Q", "R")}
    n, m = model["F"].shape[0], model["H"].shape[0]
    x = rng.normal(size=(series, n)) @ L["P0"].T
    states, seen = [], []
    for _ in range(steps):
        states.append(x)
        seen.append(x @ model["H"].T + rng.normal(size=(series, m)) @ L["R"].T)
        x = x @ model["F"].T + rng.normal(size=(series, n)) @ L["Q"].T
    y = np.stack(seen, axis=1)
    y[rng.random(y.shape) < 0.2] = np.nan
    return np.stack(states, axis=1), y


def test_a_right_model_passes_over_500_runs() -> None:
    truth, y = drawn(np.random.default_rng(11), 500, 60, TWO)
    found = kalman.diagnose(y, kalman.LinearModel(**TWO), truth=truth, level=0.999)
    assert found.passed, str(found)
    assert found["NIS"].value == pytest.approx(1, abs=0.02)
    assert found["NEES"].value == pytest.approx(1, abs=0.02)
    assert found.nis.shape == found.nees.shape == (500, 60)
    np.testing.assert_array_equal(np.isfinite(found.standardised), np.isfinite(y))


@pytest.mark.parametrize("factor", [0.25, 4.0])
def test_a_process_noise_wrong_by_a_factor_of_four_is_found(factor: float) -> None:
    truth, y = drawn(np.random.default_rng(12), 100, 60, TWO)
    wrong = kalman.LinearModel(**(TWO | {"Q": factor * TWO["Q"]}))
    found = kalman.diagnose(y, wrong, truth=truth)
    for name in ("NIS", "NEES", "whiteness"):
        assert not found[name].passed
    assert (found["NIS"].value > 1) == (factor < 1)
    assert "<--" in str(found)


def test_bands_hold_their_level() -> None:
    """Each check of 300 single series passes about 90 times in a hundred at level 0.9."""
    truth, y = drawn(np.random.default_rng(13), 300, 80, TWO)
    model = kalman.LinearModel(**TWO)
    each = [kalman.diagnose(y[i], model, truth=truth[i], level=0.9) for i in range(len(y))]
    for check in each[0].checks:
        share = np.mean([one[check.name].passed for one in each])
        assert 0.84 <= share <= 0.96, (check.name, share)


def test_innovations_are_whitened_by_what_was_observed() -> None:
    S = np.array([[4.0, 1.0], [1.0, 2.0]])
    v = np.array([[2.0, 1.0], [np.nan, 1.0], [2.0, np.nan], [np.nan, np.nan]])
    e = whitened(v, np.broadcast_to(S, (4, 2, 2)))
    assert e[0] @ e[0] == pytest.approx(v[0] @ np.linalg.solve(S, v[0]))
    np.testing.assert_allclose(e[1:], [[np.nan, 1 / np.sqrt(2)], [1.0, np.nan], [np.nan, np.nan]])


def test_gaps_do_not_bias_the_autocorrelation() -> None:
    rng = np.random.default_rng(14)
    e = np.zeros((200, 400, 1))
    for t in range(1, 400):
        e[:, t] = 0.6 * e[:, t - 1] + rng.normal(size=(200, 1))
    e[rng.random(e.shape) < 0.4] = np.nan
    rho, pairs = autocorrelation(e, 3)
    np.testing.assert_allclose(rho, [0.6, 0.36, 0.216], atol=0.01)
    assert (pairs > 0.3 * 200 * 390).all()


def test_other_faults_are_named() -> None:
    rng = np.random.default_rng(15)
    noise = kalman.LinearModel([[0.5]], [[1.0]], [[0.1]], [[1.0]], [0.0], [[0.1]])
    plain = rng.normal(size=(1, 600, 1)) * np.sqrt(1.13)
    louder = plain * np.linspace(0.5, 1.5, 600)[:, None]
    heavy = rng.standard_t(2.2, size=(1, 600, 1)) / 2
    assert not kalman.diagnose(louder, noise)["equal variance"].passed
    assert not kalman.diagnose(heavy, noise)["normality"].passed
    assert not kalman.diagnose(plain + 1, noise)["mean"].passed
    assert not kalman.diagnose(2 * plain, noise)["within 90%"].passed


def test_figure_and_table() -> None:
    _, y = drawn(np.random.default_rng(16), 3, 30, TWO)
    found = kalman.diagnose(y, kalman.LinearModel(**TWO))
    assert [a.get_title(loc="left") for a in found.plot().axes][1:] == [
        "autocorrelation", "quantiles", "calibration",
    ]  # fmt: skip
    assert str(found).count("\n") == len(found.checks)


def test_a_result_is_diagnosed_without_filtering_again() -> None:
    truth, y = drawn(np.random.default_rng(18), 4, 30, TWO)
    model = kalman.LinearModel(**TWO)
    result = model.filter(y, outputs=("innovation", "innovation_cov", "mean", "cov"))
    assert kalman.diagnose(result, truth=truth).checks == kalman.diagnose(y, model, truth=truth).checks
    with pytest.raises(InputError, match="no innovation, innovation_cov"):
        kalman.diagnose(model.filter(y))
    with pytest.raises(InputError, match="need a model"):
        kalman.diagnose(y)


def test_bad_input() -> None:
    model = kalman.LinearModel(**TWO)
    _, y = drawn(np.random.default_rng(17), 2, 10, TWO)
    with pytest.raises(InputError, match="level"):
        kalman.diagnose(y, model, level=1.0)
    with pytest.raises(InputError, match="truth has shape"):
        kalman.diagnose(y, model, truth=np.zeros((2, 9, 2)))
    with pytest.raises(InputError, match="nothing was forecast"):
        kalman.diagnose(np.full((5, 2), np.nan), model)
    with pytest.raises(InputError, match="no check named"):
        kalman.diagnose(y, model)["colour"]
