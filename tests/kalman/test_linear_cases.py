"""Published linear cases: sections 1, 3 and 8 of kalman/CASES.md, to the tolerances stated there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pytwin import kalman
from pytwin.verify import reference_dir

pytestmark = [pytest.mark.core, pytest.mark.reference]

ALL = (
    "loglike",
    "loglike_t",
    "mean",
    "cov",
    "predicted_mean",
    "predicted_cov",
    "smoothed_mean",
    "smoothed_cov",
)
HALF_LN_2PI = 0.9189385332046727

T3 = np.array(
    [
        [-0.1119908792, 0.8441841604, 0.0238725303],
        [0.2629347724, 0.4996718412, -0.0173023305],
        [-3.2192369082, 4.1536028244, 0.4514379215],
    ]
)
Q3 = np.array(
    [
        [0.0000640649, 0.0000388496, 0.0002148769],
        [0.0000388496, 0.0000572802, 0.000001555],
        [0.0002148769, 0.000001555, 0.0017088585],
    ]
)
H3 = np.diag([0.0000640649, 0.0000572802, 0.0017088585])


def folder() -> Path:
    found = reference_dir()
    assert found is not None
    return found / "kalman"


def table(name: str) -> Any:
    return np.genfromtxt(
        folder() / name, delimiter=",", names=True, missing_values="NA", filling_values=np.nan
    )


@pytest.mark.parametrize(
    ("file", "loglike"),
    [("nile_expected_full.csv", -633.4645636488783), ("nile_expected_missing.csv", -381.5060013085083)],
)
def test_nile(file: str, loglike: float) -> None:
    """The exact diffuse start of a local level is y_1 with variance H; what follows is an ordinary filter."""
    rows = table(file)
    y = rows["y"][:, None]
    got = kalman.smooth(
        y[1:], [[1.0]], [[1.0]], [[1469.1]], [[15099.0]], y[0], [[15099 + 1469.1]], outputs=ALL
    )
    assert float(got.loglike) - HALF_LN_2PI == pytest.approx(loglike, rel=1e-12)
    np.testing.assert_allclose(got.predicted_mean[:, 0], rows["a_pred"][1:], rtol=1e-13)
    np.testing.assert_allclose(got.cov[:, 0, 0], rows["P_filt"][1:], rtol=1e-13)
    np.testing.assert_allclose(got.mean[:, 0], rows["a_filt"][1:], rtol=1e-13)
    np.testing.assert_allclose(got.smoothed_mean[:, 0], rows["alphahat"][1:], rtol=1e-12)
    np.testing.assert_allclose(got.smoothed_cov[:, 0, 0], rows["V_smooth"][1:], rtol=1e-12)


def macro(log: bool) -> np.ndarray:
    rows = table("macrodata_us.csv")
    levels = np.stack([rows["realgdp"], rows["realcons"], rows["realinv"]], axis=1)
    return np.diff(np.log(levels) if log else levels, axis=0)


def blank(y: np.ndarray, *gaps: tuple[int, int, list[int]]) -> np.ndarray:
    for first, last, series in gaps:
        y[first - 1 : last, series] = np.nan
    return y


AS_MISSING = ((1, 50, [0]), (20, 70, [1]), (40, 90, [2]), (120, 130, [0, 2]))


@pytest.mark.parametrize("path", [1, 2], ids=["lanes", "blas"])
@pytest.mark.parametrize(
    ("gaps", "loglike"),
    [
        ((), 1695.34872034),
        (((1, 50, [0]),), 1518.449598408),
        (((1, 50, [0, 1, 2]),), 1305.739288234),
        (AS_MISSING, 1201.660988044),
        ((*AS_MISSING, (193, 202, [0, 1, 2])), 1117.265303236),
    ],
    ids=["complete", "trap", "block", "scattered", "scattered-end"],
)
def test_conditioning(path: int, gaps: Any, loglike: float) -> None:
    """P_1 / H is 1e10: the short form P - K F K' is wrong by 1.1 in the second case."""
    got = kalman.arrays.run_core(
        blank(macro(log=True), *gaps),
        T3,
        np.eye(3),
        Q3,
        H3,
        np.zeros(3),
        1e6 * np.eye(3),
        G=None,
        c=None,
        d=None,
        lengths=None,
        outputs=("loglike",),
        threads=1,
        path=path,
    )
    assert float(got["loglike"]) == pytest.approx(loglike, abs=1e-6)


