"""What the readers of devices share: cells of a table, one person's events, issues said once a file."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import PurePath

from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.record.amount import DOSE_REASONS, dose_amount
from pytwin.record.event import NAN, Event
from pytwin.record.quantity import parse_number
from pytwin.record.reading import Fields, Reading, at, measured
from pytwin.record.record import PatientInfo
from pytwin.record.sink import Options, Sink
from pytwin.record.time import NAT, UNKNOWN, Instant, parse_time

Row = tuple[int, list[str]]  # line of its end, cells without blanks around them
SENSOR = "99504-3"  # LOINC: glucose in interstitial fluid
BLOOD = "2339-0"  # LOINC: glucose in blood


def table_rows(source: Input, delimiter: str = ",") -> Iterator[Row]:
    """The rows of a table with commas, or what else separates its cells, that are not empty.

    Raises
    ------
    InputError
        ``csv.malformed``, or what makes a file unreadable.
    """
    lines = (line.decode("utf-8-sig", errors="replace") for _, line in source.lines(1 << 20))
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        for cells in reader:
            if any(cells):
                yield reader.line_num, [cell.strip() for cell in cells]
    except csv.Error:
        place = f"{source.name}:line {reader.line_num}"
        raise InputError("csv.malformed", "the text is not CSV", place=place) from None


_KEPT = "kept in the table, not usable"


def stem(source: Input) -> str:
    """Name of a file without its endings: the patient's key where the file states none."""
    return PurePath(source.name.removesuffix(".gz")).stem or source.name


def instant_of(text: str) -> Instant:
    """A time in ISO 8601; unknown where there is none that can be read, which ``Wearer`` reports."""
    try:
        return parse_time(text) if text else UNKNOWN
    except InputError:
        return UNKNOWN


class Wearer:
    """The one person of a file.

    Parameters
    ----------
    sink, source, options
        As the reader gets them.
    key : str
        Identifier in the column ``patient``.
    """

    def __init__(self, sink: Sink, source: Input, options: Options, key: str) -> None:
        self.key = key
        self._sink = sink
        self._log = sink.log(key)
        self._name = source.name
        self._resolver = options.resolver
        self._said: set[str] = set()
        sink.person(key, PatientInfo(key))

    def reading(self, place: str, id: str = "") -> Reading:
        """One element of the file."""
        return Reading(self._log, self._name, place, id, self._resolver)

    def once(self, reading: Reading, code: str, message: str, action: str) -> None:
        """An issue that holds for the whole file, at the first place where it shows."""
        if code not in self._said:
            self._said.add(code)
            reading.issue(code, message, "", action, "note")

    def when(self, reading: Reading, instant: Instant) -> tuple[Fields, str]:
        """Time columns of an instant, and why it is not usable."""
        if instant.us == NAT:
            reading.issue("time.missing", "an entry without a time that can be read", "", _KEPT)
            return at(UNKNOWN), "time.missing"
        if instant.naive:
            self.once(reading, "time.naive", "the file's times have no zone", "taken as UTC")
        return at(instant), ""

    def number(
        self, reading: Reading, instant: Instant, code: str, text: str, unit: str, loinc: str = SENSOR,
        comparator: str = "", written: str = "", text_value: str = "", unit_written: str = "",
        until: int = NAT,
    ) -> None:  # fmt: skip
        """A measured number; ``written`` is what the file has where that is a word for it."""
        analyte = self._resolver.analyte("LOINC", loinc) if loinc else None
        analyte = analyte or self._resolver.analyte("local", code)
        values, reason = measured(reading, text, unit, analyte, "", comparator)
        when, late = self.when(reading, instant)
        if written:
            values["original_value"] = written
        if unit_written:
            values["original_unit"] = unit_written
        name = analyte.name if analyte else code
        self.write(
            reading.event(
                kind="observation", system="local", code=code, name=name, text=text_value,
                until=until, reason=late or reason, **when, **values,
            )
        )  # fmt: skip

    def words(self, reading: Reading, instant: Instant, code: str, text: str, reason: str = "") -> None:
        """An alert, a note or another entry without a number."""
        when, late = self.when(reading, instant)
        self.write(
            reading.event(
                kind="observation", system="local", code=code, name=code, text=text,
                reason=late or reason, **when,
            )
        )  # fmt: skip

    def dose(
        self, reading: Reading, instant: Instant, code: str, text: str, sort: str = "", length: int = 0
    ) -> None:
        """Insulin given, in units: ``sort`` is what the file says of its kind, ``length`` microseconds."""
        amount = dose_amount(text, "[IU]")
        drug = self._resolver.drug("local", sort) if sort else None
        if amount.reason:
            reading.issue(amount.reason, DOSE_REASONS[amount.reason], "", "not usable", "warning", text)
        when, late = self.when(reading, instant)
        self.write(
            reading.event(
                kind="administration", system="local", code=code, name=drug.name if drug else "insulin",
                text=sort, value=amount.value, unit=amount.unit, original_value=amount.original_value,
                original_unit=amount.original_unit, reason=late or amount.reason,
                until=instant.us + length if length and not late else NAT, **when,
            )
        )  # fmt: skip

    def rate(
        self, reading: Reading, instant: Instant, code: str, text: str, written: str, length: int = 0
    ) -> None:
        """A pump's rate in units an hour from an instant on, for ``length`` microseconds where stated.

        ``written`` is the unit as found. How much was given follows only from when it ended.
        """
        number = parse_number(text)
        reason = "dose.rate-only" if number and not number[0] else "value.not-numeric"
        if number is None:
            reading.issue(reason, DOSE_REASONS[reason], "", "not usable", "warning", text)
        else:
            message = "a pump's rates, without the amount that was given"
            self.once(reading, reason, message, "kept as rates, not usable as doses")
        when, late = self.when(reading, instant)
        self.write(
            reading.event(
                kind="administration", system="local", code=code, name="insulin", original_value=text[:64],
                original_unit=written, rate=number[1] if number else NAN, rate_unit="[IU]/h",
                until=instant.us + length if length and not late else NAT, reason=late or reason, **when,
            )
        )  # fmt: skip

    def meal(self, reading: Reading, instant: Instant, text: str) -> None:
        """Carbohydrate eaten, in grams."""
        values, reason = measured(reading, text, "g", None, "")
        if not reason and not values["value"] >= 0:
            reason = "value.implausible"
            reading.issue(reason, "a negative amount of carbohydrate", "", "not usable", "warning", text)
        when, late = self.when(reading, instant)
        self.write(
            reading.event(
                kind="administration", system="local", code="carbohydrate", name="carbohydrate",
                route="oral", reason=late or reason, **when, **values,
            )
        )  # fmt: skip

    def write(self, event: Event) -> None:
        """Write an event of the person."""
        self._sink.resource(self.key, (event,))

    def done(self) -> None:
        """The file is at its end."""
        self._sink.done(self.key)
