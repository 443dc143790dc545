"""Plain Observations of NDJSON, fast: what repeats is worked out once and then looked up.

What an Observation says beside its instant, number and identity repeats from line to line: the code, the
unit, the status, a coded value. The slow reader reads such a combination once; where it finds nothing odd,
its events become templates, and further lines of the same combination are written straight into the sheet.
Any line that is odd, or of a combination not met before, goes to the slow reader, so that both give the same
rows.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw, Struct

from pytwin.errors import InputError
from pytwin.formats.fhir import CodeableConcept, Meta, Quantity
from pytwin.formats.jsontext import decode
from pytwin.record.event import Event
from pytwin.record.fhir.observation import analyte_of_concept, ucum_of
from pytwin.record.resolver import Resolver
from pytwin.record.sheet import Sheet, split_place
from pytwin.record.time import NAIVE, NAT, parse_time

_MOST = 1 << 15  # entries of a cache; then it begins anew, so that memory does not grow with the file
_LONGEST = 64  # characters of a number, as in observation.py
_ABSENT = Raw()
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
    """What the slow reader made of a line: whose it is, its events, and whether nothing was odd."""

    key: str | None
    events: list[Event]
    clean: bool


class _Template(NamedTuple):
    """An event to be repeated; where it has a number, how numbers become canonical."""

    event: Event
    form: str
    convert: Convert | None
    low: float
    high: float


class _Hot(NamedTuple):
    """A template's place in the sheet as it is now; a value that is repeated has its number and text."""

    shape: int
    convert: Convert | None
    low: float
    high: float
    value: float
    text: str


Slow = Callable[[int], Read]
# a part's identity: what it says beside its instant and number
_Key = tuple[Any, ...]


class Writer:
    """Writes plain Observations of one file into a sheet.

    Parameters
    ----------
    sheet : Sheet
    subject : callable
        The patient's key of a subject's text; None where that takes the slow reader.
    resolver : Resolver
    """

    def __init__(self, sheet: Sheet, subject: Callable[[bytes], str | None], resolver: Resolver) -> None:
        self._sheet = sheet
        self._resolver = resolver
        self._subject = subject
        self._templates: dict[_Key, _Template | None] = {}
        self._hot: dict[_Key, _Hot] = {}
        self._generation = sheet.generation
        self._people: dict[bytes, str] = {}
        self._times: dict[str, tuple[int, int]] = {}
        self._recorded: dict[str, int] = {}
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
        people, times, recorded, hot, row = (
            self._people,
            self._times,
            self._recorded,
            self._hot,
            self._sheet.row,
        )
        slowly = 0
        for position, item in enumerate(batch, first):
            quantity = item.valueQuantity
            try:
                # what is not in a cache yet, and what is not a lone number, raises
                patient = people[bytes(item.subject)]
                time, offset = times[item.effectiveDateTime]
                known = recorded[item.issued]
                key = (
                    bytes(item.code), quantity.unit, quantity.code, item.status, offset,  # type: ignore[union-attr]
                    quantity.system, quantity.comparator,  # type: ignore[union-attr]
                )  # fmt: skip
                shape, convert, low, high, _, _ = hot[key]
                number = bytes(quantity.value)  # type: ignore[union-attr]
                value = float(number)
            except (KeyError, ValueError, AttributeError):
                if not self._one(item, position):
                    slowly += 1
                    self._learn(item, slow(position - first))
                continue
            if convert is not None:
                value = convert(value)
            if (
                low <= value <= high
                and b"e" not in number
                and b"E" not in number
                and len(number) <= _LONGEST
                and not item.component
                and item.valueCodeableConcept is _ABSENT
                and item.valueString is _ABSENT
                and item.valueBoolean is _ABSENT
            ):
                identity = f"Observation/{item.id}" if item.id else ""
                row((shape, patient, time, NAT, known, value, number.decode(), identity, position))
            else:
                slowly += 1
                self._learn(item, slow(position - first))
        return slowly

    def _renew(self) -> None:
        """Forget what no longer holds, and caches that have grown too large."""
        if self._generation != self._sheet.generation:
            self._generation = self._sheet.generation
            self._hot.clear()
        for cache in (self._templates, self._hot, self._people, self._times, self._recorded):
            if len(cache) > _MOST:
                cache.clear()

    def _one(self, item: Plain, position: int) -> bool:
        """Write one Observation; False where it has to be read slowly, and nothing was written."""
        patient = self._person(bytes(item.subject))
        if patient is None:
            return False
        when = self._times.get(item.effectiveDateTime) or self._time(item.effectiveDateTime)
        recorded = self._record(item.issued or (item.meta.lastUpdated if item.meta else ""))
        if when is None or recorded is None:
            return False
        identity = f"Observation/{item.id}" if item.id else ""
        rows = []
        for key, number in _parts(item, when[1]):
            hot = self._hot.get(key) or self._warm(key, when[1])
            if hot is None:
                return False
            value, text = hot.value, hot.text
            if number is not None:
                if not _is_number(number):
                    return False
                value, text = float(number), number.decode()
                if hot.convert is not None:
                    value = hot.convert(value)
                if not hot.low <= value <= hot.high:
                    return False
            rows.append((hot.shape, patient, when[0], NAT, recorded, value, text, identity, position))
        for row in rows:
            self._sheet.row(row)
        return bool(rows)

    def _person(self, subject: bytes) -> str | None:
        patient = self._people.get(subject) or self._subject(subject)
        if patient is not None:
            self._people[subject] = patient
        return patient

    def _time(self, text: str) -> tuple[int, int] | None:
        """(instant, zone) of a time of day with a zone, the only one that has no issue."""
        found = _quick(text)
        if found is None:
            try:
                instant = parse_time(text)
            except InputError:
                return None
            if instant.width or instant.offset == NAIVE:
                return None
            found = instant.us, instant.offset
        self._times[text] = found
        return found

    def _record(self, text: str) -> int | None:
        """When something was recorded; None where that is not a time."""
        if not text:
            return NAT
        known = self._recorded.get(text)
        if known is None:
            found = _quick(text)
            try:
                known = self._recorded[text] = found[0] if found else parse_time(text).us
            except InputError:
                return None
        return known

    def _warm(self, key: _Key, offset: int) -> _Hot | None:
        """The place in the sheet of a template that is known."""
        template = self._templates.get(key)
        if template is None:
            return None
        event = template.event
        shape = self._sheet.shape(event._replace(offset=offset, width=0), template.form)
        hot = self._hot[key] = _Hot(shape, *template[2:], event.value, event.original_value)
        return hot

    def _learn(self, item: Plain, read: Read) -> None:
        """Keep the events of a line that the slow reader found nothing odd in."""
        if not read.clean or not read.events or read.events[0].offset == NAIVE:
            return
        keys = _parts(item, read.events[0].offset)
        parts = item.component or (item,)
        wanted = [(part.code, part.valueQuantity) for part in parts]
        if (
            len(keys) != len(read.events)
            or len(parts) != len(keys)
            or any(event.time == NAT or event.width for event in read.events)
        ):
            return
        for (key, _), (code, quantity), event in zip(keys, wanted, read.events, strict=True):
            self._templates[key] = _template(event, code, quantity, self._resolver)


