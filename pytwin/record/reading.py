"""What readers of messages and documents share: issues with a place, verdicts, values, a start for events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytwin.errors import InputError
from pytwin.issues import Severity
from pytwin.record.codes import Analyte
from pytwin.record.event import Event
from pytwin.record.log import IssueLog
from pytwin.record.quantity import REASONS, measure, parse_number
from pytwin.record.resolver import DEFAULT, Resolver
from pytwin.record.time import DAY, UNKNOWN, Instant

Fields = dict[str, Any]
Coding = tuple[str, str, str]  # short name of the code system, code, name
Verdict = tuple[bool, str]  # still stands, reason why not usable
_LONGEST = 64  # characters of a number kept as found


class Reading:
    """One element of a source on its way into events.

    Parameters
    ----------
    log : IssueLog
        Of the person that the element is about.
    source, place : str
        File and position of the element.
    id : str
        Identity of the element in the source; empty where it has none.
    resolver : Resolver
        What codes, names and units mean.
    """

    def __init__(
        self, log: IssueLog, source: str, place: str, id: str = "", resolver: Resolver = DEFAULT
    ) -> None:
        self.resolver = resolver
        self.log = log
        self.source = source
        self.place = place
        self.id = id

    def issue(
        self,
        code: str,
        message: str,
        element: str = "",
        action: str = "",
        severity: Severity = "warning",
        found: str = "",
    ) -> None:
        """Note something odd at a part of the element."""
        self.log.add(code, message, f"{self.source}:{self.place}{element}", action, severity, found)

    def judge(self, status: str, verdicts: Mapping[str, Verdict], element: str = "") -> Verdict:
        """What a status means, with an issue where it takes the events out of use."""
        valid, reason = verdicts.get(status, (True, "status.unknown"))
        if reason:
            stands = "" if valid else ": the event is taken back"
            message = f"the status does not allow use{stands}"
            self.issue(reason, message, element, "kept in the table, not usable", "warning", status)
        return valid, reason

    def noted(self, instant: Instant, element: str) -> Instant:
        """An instant as it is, with an issue where it is only a day or has no zone."""
        if instant == UNKNOWN:
            return instant
        if instant.width >= DAY:
            self.issue("time.day", "a date without a time of day", element, "kept with its width", "note")
        elif instant.naive:
            self.issue("time.naive", "a time without a zone", element, "taken as UTC", "warning")
        return instant

    def event(self, *, part: str = "", **values: Any) -> Event:
        """An event of the element; ``usable`` follows from ``reason``."""
        reason = values.get("reason", "")
        values.setdefault("id", self.id)
        return Event(usable=not reason, source=self.source, place=self.place + part, **values)


def at(instant: Instant) -> Fields:
    """Time columns of an instant."""
    return {"time": instant.us, "width": instant.width, "offset": instant.offset}


def identify(reading: Reading, codings: Sequence[Coding], element: str) -> tuple[Fields, Analyte | None, str]:
    """System, code and name; the analyte that the codings mean, where they agree on one."""
    if not codings:
        reading.issue("code.missing", "an entry without a code", element, "not usable", "error")
        return {}, None, "code.missing"
    standard = any(system == "LOINC" for system, _, _ in codings)
    known = [
        (analyte, coding)
        for coding in codings
        if not (standard and coding[0] == "local")
        for analyte in (reading.resolver.analyte(*coding),)
        if analyte
    ]
    names = {analyte.name for analyte, _ in known}
    analyte, (system, code, name) = known[0] if known else (None, codings[0])
    fields = {"system": system, "code": code, "name": analyte.name if analyte else name}
    if len(names) > 1:
        reading.issue("code.conflict", "two codes mean different things", element, "not usable", "error")
        return fields, None, "code.conflict"
    return fields, analyte, ""


def measured(
    reading: Reading,
    text: str,
    unit: str,
    analyte: Analyte | None,
    element: str,
    comparator: str = "",
    ucum: str = "",
) -> tuple[Fields, str]:
    """Value columns of a number as written, and the reason why they are not usable."""
    number = parse_number(text)
    if number is None:
        reading.issue("value.not-numeric", "a quantity is not a number", element, "not usable", "error", text)
        return {"original_value": text[:_LONGEST], "original_unit": unit}, "value.not-numeric"
    result = measure(number[1], comparator or number[0], unit, analyte, ucum, reading.resolver)
    if result.reason:
        name = f": {analyte.name}" if analyte else ""
        message = REASONS.get(result.reason, "the value cannot be used") + name
        reading.issue(result.reason, message, element, "not usable", "warning", f"{text} {unit}")
    if result.comparator:
        reading.issue(
            "value.censored", "a value with a comparator", element, "kept as censored", "note", text
        )
    fields = {
        "value": result.value,
        "comparator": result.comparator,
        "unit": result.unit,
        "original_value": text[:_LONGEST],
        "original_unit": unit,
        "changes": result.changes,
    }
    return fields, result.reason


def not_numeric(reading: Reading, analyte: Analyte | None, element: str, found: str) -> str:
    """Text is a fine value, except of something that is measured in numbers."""
    if analyte is None:
        return ""
    message = f"{REASONS['value.not-numeric']}: {analyte.name}"
    reading.issue("value.not-numeric", message, element, "kept as text, not usable", "warning", found)
    return "value.not-numeric"


def worded(
    reading: Reading, text: str, unit: str, analyte: Analyte | None, element: str
) -> tuple[Fields, str]:
    """Value columns of a text; of a number, where something is measured that has one."""
    if analyte and parse_number(text):
        message = "a number given as text"
        reading.issue("value.number-as-text", message, element, "read as a number", "note", text)
        return measured(reading, text, unit, analyte, element)
    fields = {"text": text, "original_value": text[:_LONGEST]}
    return fields, not_numeric(reading, analyte, element, text)


def coded(
    reading: Reading, codings: Sequence[Coding], text: str, analyte: Analyte | None, element: str
) -> tuple[Fields, str]:
    """Value columns of a coded value."""
    system, code, name = codings[0] if codings else ("", "", "")
    fields = {"text": text or name, "original_value": code, "original_unit": system}
    return fields, not_numeric(reading, analyte, element, text or name)


def absent(reading: Reading, element: str) -> tuple[Fields, str]:
    """No value where one should be."""
    reading.issue("value.absent", "an observation without a value", element, "not usable", "warning")
    return {}, "value.absent"


def check_patients(people: Mapping[str, object], first_error: str, place: str) -> None:
    """Refuse a file in which nobody was found, by the first thing that was wrong with it."""
    if not people:
        code = first_error or "record.no-patient"
        raise InputError(code, "there is no patient, so nothing could be read", place=place)
