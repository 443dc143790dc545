"""What a Plan does of itself: when an output crosses a threshold, at an instant, and over and over."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin import _core
from pytwin.errors import InputError
from pytwin.model.actions import Row
from pytwin.model.duration import convert, hours, spell

# An action of a trigger without its time: kind, index, value.
Act = tuple[int, int, float]


@dataclass(frozen=True, slots=True)
class Jump:
    """An event of the model, by name, at an hour, with a value."""

    event: str
    value: float = 0.0
    at: float = 0.0

    def row(self, model: Any) -> Row:
        """As an action, in hours."""
        return self.at, _core.ACTION_EVENT, _find(self.event, model.events, "event"), self.value

    def __str__(self) -> str:
        return f"{self.event} {self.value:g} at {spell(self.at)}"


@dataclass(frozen=True, slots=True)
class When:
    """What happens when an output crosses a threshold; see :meth:`Plan.when`. Times in hours."""

    output: str
    threshold: float
    direction: int
    what: tuple[tuple[str, str, float], ...]
    delay: float = 0.0
    priority: int = 0
    once: bool = False
    rest: float = 0.0

    def rows(self, model: Any) -> NDArray[Any]:
        """Rows of _core.TRIGGER_DTYPE in the model's unit of time, one for each thing that happens."""
        table = np.zeros(len(self.what), dtype=_core.TRIGGER_DTYPE)
        table["output"] = _find(self.output, model.outputs, "output")
        table["threshold"], table["direction"] = self.threshold, self.direction
        table["priority"], table["once"] = self.priority, self.once
        table["delay"] = convert(self.delay, "h", model.time_unit)
        table["refractory"] = convert(self.rest, "h", model.time_unit)
        for row, (kind, name, value) in zip(table, self.what, strict=True):
            row["kind"], row["index"], row["value"] = _act(kind, name, value, model)
        return table

    @property
    def label(self) -> str:
        """In words: ``"INR above 4"``."""
        return f"{self.output} {_WAYS[self.direction]} {self.threshold:g}"

    def __str__(self) -> str:
        return f"when {self.label}: " + ", ".join(f"{k} {n} {v:g}".strip() for k, n, v in self.what)


_WAYS = {1: "above", -1: "below", 0: "across"}


def when(
    output: str,
    *,
    above: float | None,
    below: float | None,
    across: float | None,
    what: Sequence[tuple[str, str, float]],
    delay: str | float,
    priority: int,
    once: bool,
    rest: str | float,
) -> When:
    """A checked When.

    Raises
    ------
    InputError
        ``plan.bad-trigger`` unless there is one threshold and something to do; ``plan.bad-duration``.
    """
    given = [(d, v) for d, v in ((1, above), (-1, below), (0, across)) if v is not None]
    if len(given) != 1 or not math.isfinite(given[0][1]):
        raise InputError("plan.bad-trigger", "one of above, below, across is needed", place=output)
    if not what:
        hint = "set, scale, event, bolus, infuse, cease, reset or stop"
        raise InputError("plan.bad-trigger", "nothing is to happen", place=output, hint=hint)
    if not all(math.isfinite(value) for _, _, value in what):
        raise InputError("plan.bad-value", "a value must be a finite number", place=output)
    wait, pause = hours(delay, place="delay"), hours(rest, place="rest")
    return When(output, float(given[0][1]), given[0][0], tuple(what), wait, priority, once, pause)


def pairs(
    kind: str, given: Mapping[str, float] | str | tuple[str, float] | None
) -> list[tuple[str, str, float]]:
    """(kind, name, value) of what an argument of Plan.when names."""
    if given is None:
        return []
    if isinstance(given, str):
        return [(kind, given, 0.0)]
    if isinstance(given, Mapping):
        return [(kind, name, float(value)) for name, value in given.items()]
    return [(kind, given[0], float(given[1]))]


_KINDS = {
    "set": _core.ACTION_PARAM,
    "scale": _core.ACTION_SCALE,
    "event": _core.ACTION_EVENT,
    "bolus": _core.ACTION_BOLUS,
    "infuse": _core.ACTION_INFUSION_ON,
    "cease": _core.ACTION_INFUSION_OFF,
    "reset": _core.ACTION_RESET,
    "stop": _core.ACTION_STOP,
}


