"""ctypes face of ``arithmetic.c``: the machine's peak, a loop of pure arithmetic, Lorenz in plain C."""

from __future__ import annotations

import ctypes
import threading
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

LIBRARY = Path(__file__).resolve().parents[1] / "build" / "libarithmetic.so"
CHAINS = 10


def available() -> bool:
    """Whether it was built on this machine."""
    return LIBRARY.exists()


def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(str(LIBRARY))
    library.multiply_add.restype = ctypes.c_double
    library.multiply_add.argtypes = [ctypes.c_long]
    return library


def peak(runs: int = 9) -> float:
    """GFlop/s of fused multiply-adds on one core, the best of some runs."""
    library, n = _library(), 3_000_000
    operations = 2 * CHAINS * library.lanes_of_a_vector() * n
    best = np.inf
    for _ in range(runs):
        begin = time.perf_counter()
        library.multiply_add(n)
        best = min(best, time.perf_counter() - begin)
    return float(operations / best / 1e9)


def seconds_of_arithmetic(threads: int, rounds: int = 60_000_000) -> float:
    """Wall time of a fixed amount of arithmetic, divided among threads."""
    library = _library()
    crowd = [threading.Thread(target=library.multiply_add, args=(rounds // threads,)) for _ in range(threads)]
    begin = time.perf_counter()
    for t in crowd:
        t.start()
    for t in crowd:
        t.join()
    return time.perf_counter() - begin


def lorenz(params: NDArray[np.float64], x0: NDArray[np.float64], steps: int, h: float) -> NDArray[np.float64]:
    """States (n, 3) after classical Runge-Kutta steps."""
    x, p = np.array(x0, dtype=np.float64, order="C"), np.ascontiguousarray(params, dtype=np.float64)
    pointer = ctypes.POINTER(ctypes.c_double)
    _library().lorenz(len(x), steps, ctypes.c_double(h), p.ctypes.data_as(pointer), x.ctypes.data_as(pointer))
    return x
