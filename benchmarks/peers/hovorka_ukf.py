"""The unscented filter on the Hovorka model in NumPy, its points together in one call of scipy's solve_ivp.

What can be written around scipy with care: rows of points at once, no loop over them. Points, weights, the
places where they are clamped and the order of the variables are the core's, so that the moments agree.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from pytwin import _core
from pytwin.reference.kalman import SigmaRule

Array = NDArray[np.float64]
N_STATE, N_PARAM = 10, 20
MMOL_PER_G, MU_PER_U = 1000 / 180.16, 1000.0


def rates(x: Array, p: Array, meal: float, insulin: float) -> Array:
    """Derivatives (k, 10) of rows of states under rows of parameters in the sheet's order."""
    BW, VG, VI, F01, EGP0, k12, ka1, ka2, ka3, SIT, SID, SIE, tmaxG, AG, tmaxI, ke, GF, GR, kR, _ = p.T
    Q1, Q2, S1, S2, plasma, x1, x2, x3, D1, D2 = x.T
    volume = VG * BW
    spent = F01 * BW * np.minimum(1, Q1 / (GF * volume)) + kR * np.maximum(0, Q1 - GR * volume)
    there, back = x1 * Q1, k12 * Q2
    return np.stack([
        D2 / tmaxG + EGP0 * BW * np.maximum(0, 1 - x3) + back - there - spent,
        there - back - x2 * Q2,
        insulin - S1 / tmaxI,
        (S1 - S2) / tmaxI,
        S2 / (tmaxI * VI * BW) - ke * plasma,
        ka1 * (SIT * plasma - x1),
        ka2 * (SID * plasma - x2),
        ka3 * (SIE * plasma - x3),
        AG * meal - D1 / tmaxG,
        (D1 - D2) / tmaxG,
    ], axis=1)  # fmt: skip


class Day:
    """One person of ``nonlinear_hovorka``: the filter from the first reading to the last."""

    def __init__(self, call: dict[str, Any], i: int) -> None:
        self.theta = np.asarray(call["theta"])
        self.m, self.P = call["mean"][i].copy(), call["cov"][i].copy()
        self.params, self.Q = call["params"][i], call["Q"][i]
        rows = slice(call["obs_offsets"][i], call["obs_offsets"][i + 1])
        self.times, self.values = call["obs_time"][rows], call["obs_value"][rows]
        self.variance, self.rtol, self.atol = call["obs_a"][0] ** 2, call["rtol"], call["atol"]
        self.actions = call["actions"][slice(*call["action_offsets"][i : i + 2])]
        n = len(self.m)
        self.rule = SigmaRule(n, 1.0, 2.0, 3.0 - n)
        self.next, self.rate = 0, [0.0, 0.0]

    def points(self) -> Array:
        """Points of the moments; where some are clamped, the moments are theirs from then on."""
        X = self.rule.points(self.m, self.P, N_STATE)
        if (X[:, :N_STATE] < 0).any():
            X[:, :N_STATE] = np.maximum(X[:, :N_STATE], 0)
            self.moments(X)
        return X

    def moments(self, X: Array) -> None:
        w, D = 0.5 / self.rule.c, X - X[0]
        shift = w * D.sum(axis=0)
        self.m, self.P = X[0] + shift, w * D.T @ D + np.outer(shift, shift)

    def natural(self, X: Array) -> Array:
        p = np.tile(self.params, (len(X), 1))
        p[:, self.theta] = np.exp(X[:, N_STATE:])
        return p

    def events(self, end: float) -> Iterator[Any]:
        while self.next < len(self.actions) and self.actions[self.next]["time"] < end:
            yield self.actions[self.next]
            self.next += 1

    def act(self, action: Any, x: Array) -> None:
        port, value = int(action["index"]), float(action["value"])
        if action["kind"] == _core.ACTION_BOLUS:
            x[:, 8 if port == 0 else 2] += value * (MMOL_PER_G if port == 0 else MU_PER_U)
        else:
            self.rate[port] += value if action["kind"] == _core.ACTION_INFUSION_ON else -value

    def move(self, x: Array, p: Array, t0: float, t1: float) -> Array:
        if t1 <= t0:
            return x
        meal, insulin = self.rate[0] * MMOL_PER_G, self.rate[1] * MU_PER_U

        def f(t: float, flat: Array) -> Array:
            return rates(flat.reshape(x.shape), p, meal, insulin).ravel()

        done = solve_ivp(f, (t0, t1), x.ravel(), method="RK45", rtol=self.rtol, atol=self.atol)
        moved: Array = done.y[:, -1].reshape(x.shape)
        return moved

    def step(self, t0: float, t1: float) -> None:
        X = self.points()
        x, p, t = X[:, :N_STATE].copy(), self.natural(X), t0
        for action in self.events(t1):
            x = self.move(x, p, t, float(action["time"]))
            t = float(action["time"])
            self.act(action, x)
        X[:, :N_STATE] = self.move(x, p, t, t1)
        self.moments(X)
        self.P += self.Q * (t1 - t0)

    def observe(self, value: float) -> float:
        X = self.points()
        p = self.natural(X)
        h = X[:, 0] / (p[:, 1] * p[:, 0])
        w, e, D = 0.5 / self.rule.c, h - h[0], X - X[0]
        shift, shifts = w * e.sum(), w * D.sum(axis=0)
        var = w * e @ e + shift**2 + self.variance
        gain = (w * e @ D + shift * shifts) / var
        innovation = value - h[0] - shift
        self.m = self.m + gain * innovation
        E, left = D - e[:, None] * gain, shifts - shift * gain
        self.P = w * E.T @ E + np.outer(left, left) + self.variance * np.outer(gain, gain)
        return -0.5 * (math.log(2 * math.pi * var) + float(innovation**2 / var))

    def run(self) -> tuple[Array, float]:
        """Mean after the last reading, and ln p of all."""
        t, loglike = 0.0, 0.0
        for time, value in zip(self.times.tolist(), self.values.tolist(), strict=True):
            self.step(t, time)
            t, loglike = time, loglike + self.observe(value)
        return self.m, loglike
