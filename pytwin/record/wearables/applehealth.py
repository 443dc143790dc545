"""Apple Health: export.xml, read element by element, and plain records many at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import IO

import numpy as np

from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.formats.xmltext import Element, Elements, iterate, pieces_of
from pytwin.record.event import Event
from pytwin.record.record import PatientInfo
from pytwin.record.resolver import Resolver
from pytwin.record.sink import Options, Sink
from pytwin.record.time import UNKNOWN, Instant
from pytwin.record.wearables.applefast import Columns, Numbers, OddError, Splitter
from pytwin.record.wearables.appletable import Kind, Prepared, Writer
from pytwin.record.wearables.device import BLOOD, Wearer, instant_of, stem

_PIECE = 1 << 19  # bytes
_TAIL_KEPT = 1 << 12  # bytes of the end of a piece by which it is seen whether a tag is open
_ROOT = b"<HealthData"
# Encodings in which bytes are not as in UTF-8; what could hold text that looks like a record; the root's end.
_ENCODING = re.compile(rb"""encoding\s*=\s*["'](?!utf-?8["'])""", re.IGNORECASE)
_SPECIAL = re.compile(rb"<[!?]|</HealthData")
_WHOLE_TAG = re.compile(rb"""<[^"'<>]*+(?:"[^"]*+"[^"'<>]*+|'[^']*+'[^"'<>]*+)*+>[^<]*+""")
_TAGS = ("Me", "Record", "Workout", "ActivitySummary")
_PATHS = tuple(f"{{*}}{tag}" for tag in _TAGS)
_PREFIXES = ("HKQuantityTypeIdentifier", "HKCategoryTypeIdentifier", "HKDataType")
_LOINC = {
    "HeartRate": "8867-4", "BodyMass": "29463-7", "Height": "8302-2", "BodyMassIndex": "39156-5",
    "BloodGlucose": BLOOD, "BodyTemperature": "8310-5", "OxygenSaturation": "59408-5",
    "RespiratoryRate": "9279-1", "BloodPressureSystolic": "8480-6", "BloodPressureDiastolic": "8462-4",
}  # fmt: skip
_UNITS = {"mi": "[mi_i]", "count/min": "/min", "Cal": "kcal", "count": "1"}
_SEXES = {"HKBiologicalSexMale": "male", "HKBiologicalSexFemale": "female"}
_WORKOUT = (("Workout", "duration"), ("Workout distance", "totalDistance"),
            ("Workout energy", "totalEnergyBurned"))  # fmt: skip
_SUMMARY = (("active energy", "activeEnergyBurned", ""), ("exercise time", "appleExerciseTime", "min"),
            ("stand hours", "appleStandHours", "h"))  # fmt: skip


def recognises(head: bytes, name: str) -> bool:
    """Whether XML has the root of an export; a DTD of some length may stand before it."""
    return b"<HealthData" in head or b"<!DOCTYPE HealthData" in head


def read(inputs: Sequence[Input], sink: Sink, options: Options) -> Iterator[None]:
    """Read exports; one file is one person. The records within a correlation are read once.

    Raises
    ------
    InputError, MissingExtraError
        As ``pytwin.formats.xmltext.iterate``.
    """
    yield from read_export(inputs, sink, options)


def read_export(inputs: Sequence[Input], sink: Sink, options: Options, fast: bool = True) -> Iterator[None]:
    """As ``read``; ``fast`` reads plain records many at once, with the same result as without."""
    for source in inputs:
        sink.opened(source)
        wearer = Wearer(sink, source, options, stem(source))
        try:
            with source.open() as stream:
                yield from _Export(wearer, source.name, sink, options.resolver, fast).read(stream)
        except InputError as error:
            raise _placed(source, error) from None
        wearer.done()


def _placed(source: Input, error: InputError) -> InputError:
    """The error of a file with its line, which the parser cannot tell where it was not given all lines."""
    try:
        with source.open() as stream:
            for _ in iterate(stream, _PATHS, source.name):
                pass
    except InputError as same:
        return same
    return error


class _Export:
    """One file: its text goes through the parser, but for plain records where they can only be such."""

    def __init__(self, wearer: Wearer, name: str, sink: Sink, resolver: Resolver, fast: bool) -> None:
        self._wearer = wearer
        self._name = name
        self._sink = sink
        self._resolver = resolver
        self._fast = fast
        self._splitter = Splitter()
        self._writer = Writer(self._kind, sink.log(wearer.key), name, wearer.key)
        self._count = 0  # elements so far
        self._inside = False  # of a tag
        self._last = b""

    def read(self, stream: IO[bytes]) -> Iterator[None]:
        """Go through the text."""
        pieces = pieces_of(stream, self._name, _PIECE)
        first = next(pieces)
        self._elements = Elements(_PATHS, self._name, first)
        begin = first.find(_ROOT)
        end = first.find(b">", begin) + 1
        self._fast = self._fast and begin >= 0 and end > 0 and _ENCODING.search(first[:begin]) is None
        if self._fast:
            self._slow(first[:end])
            self._fast = _closed(first[:end]) and self._elements.root is not None
            first = first[end:]
        held = b""
        for piece in chain([first], pieces):
            held += piece
            cut = held.rfind(b"<Record") if self._fast else len(held)
            if cut > 0 or len(held) > 4 * _PIECE:
                self._piece(held[:cut] if cut > 0 else held)
                held = held[cut:] if cut > 0 else b""
            elif cut < 0:
                self._piece(held)
                held = b""
            yield
        if held:
            self._piece(held)
        for element in self._elements.feed(b""):
            self._one(element)

    def _one(self, element: Element) -> None:
        _element(self._wearer, self._count, element, self._sink)
        self._count += 1

    def _slow(self, piece: bytes) -> None:
        """Give a piece to the parser."""
        for element in self._elements.feed(piece):
            self._one(element)

    def _piece(self, piece: bytes) -> None:
        if not piece:
            return
        made = self._prepared(piece) if self._fast and not self._inside else None
        if made is None:
            text = self._last + piece
            self._fast = self._fast and not _SPECIAL.search(text)
            self._inside = not _closed(text) if b"<" in text else self._inside
            self._last = text[-_TAIL_KEPT:]
            self._slow(piece)
            return
        self._sink.table(self._writer.table(made, self._positions(made.columns)))
        last = made.columns.gaps[-1]
        self._fast = not _SPECIAL.search(last)
        self._inside = not _closed(last)
        self._last = last[-_TAIL_KEPT:]

    def _prepared(self, piece: bytes) -> Prepared | None:
        """The plain records of a piece; None where it has to go to the parser as a whole."""
        columns = self._splitter.split(piece)
        if columns is None:
            return None
        for gap in set(columns.gaps[:-1]):
            if not gap.isspace() and (_SPECIAL.search(gap) or not _closed(gap)):
                return None
        try:
            return self._writer.prepare(columns)
        except OddError:
            return None

    def _positions(self, columns: Columns) -> Numbers:
        """Numbers of the records among all elements; what is between them goes to the parser on the way."""
        positions = np.empty(len(columns), np.int64)
        gaps, done = columns.gaps, 0
        blank = {gap for gap in set(gaps) if gap.isspace() or not gap}
        for index, gap in enumerate(gaps):
            if gap in blank:
                continue
            positions[done:index] = np.arange(self._count, self._count + index - done)
            self._count += index - done
            done = index
            self._slow(gap)
        positions[done:] = np.arange(self._count, self._count + len(columns) - done)
        self._count += len(columns) - done
        return positions

    def _kind(self, type: str, unit: str) -> Kind:
        """How the records of a type in a unit become events, as ``_record`` makes them."""
        code = _code_of(type)
        event = Event(kind="observation", system="local", code=code, name=code, source=self._name)
        if type.startswith("HKCategory") or not unit:
            return Kind(event, None)
        loinc = _LOINC.get(code, "")
        ucum = _ucum(code, unit)
        analyte = self._resolver.analyte("LOINC", loinc) if loinc else None
        analyte = analyte or self._resolver.analyte("local", code)
        rule = self._resolver.rule(analyte, ucum)
        name = analyte.name if analyte else ""
        known = event._replace(
            name=name or code, unit=rule.unit, original_unit=unit, changes=rule.change, reason=rule.reason
        )
        return Kind(known, rule, name, ucum)


def _closed(text: bytes) -> bool:
    """Whether a text ends outside of a tag; one without a tag is taken to."""
    at = text.rfind(b"<")
    return at < 0 or _WHOLE_TAG.fullmatch(text, at) is not None


def _element(wearer: Wearer, index: int, element: Element, sink: Sink) -> None:
    tag = element.tag.rpartition("}")[2]
    if tag == "Me":
        born = instant_of(element.get("HKCharacteristicTypeIdentifierDateOfBirth", ""))
        sex = _SEXES.get(element.get("HKCharacteristicTypeIdentifierBiologicalSex", ""))
        sink.person(wearer.key, PatientInfo(wearer.key, born if born != UNKNOWN else None, sex))
    elif tag == "Record":
        _record(wearer, index, element)
    elif tag == "Workout":
        _workout(wearer, index, element)
    else:
        _summary(wearer, index, element)


def _number(
    wearer: Wearer,
    place: str,
    times: tuple[Instant, Instant],
    code: str,
    text: str,
    unit: str,
    words: str = "",
) -> None:
    loinc = _LOINC.get(code, "")
    ucum = _ucum(code, unit)
    start, end = times
    reading = wearer.reading(place)
    wearer.number(
        reading, start, code, text, ucum, loinc, text_value=words, unit_written=unit, until=end.us
    )  # fmt: skip


def _ucum(code: str, unit: str) -> str:
    return "kg/m2" if code == "BodyMassIndex" and unit == "count" else _UNITS.get(unit, unit)


def _code_of(type: str) -> str:
    code = type[:128]
    for prefix in _PREFIXES:
        code = code.removeprefix(prefix)
    return code


def _record(wearer: Wearer, index: int, element: Element) -> None:
    code = _code_of(element.get("type", ""))
    kind = element.get("type", "").startswith("HKCategory")
    times = instant_of(element.get("startDate", "")), instant_of(element.get("endDate", ""))
    text, place = element.get("value", ""), f"element {index}"
    if kind or not element.get("unit"):
        wearer.words(wearer.reading(place), times[0], code, text)
    else:
        _number(wearer, place, times, code, text, element.get("unit"))


def _workout(wearer: Wearer, index: int, element: Element) -> None:
    times = instant_of(element.get("startDate", "")), instant_of(element.get("endDate", ""))
    sort = element.get("workoutActivityType", "").removeprefix("HKWorkoutActivityType")
    for code, name in _WORKOUT:
        if text := element.get(name, ""):
            _number(
                wearer, f"element {index}#{name}", times, code, text, element.get(f"{name}Unit", ""), sort
            )


def _summary(wearer: Wearer, index: int, element: Element) -> None:
    day = instant_of(element.get("dateComponents", ""))
    for code, name, unit in _SUMMARY:
        if text := element.get(name, ""):
            stated = unit or element.get(f"{name}Unit", "")
            _number(
                wearer, f"element {index}#{name}", (day, UNKNOWN), f"ActivitySummary {code}", text, stated
            )
