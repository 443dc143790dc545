"""From a caller's arrays to the core's, and the core's verdict on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin import _core
from pytwin.errors import ComputationError, InputError, PytwinError
from pytwin.kalman.cross import refuse_with_cross, without_cross
from pytwin.kalman.gaps import filter_over_gaps, read_gaps

__all__ = ["Array", "as_array", "axes_of", "lay_out", "lay_out_diffuse", "lay_out_lengths", "run_core"]

Array = NDArray[np.float64]

# the core's list and, last, times
PARTS = ("", "y", "F", "H", "Q", "R", "G", "c", "d", "x0", "P0", "diffuse", "times")
_INPUT_STATUS = ("BAD_ARGUMENT", "NOT_FINITE", "NOT_POSITIVE_DEFINITE")


def axes_of(name: str) -> int:
    """Axes of an array of the model at one step."""
    return 1 if name in ("c", "d", "x0") else 2


def as_array(name: str, value: ArrayLike) -> Array:
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError("kalman.bad-argument", f"{name} can't be read as an array of numbers") from None


def lay_out(name: str, value: ArrayLike, core: int, batch: tuple[int, ...], *, timed: bool = True) -> Array:
    """An array as (1 | series, [1 | T,] core axes), where `core` is 2 for a matrix and 1 for a vector."""
    a = as_array(name, value)
    plain = core + (1 if timed else 0)
    if a.ndim < core:
        message = f"{name} has {a.ndim} dimensions, expected at least {core}"
        raise InputError("kalman.bad-shape", message, place=name)
    if a.ndim == core:
        return np.ascontiguousarray(a.reshape((1,) * (plain - core + 1) + a.shape))
    if a.ndim < plain:
        message = f"{name} has leading axes without a time axis"
        raise InputError("kalman.bad-shape", message, place=name)
    lead = a.shape[: a.ndim - plain]
    inner = a.shape[a.ndim - plain :]
    if all(k == 1 for k in lead):
        return np.ascontiguousarray(a.reshape((1, *inner)))
    try:
        spread = np.broadcast_to(a, batch + inner)
    except ValueError:
        message = f"{name} has leading axes {lead}, which do not fit the series {batch}"
        raise InputError("kalman.bad-shape", message, place=name) from None
    return np.ascontiguousarray(spread.reshape((-1, *inner)))


def _failure(result: dict[str, Any], series: int) -> PytwinError:
    code = int(result["status"][series])
    name, message = next((k, m) for k, (c, m) in _core.STATUS.items() if c == code)
    part, step = PARTS[int(result["failed_in"][series])], int(result["failed_at"][series])
    place = f"{part}, step {step}" if part else f"step {step}"
    kind = InputError if part or name in _INPUT_STATUS[:1] else ComputationError
    return kind("kalman." + name.lower().replace("_", "-"), message, place=f"series {series}, {place}")


def _raise_failures(result: dict[str, Any], arrays: dict[str, Any], single: bool) -> None:
    """One series, or an array that all series share: an exception. A series of a batch: its status."""
    failed = np.flatnonzero(result["status"])
    if failed.size == 0:
        return
    first = int(failed[0])
    part = PARTS[int(result["failed_in"][first])]
    array = arrays.get(part)
    if single or (array is not None and array.shape[0] == 1 and part != "y"):
        raise _failure(result, first)


def run_core(
    y: ArrayLike,
    F: ArrayLike,
    H: ArrayLike,
    Q: ArrayLike,
    R: ArrayLike,
    x0: ArrayLike,
    P0: ArrayLike,
    *,
    G: ArrayLike | None,
    c: ArrayLike | None,
    d: ArrayLike | None,
    lengths: ArrayLike | None,
    outputs: Sequence[str],
    threads: int,
    path: int = 0,
    packed: bool = False,
    times: ArrayLike | None = None,
    S: ArrayLike | None = None,
    B: ArrayLike | None = None,
    u: ArrayLike | None = None,
    diffuse: ArrayLike | bool | None = None,
    **robust: float,
) -> dict[str, Any]:
    data = as_array("y", y)
    if data.ndim < 2:
        raise InputError("kalman.bad-shape", f"y has {data.ndim} dimensions, expected (..., T, m)")
    batch = data.shape[:-2]
    arrays: dict[str, Any] = {"y": data.reshape((-1, *data.shape[-2:]))}
    for name, value in {"F": F, "H": H, "Q": Q, "R": R, "G": G}.items():
        arrays[name] = None if value is None else lay_out(name, value, 2, batch)
    for name, value in {"c": c, "d": d}.items():
        arrays[name] = None if value is None else lay_out(name, value, 1, batch)
    if B is not None or u is not None:
        arrays["c"] = _with_control(arrays, B, u, batch)
    arrays["x0"] = lay_out("x0", x0, 1, batch, timed=False)
    arrays["P0"] = lay_out("P0", P0, 2, batch, timed=False)
    given = arrays
    if S is not None:
        refuse_with_cross(outputs, continuous=times is not None, robust=bool(robust))
        cross = lay_out("S", S, 2, batch)
        arrays = without_cross(arrays, cross)
        if len(cross) > 1 or len(given["R"]) > 1:  # then Q may be refused for one series alone
            given = given | {"Q": arrays["Q"]}
        path = path or 1  # one path whatever the gaps of the batch
    arrays["diffuse"] = lay_out_diffuse(diffuse, arrays["x0"].shape[-1], batch)
    steps = None if lengths is None else lay_out_lengths(lengths, batch)
    options: dict[str, Any] = {"outputs": tuple(outputs), "path": path, "packed": packed, "threads": threads}
    options |= robust
    if times is None:
        result: dict[str, Any] = _core.kalman_filter(**arrays, lengths=steps, **options)
    else:
        gaps = read_gaps(as_array("times", times), batch, data.shape[-2], steps)
        arrays["lengths"] = steps
        result = filter_over_gaps(gaps, arrays, len(PARTS) - 1, **options)
    _raise_failures(result, given, single=not batch)
    result["failed_in"] = np.array(PARTS)[result["failed_in"]]
    return {k: v if k == "path" else v.reshape(batch + v.shape[1:]) for k, v in result.items()}


def _with_control(
    arrays: dict[str, Any], B: ArrayLike | None, u: ArrayLike | None, batch: tuple[int, ...]
) -> Array:
    """c + B u, (1 | series, 1 | T, n)."""
    if B is None or u is None:
        raise InputError("kalman.bad-argument", "B and u come together", place="B, u")
    load, control = lay_out("B", B, 2, batch), lay_out("u", u, 1, batch)
    n, T = arrays["F"].shape[-1], arrays["y"].shape[1]
    if load.shape[-2:] != (n, control.shape[-1]):
        message = f"B is {load.shape[-2:]}, expected {(n, control.shape[-1])}"
        raise InputError("kalman.bad-shape", message, place="B")
    for name, a in {"B": load, "u": control}.items():
        if a.shape[1] not in (1, T):
            raise InputError("kalman.bad-shape", f"{name} has {a.shape[1]} steps, expected {T}", place=name)
    push = (load @ control[..., None])[..., 0]
    return np.ascontiguousarray(push if arrays["c"] is None else arrays["c"] + push)


def lay_out_diffuse(value: ArrayLike | bool | None, n: int, batch: tuple[int, ...]) -> Array | None:
    """Pinf (1 | series, n, n) from True, a mask ([...,] n) or a matrix ([...,] n, n)."""
    if value is None or value is False:
        return None
    a = np.asarray(value)
    if a.ndim == 0 and a.dtype == bool:
        a = np.full(n, True)
    if a.dtype == bool or a.ndim == 1:
        mask = lay_out("diffuse", a, 1, batch, timed=False)
        return mask[..., None] * np.eye(mask.shape[-1])
    return lay_out("diffuse", a, 2, batch, timed=False)


def lay_out_lengths(lengths: ArrayLike, batch: tuple[int, ...]) -> NDArray[np.int64]:
    steps = np.asarray(lengths)
    if steps.dtype.kind not in "iu" or steps.shape != batch:
        raise InputError("kalman.bad-shape", f"lengths is not an array of integers of shape {batch}")
    return np.ascontiguousarray(steps.reshape(-1), dtype=np.int64)
