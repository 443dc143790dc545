"""MedicationRequest, MedicationAdministration and MedicationStatement: orders, given doses, reports."""

from __future__ import annotations

from typing import Any, NamedTuple

from msgspec import Raw

from pytwin.errors import InputError
from pytwin.formats.fhir import (
    CodeableConcept,
    Dosage,
    Head,
    Medication,
    MedicationAdministration,
    MedicationRequest,
    MedicationStatement,
    MedicationUse,
)
from pytwin.formats.jsontext import ShapeError, decode
from pytwin.record.amount import DOSE_REASONS
from pytwin.record.codes import route_of, tablet_strength
from pytwin.record.fhir.bundle import NotYetError
from pytwin.record.fhir.context import Context, Verdict, codings
from pytwin.record.fhir.dosage import (
    Slot,
    amount_of,
    as_r4,
    dose_of,
    is_as_needed,
    rate_of,
    schedule,
)
from pytwin.record.table import Event
from pytwin.record.time import NAT, Instant

_ERROR = (False, "status.entered-in-error")
_CANCELLED = (False, "status.cancelled")
_ORDER: dict[str, Verdict] = {
    "active": (True, ""),
    "completed": (True, ""),
    "stopped": (True, ""),
    "on-hold": (True, "status.on-hold"),
    "draft": (False, "status.draft"),
    "ended": (True, ""),  # R5
    "cancelled": _CANCELLED,
    "entered-in-error": _ERROR,
}
_ADMINISTRATION: dict[str, Verdict] = {
    "completed": (True, ""),
    "in-progress": (True, ""),
    "stopped": (True, "status.stopped"),  # halted before the whole dose was given
    "on-hold": (True, "status.on-hold"),
    "not-done": (False, "status.not-done"),
    "entered-in-error": _ERROR,
}
_STATEMENT: dict[str, Verdict] = {
    "active": (True, ""),
    "recorded": (True, ""),  # R5
    "completed": (True, ""),
    "stopped": (True, ""),
    "intended": (True, "status.intended"),
    "on-hold": (True, "status.on-hold"),
    "not-taken": (False, "status.not-taken"),
    "entered-in-error": _ERROR,
}
# intents that ask for nothing to be given
_NO_ORDER = ("proposal", "plan", "option")


class Product(NamedTuple):
    """A drug as a resource names it."""

    system: str
    code: str
    name: str
    strength: float | None


def _contained(ctx: Context, anchor: str) -> Raw | None:
    for raw in ctx.contained:
        try:
            if decode(raw, Head).id == anchor:
                return raw
        except (ShapeError, InputError):
            continue  # a contained resource of another shape cannot be the one
    return None


def _product(ctx: Context, concept: CodeableConcept | None) -> Product | None:
    """The coding whose drug is recognised, else the first."""
    found = codings(concept)
    named = [(coding, drug) for coding in found for drug in (ctx.resolver.drug(*coding),) if drug]
    if not found:
        return None
    (system, code, name), drug = named[0] if named else (found[0], None)
    strengths = [s for coding in found for s in (tablet_strength(*coding),) if s]
    return Product(system, code, drug.name if drug else name, strengths[0] if strengths else None)


def _of_medication(ctx: Context, raw: Raw) -> Product | None:
    """A Medication by its code, else by its only ingredient."""
    medication = ctx.read(raw, Medication, "/medicationReference")
    product = _product(ctx, medication.code)
    parts = medication.ingredient
    if product is None and len(parts) == 1:
        item = parts[0].item
        product = _product(ctx, parts[0].itemCodeableConcept or (item.concept if item else None))
    strength = (parts[0].strength or parts[0].strengthRatio) if len(parts) == 1 else None
    if product and strength and strength.denominator:
        per = amount_of(strength.denominator, 1.0, ctx.resolver.dose_unit)
        amount = amount_of(strength.numerator, None, ctx.resolver.dose_unit)
        # tablets are counted as 1 mg each above, so that their number remains
        if per.changes and per.value > 0 and amount.unit == "mg":
            product = product._replace(strength=amount.value / per.value)
    return product


def find_product(ctx: Context, use: MedicationUse) -> Product:
    """The drug of a resource, through a reference where there is one; an issue and nothing where not."""
    product = _product(ctx, use.medicationCodeableConcept)
    reference = use.medicationReference
    if product is None and reference is not None:
        raw: Raw | None
        if reference.reference.startswith("#"):
            contained, ctx_raws = reference.reference[1:], ctx.contained
            raw = _contained(ctx, contained)
            kept = ctx_raws
        else:
            target = ctx.resources.resolve(reference, ctx.entry)
            if target is None and reference.reference and ctx.resources.waits:
                raise NotYetError
            raw, kept = (target.raw if target else None), ctx.contained
        product = _of_medication(ctx, raw) if raw is not None else None
        ctx.contained = kept
    if product is None:
        message = "the drug is not stated, or its reference leads nowhere"
        ctx.issue("dose.no-drug", message, "/medication", "not usable", "error")
        return Product("", "", "", None)
    return product


def _dosages(ctx: Context, raws: list[Raw], element: str) -> list[tuple[Dosage, str]]:
    return [(as_r4(ctx.read(raw, Dosage, f"{element}/{i}")), f"{element}/{i}") for i, raw in enumerate(raws)]


