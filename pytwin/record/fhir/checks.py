"""Cheap checks of what a validator of FHIR would find, of resources that are not read too.

They look for the few bytes that a fault needs before anything is decoded. They are made where resources come
in Bundles or alone; lines of bulk exports are checked as far as they are read.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Raw

from pytwin.record.fhir.bundle import Entry
from pytwin.record.log import IssueLog

# Elements that R4 requires, of types that are not read; readers see to those of the others
_REQUIRED = {
    "StructureDefinition": ("url", "name", "status", "kind", "abstract", "type"),
    "ValueSet": ("status",),
    "CodeSystem": ("status", "content"),
    "ConceptMap": ("status",),
    "Questionnaire": ("status",),
    "QuestionnaireResponse": ("status",),
    "Composition": ("status", "type", "date", "author", "title"),
    "Media": ("status", "content"),
    "Communication": ("status",),
    "DocumentReference": ("status", "content"),
    "ServiceRequest": ("status", "intent", "subject"),
    "CarePlan": ("status", "intent", "subject"),
    "FamilyMemberHistory": ("status", "patient", "relationship"),
    "OperationOutcome": ("issue",),
}
_TAG = re.compile(r"<[A-Za-z/!][^<>]{0,200}>")
_VERSIONED = re.compile(
    rb'"reference"\s*:\s*"[^"\\]{0,300}?([A-Z][A-Za-z]{1,60}/[A-Za-z0-9.-]{1,64})/_history/([^"\\/]{1,64})"'
)
_DEEPEST = 40
_LARGEST = 4 << 20  # bytes of a resource that is walked through


def check(entries: list[Entry], log: IssueLog) -> None:
    """Note what is wrong with resources as such."""
    for entry in entries:
        raw = bytes(entry.raw)
        required = _REQUIRED.get(entry.head.resourceType)
        attached = b'"contentType"' in raw and b'"data"' in raw
        noted = b'"note"' in raw and b"<" in raw
        if not (required or attached or noted) or len(raw) > _LARGEST:
            continue
        tree = _decoded(entry.raw)
        if isinstance(tree, dict):
            _required(entry, tree, required or (), log)
            if attached or noted:
                _walk(entry, tree, log)
    _versions(entries, log)


def _decoded(raw: Raw) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return None  # a resource that cannot be decoded is an issue where it is read


def _required(entry: Entry, tree: dict[str, Any], names: tuple[str, ...], log: IssueLog) -> None:
    missing = [name for name in names if name not in tree and f"_{name}" not in tree]
    if missing:
        message = f"{entry.head.resourceType} without {', '.join(missing)}"
        log.add("fhir.missing-element", message, f"{entry.file}:{entry.place}", "not read", "error")


def _walk(entry: Entry, tree: dict[str, Any], log: IssueLog) -> None:
    for pointer, value in _objects(tree, "", 0):
        place = f"{entry.file}:{entry.place}{pointer}"
        if isinstance(value.get("data"), str) and "contentType" in value:
            _attachment(value, place, log)
        notes = value.get("note")
        for note in notes if isinstance(notes, list) else ():
            text = note.get("text") if isinstance(note, dict) else None
            if isinstance(text, str) and _TAG.search(text):
                log.add(
                    "fhir.markdown",
                    "markup inside a text that is Markdown",
                    f"{place}/note",
                    "not read",
                    "error",
                )


def _objects(value: Any, pointer: str, depth: int) -> Iterator[tuple[str, dict[str, Any]]]:
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        yield pointer, value
        for name, inner in value.items():
            if isinstance(inner, (dict, list)):
                # names come from the file: those that are no names of elements are not shown
                shown = name if name.isascii() and name.isalpha() and len(name) < 40 else "..."
                yield from _objects(inner, f"{pointer}/{shown}", depth + 1)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            if isinstance(inner, (dict, list)):
                yield from _objects(inner, f"{pointer}/{index}", depth + 1)


def _attachment(value: dict[str, Any], place: str, log: IssueLog) -> None:
    text = "".join(value["data"].split())
    try:
        size = len(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        log.add(
            "fhir.base64", "the data of an attachment are not base64", f"{place}/data", "not read", "error"
        )
        return
    stated = value.get("size")
    if isinstance(stated, (int, str)) and not isinstance(stated, bool) and str(stated) != str(size):
        log.add(
            "fhir.size",
            "an attachment is not of the size that it states",
            f"{place}/size",
            "not read",
            "error",
        )


def _versions(entries: list[Entry], log: IssueLog) -> None:
    """References to a version of a resource of which only other versions are here."""
    versions: dict[str, set[str]] = {}
    for entry in entries:
        version = entry.head.meta.versionId if entry.head.meta else ""
        if entry.head.id:
            versions.setdefault(f"{entry.head.resourceType}/{entry.head.id}", set()).add(version)
    for entry in entries:
        if b"/_history/" not in bytes(entry.raw):
            continue
        for key, version in _VERSIONED.findall(bytes(entry.raw)):
            known = versions.get(key.decode(), set())
            if known - {""} and version.decode() not in known:
                message = "a reference to a version that is not here"
                log.add(
                    "fhir.version-reference",
                    message,
                    f"{entry.file}:{entry.place}",
                    "the one here is taken",
                    "error",
                )
