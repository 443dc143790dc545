"""Sink: what a reader of a format writes into: people, events, issues, sources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any, NamedTuple

from pytwin.formats.files import Input
from pytwin.issues import Issues
from pytwin.record.event import Event
from pytwin.record.log import IssueLog
from pytwin.record.record import PatientInfo, Record, Source
from pytwin.record.resolver import DEFAULT, Resolver
from pytwin.record.sheet import Sheet
from pytwin.record.table import EventTable
from pytwin.record.time import UNKNOWN


class Options(NamedTuple):
    """What a user may say about an input.

    Attributes
    ----------
    mapping : Mapping, dict or path, optional
        Meaning of the columns of a table.
    patient : str, optional
        The one patient to read; a reader may leave out the others or ignore this.
    resolver : Resolver
        What codes, names and units mean; the one object that all readers of an input share.
    """

    mapping: Any = None
    patient: str | None = None
    resolver: Resolver = DEFAULT


def _weight(fact: Any) -> int:
    """How much a fact says: nothing, that something was at an unknown time, or what it was."""
    return 0 if fact in (None, "") else 1 if fact == UNKNOWN else 2


class Sink:
    """Collects what readers find.

    A patient's key is the identifier that the source gives the person, and stands in the column
    ``patient``. Events may come before the person they are about.
    """

    def __init__(self) -> None:
        self.sheet = Sheet()
        self.tables: list[EventTable] = []
        self.people: dict[str, PatientInfo] = {}
        self._opened: list[Input] = []
        self._sources: list[Source] = []
        self.finished: list[str] = []
        self.taken = 0
        self._logs: dict[str, IssueLog] = {}
        self._genotypes: dict[str, dict[str, str]] = {}
        self._same: dict[str, str] = {}
        self._open: set[tuple[str, str]] = set()  # facts that were contradicted

    def opened(self, source: Input) -> None:
        """Begin a file; rows of different files are never one resource."""
        self.flush()
        self._opened.append(source)

    @property
    def sources(self) -> list[Source]:
        """The files so far, whose digests are worked out when they are first asked for."""
        for source in self._opened[len(self._sources) :]:
            self._sources.append(Source(source.name, source.sha256()))
        return self._sources

    def flush(self) -> None:
        """Make a table of the rows so far."""
        if len(self.sheet):
            self.tables.append(EventTable.from_sheet(self.sheet))

    def person(self, key: str, info: PatientInfo) -> None:
        """What is known of a person; later calls add to it, and a contradiction leaves a fact unknown."""
        before = self.people.get(key)
        if before is None or before == info:
            self.people[key] = info
            return
        self.people[key] = replace(info, id=before.id or info.id, **self._joined(key, before, info))

    def _joined(self, key: str, before: PatientInfo, info: PatientInfo) -> dict[str, Any]:
        """The facts that two statements leave; one that was contradicted stays unknown."""
        facts: dict[str, Any] = {}
        for name in (field.name for field in fields(PatientInfo) if field.name != "id"):
            old, new = getattr(before, name), getattr(info, name)
            if old != new and min(_weight(old), _weight(new)) == 2 and (key, name) not in self._open:
                self._open.add((key, name))
                message = f"what is said of the patient's {name} contradicts itself"
                self.log(key).add("patient.conflict", message, action="taken as unknown")
            facts[name] = None if (key, name) in self._open else max(old, new, key=_weight)
        return facts

    def same(self, old: str, new: str) -> None:
        """Two identifiers are one person's, by what a source says; the new one is used from here on."""
        if self.known_as(new) == old:
            message = "two patients replace each other"
            self.log(new).add("patient.conflict", message, action="left apart", severity="error")
        elif old != new:
            self._same[old] = new
            message = "a patient was replaced by another"
            self.log(new).add("patient.merged", message, action="read as one", severity="note")

    def known_as(self, key: str) -> str:
        """The identifier that a person has after all merges."""
        while key in self._same:
            key = self._same[key]
        return key

    def genotypes(self, key: str, written: Mapping[str, str]) -> None:
        """Genotypes of a person as a table gives them, by gene."""
        self._genotypes.setdefault(key, {}).update(written)

    def resource(self, key: str, events: Iterable[Event]) -> None:
        """The rows of one element of the source, about one person."""
        for event in events:
            self.sheet.add(event, key)

    def table(self, table: EventTable) -> None:
        """Many rows at once, each of the patient in its column."""
        self.flush()
        if len(table):
            self.tables.append(table)

    def log(self, key: str = "") -> IssueLog:
        """Issues of one person; without a key those of the files."""
        log = self._logs.get(key)
        if log is None:
            log = self._logs[key] = IssueLog()
        return log

    def all_issues(self) -> Issues:
        """Issues of the files and of everybody."""
        return Issues(issue for log in self._logs.values() for issue in log.issues())

    def done(self, key: str) -> None:
        """Say that a person is complete, so that the record can be handed on and forgotten."""
        self.finished.append(key)

    def keys(self) -> list[str]:
        """Everybody that there is something of, in order of appearance."""
        self.flush()
        found = dict.fromkeys(self.people)
        for table in self.tables:
            found.update(dict.fromkeys(table.patients()))
        return list(dict.fromkeys(map(self.known_as, found)))

    def take(self, keys: Iterable[str]) -> list[Record]:
        """The records of some people, who are forgotten."""
        self.flush()
        parts: dict[str, list[EventTable]] = {self.known_as(key): [] for key in keys}
        left: list[EventTable] = []
        for table in self.tables:
            for key, rows in table.by_patient():
                parts.get(self.known_as(key), left).append(rows)
        self.tables = left
        self.finished = [key for key in self.finished if key not in parts]
        self.taken += len(parts)
        return [self._record(key, tables) for key, tables in parts.items()]

    def _record(self, key: str, tables: list[EventTable]) -> Record:
        issues = Issues(self.log().issues())
        names = [key, *(old for old in self._same if self.known_as(old) == key)]
        for name in filter(None, names):
            log = self._logs.pop(name, None)
            issues.extend(log.issues() if log else ())
        known = {name: self.people.pop(name) for name in names if name in self.people}
        info = next(iter(known.values()), PatientInfo(key))
        info = info if key in known else replace(info, id=key)
        return Record.from_tables(
            info, tables, issues=issues, sources=self.sources, genotypes=self._genotypes.pop(key, None)
        )
