"""The suite `simulation` of `pytwin verify`, part by part, as tests."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

import pytwin.verify
from pytwin import _core, models
from pytwin.verify import simulation, simulation_invariance
from pytwin.verify.run import Context

PARTS = [name for name in simulation.PARTS if name != "invariance"]


def failures(cases) -> list[str]:
    return [f"{c.name}: expected {c.expected}, got {c.got}" for c in cases if not c.passed and not c.info]


def test_every_part_is_in_the_suite() -> None:
    found = {
        p.stem.removeprefix("simulation_")
        for p in Path(pytwin.verify.__file__).parent.glob("simulation_*.py")
    }
    assert found == set(simulation.PARTS)


@pytest.mark.core
@pytest.mark.parametrize("name", models(problems=True))
def test_bits_depend_on_nothing_but_the_lane(name: str) -> None:
    crowd = simulation_invariance.Crowd.of(name, 40)
    assert (
        failures(
            simulation_invariance.invariance(crowd, m) for m in simulation_invariance.methods(crowd.model)
        )
        == []
    )


def test_a_difference_is_seen() -> None:
    crowd = simulation_invariance.Crowd.of("hamberg2010", 9)
    run = crowd.run

    class Faulty(simulation_invariance.Crowd):
        def run(self, method, lanes, threads=1):
            found = run(method, lanes, threads)
            found["y"][0, -1, 0] += 1e-15 * (len(lanes) == 1)
            return found

    faulty = Faulty(crowd.model, crowd.params, crowd.schedules, crowd.times, crowd.step)
    case = simulation_invariance.invariance(faulty, "auto")
    assert not case.passed and "alone" in case.got


@pytest.mark.reference
@pytest.mark.parametrize("part", PARTS)
def test_cases(part: str, reference: Path) -> None:
    module = import_module(f"pytwin.verify.simulation_{part}")
    assert failures(module.cases(Context(reference))) == []


def test_methods_are_those_of_the_core() -> None:
    used = {m for name in models(problems=True) for m in simulation_invariance.methods(pytwin.Model(name))}
    assert used == set(_core.METHODS)
