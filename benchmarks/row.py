"""One benchmark row, and how it is measured."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

RUNS = 5


@dataclass(frozen=True)
class Row:
    """``ratio`` is how many times better than the peer; ``met`` is judged on the measured value, and never
    where the two did not give the same numbers (``agrees``).
    """

    name: str
    value: float
    unit: str
    goal: float | None = None
    peer: str | None = None
    peer_value: float | None = None
    ratio_goal: float | None = None
    note: str = ""
    agrees: bool = True

    @property
    def ratio(self) -> float | None:
        return None if self.peer_value is None else self.peer_value / self.value

    @property
    def met(self) -> bool:
        if not self.agrees or (self.peer is not None and self.peer_value is None):
            return False
        within = self.goal is None or self.value <= self.goal
        ahead = self.ratio_goal is None or (self.ratio is not None and self.ratio >= self.ratio_goal)
        return within and ahead

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "peer": self.peer,
            "peer_value": self.peer_value,
            "ratio": self.ratio,
            "goal": self.goal if self.goal is not None else self.ratio_goal,
            "met": self.met,
            "note": self.note,
        }


def median_seconds(work: Callable[[], object], runs: int = RUNS) -> float:
    """Median wall time of ``work`` over ``runs`` runs after one that is thrown away."""
    work()
    times = []
    for _ in range(max(runs, RUNS)):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def once_seconds(work: Callable[[], object]) -> float:
    """Wall time of one run: for slow peers, which run a sample and long enough to be steady."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin
