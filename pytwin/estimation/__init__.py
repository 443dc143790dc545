"""States and parameters of any Model from what was observed."""

from __future__ import annotations

from pytwin.estimation.importance import Sample, importance
from pytwin.estimation.shape import Shape
from pytwin.estimation.weighted import Static, shape, static

__all__ = ["Sample", "Shape", "Static", "importance", "shape", "static"]
