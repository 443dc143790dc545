"""HL7 v2: every message of the reference library, and where each of its observations went."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.record import hl7v2
from pytwin.record.sink import Options, Sink
from pytwin.verify.case import Case, equal
from pytwin.verify.run import Context

_SOURCE = "HL7 v2 messages (reference library, ehr/hl7v2, CASES.md)"
_REFUSED = {
    "hl7apy_06.hl7": "record.no-patient",
    "hl7apy_07.hl7": "record.no-patient",
    "hl7apy_13.hl7": "hl7.no-version",
    "hl7apy_14.hl7": "hl7.no-version",
    "hl7apy_15.hl7": "record.no-patient",
    "hl7apy_16.hl7": "hl7.message-type",
    "sample_bad_batch1.hl7": "hl7.batch-inside",
    "sample_bad_file.hl7": "hl7.no-message",
    "sample_bad_file1.hl7": "hl7.batch-inside",
    "hapi_guide.txt": "not recognised",
    "hapi_uuencoded_escaped.txt": "not recognised",
}
_PLACE = re.compile(r"message \d+, OBX \d+")


def cases(context: Context) -> Iterator[Case]:
    """All cases of HL7 v2."""
    folder = context.folder("ehr", "hl7v2")
    paths = sorted(path for path in folder.rglob("*") if path.suffix in (".hl7", ".txt"))
    outcomes = {path.name: _read(path) for path in paths}
    yield equal("HL7 v2 files", 76, len(paths), source=_SOURCE)
    for name, code in _REFUSED.items():
        yield equal(f"{name} is refused", code, outcomes[name][0], source=_SOURCE)
    read = [path for path in paths if path.name not in _REFUSED]
    right = sum(outcomes[path.name][0] == "" for path in read)
    yield equal("other HL7 v2 files that are read", len(read), right, source=_SOURCE)
    written = sum(_observations(path) for path in read)
    found = sum(outcomes[path.name][1] for path in read)
    yield equal("OBX segments in the table or on the list", written, found, source=_SOURCE)
    yield equal(
        "messages in hapi_example_oml_o21", 13, outcomes["hapi_example_oml_o21.hl7"][2], source=_SOURCE
    )


def _read(path: Path) -> tuple[str, int, int]:
    """(code of the refusal, OBX segments in the table or on the list, messages that say something)."""
    source, sink = Input(path), Sink()
    if not hl7v2.recognises(source.head(), path.name):
        return "not recognised", 0, 0
    try:
        messages = sum(1 for _ in hl7v2.read([source], sink, Options()))
    except InputError as error:
        return error.code, 0, 0
    sink.flush()
    places = [event.place for table in sink.tables for event in table]
    places += [issue.place for issue in sink.all_issues() if issue.code == "hl7.not-read"]
    found = {place[0] for place in map(_PLACE.search, places) if place}
    return "", len(found), messages


def _observations(path: Path) -> int:
    """OBX segments, counted without the reader."""
    return len(re.findall(rb"(?:^|[\r\n])\s*OBX\|", path.read_bytes()))
