"""filterpy's unscented filter, one patient after another in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
from filterpy.kalman import MerweScaledSigmaPoints, UnscentedKalmanFilter
from numpy.typing import NDArray

from pytwin.reference import henon_heiles

Array = NDArray[np.float64]


def run(y: Array, job: dict[str, Any]) -> Array:
    """Filtered means (T, 4) of one patient's observations (T, 2).

    Points are drawn anew before each update, as ours and dynamax's are.
    """
    dt = float(job["dt"])
    points = MerweScaledSigmaPoints(4, alpha=1.0, beta=2.0, kappa=-1.0)
    ukf = UnscentedKalmanFilter(
        4,
        2,
        dt,
        hx=henon_heiles.output,
        fx=lambda z, dt: z + dt * henon_heiles.rate(z),
        points=points,
    )
    ukf.x, ukf.P = job["x0"].copy(), job["P0"].copy()
    ukf.Q, ukf.R = job["Q"], job["R"]
    means = np.empty((len(y), 4))
    for k, seen in enumerate(y):
        if k:
            ukf.predict()
        ukf.sigmas_f = points.sigma_points(ukf.x, ukf.P)
        ukf.update(seen)
        means[k] = ukf.x
    return means
