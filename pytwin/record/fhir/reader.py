"""From the resources of files to records: whose each resource is, and what it says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pytwin.errors import InputError
from pytwin.formats.fhir import Patient, Reference
from pytwin.formats.files import Input
from pytwin.issues import Issue
from pytwin.record.event import Event
from pytwin.record.fhir.bulk import is_bulk, read_bulk
from pytwin.record.fhir.bundle import Entry, ResourceSet
from pytwin.record.fhir.carried import read_patient
from pytwin.record.fhir.checks import check
from pytwin.record.fhir.context import Context
from pytwin.record.fhir.kinds import KINDS, open_resource
from pytwin.record.fhir.subjects import Subjects, identifiers_of
from pytwin.record.fhir.summary import Counts
from pytwin.record.log import IssueLog
from pytwin.record.record import PatientInfo
from pytwin.record.sink import Options, Sink

_NOBODYS = ("fhir.other-subject", "fhir.no-subject")


@dataclass(slots=True)
class _Person:
    """One patient of a file with what was found of it."""

    info: PatientInfo
    entry: Entry
    patient: Patient
    genotypes: dict[str, str] = field(default_factory=dict)
    log: IssueLog = field(default_factory=IssueLog)
    resources: list[list[Event]] = field(default_factory=list)


def read(inputs: Sequence[Input], sink: Sink, options: Options) -> Iterator[None]:
    """Read the patients of one or more FHIR files that belong together.

    Raises
    ------
    InputError
        ``record.no-patient``, or what makes a file unreadable as a whole.
    """
    bulk = [source for source in inputs if is_bulk(source)]
    if bulk:
        yield from read_bulk(bulk, sink, options.resolver)
    whole = [source for source in inputs if source not in bulk]
    if whole:
        resources = ResourceSet(resolver=options.resolver)
        for source in whole:
            sink.opened(source)
            resources.add_file(source.load())
        check(resources.entries, resources.log)
        _Set(resources).write(sink)
        yield
    if not sink.keys():
        place = inputs[0].name if len(inputs) == 1 else f"{len(inputs)} files"
        raise _nobody(sink, place)


def _nobody(sink: Sink, place: str) -> InputError:
    """What is wrong with an input in which no patient was found."""
    errors = [
        issue for issue in sink.log().issues() if issue.severity == "error" and issue.code not in _NOBODYS
    ]
    if errors:
        return InputError(errors[0].code, errors[0].message, place=errors[0].place or place)
    hint = "Read the file together with the one that holds its Patient resource"
    only = [issue.message for issue in sink.log().issues().with_code("fhir.not-read")]
    message = f"there is no Patient, but {', '.join(only[:5])}" if only else "there is no Patient"
    return InputError("record.no-patient", message, place=place, hint=hint)


def _add_all(log: IssueLog, issues: list[Issue]) -> None:
    for issue in issues:
        log.add(issue.code, issue.message, issue.place, issue.action, issue.severity, issue.found)


class _Set:
    """The resources of files that belong together, and the people that they are about."""

    def __init__(self, resources: ResourceSet) -> None:
        self._resources = resources
        self._counts = Counts()
        self._subjects = Subjects()
        self._people: dict[str, _Person] = {}
        self._logical: dict[tuple[str, str], str] = {}
        self._merged: list[tuple[str, str]] = []
        for entry in resources.entries:
            if entry.head.resourceType == "Patient":
                self._person(entry)
        # resources of nobody here are whose their references say, unless a Bundle should hold its people
        self._open = not self._people and not resources.closed
        self._only_person = len(self._people) == 1

    def _person(self, entry: Entry) -> None:
        """Take a patient in; of several versions of one the last stays."""
        ctx = Context(entry, self._resources)
        info, genotypes, deaths, patient = read_patient(ctx)
        self._counts.version(entry, ctx.versions)
        person = _Person(info, entry, patient, genotypes)
        person.resources.append(deaths)
        _add_all(person.log, ctx.issues)
        before = self._people.get(entry.key)
        if before:
            message = "the Patient is there more than once"
            person.log.add("record.duplicate", message, entry.file, "one was kept", "note")
            person = max(before, person, key=lambda p: (_updated(p.entry), repr(p.info)))
        self._people[entry.key] = person
        for identifier in identifiers_of(patient):
            self._logical[identifier.system, identifier.value] = entry.key

    def write(self, sink: Sink) -> None:
        """Read every resource and give it to the patient that it is about."""
        for entry in self._resources.entries:
            kind = entry.head.resourceType
            if kind in KINDS:
                self._one(entry)
            elif kind != "Patient":
                self._counts.other(entry)
        self._counts.report(self._resources.log)
        sink.log().extend(self._resources.log.issues())
        for person in self._people.values():
            key = person.info.id
            sink.person(key, person.info)
            sink.genotypes(key, person.genotypes)
            sink.log(key).extend(person.log.issues())
            for events in person.resources:
                sink.resource(key, events)
        for person in self._people.values():
            for old, new in self._links(person):
                sink.same(old, new)

    def _links(self, person: _Person) -> list[tuple[str, str]]:
        """People that are one, as far as both are here."""
        ids = {other.info.id for other in self._people.values()}
        pairs = self._subjects.merged(person.info.id, person.patient)
        return [(old, new) for old, new in pairs if old in ids and new in ids]

    def _one(self, entry: Entry) -> None:
        ctx = Context(entry, self._resources)
        subject, read_events = open_resource(ctx)
        self._counts.version(entry, ctx.versions)
        key, problem = self._subject(subject, ctx)
        if key is None:
            message = "a resource that is about none of the patients here"
            ctx.issue(problem, message, "/subject", "left out: it may be another person's", "error")
            if not self._people:
                read_events()  # what is wrong with it may be all that there is to say
            _add_all(self._resources.log, ctx.issues)
            return
        events = read_events()
        if problem:
            ctx.issue(problem, "a resource that does not say whose it is", "/subject", "not usable", "error")
            events = [e._replace(usable=False, reason=e.reason or problem) for e in events]
        self._people[key].resources.append(events)
        _add_all(self._people[key].log, ctx.issues)

    def _subject(self, reference: Reference | None, ctx: Context) -> tuple[str | None, str]:
        """(key of the patient, problem): no subject at all is taken for the only patient, unusable."""
        if reference is None or not (reference.reference or reference.identifier):
            return (next(iter(self._people)) if self._only_person else None), "fhir.no-subject"
        target = self._resources.resolve(reference, ctx.entry)
        if target is not None and target.key in self._people:
            return target.key, ""
        if reference.identifier:
            key = self._logical.get((reference.identifier.system, reference.identifier.value))
            if key:
                return key, ""
        named = self._subjects.key(reference) if self._open else None
        if named is None:
            return None, "fhir.other-subject"
        if named not in self._people:
            message = "the file does not hold the patient that it is about"
            ctx.issue("patient.not-described", message, "/subject", "read under the reference's id", "note")
            self._people[named] = _Person(PatientInfo(named), ctx.entry, Patient())
        return named, ""


def _updated(entry: Entry) -> str:
    return entry.head.meta.lastUpdated if entry.head.meta else ""
