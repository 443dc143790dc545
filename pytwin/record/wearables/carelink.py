"""Medtronic CareLink: a head about the person, then sections of a pump, of daily sums and of a sensor.

A section begins with a line of dashes that says what it holds, and a header line; older exports have one
table without dashes. Cells are separated by semicolons, with decimal commas, or by commas.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.record.record import PatientInfo
from pytwin.record.sink import Options, Sink
from pytwin.record.time import HOUR, MINUTE, SECOND, UNKNOWN, Instant
from pytwin.record.wearables.dates import needs_order, order_of, time_of
from pytwin.record.wearables.device import BLOOD, SENSOR, Row, Wearer, stem, table_rows

_HEADER = re.compile(rb'^\s*"?Index"?([;,\t])"?Date"?[;,\t]"?Time"?[;,\t]', re.MULTILINE)
_DASHES = "-------"
_DAILY = "Aggregated Auto Insulin Data"
_GLUCOSE = (
    ("Sensor Glucose", "sensor glucose", SENSOR), ("BG Reading", "meter glucose", BLOOD),
    ("Sensor Calibration BG", "calibration", BLOOD),
)  # fmt: skip
_DELIVERED, _SELECTED = "Bolus Volume Delivered (U)", "Bolus Volume Selected (U)"
_CARBS = "BWZ Carb Input"
_BASAL = "Basal Rate (U/h)"
_TEMPORARY = ("Temp Basal Amount", "Temp Basal Type", "Temp Basal Duration (h:mm:ss)")
# Columns whose entries are no events: alarms, states of the pump, settings and suggestions of its calculator.
_LEFT_OUT = (
    "Alarm", "Alert", "User Cleared Alerts", "Suspend", "Rewind", "Prime Type", "Sensor Exception",
    "BWZ Estimate (U)", "Bolus Cancellation Reason", "Sensor Calibration Rejected Reason", "New Device Time",
    "Insulin Action Curve Time", "Network Device Associated Reason", "Network Device Disassociated Reason",
    "Network Device Disconnected Reason", "BLE Network Device",
)  # fmt: skip
_MARKED_DOSE = re.compile(r"Insulin: ?([\d.,]{1,20})(?: ?(?:U|units))?", re.ASCII)
_MARKED_MEAL = re.compile(r"Meal: ?([\d.,]{1,20}) ?(?:g|grams?)?", re.ASCII)
_LENGTH = re.compile(r"(\d{1,2}):(\d\d):(\d\d)", re.ASCII)
_COMMA = re.compile(r"[+-]?\d{1,20},\d{1,20}", re.ASCII)
_LONGEST_HEAD = 1 << 16


def recognises(head: bytes, name: str) -> bool:
    """Whether one of the first lines is a header of CareLink."""
    return bool(_HEADER.search(head.removeprefix(b"\xef\xbb\xbf"))) and b"New Device Time" in head


class _Columns:
    """Where the columns of a section are; names of some end in their unit."""

    def __init__(self, header: list[str]) -> None:
        self._at = {cell: at for at, cell in reversed(list(enumerate(header)))}
        self._by_stem = {cell.rpartition(" (")[0]: cell for cell in header if cell.endswith(")")}

    def cell(self, cells: list[str], column: str) -> str:
        """A cell; empty where there is none."""
        at = self._at.get(column, len(cells))
        return cells[at] if at < len(cells) else ""

    def with_unit(self, column: str) -> tuple[str, str]:
        """Full name of a column that ends in a unit, and the unit."""
        full = self._by_stem.get(column, "")
        return full, full[len(column) + 2 : -1]


class _Export:
    """One file, which is gone through twice: for the order of a date's parts, and to be read."""

    def __init__(self, source: Input) -> None:
        found = _HEADER.search(source.head(_LONGEST_HEAD).removeprefix(b"\xef\xbb\xbf"))
        if found is None:
            raise InputError("csv.no-column", "the file lacks columns of CareLink", place=source.name)
        self._source = source
        self._separator = found[1].decode()
        self.facts: dict[str, str] = {}
        dates = [columns.cell(cells, "Date") for _, columns, (_, cells) in self.rows()]
        head = [*self.facts.values()]
        self.order = order_of([*dates, *head])
        self.unsure = not self.order and any(map(needs_order, dates))

    def rows(self) -> Iterator[tuple[str, _Columns, Row]]:
        """(what the section holds, its columns, row); what stands before the first header are facts."""
        section, columns, names = "", None, list[str]()
        for line, cells in table_rows(self._source, self._separator):
            if cells[0].startswith(_DASHES):
                section, columns = " ".join(cells), None
            elif cells[:3] == ["Index", "Date", "Time"]:
                columns = _Columns(cells)
            elif columns is not None:
                yield section, columns, (line, [self._plain(cell) for cell in cells])
            elif not section:
                names = self._about(names, cells)

    def _about(self, names: list[str], cells: list[str]) -> list[str]:
        """Note facts of the head: names in one line and values in the next, or one after another."""
        if "First Name" in cells or "Patient ID" in cells:
            return cells
        if names:
            self.facts.update(zip(names, cells, strict=False))
        elif cells[0] == "Patient DOB" and len(cells) > 1:
            self.facts["Patient DOB"] = cells[1]
        return []

    def _plain(self, cell: str) -> str:
        """A number with a decimal comma with a point; only where cells are not separated by commas."""
        return cell.replace(",", ".") if self._separator != "," and _COMMA.fullmatch(cell) else cell

    def instant(self, columns: _Columns, cells: list[str]) -> Instant:
        """When a row was; devices know no year before 2000."""
        day, clock = columns.cell(cells, "Date"), columns.cell(cells, "Time")
        order = "DMY" if "." in day else self.order
        return time_of(f"{day} {clock}", order, "20") if day and clock else UNKNOWN


