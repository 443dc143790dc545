"""Parameters or states of many subjects as rows of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin.errors import InputError

Array = NDArray[np.float64]
# Rows, or values by name (the others keep those of the model's sheet).
Values = ArrayLike | Mapping[str, ArrayLike] | None


def read_rows(values: Values, fields: tuple[dict[str, Any], ...], of: str) -> Array:
    """See ``Model.rows``; ``of`` names what the fields are, for errors.

    Raises
    ------
    InputError
        ``model.bad-shape``, ``model.unknown-name``, ``model.not-a-number``.
    """
    if values is None or isinstance(values, Mapping):
        return _by_name(values or {}, fields, of)
    try:
        rows = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        message = "neither rows of numbers nor values by name"
        raise InputError("model.not-a-number", message, place=of) from error
    if rows.ndim not in (1, 2) or rows.shape[-1] != len(fields):
        expected = f"expected ({len(fields)},) or (batch, {len(fields)})"
        raise InputError("model.bad-shape", f"{of} has shape {rows.shape}, {expected}", place=of)
    return rows


def _by_name(values: Mapping[str, ArrayLike], fields: tuple[dict[str, Any], ...], of: str) -> Array:
    names = [f["name"] for f in fields]
    for name in values:
        if name not in names:
            hint = f"There is {', '.join(names)}"
            raise InputError("model.unknown-name", f"no such name among the {of}", place=str(name), hint=hint)
    columns = [_column(values.get(f["name"], f["value"]), f["name"], of) for f in fields]
    try:
        return np.stack(np.broadcast_arrays(*columns), axis=-1)
    except ValueError as error:
        sizes = ", ".join(f"{n} {np.shape(v)}" for n, v in values.items() if np.ndim(v))
        message = f"the values of the {of} have different lengths: {sizes}"
        raise InputError("model.bad-shape", message, place=of) from error


def _column(value: ArrayLike, name: str, of: str) -> Array:
    """A number, or a value for each row."""
    try:
        found = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        message = f"{name} is no number"
        raise InputError("model.not-a-number", message, place=f"{of}, {name}") from error
    if found.ndim > 1:
        message = f"{name} has shape {found.shape}, expected a number or (batch,)"
        raise InputError("model.bad-shape", message, place=f"{of}, {name}")
    return found
