"""Versions, duplicates and order: from events as read to the rows of a record.

The result does not depend on the order in which events were read: of several versions of one
resource the latest stays; rows that say the same become one. Whole columns are compared; only
where something is there more than once are its rows looked at one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.issues import Issue, Severity
from pytwin.record.digest import SAID_BY_ROW, SAID_BY_SHAPE, origin_digests, row_digests
from pytwin.record.event import COLUMNS, Event
from pytwin.record.log import IssueLog
from pytwin.record.table import EventTable
from pytwin.record.time import NAT

# what an event says, without where it was found
CONTENT = tuple(name for name in COLUMNS if name in (*SAID_BY_ROW, *SAID_BY_SHAPE))
_RETRACTED = ("entered-in-error", "cancelled", "not-done", "not-taken")
_RANK = {"preliminary": -1, "registered": -2, "corrected": 1, "amended": 2}
_ORDER = ("kind", "system", "code", "name", "unit")
_content = attrgetter(*CONTENT)
_FIRST = float("-inf")  # stands for NaN, which has no order and equals nothing

Flags = NDArray[np.bool_]
Index = NDArray[np.intp]


def content(event: Event) -> tuple[Any, ...]:
    """What the event says, as a key that compares equal for equal events."""
    values: Any = _content(event)
    return tuple([_FIRST if value != value else value for value in values])  # noqa: PLR0124 - finds NaN


def sort_key(event: Event) -> tuple[Any, ...]:
    """Order among rows of one instant: content, then identity, then where it was found."""
    return (*content(event), event.id, event.source, event.place)


def _version_key(rows: list[Event]) -> tuple[Any, ...]:
    """Later versions sort last: by time of recording, retraction and status."""
    first = rows[0]
    retracted = first.status in _RETRACTED
    # a retraction without a date cannot be shown to be old: it wins
    recorded = 2**63 if retracted and first.recorded == NAT else first.recorded
    return recorded, retracted, _RANK.get(first.status, 0), sorted(content(row) for row in rows)


def _note(
    log: IssueLog, code: str, message: str, event: Event, action: str, severity: Severity = "note"
) -> None:
    place = f"{event.source}:{event.place}" if event.place else event.source
    log.add(code, message, place, action, severity)


def _ranks(table: EventTable, name: str, column: NDArray[np.int32]) -> NDArray[np.int64]:
    """Ranks of the texts of a column in alphabetical order."""
    used, inverse = np.unique(column, return_inverse=True)
    texts = [table.strings[i] for i in used]
    rank = np.empty(len(used), np.int64)
    rank[sorted(range(len(used)), key=texts.__getitem__)] = np.arange(len(used))
    return rank[inverse]


def _occurrence(table: EventTable, parts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Per row, one column for each thing that tells two occurrences of a resource apart, (n, 3)."""
    forms = table.shapes["place"]
    base = {code: table.strings[code].partition("#")[0] for code in np.unique(forms).tolist()}
    number: dict[tuple[int, str], int] = {}
    keys = zip(table.shapes["source"].tolist(), forms.tolist(), strict=True)
    shape = [number.setdefault((source, base[form]), len(number)) for source, form in keys]
    return np.stack([np.array(shape, np.int64)[table.varying["shape"]], table.position, parts], axis=1)


def _repeated(table: EventTable, parts: NDArray[np.int64]) -> Iterator[list[Index]]:
    """For each resource that is there more than once, the rows of each occurrence."""
    identity = table.codes("id").astype(np.int64) << 32 | table.codes("patient")
    rows = np.flatnonzero(table.codes("id"))
    if not len(rows):
        return
    occurrence = _occurrence(table, parts)
    rows = rows[np.lexsort((*occurrence[rows].T, identity[rows]))]
    same = identity[rows[1:]] == identity[rows[:-1]]
    other = (occurrence[rows[1:]] != occurrence[rows[:-1]]).any(axis=1)
    starts = np.flatnonzero(np.concatenate(([True], ~same)))
    several = np.unique(np.searchsorted(starts, np.flatnonzero(same & other), side="right") - 1)
    ends = np.append(starts[1:], len(rows))
    for group in several.tolist():
        members = slice(starts[group], ends[group])
        cuts = np.flatnonzero(other[starts[group] : ends[group] - 1]) + 1
        yield np.split(rows[members], cuts)


