"""The form of plain Observations: elements of which none is odd."""

from __future__ import annotations

from msgspec import Raw, Struct

from pytwin.formats.fhir import Meta, Quantity

ABSENT = Raw()


class Part(Struct, forbid_unknown_fields=True, gc=False):
    """A component as plain Observations have them."""

    code: Raw = ABSENT
    valueQuantity: Quantity | None = None
    valueCodeableConcept: Raw = ABSENT
    id: Raw = ABSENT
    extension: Raw = ABSENT
    interpretation: Raw = ABSENT
    referenceRange: Raw = ABSENT


class Plain(Struct, forbid_unknown_fields=True, tag_field="resourceType", tag="Observation", gc=False):
    """An Observation whose elements are all ones that the fast path knows.

    What is ``Raw`` is either of no account or part of what is looked up.
    """

    id: str = ""
    meta: Meta | None = None
    language: Raw = ABSENT
    text: Raw = ABSENT
    extension: tuple[Raw, ...] = ()
    identifier: Raw = ABSENT
    basedOn: Raw = ABSENT
    partOf: Raw = ABSENT
    status: str = ""
    category: Raw = ABSENT
    code: Raw = ABSENT
    subject: Raw = ABSENT
    focus: Raw = ABSENT
    encounter: Raw = ABSENT
    effectiveDateTime: str = ""
    issued: str = ""
    performer: Raw = ABSENT
    valueQuantity: Quantity | None = None
    valueCodeableConcept: Raw = ABSENT
    valueString: Raw = ABSENT
    valueBoolean: Raw = ABSENT
    interpretation: Raw = ABSENT
    note: Raw = ABSENT
    bodySite: Raw = ABSENT
    method: Raw = ABSENT
    specimen: Raw = ABSENT
    device: Raw = ABSENT
    referenceRange: Raw = ABSENT
    derivedFrom: Raw = ABSENT
    component: tuple[Part, ...] = ()
