"""The unscented filter on Hovorka's model of glucose: a day of a sensor every five minutes, one core.

A thousand different people (``glucose_work``) eat four meals with boluses. The filter knows body weight,
doses and meals; ten states and the logarithms of seven parameters, which begin at their typical values, are
learned from 288 readings with an error of 0.5 mmol/L. Process noise an hour: states 1 %, parameters 3 %.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import glucose_work
import numpy as np
from machine import peak
from numpy.typing import NDArray
from peers import hovorka_ukf
from row import Row, median_seconds

from pytwin import _core

Array = NDArray[np.float64]
THETA = ("F01", "EGP0", "k12", "SIT", "SID", "SIE", "tmaxG")
PRIOR_SD, STATE_SD, FLOOR = 0.2, 0.1, 1e-3
STATE_WALK, THETA_WALK = 0.01, 0.03  # an hour
STEP, SD = 5.0, 0.5
RTOL = 1e-6
PEOPLE, SAMPLE = 1000, 20
GOAL = 5.0  # s for a thousand days
SAME = 0.01  # of a posterior SD, and of a log-likelihood


@dataclass(frozen=True)
class Days:
    """A call of the core for n people; ``readings`` (n, 288)."""

    job: glucose_work.HovorkaJob
    call: dict[str, Any]
    readings: Array

    def run(self, **options: Any) -> dict[str, NDArray[Any]]:
        found = _core.nonlinear(**self.call | options)
        if found["status"].any():
            raise RuntimeError(f"{np.count_nonzero(found['status'])} people failed")
        return found


def days(n: int) -> Days:
    """n people and their readings."""
    job = glucose_work.hovorka(n, step=STEP)
    model = _core.Model("hovorka")
    times = job.times[1:]
    noise = _core.normals(7, _core.PURPOSE["TEST"], np.arange(n), 1, len(times))[:, 0]
    readings = job.run(rtol=1e-8, atol=1e-10)[:, 1:] + SD * noise
    names = [p["name"] for p in model.params]
    theta = np.array([names.index(name) for name in THETA], dtype=np.int32)
    params = job.params.copy()
    params[:, theta] = [model.params[i]["value"] for i in theta]
    states = model.initial(params)
    mean = np.hstack([states, np.log(params[:, theta])])
    size = np.maximum(np.abs(states), FLOOR)
    variance = np.hstack([(STATE_SD * size) ** 2, np.full((n, len(theta)), PRIOR_SD**2)])
    walk = np.hstack([(STATE_WALK * size) ** 2, np.full((n, len(theta)), THETA_WALK**2)]) / 60
    unit, many = np.eye(mean.shape[1]), n * len(times)
    call = {
        "model": model,
        "theta": theta,
        "scale": np.ones(len(theta), np.int8),
        "mean": mean,
        "cov": variance[:, None, :] * unit,
        "params": params,
        "Q": walk[:, None, :] * unit,
        "start": np.zeros(n),
        "end": np.full(n, times[-1]),
        "actions": job.actions,
        "action_offsets": job.offsets,
        "obs_time": np.tile(times, n),
        "obs_output": np.zeros(many, np.int32),
        "obs_value": readings.ravel(),
        "obs_noise": np.zeros(many, np.int8),
        "obs_a": np.full(many, SD),
        "obs_b": np.zeros(many),
        "obs_censor": np.zeros(many, np.int8),
        "obs_offsets": np.arange(0, many + 1, len(times)),
        "noise_step": STEP,
        "rtol": RTOL,
        "atol": 1e-3 * RTOL,
    }
    return Days(job, call, readings)


def rows() -> Iterator[Row]:
    """A thousand days, beside NumPy with scipy on the first twenty people."""
    work = days(PEOPLE)
    seconds = median_seconds(work.run)
    ours = work.run()
    begin = time.perf_counter()
    found = [hovorka_ukf.Day(work.call, i).run() for i in range(SAMPLE)]
    peer = (time.perf_counter() - begin) / SAMPLE
    gap = max(distance(ours, i, *found[i]) for i in range(SAMPLE))
    yield Row(
        f"unscented filter on Hovorka, {PEOPLE:,} patient-days, 17 states and parameters, 288 readings each",
        seconds,
        "s",
        goal=GOAL,
        peer=f"NumPy, points together in scipy's solve_ivp, {SAMPLE} people",
        peer_value=peer * PEOPLE,
        note=f"largest difference {gap:.1e} posterior SDs; peak {peak():.0f} GFlop/s",
        agrees=gap < SAME,
    )


def distance(ours: dict[str, NDArray[Any]], i: int, mean: Array, loglike: float) -> float:
    """The larger of the means' difference in posterior SDs and the log-likelihoods'."""
    sd = np.sqrt(np.diag(ours["cov"][i]))
    away = float(np.abs((ours["mean"][i] - mean) / sd).max())
    return max(away, abs(float(ours["loglike"][i]) - loglike))
