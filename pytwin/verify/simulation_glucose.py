"""Cases of the glucose models: Hovorka 2004, Dalla Man 2007, and UVA/Padova alone and in closed loops."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin import _core
from pytwin.glucose import BasalBolus, Loop, Patients, Pid, patients, run_loop, schedule, sensor
from pytwin.model import Model
from pytwin.model.actions import table
from pytwin.verify import simglucose
from pytwin.verify.case import Case, at_most, equal
from pytwin.verify.run import Context

Array = NDArray[np.float64]
TIGHT = {"rtol": 1e-12, "atol": 1e-12}
DEFAULT = {"rtol": 1e-6, "atol": 1e-9}
# The day of simglucose's reference runs, hours and g.
MEALS = ((7.0, 45.0), (12.0, 70.0), (16.0, 15.0), (18.0, 80.0), (23.0, 10.0))


def cases(context: Context) -> Iterator[Case]:
    """All cases."""
    yield from hovorka(context)
    yield from without_diabetes(context)
    yield from one_meal(context)
    yield from open_loop(context)
    yield from closed_loops(context)
    yield from two_days(context)


def _columns(path: Path) -> dict[str, Any]:
    """A CSV file by column: numbers where all are, else text."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = {name: np.array([r[name] for r in rows]) for name in rows[0]}
    return {name: _numbers(column) for name, column in found.items()}


def _numbers(column: NDArray[Any]) -> NDArray[Any]:
    try:
        return np.where(column == "", "nan", column).astype(np.float64)
    except ValueError:
        return column


def _run(model: str, params: Array, x0: Array, plan: NDArray[Any], times: Array, **options: Any) -> Array:
    """Outputs and then states of one subject at times in min, (T, m)."""
    core = Model(model).core
    every = np.arange(len(core.outputs) + len(core.states), dtype=np.int32)
    found = core.simulate(
        params[None], x0[None], 0.0, plan, [0, len(plan)], times, None, [0], every, **options
    )
    return np.asarray(found["y"][0])


def hovorka(context: Context) -> Iterator[Case]:
    """HOV-1 to 4: a meal of 60 g over a quarter of an hour from two steady states, with and without 6 U."""
    file = _columns(context.folder("physiology", "ref", "hovorka2004_reference.csv"))
    model = Model("hovorka")
    names = [f["name"] for f in (*model.outputs, *model.states)]
    pairs = {"G_mmolL": "G", "I_mUL": "I", "Q2": "Q2", "x1": "x1", "x2": "x2", "x3": "x3"}
    for case in np.unique(file["case"]):
        rows = file["case"] == case
        params = model.rows({"G0": float(case[1])})
        x0 = model.core.initial(params[None])[0]
        basal = 0.06 * x0[2] / params[14]
        given = [(0, 6.0, "1 min")] if case.endswith("6U") else []
        plan = schedule(model, [(0, 60.0)], given, basal, eating_rate=4.0)
        y = _run("hovorka", params, x0, plan, file["t_min"][rows], rtol=1e-9, atol=1e-11)
        for column, name in pairs.items():
            expected, got = file[column][rows], y[:, names.index(name)]
            worst = float(np.max(np.abs(got - expected) / np.maximum(np.abs(expected), 1e-12)))
            source = f"physiology/ref/hovorka2004_reference.csv, {case}"
            yield at_most(f"Hovorka, {case}: {name}, largest relative error", 1e-5, worst, source=source)


def without_diabetes(context: Context) -> Iterator[Case]:
    """DAL-1: 78 g at once, a normal subject."""
    source = "physiology/ref/dallaman2007_normal_meal78g.csv"
    file, model = _columns(context.folder(*source.split("/"))), Model("dallaman2007")
    plan = table([(0.0, _core.ACTION_EVENT, [e["name"] for e in model.core.events].index("meal"), 78.0)])
    params = model.rows()
    y = _run(
        model.name, params, model.core.initial(params[None])[0], plan, file["t_min"], rtol=1e-9, atol=1e-11
    )
    for i, (column, expected) in enumerate(list(file.items())[1:]):
        worst = float(np.max(np.abs(y[:, i] - expected)))
        yield at_most(f"Dalla Man 2007, 78 g: {column}, largest error", 1e-3, worst, source=source)


def one_meal(context: Context) -> Iterator[Case]:
    """SIM-1: nine patients, 80 g and 8 U at 100 min."""
    file = _columns(context.folder("physiology", "ref", "simglucose_reference.csv"))
    columns = ("G_plasma_mgdl", "G_sub_mgdl", "I_pmol_L")
    for name in dict.fromkeys(file["subject"]):
        who, rows = patients("uvapadova", name), file["subject"] == name
        plan = schedule("uvapadova", [("100 min", 80.0)], [("100 min", 8.0, "1 min")], float(who.basal[0]))
        y = _run("uvapadova", who.params[0], who.x0[0], plan, file["t_min"][rows], **DEFAULT)
        worst = max(float(np.max(np.abs(y[:, i] - file[c][rows]))) for i, c in enumerate(columns))
        source = "physiology/ref/simglucose_reference.csv"
        yield at_most(
            f"UVA/Padova, {name}, one meal: largest error, mg/dL and pmol/L", 0.01, worst, source=source
        )


def _inputs(file: dict[str, Any], who: Patients) -> NDArray[Any]:
    """A schedule of what the file says was eaten and infused in each minute."""
    insulin = [(f"{k} min", 60.0 * u) for k, u in enumerate(file["insulin_U_per_min"][1:])]
    return schedule(who.model, MEALS, (), insulin)


