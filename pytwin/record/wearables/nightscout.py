"""Nightscout: JSON of sensor entries and of treatments, in any order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.formats.jsontext import ShapeError, as_utf8, decode
from pytwin.record.quantity import parse_number
from pytwin.record.sink import Options, Sink
from pytwin.record.time import MINUTE, UNKNOWN, Instant, parse_time
from pytwin.record.wearables.device import BLOOD, SENSOR, Wearer, stem

_LATEST = 253402300800000  # ms: year 10000
_LONGEST = 7 * 24 * 60  # minutes of a temporary rate


def recognises(head: bytes, name: str) -> bool:
    """Whether JSON has the names of Nightscout's entries or treatments."""
    if not head.lstrip().startswith((b"[", b"{")) or b'"resourceType"' in head:
        return False
    entries = b'"sgv"' in head or b'"mbg"' in head
    return (entries and b'"date' in head) or (b'"eventType"' in head and b'"created_at"' in head)


def _entries(source: Input) -> list[Any]:
    data, _ = as_utf8(source.load().data)
    try:
        found: Any = decode(data, object, source.name)
    except ShapeError:
        raise InputError("json.shape", "the JSON text is no list of entries", place=source.name) from None
    return found if isinstance(found, list) else [found]


def _text(value: Any) -> str:
    """A number or text as written; empty for anything else."""
    return str(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""


def _time(entry: dict[str, Any]) -> Instant:
    """Milliseconds since 1970 where they are given, else text."""
    ms, zone = entry.get("date", entry.get("mills")), entry.get("utcOffset")
    if isinstance(ms, (int, float)) and not isinstance(ms, bool) and 0 < ms < _LATEST:
        offset = zone if isinstance(zone, int) and abs(zone) <= 840 else 0
        return Instant(int(ms * 1000), 0, offset)
    for name in ("created_at", "timestamp", "dateString", "sysTime"):
        try:
            return parse_time(_text(entry.get(name)))
        except InputError:
            continue
    return UNKNOWN


def read(inputs: Sequence[Input], sink: Sink, options: Options) -> Iterator[None]:
    """Read entries and treatments; one file is one person.

    Raises
    ------
    InputError
        ``json.not-json``, ``json.truncated``, ``json.too-deep``, ``json.shape``.
    """
    for source in inputs:
        sink.opened(source)
        wearer = Wearer(sink, source, options, stem(source))
        for index, entry in enumerate(_entries(source)):
            if not isinstance(entry, dict):
                message = "an entry that is no JSON object"
                place = f"{source.name}:/{index}"
                sink.log(wearer.key).add("json.shape", message, place, "left out", "error")
                continue
            if "eventType" in entry:
                _treatment(wearer, index, entry)
            else:
                _entry(wearer, index, entry)
            yield
        wearer.done()


def _entry(wearer: Wearer, index: int, entry: dict[str, Any]) -> None:
    reading = wearer.reading(f"/{index}", _text(entry.get("_id")))
    unit = "mmol/L" if "mmol" in _text(entry.get("units")).lower() else "mg/dL"
    instant = _time(entry)
    sort = _text(entry.get("type")) or ("mbg" if "mbg" in entry else "sgv")
    if sort == "mbg":
        wearer.number(reading, instant, "mbg", _text(entry.get("mbg")), unit, BLOOD)
    elif sort == "sgv":
        text, second = _text(entry.get("sgv")), _text(entry.get("glucose"))
        if text and second and text != second:
            message = "sgv and glucose of one entry differ"
            reading.issue("value.conflict", message, "", "sgv is taken", "warning", f"{text} {second}")
        wearer.number(reading, instant, "sgv", text or second, unit, SENSOR)
    else:
        wearer.words(reading, instant, "other", sort[:64], "value.absent")


def _treatment(wearer: Wearer, index: int, entry: dict[str, Any]) -> None:
    reading = wearer.reading(f"/{index}", _text(entry.get("_id")))
    instant = _time(entry)
    sort = _text(entry.get("eventType"))[:64]
    found = False
    for name in ("insulin", "carbs", "glucose"):
        text = _text(entry.get(name))
        if not text:
            continue
        found = True
        if name == "insulin":
            wearer.dose(reading, instant, "insulin", text, sort)
        elif name == "carbs":
            wearer.meal(reading, instant, text)
        else:
            unit = "mmol/L" if "mmol" in _text(entry.get("units")).lower() else "mg/dL"
            finger = _text(entry.get("glucoseType")).lower() == "finger"
            wearer.number(reading, instant, "glucose", text, unit, BLOOD if finger else SENSOR)
    rate = _text(entry.get("absolute")) or _text(entry.get("rate"))
    if not found and rate:
        minutes = parse_number(_text(entry.get("duration")))
        length = round(minutes[1] * MINUTE) if minutes and 0 <= minutes[1] <= _LONGEST else 0
        wearer.rate(reading, instant, "basal", rate, "[IU]/h", length)
    elif not found:
        wearer.words(reading, instant, "treatment", sort, "value.absent")
