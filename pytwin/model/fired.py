"""What fired in a simulation: when, in which lane, which trigger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytwin.model.schedule import Schedule

Array = NDArray[np.float64]


class Firing(NamedTuple):
    """One crossing that was found: its time, the name of the trigger, and the entry on each leading axis."""

    time: float
    trigger: str
    at: dict[str, int]


@dataclass(frozen=True, slots=True)
class Events:
    """The crossings that set something off, lane by lane in order of time.

    Attributes
    ----------
    time : ndarray, shape (n,)
        In the Result's unit of time.
    trigger : ndarray of str, shape (n,)
        ``"INR above 4"``, or the event that a trigger of the model's own calls.
    at : dict of str to ndarray, shape (n,)
        Index on each leading axis of the Result.
    total : ndarray of int64, shape (...)
        How often the triggers of each lane fired, with those beyond the ones that were kept.
    """

    time: Array
    trigger: NDArray[np.str_]
    at: Mapping[str, NDArray[np.int64]]
    total: NDArray[np.int64]

    def __len__(self) -> int:
        return self.time.size

    def __iter__(self) -> Iterator[Firing]:
        for i, (time, name) in enumerate(zip(self.time, self.trigger, strict=True)):
            yield Firing(float(time), str(name), {axis: int(index[i]) for axis, index in self.at.items()})

    def __getitem__(self, trigger: str) -> Array:
        """Times at which a trigger fired, over all lanes."""
        return np.asarray(self.time[self.trigger == trigger])

    def __repr__(self) -> str:
        names, counts = np.unique(self.trigger, return_counts=True)
        return "Events(" + ", ".join(f"{n}: {c}" for n, c in zip(names, counts, strict=True)) + ")"


def none(shape: tuple[int, ...]) -> Events:
    """No triggers, hence no events."""
    return Events(np.zeros(0), np.zeros(0, dtype=str), {}, np.zeros(shape, dtype=np.int64))


def events(
    model: Any,
    raw: Mapping[str, Any],
    schedules: tuple[Schedule, ...],
    schedule: NDArray[np.int64],
    axes: Mapping[str, tuple[Any, ...]],
    time: Array | None,
) -> Events:
    """Events of a call of the core.

    Parameters
    ----------
    raw : mapping
        What ``_core.Model.simulate`` returned.
    schedule : ndarray of int64, shape (L,)
        Which of ``schedules`` each lane followed.
    time : ndarray, shape (L, K), or None
        ``raw["fired_time"]`` in the Result's unit.
    """
    shape = tuple(len(labels) for labels in axes.values())
    if time is None:
        return none(shape)
    which = raw["fired_trigger"]
    own = [model.events[t["event"]]["name"] for t in model.core.triggers]
    names = np.full((len(schedules), len(own) + max(len(s.triggers) for s in schedules)), "", dtype=object)
    for i, given in enumerate(schedules):
        named = given.names or tuple(f"trigger {k}" for k in range(len(given.triggers)))
        names[i, : len(own) + len(named)] = [*own, *named]
    lane, slot = np.nonzero(which >= 0)
    label = names[schedule[lane], which[lane, slot]]
    shown = label != ""
    lane, slot = lane[shown], slot[shown]
    index = np.unravel_index(lane, shape) if shape else ()
    return Events(
        time[lane, slot],
        label[shown].astype(str),
        {axis: np.asarray(i, dtype=np.int64) for axis, i in zip(axes, index, strict=True)},
        raw["n_fired"].reshape(shape),
    )
