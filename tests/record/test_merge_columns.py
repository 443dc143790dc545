"""Merging by columns: against the definition, row by row, whatever the order and the files."""

from __future__ import annotations

import random

import pytest

from pytwin.record.event import Event
from pytwin.record.merge import content, merge, sort_key
from pytwin.record.record import Record
from pytwin.record.table import EventTable
from pytwin.record.time import NAT

RETRACTED = ("entered-in-error", "cancelled", "not-done", "not-taken")
RANK = {"preliminary": -1, "registered": -2, "corrected": 1, "amended": 2}


def made(rng: random.Random) -> list[list[Event]]:
    """Files of events of which many repeat, replace or take back others."""

    def event() -> Event:
        return Event(
            time=rng.choice([NAT, 0, 1]),
            kind=rng.choice(["observation", "administration", "order"]),
            name=rng.choice("ab"),
            value=rng.choice([float("nan"), 1.0, 0.0, -0.0]),
            status=rng.choice(["final", "preliminary", "amended", "entered-in-error"]),
            recorded=rng.choice([NAT, 5, 6]),
            id=rng.choice(["", "x", "y", "z"]),
        )

    return [[event() for _ in range(rng.randint(0, 6))] for _ in range(rng.randint(0, 4))]


def placed(parts: list[list[Event]]) -> list[list[Event]]:
    """Each event at a place of its own in its file."""
    return [
        [row._replace(patient="p", source=f"file {i}", place=f"line {n}") for n, row in enumerate(rows)]
        for i, rows in enumerate(parts)
    ]


def version(row: Event) -> tuple[object, ...]:
    retracted = row.status in RETRACTED
    recorded = 2**63 if retracted and row.recorded == NAT else row.recorded
    return recorded, retracted, RANK.get(row.status, 0), content(row), sort_key(row)


def slow(rows: list[Event]) -> list[tuple[object, ...]]:
    """What stays: the last version of each id, then one of those that say the same where that is proof."""
    last: dict[str, Event] = {}
    for row in rows:
        if row.id and (row.id not in last or version(row) > version(last[row.id])):
            last[row.id] = row
    left = [row for row in rows if not row.id] + list(last.values())
    kept: list[Event] = []
    for row in sorted(left, key=lambda r: (content(r), r.id)):
        proof = row.kind != "administration" and row.time != NAT
        twins = [other for other in kept if content(other) == content(row)]
        if not twins or not (proof or any(other.id == row.id for other in twins)):
            kept.append(row)
    return sorted(content(row) for row in kept)


def fast(parts: list[list[Event]]) -> EventTable:
    return merge([EventTable(rows) for rows in parts])[0]


@pytest.mark.parametrize("seed", range(5))
def test_columns_say_what_the_definition_says(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(40):
        files = placed(made(rng))
        table = fast(files)
        assert sorted(map(content, table)) == slow([row for rows in files for row in rows])
        assert table.time.tolist() == sorted(table.time.tolist())


@pytest.mark.parametrize("seed", range(5))
def test_order_and_files_and_repeats_leave_the_hash(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(20):
        once = [row for rows in placed(made(rng)) for row in rows]
        wanted = Record.from_tables("p", [EventTable(once)])
        mixed = rng.sample(once, len(once))
        split = [EventTable(mixed[i::3]) for i in range(3)]
        assert Record.from_tables("p", split).hash == wanted.hash
        assert Record.from_tables("p", [*split, EventTable(once)]).hash == wanted.hash
        assert wanted.merged(wanted).hash == wanted.hash