def _act(kind: str, name: str, value: float, model: Any) -> Act:
    if kind in ("reset", "stop"):
        return _KINDS[kind], 0, 0.0
    if kind == "event":
        return _KINDS[kind], _find(name, model.events, "event"), value
    if kind in ("set", "scale"):
        return _KINDS[kind], _find(name, model.params, "parameter"), value
    rate = 1.0 if kind == "bolus" else 1 / float(convert(1.0, "h", model.time_unit))
    return _KINDS[kind], _port(name, model), value * rate


def _port(name: str, model: Any) -> int:
    """A dose port by ``"drug"`` or ``"drug route"``."""
    fits = [i for i, p in enumerate(model.doses) if name in (p["drug"], f"{p['drug']} {p['route']}")]
    if len(fits) == 1:
        return fits[0]
    known = ", ".join(f"{p['drug']} {p['route']}" for p in model.doses)
    why = "more than one port" if fits else "no port"
    message = f"the model has {why} of this name"
    raise InputError("plan.no-dose-port", message, place=name, hint=f"It has: {known}")


def _find(name: str, fields: Sequence[Mapping[str, Any]], what: str) -> int:
    names = [f["name"] for f in fields]
    if name in names:
        return names.index(name)
    hint = f"It has: {', '.join(names)}" if names else "It has none"
    raise InputError(f"plan.no-{what}", f"the model has no such {what}", place=name, hint=hint)


@dataclass(frozen=True, slots=True)
class Profile:
    """A parameter that runs through the same values in every period.

    ``values[i]`` holds from ``times[i]`` on, or with ``linear`` is reached then along a straight line; from
    the last one the line leads to the first of the next period. Times in hours.
    """

    param: str
    times: tuple[float, ...]
    values: tuple[float, ...]
    period: float
    start: float = 0.0
    until: float = math.inf
    linear: bool = False

    def rows(self, model: Any, end: float) -> list[Row]:
        """Actions before ``end``, in hours; slopes in the model's unit of time."""
        index = _find(self.param, model.params, "parameter")
        stop, unit = min(end, self.until), float(convert(1.0, "h", model.time_unit))
        rows: list[Row] = []
        for cycle in range(max(0, math.ceil((stop - self.start) / self.period))):
            begin = self.start + cycle * self.period
            for i, (time, value) in enumerate(zip(self.times, self.values, strict=True)):
                if begin + time >= stop:
                    break
                rows.append((begin + time, _core.ACTION_PARAM, index, value))
                if self.linear:
                    rows.append((begin + time, _core.ACTION_SLOPE, index, self._slope(i) / unit))
        if self.linear and rows and math.isfinite(self.until) and self.until < end:
            rows.append((self.until, _core.ACTION_SLOPE, index, 0.0))
        return rows

    def _slope(self, i: int) -> float:
        last = i + 1 == len(self.times)
        later = self.period + self.times[0] if last else self.times[i + 1]
        return (self.values[0 if last else i + 1] - self.values[i]) / (later - self.times[i])

    def __str__(self) -> str:
        return f"{self.param} in periods of {spell(self.period)} from {spell(self.start)}"


def profile(
    param: str,
    times: ArrayLike,
    values: ArrayLike,
    *,
    every: str | float,
    start: str | float,
    until: str | float | None,
    linear: bool,
) -> Profile:
    """A checked Profile.

    Raises
    ------
    InputError
        ``plan.bad-profile`` names what does not fit: lengths, order, times outside the period, values.
    """
    at, to = np.asarray(times, dtype=np.float64), np.asarray(values, dtype=np.float64)
    period = hours(every, place="every")
    for bad, why in (
        (at.ndim != 1 or at.shape != to.shape or not at.size, "times and values have different lengths"),
        (not (np.isfinite(at).all() and np.isfinite(to).all()), "times and values must be finite"),
        (at.ndim == 1 and (np.diff(at) <= 0).any(), "times must ascend"),
        (not period > 0, "the period must be longer than 0"),
        (at.size and (at.min() < 0 or at.max() >= period), "times must lie within the period"),
    ):
        if bad:
            raise InputError("plan.bad-profile", why, place=param)
    end = math.inf if until is None else hours(until, place="until")
    return Profile(
        param, tuple(at.tolist()), tuple(to.tolist()), period, hours(start, place="start"), end, linear
    )
