"""Tolerances by state, the first and the largest step, and the room that a call takes."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from pytwin import _core

from .conftest import actions, daily, params_of, run

pytestmark = pytest.mark.core

NOTHING = actions()
MODEL = "hamberg2010"


def test_equal_tolerances_are_the_one_of_all() -> None:
    times, plan = np.linspace(0, 100, 9), daily(5, 4)
    one = run(MODEL, params_of(MODEL), plan, times, rtol=1e-7, atol=1e-8)
    each = run(MODEL, params_of(MODEL), plan, times, rtol=1e-7, atol=1.0, atols=np.full(8, 1e-8))
    assert one["y"].tobytes() == each["y"].tobytes()


def test_a_state_with_a_wide_tolerance_takes_no_part() -> None:
    """Glucose without its own control is worse than with it, and no worse than what is left asks for."""
    row, times = params_of("hovorka"), np.linspace(0, 300, 21)
    plan = actions((10, _core.ACTION_BOLUS, 0, 50), (10, _core.ACTION_BOLUS, 1, 4))
    x0 = _core.Model("hovorka").initial(row[None])
    tight = run("hovorka", row, plan, times, x0=x0, rtol=1e-12, atol=1e-13)["y"][0, :, 0]
    loose = np.full(10, 1e3)
    errors = []
    for own in (1e-6, 1e3):
        loose[:2] = own
        y = run("hovorka", row, plan, times, x0=x0, rtol=1e-14, atols=loose)["y"][0, :, 0]
        errors.append(np.abs(y - tight).max())
    assert errors[0] < 1e-5
    assert errors[1] > 100 * errors[0]


@pytest.mark.parametrize("method", ["auto", "dopri5", "rodas"])
def test_bits_with_tolerances_by_state(method: str) -> None:
    n, times = 70, np.linspace(0, 60, 5)
    rows = params_of(MODEL) * np.exp(0.2 * np.random.default_rng(5).standard_normal((n, 11)))
    options = {"atols": np.geomspace(1e-9, 1e-5, 8), "rtol": 1e-6, "method": _core.METHODS[method]}
    all_ = run(MODEL, rows, daily(5, 3), times, **options)["y"]
    assert all_.tobytes() == run(MODEL, rows, daily(5, 3), times, threads=2, **options)["y"].tobytes()
    back = run(MODEL, rows[::-1], daily(5, 3), times, **options)["y"][::-1]
    assert all_.tobytes() == back.tobytes()
    assert all_[3].tobytes() == run(MODEL, rows[3], daily(5, 3), times, **options)["y"].tobytes()


def test_the_largest_step() -> None:
    """max_steps of the largest step are just enough for the interval, and one fewer are not."""
    row = params_of(MODEL)
    free = run(MODEL, row, NOTHING, [100.0], rtol=1e-3, max_steps=40)
    bound = run(MODEL, row, NOTHING, [100.0], rtol=1e-3, step_max=1.0, max_steps=40)
    assert free["status"][0] == 0 and bound["status"][0] == _core.STATUS["STEP_LIMIT"][0]
    assert run(MODEL, row, NOTHING, [100.0], rtol=1e-3, step_max=1.0, max_steps=130)["status"][0] == 0


def test_the_first_step() -> None:
    """One that is far too long is taken back: the result stays within the tolerance."""
    p, x = params_of("lorenz"), [1.0, 2.0, 20.0]
    tight = run("lorenz", p, NOTHING, [1.0], x0=x, rtol=1e-12, atol=1e-12)["y"]
    for first in (1e-9, 0.9):
        y = run("lorenz", p, NOTHING, [1.0], x0=x, rtol=1e-8, atol=1e-8, step_first=first)["y"]
        np.testing.assert_allclose(y, tight, rtol=1e-5)
        assert (y != run("lorenz", p, NOTHING, [1.0], x0=x, rtol=1e-8, atol=1e-8)["y"]).any()


@pytest.mark.parametrize("name", ["step_max", "step_first"])
def test_bad_steps(name: str) -> None:
    for value in (-1.0, np.nan):
        with pytest.raises(ValueError, match="step"):
            run("lorenz", params_of("lorenz"), NOTHING, [1.0], **{name: value})


PEAK = """
import resource, sys
import numpy as np
from pytwin import _core
model = _core.Model("hovorka")
n, times, threads = 4000, np.arange(0.0, 1441.0), int(sys.argv[1])
rows = np.tile([f["value"] for f in model.params], (n, 1))
x0 = model.initial(rows)
plan = np.zeros(0, dtype=_core.PLAN_DTYPE)
where = np.zeros(n, dtype=np.int64)
def run(n, times):
    return model.simulate(rows[:n], x0[:n], 0.0, plan, [0, 0], times, np.arange(n), where[:n],
                          np.array([0], dtype=np.int32), threads=threads)
run(50, times[:2])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = run(n, times)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
own = sum(np.asarray(a).nbytes for a in found.values() if a is not None)
print((after - before) * (1 if sys.platform == "darwin" else 1024) - own)
"""


@pytest.mark.parametrize("threads", [1, 2])
def test_room_beyond_the_outputs(threads: int) -> None:
    """At most 64 MB a thread; measured is far less."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(threads)], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < threads * 64e6
