"""Apple Health's export.xml to events, beside a plain ``iterparse`` and a dictionary for each record.

The file is made here: 120,000 records of five types, some with metadata, every device written anew.
"""

from __future__ import annotations

import statistics
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

from records_memory import peak
from row import RUNS, Row

from pytwin.record import stream_events

_RECORDS = 120_000
_SHORT = 40_000  # records of the file whose memory is measured; the long one has ten times as many
_GOAL = 40  # MB a second
_CHILD = '<MetadataEntry key="HKMetadataKeyHeartRateMotionContext" value="0"/>'
_TYPES = (
    ("QuantityTypeIdentifierHeartRate", "count/min", _CHILD),
    ("QuantityTypeIdentifierHeartRate", "count/min", ""),
    ("QuantityTypeIdentifierActiveEnergyBurned", "kcal", ""),
    ("QuantityTypeIdentifierStepCount", "count", ""),
    ("CategoryTypeIdentifierSleepAnalysis", "", ""),
)
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE HealthData [
<!ELEMENT Record ANY>
]>
<HealthData locale="en_US">
"""


def _record(number: int) -> str:
    sort, unit, child = _TYPES[number % len(_TYPES)]
    day = f"2024-{1 + number // 9000 % 12:02d}-{1 + number // 320 % 28:02d}"
    clock = f"{number // 60 % 24:02d}:{number % 60:02d}:{number * 7 % 60:02d}"
    date = f"{day} {clock} +0100"
    device = (
        f"&lt;&lt;HKDevice: 0x28{number:07x}&gt;, name:Apple Watch, manufacturer:Apple Inc., model:Watch, "
        "hardware:Watch6,2, software:10.1&gt;"
    )
    value = f"{50 + number % 700 / 10}" if unit else "HKCategoryValueSleepAnalysisAsleepCore"
    stated = f' unit="{unit}"' if unit else ""
    text = (
        f' <Record type="HK{sort}" sourceName="Anna’s Apple Watch" sourceVersion="10.1"'
        f' device="{device}"{stated} creationDate="{date}" startDate="{date}"'
        f' endDate="{date}" value="{value}"'
    )
    return f"{text}>\n  {child}\n </Record>\n" if child else f"{text}/>\n"


def _write(path: Path, records: int) -> None:
    with path.open("w", encoding="utf-8") as stream:
        stream.write(_HEAD)
        for number in range(records):
            stream.write(_record(number))
        stream.write("</HealthData>\n")


def by_hand(path: Path) -> list[dict[str, str]]:
    """The attributes of each record; no date, unit or code is looked at."""
    found = []
    for _, element in ET.iterparse(path):
        if element.tag == "Record":
            found.append(dict(element.attrib))
            element.clear()
    return found


def _events(path: Path) -> int:
    return sum(len(table) for table in stream_events(path))


def _agrees(path: Path) -> bool:
    """Whether both find the same values, in the same order."""
    theirs = [row["value"] if "unit" in row else "" for row in by_hand(path)]
    ours: list[str] = []
    for table in stream_events(path):
        ours += table.column("original_value").tolist()
    return theirs == ours


def _speed(path: Path) -> Row:
    """Both in turns, so that both see the same machine."""
    agrees = _agrees(path)
    taken: dict[str, list[float]] = {"ours": [], "peer": []}
    for _ in range(RUNS):
        for name, work in (("peer", by_hand), ("ours", _events)):
            begin = time.perf_counter()
            work(path)
            taken[name].append(time.perf_counter() - begin)
    size = path.stat().st_size / 1e6
    ours, peer = (statistics.median(taken[name]) / size * 1e3 for name in ("ours", "peer"))
    return Row(
        "Apple Health XML to events, a megabyte",
        ours,
        "ms",
        goal=1e3 / _GOAL,
        peer="xml.etree's iterparse and a dictionary",
        peer_value=peer,
        note=f"{1e3 / ours:.0f} MB a second of {size:.0f} MB; the peer checks no unit, range or date",
        agrees=agrees,
    )


def _memory(folder: Path) -> Row:
    peaks = []
    for records in (_SHORT, 10 * _SHORT):
        path = folder / "memory.xml"
        _write(path, records)
        peaks.append(peak(path))
    return Row(
        "memory for Apple Health XML of ten times the length, times",
        peaks[1] / peaks[0],
        "",
        goal=1.1,
        note=f"{peaks[0]:.0f} and {peaks[1]:.0f} MiB; {_SHORT} records and ten times as many",
    )


def rows() -> Iterator[Row]:
    """Milliseconds a megabyte, so that less is better; the goal is 25."""
    with tempfile.TemporaryDirectory() as made:
        path = Path(made) / "export.xml"
        _write(path, _RECORDS)
        yield _speed(path)
        yield _memory(Path(made))
