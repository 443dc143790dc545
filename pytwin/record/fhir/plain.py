"""Plain Observations of NDJSON, fast: what repeats is worked out once and then looked up.

What an Observation says beside its instant, number and identity repeats from line to line: the code, the
unit, the status, a coded value. The slow reader reads such a combination once; where it finds nothing odd,
its events become templates, and further lines of the same combination are written straight into the sheet.
Any line that is odd, or of a combination not met before, goes to the slow reader, so that both give the same
rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec import Raw, Struct

from pytwin.errors import InputError
from pytwin.formats.fhir import CodeableConcept, Meta, Quantity
from pytwin.formats.jsontext import decode
from pytwin.issues import Issue
from pytwin.record.event import Event
from pytwin.record.fhir.carried import has_content
from pytwin.record.fhir.observation import analyte_of_concept, ucum_of
from pytwin.record.resolver import Resolver
from pytwin.record.sheet import split_place
from pytwin.record.sink import Sink
from pytwin.record.time import NAIVE, NAT, parse_time

_MOST = 1 << 15  # entries of a cache; then it begins anew, so that memory does not grow with the file
_LONGEST = 64  # characters of a number, as in observation.py
_ABSENT = Raw()
_VALUE = "/valueQuantity"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Part(Struct, forbid_unknown_fields=True, gc=False):
    """A component as plain Observations have them."""

    code: Raw = _ABSENT
    valueQuantity: Quantity | None = None
    valueCodeableConcept: Raw = _ABSENT
    id: Raw = _ABSENT
    extension: Raw = _ABSENT
    interpretation: Raw = _ABSENT
    referenceRange: Raw = _ABSENT


class Plain(Struct, forbid_unknown_fields=True, tag_field="resourceType", tag="Observation", gc=False):
    """An Observation whose elements are all ones that the fast path knows.

    What is ``Raw`` is either of no account or part of what is looked up.
    """

    id: str = ""
    meta: Meta | None = None
    language: Raw = _ABSENT
    text: Raw = _ABSENT
    extension: tuple[Raw, ...] = ()
    identifier: Raw = _ABSENT
    basedOn: Raw = _ABSENT
    partOf: Raw = _ABSENT
    status: str = ""
    category: Raw = _ABSENT
    code: Raw = _ABSENT
    subject: Raw = _ABSENT
    focus: Raw = _ABSENT
    encounter: Raw = _ABSENT
    effectiveDateTime: str = ""
    issued: str = ""
    performer: Raw = _ABSENT
    valueQuantity: Quantity | None = None
    valueCodeableConcept: Raw = _ABSENT
    valueString: Raw = _ABSENT
    valueBoolean: Raw = _ABSENT
    interpretation: Raw = _ABSENT
    note: Raw = _ABSENT
    bodySite: Raw = _ABSENT
    method: Raw = _ABSENT
    specimen: Raw = _ABSENT
    device: Raw = _ABSENT
    referenceRange: Raw = _ABSENT
    derivedFrom: Raw = _ABSENT
    component: tuple[Part, ...] = ()


Convert = Callable[[float], float]


class Read(NamedTuple):
    """What the slow reader made of a line: its events, and what was odd."""

    events: Sequence[Event]
    issues: Sequence[Issue]


class _Template(NamedTuple):
    """An event to be repeated.

    Where it has a number, ``convert``, ``low`` and ``high`` say how numbers become canonical; ``issue`` is
    what there is to say each time of a unit that cannot be used.
    """

    event: Event
    form: str
    convert: Convert | None
    low: float
    high: float
    issue: Issue | None = None


class _Hot(NamedTuple):
    """A template's place in the sheet as it is now; a value that is repeated has its number and text."""

    shape: int
    convert: Convert | None
    low: float
    high: float
    issue: Issue | None
    value: float
    text: str


Slow = Callable[[int], Read]
# a part's identity: what it says beside its instant and number
_Key = tuple[Any, ...]
K = TypeVar("K")
V = TypeVar("V")


class _Cache(dict[K, V]):
    """What was found before, and is found where it was not; what cannot be found is a ``KeyError``."""

    def __init__(self, find: Callable[[K], V | None]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, key: K) -> V:
        value = self._find(key)
        if value is None:
            raise KeyError
        self[key] = value
        return value


