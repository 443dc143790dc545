"""Results and vital signs."""

from __future__ import annotations

from pytwin.record.ccda.element import Element, Section, attribute, child, children, kind_of
from pytwin.record.codes import Analyte
from pytwin.record.event import Event
from pytwin.record.reading import Fields, Verdict, absent, at, coded, identify, measured, worded
from pytwin.record.time import NAT, Instant

Value = tuple[Fields, str]
# ActStatus -> status in FHIR's words
STATUS = {"completed": "final", "active": "preliminary", "new": "registered", "aborted": "cancelled",
          "cancelled": "cancelled", "nullified": "entered-in-error", "obsolete": "entered-in-error",
          "held": "registered", "suspended": "registered"}  # fmt: skip
_VERDICTS: dict[str, Verdict] = {
    "final": (True, ""),
    "preliminary": (True, ""),
    "registered": (True, "status.not-final"),
    "cancelled": (False, "status.cancelled"),
    "entered-in-error": (False, "status.entered-in-error"),
}


def _bounded(section: Section, element: Element, analyte: Analyte | None) -> Value:
    """IVL_PQ: with one bound a censored value, with two a range."""
    low, high = child(element, "low"), child(element, "high")
    ends = [(end, mark) for end, mark in ((low, ">"), (high, "<")) if attribute(end, "value")]
    if not ends:
        return absent(section, "/value")
    if len(ends) > 1:
        text = "-".join(attribute(end, "value") for end, _ in ends)
        section.issue("value.range", "a value that is a range", "/value", "kept as text", "note", text)
        unit = attribute(low, "unit")
        return {"text": text, "original_value": text[:64], "original_unit": unit}, "value.range"
    end, mark = ends[0]
    sign = mark if attribute(end, "inclusive") == "false" else f"{mark}="
    text = f"{sign}{attribute(end, 'value')}"
    return measured(section, text, attribute(end, "unit"), analyte, "/value")


def _value(section: Section, element: Element, analyte: Analyte | None) -> Value | None:
    """The value columns of one value; None for a type that is not read."""
    kind = kind_of(element)
    if kind in ("PQ", "INT", "REAL", "MO"):
        if not attribute(element, "value"):
            return absent(section, "/value")
        return measured(section, attribute(element, "value"), attribute(element, "unit"), analyte, "/value")
    if kind.startswith("IVL_") and kind != "IVL_TS":
        return _bounded(section, element, analyte)
    if kind in ("CD", "CE", "CO", "CV", "CS"):
        found = section.codings(element)
        text = section.told(child(element, "originalText"))
        return coded(section, found, text, analyte, "/value") if found else absent(section, "/value")
    if kind in ("ED", "RTO", "RTO_PQ_PQ") and not section.told(element):
        section.issue("ccda.not-read", "a value of a type that is not read", "/value", "not read")
        return None
    text = attribute(element, "value") or section.told(element)
    return (
        worded(section, text, attribute(element, "unit"), analyte, "/value")
        if text
        else absent(section, "/value")
    )


def read_observation(
    section: Section, element: Element, panel: str, outer: Instant, recorded: int
) -> list[Event]:
    """Events of an observation: one for each of its values."""
    if attribute(element, "moodCode") not in ("EVN", ""):
        section.issue("ccda.not-event", "an observation that is only planned", "", "not read", "note")
        return []
    code = attribute(child(element, "statusCode"), "code")
    status = STATUS.get(code, code)
    valid, reason = section.judge(status, _VERDICTS, "/statusCode")
    if attribute(element, "negationInd") == "true":
        message = "an observation that was not made, or a finding that is denied"
        section.issue("status.negated", message, "", "kept in the table, not usable")
        valid, reason = False, reason or "status.negated"
    start, end = section.interval(child(element, "effectiveTime"))
    if start.us == NAT:
        start = outer
    elif end > start.us:
        start = start._replace(width=end - start.us)
    if start.us == NAT:
        section.issue("time.missing", "an observation without a time", "", "not usable", "warning")
        reason = reason or "time.missing"
    fields, analyte, problem = identify(section, section.codings(child(element, "code")), "/code")
    shared: Fields = {"kind": "observation", "status": status, "valid": valid, "recorded": recorded,
                      "panel": panel, **at(start), **fields}  # fmt: skip
    values = children(element, "value")
    found = [_value(section, value, analyte) for value in values] if values else [absent(section, "/value")]
    rows = [pair for pair in found if pair is not None]
    events = []
    for index, (value, second) in enumerate(rows):
        part = f"#{index + 1}" if len(rows) > 1 else ""
        changes = "; ".join(filter(None, (f"status:{code}" if code else "", value.get("changes", ""))))
        row = {**shared, **value, "changes": changes, "reason": reason or problem or second}
        events.append(section.event(part=part, **row))
    return events
