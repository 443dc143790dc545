"""The pendulum of kalman/CASES.md, section 9: data, published moments, and a run of the core."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin import _core
from pytwin.verify.case import Case, at_most, equal
from pytwin.verify.linear_tables import table
from pytwin.verify.run import Context

Array = NDArray[np.float64]
SOURCE = "Sarkka & Svensson 2023; kalman/CASES.md, section 9"
DT = 0.01
EULER = 5  # csrc/ode/ode.h, pt_method
# Covariance of the noise of one step.
STEP_NOISE = 0.01 * np.array([[DT**3 / 3, DT**2 / 2], [DT**2 / 2, DT]])
COLUMNS = ("m1", "m2", "P11", "P12", "P22")


def run(y: Array, method: str, **options: Any) -> dict[str, Any]:
    """The core's filter and smoother of observations y (T,) at 0.01, 0.02, ..; z_0 ~ N(0, I) at time 0."""
    n = len(y)
    return _core.nonlinear(
        _core.Model("pendulum"),
        np.zeros(0, dtype=np.int32),
        np.zeros(0, dtype=np.int8),
        mean=np.zeros((1, 2)),
        cov=np.eye(2)[None],
        params=[[9.81]],
        Q=STEP_NOISE[None] / DT,
        start=[0.0],
        end=[n * DT],
        actions=np.zeros(0, _core.PLAN_DTYPE),
        action_offsets=[0, 0],
        obs_time=DT * np.arange(1, n + 1),
        obs_output=np.zeros(n, dtype=np.int32),
        obs_value=y,
        obs_noise=np.zeros(n, dtype=np.int8),
        obs_a=np.full(n, np.sqrt(0.1)),
        obs_b=np.zeros(n),
        obs_censor=np.zeros(n, dtype=np.int8),
        obs_offsets=[0, n],
        method=method,
        ode_method=EULER,
        step=DT,
        trace=True,
        **options,
    )


def moments(mean: Array, cov: Array) -> Array:
    """Columns m1, m2, P11, P12, P22, shape (T, 5)."""
    return np.column_stack([mean[:, 0], mean[:, 1], cov[:, 0, 0], cov[:, 0, 1], cov[:, 1, 1]])


def cases_of(
    context: Context, method: str, column: str, rmse: tuple[float, float | None], **options: Any
) -> Iterator[Case]:
    """Filter and smoother (None: not offered) against the published rows, relative to the size of each
    column."""
    data, published = table(context, "pendulum.csv"), table(context, "pendulum_expected.csv")
    got = run(data["y"], method, smooth=rmse[1] is not None, **options)
    yield equal(f"pendulum, {column}: status", 0, int(got["status"][0]), source=SOURCE)
    for kind, name, bound, error in (("f", "filtered", 1e-12, rmse[0]), ("s", "smoothed", 1e-11, rmse[1])):
        if error is None:
            continue
        found = moments(got[f"{name}_mean"], got[f"{name}_cov"])
        want = np.column_stack([published[f"{column}_{kind}_{c}"] for c in COLUMNS])
        gap = float((np.abs(found - want) / np.abs(want).max(axis=0)).max())
        yield at_most(f"pendulum, {column}, {name}: largest error of a moment", bound, gap, source=SOURCE)
        angle = float(np.sqrt(np.mean((found[:, 0] - data["x1"]) ** 2)))
        yield equal(
            f"pendulum, {column}, {name}: RMSE of the angle", error, angle, relative=1e-11, source=SOURCE
        )
