"""Published linear cases with a proper start: kalman/CASES.md, sections 1 to 3, 6 and 8."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from pytwin import kalman
from pytwin.verify.case import Case, equal
from pytwin.verify.linear_tables import (
    BLOCK,
    FIRST,
    H3,
    Q3,
    SCATTERED,
    SCATTERED_END,
    T3,
    Array,
    blank,
    columns,
    macro,
    near,
    table,
)
from pytwin.verify.run import Context

HALF_LN_2PI = 0.9189385332046727
KFAS = "KFAS, stored by statsmodels; kalman/CASES.md, section 3"
FORMS = ("sequential", "block", "square-root")
STATES = ("loglike", "predicted_mean", "predicted_cov", "mean", "cov", "smoothed_mean", "smoothed_cov")
NOISES = ("state_disturbance", "state_disturbance_cov", "obs_disturbance", "obs_disturbance_cov")


def cases(context: Context) -> Iterator[Case]:
    """Every case, by every form of the update where it matters."""
    for part in (nile, clark, conditioning, macro_logs, macro_levels, singular_errors, wholesale, robot):
        yield from part(context)


def nile(context: Context) -> Iterator[Case]:
    """The exact diffuse start of a local level is y_1 with variance H; what follows is an ordinary filter."""
    source = "Durbin & Koopman 2012; kalman/CASES.md, section 1"
    for name, loglike in (("full", -633.4645636488783), ("missing", -381.5060013085083)):
        rows = table(context, f"nile_expected_{name}.csv")
        y = rows["y"][:, None]
        one = [[1.0]]
        got: Any = kalman.smooth(
            y[1:], one, one, [[1469.1]], [[15099.0]], y[0], [[15099 + 1469.1]], outputs=STATES
        )
        say = f"Nile, {name}, from its second year"
        yield equal(
            f"{say}: log-likelihood", loglike, float(got.loglike) - HALF_LN_2PI, source=source, relative=1e-13
        )
        for column, value, tolerance in (
            ("a_pred", got.predicted_mean[:, 0], 1e-14),
            ("a_filt", got.mean[:, 0], 1e-14),
            ("P_filt", got.cov[:, 0, 0], 1e-14),
            ("alphahat", got.smoothed_mean[:, 0], 4e-14),
            ("V_smooth", got.smoothed_cov[:, 0, 0], 7e-13),
        ):
            yield near(f"{say}: {column}", rows[column][1:], value, source=source, relative=tolerance)


def clark(context: Context) -> Iterator[Case]:
    """Trend, cycle and drift of log GDP; the start is a filtered one, carried on without noise."""
    source = "Clark 1987, Kim & Nelson 1999 via statsmodels; kalman/CASES.md, section 2"
    y = np.log(table(context, "clark1987_data.csv")["gdp"])[:, None]
    F = np.array([[1, 0, 0, 1], [0, 1.531659, -0.585422, 0], [0, 1, 0, 0], [0, 0, 0, 1]], dtype=float)
    Q = np.diag(np.array([0.005539, 0.006164, 0, 0.000184]) ** 2)
    rows = table(context, "clark1987_expected_filtered.csv")
    for form in FORMS:
        got: Any = kalman.filter(
            y, F, [[1.0, 1, 0, 0]], Q, [[0.0]], np.zeros(4), 100 * F @ F.T,
            outputs=("loglike", "loglike_t", "mean"), form=form,
        )  # fmt: skip
        say = f"Clark, {form}"
        late = float(got.loglike_t[20:].sum())
        yield equal(f"{say}: log-likelihood from 21 on", 578.5208840577, late, source=source, absolute=1e-8)
        yield equal(
            f"{say}: log-likelihood", 613.3213150743, float(got.loglike), source=source, absolute=1e-8
        )
        for name, state in (("trend", 0), ("cycle", 1), ("drift", 3)):
            yield near(f"{say}: {name}", rows[name], got.mean[20:, state], source=source, absolute=1e-4)


def conditioning(context: Context) -> Iterator[Case]:
    """P_1 / H is 1e10: the short form P - K F K' is wrong by 1.1 in the second case."""
    y = macro(context, log=True)
    for gaps, name, loglike in (
        ((), "complete", 1695.34872034),
        (FIRST, "series 1 from row 51", 1518.449598408),
        (BLOCK, "all from row 51", 1305.739288234),
        (SCATTERED, "scattered", 1201.660988044),
        (SCATTERED_END, "scattered, open end", 1117.265303236),
    ):
        for form in FORMS:
            got: Any = kalman.filter(
                blank(y, gaps), T3, np.eye(3), Q3, H3, np.zeros(3), 1e6 * np.eye(3),
                outputs=("loglike",), form=form,
            )  # fmt: skip
            yield equal(
                f"macro3, {name}, {form}: log-likelihood", loglike, float(got.loglike),
                source="40 digits; kalman/CASES.md, section 3", absolute=1e-6,
            )  # fmt: skip


