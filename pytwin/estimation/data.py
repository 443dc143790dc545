"""Times and observations of one patient or many as the flat rows that the core takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin.errors import InputError
from pytwin.estimation.noise import Noise
from pytwin.model.actions import offsets

if TYPE_CHECKING:
    from pytwin.model import Model

__all__ = ["Data", "read_data"]

Array = NDArray[np.float64]
Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Data:
    """What was measured, one row an instant.

    Attributes
    ----------
    times : ndarray, shape (N, T)
    y : ndarray, shape (N, T, m)
        NaN: not observed.
    censor : ndarray of int8, shape (N, T, m)
        -1: the value lies below y; 1: above.
    lengths : ndarray of int64, shape (N,)
        Rows of each patient.
    outputs : tuple of str
    columns : ndarray of int32, shape (m,)
        Which outputs of the model these are.
    single : bool
        Whether one patient was given without an axis of patients.
    """

    times: Array
    y: Array
    censor: NDArray[np.int8]
    lengths: NDArray[np.int64]
    outputs: tuple[str, ...]
    columns: NDArray[np.int32]
    single: bool

    @property
    def inside(self) -> NDArray[np.bool_]:
        """(N, T): rows before a patient's end."""
        return np.arange(self.times.shape[1]) < self.lengths[:, None]

    @property
    def seen(self) -> NDArray[np.bool_]:
        """(N, T, m): what was observed."""
        return np.isfinite(self.y) & self.inside[..., None]


def read_outputs(model: Model, outputs: Sequence[str] | str) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """Names and indices.

    Raises
    ------
    InputError
        ``estimation.unknown-output``.
    """
    names = (outputs,) if isinstance(outputs, str) else tuple(outputs)
    known = [o["name"] for o in model.outputs]
    for name in names:
        if name not in known:
            message, hint = "the model has no such output", f"It has: {', '.join(known)}"
            raise InputError("estimation.unknown-output", message, place=str(name), hint=hint)
    if not names or len(set(names)) < len(names):
        message = "outputs are names of the model's outputs, each once"
        raise InputError("estimation.unknown-output", message, place="outputs")
    return names, np.array([known.index(name) for name in names], dtype=np.int32)


def read_data(
    model: Model, times: ArrayLike, y: ArrayLike, outputs: Sequence[str] | str, lengths: Any, censor: Any
) -> Data:
    """Shapes and order checked.

    Raises
    ------
    InputError
        ``estimation.bad-shape``, ``estimation.unknown-output``, ``estimation.not-finite``;
        ``estimation.unsorted`` names the row that lies before the one above it.
    """
    names, columns = read_outputs(model, outputs)
    values = _numbers("y", y)
    if values.ndim == 1 and len(names) == 1:
        values = values[:, None]
    if values.ndim not in (2, 3) or values.shape[-1] != len(names):
        message = f"y has shape {values.shape}, expected (T, {len(names)}) or (N, T, {len(names)})"
        raise InputError(
            "estimation.bad-shape", message, place="y", hint=f"A column for each of {', '.join(names)}"
        )
    single = values.ndim == 2
    values = values[None] if single else values
    n, rows = values.shape[:2]
    at = _fit("times", _numbers("times", times), (n, rows))
    steps = _lengths(lengths, n, rows)
    limits = np.zeros(values.shape, np.int8) if censor is None else _censor(censor, values.shape)
    data = Data(at, np.ascontiguousarray(values), limits, steps, names, columns, single)
    _check_rows(data)
    return data


def _numbers(name: str, value: Any) -> Array:
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError("estimation.not-a-number", f"{name} is not rows of numbers", place=name) from None


def _fit(name: str, a: Any, shape: tuple[int, ...]) -> Any:
    try:
        return np.ascontiguousarray(np.broadcast_to(a, shape))
    except ValueError:
        message = f"{name} has shape {np.shape(a)}, which does not fit {shape}"
        raise InputError("estimation.bad-shape", message, place=name) from None


def _lengths(given: Any, n: int, rows: int) -> NDArray[np.int64]:
    if given is None:
        return np.full(n, rows, dtype=np.int64)
    steps = np.asarray(given)
    if steps.dtype.kind not in "iu" or (steps < 0).any() or (steps > rows).any():
        message = f"lengths are whole numbers from 0 to {rows}"
        raise InputError("estimation.bad-shape", message, place="lengths")
    found: NDArray[np.int64] = _fit("lengths", steps, (n,)).astype(np.int64)
    return found


def _censor(given: Any, shape: tuple[int, ...]) -> NDArray[np.int8]:
    sides = _fit("censor", np.asarray(given), shape)
    if not np.isin(sides, (-1, 0, 1)).all():
        message = "censor is -1 (below y), 0 or 1 (above y)"
        raise InputError("estimation.bad-censor", message, place="censor")
    found: NDArray[np.int8] = sides.astype(np.int8)
    return found


