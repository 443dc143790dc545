"""NDJSON of a FHIR bulk export to events, beside ``json.loads`` and a walk through the dictionaries.

The lines are the Observations of the reference library's ``fhir_bulk_derived``, repeated with other
patients, identities and times of day, so that what repeats in life repeats (codes, units, states) and nothing
else does.
"""

from __future__ import annotations

import gzip
import json
import re
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from records_memory import peak
from row import RUNS, Row

from pytwin.record import stream_events
from pytwin.verify.library import reference_dir

_TIMES = 20
_LONG = 60  # repetitions of the short file whose memory is measured; the long one has ten times as many
_ID = re.compile(rb'"id":"[0-9a-f]{8}|Patient/[0-9a-f]{8}')
_CLOCK = re.compile(rb"T\d\d:\d\d(?=:\d\d)")

Tuples = list[tuple[Any, ...]]


def _write(path: Path, lines: bytes, times: int) -> None:
    with path.open("wb") as stream:
        for number in range(times):
            prefix = b"%08x" % (number * 2654435761 % 2**32)
            clock = b"T%02d:%02d" % (number % 24, number * 7 % 60)
            fresh = _ID.sub(lambda found, new=prefix: found[0][:-8] + new, lines)
            stream.write(_CLOCK.sub(clock, fresh))


def by_hand(path: Path) -> Tuples:
    """Subject, time, codings, value, comparator, unit, status of each value and component."""
    found: Tuples = []
    with path.open("rb") as stream:
        for line in stream:
            resource = json.loads(line)
            if resource["resourceType"] != "Observation":
                continue
            subject = resource.get("subject", {}).get("reference")
            moment = resource.get("effectiveDateTime")
            status = resource.get("status")
            own = [resource] if any(key.startswith("value") for key in resource) else []
            for part in (*own, *resource.get("component", ())):
                concept = part.get("code", {})
                codings = [
                    (c.get("system"), c.get("code"), c.get("display")) for c in concept.get("coding", ())
                ]
                quantity = part.get("valueQuantity")
                if quantity is not None:
                    value, unit = quantity.get("value"), quantity.get("unit")
                    comparator = quantity.get("comparator")
                else:
                    coded = part.get("valueCodeableConcept", {}).get("coding", ())
                    value, unit, comparator = (coded[0].get("code") if coded else None), None, None
                found.append((subject, moment, codings, value, comparator, unit, status))
    return found


def _events(path: Path) -> int:
    return sum(len(table) for table in stream_events(path))


def _agrees(path: Path) -> bool:
    """Whether both find the same values of the same patients, in the same order."""
    peer = [(subject.removeprefix("Patient/"), value) for subject, _, _, value, *_ in by_hand(path)]
    ours = []
    for table in stream_events(path):
        pairs = zip(table.column("patient").tolist(), table.column("original_value").tolist(), strict=True)
        ours += pairs
    return len(peer) == len(ours) and all(
        a == b and (x == y if isinstance(x, str) else x == float(y))
        for (a, x), (b, y) in zip(peer, ours, strict=True)
    )


def _speed(path: Path, lines: int) -> Row:
    """Both in turns, so that both see the same machine."""
    agrees = _agrees(path)
    taken: dict[str, list[float]] = {"ours": [], "peer": []}
    for _ in range(max(RUNS, 7)):
        for name, work in (("peer", by_hand), ("ours", _events)):
            begin = time.perf_counter()
            work(path)
            taken[name].append(time.perf_counter() - begin)
    ours, peer = (statistics.median(taken[name]) / lines * 1e6 for name in ("ours", "peer"))
    return Row(
        "NDJSON Observations to events, a line",
        ours,
        "us",
        peer="json.loads and a dictionary walk",
        peer_value=peer,
        ratio_goal=2.0,
        note=f"{lines} lines of {path.stat().st_size // lines} bytes, one core; the aim is 4",
        agrees=agrees,
    )


def _memory(folder: Path, lines: bytes) -> Row:
    peaks = []
    for times in (_LONG, 10 * _LONG):
        path = folder / "memory.ndjson"
        _write(path, lines, times)
        peaks.append(peak(path))
    count = _LONG * lines.count(b"\n")
    return Row(
        "memory for NDJSON of ten times the length, times",
        peaks[1] / peaks[0],
        "",
        goal=1.1,
        note=f"{peaks[0]:.0f} and {peaks[1]:.0f} MiB; {count} lines and ten times as many",
    )


def rows() -> Iterator[Row]:
    """Rows of FHIR; none where the reference library was not found."""
    root = reference_dir(None)
    if root is None:
        return
    lines = gzip.decompress((root / "ehr" / "fhir_bulk_derived" / "Observation.ndjson.gz").read_bytes())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "Observation.ndjson"
        _write(path, lines, _TIMES)
        yield _speed(path, _TIMES * lines.count(b"\n"))
        yield _memory(Path(folder), lines)
