"""Data types of CDA: codes, identifiers, times, quantities, with what is absent said as such."""

from __future__ import annotations

from typing import Any

from pytwin.record.hl7v2.times import parse_hl7_time
from pytwin.record.log import IssueLog
from pytwin.record.reading import Coding, Reading
from pytwin.record.resolver import DEFAULT, Resolver
from pytwin.record.systems import of_oid
from pytwin.record.time import NAIVE, NAT, UNKNOWN, Instant

Element = Any  # lxml.etree._Element; lxml carries no types
V3 = "{urn:hl7-org:v3}"
_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


def child(element: Element, *path: str) -> Element:
    """The first descendant along a path of names; None where there is none."""
    for name in path:
        if element is None:
            return None
        element = element.find(V3 + name)
    return element


def children(element: Element, name: str) -> list[Element]:
    """The children of one name."""
    return [] if element is None else list(element.findall(V3 + name))


def attribute(element: Element, name: str) -> str:
    """An attribute without blanks around it; empty where there is none."""
    return "" if element is None else (element.get(name) or "").strip()


def kind_of(element: Element) -> str:
    """The stated type without its prefix, such as ``IVL_PQ``."""
    return attribute(element, _TYPE).rpartition(":")[2]


def words(element: Element) -> str:
    """The text of an element and what is in it, on one line."""
    return "" if element is None else " ".join("".join(element.itertext()).split())


class Section(Reading):
    """An entry of a section on its way into events.

    Attributes
    ----------
    texts : dict of str to Element
        Narrative elements by their ID, for references.
    """

    def __init__(
        self, log: IssueLog, source: str, place: str, texts: dict[str, Element], resolver: Resolver = DEFAULT
    ) -> None:
        super().__init__(log, source, place, "", resolver)
        self.texts = texts

    def told(self, element: Element) -> str:
        """Text of an element: its own, else that of the narrative which it refers to."""
        own = words(element)
        reference = attribute(child(element, "reference"), "value")
        if not own and reference.startswith("#"):
            return words(self.texts.get(reference[1:]))
        return own

    def codings(self, element: Element) -> list[Coding]:
        """(system, code, name) of a code and its translations; of its text alone where it has no code."""
        if element is None:
            return []
        text = self.told(child(element, "originalText"))
        found = []
        for part in (element, *children(element, "translation")):
            code, name = attribute(part, "code"), attribute(part, "displayName")
            if code:
                found.append((of_oid(attribute(part, "codeSystem")), code, name or text or code))
        name = attribute(element, "displayName") or text
        return found or ([("local", "", name)] if name else [])

    def time(self, element: Element, part: str, note: bool = True) -> Instant:
        """A point in time; an invalid one is an issue and unknown."""
        text = attribute(element, "value")
        if not text:
            return UNKNOWN
        instant = parse_hl7_time(text, NAIVE)
        if instant is None:
            message = "a date or time is not in the form of HL7 or does not exist"
            self.issue("time.invalid", message, part, "left out", "error", text)
            return UNKNOWN
        return self.noted(instant, part) if note else instant

    def interval(self, element: Element, part: str = "/effectiveTime") -> tuple[Instant, int]:
        """Begin of an interval or point, and its end in microseconds UTC (``NAT`` where open)."""
        if element is None:
            return UNKNOWN, NAT
        if attribute(element, "value"):
            return self.time(element, part), NAT
        low, high = child(element, "low"), child(element, "high")
        start = self.time(low if low is not None else child(element, "center"), f"{part}/low")
        end = self.time(high, f"{part}/high", note=False)
        return start, end.us + end.width if end.us != NAT else NAT


def identity(element: Element, prefix: str) -> str:
    """Identity of an entry from its first identifier; empty where it has none."""
    for found in children(element, "id"):
        root, extension = attribute(found, "root"), attribute(found, "extension")
        if root and not attribute(found, "nullFlavor"):
            return f"{prefix}/{root}/{extension}" if extension else f"{prefix}/{root}"
    return ""
