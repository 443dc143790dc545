"""Patient: date of birth, sex, race, death; never a name or an address."""

from __future__ import annotations

from pytwin.errors import InputError
from pytwin.formats.fhir import Extension, Patient
from pytwin.formats.jsontext import ShapeError, decode
from pytwin.record.event import Event
from pytwin.record.fhir.context import Context
from pytwin.record.people import RACES, SEXES
from pytwin.record.record import PatientInfo
from pytwin.record.time import NAT, UNKNOWN

_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"


def _extensions(patient: Patient) -> dict[str, Extension]:
    found = {}
    for raw in patient.extension:
        try:
            extension = decode(raw, Extension)
        except (ShapeError, InputError):
            continue  # an extension of another shape is not one of the two that are read here
        found[extension.url.removeprefix(_US_CORE)] = extension
    return found


def _race(extension: Extension | None) -> str | None:
    """The one OMB category; None where none or several are given."""
    parts = extension.extension if extension else []
    codes = [p.valueCoding.code for p in parts if p.url == "ombCategory" and p.valueCoding]
    return RACES.get(codes[0]) if len(codes) == 1 else None


def _sex(ctx: Context, patient: Patient, birth_sex: str) -> str | None:
    stated, at_birth = SEXES.get(patient.gender), SEXES.get(birth_sex.lower())
    if stated and at_birth and stated != at_birth:
        message = "administrative gender and sex at birth differ"
        ctx.issue("patient.sex", message, "/gender", "sex at birth was used", "note")
    return at_birth or stated


def read_person(ctx: Context) -> tuple[PatientInfo, Patient]:
    """What a Patient resource says that a model can use, and the resource."""
    patient = ctx.read(ctx.entry.raw, Patient)
    extensions = _extensions(patient)
    birth = ctx.time(patient.birthDate, "/birthDate", note=False)
    death = ctx.time(patient.deceasedDateTime, "/deceasedDateTime", note=False)
    if not patient.birthDate:
        ctx.issue("patient.no-birth-date", "the Patient has no date of birth", "", "the age is unknown")
    if not bytes(patient.identifier):
        ctx.issue("patient.no-identifier", "the Patient has no identifier", "", "its id was used", "note")
    birth_sex = extensions["us-core-birthsex"].valueCode if "us-core-birthsex" in extensions else ""
    info = PatientInfo(
        id=patient.id or ctx.entry.full_url,
        birth=None if birth.us == NAT else birth,
        sex=_sex(ctx, patient, birth_sex),
        race=_race(extensions.get("us-core-race")),
        death=death if death.us != NAT else UNKNOWN if patient.deceasedBoolean else None,
    )
    return info, patient


def death_of(ctx: Context, info: PatientInfo) -> list[Event]:
    """The event of a person's death, of which the time may be unknown."""
    if info.death is None:
        return []
    place = {"time": info.death.us, "width": info.death.width, "offset": info.death.offset}
    return [ctx.event(kind="death", name="death", **place)]