def test_macro3_var() -> None:
    expected, y = table("macro3_var_expected_KFAS.csv"), macro(log=True)
    got = kalman.smooth(y, T3, np.eye(3), Q3, H3, np.zeros(3), 1e6 * np.eye(3), outputs=ALL)
    for j in range(3):
        np.testing.assert_allclose(got.predicted_mean[:, j], expected[f"m{j + 1}"], rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(
            got.smoothed_mean[:, j], expected[f"alphahat{j + 1}"], rtol=1e-5, atol=1e-7
        )
    np.testing.assert_allclose(np.linalg.det(got.smoothed_cov), expected["detV"], rtol=1e-4)


def test_macro3_missing() -> None:
    expected, y = table("macro3_missing_expected_KFAS.csv"), blank(macro(log=False), *AS_MISSING)
    one = np.eye(3)
    got = kalman.smooth(y, one, one, one, one, np.zeros(3), 1e6 * one, outputs=ALL)
    assert float(got.loglike) == pytest.approx(-205310.976745, rel=1e-11)
    for j in range(3):
        np.testing.assert_allclose(got.predicted_mean[:, j], expected[f"m{j + 1}"], rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(
            got.smoothed_mean[:, j], expected[f"alphahat{j + 1}"], rtol=1e-9, atol=1e-9
        )
    np.testing.assert_allclose(np.linalg.det(got.predicted_cov), expected["detPmu"], rtol=1e-9)
    np.testing.assert_allclose(np.linalg.det(got.smoothed_cov), expected["detV"], rtol=1e-9)


def test_macro3_with_a_singular_error_covariance() -> None:
    expected, y = table("macro3_generalobscov_expected_KFAS.csv"), macro(log=False)
    A, one = np.arange(1, 10).reshape(3, 3) / 10, np.eye(3)
    got = kalman.smooth(y, one, one, one, A @ A.T, np.zeros(3), 1e6 * one, outputs=ALL)
    assert float(got.loglike) == pytest.approx(-569659.390682, rel=1e-11)
    for j in range(3):
        np.testing.assert_allclose(got.smoothed_mean[:, j], expected[f"alphahat{j + 1}"], atol=1e-6)


def test_robot() -> None:
    p = {k: np.array(v) for k, v in json.loads((folder() / "robot_params.json").read_text()).items()}
    y = np.genfromtxt(folder() / "robot_obs.csv", delimiter=",", skip_header=1)
    b = np.genfromtxt(folder() / "robot_offsets_b.csv", delimiter=",", skip_header=1)
    expected = table("robot_expected.csv")
    y = np.concatenate([np.full((1, 2), np.nan), y])  # the start is filtered: time 0 has no observation
    c = np.concatenate([b, np.zeros((1, 5))])
    got = kalman.smooth(y, p["A"], p["C"], p["Q"], p["R"], p["x0"], p["P0"], c=c, d=p["d"], outputs=ALL)
    assert float(got.loglike) == pytest.approx(-3189.452517984329, rel=1e-12)
    for j in range(5):
        np.testing.assert_allclose(got.mean[:, j], expected[f"xfilt{j}"], atol=2e-12)
        np.testing.assert_allclose(got.smoothed_mean[:, j], expected[f"xsmooth{j}"], atol=2e-12)
    np.testing.assert_allclose(np.einsum("tii->t", got.cov), expected["traceVfilt"], atol=3e-12)
