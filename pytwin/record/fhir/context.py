"""What every resource reader needs: lenient decoding, times, issues and a start for its events."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeVar, get_origin

import msgspec
from msgspec import Raw

from pytwin.errors import InputError
from pytwin.formats.fhir import CodeableConcept, Coding, Period, Resource
from pytwin.formats.jsontext import ShapeError, decode
from pytwin.issues import Issue, Severity
from pytwin.record.codes import system_name
from pytwin.record.fhir.bundle import Entry, ResourceSet
from pytwin.record.fhir.versions import ALIASES, to_r4
from pytwin.record.table import Event
from pytwin.record.time import DAY, NAT, UNKNOWN, Instant, parse_time

_MOST = 4000  # of one element in a resource
_MEMBERS = 200_000  # of all objects in a resource that has to be looked at by the name of each element
_CODINGS = 100  # of one concept

S = TypeVar("S", bound=msgspec.Struct)

# status -> (still stands, reason why not usable); what is not listed is "status.unknown"
Verdict = tuple[bool, str]


@lru_cache(maxsize=64)
def _fields(kind: type[msgspec.Struct]) -> dict[str, tuple[str, Any]]:
    """Elements of a structure: name in JSON -> (attribute, type)."""
    return {field.encode_name: (field.name, field.type) for field in msgspec.structs.fields(kind)}


@lru_cache(maxsize=64)
def _lists(kind: type[msgspec.Struct]) -> list[tuple[str, str]]:
    """(attribute, name in JSON) of the elements of a structure that repeat."""
    fields = msgspec.structs.fields(kind)
    return [(field.name, field.encode_name) for field in fields if get_origin(field.type) is list]


class Context:
    """One resource on its way into events.

    Attributes
    ----------
    entry : Entry
    resources : ResourceSet
    resolver : Resolver
    issues : list of Issue
    broken : bool
        An element that matters could not be read, so that no event of the resource is usable.
    contained : list of Raw
        Resources inside it.
    versions : str
        Letters of ``versions.VERSIONS`` that the resource may be of; empty for R4.
    """

    def __init__(self, entry: Entry, resources: ResourceSet) -> None:
        self.entry = entry
        self.resources = resources
        self.resolver = resources.resolver
        self.issues: list[Issue] = []
        self.broken = False
        self.contained: list[Raw] = []
        self.versions = ""

    def issue(
        self,
        code: str,
        message: str,
        element: str = "",
        action: str = "",
        severity: Severity = "warning",
        found: str = "",
    ) -> None:
        """Note something odd at an element (a pointer below the resource)."""
        place = f"{self.entry.file}:{self.entry.place}{element}"
        self.issues.append(Issue(code, message, place, action, severity, found[:200]))

    def read(self, raw: Raw, kind: type[S], element: str = "") -> S:
        """Decode typed; where that fails, element by element, with an issue for each that fails."""
        stated = self.entry.head.resourceType if not element else ""
        try:
            if stated in ALIASES:
                result = self._salvage(raw, kind, element, stated)
            else:
                result = decode(raw, kind)
        except (ShapeError, InputError):
            result = self._salvage(raw, kind, element, stated)
        self._bound(result, element)
        if isinstance(result, Resource):
            self.contained = result.contained
            if result.modifierExtension:
                self.broken = True
                message = "an extension that changes the meaning of the resource is not understood"
                self.issue("fhir.modifier-extension", message, f"{element}/modifierExtension", "not usable")
        return result

    def _bound(self, result: msgspec.Struct, element: str) -> None:
        """Cut what repeats beyond all sense."""
        for name, form in _lists(type(result)):
            if len(getattr(result, name)) > _MOST:
                setattr(result, name, getattr(result, name)[:_MOST])
                self.broken = True
                message = "an element is repeated too often"
                self.issue("fhir.too-many", message, f"{element}/{form}", "the first ones were read", "error")

    def _salvage(self, raw: Raw, kind: type[S], element: str, stated: str) -> S:
        try:
            crowded = bytes(raw).count(b'":') > _MEMBERS
            parts = {} if crowded else decode(raw, dict[str, Raw])
        except (ShapeError, InputError):
            self._break(element)
            return kind()
        if crowded or len(parts) > _MOST:
            self.broken = True
            message = "a resource has too many elements"
            self.issue("fhir.too-many", message, element, "not usable", "error")
            return kind()
        if issubclass(kind, Resource):
            parts, versions = to_r4(kind.__name__, stated, parts)
            self.versions = versions if not element else self.versions
        known, values = _fields(kind), {}
        for name, part in parts.items():
            if name in known:
                attribute, form = known[name]
                try:
                    values[attribute] = decode(part, form)
                except (ShapeError, InputError) as error:
                    pointer = error.pointer if isinstance(error, ShapeError) else ""
                    self._break(f"{element}/{name}{pointer}", bytes(part))
            elif not name.startswith("_") and issubclass(kind, Resource):
                message = "an element that FHIR R4 does not know"
                self.issue("fhir.unknown-element", message, element, "left out", "warning", name)
        return kind(**values)

    def _break(self, element: str, found: bytes = b"") -> None:
        self.broken = True
        text = found[:200].decode(errors="replace")
        self.issue("fhir.shape", "an element does not have its FHIR type", element, "left out", "error", text)

    def time(self, text: str, element: str, note: bool = True) -> Instant:
        """Read a time; an invalid one is an issue and unknown, a naive or partial one is noted."""
        if not text:
            return UNKNOWN
        try:
            instant = parse_time(text)
        except InputError as error:
            self.issue(error.code, error.message, element, "left out", "error", text)
            return UNKNOWN
        if note and instant.width >= DAY:
            message = "a date without a time of day"
            self.issue("time.day", message, element, "kept with its width", "note", text)
        elif note and instant.naive:
            self.issue("time.naive", "a time without a zone", element, "taken as UTC", "warning", text)
        return instant

    def period(self, period: Period | None, element: str) -> tuple[Instant, int]:
        """Start of a period, and its end in microseconds UTC (``NAT`` where open)."""
        if period is None:
            return UNKNOWN, NAT
        end = self.time(period.end, f"{element}/end")
        return self.time(period.start, f"{element}/start"), end.us + end.width if end.us != NAT else NAT

    def judge(self, status: str, verdicts: dict[str, Verdict]) -> Verdict:
        """What a status means, with an issue where it takes the events out of use."""
        valid, reason = verdicts.get(status, (True, "status.unknown"))
        if reason:
            stands = "" if valid else ": the event is taken back"
            message = f"the status does not allow use{stands}"
            self.issue(reason, message, "/status", "kept in the table, not usable", "warning", status)
        if self.broken and not reason:
            return valid, "fhir.shape"
        return valid, reason

    @property
    def updated(self) -> int:
        """When the resource was last changed, microseconds UTC; ``NAT`` where unknown."""
        meta = self.entry.head.meta
        return self.time(meta.lastUpdated, "/meta/lastUpdated", note=False).us if meta else NAT

    def event(self, **values: Any) -> Event:
        """An event of this resource; ``usable`` follows from ``reason``."""
        if values.get("recorded", NAT) == NAT:
            values["recorded"] = self.updated
        reason = values.get("reason", "")
        values["place"] = self.entry.place + values.pop("part", "")
        return Event(
            usable=not reason,
            source=self.entry.file,
            id=self.entry.key if self.entry.head.id else "",
            **values,
        )


def codings(concept: CodeableConcept | None) -> list[tuple[str, str, str]]:
    """(system, code, name) of each coding; of the text alone where there is none."""
    if concept is None:
        return []
    found = [
        (system_name(c.system), c.code, c.display or concept.text)
        for c in concept.coding[:_CODINGS]
        if c.code or c.display
    ]
    if found:
        return found
    return [("local", "", concept.text)] if concept.text else []


def first_code(concept: CodeableConcept | None) -> str:
    """Code of the first coding, else the text, else empty."""
    if concept is None:
        return ""
    coding: Coding | None = concept.coding[0] if concept.coding else None
    return (coding.code if coding else "") or concept.text
