"""NDJSON, one resource a line: read line by line, in memory that does not grow with the files.

People and Medications are read first and kept, because other lines refer to them; everything else is
written out at once. A line whose Medication comes later in a file of mixed types is read again at the end.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
from msgspec import Raw

from pytwin.errors import InputError
from pytwin.formats.fhir import Head, Reference
from pytwin.formats.files import Input
from pytwin.formats.jsontext import ShapeError, as_utf8, decode
from pytwin.issues import Issue
from pytwin.record.fhir.bundle import Entry, NotYetError, ResourceSet
from pytwin.record.fhir.carried import SHARED, read_patient
from pytwin.record.fhir.context import Context
from pytwin.record.fhir.kinds import KINDS, open_resource
from pytwin.record.fhir.plain import Read, Slow, Writer
from pytwin.record.fhir.plain_form import Plain
from pytwin.record.fhir.subjects import Subjects
from pytwin.record.fhir.summary import Counts
from pytwin.record.log import IssueLog
from pytwin.record.resolver import DEFAULT, Resolver
from pytwin.record.sink import Sink
from pytwin.record.table import Event, EventTable

_CHUNK = 1 << 16  # bytes
_NEWLINE = ord("\n")
_FIRST_LINE = 1 << 20  # bytes within which the first line of what is not called NDJSON ends
_LONGEST = 64 << 20  # bytes of a line
_FEW = 50  # lines, of which it may be chance that most are read slowly
_GIVE_UP = 4  # chunks of other lines, after which a file's lines are looked at one by one
_FIRST = ("Patient", "Medication")
_NOTHING = Read((), ())
_REPLACED = Issue("json.encoding", "bytes that are not UTF-8")


def is_bulk(source: Input) -> bool:
    """Whether a file is NDJSON: its first line is a whole resource, and more than blanks follow."""
    if source.name.lower().removesuffix(".gz").endswith((".ndjson", ".jsonl")):
        return True
    with source.open() as stream:
        line = stream.readline(_FIRST_LINE).removeprefix(b"\xef\xbb\xbf").strip()
        if not line.startswith(b"{") or not line.endswith(b"}"):
            return False
        while (after := stream.read(4096)) and not after.strip():
            pass
    return after.lstrip()[:1] == b"{" and _first_type(line) is not None


def _first_type(line: bytes) -> str | None:
    """Type of the resource on a line; None where the line is no JSON object."""
    try:
        return decode(line, Head).resourceType
    except (ShapeError, InputError):
        return None


def _rank(source: Input) -> int:
    """Files of people first, then those of Medications."""
    kind = ""
    with source.open() as stream:
        for _ in range(20):
            kind = _first_type(stream.readline(_LONGEST).removeprefix(b"\xef\xbb\xbf")) or ""
            if kind:
                break
    return _FIRST.index(kind) if kind in _FIRST else len(_FIRST)


def _chunks(source: Input) -> Iterator[tuple[int, int, bytes]]:
    """(number of the first line, number of lines, whole lines) of a file."""
    number, parts, size = 1, list[bytes](), 0
    with source.open() as stream:
        while data := stream.read(_CHUNK):
            cut = data.rfind(b"\n") + 1
            if not cut:
                parts.append(data)
                size += len(data)
                if size > _LONGEST:
                    place = f"{source.name}:line {number}"
                    raise InputError("file.too-large", "a line is too long", place=place)
                continue
            chunk = b"".join((*parts, data[:cut]))
            count = int(np.count_nonzero(np.frombuffer(chunk, np.uint8) == _NEWLINE))
            yield number, count, chunk.removeprefix(b"\xef\xbb\xbf") if number == 1 else chunk
            number += count
            parts, size = [data[cut:]], len(data) - cut
    if last := b"".join(parts):
        yield number, 1, last.removeprefix(b"\xef\xbb\xbf") if number == 1 else last


class _Bulk:
    """The files of one export on their way into a sink."""

    def __init__(self, sink: Sink, resolver: Resolver, fast: bool) -> None:
        self._sink = sink
        self._resolver = resolver
        self._fast = fast
        self._kept = ResourceSet(resolver=resolver, waits=True)
        self._subjects = Subjects()
        self._counts = Counts()
        self._later: dict[int, array[int]] = {}
        self._described: set[str] = set()
        self._met: set[str] = set()
        self._idle = b""  # the last line of which no event came
        self._repeated = 0
        self._shared: list[Event] = []

    def read(self, inputs: Sequence[Input]) -> Iterator[None]:
        order = sorted(inputs, key=lambda source: (_rank(source), source.name))
        for index, source in enumerate(order):
            self._sink.opened(source)
            yield from self._file(index, source)
        self._kept.waits = False
        for index, numbers in self._later.items():
            self._sink.flush()
            wanted = set(numbers)
            for number, line in order[index].lines(_LONGEST):
                if number in wanted:
                    self._line(index, order[index].name, number, line)
            yield
        if self._shared:
            self._sink.table(EventTable(self._shared))
        self._finish()

    def _file(self, index: int, source: Input) -> Iterator[None]:
        writer = Writer(self._sink, source.name, self._key_of, self._resolver)
        failed = 0 if self._fast else _GIVE_UP
        for first, count, chunk in _chunks(source):
            batch = self._batch(writer, chunk) if failed < _GIVE_UP else None
            if batch is None or len(batch) != count:
                failed += 1
                self._one_by_one(writer, index, source.name, first, chunk.split(b"\n"))
            else:
                slowly = writer.write(batch, first, self._slow(index, source.name, first, chunk))
                failed += 2 * slowly > count > _FEW
            yield

    def _slow(self, index: int, name: str, first: int, chunk: bytes) -> Slow:
        """What reads a line of a chunk slowly; the chunk is cut into lines when that is first asked for."""
        lines: list[bytes] = []

        def slow(at: int) -> Read:
            if not lines:
                lines.extend(chunk.split(b"\n"))
            return self._line(index, name, first + at, lines[at])

        return slow

    @staticmethod
    def _batch(writer: Writer, chunk: bytes) -> list[Plain] | None:
        """The lines of a chunk, where all are plain Observations."""
        if not chunk.isascii():
            try:
                chunk.decode()
            except UnicodeDecodeError:
                return None
        try:
            return writer.lines(chunk)
        except (msgspec.MsgspecError, RecursionError, ValueError):
            return None

    def _one_by_one(self, writer: Writer, index: int, name: str, first: int, lines: list[bytes]) -> None:
        for at, line in enumerate(lines):
            if line == self._idle:
                self._repeated += bool(line)
                continue
            if self._fast and b'"Observation"' in line[:200]:
                try:
                    line.decode()
                    item = writer.line(line)
                except (msgspec.MsgspecError, RecursionError, ValueError):
                    pass
                else:

                    def slow(_: int, at: int = at, line: bytes = line) -> Read:
                        return self._line(index, name, first + at, line)

                    writer.write([item], first + at, slow)
                    continue
            if line.strip():
                self._line(index, name, first + at, line)

    def _key_of(self, subject: bytes) -> str | None:
        """The patient's key of a subject's text; None where it is not plain."""
        try:
            reference = decode(subject, Reference) if subject else None
        except (ShapeError, InputError):
            return None
        key = self._subjects.key(reference) if reference else None
        if key is not None:
            self._met.add(key)
        return key

    def _line(self, index: int, file: str, number: int, line: bytes) -> Read:
        """Read one line slowly and write what it says; one of no event that is repeated says nothing new."""
        if line == self._idle:
            self._repeated += 1
            return _NOTHING
        read = self._said(index, file, number, line)
        if not read.events and len(line) < _CHUNK:
            self._idle = line
        return read

    def _said(self, index: int, file: str, number: int, line: bytes) -> Read:
        data, replaced = as_utf8(line) if not line.isascii() else (line, False)
        place = f"line {number}"
        log = self._sink.log()
        if replaced:
            message = "bytes that are not UTF-8"
            log.add("json.encoding", message, f"{file}:{place}", "each replaced by U+FFFD")
        try:
            head = decode(data, Head, file)
        except ShapeError as error:
            message = "not a FHIR resource"
            log.add("fhir.not-fhir", message, f"{file}:{place}{error.pointer}", "left out", "error")
            return _NOTHING
        except InputError as error:
            log.add(error.code, error.message, f"{file}:{place}", "line left out", "error")
            return _NOTHING
        entry = Entry(Raw(data.strip()), file, place, "", head)
        try:
            read = self._entry(entry)
        except NotYetError:
            self._later.setdefault(index, array("q")).append(number)
            return _NOTHING
        return read._replace(issues=(_REPLACED,)) if replaced else read

    def _entry(self, entry: Entry) -> Read:
        kind = entry.head.resourceType
        if kind == "Patient":
            return self._person(entry)
        if kind == "Medication":
            self._kept.add(entry)
        if kind not in KINDS:
            self._counts.other(entry)
            return _NOTHING
        ctx = Context(entry, self._kept)
        subject, events = open_resource(ctx)
        self._counts.version(entry, ctx.versions)
        key = self._subjects.key(subject)
        if key is None:
            code = "fhir.other-subject" if subject and subject.reference else "fhir.no-subject"
            message = "a resource that does not say which patient it is about"
            ctx.issue(code, message, f"/{KINDS[kind].subject}", "left out: it may be anybody's", "error")
            _add_all(self._sink.log(), ctx.issues)
            return _NOTHING
        rows = events()
        key = rows[0].patient or key if rows else key
        self._met.add(key)
        self._write(key, rows)
        if ctx.issues:
            _add_all(self._sink.log(key), ctx.issues)
        return Read(rows, ctx.issues)

    def _write(self, key: str, rows: list[Event]) -> None:
        """Hand over the rows of a resource; those that are one with other resources' wait for these."""
        if rows and rows[0].place.startswith(SHARED):
            self._shared += [row._replace(patient=key) for row in rows]
        elif rows:
            self._sink.resource(key, rows)

    def _person(self, entry: Entry) -> Read:
        ctx = Context(entry, self._kept)
        info, genotypes, deaths, patient = read_patient(ctx)
        self._counts.version(entry, ctx.versions)
        key = info.id or f"{entry.file}:{entry.place}"
        self._subjects.add(key, patient)
        self._described.add(key)
        self._sink.person(key, info)
        self._sink.genotypes(key, genotypes)
        self._sink.resource(key, deaths)
        for old, new in self._subjects.merged(key, patient):
            self._sink.same(old, new)
        _add_all(self._sink.log(key), ctx.issues)
        return _NOTHING

    def _finish(self) -> None:
        log = self._sink.log()
        log.extend(self._kept.log.issues())
        self._counts.report(log)
        if self._repeated:
            message = f"{self._repeated} lines repeat one before them of which no event came"
            log.add("fhir.repeated", message, "", "left out", "note")
        unknown = len(self._met - self._described)
        if unknown and self._described:
            message = f"{unknown} patients are referred to and not described"
            log.add("patient.not-described", message, "", "read under the identifier of the reference")


def _add_all(log: IssueLog, issues: list[Issue]) -> None:
    for issue in issues:
        log.add(issue.code, issue.message, issue.place, issue.action, issue.severity, issue.found)


def read_bulk(
    inputs: Sequence[Input], sink: Sink, resolver: Resolver = DEFAULT, fast: bool = True
) -> Iterator[None]:
    """Read NDJSON files that belong together.

    Parameters
    ----------
    inputs : sequence of Input
    sink : Sink
    resolver : Resolver
        What codes and units mean.
    fast : bool
        Plain Observations take the fast path; the result is the same without.
    """
    yield from _Bulk(sink, resolver, fast).read(inputs)
