"""Twin: prior, assimilate, simulate."""

from __future__ import annotations

from pytwin.twin.conflict import Conflict
from pytwin.twin.dose import DoseEstimate
from pytwin.twin.forecast import Forecast
from pytwin.twin.next import Candidate, NextObservation
from pytwin.twin.prior import Components
from pytwin.twin.simulation import Draws, Simulation
from pytwin.twin.summary import Summary
from pytwin.twin.trace import TracePoint
from pytwin.twin.trust import Trust
from pytwin.twin.twin import Twin

__all__ = [
    "Candidate",
    "Components",
    "Conflict",
    "DoseEstimate",
    "Draws",
    "Forecast",
    "NextObservation",
    "Simulation",
    "Summary",
    "TracePoint",
    "Trust",
    "Twin",
]
