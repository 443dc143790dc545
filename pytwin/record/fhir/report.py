"""DiagnosticReport: the Observations inside it count, those that it points to are read on their own."""

from __future__ import annotations

from msgspec import Raw

from pytwin.errors import InputError
from pytwin.formats.fhir import Head, Observation, Reference
from pytwin.formats.fhir_care import DiagnosticReport
from pytwin.formats.jsontext import ShapeError, decode
from pytwin.record.event import Event
from pytwin.record.fhir.bundle import Entry
from pytwin.record.fhir.context import Context
from pytwin.record.fhir.observation import read_observation
from pytwin.record.time import NAT

_TAKEN_BACK = ("cancelled", "entered-in-error")


def contained_observations(ctx: Context) -> list[tuple[Raw, Head, int]]:
    """(text, head, index) of the Observations that a resource contains."""
    found = []
    for index, raw in enumerate(ctx.contained):
        try:
            head = decode(raw, Head)
        except (ShapeError, InputError):
            ctx.issue("fhir.shape", "a contained resource is malformed", f"/contained/{index}", "left out")
            continue
        if head.resourceType == "Observation":
            found.append((raw, head, index))
    return found


def read_report(ctx: Context, report: DiagnosticReport) -> list[Event]:
    """Events of the results that a report contains.

    A contained result without a subject or time of its own has those of the report; a report that is
    taken back takes its results with it.
    """
    return read_contained(ctx, report)


def read_contained(ctx: Context, report: DiagnosticReport | Observation) -> list[Event]:
    """Events of the Observations that a report or panel contains."""
    events: list[Event] = []
    inside = contained_observations(ctx)
    for raw, head, index in inside:
        place = f"{ctx.entry.place}/contained/{index}"
        part = Context(Entry(raw, ctx.entry.file, place, "", head), ctx.resources)
        item = part.read(raw, Observation)
        if _other_subject(item.subject, report.subject):
            message = "a contained result about somebody else"
            part.issue("fhir.other-subject", message, "/subject", "left out: it may be another person's")
        else:
            rows = read_observation(part, _with_time(item, report))
            events += [_placed(ctx, row, head.id, index) for row in rows]
        ctx.issues += part.issues
    if events and report.status in _TAKEN_BACK:
        reason = f"status.{report.status}"
        ctx.issue(reason, "the report is taken back with its results", "/status", "kept, not usable")
        events = [row._replace(valid=False, usable=False, reason=row.reason or reason) for row in events]
    return events


def _other_subject(own: Reference | None, shared: Reference | None) -> bool:
    """Whether a contained result names another subject than what contains it."""
    return bool(own and own.reference and shared and shared.reference and own.reference != shared.reference)


def _with_time(item: Observation, report: DiagnosticReport | Observation) -> Observation:
    stated = item.effectiveDateTime or item.effectiveInstant or item.effectivePeriod or item.effectiveTiming
    if not stated:
        item.effectiveDateTime = report.effectiveDateTime
        item.effectivePeriod = report.effectivePeriod
    if not item.issued:
        item.issued = report.issued
    return item


def _placed(ctx: Context, row: Event, anchor: str, index: int) -> Event:
    """A row of the containing resource, with the anchor of the contained one in its identity."""
    whole = ctx.entry.place
    part = row.place.removeprefix(f"{whole}/contained/{index}").removeprefix("#")
    identity = f"{ctx.entry.key}#{anchor or index}" if ctx.entry.head.id else ""
    return row._replace(
        place=f"{whole}#contained/{index}" + (f"/{part}" if part else ""),
        id=identity,
        recorded=row.recorded if row.recorded != NAT else ctx.updated,
    )
