"""Sensitivities by the complex step: the oracle of csrc/ode/sensitivity.c.

The solution of dx/dt = f(x, p) is integrated with complex numbers, one direction in each column: a parameter
or an initial state has an imaginary part h = 1e-30, and the derivative is Im / h, without a difference.

Squire W, Trapp G. Using complex variables to estimate derivatives of real functions. SIAM Rev
1998;40:110-112.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.reference.ode import integrate

Array = NDArray[Any]
Params = Mapping[str, Any]
# (time, state, amount per value of a parameter, name of that parameter or None): x[state] += amount p[name]
Bolus = tuple[float, int, float, str | None]

STEP = 1e-30


def columns(
    p: Mapping[str, float], x0: Array, states: Sequence[str], directions: Sequence[str]
) -> tuple[dict[str, Array], Array]:
    """Parameters, each (n,), and initial states (n_state, n), moved along one direction in each column.

    ``directions`` are names of parameters, or "x0." and the name of a state.
    """
    n = len(directions)
    moved = {name: np.full(n, value, dtype=complex) for name, value in p.items()}
    x = np.repeat(np.asarray(x0, dtype=complex)[:, None], n, axis=1)
    for k, name in enumerate(directions):
        if name.startswith("x0."):
            x[list(states).index(name[3:]), k] += 1j * STEP
        else:
            moved[name][k] += 1j * STEP
    return moved, x


def trajectory(
    rate: Callable[[Array, Params], Array],
    p: Params,
    x: Array,
    times: Sequence[float],
    boluses: Sequence[Bolus] = (),
    *,
    rtol: float = 1e-12,
    atol: float = 1e-14,
) -> list[Array]:
    """States at ``times``, before a bolus of that instant."""
    now, out = 0.0, []
    stops = sorted({*times, *(b[0] for b in boluses if b[0] < max(times))})
    for stop in stops:
        if stop > now:
            x = integrate(lambda _, z: rate(z, p), now, stop, x, rtol=rtol, atol=atol)
        now = stop
        if stop in times:
            out.append(x.copy())
        for time, state, amount, share in boluses:
            if time == now:
                x = x.copy()
                x[state] += amount * (1.0 if share is None else p[share])
    return out


def fixed_step(method: str, f: Callable[[Array], Array], x: Array, h: float) -> Array:
    """One step of ``"euler"``, ``"heun"`` or ``"rk4"`` for dx/dt = f(x)."""
    k = f(x)
    if method == "euler":
        return np.asarray(x + h * k)
    if method == "heun":
        return np.asarray(x + h / 2 * (k + f(x + h * k)))
    k2 = f(x + h / 2 * k)
    k3 = f(x + h / 2 * k2)
    return np.asarray(x + h / 6 * (k + 2 * k2 + 2 * k3 + f(x + h * k3)))


def fixed_trajectory(
    method: str,
    rate: Callable[[Array, Params], Array],
    p: Params,
    x: Array,
    n_steps: Sequence[int],
    step: float,
    boluses: Sequence[Bolus] = (),
) -> list[Array]:
    """States after each number of steps, before a bolus that falls on the same step."""
    out = []
    for k in range(max(n_steps) + 1):
        if k in n_steps:
            out.append(x.copy())
        for time, state, amount, share in boluses:
            if time == k * step:
                x = x.copy()
                x[state] += amount * (1.0 if share is None else p[share])
        x = fixed_step(method, lambda z: rate(z, p), x, step)
    return out


def derivatives(values: Sequence[Array]) -> Array:
    """(T, ..., n) derivatives from complex values (..., n) at T times."""
    return np.asarray(np.imag(np.array(values)) / STEP, dtype=np.float64)
