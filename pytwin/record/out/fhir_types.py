"""Elements of FHIR R4 that its resources share: texts, codes, times, numbers, quantities."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any

from pytwin.errors import InputError
from pytwin.record.event import Event
from pytwin.record.quantity import KNOWN_COMPARATORS
from pytwin.record.resolver import DEFAULT
from pytwin.record.systems import uri_of
from pytwin.record.time import DAY, MINUTE, NAIVE, NAT, Instant, parse_time
from pytwin.units import UnitError

Element = dict[str, Any]
UCUM = "http://unitsofmeasure.org"
# what FHIR wants said where it requires an element that is not known (http://hl7.org/fhir/R4/extensibility.html)
_UNKNOWN_URL = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
UNKNOWN: Element = {"extension": [{"url": _UNKNOWN_URL, "valueCode": "unknown"}]}

_ID = re.compile(r"[A-Za-z0-9.-]{1,64}", re.ASCII)
_NOT_TEXT = re.compile(r"[^\S \r\n\t]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,30})(?:\.\d{1,30})?", re.ASCII)
_LONGEST = 1 << 20  # characters of a string
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def is_id(text: str) -> bool:
    """Whether a text may be the id of a resource."""
    return _ID.fullmatch(text) is not None


def text(value: str) -> str:
    """A text as FHIR's strings may be; empty where nothing is left of it."""
    plain = _NOT_TEXT.sub(" ", value)[:_LONGEST]
    return plain if plain.strip() else ""


def code(value: str) -> str:
    """A text as FHIR's codes may be: single blanks inside."""
    return " ".join(text(value).split())


def system(name: str) -> str:
    """URI of a code system by its short name; empty for local codes."""
    return "" if name in ("", "local") else uri_of(name)


def filled(**elements: Any) -> Element:
    """Elements without those that are empty."""
    return {name.rstrip("_"): value for name, value in elements.items() if value not in ("", None, [], {})}


def coding(of: str, short: str, display: str = "") -> Element:
    """A Coding; empty where it would have neither code nor display."""
    parts = filled(code=code(short), display=text(display))
    return filled(system=system(of), **parts) if parts else {}


def concept(of: str, short: str, display: str = "", words: str = "") -> Element:
    """A CodeableConcept; one that says that it is unknown where there is nothing in it."""
    one = coding(of, short, display)
    return filled(coding=[one] if one else [], text=text(words)) or UNKNOWN


def words(value: str) -> Element:
    """A concept of a text alone."""
    return filled(text=text(value))


def stamp(us: int, width: int = 0, offset: int = 0) -> str:
    """A dateTime: a date as wide as the instant, else with its zone, in UTC where none is known."""
    if us == NAT:
        return ""
    zone = offset if -840 <= offset <= 840 else 0
    try:
        moment = _EPOCH + timedelta(microseconds=us)
        if width >= DAY:
            whole = moment.date().isoformat()
            for date in (whole[:4], whole[:7], whole):
                if parse_time(date)[:2] == (us, width):
                    return date
        local = (moment + timedelta(minutes=zone)).replace(tzinfo=None)
    except (OverflowError, ValueError, InputError):
        return ""
    sign = "-" if zone < 0 else "+"
    tail = "Z" if zone == 0 else f"{sign}{abs(zone) // 60:02d}:{abs(zone) % 60:02d}"
    thousandths = local.microsecond and local.microsecond % 1000 == 0
    return local.isoformat(timespec="milliseconds" if thousandths else "auto") + tail


def when(event: Event) -> str:
    """The time of an event."""
    return stamp(event.time, event.width, event.offset)


def later(event: Event, us: int) -> str:
    """Another instant of an event, in the event's zone."""
    return stamp(us, 0, event.offset)


def period(event: Event, end: int) -> Element:
    """From the time of an event to an instant."""
    return filled(start=when(event), end=later(event, end))


def is_span(event: Event) -> bool:
    """Whether an event is as wide as no date that can be written, so that it has a beginning and an end."""
    try:
        written = parse_time(when(event)) if when(event) else Instant(NAT)
    except InputError:
        return False
    return event.width > 0 and event.width not in (MINUTE, written.width)


def day(instant: Instant | None) -> str:
    """A date."""
    if instant is None or instant.us == NAT:
        return ""
    written = stamp(instant.us, max(instant.width, DAY), NAIVE)
    return written if len(written) <= len("0000-00-00") else written[:10]


def is_number(written: str) -> bool:
    """Whether a number was found in a form that JSON has, too."""
    return _NUMBER.fullmatch(written) is not None


def number(value: float, original: str = "") -> Decimal | None:
    """A number with the digits that it was found with, where these are plain."""
    if is_number(original):
        return Decimal(original)
    return Decimal(repr(value)) if isfinite(value) else None


def quantity(value: float, unit: str, *, original: str = "", comparator: str = "", ucum: str = "") -> Element:
    """A Quantity; empty where there is no number."""
    found = number(value, original)
    if found is None:
        return {}
    sign = comparator if comparator in KNOWN_COMPARATORS else ""
    units = filled(system=UCUM, code=code(ucum)) if code(ucum) else {}
    return {"value": found, **filled(comparator=sign, unit=text(unit)), **units}


def measured(event: Event) -> Element:
    """The value of an observation, as found where that is a number with a unit that can be read."""
    original = event.original_value.lstrip("<>=\u2264\u2265 ")
    if not is_number(original):
        return quantity(event.value, event.unit, comparator=event.comparator, ucum=event.unit)
    same = event.value == float(original)
    ucum = event.unit if same and not event.reason.startswith("unit.") else _ucum(event)
    return quantity(
        event.value, event.original_unit, original=original, comparator=event.comparator, ucum=ucum
    )


def _ucum(event: Event) -> str:
    """UCUM code of the unit as found; empty where it cannot be read, or measures something else."""
    analyte = DEFAULT.analyte(event.system, event.code, event.name)
    try:
        return DEFAULT.unit(event.original_unit, analyte) if event.original_unit else ""
    except UnitError:
        return ""


def is_ucum(unit: str) -> str:
    """The unit, where it is a UCUM code as it stands; else empty."""
    try:
        return unit if unit and DEFAULT.unit(unit) == unit else ""
    except UnitError:
        return ""


def status_of(
    event: Event,
    known: Sequence[str],
    retract: bool,
    unknown: str = "unknown",
    back: str = "entered-in-error",
) -> str:
    """The status as found, where the type knows it.

    Parameters
    ----------
    event : Event
    known : sequence of str
        What the type knows.
    retract : bool
        Ask for a status that takes the resource back.
    unknown, back : str
        What stands for others, and for one that takes back.
    """
    return back if retract else event.status if event.status in known else unknown
