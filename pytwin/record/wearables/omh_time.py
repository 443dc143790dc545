"""Time frames of Open mHealth: an instant, an interval with two of start, end and length, a part of a day."""

from __future__ import annotations

from typing import Any, NamedTuple

from pytwin.record.reading import Reading
from pytwin.record.time import DAY, NAT, UNKNOWN, Instant
from pytwin.record.wearables.device import instant_of
from pytwin.record.wearables.omh_schema import (
    LENGTHS,
    NEEDS_INTERVAL,
    NEEDS_TIME,
    NO_PART_OF_DAY,
    PARTS_OF_DAY,
    Version,
    since,
)

_ELEMENT = "/effective_time_frame"
_LONGEST = 150 * 366 * DAY


class Frame(NamedTuple):
    """When something was; ``reason`` is not empty where the schema forbids what the frame says."""

    start: Instant = UNKNOWN
    until: int = NAT
    reason: str = ""
    part: str = ""


def text_of(value: Any) -> str:
    """A text; empty for anything else, numbers among it."""
    return value if isinstance(value, str) and not isinstance(value, Written) else ""


class Written(str):
    """A number of JSON with a fraction or exponent, as it is written."""

    __slots__ = ()


def number_of(value: Any) -> str:
    """A number as written; empty for anything else."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if whole or isinstance(value, Written) else ""


def mapping(value: Any) -> dict[str, Any]:
    """A JSON object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def length_of(value: Any) -> int:
    """Microseconds of a duration; -1 where it has none that can be read."""
    written = mapping(value)
    text, unit = number_of(written.get("value")), written.get("unit")
    scale = LENGTHS.get(unit, 0) if isinstance(unit, str) else 0
    length = float(text[:400]) * scale if text and scale else -1.0
    return int(length) if 0 <= length <= _LONGEST else -1


def frame_of(reading: Reading, body: dict[str, Any], schema: str, version: Version) -> Frame:
    """The effective time frame of a body, with issues for what its schema does not allow."""
    if "effective_time_frame" not in body:
        if since(NEEDS_TIME, schema, version):
            reading.issue("omh.time-missing", "the schema requires a time frame", "", "not usable", "error")
            return Frame(reason="omh.time-missing")
        return Frame()
    stated = mapping(body["effective_time_frame"])
    if ("date_time" in stated) == ("time_interval" in stated):
        return _wrong(reading, "a time frame is either an instant or an interval")
    if "date_time" not in stated:
        return _interval(reading, mapping(stated["time_interval"]), schema, version)
    instant = instant_of(text_of(stated["date_time"]))
    if instant == UNKNOWN:
        return _wrong(reading, "the instant of a time frame cannot be read")
    if since(NEEDS_INTERVAL, schema, version):
        return _wrong(reading, "the schema wants an interval of time", instant)
    return Frame(instant)


def _wrong(reading: Reading, message: str, instant: Instant = UNKNOWN) -> Frame:
    reading.issue("omh.time-frame", message, _ELEMENT, "not usable", "error")
    return Frame(instant, reason="omh.time-frame")


def _interval(reading: Reading, stated: dict[str, Any], schema: str, version: Version) -> Frame:
    if "part_of_day" in stated or "date" in stated:
        return _part_of_day(reading, stated, schema, version)
    ends = [name for name in ("start_date_time", "end_date_time", "duration") if name in stated]
    if len(ends) != 2:
        return _wrong(reading, "an interval has two of a start, an end and a duration")
    start = instant_of(text_of(stated.get("start_date_time")))
    end = instant_of(text_of(stated.get("end_date_time")))
    length = length_of(stated.get("duration"))
    if ("start_date_time" in stated and start == UNKNOWN) or ("end_date_time" in stated and end == UNKNOWN):
        return _wrong(reading, "an end of an interval cannot be read")
    if "duration" in stated and length < 0:
        return _wrong(reading, "the duration of an interval cannot be read")
    if start == UNKNOWN:
        start = Instant(end.us - length, end.width, end.offset)
    until = end.us if end != UNKNOWN else start.us + length
    if until < start.us:
        reading.issue("time.reversed", "an interval ends before it begins", _ELEMENT, "its end is left out")
        until = NAT
    return Frame(start, until)


def _part_of_day(reading: Reading, stated: dict[str, Any], schema: str, version: Version) -> Frame:
    day, part = instant_of(text_of(stated.get("date"))), text_of(stated.get("part_of_day"))
    if day == UNKNOWN or day.width != DAY or part not in PARTS_OF_DAY:
        return _wrong(reading, "a part of a day has a date and one of four names")
    if since(NO_PART_OF_DAY, schema, version):
        return _wrong(reading, "the schema's time frames have no part of a day", day)
    message = "a part of a day, for which no hours are defined"
    reading.issue("time.part-of-day", message, _ELEMENT, "kept with the width of the day", "note")
    return Frame(Instant(day.us, PARTS_OF_DAY[part], day.offset), NAT, "", part)
