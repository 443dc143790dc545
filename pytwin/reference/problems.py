"""The test problems of the integrators in plain NumPy: the oracle of csrc/organs, and what peers integrate.

The equations take any kind of number (double, extended, complex), so that a derivative by complex step or a
solution in extended precision comes from the same lines. Sources stand on the sheets of the organs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[Any]
Rate = Callable[[Numbers, Numbers], Numbers]

POLLU_REACTIONS = (
    (1,), (2, 4), (5, 2), (7,), (7,), (7, 6), (9,), (9, 6), (11, 2), (11, 1), (13,), (10, 2), (14,), (1, 6),
    (3,), (4,), (4,), (16,), (16,), (17, 6), (19,), (19,), (1, 4), (19, 1), (20,),
)  # fmt: skip
# species: the reactions that make it, and those that take it
POLLU_BALANCE = (
    ((2, 3, 9, 11, 12, 22, 25), (1, 10, 14, 23, 24)), ((1, 21), (2, 3, 9, 12)), ((1, 17, 19, 22), (15,)),
    ((15,), (2, 16, 17, 23)), ((4, 4, 6, 7, 13, 20), (3,)), ((3, 18, 18), (6, 8, 14, 20)), ((13,), (4, 5, 6)),
    ((4, 5, 6, 7), ()), ((), (7, 8)), ((7, 9), (12,)), ((8, 11), (9, 10)), ((9,), ()), ((10,), (11,)),
    ((12,), (13,)), ((14,), ()), ((16,), (18, 19)), ((), (20,)), ((20,), ()), ((23, 25), (21, 22, 24)),
    ((24,), (25,)),
)  # fmt: skip


def robertson(x: Numbers, p: Numbers) -> Numbers:
    """Three species, rates p."""
    back, on = p[2] * x[1] * x[2], p[1] * x[1] * x[1]
    return np.array([back - p[0] * x[0], p[0] * x[0] - back - on, on])


def robertson_dae(x: Numbers, p: Numbers) -> Numbers:
    """With the conservation of mass in place of the third equation."""
    return np.array([*robertson(x, p)[:2], x[0] + x[1] + x[2] - 1])


def hires(x: Numbers, p: Numbers) -> Numbers:
    """Eight species; p: nine rates and an inflow."""
    k1, k2, k3, k4, k5, k6, k7, k8, k9, oks = p
    y1, y2, y3, y4, y5, y6, y7, y8 = x
    bound = k7 * y6 * y8
    return np.array([
        -k1 * y1 + k2 * y2 + k6 * y3 + oks,
        k1 * y1 - (k2 + k3) * y2,
        -(k6 + k1) * y3 + k2 * y4 + k5 * y5,
        k3 * y2 + k1 * y3 - (k4 + k2) * y4,
        -(k5 + k1) * y5 + k2 * (y6 + y7),
        -bound + k4 * y4 + k1 * y5 - k2 * y6 + k8 * y7,
        bound - (k2 + k8 + k9) * y7,
        -bound + (k2 + k8 + k9) * y7,
    ])  # fmt: skip


def oregonator(x: Numbers, p: Numbers) -> Numbers:
    """Three species; p: s, q, w."""
    s, q, w = p
    y1, y2, y3 = x
    return np.array([s * (y2 + y1 * (1 - q * y1 - y2)), (y3 - (1 + y1) * y2) / s, w * (y1 - y3)])


def pollution(x: Numbers, p: Numbers) -> Numbers:
    """20 species, 25 rates."""
    r = [k * np.prod([x[i - 1] for i in species]) for k, species in zip(p, POLLU_REACTIONS, strict=True)]
    zero = 0 * p[0]
    return np.array([
        sum((r[i - 1] for i in made), zero) - sum((r[i - 1] for i in lost), zero)
        for made, lost in POLLU_BALANCE
    ])  # fmt: skip


def pleiades(x: Numbers, p: Numbers) -> Numbers:
    """Seven stars: x, y, dx/dt, dy/dt of each; p: constant of gravity."""
    mass = np.arange(1, 8)
    px, py = x[:7], x[7:14]
    right, up = px[None, :] - px[:, None], py[None, :] - py[:, None]
    r2 = right**2 + up**2 + np.eye(7)
    pull = p[0] * mass / (r2 * np.sqrt(r2))
    return np.concatenate([x[14:], (pull * right).sum(axis=1), (pull * up).sum(axis=1)])


def brusselator(x: Numbers, p: Numbers) -> Numbers:
    """Two species; p: a, b."""
    made, lost = x[0] * x[0] * x[1], p[1] * x[0]
    return np.array([p[0] + made - lost - x[0], lost - made])


def brusselator_1d(x: Numbers, p: Numbers) -> Numbers:
    """u and v at inner points between 0 and 1; p: a, b and the diffusion."""
    n = len(x) // 2
    a, b, d = p
    u, v = np.concatenate([[1], x[:n], [1]]), np.concatenate([[3], x[n:], [3]])
    made, lost = u[1:-1] ** 2 * v[1:-1], b * u[1:-1]
    spread = d * (n + 1) ** 2
    return np.concatenate([
        a + made - lost - u[1:-1] + spread * (u[:-2] - 2 * u[1:-1] + u[2:]),
        lost - made + spread * (v[:-2] - 2 * v[1:-1] + v[2:]),
    ])  # fmt: skip


def vanderpol(x: Numbers, p: Numbers) -> Numbers:
    """Displacement and speed; p: eps."""
    return np.array([x[1], ((1 - x[0] * x[0]) * x[1] - x[0]) / p[0]])


def arenstorf(x: Numbers, p: Numbers) -> Numbers:
    """Position and speed in the rotating frame; p: share of the moon."""
    mu = p[0]
    earth, moon = x[0] + mu, x[0] - (1 - mu)
    r1, r2 = earth**2 + x[1] ** 2, moon**2 + x[1] ** 2
    pull1, pull2 = (1 - mu) / (r1 * np.sqrt(r1)), mu / (r2 * np.sqrt(r2))
    return np.array([
        x[2],
        x[3],
        x[0] + 2 * x[3] - pull1 * earth - pull2 * moon,
        x[1] - 2 * x[2] - (pull1 + pull2) * x[1],
    ])  # fmt: skip


def akzo_nobel(x: Numbers, p: Numbers) -> Numbers:
    """Five concentrations and an algebraic one."""
    k1, k2, k3, k4, K, klA, Ks, pCO2, H = p
    y1, y2, y3, y4, y5, y6 = x
    root = np.sqrt(y2)
    r1, r2, r3 = k1 * y1**4 * root, k2 * y3 * y4, k2 / K * y1 * y5
    r4, r5, flow = k3 * y1 * y4**2, k4 * y6**2 * root, klA * (pCO2 / H - y2)
    return np.array([
        -2 * r1 + r2 - r3 - r4,
        -r1 / 2 - r4 - r5 / 2 + flow,
        r1 - r2 + r3,
        -r2 + r3 - 2 * r4,
        r2 - r3 + r5,
        Ks * y1 * y4 - y6,
    ])  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """Equations, where to stop, and what is small: tolerances are ``atol = rtol * small``."""

    rate: Rate
    end: float
    small: float
    stiff: bool = True
    algebraic: int = 0  # the last states

    def jacobian(self, x: Numbers, p: Numbers) -> Numbers:
        """df/dx by complex step, in the precision of x."""
        wide = np.clongdouble if np.asarray(x).dtype == np.longdouble else np.complex128
        J = np.empty((len(x), len(x)), dtype=np.asarray(x).dtype)
        for j in range(len(x)):
            z = x.astype(wide)
            z[j] += 1e-200j
            J[:, j] = self.rate(z, p).imag / np.asarray(1e-200, dtype=J.dtype)
        return J


PROBLEMS: dict[str, Problem] = {
    "robertson": Problem(robertson, 1e11, 1e-8),
    "robertson_dae": Problem(robertson_dae, 1e11, 1e-8, algebraic=1),
    "hires": Problem(hires, 321.8122, 1e-4),
    "oregonator": Problem(oregonator, 360.0, 1.0),
    "pollution": Problem(pollution, 60.0, 1e-4),
    "vanderpol": Problem(vanderpol, 2.0, 1.0),
    "brusselator_1d": Problem(brusselator_1d, 10.0, 1.0),
    "akzo_nobel": Problem(akzo_nobel, 180.0, 1e-3, algebraic=1),
    "brusselator": Problem(brusselator, 20.0, 1.0, stiff=False),
    "pleiades": Problem(pleiades, 3.0, 1.0, stiff=False),
    "arenstorf": Problem(arenstorf, 17.0652165601579625588917206249, 1.0, stiff=False),
}
