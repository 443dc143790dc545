"""FHIR: what CASES.md counts in the reference library's files, exact values, faults that are found, bombs."""

from __future__ import annotations

import csv
import gzip
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.record import Event, parse_time, read_record, read_records, stream_events
from pytwin.record.fhir.bulk import read_bulk
from pytwin.record.sink import Sink
from pytwin.verify.case import Case, at_most, equal, info
from pytwin.verify.run import Context

_LIBRARY = "reference library, ehr/CASES.md, "
_ALLOWED = 1.0  # seconds for one file

# fhir_synthea_r4: start of the file's name -> Observations with a value, with a code, with components;
# Conditions, Encounters, MedicationRequests, Procedures, Immunizations
_SYNTHEA = {
    "cancer__Andy": (154, 10, 10, 8, 16, 4, 4, 11),
    "cancer__Lamont": (172, 11, 10, 11, 28, 3, 14, 11),
    "cardiac__Reginald": (178, 11, 10, 12, 22, 10, 7, 12),
    "ckd__Isaiah": (364, 18, 18, 20, 50, 7, 9, 14),
    "ckd__Stewart": (413, 33, 10, 15, 37, 5, 16, 9),
    "diabetes__Dirk": (222, 33, 11, 18, 22, 7, 10, 10),
    "diabetes__Emery": (174, 8, 8, 11, 16, 4, 3, 11),
    "diabetes__Nikki": (212, 10, 10, 13, 23, 4, 11, 14),
    "hypertension__Adalberto": (180, 10, 10, 13, 22, 8, 6, 13),
    "hypertension__Jed": (234, 7, 7, 10, 21, 7, 4, 10),
    "respiratory__Nona": (175, 11, 10, 14, 28, 4, 18, 12),
    "stroke__Ad": (76, 10, 10, 13, 25, 11, 21, 11),
}
_KINDS = ("condition", "encounter", "order", "procedure", "immunization")
_BULK = dict(zip(_KINDS, (84, 148, 37, 52, 80), strict=True)) | {"observation": 1503}
_TEN = dict(zip(_KINDS, (555, 1215, 1745, 2056, 161), strict=True)) | {"allergy": 11}
_VERSIONS = {
    "DSTU-2__Donnelly": ("DSTU2", {"order": 4, "encounter": 1, "condition": 1, "observation": 1}),
    "DSTU-2__Jaskolski": ("DSTU2", {"order": 1, "condition": 2, "observation": 1}),
    "STU-3__Greenholt": ("STU3", {"condition": 3, "observation": 1}),
}
# fhir_spec_r4_examples: status of each file of a type; panels that only group others have no event
_STATUSES = {
    "MedicationRequest": {"active": 10, "completed": 9, "on-hold": 4},
    "MedicationAdministration": {"completed": 8, "entered-in-error": 1, "in-progress": 1},
    "MedicationStatement": {"active": 4, "entered-in-error": 1},
}
# fhir_validator_cases: the reference validator's findings, and the issue or error that says so here
_FINDINGS = {
    "bad-json-close-1.json": "json.not-json",
    "bad-json-close-2.json": "json.not-json",
    "bad-json-close-3.json": "json.not-json",
    "Observation-ex-pain.json": "fhir.no-code",
    "ai3.json": "fhir.unknown-element",
    "ai4.json": "time.invalid",
    "ai6.json": "patient.no-identifier",
    "ai8.json": "fhir.missing-element",
    "allergy.json": "fhir.no-code",
    "attachment-with-invalid-binary.json": "fhir.base64",
    "attachment-with-wrong-size.json": "fhir.size",
    "bad-markdown.json": "fhir.markdown",
    "bundle-bad-empty.json": "fhir.full-url",
    "bundle-duplicate-id.json": "fhir.full-url",
    "bundle-document-versioned-references-bad.json": "fhir.version-reference",
    "bundle-documentation-miss-last-updated.json": "fhir.no-timestamp",
    "bundle-id-search-2.json": "fhir.duplicate-link",
    "bundle-id-search-4.json": "fhir.search-mode",
}
# findings that need a terminology server, definitions of extensions or a profile
_BEYOND = ("bundle-id-collection.json", "bundle-ea-testcase.json", "bundle-conformsto.json")
_COMPARED = ("patient", "time", "kind", "code", "value", "comparator", "unit", "status")


