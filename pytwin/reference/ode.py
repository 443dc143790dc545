"""The integrator of Dormand and Prince for one subject, as in the paper: the oracle of csrc/ode.

Dormand JR, Prince PJ. A family of embedded Runge-Kutta formulae. J Comput Appl Math 1980;6:19-26.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Rate = Callable[[float, Array], Array]

C = (0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1)
A = (
    (),
    (1 / 5,),
    (3 / 40, 9 / 40),
    (44 / 45, -56 / 15, 32 / 9),
    (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
    (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
    (35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
)
ERROR = (71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40)


def step(f: Rate, t: float, x: Array, h: float) -> tuple[Array, Array]:
    """One step: the solution of order 5 at t + h, and the estimate of its error."""
    k: list[Array] = []
    x1 = x
    for c, a in zip(C, A, strict=True):
        x1 = x + h * sum((w * ki for w, ki in zip(a, k, strict=True)), np.zeros_like(x))
        k.append(f(t + c * h, x1))
    return x1, h * sum((w * ki for w, ki in zip(ERROR, k, strict=True)), np.zeros_like(x))


def integrate(f: Rate, t0: float, t1: float, x: Array, *, rtol: float = 1e-10, atol: float = 1e-12) -> Array:
    """x(t1) of dx/dt = f(t, x), x(t0) = x, with the error of each step below atol + rtol |x|."""
    t, h = t0, (t1 - t0) * 1e-3
    while t < t1:
        h = min(h, t1 - t)
        x1, error = step(f, t, x, h)
        scaled = float(np.sqrt(np.mean(abs(error / (atol + rtol * np.maximum(abs(x), abs(x1)))) ** 2)))
        if scaled <= 1:
            t, x = (t1 if h == t1 - t else t + h), x1
        h *= min(5.0, max(0.2, 0.9 * max(scaled, 1e-10) ** -0.2))
    return x
