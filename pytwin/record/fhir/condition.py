"""Condition and AllergyIntolerance."""

from __future__ import annotations

from typing import Any

from pytwin.formats.fhir import AllergyIntolerance, CodeableConcept, Condition
from pytwin.record.codes import condition_of
from pytwin.record.conditions import FAMILY_HISTORY_STEM, NO_KNOWN_ALLERGY
from pytwin.record.fhir.context import Context, codings, first_code
from pytwin.record.table import Event
from pytwin.record.time import NAT, Instant

_RETRACTED = ("entered-in-error", "refuted")
_UNSURE = ("unconfirmed", "provisional", "differential")
Either = Condition | AllergyIntolerance


def _judge(ctx: Context, verification: str) -> tuple[bool, str]:
    if verification in _RETRACTED:
        reason = f"status.{verification}"
        message = "the verification status takes the entry back"
        ctx.issue(reason, message, "/verificationStatus", "kept in the table, not usable")
        return False, reason
    if verification in _UNSURE:
        message = "an entry that is not confirmed"
        ctx.issue(
            "status.unconfirmed", message, "/verificationStatus", "kept in the table, not usable", "note"
        )
        return True, "status.unconfirmed"
    return True, "fhir.shape" if ctx.broken else ""


def _onset(ctx: Context, item: Either) -> tuple[Instant, str]:
    """Onset, else the date of recording with a note of the change."""
    if item.onsetDateTime:
        return ctx.time(item.onsetDateTime, "/onsetDateTime"), ""
    if item.onsetPeriod:
        return ctx.period(item.onsetPeriod, "/onsetPeriod")[0], ""
    if any(bytes(getattr(item, name)) for name in ("onsetAge", "onsetRange", "onsetString")):
        ctx.issue(
            "time.not-a-date", "an onset that is not a date", "/onset", "date of recording used", "note"
        )
    recorded = ctx.time(item.recordedDate, "/recordedDate")
    return recorded, "time:recorded" if recorded.us != NAT else ""


def _common(ctx: Context, item: Either) -> dict[str, Any]:
    verification = first_code(item.verificationStatus)
    valid, reason = _judge(ctx, verification)
    instant, changes = _onset(ctx, item)
    clinical = first_code(item.clinicalStatus)
    return {
        "time": instant.us,
        "width": instant.width,
        "offset": instant.offset,
        "status": f"{clinical}/{verification}" if verification not in ("", "confirmed") else clinical,
        "valid": valid,
        "reason": reason,
        "recorded": ctx.time(item.recordedDate, "/recordedDate", note=False).us,
        "changes": changes,
    }


def _named(concept: CodeableConcept | None) -> dict[str, str]:
    """System, code and name of the coding that is recognised, else of the first."""
    found = codings(concept)
    for system, code, _ in found:
        name = condition_of(system, code)
        if name:
            return {"system": system, "code": code, "name": name}
    if not found:
        return {}
    return dict(zip(("system", "code", "name"), found[0], strict=True))


def read_condition(ctx: Context, condition: Condition) -> list[Event]:
    """The event of a Condition; a family history is not a condition of the patient."""
    fields = _common(ctx, condition)
    named = _named(condition.code)
    texts = [name for _, _, name in codings(condition.code)]
    if not named:
        ctx.issue("fhir.no-code", "a condition without a code", "/code", "not usable", "error")
        fields["reason"] = fields["reason"] or "fhir.no-code"
    elif any(text.lower().startswith(FAMILY_HISTORY_STEM) for text in texts):
        message = "a family history is not a condition of the patient"
        ctx.issue("condition.family-history", message, "/code", "kept in the table, not usable", "note")
        fields.update(valid=False, reason="condition.family-history")
    _, until = ctx.period(condition.abatementPeriod, "/abatementPeriod")
    if condition.abatementDateTime:
        end = ctx.time(condition.abatementDateTime, "/abatementDateTime")
        until = end.us + end.width if end.us != NAT else NAT
    text = condition.code.text if condition.code else ""
    return [ctx.event(kind="condition", until=until, text=text, **named, **fields)]


def read_allergy(ctx: Context, allergy: AllergyIntolerance) -> list[Event]:
    """The event of an AllergyIntolerance; a drug is named by its ingredient."""
    fields = _common(ctx, allergy)
    found = codings(allergy.code)
    if not found:
        ctx.issue("fhir.no-code", "an allergy without a code", "/code", "not usable", "error")
        return [ctx.event(kind="allergy", **{**fields, "reason": fields["reason"] or "fhir.no-code"})]
    drugs = [drug for coding in found for drug in (ctx.resolver.drug(*coding),) if drug]
    system, code, name = found[0]
    if code in NO_KNOWN_ALLERGY:
        ctx.issue(
            "allergy.none-known", "a statement that no allergy is known", "/code", "not an allergy", "note"
        )
        fields.update(valid=False, reason="allergy.none-known")
    label = drugs[0].name if drugs else name
    return [ctx.event(kind="allergy", system=system, code=code, name=label, **fields)]
