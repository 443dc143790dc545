"""Cases of a concentration-and-effect twin: single doses of racemic warfarin, O'Reilly's volunteers.

The data (``pkpd/real/nlmixr2data_warfarin.csv``: O'Reilly RA, Aggeler PM, Leong LS, J Clin Invest
1963;42:1542-1551 and O'Reilly RA, Aggeler PM, Circulation 1968;38:169-177) hold total racemic concentration
and prothrombin complex activity (PCA). The model is hamberg2010 with other numbers: half the dose in half the
volume is the racemic concentration, and with BASE = 0 and INRmax = 100 its output INR is 100 - PCA, the
activity lost. Hamberg's chain was fitted to INRs; here both transit times are fitted, and what the published
ones give is shown.

Typical values and variances were fitted by ``scripts/fit_oreilly.py`` (marginal likelihood of the unscented
filter) on even and on odd patients; each half is forecast with the other's.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin import _core, kalman
from pytwin.model.actions import boluses
from pytwin.verify.case import Case, at_most, between, equal, info
from pytwin.verify.run import Context

Array = NDArray[np.float64]
SOURCE = "own choice, above what was measured; pkpd/real/nlmixr2data_warfarin.csv"
# ka 1/h, racemic CL L/h and V L at 70 kg (exponents 3/4 and 1, Anderson BJ, Holford NHG, Annu Rev Pharmacol
# Toxicol 2008;48:303-332), EC50 mg/L, gamma, MTT1 h, MTT2 / MTT1.
TYPICAL = ("ka", "CL", "V", "EC50", "gamma", "MTT1", "ratio")
# SDs on the log scale of these, then the error: concentration (mg/L, and share of it), PCA (%).
VARYING = ("ka", "CL", "V", "EC50", "MTT1")
FITTED: dict[str, tuple[tuple[float, ...], tuple[float, ...], tuple[float, float, float]]] = {
    "even": (
        (20.2, 0.130, 8.06, 1.24, 1.11, 30.1, 0.411),
        (2.65, 0.207, 0.196, 0.521, 0.0926),
        (0.237, 0.0800, 2.78),
    ),
    "odd": (
        (0.633, 0.153, 7.56, 1.30, 0.997, 26.8, 0.469),
        (0.409, 0.341, 0.0586, 0.467, 0.117),
        (0.482, 0.177, 4.05),
    ),
}
PUBLISHED_MTT = (28.6, 118.3)
CONCENTRATION, LOST = 0, 1
_HOURS = 150.0


@dataclass(frozen=True)
class Person:
    """One volunteer: weight (kg), dose (mg), and (hour, what, value) in order of time."""

    weight: float
    dose: float
    observed: tuple[tuple[float, int, float], ...]


@dataclass(frozen=True)
class Forecasts:
    """One-step forecasts of all observations of some people, flat.

    Attributes
    ----------
    what, earlier : ndarray of int, shape (N,)
        Concentration or lost activity; how many of the same kind came before.
    value, last, predicted, typical, sd : ndarray, shape (N,)
        Measured; the last one of the same kind; by the twin, and by the population before any measurement.
    loglike : float
    """

    what: NDArray[np.int64]
    earlier: NDArray[np.int64]
    value: Array
    last: Array
    predicted: Array
    typical: Array
    sd: Array
    loglike: float


def read(context: Context) -> dict[int, Person]:
    """The volunteers by id; values before the dose are left out."""
    path = context.folder("pkpd", "real", "nlmixr2data_warfarin.csv")
    rows: dict[int, list[dict[str, str]]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            rows.setdefault(int(row["id"]), []).append(row)
    return {number: _person(found) for number, found in rows.items()}


def _person(rows: Sequence[dict[str, str]]) -> Person:
    dose = next(float(r["amt"]) for r in rows if r["evid"] == "1")
    observed = [
        (float(r["time"]), CONCENTRATION, float(r["dv"]))
        if r["dvid"] == "cp"
        else (float(r["time"]), LOST, 100 - float(r["dv"]))
        for r in rows
        if r["evid"] == "0" and float(r["time"]) > 0
    ]
    return Person(float(rows[0]["wt"]), dose, tuple(sorted(observed)))


def parameters(people: Sequence[Person], typical: Sequence[float], mtt: tuple[float, float] | None) -> Array:
    """Parameters of hamberg2010 for racemic concentration and lost activity, shape (N, n_param)."""
    model = _core.Model("hamberg2010")
    names = [p["name"] for p in model.params]
    ka, clearance, volume, ec50, gamma, mtt1, ratio = typical
    size = np.array([p.weight for p in people]) / 70
    first, second = mtt or (mtt1, mtt1 * ratio)
    values: dict[str, Any] = {
        "ka": ka, "CL": clearance / 2 * size**0.75, "V": volume / 2 * size, "F": 1.0, "EC50": ec50,
        "gamma": gamma, "Emax": 1.0, "MTT1": first, "MTT2": second, "INRmax": 100.0, "BASE": 0.0,
    }  # fmt: skip
    return np.column_stack([np.broadcast_to(values[name], len(people)) for name in names])


def run(
    people: Sequence[Person],
    fitted: tuple[Sequence[float], Sequence[float], Sequence[float]],
    *,
    mtt: tuple[float, float] | None = None,
) -> Forecasts:
    """Filter all people; ``mtt`` replaces the fitted transit times."""
    typical, sds, errors = fitted
    params = parameters(people, typical, mtt)
    rows = [(hour, what, value) for p in people for hour, what, value in p.observed]
    what = np.array([r[1] for r in rows])
    value = np.array([r[2] for r in rows])
    used = _filter(people, params, sds, errors, rows, value)
    blind = _filter(people, params, sds, errors, rows, np.full_like(value, np.nan))
    earlier, last = _last(people)
    loglike = float(np.where(used["status"] == 0, used["loglike"], -np.inf).sum())
    predicted, sd = np.asarray(used["predicted"]), np.sqrt(used["predicted_var"])
    return Forecasts(what, earlier, value, last, predicted, np.asarray(blind["predicted"]), sd, loglike)


def _filter(
    people: Sequence[Person],
    params: Array,
    sds: Sequence[float],
    errors: Sequence[float],
    rows: Sequence[tuple[float, int, float]],
    value: Array,
) -> dict[str, Any]:
    model = _core.Model("hamberg2010")
    names, n = [p["name"] for p in model.params], len(people)
    columns = [names.index(name) for name in VARYING]
    x = model.initial(params)
    nx, nt = x.shape[1], len(columns)
    cov = np.zeros((n, nx + nt, nx + nt))
    cov[:, nx:, nx:] = np.diag(np.square(sds))
    is_concentration = np.array([r[1] == CONCENTRATION for r in rows])
    outputs = [[o["name"] for o in model.outputs].index(name) for name in ("Cs", "INR")]
    additive, share, activity = errors
    spread: dict[str, Any] = kalman.unscented(nx + nt)
    return _core.nonlinear(
        model,
        theta=np.array(columns, dtype=np.int32),
        scale=np.ones(nt, dtype=np.int8),
        mean=np.concatenate([x, np.log(params[:, columns])], axis=1),
        cov=cov,
        params=params,
        Q=np.zeros((n, nx + nt, nx + nt)),
        start=np.zeros(n),
        end=np.full(n, _HOURS),
        actions=boluses(np.zeros(n), 0, np.array([p.dose for p in people])),
        action_offsets=np.arange(n + 1, dtype=np.int64),
        obs_time=np.array([r[0] for r in rows]),
        obs_output=np.array([outputs[r[1]] for r in rows], dtype=np.int32),
        obs_value=value,
        obs_noise=np.where(is_concentration, 2, 0).astype(np.int8),
        obs_a=np.where(is_concentration, additive, activity),
        obs_b=np.where(is_concentration, share, 0.0),
        obs_censor=np.zeros(len(rows), dtype=np.int8),
        obs_offsets=np.cumsum([0, *(len(p.observed) for p in people)]),
        **spread,
    )


def _last(people: Sequence[Person]) -> tuple[NDArray[np.int64], Array]:
    """How many observations of the same kind came before each, and the last of them (NaN for none)."""
    earlier: list[int] = []
    last: list[float] = []
    for person in people:
        seen: dict[int, list[float]] = {CONCENTRATION: [], LOST: []}
        for _, what, value in person.observed:
            earlier.append(len(seen[what]))
            last.append(seen[what][-1] if seen[what] else np.nan)
            seen[what].append(value)
    return np.array(earlier, dtype=np.int64), np.array(last)


def joined(parts: Sequence[Forecasts]) -> Forecasts:
    """Forecasts of several groups as one."""
    names = ("what", "earlier", "value", "last", "predicted", "typical", "sd")
    arrays: dict[str, Any] = {name: np.concatenate([getattr(p, name) for p in parts]) for name in names}
    return Forecasts(**arrays, loglike=sum(p.loglike for p in parts))


def cases(context: Context) -> Iterator[Case]:
    """Each half forecast with the numbers of the other: against the last value and the typical course."""
    people = read(context)
    yield equal("O'Reilly: patients", 21, len(people), source="pkpd/CASES.md section 7")
    halves = {
        "even": [p for i, p in people.items() if i % 2 == 0],
        "odd": [p for i, p in people.items() if i % 2],
    }
    pairs = (("even", "odd"), ("odd", "even"))
    found = joined([run(halves[test], FITTED[fit]) for test, fit in pairs])
    for what, name, unit in ((CONCENTRATION, "concentration", "mg/L"), (LOST, "PCA", "%")):
        yield from _judged(found, what, f"O'Reilly, next {name}", unit)
    published = joined([run(halves[test], FITTED[fit], mtt=PUBLISHED_MTT) for test, fit in pairs])
    chosen = (published.what == LOST) & (published.earlier > 0)
    for label, numbers in (("fitted transit times", found), ("transit times of Hamberg 2010", published)):
        for how in ("typical", "predicted"):
            error = _error(getattr(numbers, how), numbers.value, chosen)
            who = "twin" if how == "predicted" else "population alone"
            yield info(f"O'Reilly, PCA, {label}, {who}: mean absolute error, %", error, source=SOURCE)


def _judged(found: Forecasts, what: int, name: str, unit: str) -> Iterator[Case]:
    """Where there is an earlier value of the same kind to carry forward."""
    chosen = (found.what == what) & (found.earlier > 0)
    twin, last, typical = (
        _error(f, found.value, chosen) for f in (found.predicted, found.last, found.typical)
    )
    head = f"{name} ({int(chosen.sum())})"
    yield at_most(
        f"{head}: mean absolute error against the last value's, ratio", 0.75, twin / last, source=SOURCE
    )
    yield at_most(f"{head}: the same against the population's alone", 0.75, twin / typical, source=SOURCE)
    held = np.abs(found.value - found.predicted) <= 1.645 * found.sd
    yield between(
        f"{head}: share in the 90 % interval", (0.85, 0.95), float(held[chosen].mean()), source=SOURCE
    )
    for who, error in (("twin", twin), ("last value", last), ("population alone", typical)):
        yield info(f"{head}, {who}: mean absolute error, {unit}", error, source=SOURCE)


def _error(predicted: Array, value: Array, chosen: NDArray[np.bool_]) -> float:
    return float(np.abs(predicted - value)[chosen].mean())
