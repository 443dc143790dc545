"""Problems, allergies, procedures and encounters."""

from __future__ import annotations

from pytwin.record.ccda.element import Element, Section, attribute, child, children
from pytwin.record.codes import condition_of
from pytwin.record.conditions import FAMILY_HISTORY_STEM, NO_KNOWN_ALLERGY
from pytwin.record.event import Event
from pytwin.record.reading import Coding, Fields, Verdict, at
from pytwin.record.time import NAT

_VERDICTS: dict[str, Verdict] = {
    **{status: (True, "") for status in ("active", "completed", "new", "")},
    "aborted": (True, ""),
    "suspended": (True, ""),
    "cancelled": (False, "status.cancelled"),
    "nullified": (False, "status.entered-in-error"),
    "obsolete": (False, "status.entered-in-error"),
}
# 160245001 No current problems or disability
_NO_PROBLEM = frozenset({"160245001"})


def _named(found: list[Coding]) -> Fields:
    for system, code, _ in found:
        name = condition_of(system, code)
        if name:
            return {"system": system, "code": code, "name": name}
    return dict(zip(("system", "code", "name"), found[0], strict=True)) if found else {}


def _concern(section: Section, element: Element, act: Element) -> tuple[Fields, str]:
    """Status, time and verdict of an observation within the concern that it belongs to."""
    own = attribute(child(element, "statusCode"), "code")
    concern = attribute(child(act, "statusCode"), "code")
    valid, reason = section.judge(concern if concern in ("nullified", "aborted") else own, _VERDICTS)
    start, until = section.interval(child(element, "effectiveTime"))
    if start.us == NAT:
        start, _ = section.interval(child(act, "effectiveTime"))
    resolved = until != NAT or concern == "completed"
    fields = {**at(start), "until": until, "status": "resolved" if resolved else "active", "valid": valid}
    return fields, reason


def read_problem(section: Section, element: Element, act: Element) -> list[Event]:
    """The event of a problem observation."""
    fields, reason = _concern(section, element, act)
    found = section.codings(child(element, "value"))
    named = _named(found)
    if not named:
        section.issue("code.missing", "a problem without a code", "/value", "not usable", "error")
        reason = reason or "code.missing"
    elif named["name"].lower().startswith(FAMILY_HISTORY_STEM):
        message = "a family history is not a condition of the patient"
        section.issue("condition.family-history", message, "/value", "kept, not usable", "note")
        fields["valid"], reason = False, reason or "condition.family-history"
    if attribute(element, "negationInd") == "true" or named.get("code") in _NO_PROBLEM:
        message = "a statement that a problem, or any, is absent"
        section.issue("condition.negated", message, "", "not a condition", "note")
        fields["valid"], reason = False, reason or "condition.negated"
    text = section.told(child(element, "value", "originalText")) or section.told(child(element, "text"))
    return [section.event(kind="condition", text=text, reason=reason, **named, **fields)]


def read_allergy(section: Section, element: Element, act: Element) -> list[Event]:
    """The event of an allergy observation; a drug is named by its ingredient."""
    fields, reason = _concern(section, element, act)
    entity = child(element, "participant", "participantRole", "playingEntity")
    found = section.codings(child(entity, "code"))
    name = section.told(child(entity, "name"))
    if not found and name:
        found = [("local", "", name)]
    kinds = section.codings(child(element, "value"))
    negated = attribute(element, "negationInd") == "true" or attribute(act, "negationInd") == "true"
    none_known = any(code in NO_KNOWN_ALLERGY for _, code, _ in (*kinds, *found))
    drug = next((drug for item in found for drug in (section.resolver.drug(*item),) if drug), None)
    named = _named(found or kinds)
    if drug:
        named["name"] = drug.name
    if negated or none_known:
        message = "a statement that an allergy, or any, is absent"
        section.issue("allergy.none-known", message, "", "not an allergy", "note")
        fields["valid"], reason = False, reason or "allergy.none-known"
    elif not found:
        section.issue("code.missing", "an allergy without a substance", "/participant", "not usable", "error")
        reason = reason or "code.missing"
    return [section.event(kind="allergy", reason=reason, **named, **fields)]


def read_done(section: Section, element: Element, kind: str) -> list[Event]:
    """The event of a procedure or an encounter."""
    if attribute(element, "moodCode") not in ("EVN", ""):
        section.issue("ccda.not-event", f"a {kind} that is only planned", "", "not read", "note")
        return []
    status = attribute(child(element, "statusCode"), "code")
    valid, reason = section.judge(status, _VERDICTS, "/statusCode")
    if attribute(element, "negationInd") == "true":
        section.issue("status.not-done", f"a {kind} that was not done", "", "kept, not usable")
        valid, reason, status = False, "status.not-done", "not-done"
    found = section.codings(child(element, "code"))
    if not found:
        section.issue("code.missing", f"a {kind} without a code", "/code", "not usable", "error")
        reason = reason or "code.missing"
    start, until = section.interval(next(iter(children(element, "effectiveTime")), None))
    if start.us == NAT:
        section.issue("time.missing", f"a {kind} without a time", "/effectiveTime", "not usable")
        reason = reason or "time.missing"
    named = dict(zip(("system", "code", "name"), found[0], strict=True)) if found else {}
    text = section.told(child(element, "code", "originalText"))
    fields = {**named, **at(start), "until": until, "status": status, "valid": valid, "text": text}
    return [section.event(kind=kind, reason=reason, **fields)]