def cases(context: Context) -> Iterator[Case]:
    """All cases of FHIR."""
    ehr = context.folder("ehr")
    yield from _every_file(ehr)
    yield from _synthea(ehr / "fhir_synthea_r4")
    yield from _bulk(ehr / "fhir_bulk_derived")
    yield from _forms(ehr)
    yield from _ten(ehr / "fhir_bulk_ndjson_10p")
    yield from _versions(ehr / "fhir_other_versions")
    yield from _examples(ehr / "fhir_spec_r4_examples")
    yield from _findings(ehr / "fhir_validator_cases")
    yield from _bombs()


def _events(source: Path | bytes) -> list[Event]:
    return [event for table in stream_events(source, errors="list") for event in table]


def _resources(events: list[Event]) -> dict[str, int]:
    """How many resources of each kind there is an event of."""
    return dict(Counter(kind for kind, _ in {(event.kind, event.id or event.place) for event in events}))


def _every_file(ehr: Path) -> Iterator[Case]:
    """Each file is read or refused, by an error with a code and a place, in time."""
    for folder in sorted(ehr.glob("fhir_*")):
        paths = [path for path in sorted(folder.rglob("*")) if _is_data(path)]
        outcomes = Counter(map(_outcome, paths))
        done = outcomes["read"] + outcomes["refused"]
        name = f"{folder.name}: files read, or refused with a code and a place within a second"
        yield equal(name, len(paths), done, source=_LIBRARY + folder.name)
        yield info(f"{folder.name}: files read", outcomes["read"], source=_LIBRARY + folder.name)
    shorthand = [_error(path) for path in sorted((ehr / "fhir_genomics_reporting_fsh").glob("*.fsh"))]
    named = sum(error is not None and "FHIR Shorthand" in error.message for error in shorthand)
    yield equal(
        "files in FHIR Shorthand refused by name", 6, named, source=_LIBRARY + "fhir_genomics_reporting_fsh"
    )


def _is_data(path: Path) -> bool:
    return path.is_file() and not path.name.startswith("expected_")


def _outcome(path: Path) -> str:
    start = time.process_time()
    error = _error(path)
    if time.process_time() - start > _ALLOWED:
        return "late"
    return "read" if error is None else "refused" if error.code and error.place else "unclear"


def _error(source: Path | bytes) -> InputError | None:
    try:
        for record in read_records(source):
            record.summary()
    except InputError as error:
        return error
    return None


def _synthea(folder: Path) -> Iterator[Case]:
    source = _LIBRARY + "fhir_synthea_r4"
    for start, expected in _SYNTHEA.items():
        (path,) = folder.glob(f"{start}*")
        events = _events(path)
        own = [e for e in events if e.kind == "observation" and not e.panel]
        found = (
            sum(e.value == e.value for e in own),
            sum(e.value != e.value and bool(e.text) for e in own),
            len({e.id for e in events if e.panel}),
            *(_resources(events).get(kind, 0) for kind in _KINDS),
        )
        name = f"{start}: resources by kind"
        yield equal(name, str(expected), str(found), source=source)


