"""Exact diffuse starts: kalman/CASES.md, sections 1, 4 and 7."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from pytwin import kalman
from pytwin.verify.case import Case, equal
from pytwin.verify.kalman_ucm import (
    SOURCE as UCM,
)
from pytwin.verify.kalman_ucm import (
    TOLERANCE,
    Part,
    assemble,
    autoregression,
    everything,
    level,
    regression,
    rotation,
    seasonal,
    trend,
)
from pytwin.verify.linear_tables import Array, columns, macro, near, table
from pytwin.verify.run import Context

NILE = "Durbin & Koopman 2012; kalman/CASES.md, section 1"
KFAS = "KFAS, stored by statsmodels; kalman/CASES.md, section 4"
OUTPUTS = (
    "loglike", "mean", "cov", "predicted_mean", "predicted_cov", "smoothed_mean", "smoothed_cov",
    "state_disturbance", "state_disturbance_cov", "obs_disturbance", "obs_disturbance_cov",
)  # fmt: skip


def cases(context: Context) -> Iterator[Case]:
    yield from nile(context)
    yield from kfas(context)
    yield from unemployment(context)


def nile(context: Context) -> Iterator[Case]:
    """Local level; the first prediction has an infinite variance."""
    for name, loglike in (("full", -633.4645636488783), ("missing", -381.5060013085083)):
        rows = table(context, f"nile_expected_{name}.csv")
        one = [[1.0]]
        got: Any = kalman.smooth(
            rows["y"][:, None], one, one, [[1469.1]], [[15099.0]], [0.0], [[0.0]],
            diffuse=True, outputs=OUTPUTS,
        )  # fmt: skip
        say = f"Nile, {name}, diffuse"
        yield equal(f"{say}: log-likelihood", loglike, float(got.loglike), source=NILE, relative=1e-14)
        yield equal(f"{say}: diffuse observations", 1, int(got.diffuse_count), source=NILE)
        for column, first, value, tolerance in (
            ("a_pred", 1, got.predicted_mean[:, 0], 1e-14),
            ("P_pred", 1, got.predicted_cov[:, 0, 0], 1e-14),
            ("a_filt", 0, got.mean[:, 0], 1e-14),
            ("P_filt", 0, got.cov[:, 0, 0], 1e-14),
            ("alphahat", 0, got.smoothed_mean[:, 0], 4e-14),
            ("V_smooth", 0, got.smoothed_cov[:, 0, 0], 7e-13),
        ):
            yield near(
                f"{say}: {column}", rows[column][first:], value[first:], source=NILE, relative=tolerance
            )


@dataclass(frozen=True)
class Start:
    """A model of section 4 with what the table there says of it."""

    y: Array
    model: dict[str, Any]
    loglike: float
    observations: int
    times: int
    diffuse: Any = True
    first: Array | None = None  # the filtered first row, where the file has it in the predicted one's place
    smoothed: Array | None = None  # and the smoothed one


def starts(context: Context) -> dict[str, Start]:
    """The models of section 4 by the names of their files."""
    line, pair = np.ones((10, 1)), np.ones((10, 2))
    line[0], pair[0] = 10.2394, (10.2394, 8.2304)
    slope = line.copy()
    slope[:3, 0] = 10.2394, 4.2039, 6.123123
    gap = slope.copy()
    gap[1] = np.nan
    growth = 400 * macro(context, log=True)[:20, :2]

    def arrays(F: Any, H: Any, Q: Any, R: Any, **more: Any) -> dict[str, Any]:
        n = len(F)
        return {"F": F, "H": H, "Q": Q, "R": R, "x0": np.zeros(n), "P0": np.zeros((n, n))} | more

    one, two = np.eye(1), np.eye(2)
    tilted = arrays([[1.0, 1], [0, 1]], [[1.0, 0]], np.diag([8.253, 2.334]), [[1.993]])
    q = [[3.2324]]
    var = arrays([[0.5, 0.3], [0.2, 0.4]], two, np.diag([2.0, 3]), 0 * two)
    mixed = var | {"P0": np.diag([0, 3.5714285714285716])}
    return {
        "local_level": Start(line, arrays(one, one, [[8.253]], [[1.993]]), -23.93526038414, 1, 1),
        "local_linear_trend": Start(slope, tilted, -22.97437545364, 2, 2),
        "local_linear_trend_missing": Start(gap, tilted, -20.14148980996, 2, 3),
        "common_level": Start(
            pair, arrays(two, [[1, 0], [0.1111, 1]], q, two, G=[[1.0], [0]]), -53.78303857736, 2, 1
        ),
        "common_level_restricted": Start(
            pair,
            arrays(one, [[1], [0.1111]], q, two),
            -63.88879300919,
            1,
            1,
            first=np.array([11.01780239]),
            smoothed=np.array([9.06317510544033]),
        ),
        "var1": Start(growth, var, -169.26937466496, 2, 1),
        "var1_measurement_error": Start(growth, var | {"R": np.diag([4.0, 5])}, -112.75389136572, 2, 1),
        "var1_mixed": Start(
            growth, mixed, -175.13995529312, 1, 1, np.array([True, False]), growth[0], growth[0]
        ),
    }


def kfas(context: Context) -> Iterator[Case]:
    """The usable columns: means, and covariances once they are finite."""
    for name, s in starts(context).items():
        rows = table(context, f"exact_diffuse_{name}_KFAS.csv")
        T, n = len(s.y), len(s.model["F"])
        got: Any = kalman.smooth(s.y, **s.model, diffuse=s.diffuse, outputs=OUTPUTS)
        yield equal(f"{name}: log-likelihood", s.loglike, float(got.loglike), source=KFAS, absolute=3e-11)
        yield equal(f"{name}: diffuse observations", s.observations, int(got.diffuse_count), source=KFAS)
        yield equal(f"{name}: diffuse times", s.times, int(got.diffuse_steps), source=KFAS)
        yield equal(f"{name}: states left diffuse", 0, int(got.diffuse_left), source=KFAS)
        own = 0 if s.first is None else 1
        for column, want, value, start in (
            ("a", _of(rows, "a", n)[:T], got.predicted_mean, own),
            ("att", _of(rows, "att", n)[:T], got.mean, own),
            ("sum P", _total(rows, "P", n)[:T], got.predicted_cov.sum(axis=(1, 2)), s.times),
        ):
            yield near(f"{name}: {column}", want[start:], value[start:], source=KFAS, absolute=1e-11)
        if s.first is not None:
            yield near(f"{name}: first att", s.first, got.mean[0], source=KFAS, absolute=1e-8)
        yield from smoothed(name, s, rows, got)


def smoothed(name: str, s: Start, rows: Any, got: Any) -> Iterator[Case]:
    """States and disturbances given all of y; those of observations where there is one."""
    T, n, g, m = len(s.y), len(s.model["F"]), np.shape(s.model["Q"])[-1], s.y.shape[1]
    own = 0 if s.first is None else 1
    seen = np.where(np.isfinite(s.y), 0, np.nan)
    variances = np.einsum("tii->ti", got.obs_disturbance_cov)
    for column, want, value, start in (
        ("alphahat", _of(rows, "alphahat", n)[:T], got.smoothed_mean, own),
        ("etahat", _of(rows, "etahat", g)[:T], got.state_disturbance, 0),
        ("epshat", _of(rows, "epshat", m)[:T] + seen, got.obs_disturbance, 0),
        ("Veps", _of(rows, "Veps", m)[:T] + seen, variances, 0),
        ("sum V", _total(rows, "V", n)[:T], got.smoothed_cov.sum(axis=(1, 2)), 0),
        ("sum Veta", _total(rows, "Veta", g)[:T], got.state_disturbance_cov.sum(axis=(1, 2)), 0),
    ):
        yield near(f"{name}: {column}", want[start:], value[start:], source=KFAS, absolute=4e-11)
    if s.smoothed is not None:
        yield near(f"{name}: first alphahat", s.smoothed, got.smoothed_mean[0], source=KFAS, absolute=1e-11)


def _total(rows: Any, stem: str, n: int) -> Array:
    """The sum of all elements of a matrix (n, n), of which some files hold nothing else."""
    sums = f"sum{stem}"
    found: Array = rows[sums] if sums in rows.dtype.names else columns(rows, f"{stem}_", n * n).sum(axis=1)
    return found


def _of(rows: Any, stem: str, count: int) -> Array:
    """Columns of a stem; a single one may stand without its number."""
    return rows[stem][:, None] if stem in rows.dtype.names else columns(rows, f"{stem}_", count)


def structures(x: Array) -> tuple[tuple[str, list[Part], float, float, int], ...]:
    """Models of section 7, with ln GDP: name, parts, irregular, log-likelihood, diffuse observations."""
    trig = [rotation(2 * np.pi / 5, 0.05), rotation(4 * np.pi / 5, 0.05)]
    return (
        ("dconstant", [level(0)], 2.127438969, -366.4479308, 1),
        ("llevel", [level(0.1182078808)], 4.256647886e-06, -71.8913641, 1),
        ("rwalk", [level(0.1182174646)], 0.0, -71.8866549, 1),
        ("dtrend", [trend(0, 0)], 2.134137554, -372.6137436, 2),
        ("lldtrend", [trend(0.1184455029, 0)], 4.457592057e-06, -75.3107874, 2),
        ("rwdrift", [trend(0.1184499547, 0)], 0.0, -75.3058628, 2),
        ("lltrend", [trend(0.01008704925, 0.0609176081)], 1.339852549e-06, -32.9942781, 2),
        ("strend", [trend(0, 0.0753064234342)], 0.0008824099119, -33.7604912, 2),
        ("rtrend", [trend(0, 0.08054724989)], 0.0, -33.8939526, 2),
        ("cycle10", [rotation(2 * np.pi / 10, 0.1)], 37.57197079, -658.4947454, 2),
        ("seasonal4", [seasonal(0.1)], 38.17043009, -658.0905311, 3),
        ("trig5", trig, 38.95353592, -661.3386999, 4),
        ("regression", [regression(x)], 2.215438082, -372.7155928, 1),
        ("rtrend + AR(1)", [trend(0, 0.0609), autoregression(0.9592, 0.0097)], 0.0, -32.9941709, 2),
        ("all in one", everything(x), 1e-4, -113.2451650, 8),
    )


def unemployment(context: Context) -> Iterator[Case]:
    """The structural models whose states that are not stationary have no prior."""
    rows = table(context, "macrodata_us.csv")
    y = rows["unemp"][:, None]
    for name, parts, irregular, loglike, count in structures(np.log(rows["realgdp"])):
        model, diffuse = assemble(parts, irregular, len(y))
        got: Any = kalman.filter(y, **model, diffuse=diffuse, outputs=("loglike",))
        say = f"{name}, diffuse"
        yield equal(f"{say}: log-likelihood", loglike, float(got.loglike), source=UCM, absolute=TOLERANCE)
        yield equal(f"{say}: diffuse observations", count, int(got.diffuse_count), source=UCM)
