"""Plain results, fast: what repeats from OBX to OBX is worked out once and then looked up.

Beside its number, time and identity an OBX says what others of its code, unit and status say. The slow reader
reads such a combination once; where what it finds odd is the same for every number, its event becomes a
template, and further OBX of that combination are written straight into the sheet. All others go to the slow
reader, so that both give the same rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from pytwin.issues import Issue
from pytwin.record.event import Event
from pytwin.record.hl7v2.context import Context, codings
from pytwin.record.hl7v2.message import Message, Segment
from pytwin.record.hl7v2.results import Order, observed_code
from pytwin.record.hl7v2.times import parse_hl7_time
from pytwin.record.hl7v2.values import units
from pytwin.record.log import IssueLog
from pytwin.record.reading import identify
from pytwin.record.resolver import Resolver
from pytwin.record.sheet import split_place
from pytwin.record.sink import Sink
from pytwin.record.time import NAT, Instant

_PLAIN = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?", re.ASCII)
_SAID = (2, 3, 6, 11)  # fields that the slow reader reads beside number, time and sub-id
_MOST = 1 << 15  # templates; then they are learned anew, so that memory does not grow with the file

_Key = tuple[Any, ...]


class _Template(NamedTuple):
    """An event to be repeated; ``low`` to ``high`` are the canonical numbers that nothing is odd about."""

    event: Event
    form: str
    code: str
    convert: Callable[[float], float] | None
    low: float
    high: float
    issues: tuple[Issue, ...]
    shape: int = -1


class Repeated:
    """Writes plain results of one file into a sink.

    Parameters
    ----------
    sink : Sink
    file : str
        Name of the file.
    resolver : Resolver
    """

    def __init__(self, sink: Sink, file: str, resolver: Resolver) -> None:
        self._sink = sink
        self._file = file
        self._resolver = resolver
        self._templates: dict[_Key, _Template | None] = {}
        self._hot: dict[_Key, _Template] = {}
        self._generation = sink.sheet.generation

    @staticmethod
    def plain(segment: Segment) -> bool:
        """Whether the value is one number as numbers are usually written."""
        return len(segment.fields) > 6 and _PLAIN.fullmatch(segment.fields[5]) is not None

    def write(self, patient: str, message: Message, segment: Segment, order: Order) -> bool:
        """Write an OBX that is like one before; False where the slow reader has to."""
        found = _key(message, segment, order)
        if found is None:
            return False
        key, instant = found
        template = self._known(key)
        fields = segment.fields
        if template is None or not self.plain(segment):
            return False
        value = float(fields[5])
        if template.convert is not None:
            value = template.convert(value)
        recorded = order.recorded(message)
        if not template.low <= value <= template.high or recorded is None:
            return False
        self._sink.sheet.row(
            (
                template.shape,
                patient,
                instant.us,
                NAT,
                recorded,
                value,
                fields[5],
                order.identity(template.code, segment.raw(4)),
                message.number,
            )
        )
        for issue in template.issues:
            place = f"{self._file}:{message.place}, {segment.place}{issue.place}"
            self._sink.log(patient).add(issue.code, issue.message, place, issue.action, issue.severity)
        return True

    def _known(self, key: _Key) -> _Template | None:
        """The template of a combination, with its place in the sheet as it is now."""
        if self._generation != self._sink.sheet.generation:
            self._generation = self._sink.sheet.generation
            self._hot.clear()
        hot = self._hot.get(key)
        if hot is None:
            cold = self._templates.get(key)
            if cold is None:
                return None
            hot = self._hot[key] = cold._replace(shape=self._sink.sheet.shape(cold.event, cold.form))
        return hot

    def learn(
        self,
        message: Message,
        segment: Segment,
        order: Order,
        events: Sequence[Event],
        issues: Sequence[Issue],
    ) -> None:
        """Keep what the slow reader made of an OBX, where it would make the same of another number."""
        found = _key(message, segment, order)
        if found is None or found[0] in self._templates:
            return
        if len(self._templates) >= _MOST:
            self._templates.clear()
            self._hot.clear()
        self._templates[found[0]] = self._template(message, segment, events, issues)

    def _template(
        self, message: Message, segment: Segment, events: Sequence[Event], issues: Sequence[Issue]
    ) -> _Template | None:
        if len(events) != 1 or segment.text(2).upper() != "NM":
            return None
        scratch = Context(IssueLog(), self._file, message, segment, "", self._resolver)
        _, analyte, problem = identify(scratch, codings(segment.field(3)), "-3")
        rule = self._resolver.rule(analyte, *units(segment))
        start = f"{self._file}:{message.place}, {segment.place}"
        same = all(not issue.found and issue.place.startswith(start) for issue in issues)
        if rule.reason or problem or not same or events[0].comparator:
            return None
        form, _ = split_place(events[0].place)
        return _Template(
            events[0]._replace(patient="", id="", time=NAT, recorded=NAT),
            form,
            observed_code(segment),
            rule.conversion.apply if rule.conversion else None,
            rule.low,
            rule.high,
            tuple(replace(issue, place=issue.place.removeprefix(start)) for issue in issues),
        )


def _key(message: Message, segment: Segment, order: Order) -> tuple[_Key, Instant] | None:
    """(what an OBX says beside number and identity, its instant); None where the slow reader has to look."""
    fields = segment.fields
    text, place = (fields[14].strip(), "") if len(fields) > 14 else ("", "")
    if not text:
        text, place = order.stamp
    instant = parse_hl7_time(text, message.zone) if text else None
    if instant is None:
        return None
    said = tuple([fields[index] if index < len(fields) else "" for index in _SAID])
    zone = (instant.offset, instant.width)
    return (said, order.told, segment.number, segment.separators, zone, place), instant