class Writer:
    """Writes plain Observations of one file into a sink.

    Parameters
    ----------
    sink : Sink
    file : str
        Name of the file.
    subject : callable
        The patient's key of a subject's text; None where that takes the slow reader.
    resolver : Resolver
    """

    def __init__(
        self, sink: Sink, file: str, subject: Callable[[bytes], str | None], resolver: Resolver
    ) -> None:
        self._sink = sink
        self._file = file
        self._resolver = resolver
        self._generation = sink.sheet.generation
        self._templates: dict[_Key, _Template | None] = {}
        self._hot: _Cache[_Key, _Hot] = _Cache(self._warm)
        self._people = _Cache(subject)
        self._times = _Cache(_time)
        self._recorded = _Cache(_recorded)
        self.lines = msgspec.json.Decoder(Plain).decode_lines
        self.line = msgspec.json.Decoder(Plain).decode

    def write(self, batch: list[Plain], first: int, slow: Slow) -> int:
        """Write the Observations of consecutive lines; how many had to be read slowly.

        Parameters
        ----------
        batch : list of Plain
        first : int
            Number of the first line.
        slow : callable
            Reads a line of the batch by its index, and writes what it finds.
        """
        self._renew()
        hot, row = self._hot, self._sink.sheet.row
        people, times, recorded = self._people, self._times, self._recorded
        slowly = 0
        for position, item in enumerate(batch, first):
            quantity = item.valueQuantity
            try:
                if item.extension and has_content(item.extension):
                    slow(position - first)
                    continue
                patient = people[bytes(item.subject)]
                time, offset = times[item.effectiveDateTime]
                known = recorded[item.issued or _updated(item)]
                if (
                    quantity is None
                    or item.component
                    or item.valueCodeableConcept is not _ABSENT
                    or item.valueString is not _ABSENT
                    or item.valueBoolean is not _ABSENT
                ):
                    self._one(item, (patient, time, NAT, known), offset, position)
                    continue
                key = (
                    bytes(item.code), quantity.unit, quantity.code, item.status, offset,
                    quantity.system, quantity.comparator,
                )  # fmt: skip
                shape, convert, low, high, issue, _, _ = hot[key]
                number = bytes(quantity.value).decode()
                value = float(number)
                if convert is not None:
                    value = convert(value)
                if not low <= value <= high or "e" in number or "E" in number or len(number) > _LONGEST:
                    raise KeyError
            except (KeyError, ValueError):
                slowly += 1
                self._learn(item, slow(position - first))
                continue
            identity = f"Observation/{item.id}" if item.id else ""
            row((shape, patient, time, NAT, known, value, number, identity, position))
            if issue is not None:
                self._say(issue, patient, position, quantity)
        return slowly

    def _renew(self) -> None:
        """Forget what no longer holds, and caches that have grown too large."""
        if self._generation != self._sink.sheet.generation:
            self._generation = self._sink.sheet.generation
            self._hot.clear()
        for cache in (self._templates, self._hot, self._people, self._times, self._recorded):
            if len(cache) > _MOST:
                cache.clear()

    def _one(self, item: Plain, shared: tuple[str, int, int, int], offset: int, position: int) -> None:
        """Write an Observation with a coded value or components.

        Raises
        ------
        KeyError, ValueError
            It has to be read slowly, and nothing was written.
        """
        identity = f"Observation/{item.id}" if item.id else ""
        rows = []
        for key, number in _parts(item, offset):
            shape, convert, low, high, issue, value, text = self._hot[key]
            if number is not None:
                value, text = float(number), number
                if convert is not None:
                    value = convert(value)
                if not low <= value <= high or not _is_number(number) or issue is not None:
                    raise KeyError
            rows.append((shape, *shared, value, text, identity, position))
        if not rows:
            raise KeyError
        for row in rows:
            self._sink.sheet.row(row)

    def _say(self, issue: Issue, patient: str, position: int, quantity: Quantity) -> None:
        """Note what the slow reader would have noted."""
        place = f"{self._file}:line {position}{_VALUE}"
        found = _written(quantity)
        self._sink.log(patient).add(issue.code, issue.message, place, issue.action, issue.severity, found)

    def _warm(self, key: _Key) -> _Hot | None:
        """The place in the sheet of a template that is known."""
        template = self._templates.get(key)
        if template is None:
            return None
        event = template.event
        shape = self._sink.sheet.shape(event, template.form)
        return _Hot(shape, *template[2:], event.value, event.original_value)

    def _learn(self, item: Plain, read: Read) -> None:
        """Keep the events of a line that the slow reader found nothing odd in."""
        events = read.events
        if not events or any(e.offset == NAIVE or e.width or e.time == NAT for e in events):
            return
        issue = self._repeated(item, read) if read.issues else None
        if read.issues and issue is None:
            return
        keys = _parts(item, events[0].offset)
        parts: tuple[Plain | Part, ...] = item.component or (item,)
        if not len(keys) == len(events) == len(parts):
            return
        for (key, _), part, event in zip(keys, parts, events, strict=True):
            self._templates[key] = _template(event, part, issue, self._resolver)

    def _repeated(self, item: Plain, read: Read) -> Issue | None:
        """The one issue of a line, where it is about the unit and would be the same with other numbers."""
        issue, quantity = read.issues[0], item.valueQuantity
        if len(read.issues) > 1 or len(read.events) > 1 or quantity is None or item.component:
            return None
        same_place = issue.place == f"{self._file}:{read.events[0].place}{_VALUE}"
        of_unit = issue.code == read.events[0].reason and issue.code.startswith("unit.")
        return issue if of_unit and same_place and issue.found == _written(quantity) else None