def _det(P: Array) -> Array:
    found: Array = np.linalg.det(P)
    return found


def macro_logs(context: Context) -> Iterator[Case]:
    rows, y = table(context, "macro3_var_expected_KFAS.csv"), macro(context, log=True)
    got: Any = kalman.smooth(
        y, T3, np.eye(3), Q3, H3, np.zeros(3), 1e6 * np.eye(3), outputs=(*STATES, *NOISES)
    )
    for stem, value in (
        ("m", got.predicted_mean),
        ("alphahat", got.smoothed_mean),
        ("etahat", got.state_disturbance),
        ("epshat", got.obs_disturbance),
    ):
        yield near(
            f"macro3_var: {stem}", columns(rows, stem, 3), value, source=KFAS, absolute=6e-8, relative=1e-5
        )
    yield near(
        "macro3_var: a", columns(rows, "a", 3)[:-1], got.predicted_mean[1:], source=KFAS, absolute=6e-8
    )
    spread = np.einsum("tii->ti", got.obs_disturbance_cov)
    yield near("macro3_var: Veps", columns(rows, "Veps", 3), spread, source=KFAS, relative=1e-5)
    yield near("macro3_var: det V", rows["detV"], _det(got.smoothed_cov), source=KFAS, relative=1e-5)


def macro_levels(context: Context) -> Iterator[Case]:
    rows = table(context, "macro3_missing_expected_KFAS.csv")
    y = blank(macro(context, log=False), SCATTERED)
    one = np.eye(3)
    for form in FORMS:
        more = NOISES if form == "sequential" else ()
        got: Any = kalman.smooth(
            y, one, one, one, one, np.zeros(3), 1e6 * one, outputs=(*STATES, *more), form=form
        )
        say = f"macro3_missing, {form}"
        yield equal(f"{say}: log-likelihood", -205310.976745, float(got.loglike), source=KFAS, absolute=1e-6)
        found = [
            ("m", columns(rows, "m", 3), got.predicted_mean),
            ("alphahat", columns(rows, "alphahat", 3), got.smoothed_mean),
            ("det P", rows["detPmu"], _det(got.predicted_cov)),
            ("det V", rows["detV"], _det(got.smoothed_cov)),
        ]
        if more:
            seen = np.where(np.isnan(y), np.nan, 1.0)
            found += [
                ("etahat", columns(rows, "etahat", 3), got.state_disturbance),
                ("det Veta", rows["detVeta"], _det(got.state_disturbance_cov)),
                ("epshat", columns(rows, "epshat", 3) * seen, got.obs_disturbance),
                (
                    "Veps",
                    columns(rows, "Veps", 3) * seen,
                    np.einsum("tii->ti", got.obs_disturbance_cov),
                ),
            ]
        for name, expected, value in found:
            yield near(f"{say}: {name}", expected, value, source=KFAS, absolute=1e-9, relative=1e-9)


def singular_errors(context: Context) -> Iterator[Case]:
    """H of rank 2; the file holds the errors of the decorrelated observation L^-1 y."""
    rows, y = table(context, "macro3_generalobscov_expected_KFAS.csv"), macro(context, log=False)
    A, one = np.arange(1, 10).reshape(3, 3) / 10, np.eye(3)
    got: Any = kalman.smooth(y, one, one, one, A @ A.T, np.zeros(3), 1e6 * one, outputs=(*STATES, *NOISES))
    L = np.array([[1, 0, 0], [2.2857142857142856, 1, 0], [3.5714285714285716, 2, 1]])
    say = "macro3_generalobscov"
    yield equal(f"{say}: log-likelihood", -569659.390682, float(got.loglike), source=KFAS, absolute=1e-6)
    for name, expected, value in (
        ("alphahat", columns(rows, "alphahat", 3), got.smoothed_mean),
        ("a", columns(rows, "a", 3)[:-1], got.predicted_mean[1:]),
        ("etahat", columns(rows, "etahat", 3), got.state_disturbance),
        ("epshat", columns(rows, "epshat", 3), np.linalg.solve(L, got.obs_disturbance.T).T),
    ):
        yield near(f"{say}: {name}", expected, value, source=KFAS, absolute=4e-8)


