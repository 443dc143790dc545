"""filterpy, a step of a series after the other."""

from __future__ import annotations

import math

import numpy as np
from filterpy.kalman import KalmanFilter
from linear_work import Array, Work


def _filter(work: Work) -> KalmanFilter:
    kf = KalmanFilter(work.n, 1)
    kf.F, kf.H, kf.Q, kf.R = work.F, work.H, work.Q, work.R
    return kf


def _begin(kf: KalmanFilter, work: Work) -> None:
    kf.x, kf.P = work.x0[:, None].copy(), work.P0.copy()


def likelihood(work: Work) -> dict[str, Array]:
    """ln p(y), from the innovation and its variance, quicker than its own property, and the last mean."""
    kf, loglike, last = _filter(work), [], []
    for y in work.y:
        _begin(kf, work)
        total = 0.0
        for t, value in enumerate(y[:, 0].tolist()):
            if t:
                kf.predict()
            if not math.isnan(value):
                kf.update(value)
                f = float(kf.S[0, 0])
                total -= 0.5 * (math.log(2 * math.pi * f) + float(kf.y[0, 0]) ** 2 / f)
        loglike.append(total)
        last.append(kf.x[:, 0])
    return {"loglike": np.array(loglike), "last": np.array(last)}


def _batch(kf: KalmanFilter, work: Work, y: Array) -> tuple[Array, Array]:
    _begin(kf, work)
    mean, cov, _, _ = kf.batch_filter(
        [None if math.isnan(v) else v for v in y[:, 0].tolist()], update_first=True
    )
    return mean, cov


def filtered(work: Work) -> dict[str, Array]:
    kf = _filter(work)
    found = [_batch(kf, work, y) for y in work.y]
    return {"mean": np.array([m[..., 0] for m, _ in found]), "cov": np.array([c for _, c in found])}


def smoothed(work: Work) -> dict[str, Array]:
    kf = _filter(work)
    found = [kf.rts_smoother(*_batch(kf, work, y)) for y in work.y]
    return {"mean": np.array([f[0][..., 0] for f in found]), "cov": np.array([f[1] for f in found])}
