"""OBR and OBX: observations."""

from __future__ import annotations

from functools import cached_property

from pytwin.record.event import Event
from pytwin.record.hl7v2.context import Context, codings, entity
from pytwin.record.hl7v2.message import Message, Segment
from pytwin.record.hl7v2.times import parse_hl7_time
from pytwin.record.hl7v2.values import values
from pytwin.record.reading import Fields, Verdict, at, identify
from pytwin.record.time import NAT

# HL7 table 0085 (and 0123 of OBR-25 where they agree) -> status in FHIR's words
_STATUS = {
    "F": "final", "V": "final", "U": "final", "C": "corrected", "K": "corrected", "A": "amended",
    "B": "amended", "M": "amended", "P": "preliminary", "R": "preliminary", "S": "preliminary",
    "I": "registered", "O": "registered", "N": "not-done", "X": "cancelled", "D": "entered-in-error",
    "W": "entered-in-error",
}  # fmt: skip
_VERDICTS: dict[str, Verdict] = {
    "final": (True, ""),
    "corrected": (True, ""),
    "amended": (True, ""),
    "preliminary": (True, ""),
    "registered": (True, "status.not-final"),
    "not-done": (False, "status.not-done"),
    "cancelled": (False, "status.cancelled"),
    "entered-in-error": (False, "status.entered-in-error"),
}


class Order:
    """What an OBR says about the OBX that follow it, and how often each of them was seen.

    Attributes
    ----------
    request, specimen : Segment or None
    """

    def __init__(self, request: Segment | None, control: Segment | None) -> None:
        self.request = request
        self.specimen: Segment | None = None
        self._control = control
        self._seen: dict[str, int] = {}

    @cached_property
    def number(self) -> str:
        """Filler's number of the order, else the placer's; empty where there is none."""
        for index in (3, 2):
            for segment in (self.request, self._control):
                found = entity(segment, index) if segment else ""
                if found:
                    return found
        return ""

    @cached_property
    def told(self) -> tuple[str, str]:
        """What an OBX takes over: the code of what was ordered, and the status of all results."""
        return (self.request.raw(4), self.request.raw(25)) if self.request else ("", "")

    @cached_property
    def stamp(self) -> tuple[str, str]:
        """(time, its place) of an OBX that has none of its own, as written; empty where there is none."""
        for segment, index in ((self.request, 7), (self.specimen, 17)):
            if segment is not None and segment.raw(index):
                return segment.raw(index), f"{segment.place}-{index}"
        return "", ""

    def recorded(self, message: Message) -> int | None:
        """When the results were last changed, else sent, microseconds UTC; None where that is no time."""
        text = self.request.raw(22) if self.request else ""
        instant = parse_hl7_time(text, message.zone) if text else None
        if text and instant is None:
            return None
        return instant.us if instant else message.sent

    def identity(self, code: str, sub: str) -> str:
        """Identity of an observation: order, code and sub-id, and a count where a message repeats them."""
        if not self.number:
            return ""
        key = f"OBX/{self.number}/{code}/{sub}"
        self._seen[key] = self._seen.get(key, 0) + 1
        return key if self._seen[key] == 1 else f"{key}/{self._seen[key]}"


def observed_code(segment: Segment) -> str:
    """Code, or else name, of what an OBX is about."""
    return segment.text(3) or segment.text(3, 2)


def _status(ctx: Context, segment: Segment, order: Order) -> tuple[str, str]:
    """(status in FHIR's words, how it was found)."""
    found = segment.text(11).upper()
    if not found and order.request:
        found = order.request.text(25).upper()
    status = _STATUS.get(found, found)
    if status == "preliminary":
        ctx.issue("status.preliminary", "a preliminary result", "-11", "used", "note")
    return status, f"status:{found}" if found else ""


def read_observation(ctx: Context, segment: Segment, order: Order) -> list[Event]:
    """Events of an OBX: one for each of its values."""
    status, how = _status(ctx, segment, order)
    valid, reason = ctx.judge(status, _VERDICTS, "-11")
    instant = ctx.first_time((segment, 14), (order.request, 7), (order.specimen, 17))
    if instant.us == NAT:
        ctx.issue("time.missing", "an observation without a time", "", "not usable", "warning")
        reason = reason or "time.missing"
    fields, analyte, problem = identify(ctx, codings(segment.field(3)), "-3")
    found = values(ctx, segment, analyte)
    if found is None:
        return []
    changed = ctx.time(order.request, 22, note=False).us if order.request else NAT
    shared: Fields = {
        "kind": "observation",
        "status": status,
        "valid": valid,
        "recorded": changed if changed != NAT else ctx.message.sent,
        "panel": _panel(order, segment),
        **at(instant),
        **fields,
    }
    events = []
    for index, (value, second) in enumerate(found):
        changes = "; ".join(filter(None, (how, value.get("changes", ""))))
        part = f"#{index + 1}" if len(found) > 1 else ""
        row = {**shared, **value, "changes": changes, "reason": reason or problem or second}
        events.append(ctx.event(part=part, **row))
    return events


def _panel(order: Order, segment: Segment) -> str:
    """Code of what was ordered, where it is not the observation itself."""
    code = order.request.text(4) if order.request else ""
    return code if code != segment.text(3) else ""
