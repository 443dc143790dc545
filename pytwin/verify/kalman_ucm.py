"""Structural models of US unemployment, approximately diffuse: kalman/CASES.md, section 7."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from pytwin import kalman
from pytwin.verify.case import Case, equal
from pytwin.verify.linear_tables import Array, table
from pytwin.verify.run import Context

SOURCE = "KFAS, stored by statsmodels; kalman/CASES.md, section 7"
TOLERANCE = 5e-7
Part = tuple[Array, Array, Array, Array]  # F, Q, H (T, k) and the variance of a stationary start, else NaN


def level(q: float) -> Part:
    return np.eye(1), np.array([[q]]), np.ones((1, 1)), np.full(1, np.nan)


def trend(q_level: float, q_slope: float) -> Part:
    F = np.array([[1.0, 1], [0, 1]])
    return F, np.diag([q_level, q_slope]), np.array([[1.0, 0]]), np.full(2, np.nan)


def rotation(angle: float, q: float) -> Part:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, s], [-s, c]]), q * np.eye(2), np.array([[1.0, 0]]), np.full(2, np.nan)


def seasonal(q: float) -> Part:
    F = np.array([[-1.0, -1, -1], [1, 0, 0], [0, 1, 0]])
    return F, np.diag([q, 0, 0]), np.array([[1.0, 0, 0]]), np.full(3, np.nan)


def regression(x: Array) -> Part:
    return np.eye(1), np.zeros((1, 1)), x[:, None], np.full(1, np.nan)


def autoregression(phi: float, q: float) -> Part:
    return np.array([[phi]]), np.array([[q]]), np.ones((1, 1)), np.array([q / (1 - phi**2)])


def assemble(parts: Sequence[Part], irregular: float, T: int) -> tuple[dict[str, Any], Array]:
    """The arrays of the sum of some parts with P0 of the stationary states, and which states are diffuse."""
    n = sum(len(F) for F, *_ in parts)
    F, Q = np.zeros((n, n)), np.zeros((n, n))
    H, start, at = np.zeros((T, 1, n)), np.zeros(n), 0
    for f, q, h, v in parts:
        own = slice(at, at + len(f))
        F[own, own], Q[own, own], H[:, 0, own], start[own] = f, q, h, v
        at += len(f)
    diffuse = np.isnan(start)
    P0 = np.diag(np.where(diffuse, 0.0, start))
    model = {"F": F, "H": H, "Q": Q, "R": [[irregular]], "x0": np.zeros(n), "P0": P0}
    return model, diffuse


def everything(x: Array) -> list[Part]:
    return [
        trend(0.01, 0.06),
        rotation(2 * np.pi / 10, 1e-4),
        seasonal(1e-4),
        regression(x),
        autoregression(0.2, 0.1),
    ]


def cases(context: Context) -> Iterator[Case]:
    """Log-likelihoods by every form of the update, with P0 = 1e6 I on the states that are not stationary."""
    rows = table(context, "macrodata_us.csv")
    y, x = rows["unemp"][:, None], np.log(rows["realgdp"])
    trig = [rotation(2 * np.pi / 5, 0.05), rotation(4 * np.pi / 5, 0.05)]
    for name, parts, irregular, loglike in (
        ("cycle10", [rotation(2 * np.pi / 10, 0.1)], 37.57197224, -672.3102588),
        ("seasonal4", [seasonal(0.1)], 38.1704278, -678.8138005),
        ("trig5", trig, 38.95352534, -688.9697249),
        ("regression", [regression(x)], 2.215447924, -379.6233483),
        ("all in one", everything(x), 1e-4, -168.5258709),
    ):
        model, diffuse = assemble(parts, irregular, len(y))
        model["P0"] = model["P0"] + 1e6 * np.diag(diffuse.astype(float))
        for form in ("sequential", "block", "square-root"):
            got: Any = kalman.filter(y, **model, outputs=("loglike",), form=form)
            yield equal(
                f"{name}, P0 = 1e6 I, {form}: log-likelihood", loglike, float(got.loglike),
                source=SOURCE, absolute=TOLERANCE,
            )  # fmt: skip
    # an irregular alone: one state that is always zero
    none = (np.zeros((1, 1)), np.zeros((1, 1)), np.zeros((1, 1)), np.zeros(1))
    model, _ = assemble([none], 36.74687342, len(y))
    got = kalman.filter(y, **model, outputs=("loglike",))
    yield equal("ntrend: log-likelihood", -653.8562525, float(got.loglike), source=SOURCE, absolute=TOLERANCE)
