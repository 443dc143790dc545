"""FreeStyle Libre exports of LibreView: a title line, a header, and rows whose columns say what they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.record.sink import Options, Sink
from pytwin.record.wearables.dates import order_of, time_of
from pytwin.record.wearables.device import BLOOD, SENSOR, Wearer, stem, table_rows

_GLUCOSE = (("Historic Glucose", "historic glucose", SENSOR), ("Scan Glucose", "scan glucose", SENSOR),
            ("Strip Glucose", "strip glucose", BLOOD))  # fmt: skip
_WHOLE = (("Rapid-Acting Insulin (units)", "rapid-acting insulin"),
          ("Long-Acting Insulin Value (units)", "long-acting insulin"),
          ("Long-Acting Insulin (units)", "long-acting insulin"))  # fmt: skip
_PARTS = (("Meal Insulin (units)", "meal insulin"), ("Correction Insulin (units)", "correction insulin"),
          ("User Change Insulin (units)", "user change insulin"))  # fmt: skip
_WORDS = (("Non-numeric Rapid-Acting Insulin", "rapid-acting insulin without a dose"),
          ("Non-numeric Long-Acting Insulin", "long-acting insulin without a dose"),
          ("Non-numeric Food", "food without an amount"),
          ("Carbohydrates (servings)", "carbohydrate servings"), ("Notes", "note"))  # fmt: skip
_TITLE_LINES = 3


def recognises(head: bytes, name: str) -> bool:
    """Whether one of the first lines is LibreView's header."""
    return any(
        b"Record Type" in line and b"Device Timestamp" in line
        for line in head.split(b"\n", _TITLE_LINES)[:_TITLE_LINES]
    )


class _Sheet:
    """The rows of a file, which are gone through twice: for the order of a date's parts, and to be read."""

    def __init__(self, source: Input) -> None:
        self._source = source
        self._skip = 0
        title: list[str] = []
        for index, (_, cells) in enumerate(table_rows(source)):
            if "Record Type" in cells and "Device Timestamp" in cells:
                self._skip = index + 1
                self._at = {cell: at for at, cell in reversed(list(enumerate(cells)))}
                break
            title += cells
            if index >= _TITLE_LINES:
                break
        if not self._skip:
            raise InputError("csv.no-column", "the file lacks columns of LibreView", place=source.name)
        self.order = self._order(title)

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """What follows the header."""
        for index, row in enumerate(table_rows(self._source)):
            if index >= self._skip:
                yield row

    def cell(self, cells: list[str], column: str) -> str:
        """A cell; empty where there is none."""
        at = self._at.get(column, len(cells))
        return cells[at] if at < len(cells) else ""

    def unit(self, column: str) -> tuple[str, str]:
        """Full name of a column that ends in its unit, and the unit."""
        for unit in ("mg/dL", "mmol/L"):
            if f"{column} {unit}" in self._at:
                return f"{column} {unit}", unit
        return column, ""

    def _order(self, title: list[str]) -> str:
        """``DMY`` or ``MDY``; empty where no date of the file tells, or dates contradict each other."""
        return order_of([*title, *(self.cell(cells, "Device Timestamp") for _, cells in self.rows())])


def read(inputs: Sequence[Input], sink: Sink, options: Options) -> Iterator[None]:
    """Read exports; one file is one person.

    Raises
    ------
    InputError
        ``csv.no-column``, ``csv.malformed``.
    """
    for source in inputs:
        sink.opened(source)
        sheet = _Sheet(source)
        wearer = Wearer(sink, source, options, stem(source))
        if not sheet.order:
            message = "whether the day or the month comes first in the file's dates cannot be told"
            sink.log(wearer.key).add("time.ambiguous", message, source.name, "taken as unknown", "error")
        for line, cells in sheet.rows():
            _row(wearer, sheet, line, cells)
            yield
        wearer.done()


def _row(wearer: Wearer, sheet: _Sheet, line: int, cells: list[str]) -> None:
    instant = time_of(sheet.cell(cells, "Device Timestamp"), sheet.order)
    reading = wearer.reading(f"line {line}")
    empty = True
    for column, code, loinc in _GLUCOSE:
        full, unit = sheet.unit(column)
        if text := sheet.cell(cells, full):
            word = text if text.upper() in ("LO", "HI") else ""
            # Sensor range 40 to 400 mg/dL (FreeStyle Libre 3 User Manual); beyond it LO or HI.
            comparator, limit = {"LO": ("<", "40"), "HI": (">", "400")}.get(text.upper(), ("", text))
            wearer.number(reading, instant, code, limit, "mg/dL" if word else unit, loinc, comparator, word)
            empty = False
    if text := sheet.cell(cells, "Ketone mmol/L"):
        wearer.number(reading, instant, "ketone", text, "mmol/L", "")
        empty = False
    doses = [(c, sheet.cell(cells, column)) for column, c in _WHOLE if sheet.cell(cells, column)]
    # A dose by the calculator is split into parts beside the whole; the parts count where it is missing.
    doses = doses or [(c, sheet.cell(cells, column)) for column, c in _PARTS if sheet.cell(cells, column)]
    for code, text in doses:
        wearer.dose(reading, instant, code, text, code)
        empty = False
    if text := sheet.cell(cells, "Carbohydrates (grams)"):
        wearer.meal(reading, instant, text)
        empty = False
    for column, code in _WORDS:
        if text := sheet.cell(cells, column):
            wearer.words(reading, instant, code, text)
            empty = False
    if empty:
        sort = sheet.cell(cells, "Record Type")
        wearer.words(reading, instant, "other", f"record type {sort}", "value.absent")
