"""The Rosenbrock method Rodas5P for one subject, as in the paper: the oracle of csrc/ode/rosenbrock.c.

Steinebach G. Construction of Rosenbrock-Wanner method Rodas5P and numerical benchmarks within the Julia
Differential Equations package. BIT Numer Math 2023;63:27.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Rate = Callable[[float, Array], Array]

GAMMA = 0.21193756319429014
C = np.array(
    [0, 0.6358126895828704, 0.4095798393397535, 0.9769306725060716, 0.4288403609558664, 1, 1, 1]
)  # stages stand at t + C h
D = np.array(
    [GAMMA, -0.42387512638858027, -0.3384627126235924, 1.8046452872882734, 2.325825639765069, 0, 0, 0]
)  # weights of df/dt


def _lower(rows: tuple[tuple[float, ...], ...]) -> Array:
    matrix = np.zeros((8, 8))
    for i, row in enumerate(rows, start=1):
        matrix[i, : len(row)] = row
    return matrix


_SIX = (
    -7.502846399306121,
    2.561846144803919,
    -11.627539656261098,
    -0.18268767659942256,
    0.030198172008377946,
)
A = _lower((
    (3.0,),
    (2.849394379747939, 0.45842242204463923),
    (-6.954028509809101, 2.489845061869568, -10.358996098473584),
    (2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641),
    _SIX,
    (*_SIX, 1.0),
    (*_SIX, 1.0, 1.0),
))  # fmt: skip
E = _lower((
    (-14.155112264123755,),
    (-17.97296035885952, -2.859693295451294),
    (147.12150275711716, -1.41221402718213, 71.68940251302358),
    (165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306),
    (24.854864614690072, -3.0009227002832186, 47.4931110020768, 5.5814197821558125, -0.6610691825249471),
    (30.91273214028599, -3.1208243349937974, 77.79954646070892, 34.28646028294783, -19.097331116725623,
     -28.087943162872662),
    (37.80277123390563, -3.2571969029072276, 112.26918849496327, 66.9347231244047, -40.06618937091002,
     -54.66780262877968, -9.48861652309627),
))  # fmt: skip
B = np.array([*_SIX, 1.0, 1.0, 1.0])
H = np.array([
    [25.948786856663858, -2.5579724845846235, 10.433815404888879, -2.3679251022685204, 0.524948541321073,
     1.1241088310450404, 0.4272876194431874, -0.17202221070155493],
    [-9.91568850695171, -0.9689944594115154, 3.0438037242978453, -24.495224566215796, 20.176138334709044,
     15.98066361424651, -6.789040303419874, -6.710236069923372],
    [11.419903575922262, 2.8879645146136994, 72.92137995996029, 80.12511834622643, -52.072871366152654,
     -59.78993625266729, -0.15582684282751913, 4.883087185713722],
])  # fmt: skip


def stages(f: Rate, J: Array, dfdt: Array, t: float, x: Array, h: float, mass: Array | None = None) -> Array:
    """The stages k (8, n) of M dx/dt = f(t, x) from x over h; ``mass`` (n,): the diagonal of M."""
    M = np.ones(len(x)) if mass is None else mass
    W = np.diag(M) / (h * GAMMA) - J
    k = np.zeros((8, len(x)))
    for s in range(8):
        right = f(t + C[s] * h, x + A[s] @ k) + M * (E[s] @ k) / h + h * D[s] * dfdt
        k[s] = np.linalg.solve(W, right)
    return k


def step(
    f: Rate, J: Array, dfdt: Array, t: float, x: Array, h: float, mass: Array | None = None
) -> tuple[Array, Array]:
    """One step: the solution of order 5 at t + h, and the estimate of its error."""
    k = stages(f, J, dfdt, t, x, h, mass)
    return x + B @ k, k[-1]


def interpolate(x: Array, k: Array, theta: float) -> Array:
    """The solution at t + theta h, of order 4."""
    g = H @ k
    x1: Array = x + theta * (B @ k + (1 - theta) * (g[0] + theta * (g[1] + theta * g[2])))
    return x1


def integrate(
    f: Callable[[Array], Array],
    jacobian: Callable[[Array], Array],
    x: Array,
    end: float,
    *,
    rtol: float,
    atol: float,
    first: float,
    mass: Array | None = None,
) -> tuple[Array, Array]:
    """x(end) of an equation that does not depend on the time, and the times of the steps."""
    t, h, times = 0.0, first, [0.0]
    still = np.zeros(len(x))
    while t < end:
        h = min(h, end - t)
        x1, error = step(lambda _, v: f(v), jacobian(x), still, t, x, h, mass)
        scaled = float(np.max(abs(error) / (atol + rtol * np.maximum(abs(x), abs(x1)))))
        if scaled <= 1:
            t, x = (end if h == end - t else t + h), x1
            times.append(t)
        h *= min(5.0, max(0.2, 0.9 * max(scaled, 1e-10) ** -0.2))
    return x, np.array(times)
