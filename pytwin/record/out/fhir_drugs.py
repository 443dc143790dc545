"""Orders, administrations, statements and dispenses as resources of FHIR R4."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import isfinite
from typing import Any

from pytwin.record.event import Event
from pytwin.record.out.fhir_types import (
    UNKNOWN,
    Element,
    concept,
    filled,
    is_number,
    is_ucum,
    later,
    period,
    quantity,
    stamp,
    status_of,
    text,
    when,
)
from pytwin.record.time import DAY, NAT

_ORDERED = ["active", "on-hold", "cancelled", "completed", "entered-in-error", "stopped", "draft"]
_GIVEN = ["in-progress", "not-done", "on-hold", "completed", "entered-in-error", "stopped"]
_TAKEN = ["active", "completed", "entered-in-error", "intended", "stopped", "on-hold", "not-taken"]
_HANDED = [
    "preparation",
    "in-progress",
    "cancelled",
    "on-hold",
    "completed",
    "entered-in-error",
    "stopped",
    "declined",
]
_SNOMED_ROUTES = {
    "oral": "26643006", "intravenous": "47625008", "subcutaneous": "34206005", "intramuscular": "78421000",
}  # fmt: skip


def route(name: str) -> Element:
    """A route, by its SNOMED code where it is one of the common ones."""
    if not name:
        return {}
    found = (
        concept("SNOMED", _SNOMED_ROUTES[name], name) if name in _SNOMED_ROUTES else concept("", "", "", name)
    )
    return {} if found is UNKNOWN else found


def product(event: Event) -> Element:
    """The drug."""
    return concept(event.system, event.code, event.name)


def _dose(event: Event) -> Element:
    """The amount as found where that is a number, else in its canonical unit."""
    if is_number(event.original_value):
        unit, original = event.original_unit, event.original_value
    else:
        unit, original = event.unit, ""
    return quantity(event.value, unit, original=original, ucum=is_ucum(unit))


def _rate(event: Event) -> Element:
    return quantity(event.rate, event.rate_unit, ucum=is_ucum(event.rate_unit))


def _repeat(event: Event) -> Element:
    """The schedule: one dose at an instant, or doses at an interval."""
    if not isfinite(event.every) or event.every <= 0:
        single = event.usable or event.reason == "dose.as-needed"
        return filled(event=[when(event)] if when(event) else []) if single else {}
    days = event.every % 24 == 0
    every = Decimal(repr(event.every / 24 if days else event.every))
    bounds = filled(boundsPeriod=period(event, event.until))
    return {"repeat": {**bounds, "frequency": 1, "period": every, "periodUnit": "d" if days else "h"}}


def _dosage(event: Event) -> Element:
    """A Dosage; empty where nothing is known of it."""
    amount = filled(doseQuantity=_dose(event), rateQuantity=_rate(event))
    said = filled(
        text=text(event.text),
        timing=_repeat(event),
        route=route(event.route),
        doseAndRate=[amount] if amount else [],
    )
    return {**said, "asNeededBoolean": True} if event.as_needed else said


def _dosages(rows: Sequence[Event]) -> list[Element]:
    found = [_dosage(row) for row in rows]
    # one without anything stands for a drug without a dosage, and cannot stand beside others
    return (
        [dosage or UNKNOWN for dosage in found] if len(rows) > 1 else [dosage for dosage in found if dosage]
    )


def request(rows: Sequence[Event], retract: bool) -> Element:
    """A MedicationRequest, a dosage for each row."""
    first = rows[0]
    made = first.recorded if first.recorded != NAT else first.time
    authored = when(first) if made == first.time else stamp(made, 0, first.offset)
    return {
        "status": status_of(first, _ORDERED, retract),
        # an intent that orders nothing is not kept by its name
        "intent": "proposal" if first.reason == "status.no-order" else "order",
        **({"doNotPerform": True} if first.reason == "status.do-not-perform" else {}),
        "medicationCodeableConcept": product(first),
        **filled(authoredOn=authored, dosageInstruction=_dosages(rows)),
    }


def statement(rows: Sequence[Event], retract: bool) -> Element:
    """A MedicationStatement, a dosage for each row."""
    first = rows[0]
    timed: dict[str, Any] = {"effectiveDateTime": when(first)}
    if first.until != NAT:
        timed = {"effectivePeriod": period(first, first.until)}
    return {
        "status": status_of(first, _TAKEN, retract),
        "medicationCodeableConcept": product(first),
        **filled(**timed, dateAsserted=stamp(first.recorded, 0, first.offset), dosage=_dosages(rows)),
    }


def administration(rows: Sequence[Event], retract: bool) -> Element:
    """A MedicationAdministration."""
    event = rows[0]
    timed: Element = filled(effectiveDateTime=when(event)) or {"effectivePeriod": UNKNOWN}
    if event.until != NAT:
        timed = {"effectivePeriod": period(event, event.until) or UNKNOWN}
    dosage = filled(
        text=text(event.text), route=route(event.route), dose=_dose(event), rateQuantity=_rate(event)
    )
    if dosage and not dosage.keys() & {"dose", "rateQuantity"}:
        dosage["dose"] = UNKNOWN  # R4 asks for one of the two
    return {
        "status": status_of(event, _GIVEN, retract),
        "medicationCodeableConcept": product(event),
        **timed,
        **filled(dosage=dosage),
    }


def dispense(rows: Sequence[Event], retract: bool) -> Element:
    """A MedicationDispense."""
    event = rows[0]
    said = filled(text=text(event.text), route=route(event.route))
    return {
        "status": status_of(event, _HANDED, retract),
        "medicationCodeableConcept": product(event),
        **filled(
            quantity=_dose(event),
            daysSupply=_supply(event),
            whenHandedOver=when(event),
            dosageInstruction=[said] if said else [],
        ),
    }


def _supply(event: Event) -> Element:
    if NAT in (event.time, event.until) or event.until < event.time or not later(event, event.until):
        return {}
    return quantity((event.until - event.time) / DAY, "d", ucum="d")
