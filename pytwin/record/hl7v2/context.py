"""What every segment reader needs: codes, times, identity, and where to put what it finds."""

from __future__ import annotations

import re
from functools import lru_cache

from pytwin.record.hl7v2.message import Field, Message, Segment
from pytwin.record.hl7v2.times import parse_hl7_time
from pytwin.record.log import IssueLog
from pytwin.record.reading import Coding, Reading
from pytwin.record.resolver import DEFAULT, Resolver
from pytwin.record.systems import of_oid, system_name
from pytwin.record.time import UNKNOWN, Instant

# HL7 table 0396 and names in use beside it
_SYSTEMS = {
    "": "local", "L": "local", "LOCAL": "local", "LN": "LOINC", "LOINC": "LOINC", "SCT": "SNOMED",
    "SNM": "SNOMED", "SNOMED": "SNOMED", "SNOMED-CT": "SNOMED", "SNOMEDCT": "SNOMED", "RXN": "RxNorm",
    "RXNORM": "RxNorm", "NDC": "NDC", "CVX": "CVX", "C4": "CPT-4", "CPT": "CPT-4", "CPT4": "CPT-4",
    "CPT-4": "CPT-4",
    "I9": "ICD-9", "I9C": "ICD-9", "I9CDX": "ICD-9", "ICD9": "ICD-9", "ICD-9": "ICD-9", "ICD9CM": "ICD-9",
    "I9CP": "ICD-9", "I10": "ICD-10", "I10C": "ICD-10", "ICD10": "ICD-10", "ICD-10": "ICD-10",
    "ICD10CM": "ICD-10", "ICD-10-CM": "ICD-10", "I10P": "ICD-10-PCS", "UCUM": "UCUM", "ATC": "ATC",
    "WC": "ATC", "FDDC": "FDDC",
}  # fmt: skip
_OID = re.compile(r"(?:urn:oid:)?[0-2](?:\.\d+){3,}", re.ASCII | re.IGNORECASE)
_LOCAL = re.compile(r"99[A-Za-z0-9]*|L\d*")


@lru_cache(maxsize=4096)
def system_of(name: str) -> str:
    """Short name of a code system from the name that a message gives it; ``local`` for the sender's own."""
    known = _SYSTEMS.get(name.upper())
    if known:
        return known
    if _OID.fullmatch(name):
        return of_oid(name.lower())
    return "local" if _LOCAL.fullmatch(name) else system_name(name)


def codings(field: Field, method: str = "") -> list[Coding]:
    """(system, code, name) of a coded field's code and alternates; of its text alone where it has no code.

    Parameters
    ----------
    field : Field
        A CE or CWE.
    method : str, optional
        The code system, where another field names it.
    """
    found = []
    original = field.text(9)
    for first in (1, 4, 10):
        code, name, system = field.text(first), field.text(first + 1), field.text(first + 2)
        if code or (name and first == 1):
            found.append(
                (system_of(system or (method if first == 1 else "")), code, name or original or code)
            )
    if found and not any(code for _, code, _ in found):
        return [("local", "", found[0][2])]
    return found or ([("local", "", original)] if original else [])


class Context(Reading):
    """One segment, or a few that belong together, on their way into events.

    Attributes
    ----------
    message : Message
    """

    def __init__(
        self,
        log: IssueLog,
        source: str,
        message: Message,
        segment: Segment,
        id: str = "",
        resolver: Resolver = DEFAULT,
    ) -> None:
        super().__init__(log, source, f"{message.place}, {segment.place}", id, resolver)
        self.message = message

    def time(self, segment: Segment, index: int, note: bool = True, component: int = 1) -> Instant:
        """A time; an invalid one is an issue and unknown, a naive or partial one is noted."""
        text = segment.text(index, component)
        if not text:
            return UNKNOWN
        element = f"-{index}" if segment.place in self.place else f", {segment.place}-{index}"
        instant = parse_hl7_time(text, self.message.zone)
        if instant is None:
            message = "a date or time is not in the form of HL7 or does not exist"
            self.issue("time.invalid", message, element, "left out", "error", text)
            return UNKNOWN
        return self.noted(instant, element) if note else instant

    def first_time(self, *places: tuple[Segment | None, int]) -> Instant:
        """The first of some fields that holds a time."""
        for segment, index in places:
            if segment is not None and segment.raw(index):
                return self.time(segment, index)
        return UNKNOWN


def entity(segment: Segment, index: int) -> str:
    """An entity identifier with its name space; empty where it has no number of its own."""
    field = segment.field(index)
    number, space = field.text(1), field.text(2)
    return f"{number}^{space}" if number and space else number
