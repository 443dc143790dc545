"""The two Hamberg models of warfarin and INR in plain NumPy: the oracle of the organs.

Every function takes complex numbers too, for derivatives by the complex step.

Hamberg AK, Dahl ML, Barban M, et al. Clin Pharmacol Ther 2007;81:529-38.
Hamberg AK, Wadelius M, Lindh JD, et al. Clin Pharmacol Ther 2010;87:727-34.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.reference.ode import integrate

Array = NDArray[Any]
Params = Mapping[str, Any]

N_KINETIC = {"hamberg2010": 2, "hamberg2007": 3}


def positive(a: Any) -> Any:
    """The number, or a tiny one where it is not above 0."""
    return np.where(np.real(a) > 1e-300, a, 1e-300)


def inhibition(Cs: Any, p: Params) -> Any:
    """E = Emax Cs^gamma / (EC50^gamma + Cs^gamma)."""
    effect = positive(Cs) ** p["gamma"]
    return p["Emax"] * effect / (p["EC50"] ** p["gamma"] + effect)


def kinetics_2010(A: Array, p: Params) -> Array:
    """One compartment with a depot."""
    A1, A2 = A
    return np.array([-p["ka"] * A1, p["ka"] * A1 - p["CL"] / p["V"] * A2])


def kinetics_2007(A: Array, p: Params) -> Array:
    """Two compartments with a depot."""
    A1, A2, A3 = A
    there, back = p["Q"] / p["V1"] * A2, p["Q"] / p["V2"] * A3
    return np.array([-p["ka"] * A1, p["ka"] * A1 - p["CL"] / p["V1"] * A2 - there + back, there - back])


def response_2010(C: Array, Cs: Any, p: Params) -> Array:
    """Two chains of three transit compartments."""
    source = 1 - inhibition(Cs, p)
    k1, k2 = 3 / p["MTT1"], 3 / p["MTT2"]
    before = np.array([source, C[0], C[1], source, C[3], C[4]])
    return np.asarray(np.array([k1, k1, k1, k2, k2, k2]) * (before - C))


def response_2007(C: Array, Cs: Any, p: Params) -> Array:
    """A chain of six and a single compartment."""
    source = 1 - inhibition(Cs, p)
    before = np.array([source, *C[:5], source])
    return np.asarray(np.array([6 / p["MTT1"]] * 6 + [1 / p["MTT2"]]) * (before - C))


def concentration(model: str, x: Array, p: Params) -> Any:
    """Plasma concentration of S-warfarin, mg/L."""
    return x[1] / p["V" if model == "hamberg2010" else "V1"]


def rate(model: str, x: Array, p: Params) -> Array:
    """Derivatives of all states."""
    kinetics, response = _parts(model)
    n = N_KINETIC[model]
    return np.concatenate([kinetics(x[:n], p), response(x[n:], concentration(model, x, p), p)])


def output(model: str, x: Array, p: Params) -> Array:
    """Cs and INR."""
    C = x[N_KINETIC[model] :]
    if model == "hamberg2010":
        inr = p["BASE"] + p["INRmax"] * (1 - (C[2] + C[5]) / 2)
    else:
        inr = p["BASE"] + p["INRmax"] * positive(1 - C[5] * C[6]) ** p["lambda"]
    return np.array([concentration(model, x, p), inr])


def _parts(model: str) -> tuple[Callable[..., Array], Callable[..., Array]]:
    if model == "hamberg2010":
        return kinetics_2010, response_2010
    return kinetics_2007, response_2007


def kinetic_matrix(model: str, p: Params) -> Array:
    """K of dA/dt = K A."""
    kinetics, n = _parts(model)[0], N_KINETIC[model]
    return np.stack([kinetics(row, p) for row in np.eye(n)], axis=1)


def amounts(model: str, p: Params, doses: Sequence[tuple[float, float]], t: float) -> Array:
    """Amounts just before time t after doses (time, mg racemic), each as a sum of exponentials."""
    values, vectors = np.linalg.eig(kinetic_matrix(model, p))
    enters = np.linalg.solve(vectors, np.eye(len(values))[0])
    total = np.zeros(len(values))
    for time, amount in doses:
        if time < t:
            total += p["F"] * amount / 2 * np.real(vectors @ (np.exp(values * (t - time)) * enters))
    return total


def simulate(model: str, p: Params, doses: Sequence[tuple[float, float]], times: Sequence[float]) -> Array:
    """Cs and INR at times (hours), shape (T, 2), just before a dose given then.

    Kinetics in closed form, the response by the integrator of :mod:`pytwin.reference.ode`, anew from every
    dose.
    """
    response, n_response = _parts(model)[1], 6 if model == "hamberg2010" else 7
    C, rows, now = np.ones(n_response), [], 0.0
    stops = sorted({*times, *(time for time, _ in doses if time < max(times))})
    for stop in stops:
        given = [d for d in doses if d[0] <= now]

        def f(t: float, y: Array, given: Sequence[tuple[float, float]] = given, begin: float = now) -> Array:
            # an instant after the doses of that instant: their amounts are in the depot
            A = amounts(model, p, given, max(t, begin + 1e-12))
            return response(y, concentration(model, A, p), p)

        C = integrate(f, now, stop, C, rtol=1e-11, atol=1e-13)
        now = stop
        if stop in times:
            rows.append(output(model, np.concatenate([amounts(model, p, doses, stop), C]), p))
    return np.array(rows)