def read(inputs: Sequence[Input], sink: Sink, options: Options) -> Iterator[None]:
    """Read exports; one file is one person.

    Raises
    ------
    InputError
        ``csv.no-column``, ``csv.malformed``.
    """
    for source in inputs:
        sink.opened(source)
        export = _Export(source)
        wearer = Wearer(sink, source, options, export.facts.get("Patient ID") or stem(source))
        _person(wearer, export, sink, source.name)
        left = Counter[str]()
        for section, columns, row in export.rows():
            if _DAILY in section:
                left["daily sums of insulin"] += bool(columns.cell(row[1], _DELIVERED))
            else:
                _row(wearer, export, columns, row, left)
            yield
        for name, count in left.items():
            if count:
                message = f"{count} entries are {name}"
                sink.log(wearer.key).add("device.not-read", message, source.name, "left out", "note")
        wearer.done()


def _person(wearer: Wearer, export: _Export, sink: Sink, name: str) -> None:
    if export.facts:
        message = "a head with the person's name, devices and dates"
        sink.log(wearer.key).add("device.header", message, name, "no event", "note")
    if export.unsure:
        message = "whether the day or the month comes first in the file's dates cannot be told"
        sink.log(wearer.key).add("time.ambiguous", message, name, "taken as unknown", "error")
    birth = export.facts.get("Patient DOB", "")
    born = time_of(birth, "DMY" if "." in birth else export.order)
    if born != UNKNOWN:
        sink.person(wearer.key, replace(PatientInfo(wearer.key), birth=born))


def _row(wearer: Wearer, export: _Export, columns: _Columns, row: Row, left: Counter[str]) -> None:
    line, cells = row
    instant = export.instant(columns, cells)
    reading = wearer.reading(f"line {line}")
    for column, code, loinc in _GLUCOSE:
        full, unit = columns.with_unit(column)
        if full and (text := columns.cell(cells, full)):
            wearer.number(reading, instant, code, text, unit, loinc)
    if text := columns.cell(cells, _DELIVERED):
        sort = columns.cell(cells, "Bolus Type")
        length = _length(columns.cell(cells, "Bolus Duration (h:mm:ss)"))
        wearer.dose(reading, instant, "bolus", text, sort, length)
    elif columns.cell(cells, _SELECTED):
        left["boluses as they were asked for, beside those given"] += 1
    full, unit = columns.with_unit(_CARBS)
    text = columns.cell(cells, full) if full else ""
    if text and unit == "grams":
        if text.strip("0."):
            wearer.meal(reading, instant, text)
        else:
            left["calculations of a bolus without a meal"] += 1
    elif text:
        wearer.words(reading, instant, "carbohydrate exchanges", text, "unit.unknown")
    if text := columns.cell(cells, _BASAL):
        wearer.rate(reading, instant, "basal", text, "U/h")
    if text := " ".join(filter(None, (columns.cell(cells, name) for name in _TEMPORARY))):
        wearer.words(reading, instant, "temporary basal rate", text, "dose.rate-only")
    if text := columns.cell(cells, "Event Marker"):
        _marker(wearer, line, instant, text)
    for column in _LEFT_OUT:
        left[f"of the column {column}"] += bool(columns.cell(cells, column))


def _marker(wearer: Wearer, line: int, instant: Instant, text: str) -> None:
    """What the person noted: a dose by a pen, a meal, or words."""
    reading = wearer.reading(f"line {line}#marker")
    dose, meal = _MARKED_DOSE.fullmatch(text), _MARKED_MEAL.fullmatch(text)
    if dose:
        wearer.dose(reading, instant, "insulin", dose[1].replace(",", "."), "noted by the person")
    elif meal:
        wearer.meal(reading, instant, meal[1].replace(",", "."))
    else:
        wearer.words(reading, instant, "event marker", text)


def _length(text: str) -> int:
    """Microseconds of ``h:mm:ss``; 0 for what is none."""
    found = _LENGTH.fullmatch(text)
    return int(found[1]) * HOUR + int(found[2]) * MINUTE + int(found[3]) * SECOND if found else 0
