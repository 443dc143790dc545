"""Published cases with an exact diffuse start: sections 1, 4 and 7 of kalman/CASES.md, on three roads: the
core, the NumPy twin (in powers of kappa) and the tables."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pytwin import kalman
from pytwin.reference import kalman_diffuse as plain

pytestmark = [pytest.mark.core, pytest.mark.reference]


def _beside(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


cases = _beside("diffuse_cases")
HALF_LN_2PI = cases.HALF_LN_2PI
FILTERED = ("loglike", "loglike_t", "mean", "cov", "predicted_mean", "predicted_cov", "last_mean", "last_cov")
SMOOTHED = (
    "smoothed_mean",
    "smoothed_cov",
    "state_disturbance",
    "state_disturbance_cov",
    "obs_disturbance",
    "obs_disturbance_cov",
)
# rows 1 of these files hold the filtered state in the place of the predicted one
WRONG_FIRST_ROW = ("common_level_restricted", "var1_mixed")


def filtered(y: np.ndarray, model: dict[str, Any]) -> kalman.FilterResult:
    rest = {k: a for k, a in model.items() if k != "Pinf"}
    return kalman.filter(y, **rest, diffuse=model["Pinf"], outputs=FILTERED)


def smoothed(y: np.ndarray, model: dict[str, Any]) -> kalman.SmootherResult:
    rest = {k: a for k, a in model.items() if k != "Pinf"}
    return kalman.smooth(y, **rest, diffuse=model["Pinf"], outputs=SMOOTHED)


def limit(P: list[np.ndarray], inf: list[np.ndarray]) -> np.ndarray:
    return np.where(np.array(inf) != 0, np.copysign(np.inf, inf), P)


@pytest.mark.parametrize("name", cases.SHORT)
def test_short_series(name: str) -> None:
    model, loglike, count, steps = cases.SHORT[name]
    y, rows = cases.short_series(name), cases.table(f"exact_diffuse_{name}_KFAS.csv")
    run, got = plain.diffuse_filter(y, **model), filtered(y, model)
    assert (run.count, run.steps) == (count, steps)
    assert (int(got.diffuse_count), int(got.diffuse_steps), int(got.diffuse_left)) == (count, steps, 0)
    assert run.loglike == pytest.approx(loglike, abs=3e-11)
    assert float(got.loglike) == pytest.approx(loglike, abs=3e-11)
    assert got.loglike_t.sum() == pytest.approx(loglike, abs=3e-11)
    T = len(y)
    first = 1 if name in WRONG_FIRST_ROW else 0
    np.testing.assert_allclose(got.predicted_mean[first:], cases.columns(rows, "a")[first:T], atol=1e-11)
    np.testing.assert_allclose(got.mean[first:], cases.columns(rows, "att")[first:T], atol=1e-11)
    np.testing.assert_allclose(got.predicted_cov, limit(run.predicted_cov, run.predicted_inf), atol=1e-12)
    np.testing.assert_allclose(got.cov, limit(run.cov, run.inf), atol=1e-12)
    if "sumP" in rows.dtype.names:
        np.testing.assert_allclose(np.sum(run.predicted_cov, axis=(1, 2)), rows["sumP"][:T], atol=1e-11)
        np.testing.assert_allclose(
            np.sum(run.predicted_inf, axis=(1, 2))[:steps], rows["sumPinf"][:steps], atol=1e-11
        )


@pytest.mark.parametrize("name", cases.SHORT)
def test_short_series_smoothed(name: str) -> None:
    model, y = cases.SHORT[name][0], cases.short_series(name)
    T, rows, got = len(y), cases.table(f"exact_diffuse_{name}_KFAS.csv"), smoothed(y, model)
    mean, cov = plain.diffuse_smoother(plain.diffuse_filter(y, **model), model["F"])
    np.testing.assert_allclose(got.smoothed_mean, mean, atol=1e-12)
    np.testing.assert_allclose(got.smoothed_cov, cov, atol=1e-12)
    first = 1 if name in WRONG_FIRST_ROW else 0
    published = cases.columns(rows, "alphahat")[first:T]
    np.testing.assert_allclose(got.smoothed_mean[first:], published, atol=1e-11)
    np.testing.assert_allclose(got.state_disturbance, cases.columns(rows, "etahat")[:T], atol=1e-11)
    seen = np.isfinite(y)
    np.testing.assert_allclose(got.obs_disturbance[seen], cases.columns(rows, "epshat")[:T][seen], atol=1e-11)
    np.testing.assert_allclose(
        np.einsum("tii->ti", got.obs_disturbance_cov)[seen],
        cases.columns(rows, "Veps")[:T][seen],
        atol=1e-11,
    )
    for column, sums in (("sumV", got.smoothed_cov), ("sumVeta", got.state_disturbance_cov)):
        if column in rows.dtype.names:
            np.testing.assert_allclose(sums.sum(axis=(1, 2)), rows[column][:T], atol=4e-11)


def test_first_rows_that_the_files_have_wrong() -> None:
    restricted = filtered(cases.short_series(WRONG_FIRST_ROW[0]), cases.SHORT[WRONG_FIRST_ROW[0]][0])
    assert restricted.mean[0, 0] == pytest.approx(11.01780239, abs=1e-8)
    back = smoothed(cases.short_series(WRONG_FIRST_ROW[0]), cases.SHORT[WRONG_FIRST_ROW[0]][0])
    assert back.smoothed_mean[0, 0] == pytest.approx(9.06317510544033, abs=1e-11)
    mixed = filtered(cases.short_series(WRONG_FIRST_ROW[1]), cases.SHORT[WRONG_FIRST_ROW[1]][0])
    np.testing.assert_allclose(mixed.mean[0], [9.97685232655, 6.11444296625], atol=1e-10)


@pytest.mark.parametrize(
    ("file", "loglike"),
    [("nile_expected_full.csv", -633.4645636488783), ("nile_expected_missing.csv", -381.5060013085083)],
)
def test_nile(file: str, loglike: float) -> None:
    rows = cases.table(file)
    got = filtered(rows["y"][:, None], cases.model(1, 1, 1469.1, 15099, 1))
    assert float(got.loglike) == pytest.approx(loglike, rel=1e-13)
    np.testing.assert_allclose(got.predicted_cov[:, 0, 0], rows["P_pred"], rtol=1e-14)
    np.testing.assert_allclose(got.cov[:, 0, 0], rows["P_filt"], rtol=1e-14)
    np.testing.assert_allclose(got.mean[:, 0], rows["a_filt"], rtol=1e-14)
    back = smoothed(rows["y"][:, None], cases.model(1, 1, 1469.1, 15099, 1))
    np.testing.assert_allclose(back.smoothed_mean[:, 0], rows["alphahat"], rtol=4e-14)
    np.testing.assert_allclose(back.smoothed_cov[:, 0, 0], rows["V_smooth"], rtol=7e-13)


def test_unemployment() -> None:
    rows = cases.table("macrodata_us.csv")
    y = rows["unemp"][:, None]
    for name, (model, loglike, count) in cases.unemployment(rows["realgdp"]).items():
        got = filtered(y, model)
        assert int(got.diffuse_count) == count, name
        assert float(got.loglike) + count * HALF_LN_2PI == pytest.approx(loglike, abs=5e-7), name
        run = plain.diffuse_filter(y, **model)
        assert float(got.loglike) == pytest.approx(run.loglike, abs=1e-7), name