def _latest(table: EventTable, parts: NDArray[np.int64], log: IssueLog) -> Flags:
    """Which rows stay when one version of each resource is kept."""
    keep = np.ones(len(table), np.bool_)
    for occurrences in _repeated(table, parts):
        versions = [(rows, table[rows].rows) for rows in occurrences]
        versions.sort(key=lambda version: (_version_key(version[1]), sorted(map(sort_key, version[1]))))
        _report_versions([events for _, events in versions], log)
        for rows, _ in versions[:-1]:
            keep[rows] = False
    return keep


def _report_versions(versions: list[list[Event]], log: IssueLog) -> None:
    said = sorted(content(row) for row in versions[-1])
    for rows in versions[:-1]:
        if sorted(content(row) for row in rows) == said:
            _note(log, "record.duplicate", "a resource is there more than once", rows[0], "one was kept")
        else:
            message = "a resource has a later version"
            _note(log, "record.replaced", message, rows[0], "the later one was kept")


def _order(table: EventTable, digests: NDArray[np.uint64]) -> Index:
    """Rows by patient, time, kind and code, then by what else they say."""
    levels = [_ranks(table, name, table.shapes[name]) for name in _ORDER]
    shape_order = np.lexsort(levels[::-1])
    ranked = np.stack(levels, axis=1)[shape_order]
    rank = np.zeros(len(ranked), np.int64)
    rank[shape_order[1:]] = np.cumsum((ranked[1:] != ranked[:-1]).any(axis=1))
    patient = _ranks(table, "patient", table.codes("patient"))
    return np.lexsort((digests[:, 1], digests[:, 0], rank[table.varying["shape"]], table.time, patient))


def _unique(table: EventTable, digests: NDArray[np.uint64], log: IssueLog) -> Flags:
    """Which rows of a table in order stay when rows with the same content become one.

    Rows of resources with ids of their own stay apart where being the same is no proof of being one: doses
    that were given, and events without a time.
    """
    keep = np.ones(len(table), np.bool_)
    if not len(table):
        return keep
    first = np.concatenate(([True], (digests[1:] != digests[:-1]).any(axis=1)))
    group = np.cumsum(first) - 1
    rows = np.flatnonzero(np.bincount(group)[group] > 1)
    # of rows that say the same, the order is that of their origin
    rows = rows[np.lexsort((origin_digests(table[rows]), group[rows]))]
    leads = np.concatenate(([True], group[rows[1:]] != group[rows[:-1]])) if len(rows) else first[:0]
    lead = rows[np.maximum.accumulate(np.where(leads, np.arange(len(rows)), 0))]
    same_id = table.codes("id")[rows] == table.codes("id")[lead]
    proof = (table.codes("kind")[rows] != table.code_of("administration")) & (table.time[rows] != NAT)
    keep[rows[~leads & (same_id | proof)]] = False
    _report_same(table, rows[~leads & (same_id | proof)], "record.duplicate", log)
    apart = ~leads & ~same_id & ~proof & (table.time[rows] != NAT)
    _report_same(table, rows[apart], "record.possible-duplicate", log)
    return keep


_SAME: dict[str, tuple[str, str, Severity]] = {
    "record.duplicate": ("two events say the same", "one was kept", "note"),
    "record.possible-duplicate": (
        "two administrations say the same under different ids",
        "both were kept",
        "warning",
    ),
}


def _report_same(table: EventTable, rows: Index, code: str, log: IssueLog) -> None:
    listed = rows[: log.room(code)]
    for event in table[listed]:
        message, action, severity = _SAME[code]
        _note(log, code, message, event, action, severity)
    if len(rows) > len(listed):
        log.repeat(code, len(rows) - len(listed))


def merge(tables: Sequence[EventTable]) -> tuple[EventTable, list[Issue]]:
    """Resolve versions and duplicates and put events in order.

    Parameters
    ----------
    tables : sequence of EventTable
        As read, of one or more patients. Rows of one table with one id, source and place (up to a
        ``#``) are one resource; those of two tables never are.

    Returns
    -------
    (EventTable, list of Issue)
        By patient, then in order of time; events without a time come first.
    """
    log = IssueLog()
    table = EventTable.concat(tables)
    parts = np.repeat(np.arange(len(tables)), [len(t) for t in tables])
    table = table[np.flatnonzero(_latest(table, parts, log))]
    digests = row_digests(table)
    order = _order(table, digests)
    table, digests = table[order], digests[order]
    return table[np.flatnonzero(_unique(table, digests, log))], list(log.issues())
