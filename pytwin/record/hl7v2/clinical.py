"""AL1, IAM, DG1, PRB, PR1 and PV1: allergies, diagnoses, problems, procedures and visits."""

from __future__ import annotations

from collections.abc import Sequence

from pytwin.record.codes import condition_of
from pytwin.record.conditions import FAMILY_HISTORY_STEM, NO_KNOWN_ALLERGY
from pytwin.record.event import Event
from pytwin.record.hl7v2.context import Context, codings
from pytwin.record.hl7v2.message import Segment
from pytwin.record.reading import Coding, Fields, Verdict, at
from pytwin.record.time import MINUTE, NAT, Instant

_NONE_KNOWN = ("no known", "nka", "nkda", "nkfa", "none known")
_DELETED: Verdict = (False, "status.entered-in-error")
_CLASSES = {"I": ("IMP", "inpatient"), "O": ("AMB", "ambulatory"), "E": ("EMER", "emergency")}
_ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_CANCELS = ("A11", "A12", "A13", "A27", "A38")
_ENDS = ("A03", "A07")


def _named(found: Sequence[Coding]) -> Fields:
    """System, code and name of the condition that is recognised, else of the first coding."""
    for system, code, _ in found:
        name = condition_of(system, code)
        if name:
            return {"system": system, "code": code, "name": name}
    return dict(zip(("system", "code", "name"), found[0], strict=True)) if found else {}


def _judge(ctx: Context, action: str, element: str, deleted: str = "D") -> tuple[bool, str]:
    """Whether an action code takes the entry back."""
    return ctx.judge("deleted" if action == deleted else "", {"": (True, ""), "deleted": _DELETED}, element)


def _no_code(ctx: Context, named: Fields, element: str) -> str:
    if named:
        return ""
    ctx.issue("code.missing", "an entry without a code", element, "not usable", "error")
    return "code.missing"


def _event(ctx: Context, kind: str, instant: Instant, reason: str, fields: Fields) -> list[Event]:
    return [ctx.event(kind=kind, reason=reason, **{"recorded": ctx.message.sent, **at(instant), **fields})]


def read_allergy(ctx: Context, segment: Segment) -> list[Event]:
    """The event of an AL1 or IAM; a drug is named by its ingredient."""
    more = segment.name == "IAM"
    found = codings(segment.field(3))
    valid, reason = _judge(ctx, segment.text(6).upper() if more else "", "-6")
    named = dict(zip(("system", "code", "name"), found[0], strict=True)) if found else {}
    reason = reason or _no_code(ctx, named, "-3")
    drug = next((drug for coding in found for drug in (ctx.resolver.drug(*coding),) if drug), None)
    if drug:
        named["name"] = drug.name
    words = named.get("name", "").lower()
    if named.get("code") in NO_KNOWN_ALLERGY or words.startswith(_NONE_KNOWN):
        message = "a statement that no allergy is known"
        ctx.issue("allergy.none-known", message, "-3", "not an allergy", "note")
        valid, reason = False, reason or "allergy.none-known"
    reactions = "; ".join(cell.text(1) or cell.text(2) for cell in segment.repetitions(5))
    instant = ctx.first_time((segment, 11), (segment, 13)) if more else ctx.time(segment, 6)
    status = segment.text(17) if more else ""
    fields = {**named, "text": reactions, "valid": valid, "status": status or "active"}
    return _event(ctx, "allergy", instant, reason, fields)


def read_diagnosis(ctx: Context, segment: Segment) -> list[Event]:
    """The event of a DG1."""
    found = codings(segment.field(3), segment.text(2))
    described = segment.text(4)
    if not found and described:
        found = [("local", "", described)]
    valid, reason = _judge(ctx, segment.text(21).upper(), "-21")
    named = _named(found)
    status = {"A": "admitting", "W": "working", "F": "final"}.get(segment.text(6).upper(), segment.text(6))
    reason = reason or _no_code(ctx, named, "-3")
    if status == "working" and not reason:
        message = "a diagnosis that is not confirmed"
        ctx.issue("status.unconfirmed", message, "-6", "kept in the table, not usable", "note")
        reason = "status.unconfirmed"
    fields = {**named, "text": described, "valid": valid, "status": status}
    return _event(ctx, "condition", ctx.time(segment, 5), reason, fields)


def read_problem(ctx: Context, segment: Segment) -> list[Event]:
    """The event of a PRB."""
    valid, reason = _judge(ctx, segment.text(1).upper(), "-1", "DE")
    named = _named(codings(segment.field(3)))
    reason = reason or _no_code(ctx, named, "-3")
    if named and named["name"].lower().startswith(FAMILY_HISTORY_STEM):
        message = "a family history is not a condition of the patient"
        ctx.issue("condition.family-history", message, "-3", "kept in the table, not usable", "note")
        valid, reason = False, reason or "condition.family-history"
    end = ctx.time(segment, 9, note=False)
    fields = {
        **named,
        "text": segment.text(17),
        "valid": valid,
        "status": (segment.text(14) or segment.text(14, 2)).lower(),
        "until": end.us + end.width if end.us != NAT else NAT,
    }
    return _event(ctx, "condition", ctx.first_time((segment, 16), (segment, 7)), reason, fields)


def read_procedure(ctx: Context, segment: Segment) -> list[Event]:
    """The event of a PR1."""
    found = codings(segment.field(3), segment.text(2))
    described = segment.text(4)
    if not found and described:
        found = [("local", "", described)]
    valid, reason = _judge(ctx, segment.text(20).upper(), "-20")
    named = dict(zip(("system", "code", "name"), found[0], strict=True)) if found else {}
    reason = reason or _no_code(ctx, named, "-3")
    instant = ctx.time(segment, 5)
    if instant.us == NAT:
        ctx.issue("time.missing", "a procedure without a time", "-5", "not usable")
        reason = reason or "time.missing"
    minutes = segment.text(7)
    until = NAT
    if instant.us != NAT and minutes.isdigit() and len(minutes) < 7:
        until = instant.us + int(minutes) * MINUTE
    fields = {**named, "text": described, "valid": valid, "status": "completed", "until": until}
    return _event(ctx, "procedure", instant, reason, fields)


def read_visit(ctx: Context, segment: Segment) -> list[Event]:
    """The event of a PV1 that tells a visit's number or time; others only say where the patient is."""
    start, end = ctx.time(segment, 44, note=False), ctx.time(segment, 45, note=False)
    if not segment.text(19) and start.us == NAT:
        ctx.issue("encounter.unspecified", "a visit without number and time", "", "left out", "note")
        return []
    found = segment.text(2).upper()
    code, name = _CLASSES.get(found, (found, found))
    trigger = ctx.message.trigger
    ended = end.us != NAT or trigger in _ENDS
    status = "cancelled" if trigger == "A11" else "finished" if ended else "in-progress"
    valid, reason = ctx.judge(
        status,
        {"finished": (True, ""), "in-progress": (True, ""), "cancelled": (False, "status.cancelled")},
        "",
    )
    if start.us == NAT:
        ctx.issue("time.missing", "a visit without a time", "-44", "not usable", "note")
        reason = reason or "time.missing"
    fields = {
        "system": _ACT if found in _CLASSES else "local",
        "code": code,
        "name": name,
        "text": code,
        "status": status,
        "valid": valid,
        "until": end.us + end.width if end.us != NAT else NAT,
        # messages about other things repeat a part of the visit, and take nothing back
        "recorded": ctx.message.sent if ctx.message.kind == "ADT" else NAT,
    }
    return _event(ctx, "encounter", start, reason, fields)
