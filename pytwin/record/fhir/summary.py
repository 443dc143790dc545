"""What a set of files had beside what was read: types that are not read, versions of FHIR."""

from __future__ import annotations

from collections import Counter

from pytwin.formats.fhir_names import OTHER_TYPES
from pytwin.record.fhir.bundle import Entry
from pytwin.record.fhir.versions import VERSIONS
from pytwin.record.log import IssueLog


class Counts:
    """Counts by file, which become one issue each."""

    def __init__(self) -> None:
        self._other: Counter[tuple[str, str]] = Counter()
        self._first: dict[str, str] = {}
        self._lines: Counter[str] = Counter()
        self._versions: dict[str, tuple[int, str]] = {}

    def other(self, entry: Entry) -> None:
        """A resource of a type that is not read, or JSON that is no resource."""
        kind = entry.head.resourceType
        if kind:
            self._other[kind if kind in OTHER_TYPES else "", entry.file] += 1
        else:
            self._lines[entry.file] += 1
            self._first.setdefault(entry.file, entry.place)

    def version(self, entry: Entry, letters: str) -> None:
        """A resource that may be of these versions; those of one file are taken to be of one."""
        if letters:
            count, before = self._versions.get(entry.file, (0, ""))
            both = "".join(v for v in letters if v in before)
            self._versions[entry.file] = count + 1, both or before or letters

    def report(self, log: IssueLog) -> None:
        """Write the counts as issues."""
        for (kind, file), count in sorted(self._other.items()):
            if kind:
                log.add("fhir.not-read", f"{count} resources of type {kind}", file, "not read", "note")
            else:
                message = f"{count} resources of a type that FHIR does not know"
                log.add("fhir.unknown-type", message, file, "not read", "warning")
        for file, count in sorted(self._lines.items()):
            message = f"{count} lines are JSON and no FHIR resource"
            log.add("fhir.not-fhir", message, f"{file}:{self._first[file]}", "left out", "warning")
        for file, (count, letters) in sorted(self._versions.items()):
            names = " or ".join(VERSIONS[letter] for letter in letters)
            message = f"{count} resources are in the form of FHIR {names}"
            log.add("fhir.version", message, file, "read as what they are in R4", "note")
