"""The event table: one row per event, columns as NumPy arrays, text interned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from pytwin.errors import InputError
from pytwin.record.time import NAIVE, NAT, iso, parse_time

NAN = float("nan")


class Event(NamedTuple):
    """One event of a record.

    Attributes
    ----------
    time, width, offset : int
        Instant in microseconds UTC (``NAT`` where unknown), width in microseconds, zone in
        minutes east of UTC (``NAIVE`` where none was given).
    kind : str
        ``observation``, ``order``, ``administration``, ``statement``, ``condition``, ``allergy``.
    system, code, name : str
        Short name of the code system (LOINC, RxNorm, SNOMED, ICD-10, ATC, local), the code as
        found, and the canonical name where pytwin knows the code, else the text as found.
    text : str
        Coded or free text value; the text of a dosage.
    value, comparator, unit : float, str, str
        Number in the canonical unit (UCUM); NaN where there is none. ``<`` and ``>`` censor it.
    original_value, original_unit : str
        As found; for a coded value its code and code system.
    status : str
        As found.
    usable : bool
        A twin may use the number: the status, time, value and unit all allow it.
    valid : bool
        The status does not take the event back (entered in error, cancelled, not done ...).
    reason : str
        Issue code that says why the event is not usable.
    panel : str
        Code of the panel that a component belongs to.
    route : str
        ``oral``, ``intravenous`` ...
    every : float
        Hours between repeated doses; NaN for a single dose.
    until : int
        End of a regimen, condition or infusion, microseconds UTC; ``NAT`` where open or unknown.
    as_needed : bool
        The dose is taken at the patient's discretion.
    rate, rate_unit : float, str
        Rate of an infusion as found, UCUM unit.
    recorded : int
        When the event was recorded or last changed, microseconds UTC, ``NAT`` where unknown.
    id : str
        Identity in the source (``Observation/17``); rows of one resource share it.
    source, place, changes : str
        File, position in it, and what was changed on the way in.
    """

    time: int = NAT
    width: int = 0
    offset: int = NAIVE
    kind: str = ""
    system: str = ""
    code: str = ""
    name: str = ""
    text: str = ""
    value: float = NAN
    comparator: str = ""
    unit: str = ""
    original_value: str = ""
    original_unit: str = ""
    status: str = ""
    usable: bool = True
    valid: bool = True
    reason: str = ""
    panel: str = ""
    route: str = ""
    every: float = NAN
    until: int = NAT
    as_needed: bool = False
    rate: float = NAN
    rate_unit: str = ""
    recorded: int = NAT
    id: str = ""
    source: str = ""
    place: str = ""
    changes: str = ""

    @property
    def when(self) -> str:
        """The time in ISO 8601."""
        return iso(self.time, self.offset, self.width)


COLUMNS = Event._fields
_DTYPES: dict[str, np.dtype[Any]] = {
    **{name: np.dtype(np.int64) for name in ("time", "width", "until", "recorded")},
    **{name: np.dtype(np.float64) for name in ("value", "every", "rate")},
    **{name: np.dtype(np.bool_) for name in ("usable", "valid", "as_needed")},
    "offset": np.dtype(np.int32),
}
TEXT_COLUMNS = tuple(name for name in COLUMNS if name not in _DTYPES)


def _instant(value: int | str) -> int:
    return value if isinstance(value, int) else parse_time(value).us


class EventTable:
    """Events of one patient in order of time.

    Numeric columns are read-only NumPy arrays (``table.time``, ``table.value`` ...); text
    columns are int32 codes into one table of strings (``table.codes(name)``,
    ``table.strings``) and are decoded by ``table.column(name)``. Iterating gives ``Event``.

    Parameters
    ----------
    events : iterable of Event
        In the order to keep.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        rows = list(events)
        strings: dict[str, int] = {"": 0}
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(COLUMNS)
        self._columns: dict[str, NDArray[Any]] = {}
        for name, values in zip(COLUMNS, columns, strict=True):
            if name in _DTYPES:
                array = np.array(values, dtype=_DTYPES[name])
            else:
                array = np.array([strings.setdefault(v, len(strings)) for v in values], dtype=np.int32)
            array.flags.writeable = False
            self._columns[name] = array
        self.strings: tuple[str, ...] = tuple(strings)

    @classmethod
    def _of(cls, columns: dict[str, NDArray[Any]], strings: tuple[str, ...]) -> EventTable:
        table = cls.__new__(cls)
        table._columns, table.strings = columns, strings
        for array in columns.values():
            array.flags.writeable = False
        return table

    def codes(self, name: str) -> NDArray[np.int32]:
        """Codes of a text column, indices into ``strings``."""
        if name not in TEXT_COLUMNS:
            raise InputError("record.no-column", f"there is no text column {name!r}")
        return self._columns[name]

    def column(self, name: str) -> NDArray[Any]:
        """One column: the array of a numeric one, an object array of str of a text one."""
        if name in _DTYPES:
            return self._columns[name]
        return np.array(self.strings, dtype=object)[self.codes(name)]

    @property
    def time(self) -> NDArray[np.int64]:
        """Instants, microseconds UTC."""
        return self._columns["time"]

    @property
    def width(self) -> NDArray[np.int64]:
        """Widths of the instants, microseconds."""
        return self._columns["width"]

    @property
    def offset(self) -> NDArray[np.int32]:
        """Zones, minutes east of UTC or ``NAIVE``."""
        return self._columns["offset"]

    @property
    def value(self) -> NDArray[np.float64]:
        """Numbers in canonical units."""
        return self._columns["value"]

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Whether a twin may use the row's number."""
        return self._columns["usable"]

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Whether the row's status leaves it standing."""
        return self._columns["valid"]

    @property
    def every(self) -> NDArray[np.float64]:
        """Dose intervals, hours."""
        return self._columns["every"]

    @property
    def until(self) -> NDArray[np.int64]:
        """Ends, microseconds UTC."""
        return self._columns["until"]

    def __len__(self) -> int:
        return len(self._columns["time"])

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice | NDArray[Any] | Sequence[int]) -> EventTable: ...
    def __getitem__(self, index: int | slice | NDArray[Any] | Sequence[int]) -> Event | EventTable:
        if isinstance(index, (int, np.integer)):
            values = (self._columns[n][index].item() for n in COLUMNS)
            pairs = zip(COLUMNS, values, strict=True)
            return Event(*(v if n in _DTYPES else self.strings[v] for n, v in pairs))
        keep = index if isinstance(index, slice) else np.asarray(index)
        return EventTable._of({n: a[keep] for n, a in self._columns.items()}, self.strings)

    def __iter__(self) -> Iterator[Event]:
        decoded = [
            a.tolist() if n in _DTYPES else [self.strings[i] for i in a.tolist()]
            for n, a in self._columns.items()
        ]
        return map(Event._make, zip(*decoded, strict=True))

    @property
    def rows(self) -> list[Event]:
        """All rows as ``Event`` tuples."""
        return list(self)

    def _equals(self, name: str, wanted: str | Sequence[str]) -> NDArray[np.bool_]:
        column = self.codes(name)
        keep = np.zeros(len(column), dtype=np.bool_)
        for text in (wanted,) if isinstance(wanted, str) else wanted:
            if text in self.strings:
                keep |= column == self.strings.index(text)
        return keep

    def select(
        self,
        *,
        usable: bool | None = None,
        valid: bool | None = None,
        since: int | str | None = None,
        until: int | str | None = None,
        **texts: str | Sequence[str],
    ) -> EventTable:
        """Rows that meet every condition.

        Parameters
        ----------
        usable, valid : bool, optional
            Keep rows with this flag.
        since, until : int or str, optional
            Keep rows with ``since <= time <= until``; microseconds UTC or ISO text.
        **texts : str or sequence of str
            Text columns (``kind``, ``system``, ``code``, ``name``, ``status`` ...) with the
            value or values to keep.

        Returns
        -------
        EventTable
        """
        keep = np.ones(len(self), dtype=np.bool_)
        for name, wanted in texts.items():
            keep &= self._equals(name, wanted)
        if usable is not None:
            keep &= self.usable == usable
        if valid is not None:
            keep &= self.valid == valid
        if since is not None:
            keep &= self.time >= _instant(since)
        if until is not None:
            keep &= (self.time <= _instant(until)) & (self.time != NAT)
        return self[keep]

    def to_dict(self) -> dict[str, NDArray[Any]]:
        """All columns by name; text decoded."""
        return {name: self.column(name) for name in COLUMNS}

    def __repr__(self) -> str:
        return f"<EventTable of {len(self)} events>"
