"""Which resource types are read, as what, by what, and which element says whose they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from pytwin.formats import fhir, fhir_care
from pytwin.formats.fhir import Reference
from pytwin.record.event import Event
from pytwin.record.fhir import care
from pytwin.record.fhir.carried import put_back
from pytwin.record.fhir.condition import read_allergy, read_condition
from pytwin.record.fhir.context import Context
from pytwin.record.fhir.dispense import read_dispense
from pytwin.record.fhir.medication import read_administration, read_request, read_statement
from pytwin.record.fhir.observation import read_observation
from pytwin.record.fhir.report import read_contained, read_report
from pytwin.record.fhir.versions import ALIASES


class Kind(NamedTuple):
    """How one resource type is read."""

    structure: type[Any]
    read: Callable[[Context, Any], list[Event]]
    subject: str = "subject"


def _observation(ctx: Context, observation: fhir.Observation) -> list[Event]:
    events = read_observation(ctx, observation)
    return events + read_contained(ctx, observation) if ctx.contained else events


KINDS: dict[str, Kind] = {
    "Observation": Kind(fhir.Observation, _observation),
    "DiagnosticReport": Kind(fhir_care.DiagnosticReport, read_report),
    "MedicationRequest": Kind(fhir.MedicationRequest, read_request),
    "MedicationAdministration": Kind(fhir.MedicationAdministration, read_administration),
    "MedicationDispense": Kind(fhir.MedicationDispense, read_dispense),
    "MedicationStatement": Kind(fhir.MedicationStatement, read_statement),
    "Condition": Kind(fhir.Condition, read_condition),
    "AllergyIntolerance": Kind(fhir.AllergyIntolerance, read_allergy, "patient"),
    "Procedure": Kind(fhir_care.Procedure, care.read_procedure),
    "Immunization": Kind(fhir_care.Immunization, care.read_immunization, "patient"),
    "Encounter": Kind(fhir_care.Encounter, care.read_encounter),
}
KINDS |= {alias: KINDS[name] for alias, (name, _) in ALIASES.items()}


def open_resource(ctx: Context) -> tuple[Reference | None, Callable[[], list[Event]]]:
    """(whose a resource of one of ``KINDS`` is, what reads its events)."""
    kind = KINDS[ctx.entry.head.resourceType]
    item = ctx.read(ctx.entry.raw, kind.structure)
    contained = ctx.contained

    def events() -> list[Event]:
        ctx.contained = contained
        return put_back(ctx, item.extension, kind.read(ctx, item))

    return getattr(item, kind.subject), events
