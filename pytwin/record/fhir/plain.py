"""Plain Observations of NDJSON, fast: what repeats is worked out once and then looked up.

What an Observation says beside its instant, number and identity repeats from line to line: the code, the
unit, the status, a coded value. The slow reader reads such a combination once; where it finds nothing odd,
its events become templates, and further lines of the same combination are written straight into the sheet.
Any line that is odd, or of a combination not met before, goes to the slow reader, so that both give the same
rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec import Raw

from pytwin.formats.fhir import CodeableConcept, Quantity
from pytwin.formats.jsontext import decode
from pytwin.issues import Issue
from pytwin.record.event import Event
from pytwin.record.fhir.carried import has_content
from pytwin.record.fhir.observation import analyte_of_concept, ucum_of
from pytwin.record.fhir.plain_form import ABSENT, Part, Plain
from pytwin.record.fhir.plain_times import recording, time_of_day
from pytwin.record.resolver import Resolver
from pytwin.record.sheet import split_place
from pytwin.record.sink import Sink
from pytwin.record.time import NAIVE, NAT

_MOST = 1 << 12  # entries of a cache; then it begins anew, so that memory does not grow with the file
_MOST_SHAPES = 1 << 14  # the same of what is shared by many lines
_LONGEST = 64  # characters of a number, as in observation.py
_NOT_CODED = (ABSENT, ABSENT, ABSENT)
_VALUE = "/valueQuantity"
# the bytes of one element, and the number that it is; both with less ado than ``bytes`` and ``float``, which
# give the same but for the sign of zero
_text = b"".join
_float = msgspec.json.Decoder(float).decode


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
        self._times = _Cache(time_of_day)
        self._recorded = _Cache(recording)
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
        people, times, recorded, text = self._people, self._times, self._recorded, _text
        slowly = 0
        for position, item in enumerate(batch, first):
            quantity = item.valueQuantity
            try:
                if item.extension and has_content(item.extension):
                    raise KeyError
                patient = people[text((item.subject,))]
                time, offset = times[item.effectiveDateTime]
                known = recorded[item.issued or _updated(item)]
                if (
                    quantity is None
                    or item.component
                    or item.valueCodeableConcept is not ABSENT
                    or item.valueString is not ABSENT
                    or item.valueBoolean is not ABSENT
                ):
                    self._one(item, (patient, time, NAT, known), offset, position)
                    continue
                key = (
                    offset, text((item.code,)), quantity.unit, quantity.code, item.status, quantity.system,
                    quantity.comparator,
                )  # fmt: skip
                shape, convert, low, high, issue, _, _ = hot[key]
                value = _float(quantity.value)
                number = text((quantity.value,)).decode()
                if (
                    "e" in number
                    or "E" in number
                    or len(number) > _LONGEST
                    or (not value and number[0] == "-")
                ):
                    raise KeyError
                if convert is not None:
                    value = convert(value)
                if not low <= value <= high:
                    raise KeyError
            except (KeyError, ValueError, msgspec.MsgspecError):
                slowly += 1
                self._learn(item, slow(position - first))
                continue
            identity = f"Observation/{item.id}" if item.id else ""
            row((shape, patient, time, NAT, known, value, number, identity, position))
            if issue is not None:
                self._say(issue, patient, position, quantity)
        self._sink.sheet.fold()
        return slowly

    def _renew(self) -> None:
        """Forget what no longer holds, and caches that have grown too large."""
        if self._generation != self._sink.sheet.generation:
            self._generation = self._sink.sheet.generation
            self._hot.clear()
        for cache in (self._people, self._times, self._recorded):
            if len(cache) > _MOST:
                cache.clear()
        for shapes in (self._templates, self._hot):
            if len(shapes) > _MOST_SHAPES:
                shapes.clear()

    def _one(self, item: Plain, shared: tuple[str, int, int, int], offset: int, position: int) -> None:
        """Write an Observation with a coded value or components.

        Raises
        ------
        KeyError, ValueError, MsgspecError
            It has to be read slowly, and nothing was written.
        """
        hot = self._hot
        identity = f"Observation/{item.id}" if item.id else ""
        rows = []
        for key, number in _parts(item, offset):
            shape, convert, low, high, issue, value, text = hot[key]
            if number is not None:
                value = _float(number)
                text = _text((number,)).decode()
                if "e" in text or "E" in text or len(text) > _LONGEST or (not value and text[0] == "-"):
                    raise KeyError
                if convert is not None:
                    value = convert(value)
                if not low <= value <= high or issue is not None:
                    raise KeyError
            rows.append((shape, *shared, value, text, identity, position))
        if not rows:
            raise KeyError
        self._sink.sheet.rows(rows)

    def _say(self, issue: Issue, patient: str, position: int, quantity: Quantity) -> None:
        """Note what the slow reader would have noted."""
        place = f"{self._file}:line {position}{_VALUE}"
        found = _written(quantity)
        self._sink.log(patient).add(issue.code, issue.message, place, issue.action, issue.severity, found)

    def _warm(self, key: _Key) -> _Hot | None:
        """The place in the sheet of a template that is known."""
        template = self._templates.get(key[1:])
        if template is None:
            return None
        event = template.event._replace(offset=key[0])
        shape = self._sink.sheet.shape(event, template.form)
        return _Hot(shape, *template[2:], event.value, event.original_value)

    def _learn(self, item: Plain, read: Read) -> None:
        """Keep the events of a line that the slow reader found nothing odd in."""
        events = read.events
        if not events or any(e.offset == NAIVE or e.width or e.time == NAT for e in events):
            return
        if item.extension and has_content(item.extension):
            return
        issue = self._repeated(item, read) if read.issues else None
        if read.issues and issue is None:
            return
        keys = _parts(item, events[0].offset)
        parts: tuple[Plain | Part, ...] = item.component or (item,)
        if not len(keys) == len(events) == len(parts):
            return
        for (key, _), part, event in zip(keys, parts, events, strict=True):
            self._templates[key[1:]] = _template(event, part, issue, self._resolver)

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


def _parts(item: Plain, offset: int) -> list[tuple[_Key, Raw | None]]:
    """(identity, number) of the value of an Observation, or of each component; none where it has both."""
    coded = item.valueCodeableConcept, item.valueString, item.valueBoolean
    plain = coded == _NOT_CODED
    q, code, status = item.valueQuantity, _text((item.code,)), item.status
    if not item.component:
        if q is None:
            return [] if plain else [((offset, code, *map(bytes, coded), status), None)]
        own = (offset, code, q.unit, q.code, status, q.system, q.comparator)
        return [(own, q.value)] if plain else []
    if q is not None or not plain:
        return []
    parts: list[tuple[_Key, Raw | None]] = []
    for index, part in enumerate(item.component):
        q = part.valueQuantity
        shared = (offset, code, _text((part.code,)), _text((part.valueCodeableConcept,)), status, index)
        if q is None:
            parts.append((shared, None))
        else:
            parts.append(((*shared, q.unit, q.code, q.system, q.comparator), q.value))
    return parts


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
