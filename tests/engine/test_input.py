"""What does not fit is an error that names the argument; memory that runs out and Ctrl-C are errors too."""

from __future__ import annotations

import pickle
import signal
import threading
import time
from typing import Any

import numpy as np
import pytest

from pytwin import InputError, _core

from .conftest import actions, daily, params_of

pytestmark = pytest.mark.core

MODEL = "hamberg2010"
BOLUS, ON, OFF = _core.ACTION_BOLUS, _core.ACTION_INFUSION_ON, _core.ACTION_INFUSION_OFF


def call(**changes: Any) -> Any:
    given: dict[str, Any] = {
        "params": np.tile(params_of(MODEL), (3, 1)), "x0": None, "start": 0.0, "actions": daily(5, 2),
        "offsets": [0, 2], "times": [0.0, 24.0], "subject": None, "plan": None, "outputs": None,
    }  # fmt: skip
    given.update(changes)
    return _core.Model(MODEL).simulate(**given)


BAD = [
    ({"params": np.zeros((3, 4))}, "params has length 4 on axis 1, expected 11"),
    ({"params": np.zeros(11)}, "params has 1 dimensions, expected 2"),
    ({"params": "abc"}, "params can't be read"),
    ({"x0": np.zeros((3, 7))}, "x0 has length 7 on axis 1, expected 8"),
    ({"x0": np.zeros((2, 8))}, "x0 has 2 rows, expected 3"),
    ({"start": np.nan}, "start is not a finite number"),
    ({"times": [24.0, 0.0]}, "times[1] is before the one before"),
    ({"times": [-1.0, 0.0]}, "times[0] is before start"),
    ({"times": [0.0, np.inf]}, "times[1]"),
    ({"subject": [0, 1, 3]}, "subject[2] is outside 0 .. 2"),
    ({"subject": [0, -1]}, "subject[1] is outside 0 .. 2"),
    ({"plan": [0, 1, 0]}, "plan[1] is outside 0 .. 0"),
    ({"plan": [0, 0]}, "params has 3 rows, expected 2"),
    ({"subject": [0, 0], "plan": [0, 0, 0]}, "plan has 3 rows, expected 2"),
    ({"outputs": [10]}, "outputs[0] is outside 0 .. 9"),
    ({"offsets": [0]}, "offsets needs at least two entries"),
    ({"offsets": [0, 3]}, "offsets[1] does not ascend within the actions"),
    ({"offsets": [2, 0]}, "offsets[1] does not ascend within the actions"),
    ({"actions": np.zeros(2)}, "actions can't be read as a flat array of ('time', 'kind', 'index', 'value')"),
    ({"actions": daily(5, 2)[::-1]}, "actions[1] of plan 0: times are not in order"),
    ({"actions": actions((0, BOLUS, 1, 5.0), (0, BOLUS, 0, 5.0))}, "actions[0] of plan 0"),
    ({"actions": actions((0, 99, 0, 5.0), (0, BOLUS, 0, 5.0))}, "actions[1] of plan 0"),
    ({"actions": actions((0, BOLUS, 0, np.nan), (1, BOLUS, 0, 5.0))}, "infinite or not a number"),
    ({"actions": actions((0, ON, 0, 1.0), (1, OFF, 0, 2.0))}, "actions[1] of plan 0"),
    ({"rtol": 0.0}, "rtol is at least 1e-14"),
    ({"atol": -1.0}, "rtol is at least 1e-14"),
    ({"max_steps": 0}, "rtol is at least 1e-14"),
    ({"atols": np.ones(3)}, "atols has length 3 on axis 0, expected 8"),
    ({"atols": np.zeros(8)}, "atols[0] is not positive"),
    ({"doses": np.zeros(2)}, "doses can't be read as a flat array of ('port', 'steady'"),
    ({"offsets": [0, 2, 2], "doses": np.zeros(1, _core.DOSE_DTYPE)}, "dose_offsets is needed"),
]


@pytest.mark.parametrize(("changes", "text"), BAD, ids=[t for _, t in BAD])
def test_bad_input_is_named(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError) as caught:
        call(**changes)
    assert text in str(caught.value)


