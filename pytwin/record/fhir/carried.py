"""Resources that pytwin wrote: what FHIR lacks stands in extensions, and is put back.

What stands there is the difference from what the resource says by itself, so that it holds for this resource
alone: it carries a seal over both, and of a resource that somebody changed it is not used.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Raw

from pytwin.errors import InputError
from pytwin.formats.fhir import Extension, Patient
from pytwin.formats.jsontext import ShapeError, decode
from pytwin.record.carry import loaded, person_of, restored, written
from pytwin.record.event import Event
from pytwin.record.fhir.context import Context
from pytwin.record.fhir.patient import death_of, read_person
from pytwin.record.record import PatientInfo

URL = "urn:pytwin:event"
_URL = URL.encode()
# what a server may add or write anew; whose a resource is depends on the form of the file
_UNSEALED = frozenset(("id", "meta", "text", "identifier", "language", "subject", "patient", "encounter"))
SHARED = "row#"  # how the place of rows begins that are one resource, and stand in several
_SEAL = 16  # hexadecimal digits


def seal(resource: Mapping[str, Any], content: Mapping[str, Any]) -> str:
    """A digest of what a resource says and of what stands beside it.

    The order of elements and the digits of numbers make no difference.
    """
    said = {name: value for name, value in resource.items() if name not in _UNSEALED}
    others = [one for one in said.pop("extension", []) if one.get("url") != URL]
    said |= {"extension": others} if others else {}
    text = json.dumps([_plain(said), content], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_SEAL]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return float(value) if isinstance(value, (int, Decimal)) and not isinstance(value, bool) else value


def extension(content: Mapping[str, Any], resource: Mapping[str, Any]) -> dict[str, str]:
    """The extension of a resource that holds some content."""
    return {"url": URL, "valueString": written({"seal": seal(resource, content), **content})}


def has_content(extensions: Sequence[Raw]) -> bool:
    """Whether any extension is one of pytwin's."""
    return any(_URL in bytes(raw) for raw in extensions)


def _content(ctx: Context, extensions: Sequence[Raw]) -> dict[str, Any] | None:
    """What stands in a resource's extension; None where there is nothing that may be used."""
    try:
        stated = [decode(raw, Extension) for raw in extensions if _URL in bytes(raw)]
        content = next((loaded(one.valueString) for one in stated if one.url == URL), None)
        if content is None:
            return None
        if content.pop("seal", "") == seal(json.loads(bytes(ctx.entry.raw)), content):
            return content
    except (InputError, ShapeError, AttributeError, TypeError, ValueError, OverflowError, RecursionError):
        _damaged(ctx)
        return None
    message = "a resource was changed after pytwin wrote it"
    ctx.issue("carry.stale", message, "/extension", "what pytwin wrote beside it is not used")
    return None


def _damaged(ctx: Context) -> None:
    message = "what pytwin wrote beside a resource is damaged"
    ctx.issue("carry.malformed", message, "/extension", "read without it", "error")


def put_back(ctx: Context, extensions: Sequence[Raw], events: list[Event]) -> list[Event]:
    """The events of a resource with what FHIR lacks."""
    content = _content(ctx, extensions) if has_content(extensions) else None
    return events if content is None else _rows(ctx, content, events)


def _rows(ctx: Context, content: Mapping[str, Any], events: list[Event]) -> list[Event]:
    rows = content.get("rows", [])
    try:
        if not isinstance(rows, list) or len(rows) != len(events):
            raise InputError("carry.malformed", "what pytwin wrote beside a resource is damaged")
        return [_row(event, row) for event, row in zip(events, rows, strict=True) if row is not None]
    except InputError:
        _damaged(ctx)
        return events


def _row(event: Event, content: Any) -> Event:
    if not isinstance(content, dict):
        raise InputError("carry.malformed", "what pytwin wrote beside a resource is damaged")
    return restored(event, content)


Person = tuple[PatientInfo, dict[str, str], list[Event], Patient]


def read_patient(ctx: Context) -> Person:
    """A person with what FHIR lacks: facts, genotypes, the event of a death, and the resource."""
    info, patient = read_person(ctx)
    content = _content(ctx, patient.extension) if has_content(patient.extension) else None
    genotypes: dict[str, str] = {}
    deaths = death_of(ctx, info)
    if content is None:
        return info, genotypes, deaths, patient
    if "person" in content:
        try:
            info, genotypes = person_of(content)
        except InputError:
            _damaged(ctx)
    return info, genotypes, _rows(ctx, content, deaths) if "rows" in content else deaths, patient
