"""Whose a resource is, where people are known by their references alone."""

from __future__ import annotations

import re

from pytwin.errors import InputError
from pytwin.formats.fhir import Identifier, Patient, Reference
from pytwin.formats.jsontext import ShapeError, decode

_REFERENCE = re.compile(
    r"(?P<base>[a-z][a-z0-9+.-]{1,20}://[^\s?#]{1,400}?/)?Patient/(?P<id>[A-Za-z0-9.-]{1,64})(?:/_history/[^/]*)?"
)
_URN = re.compile(r"urn:(?:uuid|oid):(?P<id>[A-Za-z0-9.-]{1,64})")
_LINKS = 100  # of one person
_REPLACED = ("replaced-by", "replace")  # R4 and STU3; DSTU2


class Subjects:
    """The keys of people, from references; and which of them are one person."""

    def __init__(self) -> None:
        self._base: str | None = None
        self._by_identifier: dict[tuple[str, str], str] = {}

    def key(self, reference: Reference | None) -> str | None:
        """The key of the patient that a reference names; None where it names none.

        ``Patient/id`` is the id, on whatever one server; a reference to a second server stays whole,
        since ids of two servers are not those of one person.
        """
        if reference is None:
            return None
        found = _REFERENCE.fullmatch(reference.reference)
        if found:
            base = found["base"]
            if base is not None:
                self._base = self._base or base
            return found["id"] if base in (None, self._base) else f"{base}Patient/{found['id']}"
        urn = _URN.fullmatch(reference.reference)
        if urn:
            return urn["id"]
        if reference.identifier and not reference.reference:
            return self._by_identifier.get((reference.identifier.system, reference.identifier.value))
        return None

    def add(self, key: str, patient: Patient) -> None:
        """Know a person by business identifiers too."""
        for identifier in identifiers_of(patient):
            self._by_identifier[identifier.system, identifier.value] = key

    def merged(self, key: str, patient: Patient) -> list[tuple[str, str]]:
        """(key that is no longer used, key that is used instead) by the links of a person."""
        pairs = []
        for link in patient.link[:_LINKS]:
            other = self.key(link.other)
            if other is not None and other != key:
                if link.type in _REPLACED:
                    pairs.append((key, other))
                elif link.type == "replaces":
                    pairs.append((other, key))
        return pairs


def identifiers_of(patient: Patient) -> list[Identifier]:
    """Business identifiers of a person; none where they are malformed, which is an issue elsewhere."""
    if not bytes(patient.identifier):
        return []
    try:
        return [i for i in decode(patient.identifier, list[Identifier]) if i.value]
    except (ShapeError, InputError):
        return []
