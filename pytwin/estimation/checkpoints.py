"""Check-points of an online filter: which are kept, and from which one a run goes on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pytwin import _core
from pytwin.model.schedule import Schedule

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Checkpoints:
    """States of the core after some of the rows.

    A state is after all rows of an instant that were known; another row of that instant makes it void,
    because methods may treat the observations of an instant together.

    Attributes
    ----------
    every : int
        Rows between those that are kept, besides the two latest.
    counts : tuple of int
        Rows before each.
    states : tuple of ndarray
    """

    every: int
    counts: tuple[int, ...] = ()
    states: tuple[Array, ...] = ()

    @property
    def count(self) -> int:
        """Rows before the latest check-point; 0 where there is none."""
        return self.counts[-1] if self.counts else 0

    @property
    def state(self) -> Array | None:
        """The latest state; None: the prior."""
        return self.states[-1] if self.states else None

    def before(self, times: Array, first: int) -> Checkpoints:
        """Those that hold where rows from `first` on have changed: behind rows at earlier instants."""
        kept = sum(k <= first and (k == len(times) or times[k - 1] < times[k]) for k in self.counts)
        return replace(self, counts=self.counts[:kept], states=self.states[:kept])

    def last(self, count: int) -> Array | None:
        """The state behind all `count` rows."""
        assert self.count == count
        return self.state

    def stop(self, times: Array, begin: int) -> int:
        """Where the next check-point comes: `every` rows on, at the end of an instant."""
        stop = min(begin + self.every, len(times))
        while stop < len(times) and times[stop] == times[stop - 1]:
            stop += 1
        return stop

    def added(self, count: int, state: Array) -> Checkpoints:
        """With another one; of the older ones those stay that are `every` rows apart."""
        counts, states = [*self.counts, count], [*self.states, state]
        if len(counts) > 2:
            before = counts[-4] if len(counts) > 3 else 0
            if counts[-3] - before < self.every:
                del counts[-3], states[-3]
        return replace(self, counts=tuple(counts), states=tuple(states))


def first_difference(a: Schedule, b: Schedule) -> float:
    """The earliest time at which two schedules do different things; infinite where there is none."""
    left, right = _expanded(a), _expanded(b)
    for one, other in zip(left, right, strict=False):
        if one != other:
            return min(one[0], other[0])
    longer = left if len(left) > len(right) else right
    shorter = min(len(left), len(right))
    return longer[shorter][0] if len(longer) > shorter else float("inf")


def _expanded(schedule: Schedule) -> list[tuple[float, ...]]:
    """Every action by itself, additional doses too, in order of time."""
    found: list[tuple[float, ...]] = []
    for time, kind, index, value in schedule.actions.tolist():
        if kind != _core.ACTION_DOSE:
            found.append((time, kind, index, value))
            continue
        dose = schedule.doses[index]
        head = tuple(float(dose[name]) for name in ("port", "steady", "amount", "rate"))
        repeats = int(dose["additional"]) + 1
        interval = float(dose["interval"]) if dose["steady"] or repeats > 1 else 0.0
        found += [(time + k * float(dose["interval"]), kind, *head, interval) for k in range(repeats)]
    return sorted(found)
