"""The Hovorka model for peers in Python: one right-hand side, compiled by numba where that is wanted.

A subject's constants and what flows into him stand in one array, in the order of ``CONSTANTS``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
MMOL_PER_G = 1000 / 180.16
NAMES = (
    "BW", "VG", "VI", "F01", "EGP0", "k12", "ka1", "ka2", "ka3", "SIT", "SID", "SIE", "tmaxG", "AG", "tmaxI",
    "ke", "GF", "GR", "kR",
)  # fmt: skip


def constants(p: Array, basal: float) -> Array:
    """What the right-hand side needs of a subject's parameters, in its order; the last is the meal."""
    q = dict(zip(NAMES, p.tolist(), strict=False))
    VG, VI = q["VG"] * q["BW"], q["VI"] * q["BW"]
    F01 = q["F01"] * q["BW"]
    return np.array([
        F01, F01 / (q["GF"] * VG), q["EGP0"] * q["BW"], q["GR"] * VG, q["kR"], 1 / q["tmaxG"], 1 / q["tmaxI"],
        1 / (q["tmaxI"] * VI), q["k12"], q["ka1"], q["ka2"], q["ka3"], q["ka1"] * q["SIT"],
        q["ka2"] * q["SID"], q["ka3"] * q["SIE"], q["AG"], q["ke"], basal, 1 / VG, 0.0,
    ])  # fmt: skip


def rhs(t: float, x: Any, dx: Any, c: Any) -> None:
    """dx <- derivatives of the ten states."""
    Q1, Q2, S1, S2, insulin, x1, x2, x3, D1, D2 = x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8], x[9]
    spent = min(c[0], c[1] * Q1) + c[4] * max(0.0, Q1 - c[3])
    there, back = x1 * Q1, c[8] * Q2
    dx[0] = c[5] * D2 + c[2] * max(0.0, 1 - x3) + back - there - spent
    dx[1] = there - back - x2 * Q2
    dx[2] = c[17] - c[6] * S1
    dx[3] = c[6] * (S1 - S2)
    dx[4] = c[7] * S2 - c[16] * insulin
    dx[5] = c[12] * insulin - c[9] * x1
    dx[6] = c[13] * insulin - c[10] * x2
    dx[7] = c[14] * insulin - c[11] * x3
    dx[8] = c[15] * c[19] - c[5] * D1
    dx[9] = c[5] * (D1 - D2)


def stretches(job: Any, i: int) -> Iterator[tuple[float, float, float, float, Array]]:
    """(from, to, meal in mmol/min, bolus in mU, outputs due in (from, to]) of subject i."""
    for k, (a, b) in enumerate(zip(job.edges[:-1], job.edges[1:], strict=True)):
        due = job.times[(job.times > a) & (job.times <= b)]
        yield float(a), float(b), job.meal[k] * MMOL_PER_G, 1000 * job.bolus[i, k], due


def day(job: Any, i: int, advance: Callable[[float, Array, Array, Array], Array]) -> Array:
    """Glucose at the job's times. ``advance(from, x, c, times)`` gives states (len(times), 10)."""
    c, x = constants(job.params[i], float(job.basal[i])), job.x0[i].copy()
    found = [x[0] * c[18]]
    for a, b, meal, bolus, due in stretches(job, i):
        c[19] = meal
        x[2] += bolus
        ends = due.size > 0 and math.isclose(due[-1], b)
        states = advance(a, x, c, due if ends else np.append(due, b))
        found += (states[: len(due), 0] * c[18]).tolist()
        x = states[-1].copy()
    return np.array(found)


def by_scipy(job: Any, subjects: range, *, rtol: float, atol: float, method: str) -> Array:
    """Glucose (n, T) by scipy's solve_ivp."""
    from scipy.integrate import solve_ivp

    def advance(a: float, x: Array, c: Array, times: Array) -> Array:
        values = c.tolist()

        def f(t: float, z: Array) -> list[float]:
            dx = [0.0] * 10
            rhs(t, z.tolist(), dx, values)
            return dx

        done = solve_ivp(f, (a, times[-1]), x, method=method, t_eval=times, rtol=rtol, atol=atol)
        if not done.success:
            raise RuntimeError(done.message)
        return np.asarray(done.y.T)

    return np.array([day(job, i, advance) for i in subjects])


def by_numbalsoda(job: Any, subjects: range, *, rtol: float, atol: float) -> Array:
    """Glucose (n, T) by numbalsoda's LSODA, the right-hand side compiled by numba."""
    from numbalsoda import lsoda

    address = numba_address()

    def advance(a: float, x: Array, c: Array, times: Array) -> Array:
        states, success = lsoda(address, x, np.concatenate([[a], times]), c, rtol=rtol, atol=atol)
        if not success:
            raise RuntimeError("LSODA failed")
        return np.asarray(states[1:])

    return np.array([day(job, i, advance) for i in subjects])


_COMPILED: list[Any] = []


def numba_address() -> int:
    """The compiled right-hand side."""
    if not _COMPILED:
        import numba
        from numbalsoda import lsoda_sig

        inner = numba.njit(rhs)

        @numba.cfunc(lsoda_sig)
        def f(t, x, dx, c):  # type: ignore[no-untyped-def]
            inner(t, x, dx, numba.carray(c, (20,)))

        _COMPILED.append(f)
    return int(_COMPILED[0].address)
