"""Result: what a simulation returns, with names and units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin import _core
from pytwin.errors import ComputationError, InputError, MissingExtraError

Array = NDArray[np.float64]
_STATUS = dict(_core.STATUS.values())


@dataclass(frozen=True, slots=True, repr=False)
class Result:
    """Trajectories of a Model.

    The leading axes ``...`` are those of what was simulated: none for one subject under one plan, ``(B,)``
    for a batch, ``(P,)`` or ``(P, B)`` for a list of plans.

    Attributes
    ----------
    times : ndarray, shape (T,)
        Hours from the start.
    y : ndarray, shape (..., T, m)
        Outputs; a value at the instant of a dose is the one before it. NaN from the stop of a lane that
        failed.
    names, units : tuple of str, length m
        Of the outputs.
    x_end : ndarray, shape (..., n_state)
        States at the last time.
    status : ndarray of int32, shape (...)
        0, or a code of ``_core.STATUS``.
    stop : ndarray, shape (...)
        The hour that was reached.
    dims : tuple of str
        What the leading axes are: "plan", "subject".
    """

    times: Array
    y: Array
    names: tuple[str, ...]
    units: tuple[str, ...]
    x_end: Array
    states: tuple[str, ...]
    status: NDArray[np.int32]
    stop: Array
    model: str
    dims: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Array:
        """One output by name, shape (..., T)."""
        if name not in self.names:
            message = f"no such output; there is {', '.join(self.names)}"
            raise InputError("model.unknown-output", message, place=name)
        return np.asarray(self.y[..., self.names.index(name)])

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    @property
    def outputs(self) -> dict[str, Array]:
        """All outputs by name."""
        return {name: self[name] for name in self.names}

    def raise_for_status(self) -> None:
        """Raise ``ComputationError`` for the first lane that failed."""
        failed = np.flatnonzero(self.status)
        if failed.size == 0:
            return
        code, hour = int(self.status.flat[failed[0]]), float(self.stop.flat[failed[0]])
        name = next(n for n, (c, _) in _core.STATUS.items() if c == code)
        where = f"lane {failed[0]} at {hour:g} h" + (
            f", {failed.size} lanes in all" if failed.size > 1 else ""
        )
        raise ComputationError(f"core.{name.lower().replace('_', '-')}", _STATUS[code], place=where)

    def to_xarray(self) -> Any:
        """The outputs as an ``xarray.Dataset`` with the dimensions ``plan``, ``subject`` and ``time``.

        Raises
        ------
        MissingExtraError
            xarray is not installed: ``pip install pytwin-health[xarray]``.
        """
        try:
            import xarray  # type: ignore[import-not-found,unused-ignore]
        except ImportError as error:
            hint = "pip install pytwin-health[xarray]"
            raise MissingExtraError("extra.xarray", "xarray is not installed", hint=hint) from error
        units = dict(zip(self.names, self.units, strict=True))
        data = {n: ((*self.dims, "time"), self[n], {"units": units[n]}) for n in self.names}
        return xarray.Dataset(
            data, coords={"time": ("time", self.times, {"units": "h"})}, attrs={"model": self.model}
        )

    def __repr__(self) -> str:
        lanes = "x".join(map(str, self.status.shape)) or "1"
        outputs = ", ".join(f"{n} [{u}]" for n, u in zip(self.names, self.units, strict=True))
        return f"Result({self.model}: {lanes} lanes, {self.times.size} times, {outputs})"

    def _repr_html_(self) -> str:
        head = "".join(
            f"<th>{escape(n)} [{escape(u)}]</th>" for n, u in zip(self.names, self.units, strict=True)
        )
        flat = self.y.reshape(-1, *self.y.shape[-2:])
        rows = ""
        for k in np.unique(np.linspace(0, self.times.size - 1, min(self.times.size, 12)).astype(int)):
            cells = "".join(f"<td>{_cell(flat[:, k, i])}</td>" for i in range(len(self.names)))
            rows += f"<tr><td>{self.times[k]:g}</td>{cells}</tr>"
        return f"<p>{escape(repr(self))}</p><table><tr><th>h</th>{head}</tr>{rows}</table>"


def _cell(values: Array) -> str:
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return "no value"
    if finite.size == 1:
        return f"{finite[0]:.4g}"
    low, middle, high = np.quantile(finite, [0.05, 0.5, 0.95])
    return f"{middle:.4g} ({low:.4g} to {high:.4g})"
