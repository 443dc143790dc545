"""Procedure, Immunization and Encounter: what was done for the patient."""

from __future__ import annotations

from typing import Any

from pytwin.formats.fhir import CodeableConcept, Period
from pytwin.formats.fhir_care import Encounter, Immunization, Procedure
from pytwin.record.codes import route_of, system_name
from pytwin.record.event import Event
from pytwin.record.fhir.context import Context, Verdict, codings
from pytwin.record.time import NAT, UNKNOWN, Instant

_ERROR = (False, "status.entered-in-error")
_NOT_DONE = (False, "status.not-done")
_PROCEDURE: dict[str, Verdict] = {
    "completed": (True, ""),
    "in-progress": (True, ""),
    "preparation": (True, "status.not-final"),
    "on-hold": (True, "status.on-hold"),
    "suspended": (True, "status.on-hold"),
    "stopped": (True, "status.stopped"),
    "aborted": (True, "status.stopped"),
    "not-done": _NOT_DONE,
    "entered-in-error": _ERROR,
}
_IMMUNIZATION: dict[str, Verdict] = {
    "completed": (True, ""),
    "in-progress": (True, ""),
    "on-hold": (True, "status.on-hold"),
    "stopped": (True, "status.stopped"),
    "not-done": _NOT_DONE,
    "entered-in-error": _ERROR,
}
_ENCOUNTER: dict[str, Verdict] = {
    **{status: (True, "") for status in ("arrived", "triaged", "in-progress", "onleave", "finished")},
    **{status: (True, "") for status in ("on-hold", "discharged", "completed")},
    "planned": (True, "status.not-final"),
    "cancelled": (False, "status.cancelled"),
    "discontinued": (True, "status.stopped"),
    "entered-in-error": _ERROR,
}


def _named(ctx: Context, concept: CodeableConcept | None, element: str) -> dict[str, str]:
    """System, code, name and text of the first coding."""
    found = codings(concept)
    if not found:
        ctx.issue("fhir.no-code", "a resource without a code", element, "not usable", "error")
        return {}
    names = dict(zip(("system", "code", "name"), found[0], strict=True))
    return {**names, "text": concept.text if concept else ""}


def _when(ctx: Context, moment: str, period: Period | None, element: str) -> tuple[Instant, int]:
    """Begin and end of something that is stated as an instant or a period."""
    if moment:
        return ctx.time(moment, f"{element}DateTime"), NAT
    return ctx.period(period, f"{element}Period")


def _event(
    ctx: Context, kind: str, verdict: Verdict, names: dict[str, str], time: Instant, **fields: Any
) -> list[Event]:
    valid, reason = verdict
    if time.us == NAT:
        ctx.issue("time.missing", "a resource without a time", "", "not usable", "warning")
    late = "" if names else "fhir.no-code"
    reason = (
        reason or ("fhir.shape" if ctx.broken else "") or late or ("time.missing" if time.us == NAT else "")
    )
    place = {"time": time.us, "width": time.width, "offset": time.offset}
    return [ctx.event(kind=kind, valid=valid, reason=reason, **{**names, **place, **fields})]


def read_procedure(ctx: Context, procedure: Procedure) -> list[Event]:
    """The event of a Procedure."""
    verdict = ctx.judge(procedure.status, _PROCEDURE)
    time, until = _when(ctx, procedure.performedDateTime, procedure.performedPeriod, "/performed")
    names = _named(ctx, procedure.code, "/code")
    return _event(ctx, "procedure", verdict, names, time, until=until, status=procedure.status)


def read_immunization(ctx: Context, given: Immunization) -> list[Event]:
    """The event of an Immunization."""
    verdict = ctx.judge(given.status, _IMMUNIZATION)
    time = ctx.time(given.occurrenceDateTime, "/occurrenceDateTime") if given.occurrenceDateTime else UNKNOWN
    recorded = ctx.time(given.recorded, "/recorded", note=False).us
    names = _named(ctx, given.vaccineCode, "/vaccineCode")
    route = next(((code, name) for _, code, name in codings(given.route)), ("", ""))
    fields = {"recorded": recorded, "status": given.status, "route": route_of(*route)}
    return _event(ctx, "immunization", verdict, names, time, **fields)


def read_encounter(ctx: Context, encounter: Encounter) -> list[Event]:
    """The event of an Encounter: its first type, else its class; the class is its text."""
    verdict = ctx.judge(encounter.status, _ENCOUNTER)
    time, until = _when(ctx, "", encounter.period, "/")
    kind = encounter.class_
    names: dict[str, str] = {}
    if codings(encounter.type[0] if encounter.type else None):
        names = _named(ctx, encounter.type[0], "/type/0")
    elif kind and (kind.code or kind.display):
        names = {"system": system_name(kind.system), "code": kind.code, "name": kind.display or kind.code}
    else:
        ctx.issue("fhir.no-code", "a resource without a code", "/type", "not usable", "error")
    names = {**names, "text": kind.code or kind.display} if names and kind else names
    return _event(ctx, "encounter", verdict, names, time, until=until, status=encounter.status)
