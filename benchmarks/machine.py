"""How fast this machine's arithmetic is, and what that makes of a time that was asked for."""

from __future__ import annotations

from functools import cache

import numpy as np
from peers import arithmetic

FULL_PEAK = 70.0  # GFlop/s of fused multiply-adds that goals in nanoseconds are asked of


@cache
def peak() -> float:
    """GFlop/s of fused multiply-adds on one core; nan where it cannot be measured."""
    return arithmetic.peak() if arithmetic.available() else float("nan")


def scaled(goal: float) -> float:
    """A time that was asked for, on this machine."""
    return goal * max(1.0, FULL_PEAK / peak()) if np.isfinite(peak()) else goal
