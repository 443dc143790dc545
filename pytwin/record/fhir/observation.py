"""Observation: one event for its value and one for each component."""

from __future__ import annotations

from typing import Any

from msgspec import Raw

from pytwin.errors import InputError
from pytwin.formats.fhir import CodeableConcept, Observation, Quantity, Valued
from pytwin.formats.jsontext import ShapeError, decode
from pytwin.record.analytes import Analyte
from pytwin.record.fhir.context import Context, Verdict, codings, first_code
from pytwin.record.quantity import REASONS, measure, parse_number
from pytwin.record.resolver import Resolver
from pytwin.record.table import Event
from pytwin.record.time import NAT, UNKNOWN, Instant

_STATUS: dict[str, Verdict] = {
    "final": (True, ""),
    "amended": (True, ""),
    "corrected": (True, ""),
    "preliminary": (True, ""),
    "registered": (True, "status.not-final"),
    "cancelled": (False, "status.cancelled"),
    "entered-in-error": (False, "status.entered-in-error"),
}
_LONGEST = 64  # characters of a number kept as found
Fields = dict[str, Any]


def read_observation(ctx: Context, observation: Observation) -> list[Event]:
    """Events of an Observation."""
    valid, reason = ctx.judge(observation.status, _STATUS)
    if observation.status == "preliminary":
        ctx.issue("status.preliminary", "a preliminary result", "/status", "used", "note")
    instant = _time(ctx, observation)
    if instant.us == NAT:
        ctx.issue("time.missing", "an observation without a time", "", "not usable", "warning")
    shared: Fields = {
        "kind": "observation",
        "time": instant.us,
        "width": instant.width,
        "offset": instant.offset,
        "status": observation.status,
        "valid": valid,
        "recorded": ctx.time(observation.issued, "/issued", note=False).us,
    }
    reason = reason or ("time.missing" if instant.us == NAT else "")
    events = _own(ctx, observation, shared, reason)
    panel = first_code(observation.code)
    for index, raw in enumerate(observation.component):
        element = f"/component/{index}"
        part = ctx.read(raw, Valued, element)
        late = reason or ("fhir.shape" if ctx.broken else "")
        fields = {**shared, "panel": panel, "part": f"#{element[1:]}"}
        events.append(_event(ctx, part, part.code, element, fields, late))
    return events


def _time(ctx: Context, observation: Observation) -> Instant:
    """Clinically relevant time; ``issued`` is when the result was made known, and does not stand in."""
    if observation.effectiveDateTime:
        return ctx.time(observation.effectiveDateTime, "/effectiveDateTime")
    if observation.effectiveInstant:
        return ctx.time(observation.effectiveInstant, "/effectiveInstant")
    if observation.effectivePeriod:
        start, end = ctx.period(observation.effectivePeriod, "/effectivePeriod")
        return start._replace(width=max(end - start.us, 0)) if NAT not in (end, start.us) else start
    if observation.effectiveTiming and len(observation.effectiveTiming.event) == 1:
        return ctx.time(observation.effectiveTiming.event[0], "/effectiveTiming/event/0")
    return UNKNOWN


def _own(ctx: Context, observation: Observation, shared: Fields, reason: str) -> list[Event]:
    """The event of the Observation's own value; a panel that only groups others has none."""
    valued = Valued(**{name: getattr(observation, name) for name in Valued.__struct_fields__})
    if _has_value(valued) or not (observation.component or observation.hasMember):
        return [_event(ctx, valued, observation.code, "", shared, reason)]
    if observation.hasMember and not observation.component:
        ctx.issue("fhir.panel", "a panel without values of its own", "", "its members count", "note")
    return []


def _has_value(valued: Valued) -> bool:
    return any(
        bytes(value) if isinstance(value, Raw) else value is not None
        for name in Valued.__struct_fields__
        if name.startswith("value")
        for value in (getattr(valued, name),)
    )


def _event(
    ctx: Context, valued: Valued, code: CodeableConcept | None, element: str, shared: Fields, reason: str
) -> Event:
    fields, analyte, problem = _identify(ctx, code, element)
    value, second = _value(ctx, valued, analyte, element)
    return ctx.event(**shared, **fields, **value, reason=reason or problem or second)


def _known(
    found: list[tuple[str, str, str]], resolver: Resolver
) -> list[tuple[Analyte, tuple[str, str, str]]]:
    """(analyte, coding) of the codings that mean one; a local code does not speak beside a LOINC code."""
    standard = any(system == "LOINC" for system, _, _ in found)
    return [
        (analyte, coding)
        for coding in found
        if not (standard and coding[0] == "local")
        for analyte in (resolver.analyte(*coding),)
        if analyte
    ]


def analyte_of_concept(code: CodeableConcept, resolver: Resolver) -> Analyte | None:
    """The one analyte that a code means."""
    known = _known(codings(code), resolver)
    return known[0][0] if len({analyte.name for analyte, _ in known}) == 1 else None


def ucum_of(quantity: Quantity) -> str:
    """The UCUM code of a quantity; empty where its code is of another system."""
    return quantity.code if quantity.system.endswith("unitsofmeasure.org") else ""


