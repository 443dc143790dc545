"""Ctrl-C and progress in a computation that has released the interpreter's lock."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from pytwin import _core

pytestmark = pytest.mark.core

# Far more work than the test waits for; the interruption ends it.
# A child of a job in the background inherits that SIGINT is ignored, so it takes up the handler itself.
LONG = """
import signal
import numpy as np
from pytwin import _core
signal.signal(signal.SIGINT, signal.default_int_handler)
model = _core.Model("hamberg2010")
people = np.tile([field["value"] for field in model.params], (200_000, 1))
doses = np.array([(24.0 * d, _core.ACTION_BOLUS, 0, 5.0) for d in range(200)], dtype=_core.PLAN_DTYPE)
print("ready", flush=True)
model.simulate(people, None, 0.0, doses, [0, len(doses)], [4800.0], threads=2)
"""


def test_interrupt_ends_a_computation() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LONG], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        start = time.monotonic()
        _, errors = process.communicate(timeout=60)
        assert time.monotonic() - start < 20
    assert "KeyboardInterrupt" in errors


def run(progress: object) -> None:
    model = _core.Model("hamberg2010")
    people = np.tile([field["value"] for field in model.params], (500, 1))
    nothing = np.zeros(0, dtype=_core.PLAN_DTYPE)
    model.simulate(people, None, 0.0, nothing, [0, 0], [100.0], progress=progress)


def test_progress_rises_to_one() -> None:
    seen: list[float] = []
    run(seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert all(0 <= share <= 1 for share in seen)


def test_error_of_a_callback_comes_through() -> None:
    def refuse(share: float) -> None:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        run(refuse)
