"""substanceAdministration: drugs in use, ordered or given, and immunisations."""

from __future__ import annotations

from math import isnan

from pytwin.record.amount import DOSE_REASONS, NAN, Amount, dose_amount
from pytwin.record.ccda.element import Element, Section, attribute, child, children, kind_of
from pytwin.record.codes import route_of, tablet_strength
from pytwin.record.event import Event
from pytwin.record.quantity import parse_number
from pytwin.record.reading import Fields, Verdict, at
from pytwin.record.time import NAT, UNKNOWN, Instant, hours_of
from pytwin.record.timing import pattern_of

_VERDICTS: dict[str, Verdict] = {
    **{status: (True, "") for status in ("active", "completed", "")},
    "aborted": (True, ""),
    "held": (True, "status.on-hold"),
    "suspended": (True, "status.on-hold"),
    "new": (True, "status.not-final"),
    "cancelled": (False, "status.cancelled"),
    "nullified": (False, "status.entered-in-error"),
    "obsolete": (False, "status.entered-in-error"),
}
_DAILY_EVENTS = ("HS", "ACM", "ACD", "ACV", "PCM", "PCD", "PCV", "CM", "CD", "CV", "ICM", "ICD", "ICV")
_ROUTE_WORDS = " route of administration"


def _amount(section: Section, element: Element, strength: float | None) -> Amount:
    dose = child(element, "doseQuantity")
    low, high = child(dose, "low"), child(dose, "high")
    if attribute(low, "value") and attribute(high, "value") != attribute(low, "value"):
        text = f"{attribute(low, 'value')}-{attribute(high, 'value')}"
        return Amount(original_value=text[:64], original_unit=attribute(low, "unit"), reason="dose.range")
    found = low if attribute(low, "value") else dose
    unit = attribute(found, "unit")
    # a dose of one form without a unit counts the forms (C-CDA R2.1, Medication Activity)
    form = unit if unit not in ("", "1", "{tbl}", "{tablet}") or strength is None else "tablet"
    return dose_amount(attribute(found, "value"), form, "", strength, section.resolver.dose_unit)


def _schedule(section: Section, element: Element) -> tuple[Instant, int, float, str]:
    """(start, until, hours between doses, why it cannot be used)."""
    start, until, every, reason, once = UNKNOWN, NAT, NAN, "", False
    for found in children(element, "effectiveTime"):
        kind = kind_of(found)
        period = child(found, "period")
        if kind == "PIVL_TS" or period is not None:
            number = parse_number(attribute(period, "value"))
            every = hours_of(number[1], attribute(period, "unit")) if number else NAN
            reason = "" if every > 0 else "dose.timing"
        elif kind == "EIVL_TS":
            code = attribute(child(found, "event"), "code")
            every = 24.0 if code in _DAILY_EVENTS else pattern_of(code).every
            reason = "dose.timing" if isnan(every) else ""
        elif start.us == NAT:
            once = bool(attribute(found, "value"))
            start, until = section.interval(found)
    if isnan(every) and not once:
        reason = reason or "dose.no-timing"
    return start, until, every if every > 0 else NAN, reason


def read_drug(section: Section, element: Element, vaccine: bool, given: bool) -> list[Event]:
    """The event of a substanceAdministration.

    ``given`` says that the section lists what was administered; else a drug that happened (mood EVN)
    is a statement that it is in use, and one that is intended an order.
    """
    mood, code = attribute(element, "moodCode"), attribute(child(element, "statusCode"), "code")
    kind = (
        "immunization"
        if vaccine
        else "administration"
        if given
        else "statement"
        if mood == "EVN"
        else "order"
    )
    valid, reason = section.judge(code, _VERDICTS, "/statusCode")
    if attribute(element, "negationInd") == "true":
        section.issue("status.not-done", "a drug that was not given or is not taken", "", "kept, not usable")
        valid, reason, code = False, "status.not-done", "not-done"
    elif vaccine and mood not in ("EVN", ""):
        section.issue("status.not-final", "an immunisation that is only planned", "", "kept, not usable")
        reason = reason or "status.not-final"
    material = child(element, "consumable", "manufacturedProduct", "manufacturedMaterial")
    found = section.codings(child(material, "code"))
    named = section.told(child(material, "name"))
    if not found and named:
        found = [("local", "", named)]
    drugs = [(item, drug) for item in found for drug in (section.resolver.drug(*item),) if drug]
    (system, short, name), drug = drugs[0] if drugs else ((found or [("", "", "")])[0], None)
    if not found:
        section.issue("dose.no-drug", "the drug is not stated", "/consumable", "not usable", "error")
    strength = next((s for item in found for s in (tablet_strength(*item),) if s), None)
    amount = _amount(section, element, strength)
    start, until, every, timing = _schedule(section, element)
    if start.us == NAT:
        section.issue("time.missing", "a drug without a time", "/effectiveTime", "not usable")
    route = child(element, "routeCode")
    word = attribute(route, "displayName").lower().removesuffix(_ROUTE_WORDS)
    rate = parse_number(attribute(child(element, "rateQuantity"), "value"))
    as_needed = child(element, "precondition") is not None
    fields: Fields = {
        **at(start),
        "kind": kind,
        "system": system,
        "code": short,
        "name": drug.name if drug else name,
        "text": section.told(child(element, "text")) or name,
        "status": code,
        "valid": valid,
        "until": until,
        "route": route_of(attribute(route, "code"), word or section.told(child(route, "originalText"))),
    }
    late = "" if found else "dose.no-drug"
    if vaccine:
        fields.update(original_value=amount.original_value, original_unit=amount.original_unit)
    else:
        late = late or amount.reason or ("" if given else timing) or ("dose.as-needed" if as_needed else "")
        rates = (rate[1], attribute(child(element, "rateQuantity"), "unit")) if rate else (NAN, "")
        fields.update(amount._asdict(), every=every, as_needed=as_needed, rate=rates[0], rate_unit=rates[1])
    if late in DOSE_REASONS:
        section.issue(late, DOSE_REASONS[late], "", "not usable", "warning")
    fields["reason"] = reason or late or ("time.missing" if start.us == NAT else "")
    return [section.event(**fields)]
