"""ctypes face of the CVODE peer of the Hovorka model, which ``benchmarks/setup.sh`` builds."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np

LIBRARY = Path(__file__).resolve().parents[1] / "build" / "libcvode_hovorka.so"
ADAMS, BDF = 0, 1
N_PARAM = 19  # those of the model without G0, in its order


def available() -> bool:
    """Whether the peer was built on this machine."""
    return LIBRARY.exists()


def _pointer(a: np.ndarray) -> ctypes._Pointer:
    return a.ctypes.data_as(ctypes.POINTER(ctypes.c_double))


def glucose(
    params: np.ndarray,
    x0: np.ndarray,
    basal: np.ndarray,
    edges: np.ndarray,
    meal: np.ndarray,
    bolus: np.ndarray,
    times: np.ndarray,
    *,
    rtol: float,
    atol: float,
    method: int = BDF,
) -> np.ndarray:
    """Plasma glucose (n, T) in mmol/L.

    params (n, 20) and x0 (n, 10) in the model's order, basal (n,) in mU/min; edges (s + 1,) in min cut the
    time into stretches with meal (s,) in g/min and, at the start of each, bolus (n, s) in U.
    """
    arrays = [np.ascontiguousarray(a, dtype=np.float64) for a in (params[:, :N_PARAM], x0, basal)]
    parts = [np.ascontiguousarray(a, dtype=np.float64) for a in (edges, meal, bolus)]
    times = np.ascontiguousarray(times, dtype=np.float64)
    y = np.empty((len(params), len(times)))
    bad = ctypes.CDLL(str(LIBRARY)).cvode_hovorka(
        len(params), *map(_pointer, arrays), len(meal), *map(_pointer, parts), len(times), _pointer(times),
        ctypes.c_double(rtol), ctypes.c_double(atol), method, _pointer(y),
    )  # fmt: skip
    if bad:
        raise RuntimeError("CVODE failed")
    return y
