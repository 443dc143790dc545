"""MedicationDispense: what was handed over."""

from __future__ import annotations

from pytwin.formats.fhir import Dosage, MedicationDispense, Quantity
from pytwin.record.amount import DOSE_REASONS, NAN
from pytwin.record.codes import route_of
from pytwin.record.event import Event
from pytwin.record.fhir.context import Context, Verdict, codings
from pytwin.record.fhir.dosage import amount_of
from pytwin.record.fhir.medication import find_product, shared_fields
from pytwin.record.fhir.observation import number_text
from pytwin.record.quantity import parse_number
from pytwin.record.time import HOUR, NAT, hours_of

_NOT_DONE = (False, "status.not-done")
_STATUS: dict[str, Verdict] = {
    "completed": (True, ""),
    "preparation": (True, "status.not-final"),
    "in-progress": (True, "status.not-final"),
    "on-hold": (True, "status.on-hold"),
    "stopped": (True, "status.stopped"),
    "cancelled": (False, "status.cancelled"),
    "declined": _NOT_DONE,
    "not-done": _NOT_DONE,
    "entered-in-error": (False, "status.entered-in-error"),
}


def _supply(quantity: Quantity | None) -> float:
    """Hours that what was handed over lasts; a number without a unit is days, as the element is called."""
    number = parse_number(number_text(quantity.value)) if quantity else None
    if quantity is None or number is None:
        return NAN
    unit = quantity.code or quantity.unit
    return hours_of(number[1], "d" if unit.lower() in ("", "day", "days") else unit)


def read_dispense(ctx: Context, dispense: MedicationDispense) -> list[Event]:
    """The event of a dispense: the amount handed over, when, and until when it lasts."""
    verdict = ctx.judge(dispense.status, _STATUS)
    product = find_product(ctx, dispense)
    start = ctx.time(dispense.whenHandedOver, "/whenHandedOver")
    if start.us == NAT:
        start = ctx.time(dispense.whenPrepared, "/whenPrepared")
    dosages = [
        ctx.read(raw, Dosage, f"/dosageInstruction/{i}") for i, raw in enumerate(dispense.dosageInstruction)
    ]
    fields = shared_fields(ctx, "dispense", dispense.status, product, verdict)
    amount = amount_of(dispense.quantity, product.strength, ctx.resolver.dose_unit)
    if amount.reason:
        ctx.issue(amount.reason, DOSE_REASONS[amount.reason], "/quantity", "not usable", "note")
    hours = _supply(dispense.daysSupply)
    lasts = start.us != NAT and 0 <= hours < 24 * 36525
    if start.us == NAT:
        ctx.issue("time.missing", "a dispense without a time", "", "not usable")
    route = next(((c, n) for d in dosages for _, c, n in codings(d.route)), ("", ""))
    fields.update(amount._asdict())
    fields["reason"] = (
        verdict[1] or fields["reason"] or amount.reason or ("time.missing" if start.us == NAT else "")
    )
    if ctx.broken:
        fields["reason"] = fields["reason"] or "fhir.shape"
    return [
        ctx.event(
            **fields,
            time=start.us,
            width=start.width,
            offset=start.offset,
            until=start.us + int(hours * HOUR) if lasts else NAT,
            text=next(
                (d.text or d.patientInstruction for d in dosages if d.text or d.patientInstruction), ""
            ),
            route=route_of(*route),
        )
    ]
