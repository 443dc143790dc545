"""Three models of glucose and insulin in plain NumPy: the oracle of the organs.

The equations of rates and outputs take complex numbers too, for derivatives by the complex step. States are
arrays in the order of the names below, parameters a mapping by name.

Hovorka R, Canonico V, Chassin LJ, et al. Physiol Meas 2004;25:905-20.
Kovatchev BP, Breton M, Dalla Man C, Cobelli C. J Diabetes Sci Technol 2009;3:44-55; Dalla Man C, Rizza RA,
Cobelli C. IEEE Trans Biomed Eng 2007;54:1740-9, as written in the open simulator simglucose.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Params = Mapping[str, Any]

HOVORKA = ("Q1", "Q2", "S1", "S2", "I", "x1", "x2", "x3", "D1", "D2")
UVAPADOVA = (
    "Qsto1", "Qsto2", "Qgut", "Gp", "Gt", "Ip", "X", "I1", "Id", "Il", "Isc1", "Isc2", "Gsc", "Dbar",
)  # fmt: skip
DALLAMAN = ("Gp", "Gt", "Il", "Ip", "Q1", "Q2", "Qg", "I1", "Id", "X", "Y", "Ipo", "Dbar")
PMOL_PER_UNIT = 6000.0


def above(a: Any, floor: Any = 0.0) -> Any:
    """The larger of two numbers, by their real parts."""
    return np.where(np.real(a) > np.real(floor), a, floor)


def hovorka_rate(x: Array, p: Params, u: float = 0.0, Dg: float = 0.0) -> Array:
    """Derivatives of the ten states; u: insulin, mU/min; Dg: carbohydrate, mmol/min."""
    Q1, Q2, S1, S2, I, x1, x2, x3, D1, D2 = x  # noqa: E741
    VG, VI, F01, EGP0 = (p["BW"] * p[name] for name in ("VG", "VI", "F01", "EGP0"))
    G = Q1 / VG
    F01c = np.where(np.real(G) >= np.real(p["GF"]), F01, F01 * G / p["GF"])
    FR = np.where(np.real(G) >= np.real(p["GR"]), p["kR"] * (G - p["GR"]) * VG, 0)
    return np.array(
        [
            -F01c - x1 * Q1 + p["k12"] * Q2 - FR + D2 / p["tmaxG"] + above(EGP0 * (1 - x3)),
            x1 * Q1 - (p["k12"] + x2) * Q2,
            u - S1 / p["tmaxI"],
            (S1 - S2) / p["tmaxI"],
            S2 / (p["tmaxI"] * VI) - p["ke"] * I,
            -p["ka1"] * x1 + p["ka1"] * p["SIT"] * I,
            -p["ka2"] * x2 + p["ka2"] * p["SID"] * I,
            -p["ka3"] * x3 + p["ka3"] * p["SIE"] * I,
            p["AG"] * Dg - D1 / p["tmaxG"],
            (D1 - D2) / p["tmaxG"],
        ]
    )


def hovorka_output(x: Array, p: Params) -> Array:
    """G (mmol/L) and I (mU/L)."""
    return np.array([x[0] / (p["VG"] * p["BW"]), x[4]])


def emptying(q: Any, Dbar: Any, p: Params) -> Any:
    """Rate constant of the stomach's emptying, /min."""
    if np.real(Dbar) <= 0:
        return p["kmax"] + 0 * q
    b, d = p["b"], p["d"]
    up = np.tanh(5 / (2 * Dbar * (1 - b)) * (q - b * Dbar))
    down = np.tanh(5 / (2 * Dbar * d) * (q - d * Dbar))
    return p["kmin"] + (p["kmax"] - p["kmin"]) / 2 * (up - down + 2)