def stationary(F: Array, Q: Array) -> Array:
    """P = F P F' + Q, solved densely."""
    n = len(F)
    left = np.asarray(np.eye(n * n) - np.kron(F, F), dtype=np.float64)
    P = np.linalg.solve(left, Q.reshape(-1)).reshape(n, n)
    return (P + P.T) / 2


def wholesale(context: Context) -> Iterator[Case]:
    """AR(3) and ARMA(1,1) of the differences of wholesale prices, stationary start."""
    source = "Stata and KFAS via statsmodels; kalman/CASES.md, section 6"
    y = np.diff(table(context, "wpi1.csv")["wpi"])[:, None]
    F: Array = np.array([[0.5270715, 0.0952613, 0.2580355], [1, 0, 0], [0, 1, 0]])
    G: Array = np.array([[1.0], [0], [0]])
    H = np.array([[1.0, 0, 0]])
    P = stationary(F, 0.5307459 * G @ G.T)
    gappy = y.copy()
    gappy[9:20] = np.nan
    for name, data, loglike in (("complete", y, -136.217849703), ("10 to 20 missing", gappy, -130.031040886)):
        for form in FORMS:
            got: Any = kalman.filter(
                data, F, H, [[0.5307459]], [[0.0]], np.zeros(3), P, G=G, outputs=("loglike",), form=form
            )
            yield equal(
                f"wpi1, AR(3), {name}, {form}: log-likelihood", loglike, float(got.loglike),
                source=source, absolute=1e-8,
            )  # fmt: skip
    F = np.array([[0.87421, 1.0], [0.0, 0.0]], dtype=np.float64)
    G = np.array([[1.0], [-0.41202]], dtype=np.float64)
    got = kalman.filter(
        y, F, [[1.0, 0]], [[0.525692]], [[0.0]], np.zeros(2), stationary(F, 0.525692 * G @ G.T),
        G=G, d=[0.74982], outputs=("loglike",),
    )  # fmt: skip
    yield equal(
        "wpi1, ARMA(1,1): log-likelihood", -135.3513634, float(got.loglike), source=source, absolute=1e-6
    )


def robot_arrays(context: Context) -> tuple[Array, dict[str, Any], dict[str, Any]]:
    """y with the unobserved time 0, the arrays of the filter, and the file's parameters."""
    text = context.folder("kalman", "robot_params.json").read_text()
    p = {k: np.array(v) for k, v in json.loads(text).items()}
    y = np.genfromtxt(context.folder("kalman", "robot_obs.csv"), delimiter=",", skip_header=1)
    b = np.genfromtxt(context.folder("kalman", "robot_offsets_b.csv"), delimiter=",", skip_header=1)
    y = np.concatenate([np.full((1, 2), np.nan), y])
    model = {"F": p["A"], "H": p["C"], "Q": p["Q"], "R": p["R"], "x0": p["x0"], "P0": p["P0"]}
    return y, model | {"c": np.concatenate([b, np.zeros((1, 5))]), "d": p["d"]}, p


def robot(context: Context) -> Iterator[Case]:
    source = "pykalman's robot; kalman/CASES.md, section 8"
    rows = table(context, "robot_expected.csv")
    y, model, _ = robot_arrays(context)
    for form in FORMS:
        got: Any = kalman.smooth(y, **model, outputs=STATES, form=form)
        say = f"robot, {form}"
        yield equal(
            f"{say}: log-likelihood", -3189.452517984329, float(got.loglike), source=source, absolute=2e-9
        )
        filtered = np.stack([rows[f"xfilt{j}"] for j in range(5)], axis=1)
        smoothed = np.stack([rows[f"xsmooth{j}"] for j in range(5)], axis=1)
        yield near(f"{say}: filtered", filtered, got.mean, source=source, absolute=2e-12)
        yield near(f"{say}: smoothed", smoothed, got.smoothed_mean, source=source, absolute=1.3e-12)
        trace = np.einsum("tii->t", got.cov)
        yield near(f"{say}: trace", rows["traceVfilt"], trace, source=source, absolute=3e-12)
