"""Versions, duplicates and order: from events as read to the rows of a record.

The result does not depend on the order in which events were read: of several versions of one
resource the latest stays; rows that say the same become one.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import Any

from pytwin.issues import Issue
from pytwin.record.table import COLUMNS, Event
from pytwin.record.time import NAT

# what an event says, without where it was found
CONTENT = tuple(n for n in COLUMNS if n not in ("source", "place", "changes", "recorded", "id"))
_RETRACTED = ("entered-in-error", "cancelled", "not-done", "not-taken")
_RANK = {"preliminary": -1, "registered": -2, "corrected": 1, "amended": 2}
_content = attrgetter(*CONTENT)
_FIRST = float("-inf")  # stands for NaN, which has no order and equals nothing


def content(event: Event) -> tuple[Any, ...]:
    """What the event says, as a key that compares equal for equal events."""
    values: Any = _content(event)
    return tuple([_FIRST if value != value else value for value in values])  # noqa: PLR0124 - finds NaN


def sort_key(event: Event) -> tuple[Any, ...]:
    """Order of the rows of a record: time first, then content, then identity."""
    return (*content(event), event.id)


def _version_key(rows: list[Event]) -> tuple[Any, ...]:
    """Later versions sort last: by time of recording, retraction and status."""
    first = rows[0]
    retracted = first.status in _RETRACTED
    # a retraction without a date cannot be shown to be old: it wins
    recorded = 2**63 if retracted and first.recorded == NAT else first.recorded
    return recorded, retracted, _RANK.get(first.status, 0), sorted(content(row) for row in rows)


def _note(code: str, message: str, event: Event, action: str, severity: Any = "note") -> Issue:
    place = f"{event.source}:{event.place}" if event.place else event.source
    return Issue(code, message, place, action, severity)


def by_resource(events: Iterable[Event]) -> list[list[Event]]:
    """Rows that came from one resource together: same id, file and place up to a ``#``."""
    groups: dict[tuple[str, str, str], list[Event]] = {}
    loose: list[list[Event]] = []
    for event in events:
        if event.id:
            key = event.id, event.source, event.place.partition("#")[0]
            groups.setdefault(key, []).append(event)
        else:
            loose.append([event])
    return [*groups.values(), *loose]


def _latest(resources: Iterable[list[Event]], issues: list[Issue]) -> list[Event]:
    """Keep one version of each resource that has an id."""
    kept: list[Event] = []
    by_id: dict[str, list[list[Event]]] = {}
    for rows in resources:
        if rows and rows[0].id:
            by_id.setdefault(rows[0].id, []).append(rows)
        else:
            kept += rows
    for versions in by_id.values():
        if len(versions) > 1:
            versions.sort(key=_version_key)
            _report_versions(versions, issues)
        kept += versions[-1]
    return kept


def _report_versions(versions: list[list[Event]], issues: list[Issue]) -> None:
    last = versions[-1]
    said = sorted(content(row) for row in last)
    for rows in versions[:-1]:
        if sorted(content(row) for row in rows) == said:
            issues.append(
                _note("record.duplicate", "a resource is there more than once", rows[0], "one was kept")
            )
        else:
            issues.append(
                _note("record.replaced", "a resource has a later version", rows[0], "the later one was kept")
            )


def _unique(events: list[Event], issues: list[Issue]) -> list[Event]:
    """Make rows with the same content one.

    Rows of resources with ids of their own stay apart where being the same is no proof of being one: doses
    that were given, and events without a time.
    """
    seen: dict[tuple[Any, ...], Event] = {}
    kept: list[Event] = []
    for event in events:
        first = seen.get(said := content(event))
        if first is None:
            seen[said] = event
            kept.append(event)
            continue
        if event.id == first.id or (event.kind != "administration" and event.time != NAT):
            issues.append(_note("record.duplicate", "two events say the same", event, "one was kept"))
            continue
        kept.append(event)
        if event.time != NAT:
            message = "two administrations say the same under different ids"
            issues.append(_note("record.possible-duplicate", message, event, "both were kept", "warning"))
    return kept


def merge(resources: Iterable[list[Event]]) -> tuple[list[Event], list[Issue]]:
    """Resolve versions and duplicates and put events in order.

    Parameters
    ----------
    resources : iterable of list of Event
        The rows of each resource, as read; rows of one resource share their ``id``.

    Returns
    -------
    (list of Event, list of Issue)
    """
    issues: list[Issue] = []
    kept = _latest(resources, issues)
    kept.sort(key=lambda event: (*sort_key(event), event.source, event.place))
    return _unique(kept, issues), issues