def open_loop(context: Context) -> Iterator[Case]:
    """The tight runs of the reference library with the insulin that its files hold."""
    for name in ("adolescent001", "adult001"):
        folder = context.folder("chronic", "simglucose")
        file = _columns(folder / f"{name}_bb_states1min.csv")
        tight = _columns(folder / f"{name}_bb_tight1min.csv")["Gsub_tight_mgdl"]
        who = patients("uvapadova", f"{name[:-3]}#{name[-3:]}")
        plan = _inputs(file, who)
        for title, options, bound in (("tight", TIGHT, 1e-6), ("default", DEFAULT, 1e-3)):
            y = _run("uvapadova", who.params[0], who.x0[0], plan, file["t_min"], **options)
            worst = float(np.max(np.abs(y[:, 1] - tight)))
            what = f"UVA/Padova, {name}, 24 h, {title} tolerances: glucose under the skin, mg/dL"
            yield at_most(what, bound, worst, source=f"chronic/simglucose/{name}_bb_tight1min.csv")


def closed_loop(name: str, control: str, meals: Any, hours: float, **options: Any) -> Loop:
    """A run of simglucose: Dexcom sensor with seed 1, Insulet pump."""
    who, cgm = patients("uvapadova", f"{name[:-3]}#{name[-3:]}"), sensor("Dexcom")
    controller = BasalBolus(who) if control == "bb" else Pid()
    noise = simglucose.errors(cgm, 1, round(20 * hours) + 1)
    return run_loop(who, meals, controller, simglucose.pump(), cgm, length=hours, errors=noise, **options)


def closed_loops(context: Context) -> Iterator[Case]:
    """Glucose, sensor, insulin and states minute by minute of simglucose's runs, and their summaries.

    Tight, because at looser tolerances the pump's rounding may fall to the other side of a step.
    """
    folder = context.folder("chronic", "simglucose")
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    for name in ("adolescent001", "adult001", "child001"):
        for control in ("bb", "pid"):
            loop = closed_loop(name, control, MEALS, 24.0, **TIGHT)
            if name != "child001":
                yield from _against_minutes(loop, folder / f"{name}_{control}_states1min.csv", name, control)
            yield from _against_summary(loop, summary[f"{name}_{control}"], name, control)


def _against_minutes(loop: Loop, path: Path, name: str, control: str) -> Iterator[Case]:
    """2e-4 mg/dL is the error of the original integrator (CASES.md, case 1)."""
    file, who = _columns(path), loop.patients
    x = loop.x[0].copy()
    x[:, 10:12] *= 6000 / who.params[0, 0]  # U to pmol/kg
    expected = np.stack([file[f"x{i}"] for i in range(1, 14)], axis=1)
    scale = np.maximum(np.abs(expected), 1e-3 * np.max(np.abs(expected), axis=0))
    found = {
        "glucose under the skin, mg/dL": np.abs(loop.glucose[0] - file["Gsub_mgdl"]),
        "sensor, mg/dL": np.abs(loop.readings[0] - file["cgm_mgdl"]),
        "states, relative": np.abs(x[:, :13] - expected) / scale,
        "insulin, U/min": np.abs(loop.insulin[0] - file["insulin_U_per_min"][1:]),
        "eaten, g/min": np.abs(loop.eaten - file["cho_eaten_g_per_min"][1:]),
    }
    bounds = dict(zip(found, (2e-4, 2e-4, 1e-4, 1e-9, 1e-8), strict=True))
    for what, error in found.items():
        title = f"UVA/Padova, {name}, {control}, 24 h minute by minute: {what}"
        yield at_most(title, bounds[what], float(np.max(error)), source=f"chronic/simglucose/{path.name}")


def _against_summary(loop: Loop, expected: dict[str, float], name: str, control: str) -> Iterator[Case]:
    """A run of simglucose ends where glucose falls below 10 mg/dL; its figures are compared up to there."""
    n = int(expected["n"])
    G = loop.glucose[0, :n]
    got = {
        "minG": G.min(), "maxG": G.max(), "meanG": G.mean(), "endG": G[-1],
        "tir": 100 * np.mean((G >= 70) & (G <= 180)), "totU": loop.insulin[0, : n - 1].sum(),
        "totCHO": loop.eaten[: n - 1].sum(),
    }  # fmt: skip
    for what, value in got.items():
        title = f"UVA/Padova, {name}, {control}, 24 h: {what}"
        yield equal(
            title, expected[what], float(value), absolute=1e-3, source="chronic/simglucose/summary.json"
        )


def two_days(context: Context) -> Iterator[Case]:
    """The published regression file of simglucose: 48 h with random meals, rows of three minutes."""
    source = "chronic/simglucose/upstream_test_sim_results.csv"
    file = _columns(context.folder(*source.split("/")))
    loop = closed_loop("adolescent001", "bb", simglucose.random_meals(1, 2), 48.0, **DEFAULT)

    def means(a: Array) -> Array:
        return np.asarray(a.reshape(-1, simglucose.PERIOD).mean(axis=1))

    pairs = {
        "BG": (file["BG"][1:], means(loop.glucose[0, 1:]), 1e-3),
        "CGM": (file["CGM"][1:], means(loop.readings[0, 1:]), 1e-3),
        "CHO": (file["CHO"][:-1], means(loop.announced), 1e-9),
        "insulin": (file["insulin"][:-1], means(loop.insulin[0]), 1e-9),
    }
    for what, (expected, got, bound) in pairs.items():
        worst = float(np.max(np.abs(expected - got)))
        yield at_most(f"UVA/Padova, simglucose's own test, 48 h: {what}", bound, worst, source=source)