def _check_rows(data: Data) -> None:
    before = np.concatenate([np.full((len(data.times), 1), -np.inf), data.times[:, :-1]], axis=1)
    with np.errstate(invalid="ignore"):
        early = data.inside & (data.times < before)
    for bad, code, message in (
        (data.inside & ~np.isfinite(data.times), "estimation.not-finite", "a time is not a finite number"),
        (early, "estimation.unsorted", "a time is before the one above it"),
        (
            (np.isinf(data.y) & data.inside[..., None]).any(axis=-1),
            "estimation.not-finite",
            "a value is infinite",
        ),
    ):
        if bad.any():
            row, step = np.argwhere(bad)[0]
            place = f"row {step}" if data.single else f"patient {row}, row {step}"
            hint = "Sort each patient's rows by time" if code.endswith("unsorted") else ""
            raise InputError(code, message, place=place, hint=hint)


@dataclass(frozen=True)
class Flat:
    """Observations end to end, and where they belong.

    Attributes
    ----------
    columns : dict of str to ndarray
        The core's arguments obs_*.
    index : ndarray of int64, shape (n_obs,)
        Which element of y, in C order, an observation is; -1: it only stops the filter at its row.
    last : ndarray of int64, shape (N, T)
        The last observation of each row; -1 beyond a patient's end.
    """

    columns: Columns
    index: NDArray[np.int64]
    last: NDArray[np.int64]


def flatten(data: Data, noise: tuple[Noise, ...], forecast: bool) -> Flat:
    """Observed elements row by row; with `forecast` those that are missing too.

    A row without any is a missing observation of the first output with an error of size 1: the filter stops
    there, and nothing else happens.
    """
    n, rows, m = data.y.shape
    kept = np.broadcast_to(data.inside[..., None], data.y.shape).copy() if forecast else data.seen.copy()
    idle = data.inside & ~kept.any(axis=-1)
    kept[..., 0] |= idle
    where = np.flatnonzero(kept)
    patient, row, column = np.unravel_index(where, data.y.shape)
    only_stop = idle[patient, row]
    a, b = (np.stack([_spread(getattr(e, k), (n, rows)) for e in noise], axis=-1).ravel() for k in "ab")
    codes = np.array([e.code for e in noise], dtype=np.int8)
    values = data.y.ravel()[where]
    columns: Columns = {
        "obs_time": data.times[patient, row],
        "obs_output": data.columns[column],
        "obs_value": np.where(only_stop, np.nan, values),
        "obs_noise": np.where(only_stop, np.int8(0), codes[column]),
        "obs_a": np.where(only_stop, 1.0, a[where]),
        "obs_b": np.where(only_stop, 0.0, b[where]),
        "obs_censor": data.censor.ravel()[where],
        "obs_offsets": offsets(kept.sum(axis=(1, 2))),
    }
    count = np.cumsum(kept.sum(axis=-1).ravel()).reshape(n, rows)
    last = np.where(data.inside, count - 1, -1)
    return Flat(columns, np.where(only_stop, -1, where), last)


def _spread(value: Any, shape: tuple[int, int]) -> Array:
    try:
        return np.broadcast_to(np.asarray(value, dtype=float), shape)
    except ValueError:
        message = f"the size of an error has shape {np.shape(value)}, which does not fit {shape}"
        raise InputError("estimation.bad-noise", message, place="noise") from None


def check_values(data: Data, noise: tuple[Noise, ...]) -> None:
    """Values that have no logarithm where the error is that of ln y, or that are no counts.

    Raises
    ------
    InputError
        ``estimation.no-logarithm``, ``estimation.no-count``.
    """
    y = np.where(data.seen, data.y, 1.0)
    logs, counts = np.array([e.log for e in noise]), np.array([e.count for e in noise])
    if (bad := counts & ((y < 0) | (y != np.round(y)))).any():
        row, step, j = np.argwhere(bad)[0]
        place = f"row {step}" if data.single else f"patient {row}, row {step}"
        message = f"{data.outputs[j]} is no count"
        raise InputError("estimation.no-count", message, place=place, hint="0, 1, 2, ...")
    if (bad := logs & ~(y > 0)).any():
        row, step, j = np.argwhere(bad)[0]
        place = f"row {step}" if data.single else f"patient {row}, row {step}"
        message = f"{data.outputs[j]} is not positive where its error is that of a logarithm"
        hint = "A value below the limit of quantification is that limit with censor -1"
        raise InputError("estimation.no-logarithm", message, place=place, hint=hint)
