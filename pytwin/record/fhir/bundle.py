"""Taking a Bundle apart: its entries one by one, and the references between them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from msgspec import Raw, Struct

from pytwin.errors import InputError
from pytwin.formats.fhir import Head, Reference
from pytwin.formats.files import Blob
from pytwin.formats.jsontext import ShapeError, as_utf8, decode
from pytwin.formats.xmltext import looks_like_xml
from pytwin.issues import Issues
from pytwin.record.log import IssueLog
from pytwin.record.resolver import DEFAULT, Resolver

_MANY = 10_000  # entries; in fewer, repetitions are reported one by one
_DEEPEST = 4  # bundles within bundles
_OPEN = ("searchset", "history", "batch-response", "transaction-response")
_VERSION = re.compile(r"/_history/[^/]*$")
_TAIL = re.compile(r"([A-Z][A-Za-z]{1,60}/[A-Za-z0-9.-]{1,64})$")


class _Link(Struct):
    relation: str = ""


class _Search(Struct):
    mode: str = ""


class _Top(Struct):
    resourceType: str = ""
    link: list[_Link] = []
    type: str = ""
    timestamp: str = ""
    entry: Raw = Raw()


class _Entry(Struct):
    fullUrl: str | None = None
    resource: Raw = Raw()
    search: _Search | None = None


@dataclass(slots=True)
class Entry:
    """One resource of a file.

    Attributes
    ----------
    raw : Raw
        The resource's JSON text.
    file, place : str
        File name and JSON pointer of the resource.
    full_url : str
        ``fullUrl`` of its Bundle entry; empty where there is none.
    head : Head
        Type, id and version.
    """

    raw: Raw
    file: str
    place: str
    full_url: str
    head: Head

    @property
    def key(self) -> str:
        """``Type/id``; the full URL or the place where there is no id."""
        if self.head.id:
            return f"{self.head.resourceType}/{self.head.id}"
        return self.full_url or f"{self.file}:{self.place}"


class NotYetError(Exception):
    """A reference leads to something that may come later."""


@dataclass(slots=True)
class ResourceSet:
    """The resources of one or more files that belong together, with an index for references.

    Attributes
    ----------
    entries : list of Entry
    log : IssueLog
    resolver : Resolver
        What codes and units mean.
    waits : bool
        More resources may come: a reference that leads nowhere raises ``NotYetError``.
    closed : bool
        A Bundle whose references lead to what is inside it was read; those of a search or a history
        may lead out of it.
    """

    entries: list[Entry] = field(default_factory=list)
    log: IssueLog = field(default_factory=IssueLog)
    resolver: Resolver = DEFAULT
    waits: bool = False
    closed: bool = False
    _by_url: dict[str, Entry] = field(default_factory=dict)
    _by_key: dict[str, Entry] = field(default_factory=dict)

    def add_file(self, blob: Blob) -> None:
        """Take a file's resources in.

        Raises
        ------
        InputError
            ``json.not-json``, ``json.truncated``, ``json.too-deep`` or ``fhir.not-fhir``.
        """
        if looks_like_xml(blob.data[:4096]):
            blob = self._from_xml(blob)
        data, replaced = as_utf8(blob.data)
        if replaced:
            self.log.add(
                "json.encoding", "bytes that are not UTF-8", blob.name, "each replaced by U+FFFD", "warning"
            )
        if data.lstrip()[:1] == b"[":
            self.log.add(
                "fhir.bare-array", "resources in an array, not in a Bundle", blob.name, "read", "note"
            )
            entries = self._array(Raw(data), blob.name, "", 0)
        else:
            entries = self._resource(Raw(data), blob.name, "", "", 0)
        for entry in entries:
            self.add(entry)

    def _from_xml(self, blob: Blob) -> Blob:
        from pytwin.record.fhir.xmlform import as_json

        issues = Issues()
        data = as_json(blob.data, blob.name, issues)
        self.log.extend(issues)
        return blob._replace(data=data)

    def add(self, entry: Entry) -> None:
        """Take one resource in."""
        self.entries.append(entry)
        if entry.full_url:
            self._by_url[entry.full_url] = entry
        if entry.head.id:
            self._by_key[entry.key] = entry

    def _array(self, raw: Raw, file: str, place: str, depth: int) -> Iterator[Entry]:
        for index, item in self._distinct(_list(raw, file), f"{file}:{place}"):
            yield from self._guarded(item, file, f"{place}/{index}", "", depth)

    def _guarded(self, raw: Raw, file: str, place: str, url: str, depth: int) -> Iterator[Entry]:
        """One broken resource is an issue, and the rest is read."""
        try:
            yield from self._resource(raw, file, place, url, depth)
        except InputError as error:
            self.log.add(error.code, error.message, f"{file}:{place}", "left out", "error")

    def _resource(self, raw: Raw, file: str, place: str, url: str, depth: int) -> Iterator[Entry]:
        try:
            head = decode(raw, Head, file)
        except ShapeError as error:
            raise InputError(
                "fhir.not-fhir", "not a FHIR resource", place=f"{file}:{place}{error.pointer}"
            ) from None
        if not head.resourceType:
            raise InputError("fhir.not-fhir", "the JSON has no resourceType, so it is not FHIR", place=file)
        if head.resourceType == "Bundle":
            yield from self._bundle(raw, file, place, depth)
        else:
            yield Entry(raw, file, place, url, head)

    def _bundle(self, raw: Raw, file: str, place: str, depth: int) -> Iterator[Entry]:
        if depth > _DEEPEST:
            raise InputError("json.too-deep", "bundles are nested too deeply", place=f"{file}:{place}")
        try:
            top = decode(raw, _Top, file)
        except ShapeError as error:
            raise InputError(
                "fhir.not-fhir", "the Bundle is malformed", place=f"{file}:{error.pointer}"
            ) from None
        self.closed = self.closed or top.type not in _OPEN
        if not top.type:
            self.log.add("fhir.no-bundle-type", "a Bundle without a type", f"{file}:{place}", "read", "note")
        if top.type == "document" and not top.timestamp:
            self.log.add("fhir.no-timestamp", "a document without a timestamp", f"{file}:{place}", "read")
        relations = [link.relation for link in top.link]
        if len(set(relations)) < len(relations):
            message = "a Bundle with two links of one relation"
            self.log.add("fhir.duplicate-link", message, f"{file}:{place}/link", "not used", "error")
        if not bytes(top.entry):
            self.log.add("fhir.empty-bundle", "a Bundle without entries", f"{file}:{place}", "", "warning")
            return
        for index, item in self._distinct(_list(top.entry, file), f"{file}:{place}/entry"):
            yield from self._entry(item, file, f"{place}/entry/{index}", depth)

    def _distinct(self, items: list[Raw], place: str) -> list[tuple[int, Raw]]:
        """(index, item) of each; of very many, an item that is there before to the byte is left out."""
        pairs = list(enumerate(items))
        if len(items) <= _MANY:
            return pairs
        last = {bytes(item): index for index, item in reversed(pairs)}
        if len(last) < len(items):
            message = f"{len(items) - len(last)} entries repeat others to the byte"
            self.log.add("fhir.repeated", message, place, "left out")
        return [(index, items[index]) for index in sorted(last.values())]

    def _entry(self, raw: Raw, file: str, place: str, depth: int) -> Iterator[Entry]:
        try:
            entry = decode(raw, _Entry, file)
        except (ShapeError, InputError):
            self.log.add("fhir.shape", "a malformed Bundle entry", f"{file}:{place}", "left out", "error")
            return
        if not bytes(entry.resource):
            self.log.add(
                "fhir.empty-entry", "a Bundle entry without a resource", f"{file}:{place}", "", "note"
            )
            return
        if entry.fullUrl is not None and ":" not in entry.fullUrl:
            message = "a fullUrl is empty or not absolute"
            self.log.add("fhir.full-url", message, f"{file}:{place}", "used as it is", "warning")
        for found in self._guarded(entry.resource, file, f"{place}/resource", entry.fullUrl or "", depth + 1):
            if (
                entry.search
                and entry.search.mode == "outcome"
                and found.head.resourceType != "OperationOutcome"
            ):
                message = "an outcome of a search that is no OperationOutcome"
                self.log.add("fhir.search-mode", message, f"{file}:{place}/search", "read", "error")
            yield found

    def resolve(self, reference: Reference, origin: Entry) -> Entry | None:
        """The resource that a reference points to: by URL, by ``Type/id``, relative to the origin.

        Contained resources are not looked up here.
        """
        target = _VERSION.sub("", reference.reference)
        if not target or target.startswith("#"):
            return None
        if target in self._by_url:
            return self._by_url[target]
        tail = _TAIL.search(target)
        if not tail:
            return None
        if origin.full_url and target == tail[1]:
            base = _TAIL.sub("", origin.full_url)
            if base != origin.full_url and base + target in self._by_url:
                return self._by_url[base + target]
        return self._by_key.get(tail[1])


def _list(raw: Raw, file: str) -> list[Raw]:
    try:
        return decode(raw, list[Raw], file)
    except ShapeError:
        raise InputError("fhir.not-fhir", "the resources are not in an array", place=file) from None
