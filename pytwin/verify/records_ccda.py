"""C-CDA: the documents and section examples of the reference library, entry by entry."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pytwin.formats.files import Input
from pytwin.record import ccda
from pytwin.record.event import Event
from pytwin.record.sink import Options, Sink
from pytwin.verify.case import Case, equal
from pytwin.verify.run import Context

_SOURCE = "C-CDA documents (reference library, ehr/ccda, CASES.md)"
_KINDS = ("drugs", "problems", "allergies", "results", "vitals")
# entries by section, as CASES.md counts them
_ENTRIES = {
    "CCD1.xml": (2, 3, 2, 2, 2),
    "CCD2.xml": (0, 0, 1, 1, 1),
    "allscripts_pro.xml": (3, 3, 3, 5, 3),
    "cerner_probs_meds.xml": (6, 5, 0, 0, 0),
    "emerge_103.xml": (3, 5, 3, 1, 2),
    "emerge_316.xml": (5, 5, 3, 4, 5),
    "greenway_26775.xml": (2, 4, 3, 4, 3),
    "nist_ambulatory.xml": (1, 2, 3, 1, 2),
    "nextgen_txt.txt": (4, 3, 3, 1, 1),
    "vitera.xml.gz": (16, 1, 5, 9, 3),
}
_PLACE = re.compile(r"entry \d+ of ([a-z]+)")


def cases(context: Context) -> Iterator[Case]:
    """All cases of C-CDA."""
    folder = context.folder("ehr", "ccda")
    for name, counts in _ENTRIES.items():
        events, listed = _read(folder / name)
        found = Counter(kind for _, kind in {_key(place) for place in (*map(_place, events), *listed)})
        for kind, count in zip(_KINDS, counts, strict=True):
            title = f"{name}: entries of {kind} in the table or on the list"
            yield equal(title, count, found[kind], source=_SOURCE)
    events, _ = _read(folder / "emerge_316.xml")
    results = [event for event in events if event.place.startswith("entry") and " of results" in event.place]
    yield equal("emerge_316: results", 7, len(results), source=_SOURCE)
    examples = sorted((folder / "hl7_examples").rglob("*.xml"))
    read = sum(ccda.recognises(Input(path).head(), path.name) and bool(_read(path)) for path in examples)
    yield equal("section examples that are read", 40, read, source=_SOURCE)
    peanuts = next(path for path in examples if path.name.startswith("Not_Allergic_to_Peanuts"))
    standing = sum(event.valid for event in _read(peanuts)[0])
    yield equal("allergies that stand in Not_Allergic_to_Peanuts", 0, standing, source=_SOURCE)


def _place(event: Event) -> str:
    return event.place


def _key(place: str) -> tuple[str, str]:
    found = _PLACE.search(place)
    return (found[0], found[1]) if found else ("", "")


def _read(path: Path) -> tuple[list[Event], list[str]]:
    """Events of a document, and places of entries that none came from."""
    sink = Sink()
    for _ in ccda.read([Input(path)], sink, Options()):
        sink.flush()
    events = [event for table in sink.tables for event in table]
    codes = ("ccda.no-event", "ccda.not-event", "ccda.not-read")
    return events, [issue.place for issue in sink.all_issues() if issue.code in codes]
