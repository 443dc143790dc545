"""Dexcom Clarity exports: CSV with records of the person before those of the sensor."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain

from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.record.record import PatientInfo
from pytwin.record.sink import Options, Sink
from pytwin.record.time import UNKNOWN
from pytwin.record.wearables.device import Row, Wearer, instant_of, stem, table_rows

_UNIT = re.compile(r"glucose value \((mg/dl|mmol/l)\)", re.IGNORECASE)
# The sensor's range; beyond it a file says Low or High (Dexcom G6 User Guide, glucose range 40 to 400 mg/dL).
_LIMITS = {"low": ("<", "40"), "high": (">", "400")}
_PERSON = ("FirstName", "LastName", "PatientIdentifier", "DateOfBirth", "Device")
_LONGEST_HEAD = 64  # rows before the first one with a time that may speak of the person


def recognises(head: bytes, name: str) -> bool:
    """Whether a file has the columns of Clarity."""
    line = head.lstrip().split(b"\n", 1)[0]
    return b"Event Type" in line and b"Glucose Value (" in line


class _Columns:
    """Where the columns are; the first one's name is often encoded twice, and is not needed."""

    def __init__(self, header: list[str], name: str) -> None:
        self._at = {cell.split(" (")[0]: at for at, cell in reversed(list(enumerate(header)))}
        units = [found[1] for cell in header if (found := _UNIT.fullmatch(cell))]
        if not units or not {"Timestamp", "Event Type"} <= set(self._at):
            raise InputError("csv.no-column", "the file lacks columns of Clarity", place=name)
        self.unit = "mmol/L" if "mmol" in units[0].lower() else "mg/dL"

    def cell(self, cells: list[str], column: str) -> str:
        """A cell; empty where the row is cut off."""
        at = self._at.get(column, len(cells))
        return cells[at] if at < len(cells) else ""


def read(inputs: Sequence[Input], sink: Sink, options: Options) -> Iterator[None]:
    """Read exports; one file is one person.

    Raises
    ------
    InputError
        ``csv.no-column``, ``csv.malformed``, ``file.empty``.
    """
    for source in inputs:
        sink.opened(source)
        rows = table_rows(source)
        header = next(rows, None)
        if header is None:
            raise InputError("file.empty", "the file has no header", place=source.name)
        columns = _Columns(header[1], source.name)
        first: list[Row] = []
        for row in rows:
            first.append(row)
            if columns.cell(row[1], "Timestamp") or len(first) == _LONGEST_HEAD:
                break
        facts = {columns.cell(cells, "Event Type"): columns.cell(cells, "Patient Info") for _, cells in first}
        wearer = Wearer(sink, source, options, facts.get("PatientIdentifier") or stem(source))
        for row in chain(first, rows):
            _row(wearer, columns, row, sink)
            yield
        wearer.done()


def _row(wearer: Wearer, columns: _Columns, row: Row, sink: Sink) -> None:
    line, cells = row
    event, sort = columns.cell(cells, "Event Type"), columns.cell(cells, "Event Subtype")
    glucose = columns.cell(cells, "Glucose Value")
    instant = instant_of(columns.cell(cells, "Timestamp"))
    reading = wearer.reading(f"line {line}")
    if event in _PERSON:
        message = f"a record of the kind {event}"
        reading.issue("device.header", message, "", "no event", "note")
        born = instant_of(columns.cell(cells, "Patient Info")) if event == "DateOfBirth" else UNKNOWN
        if born != UNKNOWN:
            sink.person(wearer.key, replace(PatientInfo(wearer.key), birth=born))
    elif event == "EGV":
        word = glucose or sort
        comparator, limit = _LIMITS.get(word.lower(), ("", ""))
        unit = "mg/dL" if limit else columns.unit
        wearer.number(reading, instant, "EGV", limit or glucose, unit, "99504-3", comparator, word)
    elif event == "Calibration":
        wearer.number(reading, instant, "calibration", glucose, columns.unit, "2339-0")
    elif event == "Insulin":
        wearer.dose(reading, instant, "insulin", columns.cell(cells, "Insulin Value"), sort)
    elif event in ("Carbs", "Carbohydrates"):
        wearer.meal(reading, instant, columns.cell(cells, "Carb Value"))
    else:
        known = event in ("Alert", "Exercise", "Health", "Notes", "Note")
        if not known:
            message = "a kind of record that is not known"
            reading.issue("device.unknown-record", message, "", "kept as text", "warning", event)
        wearer.words(reading, instant, event if known else "other", sort)
