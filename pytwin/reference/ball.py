"""A ball that bounces, bounce by bounce in closed form: csrc/organs/bouncing_ball.h."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def bounce(state: Array, times: Array, g: float = 9.81, e: float = 0.9, least: float = 1e-9) -> Array:
    """Heights and speeds (T, n, 2) at ascending ``times`` after ``state`` (n, 2).

    From height h and speed v the floor is reached after (v + sqrt(v^2 + 2 g h)) / g, with the speed
    -sqrt(v^2 + 2 g h), of which e is given back. A ball slower than ``least`` stays there.
    """
    out = np.empty((len(times), len(state), 2))
    for i, (height, speed) in enumerate(np.asarray(state, dtype=float)):
        now, h, v = 0.0, float(height), float(speed)
        for k, target in enumerate(times):
            fall = _fall(h, v, g)
            while now + fall <= target and e * _impact(h, v, g) >= least:
                now, h, v = now + fall, 0.0, e * _impact(h, v, g)
                fall = _fall(h, v, g)
            span = min(float(target) - now, fall)
            h, v, now = h + v * span - g / 2 * span * span, v - g * span, float(target)
            out[k, i] = h, v
    return out


def _impact(h: float, v: float, g: float) -> float:
    return float(np.sqrt(v * v + 2 * g * max(h, 0.0)))


def _fall(h: float, v: float, g: float) -> float:
    return (v + _impact(h, v, g)) / g
