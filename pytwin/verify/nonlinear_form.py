"""The square-root form of sigma points: the plain form's numbers, and its own where those fail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin import _core
from pytwin.verify import pendulum
from pytwin.verify.case import Case, at_most
from pytwin.verify.linear_tables import table
from pytwin.verify.run import Context

Array = NDArray[np.float64]

SETS: dict[str, tuple[str, dict[str, Any]]] = {
    "UKF": ("ukf", {}),
    "UKF, negative centre weight": ("ukf", {"alpha": 1.0, "beta": 0.0, "kappa": 1.0}),
    "CKF": ("ckf", {}),
    "GHKF": ("ghkf", {"n_node": 5}),
}

# A pendulum that hardly feels its weight, seen twice within a microsecond and then a second later by a sensor
# of 1e-10: after the third look angle and rate are correlated to all but 1e-14.
TIMES, SD, GRAVITY, VARIANCES = (0.0, 1e-6, 1.0, 2.0), 1e-10, 1e-6, (1e-6, 1.0)
VALUES = tuple(SD * v for v in (1.0, -1.0, 2.0, 1.0))
# Variances of angle and rate, and log-likelihood, after the last: sixty digits, tests/kalman/test_form.py.
EXACT_VARIANCES = (8.183932738990765e-21, 3.636499601493916e-21)
EXACT_LOGLIKE = 46.23762729700714
SOURCE = "the same filter with sixty digits (mpmath)"


def cases(context: Context) -> Iterator[Case]:
    y = table(context, "pendulum.csv")["y"]
    for name, (method, options) in SETS.items():
        plain, root = (pendulum.run(y, method, form=form, **options) for form in (0, 1))
        error = max(
            float(np.abs(root[k] - plain[k]).max() / np.abs(plain[k]).max())
            for k in ("filtered_mean", "filtered_cov", "loglike")
        )
        yield at_most(
            f"pendulum, square roots, {name}: from the plain form, relative",
            1e-10,
            error,
            source="the plain form",
        )
    plain_error, root_error = errors(0), errors(1)
    yield at_most("nearly singular pendulum, square roots: largest error", 1e-9, root_error, source=SOURCE)
    yield at_most(
        "nearly singular pendulum: error of square roots as a share of the plain form's",
        1e-3,
        root_error / plain_error,
        source=SOURCE,
    )


def errors(form: int) -> float:
    """Largest relative error of the variances and of the log-likelihood."""
    found = nearly_singular(form)
    got = np.append(np.diag(found["cov"][0]), found["loglike"])
    want = np.array([*EXACT_VARIANCES, EXACT_LOGLIKE])
    return float(np.abs(got / want - 1).max())


def nearly_singular(form: int) -> dict[str, Any]:
    """The core's unscented filter, one Euler step between looks."""
    n = len(TIMES)
    return _core.nonlinear(
        _core.Model("pendulum"),
        np.zeros(0, dtype=np.int32),
        np.zeros(0, dtype=np.int8),
        mean=np.zeros((1, 2)),
        cov=np.diag(VARIANCES)[None],
        params=[[GRAVITY]],
        Q=np.zeros((1, 2, 2)),
        start=[0.0],
        end=[TIMES[-1]],
        actions=np.zeros(0, _core.PLAN_DTYPE),
        action_offsets=[0, 0],
        obs_time=TIMES,
        obs_output=np.zeros(n, dtype=np.int32),
        obs_value=VALUES,
        obs_noise=np.zeros(n, dtype=np.int8),
        obs_a=np.full(n, SD),
        obs_b=np.zeros(n),
        obs_censor=np.zeros(n, dtype=np.int8),
        obs_offsets=[0, n],
        ode_method=pendulum.EULER,
        step=2.0,
        rtol=1e-12,
        form=form,
        trace=True,
    )
