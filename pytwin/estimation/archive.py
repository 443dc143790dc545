"""An online filter as plain arrays, and back: numbers as they are, names and the plan as JSON, no pickle."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from pytwin import _core
from pytwin.errors import InputError, PytwinError
from pytwin.estimation.checkpoints import Checkpoints
from pytwin.estimation.history import RESULTS, History, Rows
from pytwin.estimation.noise import Noise
from pytwin.estimation.problem import Given, Problem
from pytwin.estimation.state import space
from pytwin.model import Model
from pytwin.model.entries import Dose, Setting
from pytwin.model.plan import Plan
from pytwin.model.schedule import Schedule
from pytwin.model.when import Jump, Profile

Arrays = dict[str, NDArray[Any]]
FORMAT = "pytwin-filter"
VERSION = 1
_ENTRIES: dict[str, Any] = {"doses": Dose, "settings": Setting, "events": Jump, "profiles": Profile}


def pack(history: History) -> Arrays:
    """All that `unpack` needs."""
    problem, plan = history.problem, history.problem.plans[0]
    theta = dict(zip(problem.space.names, problem.space.scales, strict=True))
    n_state = len(theta) - len(problem.space.columns)
    about = {
        "format": FORMAT,
        "version": VERSION,
        "model": problem.model.name,
        "theta": dict(list(theta.items())[n_state:]),
        "outputs": history.outputs,
        "noise": [[e.kind, float(e.a), float(e.b)] for e in history.noise],
        "method": problem.method,
        "arguments": problem.arguments,
        "start": history.start,
        "patient": history.patient,
        "every": history.every,
        "plan": _plan(plan),
    }
    found: Arrays = {"about": np.array(json.dumps(about))}
    found |= {name: getattr(problem, name) for name in ("mean", "cov", "Q", "params")}
    if problem.bounds is not None:
        found |= {"lower": problem.bounds[0], "upper": problem.bounds[1]}
    if isinstance(plan, Schedule):
        found |= {"actions": plan.actions, "doses": plan.doses}
    found |= {f"row_{name}": a for name, a in vars(history.rows).items()}
    found |= {f"result_{name}": a for name, a in history.results.items()}
    found["latest_mean"], found["latest_cov"] = history.latest
    points = history.points
    found["point_counts"] = np.array(points.counts, dtype=np.int64)
    found["point_states"] = np.array(points.states) if points.states else np.zeros((0, 0))
    return {name: np.array(a) for name, a in found.items()}


def unpack(source: str | Path | IO[bytes] | Mapping[str, NDArray[Any]]) -> History:
    """A filter's memory as `pack` left it.

    Raises
    ------
    InputError
        ``estimation.bad-file``.
    """
    try:
        return _history(source if isinstance(source, Mapping) else _read(source))
    except (KeyError, TypeError, ValueError, zipfile.BadZipFile, EOFError) as error:
        if isinstance(error, PytwinError) and error.code == "estimation.bad-file":
            raise
        message = "this is not a filter that was saved, or not a whole one"
        raise InputError("estimation.bad-file", message, place="load") from error


def _read(source: str | Path | IO[bytes]) -> Arrays:
    with np.load(source, allow_pickle=False) as file:
        return dict(file)


def _history(arrays: Mapping[str, NDArray[Any]]) -> History:
    about = json.loads(str(arrays["about"]))
    if about["format"] != FORMAT or about["version"] != VERSION:
        hint = f"This reads version {VERSION}"
        message = f"a filter of format {about['format']} {about['version']}"
        raise InputError("estimation.bad-file", message, place="load", hint=hint)
    model = Model(about["model"])
    known = [o["name"] for o in model.outputs]
    problem = Problem(
        model=model,
        space=space(model, about["theta"]),
        plans=(_given(about["plan"], arrays),),
        method=about["method"],
        arguments=about["arguments"],
        bounds=(arrays["lower"], arrays["upper"]) if "lower" in arrays else None,
        **{name: np.asarray(arrays[name], dtype=float) for name in ("mean", "cov", "Q", "params")},
    )
    found = History(
        problem,
        tuple(about["outputs"]),
        np.array([known.index(name) for name in about["outputs"]], dtype=np.int32),
        tuple(Noise(*one) for one in about["noise"]),
        about["start"],
        about["patient"],
        about["every"],
    )
    found.rows = Rows(arrays["row_times"], arrays["row_y"], arrays["row_censor"])
    found.results = {name: arrays[f"result_{name}"] for name in RESULTS}
    found.latest = arrays["latest_mean"], arrays["latest_cov"]
    counts = tuple(int(k) for k in arrays["point_counts"])
    found.points = Checkpoints(found.every, counts, tuple(arrays["point_states"]))
    _check(found)
    return found


def _check(found: History) -> None:
    """Lengths that belong together."""
    n, m, rows = len(found.problem.space.names), len(found.outputs), len(found.rows.times)
    shapes: dict[str, tuple[int, ...]] = {name: (rows, m) for name in RESULTS}
    shapes |= {"mean": (rows, n), "cov": (rows, n, n), "loglike": (rows,), "rejected": (rows,)}
    good = all(found.results[name].shape == shape for name, shape in shapes.items())
    good &= found.rows.y.shape == found.rows.censor.shape == (rows, m)
    good &= len(found.points.counts) == len(found.points.states)
    good &= found.points.count == rows
    good &= found.latest[0].shape == (n,) and found.latest[1].shape == (n, n)
    problem = found.problem
    good &= problem.mean.shape == (1, n) and problem.cov.shape == problem.Q.shape == (1, n, n)
    good &= problem.params.shape == (1, len(problem.model.params))
    if not good:
        raise InputError("estimation.bad-file", "arrays that do not belong together", place="load")


def _plan(plan: Given) -> dict[str, Any] | str | None:
    if not isinstance(plan, Plan):
        return None if plan is None else "schedule"
    return {"name": plan.name, "kind": plan.kind, "visits": plan.visits} | {
        name: [asdict(entry) for entry in getattr(plan, name)] for name in _ENTRIES
    }


def _given(plan: Any, arrays: Mapping[str, NDArray[Any]]) -> Given:
    if plan is None:
        return None
    if plan == "schedule":
        actions = np.asarray(arrays["actions"], dtype=_core.PLAN_DTYPE)
        return Schedule(actions, np.asarray(arrays["doses"], dtype=_core.DOSE_DTYPE))
    entries = {
        name: tuple(kind(**{k: _tuple(v) for k, v in one.items()}) for one in plan[name])
        for name, kind in _ENTRIES.items()
    }
    return Plan(plan["name"], kind=plan["kind"], visits=tuple(plan["visits"]), **entries)


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
