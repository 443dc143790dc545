"""ctypes face of the CVODE peer of POLLU, which ``benchmarks/setup.sh`` builds."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np

LIBRARY = Path(__file__).resolve().parents[1] / "build" / "libcvode_pollu.so"


def available() -> bool:
    """Whether the peer was built on this machine."""
    return LIBRARY.exists()


def _pointer(a: np.ndarray) -> ctypes._Pointer:
    return a.ctypes.data_as(ctypes.POINTER(ctypes.c_double))


def concentrations(params: np.ndarray, x0: np.ndarray, end: float, *, rtol: float, atol: float) -> np.ndarray:
    """Concentrations (n, 20) at ``end`` minutes from x0 (20,), under the rates params (n, 25)."""
    params, x0 = (np.ascontiguousarray(a, dtype=np.float64) for a in (params, x0))
    y = np.empty((len(params), 20))
    bad = ctypes.CDLL(str(LIBRARY)).cvode_pollu(
        len(params), _pointer(params), _pointer(x0),
        ctypes.c_double(end), ctypes.c_double(rtol), ctypes.c_double(atol), _pointer(y),
    )  # fmt: skip
    if bad:
        raise RuntimeError("CVODE failed")
    return y
