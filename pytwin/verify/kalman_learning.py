"""Learning: EM of the robot, kalman/CASES.md, section 8; gradients against complex steps."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pytwin import kalman
from pytwin.reference.kalman_gradient import gradient as complex_step
from pytwin.verify.case import Case, at_least
from pytwin.verify.kalman_properties import gappy, model
from pytwin.verify.kalman_published import robot_arrays
from pytwin.verify.linear_tables import near
from pytwin.verify.run import Context

SYMMETRIC = ("Q", "R", "P0")
WANTED = ("F", "H", "Q", "R", "x0", "P0", "c", "d")


def cases(context: Context) -> Iterator[Case]:
    yield from robot(context)
    yield from gradients()


def robot(context: Context) -> Iterator[Case]:
    """50 iterations for Q and R."""
    source = "pykalman's robot; kalman/CASES.md, section 8"
    y, own, p = robot_arrays(context)
    start = own | {"Q": 10 * np.eye(5), "R": 10 * np.eye(2)}
    got = kalman.em(y, **start, learn=("Q", "R"), iterations=50, tol=0.0)
    found = np.asarray(got.loglike).reshape(-1)
    yield near("robot, EM: 50 log-likelihoods", p["em_loglik_50"], found, source=source, absolute=1e-9)
    yield at_least(
        "robot, EM: least gain of an iteration", 0.0, float(np.diff(found).min()), source="a property"
    )
    for name in ("Q", "R"):
        yield near(
            f"robot, EM: {name}", p[name], got.arrays[name], source=source, absolute=1e-10, relative=1e-10
        )


def gradients() -> Iterator[Case]:
    """Of two gappy series of random models, with a proper start and with a diffuse one."""
    rng = np.random.default_rng(8)
    for n, m in ((2, 1), (4, 2)):
        own = model(rng, n, m) | {"c": rng.normal(size=n), "d": rng.normal(size=m)}
        y = gappy(rng, 20, m)
        got = kalman.gradient(y, **own, wanted=WANTED)
        for name in WANTED:
            expected = complex_step(y, own | {"G": np.eye(n)}, name)
            expected = (expected + expected.T) / 2 if name in SYMMETRIC else expected
            yield near(
                f"{n} states, {m} observed: gradient by {name}", expected, got.wrt[name],
                source="complex step", absolute=1e-9, relative=1e-9,
            )  # fmt: skip
        root = rng.normal(size=(n, n - 1))
        got = kalman.gradient(y, **own, diffuse=root @ root.T, wanted=WANTED)
        for name in WANTED:
            expected = complex_step(y, own | {"G": np.eye(n)}, name, root @ root.T)
            expected = (expected + expected.T) / 2 if name in SYMMETRIC else expected
            yield near(
                f"{n} states, {m} observed, {n - 1} diffuse: gradient by {name}", expected, got.wrt[name],
                source="complex step", absolute=1e-9, relative=1e-9,
            )  # fmt: skip
