"""Models of the published cases with an exact diffuse start (kalman/CASES.md, sections 4 and 7)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pytwin.verify import reference_dir

HALF_LN_2PI = 0.9189385332046727
Model = dict[str, Any]


def folder() -> Path:
    found = reference_dir()
    assert found is not None
    return found / "kalman"


def table(name: str) -> Any:
    return np.genfromtxt(
        folder() / name, delimiter=",", names=True, missing_values="NA", filling_values=np.nan
    )


def columns(rows: Any, name: str) -> np.ndarray:
    """name_1, name_2, .. side by side."""
    found = [k for k in rows.dtype.names if k.rpartition("_")[0] == name]
    return np.stack([rows[k] for k in found], axis=-1)


def model(F: Any, H: Any, Q: Any, R: Any, Pinf: Any, P0: Any = None, **more: Any) -> Model:
    made = {k: np.atleast_2d(np.asarray(a, float)) for k, a in {"F": F, "Q": Q, "R": R}.items()}
    n = len(made["F"])
    made["H"] = np.asarray(H, float) if np.ndim(H) > 1 else np.atleast_2d(np.asarray(H, float))
    start = {"x0": np.zeros(n), "P0": np.zeros((n, n)) if P0 is None else np.asarray(P0, float)}
    return made | start | {"Pinf": np.atleast_2d(np.asarray(Pinf, float))} | more


# ---- section 4 ----

ONE, TREND = np.eye(2), [[1.0, 1.0], [0.0, 1.0]]
VAR = [[0.5, 0.3], [0.2, 0.4]]
COMMON = {"H": [[1, 0], [0.1111, 1]], "Q": 3.2324}

# name: model, log-likelihood, diffuse elements, steps that begin with a diffuse state
SHORT: dict[str, tuple[Model, float, int, int]] = {
    "local_level": (model(1, 1, 8.253, 1.993, 1), -23.93526038414, 1, 1),
    "local_linear_trend": (model(TREND, [1, 0], np.diag([8.253, 2.334]), 1.993, ONE), -22.97437545364, 2, 2),
    "local_linear_trend_missing": (
        model(TREND, [1, 0], np.diag([8.253, 2.334]), 1.993, ONE),
        -20.14148980996,
        2,
        3,
    ),
    "common_level": (
        model(ONE, COMMON["H"], COMMON["Q"], ONE, ONE, G=np.array([[1.0], [0.0]])),
        -53.78303857736,
        2,
        1,
    ),
    "common_level_restricted": (model(1, [[1], [0.1111]], COMMON["Q"], ONE, 1), -63.88879300919, 1, 1),
    "var1": (model(VAR, ONE, np.diag([2, 3]), 0 * ONE, ONE), -169.26937466496, 2, 1),
    "var1_measurement_error": (
        model(VAR, ONE, np.diag([2, 3]), np.diag([4, 5]), ONE),
        -112.75389136572,
        2,
        1,
    ),
    "var1_mixed": (
        model(VAR, ONE, np.diag([2, 3]), 0 * ONE, np.diag([1, 0]), np.diag([0, 3.5714285714285716])),
        -175.13995529312,
        1,
        1,
    ),
}


def short_series(name: str) -> np.ndarray:
    if name.startswith("var1"):
        rows = table("macrodata_us.csv")
        return 400 * np.diff(np.log(np.stack([rows["realgdp"], rows["realcons"]], axis=1)), axis=0)[:20]
    if name.startswith("common"):
        return np.concatenate([[[10.2394, 8.2304]], np.ones((9, 2))])
    first = [10.2394] if name == "local_level" else [10.2394, 4.2039, 6.123123]
    y = np.concatenate([first, np.ones(10 - len(first))])[:, None]
    if name.endswith("missing"):
        y[1] = np.nan
    return y


# ---- section 7 ----


def rotation(angle: float) -> np.ndarray:
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


DUMMY = np.array([[-1.0, -1, -1], [1, 0, 0], [0, 1, 0]])


def diagonal(*parts: Any) -> np.ndarray:
    blocks = [np.atleast_2d(np.asarray(p, float)) for p in parts]
    n = sum(len(b) for b in blocks)
    made, at = np.zeros((n, n)), 0
    for b in blocks:
        made[at : at + len(b), at : at + len(b)] = b
        at += len(b)
    return made


def trend(level: float, slope: float, R: float) -> Model:
    return model(TREND, [1, 0], np.diag([level, slope]), R, ONE)


def unemployment(gdp: np.ndarray) -> dict[str, tuple[Model, float, int]]:
    """name: model, log-likelihood as the file has it (no constant for a diffuse element), diffuse elements"""
    x = np.log(gdp)
    start = [0.0097 / (1 - 0.9592**2), 0.1 / (1 - 0.2**2)]
    H_all = np.stack([*(np.full_like(x, v) for v in (1, 0, 1, 0, 1, 0, 0)), x, np.ones_like(x)], axis=-1)
    zero = np.zeros((9, 9))
    zero[8, 8] = start[1]
    return {
        "dconstant": (model(1, 1, 0, 2.127438969, 1), -365.5289923, 1),
        "llevel": (model(1, 1, 0.1182078808, 4.256647886e-06, 1), -70.97242557, 1),
        "rwalk": (model(1, 1, 0.1182174646, 0, 1), -70.96771641, 1),
        "dtrend": (trend(0, 0, 2.134137554), -370.7758666, 2),
        "lldtrend": (trend(0.1184455029, 0, 4.457592057e-06), -73.47291031, 2),
        "rwdrift": (trend(0.1184499547, 0, 0), -73.46798576, 2),
        "lltrend": (trend(0.01008704925, 0.0609176081, 1.339852549e-06), -31.15640107, 2),
        "strend": (trend(0, 0.0753064234342, 0.0008824099119), -31.92261408, 2),
        "rtrend": (trend(0, 0.08054724989, 0), -32.05607557, 2),
        "cycle10": (model(rotation(np.pi / 5), [1, 0], 0.1 * ONE, 37.57197079, ONE), -656.6568684, 2),
        "seasonal4": (
            model(DUMMY, [1, 0, 0], 0.1, 38.17043009, np.eye(3), G=np.eye(3)[:, :1]),
            -655.3337155,
            3,
        ),
        "trig5": (
            model(
                diagonal(rotation(2 * np.pi / 5), rotation(4 * np.pi / 5)),
                [1, 0, 1, 0],
                0.05 * np.eye(4),
                38.95353592,
                np.eye(4),
            ),
            -657.6629457,
            4,
        ),
        "regression": (model(1, x[:, None, None], 0, 2.215438082, 1), -371.7966543, 1),
        "rtrend+AR1": (
            model(
                diagonal(TREND, 0.9592),
                [1, 0, 1],
                np.diag([0, 0.0609, 0.0097]),
                0,
                np.diag([1, 1, 0]),
                np.diag([0, 0, start[0]]),
            ),
            -31.15629379,
            2,
        ),
        "all": (
            model(
                diagonal(TREND, rotation(np.pi / 5), DUMMY, 1, 0.2),
                H_all[:, None, :],
                np.diag([0.01, 0.06, 1e-4, 1e-4, 1e-4, 0, 0, 0, 0.1]),
                1e-4,
                np.diag([1.0] * 8 + [0]),
                zero,
            ),
            -105.8936568,
            8,
        ),
    }