def _identify(ctx: Context, code: CodeableConcept | None, element: str) -> tuple[Fields, Analyte | None, str]:
    """System, code and name; the analyte that a coding means, where they agree on one."""
    found = codings(code)
    if not found:
        ctx.issue("fhir.no-code", "an observation without a code", f"{element}/code", "not usable", "error")
        return {}, None, "fhir.no-code"
    known = _known(found, ctx.resolver)
    names = {analyte.name for analyte, _ in known}
    analyte, (system, short, name) = known[0] if known else (None, found[0])
    fields = {"system": system, "code": short, "name": analyte.name if analyte else name}
    if len(names) > 1:
        message = "two codes mean different things"
        ctx.issue("code.conflict", message, f"{element}/code", "not usable", "error")
        return fields, None, "code.conflict"
    return fields, analyte, ""


def _value(ctx: Context, valued: Valued, analyte: Analyte | None, element: str) -> tuple[Fields, str]:
    """Value columns and the reason why they are not usable, empty where they are."""
    if valued.valueQuantity is not None:
        return quantity_fields(ctx, valued.valueQuantity, analyte, f"{element}/valueQuantity")
    if bytes(valued.valueInteger):
        return quantity_fields(ctx, Quantity(valued.valueInteger), analyte, f"{element}/valueInteger")
    if valued.valueString is not None:
        return _string(ctx, valued.valueString, analyte, f"{element}/valueString")
    if valued.valueCodeableConcept is not None:
        return _coded(ctx, valued.valueCodeableConcept, analyte, f"{element}/valueCodeableConcept")
    for name, text in (
        ("valueBoolean", valued.valueBoolean),
        ("valueTime", valued.valueTime),
        ("valueDateTime", valued.valueDateTime),
    ):
        if text is not None:
            written = str(text).lower() if isinstance(text, bool) else text
            return {"text": written}, _not_numeric(ctx, analyte, f"{element}/{name}", written)
    return _without(ctx, valued, element)


def _without(ctx: Context, valued: Valued, element: str) -> tuple[Fields, str]:
    for name in ("valueRange", "valueRatio", "valueSampledData", "valuePeriod"):
        raw = bytes(getattr(valued, name))
        if raw:
            ctx.issue("value.type", "a value of a type that is not read", f"{element}/{name}", "kept as text")
            return {"original_value": raw[:200].decode(errors="replace")}, "value.type"
    absent = first_code(valued.dataAbsentReason)
    ctx.issue("value.absent", "an observation without a value", element, "not usable", "note", absent)
    return {"text": absent}, "value.absent"


def _not_numeric(ctx: Context, analyte: Analyte | None, element: str, found: str) -> str:
    """Text is a fine value, except of something that is measured in numbers."""
    if analyte is None:
        return ""
    message = f"{REASONS['value.not-numeric']}: {analyte.name}"
    ctx.issue("value.not-numeric", message, element, "kept as text, not usable", "warning", found)
    return "value.not-numeric"


def _string(ctx: Context, text: str, analyte: Analyte | None, element: str) -> tuple[Fields, str]:
    number = parse_number(text) if analyte else None
    if number is None:
        return {"text": text, "original_value": text[:_LONGEST]}, _not_numeric(ctx, analyte, element, text)
    ctx.issue("value.number-as-text", "a number given as text", element, "read as a number", "note", text)
    return _measured(ctx, number[1], number[0], Quantity(), text, analyte, element)


def _coded(
    ctx: Context, concept: CodeableConcept, analyte: Analyte | None, element: str
) -> tuple[Fields, str]:
    found = codings(concept)
    system, code, name = found[0] if found else ("", "", "")
    fields = {"text": concept.text or name, "original_value": code, "original_unit": system}
    return fields, _not_numeric(ctx, analyte, element, concept.text or name)


def number_text(raw: Raw) -> str:
    """A JSON number as written, or the content of a JSON string; empty where there is none."""
    text = bytes(raw)
    if text[:1] == b'"':
        try:
            return decode(raw, str)
        except (ShapeError, InputError):
            return ""
    return "" if text == b"null" else text.decode(errors="replace")


def quantity_fields(
    ctx: Context, quantity: Quantity, analyte: Analyte | None, element: str
) -> tuple[Fields, str]:
    """Value columns of a Quantity."""
    text = number_text(quantity.value)
    if not text:
        ctx.issue("value.absent", "a quantity without a value", element, "not usable", "warning")
        return {"original_unit": quantity.unit or quantity.code}, "value.absent"
    number = parse_number(text)
    if number is None:
        ctx.issue("value.not-numeric", "a quantity is not a number", element, "not usable", "error", text)
        fields = {"original_value": text[:_LONGEST], "original_unit": quantity.unit or quantity.code}
        return fields, "value.not-numeric"
    if bytes(quantity.value)[:1] == b'"':
        ctx.issue("value.number-as-text", "a number given as text", element, "read as a number", "note", text)
    comparator = quantity.comparator or number[0]
    return _measured(ctx, number[1], comparator, quantity, text, analyte, element)


def _measured(
    ctx: Context,
    value: float,
    comparator: str,
    quantity: Quantity,
    text: str,
    analyte: Analyte | None,
    element: str,
) -> tuple[Fields, str]:
    written = quantity.unit or quantity.code
    result = measure(value, comparator, written, analyte, ucum_of(quantity), ctx.resolver)
    if result.reason:
        name = f": {analyte.name}" if analyte else ""
        message = REASONS[result.reason] + name
        ctx.issue(result.reason, message, element, "not usable", "warning", f"{text} {written}")
    if result.comparator:
        ctx.issue("value.censored", "a value with a comparator", element, "kept as censored", "note", text)
    fields = {
        "value": result.value,
        "comparator": result.comparator,
        "unit": result.unit,
        "original_value": text[:_LONGEST],
        "original_unit": written,
        "changes": result.changes,
    }
    return fields, result.reason
