"""Small records for the tests of the twin: built from events, no file is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from pytwin.genome import Genome
from pytwin.record.record import PatientInfo, Record
from pytwin.record.table import Event
from pytwin.record.time import parse_time

from . import events as ev

Maker = Callable[..., Record]


@pytest.fixture(scope="session")
def make() -> Maker:
    """A man of 71 with atrial fibrillation, and the events given."""

    def build(
        events: Sequence[Event] = (),
        *,
        sex: str | None = "male",
        birth: str | None = "1953-07-01",
        **more: Any,
    ) -> Record:
        born = parse_time(birth) if birth else None
        info = PatientInfo(more.pop("id", "P"), birth=born, sex=sex, race=more.pop("race", "White"), **more)
        return Record.from_events(info, [ev.condition("atrial fibrillation"), *events])

    return build


@pytest.fixture(scope="session")
def wild() -> Genome:
    return Genome.from_diplotypes({"CYP2C9": "*1/*1", "VKORC1": "G/G"})


@pytest.fixture(scope="session")
def sensitive() -> Genome:
    return Genome.from_diplotypes({"CYP2C9": "*1/*3", "VKORC1": "A/G"})


@pytest.fixture(scope="session")
def course() -> list[Event]:
    """Five milligrams at 10 h, 34 h, ... for ten days; INR before and under treatment."""
    doses = [ev.given(10 + 24 * day, 5.0) for day in range(10)]
    values = {0: 1.1, 72: 1.4, 120: 1.9, 168: 2.2, 240: 2.6}
    return [*doses, *(ev.inr(h, v) for h, v in values.items())]
