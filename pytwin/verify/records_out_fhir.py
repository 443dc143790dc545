"""Records written as FHIR and read back: the same hash; references resolve inside each Bundle."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pytwin.errors import InputError
from pytwin.record import Record, read_records, write_records
from pytwin.verify.case import Case, equal, info
from pytwin.verify.cohorts import fhir
from pytwin.verify.cohorts.people import cohort
from pytwin.verify.run import Context

_COHORT = "the synthetic cohort of 20 people, pytwin/verify/cohorts"
_FORMATS = {"fhir": "Bundles", "fhir-bulk": "NDJSON"}
_LARGE = 1 << 17  # bytes of a file that only the long run writes out again


def cases(context: Context) -> Iterator[Case]:
    """The cohort and every file of the reference library that is read, through both forms of FHIR."""
    with tempfile.TemporaryDirectory() as folder:
        people = cohort(200 if context.full else 20)
        records = list(read_records(fhir.write(people, Path(folder))))
    for form, name in _FORMATS.items():
        same, broken = _round(records, form)
        yield equal(
            f"people of the cohort with the same hash after {name}", len(people), same, source=_COHORT
        )
        yield equal(f"references in {name} that do not resolve", 0, broken, source=_COHORT)
    for folder_ in sorted(path for path in context.folder("ehr").iterdir() if path.is_dir()):
        yield from _library(folder_, context.full)


def _library(folder: Path, full: bool) -> Iterator[Case]:
    source = f"reference library, ehr/{folder.name}"
    count = {"records": 0, "events": 0} | dict.fromkeys(_FORMATS, 0) | dict.fromkeys(_FORMATS.values(), 0)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and (full or path.stat().st_size < _LARGE):
            records = _read(path)
            count["records"] += len(records)
            count["events"] += sum(len(record.events) for record in records)
            for form, name in _FORMATS.items():
                same, broken = _round(records, form)
                count[form] += same
                count[name] += broken
    if not count["records"]:
        return
    yield info(f"{folder.name}: events written", count["events"], source=source)
    for form, name in _FORMATS.items():
        what = f"{folder.name}: records with the same hash after {name}"
        yield equal(what, count["records"], count[form], source=source)
        yield equal(f"{folder.name}: references in {name} that do not resolve", 0, count[name], source=source)


def _read(path: Path) -> list[Record]:
    try:
        return list(read_records(path, errors="list"))
    except InputError:
        return []


def _round(records: list[Record], form: str) -> tuple[int, int]:
    """(records that read back with the same hash, references that do not resolve)."""
    if not records:
        return 0, 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / form
        write_records(iter(records), path, format=form)
        back = {record.patient.id: record.hash for record in read_records(path)}
        broken = sum(map(_broken, path.iterdir())) if form == "fhir" else _broken_lines(path)
    return sum(back.get(record.patient.id) == record.hash for record in records), broken


def _broken(file: Path) -> int:
    entries = json.loads(file.read_bytes())["entry"]
    urls = {entry["fullUrl"] for entry in entries}
    return len(entries) - len(urls) + sum(url not in urls for url in _references(entries))


def _broken_lines(folder: Path) -> int:
    resources = [json.loads(line) for file in folder.iterdir() for line in file.read_bytes().splitlines()]
    own = {f"{resource['resourceType']}/{resource.get('id')}" for resource in resources}
    return sum(url not in own for url in _references(resources))


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)
