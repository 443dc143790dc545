"""FHIR R4 out: Bundles of one patient, or files of a bulk export.

A resource says what it can. It is then read back, and what differs from the event stands as JSON in an
extension (``pytwin/record/fhir/carried.py``).
"""

from __future__ import annotations

import hashlib
import os
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import msgspec
from msgspec import Raw

from pytwin.formats.fhir import Head
from pytwin.formats.private import new_folder, private_file
from pytwin.record.carry import difference, person_content
from pytwin.record.event import Event
from pytwin.record.fhir.bundle import Entry, ResourceSet
from pytwin.record.fhir.carried import SHARED, extension, read_patient
from pytwin.record.fhir.context import Context
from pytwin.record.fhir.kinds import open_resource
from pytwin.record.out.fhir_person import patient
from pytwin.record.out.fhir_resources import FORMS, OTHER, Form, is_one
from pytwin.record.out.fhir_types import Element, is_id
from pytwin.record.record import Record

_NAMESPACE = uuid.UUID("0b6f6d52-6a4c-5d8e-9a55-6f2f0c1d7a11")  # of this writer; drawn once
_encode = msgspec.json.Encoder(decimal_format="number").encode


def bundle(record: Record) -> dict[str, Any]:
    """A record as a Bundle, as plain dictionaries and lists."""
    made: dict[str, Any] = msgspec.json.decode(b"".join(_bundle(record)))
    return made


def write(records: Iterable[Record], path: str | os.PathLike[str]) -> None:
    """Write a Bundle for each record into a new or empty folder, one record after another."""
    folder = new_folder(path)
    done: list[Path] = []
    try:
        for number, record in enumerate(records, 1):
            done.append(folder / f"{number:06d}.json")
            with private_file(done[-1]) as stream:
                stream.writelines(_bundle(record))
    except BaseException:
        for file in done:
            file.unlink(missing_ok=True)
        raise


def write_bulk(records: Iterable[Record], path: str | os.PathLike[str]) -> None:
    """Write the files of a bulk export, one a type, into a new or empty folder, one record after another."""
    folder = new_folder(path)
    with ExitStack() as stack:
        files: dict[str, IO[bytes]] = {}
        for record in records:
            key = patient_id(record)
            for resource in resources(record, f"Patient/{key}"):
                kind = resource["resourceType"]
                if kind not in files:
                    files[kind] = stack.enter_context(private_file(folder / f"{kind}.ndjson"))
                files[kind].write(_encode(resource) + b"\n")


def _bundle(record: Record) -> Iterator[bytes]:
    """The text of a Bundle, piece by piece."""
    identifier = record.patient.id.encode(errors="surrogatepass").hex()
    subject = f"urn:uuid:{uuid.uuid5(_NAMESPACE, identifier)}"
    yield b'{"resourceType":"Bundle","type":"collection","entry":['
    for number, resource in enumerate(resources(record, subject)):
        url = subject if number == 0 else f"urn:uuid:{uuid.uuid5(_NAMESPACE, f'{identifier}/{number}')}"
        yield (b",\n" if number else b"\n") + _encode({"fullUrl": url, "resource": resource})
    yield b"\n]}\n"


def patient_id(record: Record) -> str:
    """Id of the Patient resource: the patient's identifier, where FHIR allows it."""
    own = record.patient.id
    if is_id(own):
        return own
    return "pytwin-" + hashlib.sha256(own.encode(errors="surrogatepass")).hexdigest()[:32]


def resources(record: Record, subject: str) -> Iterator[Element]:
    """The Patient and all else of a record.

    Parameters
    ----------
    record : Record
    subject : str
        Reference to the Patient.
    """
    events = list(record.events)
    count = Counter(event.id for event in events)
    # a death that shares its identity with other rows stays with them
    death = next((e for e in events if e.kind == "death" and (not e.id or count[e.id] == 1)), None)
    if death is not None:
        events.remove(death)
    yield _person(record, death)
    taken: set[str] = set()
    key = patient_id(record)
    for rows in _groups(events):
        # different kinds under one identity are of one type, so that they stand in one file of a bulk export
        form = FORMS.get(rows[0].kind, OTHER) if len({row.kind for row in rows}) == 1 else OTHER
        own = _own_id(rows[0], form, taken)
        one = _resource(rows, form, "", subject, key, own) if is_one(rows) else None
        if one is not None:
            yield one
            continue
        for number, row in enumerate(rows):
            # rows of one identity are one resource, and not versions of one, where they share a place
            alone = _resource([row], form, f"{SHARED}{number}", subject, key, own if number == 0 else "")
            assert alone is not None, "a row by itself is an event of one resource"
            yield alone


def _groups(events: Iterable[Event]) -> list[list[Event]]:
    """Rows of one identity; what they say together goes before its parts."""
    groups: dict[Any, list[Event]] = {}
    for number, event in enumerate(events):
        groups.setdefault(event.id or number, []).append(event)
    return [sorted(rows, key=lambda row: row.panel != "") for rows in groups.values()]


def _own_id(event: Event, form: Form, taken: set[str]) -> str:
    """The id of an event's resource, where the event has it from a resource of that type."""
    stated, _, own = event.id.partition("/")
    if stated != form.type or not is_id(own) or event.id in taken:
        return ""
    taken.add(event.id)
    return own


def _resource(rows: list[Event], form: Form, place: str, subject: str, key: str, own: str) -> Element | None:
    """A resource with what it lacks beside it; None where it says more or fewer events than the rows."""
    head: Element = {"resourceType": form.type, **({"id": own} if own else {})}
    for retract in (False, True):
        made = {**head, form.subject: {"reference": subject}, **form.build(rows, retract)}
        found = _read_back(made)
        if len(found) != len(rows):
            return None
        if not any(a.valid and not b.valid for a, b in zip(found, rows, strict=True)):
            break
    contents = [_difference(a, b, key) for a, b in zip(found, rows, strict=True)]
    if place:
        contents = [{**content, "place": place} for content in contents]
    return _with(made, {"rows": contents} if any(contents) else {})


def _difference(found: Event, wanted: Event, key: str) -> dict[str, Any]:
    return difference(found._replace(patient=key), wanted)


def _with(resource: Element, content: dict[str, Any]) -> Element:
    if not content:
        return resource
    others = resource.get("extension", [])
    return {**resource, "extension": [*others, extension(content, resource)]}


def _context(resource: Element) -> Context:
    text = _encode(resource)
    return Context(Entry(Raw(text), "", "", "", msgspec.json.decode(text, type=Head)), ResourceSet())


def _read_back(resource: Element) -> list[Event]:
    """What a resource says by itself; with the digits that its numbers have after any JSON library."""
    _, events = open_resource(_context(msgspec.json.decode(_encode(resource))))
    return events()


def _person(record: Record, death: Event | None) -> Element:
    """The Patient, with the event of a death."""
    made = patient(record.patient, death, patient_id(record))
    info, _, found, _ = read_patient(_context(made))
    content: dict[str, Any] = {}
    if info != record.patient or record.genotypes:
        content = person_content(record.patient, record.genotypes)
    rows = [None if death is None else _difference(row, death, record.patient.id) for row in found]
    if any(row is None or row for row in rows):
        content["rows"] = rows
    return _with(made, content)