def uvapadova_rate(x: Array, p: Params, insulin: float = 0.0, carbohydrate: float = 0.0) -> Array:
    """Derivatives of the 13 states and of Dbar; insulin U/min, carbohydrate g/min."""
    Qsto1, Qsto2, Qgut, Gp, Gt, Ip, X, I1, Id, Il, Isc1, Isc2, Gsc, Dbar = x
    kgut = emptying(Qsto1 + Qsto2, Dbar, p)
    Ra = p["f"] * p["kabs"] * Qgut / p["BW"]
    EGP = above(p["kp1"] - p["kp2"] * Gp - p["kp3"] * Id)
    E = p["ke1"] * above(Gp - p["ke2"])
    U = (p["Vm0"] + p["Vmx"] * X) * Gt / (p["Km0"] + Gt)
    I = Ip / p["Vi"]  # noqa: E741
    depot = PMOL_PER_UNIT / p["BW"] * (p["ka1"] * Isc1 + p["ka2"] * Isc2)
    dx = np.array(
        [
            -p["kmax"] * Qsto1 + 1000 * carbohydrate,
            p["kmax"] * Qsto1 - kgut * Qsto2,
            kgut * Qsto2 - p["kabs"] * Qgut,
            EGP + Ra - p["Fsnc"] - E - p["k1"] * Gp + p["k2"] * Gt,
            -U + p["k1"] * Gp - p["k2"] * Gt,
            -(p["m2"] + p["m4"]) * Ip + p["m1"] * Il + depot,
            p["p2u"] * (I - p["Ib"] - X),
            p["ki"] * (I - I1),
            p["ki"] * (I1 - Id),
            -(p["m1"] + p["m30"]) * Il + p["m2"] * Ip,
            insulin - (p["ka1"] + p["kd"]) * Isc1,
            p["kd"] * Isc1 - p["ka2"] * Isc2,
            p["ksc"] * (Gp - Gsc),
            0 * Dbar,
        ]
    )
    dx[3] = dx[3] if np.real(Gp) >= 0 else 0
    return dx


def uvapadova_output(x: Array, p: Params) -> Array:
    """G and Gsub (mg/dL) and I (pmol/L)."""
    return np.array([x[3] / p["Vg"], x[12] / p["Vg"], x[5] / p["Vi"]])


def meal_start(x: Array) -> Array:
    """The meal's size is what the stomach holds of earlier ones."""
    return np.array([*x[:13], x[0] + x[1]])


def bite(x: Array, grams: float) -> Array:
    """The meal's size with what is about to be eaten."""
    return np.array([*x[:13], x[13] + 1000 * grams])


def dallaman_rate(x: Array, p: Params) -> Array:
    """Derivatives of the twelve states of the meal model without diabetes, and of Dbar."""
    Gp, Gt, Il, Ip, Q1, Q2, Qg, I1, Id, X, Y, Ipo, Dbar = x
    G, I, S, EGP, Ra, E, U = dallaman_output(x, p)  # noqa: E741
    kempt = emptying(Q1 + Q2, Dbar, p)
    HE = -p["m5"] * S + p["m6"]
    m3 = HE * p["m1"] / (1 - HE)
    dGp = EGP + Ra - p["Fcns"] - E - p["k1"] * Gp + p["k2"] * Gt
    rise = p["beta"] * (G - p["Gb"])
    return np.array(
        [
            dGp,
            -U + p["k1"] * Gp - p["k2"] * Gt,
            -(p["m1"] + m3) * Il + p["m2"] * Ip + S,
            -(p["m2"] + p["m4"]) * Ip + p["m1"] * Il,
            -p["kgri"] * Q1,
            p["kgri"] * Q1 - kempt * Q2,
            kempt * Q2 - p["kabs"] * Qg,
            -p["ki"] * (I1 - I),
            -p["ki"] * (Id - I1),
            -p["p2U"] * (X - (I - p["Ib"])),
            -p["alpha"] * (Y - above(rise, -p["Sb"])),
            -p["gamma"] * Ipo + Y + p["K"] * above(dGp / p["VG"]) + p["Sb"],
            0 * Dbar,
        ]
    )


def dallaman_output(x: Array, p: Params) -> Array:
    """G (mg/dL), I (pmol/L), S (pmol/kg/min), EGP, Ra, E and U (mg/kg/min)."""
    EGP = p["kp1"] - p["kp2"] * x[0] - p["kp3"] * x[8] - p["kp4"] * x[11]
    Ra = p["f"] * p["kabs"] * x[6] / p["BW"]
    E = p["ke1"] * above(x[0] - p["ke2"])
    U = (p["Vm0"] + p["Vmx"] * x[9]) * x[1] / (p["Km0"] + x[1])
    return np.array([x[0] / p["VG"], x[3] / p["VI"], p["gamma"] * x[11], EGP, Ra, E, U])
