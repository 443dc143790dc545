"""Result: what a simulation returns, with names and units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pytwin import _core
from pytwin.errors import ComputationError, InputError, MissingExtraError
from pytwin.model.fired import Events, none
from pytwin.model.schedule import Schedule

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]
_STATUS = {code: (name, text) for name, (code, text) in _core.STATUS.items()}
_HINTS = {
    "EVENT_LIMIT": "Give the trigger a rest, or a threshold that its own action does not cross again",
    "UNSUPPORTED": "See Model.simulate: which methods go with noise, sensitivities and algebraic states",
    "STEP_LIMIT": 'Raise max_steps, or try method="rodas" where the model may be stiff',
    "STEP_TOO_SMALL": 'Loosen rtol and atol, or try method="rodas"; the solution may have no bound there',
    "NOT_FINITE": 'Look at the parameters and doses of this lane; errors="status" keeps the others',
}


def status_text(status: int) -> tuple[str, str]:
    """Code and message of a lane's status."""
    name, reason = _STATUS[status]
    return f"core.{name.lower().replace('_', '-')}", reason


@dataclass(frozen=True, slots=True)
class Column:
    """An output or a state of a Result: name, unit, what it is, and its index for the core."""

    name: str
    unit: str
    doc: str
    index: int


@dataclass(frozen=True, slots=True, repr=False)
class Result:
    """Trajectories of a Model.

    The leading axes ``...`` are those of what was simulated: none for one subject under one plan, ``(B,)``
    for a batch, ``(P,)`` or ``(P, B)`` for a list of plans.

    Attributes
    ----------
    times : ndarray, shape (T,)
        In ``time_unit``.
    y : ndarray, shape (..., T, m)
        Outputs; a value at the instant of a dose is the one before it. NaN from the stop of a lane that
        failed.
    x : ndarray, shape (..., T, n)
        The states that were asked for.
    columns : tuple of Column, length m + n
        Name, unit and meaning of the outputs, then of those states.
    x_end : ndarray, shape (..., n_state)
        All states at the last time, in the order of ``Model.states``.
    status : ndarray of int32, shape (...)
        0, or a code of ``_core.STATUS``.
    stop : ndarray, shape (...)
        The time that was reached, in ``time_unit``.
    model : str
        Name of the model.
    time_unit : str
        Unit of the times.
    axes : dict of str to tuple
        The leading axes ("plan", "subject") with the label of each entry.
    schedules : tuple of Schedule
        What was given: to all, or by plan; in the model's unit of time.
    events : Events
        What the triggers of the plans and of the model set off, and when.
    directions : tuple of str, length k
        Parameters and initial states (``x0.NAME``) to which sensitivities were asked for.
    dy, dx : ndarray, shape (..., T, m, k) and (..., T, n, k), or None
        Derivatives of ``y`` and ``x`` to them, in the unit of the one by the unit of the other.
    dx_end : ndarray, shape (..., n_state, k), or None
        Derivatives of ``x_end``.
    """

    times: Array
    y: Array
    x: Array
    columns: tuple[Column, ...]
    x_end: Array
    status: NDArray[np.int32]
    stop: Array
    model: str
    time_unit: str
    axes: Mapping[str, tuple[Any, ...]]
    schedules: tuple[Schedule, ...] = ()
    events: Events = field(default_factory=lambda: none(()))
    directions: tuple[str, ...] = ()
    dy: Array | None = None
    dx: Array | None = None
    dx_end: Array | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the outputs."""
        return tuple(c.name for c in self.columns[: self.y.shape[-1]])

    @property
    def units(self) -> tuple[str, ...]:
        """Units of the outputs."""
        return tuple(c.unit for c in self.columns[: self.y.shape[-1]])

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the states in ``x``."""
        return tuple(c.name for c in self.columns[self.y.shape[-1] :])

    @property
    def dims(self) -> tuple[str, ...]:
        """What the leading axes are."""
        return tuple(self.axes)

    def __getitem__(self, name: str) -> Array:
        """One output, or state that was asked for, by name, shape (..., T)."""
        if name in self.names:
            return np.asarray(self.y[..., self.names.index(name)])
        if name in self.states:
            return np.asarray(self.x[..., self.states.index(name)])
        raise self._unknown(name)

    def _unknown(self, name: str) -> InputError:
        hint = "Ask for a state with states=True" if not self.states else ""
        message = f"no such output; there is {', '.join((*self.names, *self.states))}"
        return InputError("model.unknown-output", message, place=name, hint=hint)

    def sensitivity(self, name: str, to: str) -> Array:
        """Derivative of an output or state to a parameter or initial state, shape (..., T).

        Raises
        ------
        InputError
            ``model.unknown-output``; ``model.no-sensitivity`` where it was not asked for.
        """
        if to not in self.directions or self.dy is None or self.dx is None:
            there = ", ".join(self.directions) or "none"
            hint = f"simulate(..., sensitivities=[{to!r}]) computes it"
            raise InputError("model.no-sensitivity", f"sensitivities: {there}", place=to, hint=hint)
        k = self.directions.index(to)
        if name in self.names:
            return np.asarray(self.dy[..., self.names.index(name), k])
        if name in self.states:
            return np.asarray(self.dx[..., self.states.index(name), k])
        raise self._unknown(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    @property
    def outputs(self) -> dict[str, Array]:
        """All outputs by name."""
        return {name: self[name] for name in self.names}

    def failures(self) -> list[dict[str, Any]]:
        """The lanes that failed: dicts with the labels of the axes, ``time``, ``code`` and ``reason``."""
        found = []
        for at in np.argwhere(self.status):
            code, reason = status_text(int(self.status[tuple(at)]))
            labels = {axis: self.axes[axis][i] for axis, i in zip(self.axes, at, strict=True)}
            found.append({**labels, "time": float(self.stop[tuple(at)]), "code": code, "reason": reason})
        return found

    def raise_for_status(self) -> None:
        """Raise ``ComputationError`` for the first lane that failed: which, when, why, what to do."""
        if not self.status.any():
            return
        failed = self.failures()
        first = failed[0]
        where = [f"{axis} {first[axis]}" for axis in self.axes]
        unit = "" if self.time_unit == "1" else f" {self.time_unit}"
        place = ", ".join([*where, f"time {first['time']:g}{unit}"])
        if len(failed) > 1:
            place += f"; {len(failed)} lanes of {self.status.size} in all"
        name = first["code"].removeprefix("core.").replace("-", "_").upper()
        raise ComputationError(first["code"], first["reason"], place=place, hint=_HINTS.get(name, ""))

    def plot(
        self,
        outputs: Sequence[str] | str | None = None,
        bands: Sequence[float] = (0.5, 0.9),
        ax: Axes | None = None,
    ) -> Figure:
        """Trajectories: a line, or the median with bands over subjects; a panel an output, doses beneath.

        Parameters
        ----------
        outputs : sequence of str, str or None
            Names of outputs, or of states that were asked for; None: all outputs.
        bands : sequence of float
            Shares of the lanes within each band, such as 0.9 for 5 to 95 %. Fewer than 8 lanes are drawn
            one by one.
        ax : matplotlib Axes, optional
            Draw one output into it.

        Returns
        -------
        matplotlib Figure
            A notebook shows it; ``figure.savefig(path)`` writes it.
        """
        from pytwin.report import trajectories

        return trajectories.of_result(self, outputs, bands, ax)

    def to_xarray(self) -> Any:
        """The outputs and states as an ``xarray.Dataset`` over the leading axes and ``time``, with units.

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
        series = np.concatenate([self.y, self.x], axis=-1)
        dims = tuple(self.axes)
        data: dict[str, Any] = {}
        for i, c in enumerate(self.columns):
            name = f"state_{c.name}" if c.name in data else c.name
            data[name] = ((*dims, "time"), series[..., i], {"units": c.unit, "long_name": c.doc})
        data["status"] = (dims, self.status, {"long_name": "0, or why the lane failed"})
        data["stop"] = (dims, self.stop, {"units": self.time_unit, "long_name": "time reached"})
        coords: dict[str, Any] = {axis: list(labels) for axis, labels in self.axes.items()}
        if self.dy is not None and self.dx is not None:
            coords["direction"] = list(self.directions)
            derivatives = np.concatenate([self.dy, self.dx], axis=-2)
            for i, name in enumerate(list(data)[: len(self.columns)]):
                data[f"d_{name}"] = ((*dims, "time", "direction"), derivatives[..., i, :])
        coords["time"] = ("time", self.times, {"units": self.time_unit})
        return xarray.Dataset(data, coords=coords, attrs={"model": self.model})

    def __repr__(self) -> str:
        lanes = "x".join(map(str, self.status.shape)) or "1"
        outputs = ", ".join(f"{n} [{u}]" for n, u in zip(self.names, self.units, strict=True))
        failed = f", {np.count_nonzero(self.status)} failed" if self.status.any() else ""
        span = f"{self.times.size} times in {self.time_unit}"
        return f"Result({self.model}: {lanes} lanes{failed}, {span}, {outputs})"

    def _repr_html_(self) -> str:
        head = "".join(
            f"<th>{escape(n)} [{escape(u)}]</th>" for n, u in zip(self.names, self.units, strict=True)
        )
        flat = self.y.reshape(-1, *self.y.shape[-2:])
        rows = ""
        for k in np.unique(np.linspace(0, self.times.size - 1, min(self.times.size, 12)).astype(int)):
            cells = "".join(f"<td>{_cell(flat[:, k, i])}</td>" for i in range(len(self.names)))
            rows += f"<tr><td>{self.times[k]:g}</td>{cells}</tr>"
        title = f"<th>{escape(self.time_unit)}</th>"
        return f"<p>{escape(repr(self))}</p><table><tr>{title}{head}</tr>{rows}</table>"


def _cell(values: Array) -> str:
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return "no value"
    if finite.size == 1:
        return f"{finite[0]:.4g}"
    low, middle, high = np.quantile(finite, [0.05, 0.5, 0.95])
    return f"{middle:.4g} ({low:.4g} to {high:.4g})"
