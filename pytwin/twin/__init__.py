"""Twin: prior, assimilate, simulate."""

from __future__ import annotations

from pytwin.twin.conflict import Conflict
from pytwin.twin.dose import DoseEstimate
from pytwin.twin.forecast import Forecast
from pytwin.twin.prior import Components
from pytwin.twin.simulation import Draws, Simulation
from pytwin.twin.summary import Summary
from pytwin.twin.trace import TracePoint
from pytwin.twin.twin import Twin

__all__ = [
    "Components",
    "Conflict",
    "DoseEstimate",
    "Draws",
    "Forecast",
    "Simulation",
    "Summary",
    "TracePoint",
    "Twin",
]
