"""TQ1 segments and the TQ fields before them: when a drug is to be taken."""

from __future__ import annotations

from math import isnan
from typing import NamedTuple

from pytwin.record.hl7v2.context import Context
from pytwin.record.hl7v2.message import Field, Segment
from pytwin.record.hl7v2.times import parse_hl7_time
from pytwin.record.quantity import parse_number
from pytwin.record.time import HOUR, NAT, UNKNOWN, Instant, hours_of
from pytwin.record.timing import NAN, Pattern, length_of, pattern_of

_UNITS = {
    "s": "s", "sec": "s", "min": "min", "h": "h", "hr": "h", "hour": "h", "d": "d", "day": "d", "days": "d",
    "wk": "wk", "week": "wk", "mo": "mo", "month": "mo", "a": "a",
}  # fmt: skip


class Dosing(NamedTuple):
    """One schedule of an order.

    Attributes
    ----------
    start : Instant
    every : float
        Hours; NaN for a single dose.
    until : int
        Microseconds UTC; ``NAT`` where open.
    as_needed : bool
    reason : str
        Why the schedule cannot be used.
    """

    start: Instant
    every: float
    until: int
    as_needed: bool
    reason: str


def _time(ctx: Context, text: str, element: str) -> Instant:
    if not text:
        return UNKNOWN
    instant = parse_hl7_time(text, ctx.message.zone)
    if instant is None:
        message = "a date or time is not in the form of HL7 or does not exist"
        ctx.issue("time.invalid", message, element, "left out", "error", text)
        return UNKNOWN
    return ctx.noted(instant, element)


def _hours(text: str, unit: str) -> float:
    number = parse_number(text)
    code = _UNITS.get(unit.lower(), "")
    return hours_of(number[1], code) if number and not number[0] and code else NAN


def _made(
    start: Instant, end: Instant, pattern: Pattern, hours: float, several: bool, count: float = NAN
) -> Dosing:
    """A schedule from its parts; ``hours`` is its length, ``count`` the number of its doses."""
    until = end.us + end.width if end.us != NAT else NAT
    if until == NAT and start.us != NAT:
        if hours >= 0 and hours < 1e6:
            until = start.us + int(hours * HOUR)
        elif count >= 1 and pattern.every * count < 1e6:
            until = start.us + int((count - 1) * pattern.every * HOUR)
    if pattern.once or count == 1:
        return Dosing(start, NAN, NAT, pattern.as_needed, "dose.timing" if several else "")
    reason = "" if pattern.known and not isnan(pattern.every) else "dose.no-timing"
    return Dosing(start, pattern.every, until, pattern.as_needed, "dose.timing" if several else reason)


def _of_segment(ctx: Context, segment: Segment, start: Instant) -> Dosing:
    """A TQ1."""
    repeats = segment.repetitions(3)
    pattern = pattern_of(repeats[0].text(1)) if repeats else Pattern(known=False)
    if repeats and not pattern.known:
        period = _hours(repeats[0].text(5), repeats[0].text(6))
        pattern = Pattern(period, as_needed=pattern.as_needed) if period > 0 else pattern
    first = _time(ctx, segment.text(7), f", {segment.place}-7")
    end = _time(ctx, segment.text(8), f", {segment.place}-8")
    total = parse_number(segment.text(14))
    hours = _hours(segment.text(6, 1), segment.text(6, 2) or segment.text(6, 1, 2))
    several = len(repeats) > 1 or len(segment.repetitions(4)) > 1
    return _made(
        first if first.us != NAT else start, end, pattern, hours, several, total[1] if total else NAN
    )


def _of_field(ctx: Context, cell: Field, start: Instant, element: str) -> Dosing:
    """A repetition of a TQ field: quantity, interval, duration, start, end ..."""
    pattern = pattern_of(cell.text(2))
    first, end = _time(ctx, cell.text(4), element), _time(ctx, cell.text(5), element)
    clocks = cell.text(2, 2)
    hours = length_of(cell.text(3), pattern.every)
    return _made(first if first.us != NAT else start, end, pattern, hours, "," in clocks)


def dosings(ctx: Context, main: Segment, control: Segment | None, timings: list[Segment]) -> list[Dosing]:
    """Schedules of an order: of its TQ1 segments, else of RXE-1, else of ORC-7; at least one.

    An order that says no start begins when it is effective (ORC-15) or was given (ORC-9).
    """
    start = ctx.first_time((control, 15), (control, 9))
    if timings:
        found = [_of_segment(ctx, segment, start) for segment in timings]
    else:
        cells = main.repetitions(1) if main.name == "RXE" else []
        element = "-1"
        if not any(cell.text(2) for cell in cells) and control is not None:
            ordered = control.repetitions(7)
            if any(cell.text(2) for cell in ordered) or not cells:
                starts = [cell.text(4) for cell in cells if cell.text(4)]
                begun = _time(ctx, starts[0], "-1") if starts else start
                cells, element, start = ordered, f", {control.place}-7", begun if begun.us != NAT else start
        found = [_of_field(ctx, cell, start, element) for cell in cells]
    if len(found) > 1:
        # a sequence of schedules depends on how they are joined, which is not read
        found = [dosing._replace(reason=dosing.reason or "dose.timing") for dosing in found]
    return found or [Dosing(start, NAN, NAT, False, "dose.no-timing")]