def _written(quantity: Quantity) -> str:
    """A quantity as the slow reader shows it."""
    return f"{bytes(quantity.value).decode()} {quantity.unit or quantity.code}"[:200]


def _updated(item: Plain) -> str:
    """Time of the last change, which stands in for that of recording."""
    return item.meta.lastUpdated if item.meta is not None else ""


def _time(text: str) -> tuple[int, int] | None:
    """(instant, zone) of a time of day with a zone, the only one that has no issue."""
    found = _quick(text)
    if found is not None:
        return found
    try:
        instant = parse_time(text)
    except InputError:
        return None
    return None if instant.width or instant.offset == NAIVE else (instant.us, instant.offset)


def _recorded(text: str) -> int | None:
    """When something was recorded; None where that is not a time."""
    if not text:
        return NAT
    found = _quick(text)
    try:
        return found[0] if found else parse_time(text).us
    except InputError:
        return None


def _is_number(text: str) -> bool:
    """Whether a JSON value is a number as they are usually written."""
    return "e" not in text and "E" not in text and len(text) <= _LONGEST


def _parts(item: Plain, offset: int) -> list[tuple[_Key, str | None]]:
    """(identity, number) of the value of an Observation, or of each component; none where it has both."""
    coded = bytes(item.valueCodeableConcept) + bytes(item.valueString) + bytes(item.valueBoolean)
    q, code, status = item.valueQuantity, bytes(item.code), item.status
    if not item.component:
        if q is None:
            return [((code, coded, status, offset), None)] if coded else []
        own = (code, q.unit, q.code, status, offset, q.system, q.comparator)
        return [] if coded else [(own, bytes(q.value).decode())]
    if q is not None or coded:
        return []
    return [_part(index, part, code, status, offset) for index, part in enumerate(item.component)]


def _part(index: int, part: Part, panel: bytes, status: str, offset: int) -> tuple[_Key, str | None]:
    q, coded = part.valueQuantity, bytes(part.valueCodeableConcept)
    shared = (index, panel, bytes(part.code), coded, status, offset)
    if q is None:
        return shared, None
    return (*shared, q.unit, q.code, q.system, q.comparator), bytes(q.value).decode()


def _template(event: Event, part: Plain | Part, issue: Issue | None, resolver: Resolver) -> _Template | None:
    form, position = split_place(event.place)
    if position < 0:
        return None
    blank = event._replace(patient="", id="", recorded=NAT, time=NAT)
    quantity = part.valueQuantity
    if quantity is None:
        return _Template(blank, form, None, 0.0, 0.0)
    analyte = analyte_of_concept(decode(part.code, CodeableConcept), resolver)
    rule = resolver.rule(analyte, quantity.unit or quantity.code, ucum_of(quantity))
    if event.comparator or rule.reason != event.reason or (rule.reason and issue is None):
        return None
    way = rule.conversion.apply if rule.conversion else None
    return _Template(blank, form, way, rule.low, rule.high, issue)


def _quick(text: str) -> tuple[int, int] | None:
    """(instant, zone) of ``2020-05-17T08:30:00+02:00``, with or without milliseconds, else None."""
    size = len(text)
    if size not in (20, 24, 25, 29) or text[4] + text[7] + text[10] + text[13] + text[16] != "--T::":
        return None
    if text[-1] == "Z":
        fits = size in (20, 24)
    else:
        fits = size in (25, 29) and text[-6] in "+-" and text[-3] == ":" and text[-2] < "6"
    if not fits or (size in (24, 29) and text[19] != "."):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    zone = moment.utcoffset() or timedelta()
    minutes = zone // timedelta(minutes=1)
    return ((moment - _EPOCH) // _MICROSECOND, minutes) if -840 <= minutes <= 840 else None
