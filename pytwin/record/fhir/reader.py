"""From the resources of a file to records: whose each resource is, and what it says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from pytwin.errors import InputError
from pytwin.formats import fhir
from pytwin.formats.files import Input
from pytwin.formats.jsontext import ShapeError, decode
from pytwin.issues import Issue
from pytwin.record.fhir.bundle import Entry, ResourceSet
from pytwin.record.fhir.condition import read_allergy, read_condition
from pytwin.record.fhir.context import Context
from pytwin.record.fhir.medication import read_administration, read_request, read_statement
from pytwin.record.fhir.observation import read_observation
from pytwin.record.fhir.patient import read_patient
from pytwin.record.log import IssueLog
from pytwin.record.record import PatientInfo
from pytwin.record.sink import Options, Sink
from pytwin.record.table import Event

_READERS: dict[str, tuple[type[Any], Callable[[Context, Any], list[Event]]]] = {
    "Observation": (fhir.Observation, read_observation),
    "MedicationRequest": (fhir.MedicationRequest, read_request),
    "MedicationAdministration": (fhir.MedicationAdministration, read_administration),
    "MedicationStatement": (fhir.MedicationStatement, read_statement),
    "Condition": (fhir.Condition, read_condition),
    "AllergyIntolerance": (fhir.AllergyIntolerance, read_allergy),
}


@dataclass(slots=True)
class _Person:
    """One patient of a file with what was found of it."""

    info: PatientInfo
    entry: Entry
    log: IssueLog = field(default_factory=IssueLog)
    resources: list[list[Event]] = field(default_factory=list)


class _Identifiers(Struct):
    identifier: list[fhir.Identifier] = []


def read(inputs: Sequence[Input], sink: Sink, options: Options) -> Iterator[None]:
    """Read the patients of one or more FHIR files that belong together.

    Raises
    ------
    InputError
        ``record.no-patient``, or what makes a file unreadable as a whole.
    """
    resources = ResourceSet()
    for source in inputs:
        sink.opened(source)
        resources.add_file(source.load())
    place = inputs[0].name if len(inputs) == 1 else f"{len(inputs)} files"
    people = _people(resources)
    if not people:
        hint = "Read the file together with the one that holds its Patient resource"
        raise InputError("record.no-patient", "there is no Patient", place=place, hint=hint)
    _distribute(resources, people)
    sink.log().extend(resources.log.issues())
    for person in people.values():
        key = person.info.id
        sink.person(key, person.info)
        sink.log(key).extend(person.log.issues())
        for events in person.resources:
            sink.resource(key, events)
    yield


def _people(resources: ResourceSet) -> dict[str, _Person]:
    """Patients by key; of several versions of one the last stays."""
    people: dict[str, _Person] = {}
    for entry in resources.entries:
        if entry.head.resourceType != "Patient":
            continue
        ctx = Context(entry, resources)
        person = _Person(read_patient(ctx), entry)
        _add_all(person.log, ctx.issues)
        before = people.get(entry.key)
        if before:
            message = "the Patient is there more than once"
            person.log.add("record.duplicate", message, entry.file, "one was kept", "note")
            person = max(before, person, key=lambda p: (_updated(p.entry), repr(p.info)))
        people[entry.key] = person
    return people


def _updated(entry: Entry) -> str:
    return entry.head.meta.lastUpdated if entry.head.meta else ""


def _add_all(log: IssueLog, issues: list[Issue]) -> None:
    for issue in issues:
        log.add(issue.code, issue.message, issue.place, issue.action, issue.severity, issue.found)


def _distribute(resources: ResourceSet, people: dict[str, _Person]) -> None:
    """Read every resource and give it to the patient that it is about."""
    logical = _logical(people)
    skipped: Counter[tuple[str, str]] = Counter()
    for entry in resources.entries:
        kind = entry.head.resourceType
        if kind in _READERS:
            _one(entry, resources, people, logical)
        elif kind != "Patient":
            known = kind in fhir.OTHER_TYPES
            skipped[kind if known else "", entry.file] += 1
    for (kind, file), count in sorted(skipped.items()):
        if kind:
            message = f"{count} resources of type {kind}"
            resources.log.add("fhir.not-read", message, file, "not read", "note")
        else:
            message = f"{count} resources of a type that FHIR R4 does not know"
            resources.log.add("fhir.unknown-type", message, file, "not read", "warning")


def _logical(people: dict[str, _Person]) -> dict[tuple[str, str], str]:
    """Patients by business identifier, for references that give only that."""
    found: dict[tuple[str, str], str] = {}
    for key, person in people.items():
        try:
            identifiers = decode(person.entry.raw, _Identifiers).identifier
        except (ShapeError, InputError):
            continue  # the malformed element is already an issue of the Patient
        for identifier in identifiers:
            if identifier.value:
                found[identifier.system, identifier.value] = key
    return found


def _one(
    entry: Entry, resources: ResourceSet, people: dict[str, _Person], logical: dict[tuple[str, str], str]
) -> None:
    ctx = Context(entry, resources)
    kind, reader = _READERS[entry.head.resourceType]
    item = ctx.read(entry.raw, kind)
    subject: fhir.Reference | None = item.patient if kind is fhir.AllergyIntolerance else item.subject
    contained = ctx.contained
    key, problem = _subject(subject, ctx, people, logical)
    ctx.contained = contained
    if key is None:
        message = "a resource that is about none of the patients here"
        ctx.issue(problem, message, "/subject", "left out: it may be another person's", "error")
        _add_all(resources.log, ctx.issues)
        return
    events = reader(ctx, item)
    if problem:
        ctx.issue(problem, "a resource that does not say whose it is", "/subject", "not usable", "error")
        events = [e._replace(usable=False, reason=e.reason or problem) for e in events]
    people[key].resources.append(events)
    _add_all(people[key].log, ctx.issues)


def _subject(
    reference: fhir.Reference | None,
    ctx: Context,
    people: dict[str, _Person],
    logical: dict[tuple[str, str], str],
) -> tuple[str | None, str]:
    """(key of the patient, problem): no subject at all is taken for the only patient, unusable."""
    if reference is None or not (reference.reference or reference.identifier):
        return (next(iter(people)), "fhir.no-subject") if len(people) == 1 else (None, "fhir.no-subject")
    target = ctx.resources.resolve(reference, ctx.entry)
    if target is not None and target.key in people:
        return target.key, ""
    if reference.identifier:
        key = logical.get((reference.identifier.system, reference.identifier.value))
        if key:
            return key, ""
    return None, "fhir.other-subject"
