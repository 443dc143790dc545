from collections.abc import Callable
from typing import Any, Final, final

from numpy import dtype, float64, int8, uint32
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
def philox(seed: int, purpose: int, patient: int, draw: int, step: int, n: int, /) -> NDArray[uint32]: ...
def uniforms(seed: int, purpose: int, patients: ArrayLike, draws: int, n: int, /) -> NDArray[float64]: ...
def normals(seed: int, purpose: int, patients: ArrayLike, draws: int, n: int, /) -> NDArray[float64]: ...
def expm(K: ArrayLike, t: ArrayLike, /) -> NDArray[float64]: ...
def cholesky_small(A: ArrayLike, /) -> tuple[NDArray[float64], NDArray[int8]]: ...
def cholesky_solve_small(L: ArrayLike, B: ArrayLike, /) -> NDArray[float64]: ...

# Gaussians inside a box: csrc/binding/truncate.c
def truncate(
    mean: ArrayLike, cov: ArrayLike, lower: ArrayLike, upper: ArrayLike, *, threads: int = 1
) -> dict[str, Any]: ...

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
    gate: float = 0.0,
    student: float = 0.0,
    adapt_R: float = 0.0,
    adapt_Q: float = 0.0,
) -> dict[str, Any]: ...

# what a linear model becomes before it is filtered: csrc/binding/linear_models.c
def riccati(
    F: ArrayLike, H: ArrayLike, Q: ArrayLike, R: ArrayLike, S: ArrayLike | None = None
) -> NDArray[float64]: ...
def discretise(
    A: ArrayLike, Q: ArrayLike, t: ArrayLike, c: ArrayLike | None = None
) -> dict[str, NDArray[float64]]: ...

# models: csrc/binding/model.c, model_rows.c, simulate.c, schedules.c
METHODS: Final[dict[str, int]]
PLAN_DTYPE: Final[dtype[Any]]
DOSE_DTYPE: Final[dtype[Any]]
TRIGGER_DTYPE: Final[dtype[Any]]
ACTION_PARAM: Final[int]
ACTION_SCALE: Final[int]
ACTION_SLOPE: Final[int]
ACTION_RESET: Final[int]
ACTION_EVENT: Final[int]
ACTION_INFUSION_OFF: Final[int]
ACTION_BOLUS: Final[int]
ACTION_INFUSION_ON: Final[int]
ACTION_DOSE: Final[int]
ACTION_OBSERVE: Final[int]
ACTION_STOP: Final[int]

def model_names() -> tuple[str, ...]: ...

