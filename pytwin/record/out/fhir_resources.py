"""Events as resources of FHIR R4, a function a type; ``fhir_drugs.py`` has those of drugs.

Each says what the resource can: what it cannot is found by reading it back, in ``fhir.py``. A status that the
type does not know becomes ``unknown``. ``retract`` asks for a resource that no reader takes as standing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from pytwin.record.event import Event
from pytwin.record.out import fhir_drugs as drugs
from pytwin.record.out.fhir_types import (
    UNKNOWN,
    Element,
    coding,
    concept,
    filled,
    is_span,
    measured,
    period,
    stamp,
    status_of,
    text,
    when,
    words,
)
from pytwin.record.systems import is_system
from pytwin.record.time import NAT

_OBSERVED = ["registered", "preliminary", "final", "amended", "corrected", "cancelled", "entered-in-error"]
_DONE = ["preparation", "in-progress", "not-done", "on-hold", "stopped", "completed", "entered-in-error"]
_GIVEN = ["completed", "entered-in-error", "not-done"]
_MET = [
    "planned",
    "arrived",
    "triaged",
    "in-progress",
    "onleave",
    "finished",
    "cancelled",
    "entered-in-error",
]
_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_ABSENT_CODES = [
    "unknown",
    "asked-unknown",
    "temp-unknown",
    "not-asked",
    "asked-declined",
    "masked",
    "not-applicable",
    "unsupported",
    "as-text",
    "error",
    "not-a-number",
    "negative-infinity",
    "positive-infinity",
    "not-performed",
    "not-permitted",
]
_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_VERIFIED = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
_ALLERGY = ("http://terminology.hl7.org/CodeSystem/allergyintolerance-", "clinical", "verification")
_CLASS = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_CLASSES = ["AMB", "EMER", "FLD", "HH", "IMP", "ACUTE", "NONAC", "OBSENC", "PRENC", "SS", "VR"]
_LOINC = re.compile(r"\d{1,5}-\d", re.ASCII)
_MOST = 1000  # rows of one resource


def named(event: Event) -> Element:
    """The code of an event."""
    return concept(event.system, event.code, event.name, event.text)


def coded(event: Event) -> Element:
    """The code of an event whose text is its value."""
    return concept(event.system, event.code, event.name)


def _value(event: Event) -> Element:
    """The value of an observation, as the element that fits it."""
    if event.value == event.value:
        quantity = measured(event)
        return {"valueQuantity": quantity} if quantity else {}
    if event.reason == "value.absent":
        known = event.text in _ABSENT_CODES
        said = {"coding": [coding(_ABSENT, event.text)]} if known else words(event.text)
        return filled(dataAbsentReason=said)
    if event.original_value and is_system(event.original_unit):
        return filled(valueCodeableConcept=_coded_value(event))
    return filled(valueString=text(event.text or event.original_value))


def _coded_value(event: Event) -> Element:
    one = coding(event.original_unit, event.original_value)
    return filled(coding=[one] if one else [], text=text(event.text))


def _effective(event: Event) -> Element:
    if is_span(event):
        return filled(effectivePeriod=period(event, event.time + event.width))
    return filled(effectiveDateTime=when(event))


def observation(rows: Sequence[Event], retract: bool) -> Element:
    """One row, or the components of a panel with what the panel itself says."""
    first = rows[0]
    panel = next((row.panel for row in rows if row.panel), "")
    own = next((row for row in rows if not row.panel), None)
    found: Element = {
        "status": status_of(first, _OBSERVED, retract),
        **_effective(first),
        **filled(issued=stamp(first.recorded)),
    }
    if not panel or not first.id:
        return {**found, "code": coded(first), **_value(first)}
    if own is not None:
        found |= {"code": coded(own), **_value(own)}
    else:
        found["code"] = concept("LOINC" if _LOINC.fullmatch(panel) else "", panel)
    return {**found, "component": [{"code": coded(row), **_value(row)} for row in rows if row is not own]}


def condition(rows: Sequence[Event], retract: bool) -> Element:
    """A Condition."""
    event = rows[0]
    return {
        **_stated(event, retract, (_CLINICAL, _VERIFIED)),
        "code": named(event),
        **filled(abatementDateTime=stamp(event.until, 0, event.offset)),
    }


def allergy(rows: Sequence[Event], retract: bool) -> Element:
    """An AllergyIntolerance."""
    base, *ends = _ALLERGY
    return {**_stated(rows[0], retract, [base + end for end in ends]), "code": named(rows[0])}


def _stated(event: Event, retract: bool, systems: Sequence[str]) -> Element:
    """States, onset and date of recording."""
    clinical, _, verification = event.status.partition("/")
    if retract:
        clinical, verification = "", "entered-in-error"
    states = [
        [coding(of, short)] if short else []
        for of, short in zip(systems, (clinical, verification), strict=True)
    ]
    onset = "" if "time:recorded" in event.changes.split() else when(event)
    recorded = (
        stamp(event.recorded, 0, event.offset) if onset or event.recorded != event.time else when(event)
    )
    return filled(
        clinicalStatus=filled(coding=states[0]),
        verificationStatus=filled(coding=states[1]),
        onsetDateTime=onset,
        recordedDate=recorded,
    )


def procedure(rows: Sequence[Event], retract: bool) -> Element:
    """A Procedure."""
    event = rows[0]
    timed = (
        {"performedPeriod": period(event, event.until)}
        if event.until != NAT
        else {"performedDateTime": when(event)}
    )
    return {"status": status_of(event, _DONE, retract), "code": named(event), **filled(**timed)}


def immunization(rows: Sequence[Event], retract: bool) -> Element:
    """An Immunization."""
    event = rows[0]
    time = when(event)
    return {
        "status": status_of(event, _GIVEN, retract, "completed", "not-done"),
        "vaccineCode": named(event),
        **({"occurrenceDateTime": time} if time else {"occurrenceString": "unknown"}),
        **filled(recorded=stamp(event.recorded, 0, event.offset), route=drugs.route(event.route)),
    }


def encounter(rows: Sequence[Event], retract: bool) -> Element:
    """An Encounter; its class is the text of the event."""
    event = rows[0]
    kind = coding(_CLASS if event.text in _CLASSES else "", event.text)
    type_ = coded(event)
    return {
        "status": status_of(event, _MET, retract),
        "class": kind or UNKNOWN,
        **({} if type_ is UNKNOWN else {"type": [type_]}),
        **filled(period=period(event, event.until)),
    }


class Form(NamedTuple):
    """How events of a kind are written: type, element that says whose it is, and what builds the rest."""

    type: str
    subject: str
    build: Callable[[Sequence[Event], bool], Element]


# what has no resource of its own is an Observation, whose extension says what it is
OTHER = Form("Observation", "subject", observation)
FORMS: dict[str, Form] = {
    "observation": OTHER,
    "order": Form("MedicationRequest", "subject", drugs.request),
    "administration": Form("MedicationAdministration", "subject", drugs.administration),
    "statement": Form("MedicationStatement", "subject", drugs.statement),
    "dispense": Form("MedicationDispense", "subject", drugs.dispense),
    "condition": Form("Condition", "subject", condition),
    "allergy": Form("AllergyIntolerance", "patient", allergy),
    "procedure": Form("Procedure", "subject", procedure),
    "immunization": Form("Immunization", "patient", immunization),
    "encounter": Form("Encounter", "subject", encounter),
}
_PANEL = ("kind", "time", "width", "offset", "status", "recorded")
_PRODUCT = ("kind", "system", "code", "name", "status")
_SHARED = {"observation": _PANEL, "order": (*_PRODUCT, "recorded"), "statement": (*_PRODUCT, "recorded")}


def is_one(rows: Sequence[Event]) -> bool:
    """Whether rows of one identity may stand in one resource."""
    first = rows[0]
    names = _SHARED.get(first.kind)
    if names is None or len(rows) == 1 or len(rows) > _MOST:
        return len(rows) == 1
    same: Any = {tuple(getattr(row, name) for name in names) for row in rows}
    panels = {row.panel for row in rows} - {""}
    own = [row for row in rows if not row.panel]
    fits = first.kind != "observation" or (
        len(panels) == 1 and len(own) <= 1 and all(row.code in panels for row in own)
    )
    return len(same) == 1 and fits
