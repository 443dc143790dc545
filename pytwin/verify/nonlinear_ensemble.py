"""Part ``ensemble`` of the suite: published errors on Lorenz's models; convergence in the members."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from pytwin import _core
from pytwin.model import Model
from pytwin.verify.case import Case, between, equal, info
from pytwin.verify.ensemble import LORENZ63, LORENZ96, RING, Array, Experiment
from pytwin.verify.run import Context

SEEDS = np.arange(1, 8)  # the median of seven
SOURCE = "DAPPER, comments of its settings; kalman/CASES.md, section 10"


@dataclass(frozen=True)
class Row:
    """A row of the published tables; ``band`` is that of the median of seven seeds."""

    file: str
    line: int
    experiment: Experiment
    band: float
    method: str
    options: dict[str, Any]
    count: int = 1000

    @property
    def name(self) -> str:
        """Model and method in words."""
        given = ", ".join(f"{k} {v}" for k, v in self.options.items() if k not in RING)
        return f"{self.experiment.model}, {self.method}, {given}: median error of the analyses"


def _ring(line: int, method: str, members: int, inflation: float, **more: Any) -> Row:
    options = {"n_member": members, "inflation": inflation, **more}
    return Row("Lorenz96/sakov2008.py", line, LORENZ96, 0.02, method, options)


def _long(line: int, method: str, members: int, inflation: float, **more: Any) -> Row:
    options = {"n_member": members, "inflation": inflation, "rotate": True, **more}
    return Row("Lorenz96/hoteit2015.py", line, LORENZ96, 0.02, method, options, 7300)


def _three(line: int, method: str, members: int, inflation: float, band: float = 0.15, **more: Any) -> Row:
    options = {"n_member": members, "inflation": inflation, **more}
    return Row("Lorenz63/sakov2012.py", line, LORENZ63, band, method, options)


ROWS = (
    _ring(43, "enkf", 40, 1.06),
    _ring(44, "denkf", 40, 1.01),
    _ring(45, "enkf", 28, 1.08),
    _ring(46, "etkf", 24, 1.013, rotate=True),
    _ring(67, "letkf", 7, 1.04, rotate=True, radius=4.0, **RING),
    _ring(78, "etkf", 20, 1.04, rotate=True),
    _three(32, "etkf", 3, 1.30),
    _three(33, "etkf", 10, 1.02, rotate=True),
    _three(34, "enkf", 10, 1.04, 0.25),
    _three(35, "enkf", 100, 1.01),
)
LONG = (
    _long(29, "letkf", 10, 1.04, radius=6.0, **RING),
    _long(35, "etkf", 28, 1.02),
)


def cases(context: Context) -> Iterator[Case]:
    """The published tables (those of 7300 observations with ``full``), and convergence."""
    tables = _tables(context)
    for row in ROWS + (LONG if context.full else ()):
        context.say(f"    {row.name}")
        errors = row.experiment.error_of(SEEDS, row.count, method=row.method, **row.options)
        expected = tables[row.file, row.line]
        name = f"{row.file} {row.line}: {row.name}"
        band = (expected - row.band, expected + row.band)
        yield between(name, band, float(np.median(errors)), source=SOURCE)
        yield info(f"{name}, each seed", " ".join(f"{e:.3f}" for e in errors), source=SOURCE)
    yield from _convergence()


def _tables(context: Context) -> dict[tuple[str, int], float]:
    with open(context.folder("kalman", "dapper_rmse_tables.csv"), encoding="utf-8") as file:
        return {(r["config_file"], int(r["line"])): float(r["rmse_a"]) for r in csv.DictReader(file)}


# ---- convergence on a linear model ----

MEMBERS = (50, 200, 800, 3200)
REPEATS = 200


def _linear(method: str, members: int, repeats: int) -> tuple[Array, Array]:
    """Mean (repeats, nz) and covariance of a drug in depot and blood after four concentrations."""
    model = Model("pk_1cpt_oral")
    params, nx = model.rows(), len(model.states)
    times = np.array([0.5, 1.0, 2.0, 4.0])
    n = times.size
    found = _core.nonlinear(
        _core.Model("pk_1cpt_oral"),
        np.zeros(0, dtype=np.int32),
        np.zeros(0, dtype=np.int8),
        mean=np.tile(np.linspace(100.0, 20.0, nx), (repeats, 1)),
        cov=np.tile(np.diag(np.linspace(900.0, 400.0, nx)), (repeats, 1, 1)),
        params=np.tile(params, (repeats, 1)),
        Q=np.tile(np.eye(nx), (repeats, 1, 1)),
        start=np.zeros(repeats),
        end=np.full(repeats, 4.0),
        actions=np.zeros(0, _core.PLAN_DTYPE),
        action_offsets=np.zeros(repeats + 1, dtype=np.int64),
        obs_time=np.tile(times, repeats),
        obs_output=np.zeros(n * repeats, dtype=np.int32),
        obs_value=np.tile([4.0, 5.0, 5.0, 4.0], repeats),
        obs_noise=np.zeros(n * repeats, dtype=np.int8),
        obs_a=np.full(n * repeats, 0.5),
        obs_b=np.zeros(n * repeats),
        obs_censor=np.zeros(n * repeats, dtype=np.int8),
        obs_offsets=n * np.arange(repeats + 1),
        method=method,
        n_member=members,
        alpha=1.0,
        beta=0.0,
        kappa=0.0,
    )
    return found["mean"], found["cov"]


def _convergence() -> Iterator[Case]:
    source = "the unscented filter with alpha = 1, which is exact on a linear model"
    exact_mean, exact_cov = _linear("ukf", 2, 1)
    for method in ("enkf", "etkf"):
        errors = []
        for members in MEMBERS:
            mean, cov = _linear(method, members, REPEATS)
            errors.append([_size(mean, exact_mean), _size(cov, exact_cov)])
        for k, what in enumerate(("mean", "covariance")):
            slope = float(np.polyfit(np.log(MEMBERS), np.log([e[k] for e in errors]), 1)[0])
            name = (
                f"linear model, {method}, 50 to 3200 members: power of N with which the {what}'s error falls"
            )
            yield equal(name, -0.5, slope, absolute=0.06, source=source)


def _size(found: Array, exact: Array) -> float:
    return float(np.sqrt(np.mean((found - exact) ** 2)))