@final
class Model:
    def __new__(cls, name: str) -> Model: ...
    name: Final[str]
    title: Final[str]
    citation: Final[str]
    equations: Final[str]
    time_unit: Final[str]
    problem: Final[bool]
    noise: Final[bool]
    organs: Final[tuple[dict[str, Any], ...]]
    states: Final[tuple[dict[str, Any], ...]]
    params: Final[tuple[dict[str, Any], ...]]
    outputs: Final[tuple[dict[str, Any], ...]]
    doses: Final[tuple[dict[str, Any], ...]]
    events: Final[tuple[dict[str, Any], ...]]
    triggers: Final[tuple[dict[str, Any], ...]]
    delays: Final[tuple[dict[str, int], ...]]
    mass: Final[tuple[float, ...] | None]
    def initial(self, params: ArrayLike, /) -> NDArray[float64]: ...
    def rate(self, t: ArrayLike, x: ArrayLike, p: ArrayLike) -> NDArray[float64]: ...
    def output(self, t: ArrayLike, x: ArrayLike, p: ArrayLike) -> NDArray[float64]: ...
    def jvp(
        self, t: ArrayLike, x: ArrayLike, p: ArrayLike, xd: ArrayLike, pd: ArrayLike
    ) -> tuple[NDArray[float64], NDArray[float64]]: ...
    def pattern(self) -> tuple[NDArray[int8], NDArray[int8]]: ...
    def simulate(
        self,
        params: ArrayLike,
        x0: ArrayLike | None,
        start: float,
        actions: NDArray[Any],
        offsets: ArrayLike,
        times: ArrayLike,
        subject: ArrayLike | None = None,
        plan: ArrayLike | None = None,
        outputs: ArrayLike | None = None,
        *,
        doses: NDArray[Any] | None = None,
        dose_offsets: ArrayLike | None = None,
        triggers: NDArray[Any] | None = None,
        trigger_offsets: ArrayLike | None = None,
        kept: int = 64,
        method: int = 0,
        step: float = 0.0,
        first: ArrayLike | None = None,
        n_row: int = 0,
        in_order: int = 0,
        rtol: float = 1e-6,
        atol: float = 1e-9,
        atols: ArrayLike | None = None,
        step_first: float = 0.0,
        step_max: float = 0.0,
        max_steps: int = 100000,
        history: int = 0,
        directions: ArrayLike | None = None,
        sensitivity_error: int = 0,
        seed: int = 0,
        patient: ArrayLike | None = None,
        draw: ArrayLike | None = None,
        refine: int = 0,
        threads: int = 1,
        progress: Callable[[float], object] | None = None,
    ) -> dict[str, Any]: ...
    def steady(
        self,
        params: ArrayLike,
        *,
        x0: ArrayLike | None = None,
        rate: ArrayLike | None = None,
        fixed: ArrayLike | None = None,
        actions: NDArray[Any] | None = None,
        doses: NDArray[Any] | None = None,
        in_order: int = 0,
        start: float = 0.0,
        period: float = 0.0,
        rtol: float = 1e-9,
        atol: float = 1e-11,
        atols: ArrayLike | None = None,
        max_steps: int = 100000,
        method: int = 0,
        threads: int = 1,
        progress: Callable[[float], object] | None = None,
    ) -> dict[str, Any]: ...

# unscented Kalman filter of a model: csrc/binding/kalman.c
NONLINEAR_METHODS: Final[tuple[str, ...]]

def nonlinear(
    model: Any,
    theta: ArrayLike,
    scale: ArrayLike,
    *,
    mean: ArrayLike | None = None,
    cov: ArrayLike | None = None,
    state: ArrayLike | None = None,
    params: ArrayLike,
    Q: ArrayLike,
    start: ArrayLike,
    end: ArrayLike,
    patient: ArrayLike | None = None,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    actions: NDArray[Any],
    action_offsets: ArrayLike,
    doses: NDArray[Any] | None = None,
    obs_time: ArrayLike,
    obs_output: ArrayLike,
    obs_value: ArrayLike,
    obs_noise: ArrayLike,
    obs_a: ArrayLike,
    obs_b: ArrayLike,
    obs_censor: ArrayLike,
    obs_offsets: ArrayLike,
    method: str = "ukf",
    alpha: float = ...,
    beta: float = ...,
    kappa: float = ...,
    n_node: int = 0,
    form: int = 0,
    n_member: int = 100,
    inflation: float = 1.0,
    rotate: bool = False,
    radius: float = 0.0,
    period: float = 0.0,
    positions: ArrayLike | None = None,
    n_particle: int = 1000,
    resample: float = 0.5,
    jitter: float = 0.0,
    n_draw: int = 0,
    lag: int = 0,
    max_iter: int = 10,
    damping: float = 0.0,
    tolerance: float = 0.0,
    seed: int = 0,
    gate: float = 0.0,
    robust: float = 0.0,
    student: float = 0.0,
    past: int = 0,
    noise_step: float = 24.0,
    smooth: bool = False,
    trace: bool | int = False,
    keep: bool = False,
    ode_method: int = 0,
    step: float = 0.0,
    rtol: float = 1e-6,
    atol: float = 1e-9,
    max_steps: int = 100000,
    threads: int = 1,
    progress: Callable[[float], object] | None = None,
) -> dict[str, NDArray[Any]]: ...
