"""The person as a Patient of FHIR R4: birth, sex, race, death; there is no name in a Record."""

from __future__ import annotations

from typing import Any

from pytwin.record.event import Event
from pytwin.record.out.fhir_types import Element, day, filled, stamp, text
from pytwin.record.people import RACES
from pytwin.record.record import PatientInfo

_RACE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"
_RACE_CODES = "urn:oid:2.16.840.1.113883.6.238"  # CDC Race and Ethnicity
_CODES = {name: code for code, name in RACES.items()}


def _race(name: str) -> Element:
    category = {"system": _RACE_CODES, "code": _CODES[name], "display": name}
    parts: list[Any] = [{"url": "ombCategory", "valueCoding": category}, {"url": "text", "valueString": name}]
    return {"url": _RACE, "extension": parts}


def patient(info: PatientInfo, death: Event | None, key: str) -> Element:
    """A Patient.

    Parameters
    ----------
    info : PatientInfo
    death : Event or None
        The event of the person's death.
    key : str
        Id of the resource.
    """
    at = info.death or death
    died = stamp(info.death.us, info.death.width, info.death.offset) if info.death else ""
    if not died and death is not None:
        died = stamp(death.time, death.width, death.offset)
    return {
        "resourceType": "Patient",
        "id": key,
        **filled(
            extension=[_race(info.race)] if info.race in _CODES else [],
            identifier=[{"value": text(info.id)}] if text(info.id) else [],
            gender=info.sex if info.sex in ("male", "female") else "",
            birthDate=day(info.birth),
            deceasedDateTime=died,
        ),
        **({"deceasedBoolean": True} if at is not None and not died else {}),
    }
