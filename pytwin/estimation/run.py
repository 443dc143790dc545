"""A call of the core for many patients, and its flat rows by patient, row and output."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin import _core
from pytwin.errors import InputError
from pytwin.estimation import methods
from pytwin.estimation.data import Data, Flat, check_values, flatten
from pytwin.estimation.noise import Noise
from pytwin.estimation.problem import Problem
from pytwin.estimation.results import Estimate

__all__ = ["estimate"]

Array = NDArray[np.float64]
# Results with a number for each observation.
ELEMENTS = ("predicted", "predicted_var", "latent_var", "effective", "use")
NOTHING = "nothing was observed: this is the prior, carried to the end"


def estimate(
    problem: Problem,
    data: Data,
    noise: tuple[Noise, ...],
    *,
    start: Any = None,
    end: Any = None,
    forecast: bool = False,
    threads: int = 1,
    errors: str = "raise",
    progress: Callable[[float], object] | None = None,
    smoothing: bool = False,
) -> Estimate:
    """One call of the core for all patients, and its flat rows as an Estimate."""
    single = data.single and problem.count == 1
    problem, data = problem.expanded(data)
    check_values(data, noise)
    begin, stop = span(data, start, end)
    flat = flatten(data, noise, forecast)
    batch = problem.batch(flat, begin, stop)
    raw = methods.run(
        problem.model,
        batch,
        problem.arguments,
        trace=True,
        smooth=smoothing,
        threads=threads,
        progress=progress,
    )
    found = shaped(problem, data, noise, flat, stop, raw, single)
    if errors == "raise":
        found.raise_for_status()
    return found


def span(data: Data, start: Any, end: Any) -> tuple[Array, Array]:
    """Where each patient begins and ends.

    Raises
    ------
    InputError
        ``estimation.unsorted``, ``estimation.no-start``.
    """
    n, rows = data.times.shape
    some = data.lengths > 0
    first = data.times[:, 0] if rows else np.zeros(n)
    last = data.times[np.arange(n), np.maximum(data.lengths - 1, 0)] if rows else np.zeros(n)
    begin = np.where(some, first, np.nan) if start is None else _each("start", start, n)
    if np.isnan(begin).any():
        hint = "Say start=0"
        raise InputError(
            "estimation.no-start", "a patient without rows needs a start", place="start", hint=hint
        )
    stop = np.where(some, last, begin) if end is None else _each("end", end, n)
    for bad, message in (
        (some & (first < begin), "the first row is before the start"),
        (some & (last > stop), "the last row is after the end"),
        (stop < begin, "the end is before the start"),
    ):
        if bad.any():
            place = "start, end" if data.single else f"patient {int(np.argmax(bad))}"
            raise InputError("estimation.unsorted", message, place=place)
    return begin, stop


def _each(name: str, value: Any, n: int) -> Array:
    found = np.asarray(value, dtype=float)
    if found.shape not in ((), (n,)):
        message = f"{name} has shape {found.shape}, expected a number or ({n},)"
        raise InputError("estimation.bad-shape", message, place=name)
    if not np.isfinite(found).all():
        raise InputError("estimation.not-finite", f"{name} is not finite", place=name)
    return np.ascontiguousarray(np.broadcast_to(found, (n,)))


def shaped(
    problem: Problem,
    data: Data,
    noise: tuple[Noise, ...],
    flat: Flat,
    end: Array,
    raw: Mapping[str, NDArray[Any]],
    single: bool,
) -> Estimate:
    """The core's flat rows by patient, row and output."""
    inside = data.inside
    arrays: dict[str, Any] = {
        "times": np.where(inside, data.times, np.nan),
        "y": np.where(inside[..., None], data.y, np.nan),
        "end": end,
        "end_mean": raw["mean"],
        "end_cov": raw["cov"],
        **{name: raw[name] for name in ("loglike", "status", "failed_at", "rejected")},
        **{name: by_row(raw[f"filtered_{name}"], flat.last) for name in ("mean", "cov")},
        **{name: by_row(raw[name], flat.last) for name in ("smoothed_mean", "smoothed_cov") if name in raw},
        **{name: by_element(raw[name], flat, data.y.shape) for name in ELEMENTS},
    }
    reasons = tuple(
        reason(int(s), bool(seen))
        for s, seen in zip(raw["status"], np.any(data.seen, axis=(1, 2)).tolist(), strict=True)
    )
    arrays = {name: a[0] if single else a for name, a in arrays.items()}
    return Estimate(
        space=problem.space,
        outputs=data.outputs,
        log=np.array([e.log for e in noise]),
        reason=reasons[0] if single else reasons,
        method=problem.method,
        model=problem.model.name,
        time_unit=problem.model.time_unit,
        **arrays,
    )


def reason(status: int, observed: bool) -> str:
    """Why a patient failed, or that nothing was observed; else ""."""
    if status:
        return next(text for number, text in _core.STATUS.values() if number == status)
    return "" if observed else NOTHING


def by_row(flat_rows: NDArray[Any], last: NDArray[np.int64]) -> Array:
    """(N, T, ...) from rows of observations; NaN beyond a patient's end."""
    found = np.full((*last.shape, *flat_rows.shape[1:]), np.nan)
    there = last >= 0
    found[there] = flat_rows[last[there]]
    return found


def by_element(values: NDArray[Any], flat: Flat, shape: tuple[int, ...]) -> NDArray[Any]:
    """(N, T, m) from observations: NaN, or 0 for integers, where there is none."""
    found: NDArray[Any] = (
        np.zeros(shape, values.dtype) if values.dtype.kind == "i" else np.full(shape, np.nan)
    )
    there = flat.index >= 0
    found.reshape(-1)[flat.index[there]] = values[there]
    return found