def _is_number(text: bytes) -> bool:
    """Whether a JSON value is a number as they are usually written."""
    return (
        bool(text)
        and text[0] not in b'"n'
        and len(text) <= _LONGEST
        and b"e" not in text
        and b"E" not in text
    )


def _parts(item: Plain, offset: int) -> list[tuple[_Key, bytes | None]]:
    """(identity, number) of the value of an Observation, or of each component; none where it has both."""
    coded = bytes(item.valueCodeableConcept) + bytes(item.valueString) + bytes(item.valueBoolean)
    q, code, status = item.valueQuantity, bytes(item.code), item.status
    if not item.component:
        if q is None:
            return [((code, coded, status, offset), None)] if coded else []
        own = (code, q.unit, q.code, status, offset, q.system, q.comparator)
        return [] if coded else [(own, bytes(q.value))]
    if q is not None or coded:
        return []
    return [_part(index, part, code, status, offset) for index, part in enumerate(item.component)]


def _part(index: int, part: Part, panel: bytes, status: str, offset: int) -> tuple[_Key, bytes | None]:
    q, coded = part.valueQuantity, bytes(part.valueCodeableConcept)
    shared = (index, panel, bytes(part.code), coded, status, offset)
    if q is None:
        return shared, None
    return (*shared, q.unit, q.code, q.system, q.comparator), bytes(q.value)


def _template(event: Event, code: Raw, quantity: Quantity | None, resolver: Resolver) -> _Template | None:
    form, position = split_place(event.place)
    if position < 0:
        return None
    blank = event._replace(patient="", id="", recorded=NAT, time=NAT)
    if quantity is None:
        return _Template(blank, form, None, 0.0, 0.0)
    analyte = analyte_of_concept(decode(code, CodeableConcept), resolver)
    rule = resolver.rule(analyte, quantity.unit or quantity.code, ucum_of(quantity))
    if rule.reason or event.comparator or event.reason:
        return None
    return _Template(blank, form, rule.conversion.apply if rule.conversion else None, rule.low, rule.high)


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