def _events(
    ctx: Context,
    shared: dict[str, Any],
    product: Product,
    dosage: Dosage,
    slots: tuple[list[Slot], str],
    element: str,
) -> list[Event]:
    """Events of one dosage: one for each slot."""
    amount = dose_of(dosage, product.strength, ctx.resolver.dose_unit)
    as_needed = is_as_needed(dosage)
    problem = amount.reason or slots[1] or ("dose.as-needed" if as_needed else "")
    if problem:
        ctx.issue(problem, DOSE_REASONS[problem], element, "not usable", "warning", dosage.text)
    route = next(((c, n) for _, c, n in codings(dosage.route)), ("", ""))
    rate, rate_unit = rate_of(dosage)
    reason = shared["reason"] or problem
    fields = {
        **shared,
        **amount._asdict(),
        "text": dosage.text or dosage.patientInstruction,
        "as_needed": as_needed,
        "route": route_of(*route),
        "rate": rate,
        "rate_unit": rate_unit,
    }
    events = []
    for index, slot in enumerate(slots[0]):
        late = reason or ("time.missing" if slot.time == NAT else "")
        part = f"#{element[1:]}" + (f"@{index}" if len(slots[0]) > 1 else "")
        events.append(ctx.event(**{**fields, **slot._asdict(), "reason": late, "part": part}))
    return events


def shared_fields(ctx: Context, kind: str, status: str, product: Product, verdict: Verdict) -> dict[str, Any]:
    """Columns that all events of a drug have."""
    valid, reason = verdict
    if not product.name and not product.code:
        reason = reason or "dose.no-drug"
    return {
        "kind": kind,
        "system": product.system,
        "code": product.code,
        "name": product.name,
        "status": status,
        "valid": valid,
        "reason": reason,
    }


def _bare(ctx: Context, shared: dict[str, Any], start: Instant, until: int) -> list[Event]:
    """A drug without any dosage: it is known to be in use, and not how much."""
    ctx.issue("dose.missing", DOSE_REASONS["dose.missing"], "", "not usable", "note")
    shared = {**shared, "reason": shared["reason"] or "dose.missing"}
    return [ctx.event(**shared, time=start.us, width=start.width, offset=start.offset, until=until)]


def _missing_time(ctx: Context, events: list[Event]) -> list[Event]:
    if any(event.time == NAT for event in events):
        ctx.issue("time.missing", "a dose without a time", "", "not usable")
    return events


def read_request(ctx: Context, order: MedicationRequest) -> list[Event]:
    """Events of an order: one for each dosage and weekday or time of day."""
    verdict = ctx.judge(order.status, _ORDER)
    if order.doNotPerform:
        ctx.issue("status.do-not-perform", "an order not to give the drug", "/doNotPerform", "not a dose")
        verdict = False, "status.do-not-perform"
    if not verdict[1] and (order.intent in _NO_ORDER or not order.intent):
        ctx.issue("status.no-order", "an intent that orders nothing", "/intent", "not usable")
        verdict = verdict[0], "status.no-order"
    product = find_product(ctx, order)
    start = ctx.time(order.authoredOn, "/authoredOn")
    dosages = _dosages(ctx, order.dosageInstruction, "/dosageInstruction")
    shared = shared_fields(ctx, "order", order.status, product, _shape(ctx, verdict))
    shared["recorded"] = start.us
    events = [] if dosages else _bare(ctx, shared, start, NAT)
    ended = ctx.time(order.ended, "/dateEnded", note=False)
    end = ended.us + ended.width if ended.us != NAT else NAT
    for dosage, element in dosages:
        slots = schedule(ctx, dosage.timing, start, end, f"{element}/timing")
        events += _events(ctx, shared, product, dosage, slots, element)
    if order.status in ("stopped", "completed") and any(
        e.until == NAT and e.every == e.every for e in events
    ):
        message = "an order that is over, without the date when it ended"
        ctx.issue("dose.no-end", message, "/status", "its end is unknown", "note")
    return _missing_time(ctx, events)


def _shape(ctx: Context, verdict: Verdict) -> Verdict:
    """Decoding after the status was judged may have found broken elements too."""
    return verdict[0], verdict[1] or ("fhir.shape" if ctx.broken else "")


def read_administration(ctx: Context, given: MedicationAdministration) -> list[Event]:
    """The event of a dose that was given."""
    verdict = ctx.judge(given.status, _ADMINISTRATION)
    product = find_product(ctx, given)
    start, until = ctx.period(given.effectivePeriod, "/effectivePeriod")
    if given.effectiveDateTime:
        start, until = ctx.time(given.effectiveDateTime, "/effectiveDateTime"), NAT
    dosages = [(as_r4(ctx.read(given.dosage, Dosage, "/dosage")), "/dosage")] if bytes(given.dosage) else []
    shared = shared_fields(ctx, "administration", given.status, product, _shape(ctx, verdict))
    if not dosages:
        return _missing_time(ctx, _bare(ctx, shared, start, until))
    slot = Slot(start.us, start.width, start.offset, float("nan"), until)
    return _missing_time(ctx, _events(ctx, shared, product, dosages[0][0], ([slot], ""), "/dosage"))


def read_statement(ctx: Context, statement: MedicationStatement) -> list[Event]:
    """Events of a report that a drug is or is not taken."""
    verdict = ctx.judge(statement.status, _STATEMENT)
    product = find_product(ctx, statement)
    start, until = ctx.period(statement.effectivePeriod, "/effectivePeriod")
    if statement.effectiveDateTime:
        start = ctx.time(statement.effectiveDateTime, "/effectiveDateTime")
    dosages = _dosages(ctx, statement.dosage, "/dosage")
    shared = shared_fields(ctx, "statement", statement.status, product, _shape(ctx, verdict))
    shared["recorded"] = ctx.time(statement.dateAsserted, "/dateAsserted", note=False).us
    events = [] if dosages else _bare(ctx, shared, start, until)
    for dosage, element in dosages:
        slots = schedule(ctx, dosage.timing, start, until, f"{element}/timing")
        events += _events(ctx, shared, product, dosage, slots, element)
    return _missing_time(ctx, events)
