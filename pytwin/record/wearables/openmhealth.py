"""Open mHealth: data points with a header, or bodies of its schemas alone, in JSON, arrays or lines.

Every element that is a number with a unit is one event. A statistic over an interval (an average, a
maximum) is an event of a name of its own, so that nobody takes it for a measurement.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.formats.jsontext import as_utf8, syntax_error
from pytwin.record.reading import Fields, Reading, measured
from pytwin.record.sink import Options, Sink
from pytwin.record.time import NAT, Instant
from pytwin.record.wearables.device import Wearer, instant_of, stem
from pytwin.record.wearables.omh_order import orders
from pytwin.record.wearables.omh_schema import (
    BARE_UNITS,
    ENUMERATIONS,
    GLUCOSE_IN,
    MEASURES,
    NEEDS_UNIT,
    REQUIRED,
    Measure,
    Version,
    since,
    version_of,
)
from pytwin.record.wearables.omh_time import Frame, Written, frame_of, mapping, number_of, text_of

_LONGEST = 64 << 20  # bytes of a line
_FIRST_LINE = 1 << 20
_NESTED = ("effective_time_frame", "medication_prescription")
_KNOWN = re.compile(
    rb'"(?:effective_time_frame|medication_dose|dose_recurrence|'
    + b"|".join(name.encode() for name in MEASURES if "_" in name)
    + rb')"\s*:|"schema_id"\s*:\s*\{\s*"(?:namespace|name|version)"'
)
_BLOOD_PRESSURE = "85354-9"  # LOINC: panel with systolic and diastolic
_DECODER = msgspec.json.Decoder(float_hook=Written)


def recognises(head: bytes, name: str) -> bool:
    """Whether JSON has the names of Open mHealth and is no FHIR."""
    return head.lstrip()[:1] in (b"{", b"[") and b'"resourceType"' not in head and bool(_KNOWN.search(head))


class _Place(NamedTuple):
    """One data point or body and where it stands."""

    value: Any
    place: str


def _decoded(data: bytes, name: str) -> Any:
    try:
        return _DECODER.decode(data)
    except msgspec.DecodeError as error:
        raise syntax_error(data, name, str(error)) from None
    except RecursionError:
        raise InputError("json.too-deep", "the JSON text is nested too deeply", place=name) from None
    except (UnicodeDecodeError, ValueError, OverflowError):
        raise InputError("json.not-json", "the text is not JSON", place=name) from None


def _parts(value: Any, place: str) -> Iterator[_Place]:
    """The data points of an array, or the one that there is."""
    if not isinstance(value, list):
        yield _Place(value, place)
        return
    for index, item in enumerate(value):
        yield _Place(item, f"{place}/{index}")


def _is_lines(source: Input) -> bool:
    """Whether the first line is a JSON text by itself."""
    if source.name.lower().removesuffix(".gz").endswith((".ndjson", ".jsonl")):
        return True
    with source.open() as stream:
        line = stream.readline(_FIRST_LINE).removeprefix(b"\xef\xbb\xbf").strip()
    try:
        return isinstance(_decoded(line, ""), (dict, list))
    except InputError:
        return False


def _places(source: Input, sink: Sink) -> Iterator[_Place]:
    if not _is_lines(source):
        data, _ = as_utf8(source.load().data)
        yield from _parts(_decoded(data, source.name), "")
        return
    for number, line in source.lines(_LONGEST):
        text = as_utf8(line)[0].strip() if not line.isascii() else line.strip()
        if not text:
            continue
        place = f"line {number}"
        try:
            yield from _parts(_decoded(text, source.name), place)
        except InputError as error:
            sink.log().add(error.code, error.message, f"{source.name}:{place}", "line left out", "error")


def read(inputs: Sequence[Input], sink: Sink, options: Options) -> Iterator[None]:
    """Read data points; a person is a header's ``user_id``, or the file where there is none.

    Raises
    ------
    InputError
        ``json.not-json``, ``json.truncated``, ``json.too-deep``; ``omh.nothing`` for a file without a body of
        a known schema.
    """
    for source in inputs:
        sink.opened(source)
        people: dict[str, Wearer] = {}
        found = False
        for value, place in _places(source, sink):
            header, body = _split(value)
            key = text_of(header.get("user_id")) or stem(source)
            if not body or not isinstance(body, dict):
                message = "an entry that is no data point and no body of a schema"
                sink.log().add("json.shape", message, f"{source.name}:{place}", "left out", "error")
                continue
            wearer = people.get(key)
            if wearer is None:
                wearer = people[key] = Wearer(sink, source, options, key)
            _Point(wearer, wearer.reading(place or "/", text_of(header.get("id"))), header, body).read()
            found = True
            yield
        if not found:
            raise InputError("omh.nothing", "the file has no data point", place=source.name)
        for wearer in people.values():
            wearer.done()


def _split(value: Any) -> tuple[dict[str, Any], Any]:
    """Header and body of a data point; a bare body has no header."""
    point = mapping(value)
    if isinstance(point.get("header"), dict) and "body" in point:
        return point["header"], point["body"]
    return {}, value


class _Point:
    """One data point on its way into events."""

    def __init__(
        self, wearer: Wearer, reading: Reading, header: dict[str, Any], body: dict[str, Any]
    ) -> None:
        self._wearer = wearer
        self._reading = reading
        self._body = body
        self._recorded = instant_of(text_of(header.get("creation_date_time"))).us
        stated = mapping(header.get("schema_id"))
        self._names = {name: f"/{_shown(name, index)}" for index, name in enumerate(body)}
        self._version: Version = version_of(text_of(stated.get("version")))
        self._schema = text_of(stated.get("name")) or self._guess()

    def _guess(self) -> str:
        """The schema of a body without a header, from the elements that only one has."""
        for schema, names in REQUIRED.items():
            if schema != "medication-prescription" and any(name in self._body for name in names):
                return schema
        if "medication" in self._body:
            return "medication-prescription"
        found = next((name for name in self._body if name in MEASURES), "")
        if found.replace("_", "-") in NEEDS_UNIT and isinstance(self._body[found], dict):
            self._version = (NEEDS_UNIT[found.replace("_", "-")], 0)
        return found.replace("_", "-")

    def read(self) -> None:
        """Write the events of the body."""
        own = (self._schema.replace("-", "_"),)
        for name in REQUIRED.get(self._schema, own if own[0] in MEASURES else ()):
            if name not in self._body:
                message = "an element that the schema requires is missing"
                self._reading.issue("omh.missing", message, f"/{name}", "not usable", "error")
        wrong = self._values()
        nested = mapping(self._body.get("medication_prescription"))
        frame = frame_of(self._reading, self._body, self._schema, self._version)
        if nested:
            self._orders(nested, Frame())
        if "medication" in self._body:
            self._orders(self._body, frame)
        statistic = text_of(self._body.get("descriptive_statistic"))
        words = self._words(frame)
        count = 0
        for name, value in self._body.items():
            if name in MEASURES or name in BARE_UNITS or ("value" in mapping(value) and name not in _NESTED):
                self._number(name, value, frame, wrong, statistic, words)
                count += 1
            elif not isinstance(value, (str, bool)) and name not in (*_NESTED, "medication", "schedule"):
                message = "an element of the body that is not read"
                self._wearer.once(self._reading, "omh.not-read", message, "left out")
        if not count and words and not nested and "medication" not in self._body:
            self._words_alone(frame, words)

    def _values(self) -> str:
        """Check the elements with a value set; the reason why the body is not usable."""
        reason = ""
        for name in ENUMERATIONS.keys() & self._body.keys():
            if text_of(self._body[name]) not in ENUMERATIONS[name]:
                message = "a value that is not in the schema's value set"
                self._reading.issue("omh.value-set", message, f"/{name}", "not usable", "error")
                reason = "omh.value-set"
        return reason

    def _words(self, frame: Frame) -> str:
        """All that a body says in words."""
        said = [value for value in self._body.values() if text_of(value)]
        return "; ".join([*said, frame.part] if frame.part else said)

    def _orders(self, body: dict[str, Any], frame: Frame) -> None:
        when, late = self._wearer.when(self._reading, frame.start)
        for event in orders(self._reading, body, {**when, "recorded": self._recorded}, frame.reason or late):
            self._wearer.write(event)

    def _words_alone(self, frame: Frame, words: str) -> None:
        when, late = self._wearer.when(self._reading, frame.start)
        self._wearer.write(
            self._reading.event(
                kind="observation", system="local", code=(self._schema or "other")[:128], name=self._schema,
                text=words, until=frame.until, recorded=self._recorded, reason=frame.reason or late, **when,
            )
        )  # fmt: skip

    def _number(
        self, name: str, value: Any, frame: Frame, wrong: str, statistic: str, words: str
    ) -> None:  # fmt: skip
        measure = MEASURES.get(name, Measure("", {}))
        values, reason = self._measured(name, value, measure)
        if measure.extent and frame.until == NAT and frame.start.us != NAT and not frame.reason:
            message = "an amount over time whose length is not stated"
            self._reading.issue(
                "time.no-interval", message, self._names[name], "kept at the instant", "warning"
            )
        when, late = self._wearer.when(self._reading, _placed(frame, measure.extent or bool(statistic)))
        loinc = self._loinc(name, measure)
        analyte = self._reading.resolver.analyte("LOINC", loinc) if loinc else None
        shown = analyte.name if analyte else name.replace("_", " ")
        code: Fields = {"system": "LOINC" if loinc else "local", "code": loinc or name[:128], "name": shown}
        if statistic:
            code = {
                "system": "local",
                "code": f"{name[:128]} {statistic[:64]}",
                "name": f"{shown}, {statistic[:64]}",
            }
            message = "a statistic over an interval, not a measurement"
            self._wearer.once(self._reading, "value.statistic", message, "kept apart, not usable")
        if self._schema == "blood-pressure":
            code["panel"] = _BLOOD_PRESSURE
        until = frame.until if measure.extent or statistic else NAT
        why = wrong or frame.reason or reason or late or ("value.statistic" if statistic else "")
        self._wearer.write(
            self._reading.event(
                part=f"#{self._names[name][1:]}", kind="observation", text=words, until=until,
                recorded=self._recorded, reason=why, **code, **when, **values,
            )
        )  # fmt: skip

    def _loinc(self, name: str, measure: Measure) -> str:
        if name != "blood_glucose":
            return measure.loinc
        source = self._body.get("specimen_source", self._body.get("blood_specimen_type", ""))
        return GLUCOSE_IN.get(source, "") if isinstance(source, str) else ""

    def _measured(self, name: str, value: Any, measure: Measure) -> tuple[Fields, str]:
        """Value columns of an element, and why they are not usable."""
        bare = name in BARE_UNITS and not isinstance(value, dict)
        written = {"value": value} if bare else mapping(value)
        text, unit = number_of(written.get("value")), text_of(written.get("unit"))
        if bare and not since(NEEDS_UNIT, self._schema, self._version):
            unit = ""
        elif "unit" not in written or (measure.units and unit not in measure.units):
            code = "omh.unit" if "unit" in written else "omh.unit-missing"
            message = "the unit is not one of the schema's" if unit else "a number without a unit"
            found = str(written.get("unit", ""))[:64]
            self._reading.issue(code, message, self._names[name], "not usable", "error", found)
            return {"original_value": text[:64], "original_unit": unit}, code
        if not text:
            message = "an element without a number"
            self._reading.issue("omh.value", message, self._names[name], "not usable", "error")
            return {"original_unit": unit}, "omh.value"
        ucum = measure.units.get(unit, unit) if unit else BARE_UNITS.get(name, "")
        loinc = self._loinc(name, measure)
        analyte = self._reading.resolver.analyte("LOINC", loinc) if loinc else None
        fields, reason = measured(self._reading, text, ucum, analyte, self._names[name])
        return {**fields, "original_unit": unit}, reason


def _placed(frame: Frame, extent: bool) -> Instant:
    """Where an event stands: what is measured at an instant is somewhere in its interval."""
    if extent or frame.until == NAT:
        return frame.start
    return frame.start._replace(width=max(frame.until - frame.start.us, frame.start.width))


def _shown(name: str, index: int) -> str:
    """An element in a place: a name that no schema has may be a patient's data, and is told by its number."""
    return name if name in MEASURES or name in BARE_UNITS else f"element {index}"
