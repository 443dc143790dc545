"""Every function of the core when memory runs out, and over many calls.

The nth allocation fails for every n until the call goes through: each time a MemoryError, never a crash, and
the core holds no block afterwards. Many calls, right and wrong, leave no memory behind in the interpreter.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

from pytwin import _core
from pytwin.errors import PytwinError

pytestmark = pytest.mark.core

MODEL = _core.Model("hamberg2010")
PARAMS = np.array([[field["value"] for field in MODEL.params]] * 5)
STATES = MODEL.initial(PARAMS)
BOLUS = _core.ACTION_BOLUS
DOSES = np.array([(0.0, BOLUS, 0, 5.0), (9.0, BOLUS, 0, 5.0)], dtype=_core.PLAN_DTYPE)
TIMES = np.arange(0.0, 60.0, 12.0)
SMALL = np.eye(3)[None] * 2.0


def simulate(threads: int = 1) -> object:
    return MODEL.simulate(PARAMS, None, 0.0, DOSES, [0, 2], TIMES, threads=threads)


def linear_filter(n: int) -> object:
    one = np.ones((1, 1, 1, 1))
    eye = np.eye(n)[None, None]
    start = np.zeros((2, n)), np.tile(np.eye(n), (2, 1, 1))
    y, row = np.ones((2, 4, 1)), np.ones((1, 1, 1, n))
    return _core.kalman_filter(y, eye, row, eye, one, *start, outputs=("loglike", "mean", "cov"))


CALLS: dict[str, Callable[[], object]] = {
    "Model": lambda: _core.Model("hamberg2007"),
    "initial": lambda: MODEL.initial(PARAMS),
    "rate": lambda: MODEL.rate(np.zeros(5), STATES, PARAMS),
    "output": lambda: MODEL.output(np.zeros(5), STATES, PARAMS),
    "jvp": lambda: MODEL.jvp(np.zeros(5), STATES, PARAMS, STATES, PARAMS),
    "pattern": MODEL.pattern,
    "simulate": simulate,
    "simulate on two threads": lambda: simulate(2),
    "linear filter in lanes": lambda: linear_filter(3),
    "linear filter on BLAS": lambda: linear_filter(40),
    "expm": lambda: _core.expm(SMALL, [1.0]),
    "cholesky": lambda: _core.cholesky_small(SMALL),
    "normals": lambda: _core.normals(1, 0, [1, 2], 3, 4),
}
WRONG: dict[str, Callable[[], object]] = {
    "no such model": lambda: _core.Model("nobody"),
    "too few parameters": lambda: MODEL.initial(PARAMS[:, :3]),
    "times out of order": lambda: MODEL.simulate(PARAMS, None, 0.0, DOSES, [0, 2], TIMES[::-1].copy()),
    "not an array": lambda: _core.expm("x", [1.0]),
    "wrong shape": lambda: _core.expm(np.eye(3), [1.0]),
}


@pytest.mark.parametrize("name", CALLS)
def test_every_allocation_may_fail(name: str, no_leak: None, failed_allocations: Any) -> None:
    assert failed_allocations(CALLS[name]) >= 0


def growth(call: Callable[[], object], times: int) -> int:
    """Bytes that the interpreter holds more after many calls than before them."""

    def repeat() -> None:
        for _ in range(times):
            with suppress(PytwinError, ValueError, TypeError):
                call()

    repeat()
    gc.collect()
    tracemalloc.start()
    try:
        repeat()
        before = tracemalloc.get_traced_memory()[0]
        repeat()
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", [*CALLS, *WRONG])
def test_many_calls_leave_nothing_behind(name: str, no_leak: None) -> None:
    # Where PYTHONMALLOC=malloc the interpreter itself takes up to 25 kB on its first thousand errors.
    times = 200 if name in CALLS else 2000
    assert growth({**CALLS, **WRONG}[name], times) < 24 * times  # less than the smallest object a call


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_is_an_input_error(name: str) -> None:
    with pytest.raises(PytwinError) as error:
        WRONG[name]()
    assert isinstance(error.value, ValueError)
    assert error.value.code.startswith("core.")