def _bulk(folder: Path) -> Iterator[Case]:
    source = _LIBRARY + "fhir_bulk_derived"
    events = _events(folder)
    found = _resources(events)
    for kind, count in _BULK.items():
        yield equal(f"bulk export: {kind}", count, found.get(kind, 0), source=source)
    with gzip.open(folder / "expected_events.csv.gz", "rt", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    by_key = {(e.id.removeprefix("Observation/"), e.code): e for e in events if e.kind == "observation"}
    right = sum(_is_row(by_key.get((row["observation_id"], row["code"])), row) for row in rows)
    yield equal("rows of expected_events.csv.gz, exact", 1569, right, source=source)
    extra = len(by_key) - len(rows)
    yield equal("Observations beside those rows", 0, extra, source=source)
    fast, slow = (_bulk_rows(folder / "Observation.ndjson.gz", way) for way in (True, False))
    yield equal(
        "rows of the fast path that the slow one gives, too", len(slow), _shared(fast, slow), source=source
    )


def _is_row(event: Event | None, row: dict[str, str]) -> bool:
    if event is None:
        return False
    patient = row["subject"].removeprefix("Patient/")
    same = (event.patient, event.panel, event.status) == (patient, row["panel_code"], row["status"])
    if row["kind"] == "num":
        same = (
            same and float(event.original_value) == float(row["value"]) and event.original_unit == row["unit"]
        )
    else:
        same = same and event.original_value == row["value"]
    return same and event.time == parse_time(row["time"]).us


def _bulk_rows(path: Path, fast: bool) -> list[str]:
    sink = Sink()
    for _ in read_bulk([Input(path)], sink, fast=fast):
        pass
    sink.flush()
    return [repr(event) for table in sink.tables for event in table]


def _shared(one: list[Any], other: list[Any]) -> int:
    return (Counter(one) & Counter(other)).total() if len(one) == len(other) else -1


def _forms(ehr: Path) -> Iterator[Case]:
    """The same patients as lines and as Bundles."""
    lines = {record.patient.id: record for record in read_records(ehr / "fhir_bulk_derived", errors="list")}
    same = rows = 0
    for path in sorted((ehr / "fhir_synthea_r4").iterdir()):
        bundle = read_record(path)
        other = lines.get(bundle.patient.id)
        if other is not None:
            pairs = [
                sorted(repr([getattr(e, c) for c in _COMPARED]) for e in r.events) for r in (bundle, other)
            ]
            same += pairs[0] == pairs[1]
            rows += len(pairs[0])
    source = "the same patients in fhir_bulk_derived and fhir_synthea_r4"
    yield equal("patients with equal tables as NDJSON and as Bundle", 7, same, source=source)
    yield info("rows of these tables", rows, source=source)


def _ten(folder: Path) -> Iterator[Case]:
    source = _LIBRARY + "fhir_bulk_ndjson_10p"
    stream = stream_events(folder)
    found = _resources([event for table in stream for event in table])
    for kind, count in _TEN.items():
        yield equal(f"bulk export of another server: {kind}", count, found.get(kind, 0), source=source)
    yield equal("bulk export of another server: patients", 13, len(stream.people), source=source)
    logged = [issue.message for issue in stream.issues.with_code("fhir.not-fhir")]
    yield equal(
        "lines that are no FHIR", "4 lines are JSON and no FHIR resource", "".join(logged), source=source
    )


def _versions(folder: Path) -> Iterator[Case]:
    source = _LIBRARY + "fhir_other_versions"
    for start, (version, counts) in _VERSIONS.items():
        (path,) = folder.glob(f"{start}*")
        stated = " ".join(issue.message for issue in read_record(path).issues.with_code("fhir.version"))
        yield equal(f"{start}: version", version, stated.rpartition(" ")[2], source=source)
        found = _resources(_events(path))
        yield equal(
            f"{start}: resources", str(counts), str({k: found.get(k, 0) for k in counts}), source=source
        )


def _examples(folder: Path) -> Iterator[Case]:
    source = _LIBRARY + "fhir_spec_r4_examples"
    for kind, expected in _STATUSES.items():
        found = Counter[str]()
        for path in sorted((folder / kind).iterdir()):
            found.update({event.status for event in _events(path)})
        yield equal(
            f"official examples: {kind} by status",
            str(expected),
            str(dict(sorted(found.items()))),
            source=source,
        )
    events = [
        event
        for path in sorted((folder / "Observation").iterdir())
        if _error(path) is None
        for event in _events(path)
    ]
    back = [e for e in events if e.status in ("entered-in-error", "cancelled")]
    yield equal(
        "Observations taken back that a twin may use",
        0,
        sum(e.usable or e.valid for e in back),
        source=source,
    )
    censored = [e.comparator for e in events if e.id == "Observation/f205" and e.comparator]
    yield equal("comparator of Observation-f205", ">", "".join(censored), source=source)
    for kind, name in (("Condition", "family-history"), ("AllergyIntolerance", "nkla")):
        rows = _events(folder / kind / f"{kind}-{name}.json")
        yield equal(f"{kind}-{name} stands", 0, sum(e.valid for e in rows), source=source)


def _findings(folder: Path) -> Iterator[Case]:
    source = _LIBRARY + "fhir_validator_cases"
    for name, code in _FINDINGS.items():
        found = _codes(folder / name)
        yield equal(
            f"{name}: finding", code, code if code in found else " ".join(sorted(found)), source=source
        )
    for name in _BEYOND:
        yield info(f"{name}: beyond a reader", " ".join(sorted(_codes(folder / name))), source=source)


def _codes(path: Path) -> set[str]:
    """Codes of the error that refuses a file, or of all its issues."""
    try:
        return {issue.code for record in read_records(path) for issue in record.issues}
    except InputError as error:
        return {error.code}


def _bombs() -> Iterator[Case]:
    """Hostile files: a typed error or a record, in time."""
    for name, data in _hostile():
        start = time.process_time()
        _error(data)
        took = time.process_time() - start
        yield at_most(f"bomb: {name}, s", _ALLOWED, took, source="ehr/CASES.md asks for an answer within 1 s")


def _hostile() -> Iterator[tuple[str, bytes]]:
    million = 10**6
    person = b'{"resourceType":"Patient","id":"p"}'
    seen = (
        b'{"resourceType":"Observation","id":"o","status":"final","code":{"text":"INR"},"subject":{"reference":'
        b'"Patient/p"},"effectiveDateTime":"2024-03-01T08:00:00Z","valueQuantity":{"value":2.5,"unit":"1"}'
    )
    bundle = b'{"resourceType":"Bundle","type":"collection","entry":[{"resource":' + person + b"}%s]}"
    inside = b',{"resource":' + seen + b",%s}}"
    yield "nesting in JSON", b'{"a":' * million
    yield "nesting in a line", person + b"\n" + seen + b',"category":' + b"[" * million + b"\n"
    yield "nesting in XML", b'<Patient xmlns="http://hl7.org/fhir">' + b"<a>" * million
    yield "a number of a million digits", person + b"\n" + seen.replace(b"2.5", b"9" * million) + b"}\n"
    yield (
        "a million entries",
        bundle.replace(b"%s", b',{"resource":{"resourceType":"Observation"}}' * million),
    )
    yield (
        "a million components",
        bundle.replace(
            b"%s",
            inside.replace(b"%s", b'"component":[' + b",".join([b'{"valueString":"x"}'] * million) + b"]"),
        ),
    )
    yield (
        "a million unknown elements",
        bundle.replace(b"%s", inside.replace(b"%s", b",".join(b'"u%d":1' % i for i in range(million)))),
    )
    yield "a million lines", person + b"\n" + b'{"resourceType":"Basic"}\n' * million
    yield (
        "a million elements of XML",
        b'<Bundle xmlns="http://hl7.org/fhir">' + b"<entry/>" * million + b"</Bundle>",
    )
    yield (
        "a gigabyte in a megabyte",
        gzip.compress(b'{"resourceType":"Basic","id":"' + b" " * (1000 << 20), 6),
    )
