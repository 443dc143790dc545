"""ctypes face of the CVODE peer that ``benchmarks/setup.sh`` builds."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np

LIBRARY = Path(__file__).resolve().parents[1] / "build" / "libcvode_hamberg.so"
ADAMS, BDF = 0, 1
PARAMETERS = ("ka", "CL", "V", "EC50", "gamma", "MTT1", "MTT2", "BASE", "INRmax")


def available() -> bool:
    """Whether the peer was built on this machine."""
    return LIBRARY.exists()


def _pointer(a: np.ndarray) -> ctypes._Pointer:
    return a.ctypes.data_as(ctypes.POINTER(ctypes.c_double))


def daily_inr(
    params: np.ndarray, s_doses: np.ndarray, *, rtol: float, atol: float, method: int = ADAMS
) -> np.ndarray:
    """INR before each daily dose, (n, days + 1), for params (n, 9) and doses (days,) in mg S-warfarin."""
    library = ctypes.CDLL(str(LIBRARY))
    params = np.ascontiguousarray(params, dtype=np.float64)
    s_doses = np.ascontiguousarray(s_doses, dtype=np.float64)
    inr = np.empty((len(params), len(s_doses) + 1))
    bad = library.cvode_hamberg(
        len(params), len(s_doses), _pointer(params), _pointer(s_doses),
        ctypes.c_double(rtol), ctypes.c_double(atol), method, _pointer(inr),
    )  # fmt: skip
    if bad:
        raise RuntimeError("CVODE failed")
    return inr


def advance(
    state: np.ndarray, params: np.ndarray, hours: float, *, rtol: float, atol: float, method: int = ADAMS
) -> np.ndarray:
    """States (n, 8) after ``hours`` without a dose under params (n, 9)."""
    library = ctypes.CDLL(str(LIBRARY))
    state = np.array(state, dtype=np.float64, order="C")
    params = np.ascontiguousarray(params, dtype=np.float64)
    bad = library.cvode_hamberg_advance(
        len(state), ctypes.c_double(hours), _pointer(params),
        ctypes.c_double(rtol), ctypes.c_double(atol), method, _pointer(state),
    )  # fmt: skip
    if bad:
        raise RuntimeError("CVODE failed")
    return state