def test_arguments_are_named() -> None:
    with pytest.raises(TypeError, match="unexpected argument 'tolerance'"):
        call(tolerance=1)
    with pytest.raises(TypeError, match="argument 'times' is missing"):
        _core.Model(MODEL).simulate(np.zeros((1, 11)), None, 0.0, daily(5, 2), [0, 2])
    with pytest.raises(TypeError, match="at most 9 arguments by position, found 10"):
        _core.Model(MODEL).simulate(*range(10))
    with pytest.raises(TypeError, match="argument 'params' is given twice"):
        _core.Model(MODEL).simulate(np.zeros((1, 11)), params=np.zeros((1, 11)))


def test_states_are_outputs_behind_the_outputs() -> None:
    found = call(outputs=[1, *range(2, 10)], times=[0.0, 10.0, 24.0])
    assert found["y"][:, -1, 1:].tobytes() == found["x_end"].tobytes()
    alone = call(outputs=[1], times=[0.0, 10.0, 24.0])
    assert alone["y"][..., 0].tobytes() == found["y"][..., 0].tobytes()


def test_good_input_passes() -> None:
    assert call()["y"].shape == (3, 2, 2)
    assert call(times=[])["y"].shape == (3, 0, 2)
    assert call(params=np.zeros((0, 11)))["y"].shape == (0, 2, 2)
    assert call(subject=[2, 2, 0, 1], plan=[0, 0, 0, 0], outputs=[1])["y"].shape == (4, 2, 1)


def test_rows_that_do_not_fit() -> None:
    model = _core.Model(MODEL)
    with pytest.raises(InputError, match="x has length 3 on axis 1, expected 8"):
        model.rate(0.0, np.zeros((2, 3)), np.zeros((2, 11)))
    with pytest.raises(InputError, match="p has length 1 on axis 0, expected 2"):
        model.rate(0.0, np.zeros((2, 8)), np.zeros((1, 11)))
    with pytest.raises(InputError, match="t has length 3 on axis 0, expected 2"):
        model.output([0.0, 1.0, 2.0], np.zeros((2, 8)), np.zeros((2, 11)))


def test_unknown_model_and_immutable_type() -> None:
    with pytest.raises(InputError, match="unknown-model"):
        _core.Model("hamberg1066")
    with pytest.raises(AttributeError):
        _core.Model(MODEL).name = "other"
    with pytest.raises(TypeError):
        _core.Model.name = "other"
    copy = pickle.loads(pickle.dumps(_core.Model(MODEL)))  # noqa: S301
    assert copy.name == MODEL and type(copy).__module__ == "pytwin._core"


@pytest.mark.parametrize("threads", [1, 2])
def test_every_allocation_failing_in_turn(threads: int, failed_allocations: Any) -> None:
    params = np.tile(params_of(MODEL), (100, 1))
    assert failed_allocations(lambda: call(threads=threads, params=params)) > 2


def long_call(**options: Any) -> Any:
    plan, n = daily(5, 3650), 20000
    return _core.Model(MODEL).simulate(
        np.atleast_2d(params_of(MODEL)), None, 0.0, plan, [0, len(plan)], [87600.0],
        np.zeros(n, dtype=np.int64), None, rtol=1e-10, atol=1e-12, **options,
    )  # fmt: skip


def test_ctrl_c_stops_a_long_simulation() -> None:
    live, begun = _core._alloc_live(), time.monotonic()
    # Python leaves SIGINT alone where it began with it ignored, as in a job in the background.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            long_call()
    finally:
        signal.signal(signal.SIGINT, before)
    assert time.monotonic() - begun < 10 and _core._alloc_live() == live


def test_progress_is_reported_and_its_exception_stops() -> None:
    seen: list[float] = []
    _core.Model(MODEL).simulate(
        np.tile(params_of(MODEL), (5000, 1)), None, 0.0, daily(5, 30), [0, 30], [720.0], progress=seen.append
    )
    assert seen and seen == sorted(seen) and seen[0] >= 0 and seen[-1] == 1

    def refuse(share: float) -> None:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        long_call(progress=refuse)
