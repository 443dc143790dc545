from collections.abc import Callable
from typing import Any, Final

from numpy import float64, int8, uint32
from numpy.typing import ArrayLike, NDArray

FEATURES: Final[frozenset[str]]
LEVEL: Final[str]
LEVELS: Final[tuple[str, ...]]
BUILD: Final[dict[str, str]]
PURPOSE: Final[dict[str, int]]
STATUS: Final[dict[str, tuple[int, str]]]

def blas_info() -> dict[str, str | int]: ...
def _alloc_fail_at(nth: int, /) -> None: ...
def _alloc_live() -> int: ...

# lane maths, random numbers, small matrices: csrc/binding/lanes.c
def lanes_apply(name: str, a: ArrayLike, b: ArrayLike | None = None, /) -> NDArray[float64]: ...
def philox(
    seed: int, purpose: int, patient: int, draw: int, step: int, n: int, /
) -> NDArray[uint32]: ...
def uniforms(seed: int, purpose: int, patients: ArrayLike, draws: int, n: int, /) -> NDArray[float64]: ...
def normals(seed: int, purpose: int, patients: ArrayLike, draws: int, n: int, /) -> NDArray[float64]: ...
def expm(K: ArrayLike, t: ArrayLike, /) -> NDArray[float64]: ...
def cholesky_small(A: ArrayLike, /) -> tuple[NDArray[float64], NDArray[int8]]: ...
def cholesky_solve_small(L: ArrayLike, B: ArrayLike, /) -> NDArray[float64]: ...

# linear Kalman filter and smoother: csrc/binding/linear.c
def kalman_filter(
    y: ArrayLike,
    F: ArrayLike,
    H: ArrayLike,
    Q: ArrayLike,
    R: ArrayLike,
    x0: ArrayLike,
    P0: ArrayLike,
    *,
    G: ArrayLike | None = None,
    c: ArrayLike | None = None,
    d: ArrayLike | None = None,
    lengths: ArrayLike | None = None,
    outputs: tuple[str, ...],
    path: int = 0,
    threads: int = 1,
    progress: Callable[[float], object] | None = None,
) -> dict[str, Any]: ...
