"""The event table: one row per event, columns as NumPy arrays, text interned."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from pytwin.errors import InputError
from pytwin.record.event import COLUMNS, DTYPES, ROW_TEXTS, SHAPE_COLUMNS, TEXT_COLUMNS, Event
from pytwin.record.sheet import Columns, Sheet, interner, place_text
from pytwin.record.time import NAT, parse_time

__all__ = ["COLUMNS", "TEXT_COLUMNS", "Event", "EventTable"]

_SHAPE_TEXTS = tuple(name for name in SHAPE_COLUMNS if name not in DTYPES)


def _instant(value: int | str) -> int:
    return value if isinstance(value, int) else parse_time(value).us


class EventTable:
    """Events in the order given; those of a ``Record`` are in order of time.

    Numeric columns are read-only NumPy arrays (``table.time``, ``table.value`` ...); text
    columns are int32 codes into one table of strings (``table.codes(name)``,
    ``table.strings``) and are decoded by ``table.column(name)``. Iterating gives ``Event``.

    Inside, a row holds what varies (patient, times, value, id, position) and the number of its *shape*,
    all other columns together: many rows share one, so that a row takes 60 bytes. A place is kept as a form
    with ``{}`` and a position, and written out when asked for. ``table.varying`` and ``table.shapes`` hold
    the columns of both, for code that goes through millions of rows.

    Parameters
    ----------
    events : iterable of Event
        In the order to keep.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        sheet = Sheet()
        for event in events:
            sheet.add(event, event.patient)
        self._fill(*sheet.take())

    def _fill(self, rows: Columns, shapes: Columns, strings: tuple[str, ...]) -> None:
        self.varying, self.shapes, self.strings = rows, shapes, strings
        for array in (*rows.values(), *shapes.values()):
            array.flags.writeable = False
        self._wide: Columns = {}
        self._codes: dict[str, int] | None = None

    @classmethod
    def _of(cls, rows: Columns, shapes: Columns, strings: tuple[str, ...]) -> EventTable:
        table = cls.__new__(cls)
        table._fill(rows, shapes, strings)
        return table

    @classmethod
    def from_sheet(cls, sheet: Sheet) -> EventTable:
        """All rows of a sheet, which is empty afterwards."""
        return cls._of(*sheet.take())

    @classmethod
    def from_columns(
        cls, sheet: Sheet, texts: Mapping[str, tuple[NDArray[np.int32], Sequence[str]]], rows: Columns
    ) -> EventTable:
        """Rows given as whole columns, with shapes that a sheet numbered; see ``Sheet.take_with``."""
        return cls._of(*sheet.take_with(texts, rows))

    @classmethod
    def concat(cls, tables: Sequence[EventTable]) -> EventTable:
        """The rows of several tables, one after another."""
        if len(tables) == 1:
            return tables[0]
        strings = interner()
        rows: dict[str, list[NDArray[Any]]] = {}
        shapes: dict[str, list[NDArray[Any]]] = {}
        base = 0
        for table in tables:
            code = np.array([strings[s] for s in table.strings], np.int32)
            for name, array in table.varying.items():
                moved = array + np.int32(base) if name == "shape" else array
                rows.setdefault(name, []).append(code[array] if name in ROW_TEXTS else moved)
            for name, array in table.shapes.items():
                shapes.setdefault(name, []).append(code[array] if name in _SHAPE_TEXTS else array)
            base += len(table.shapes["kind"])
        if not tables:
            return cls()
        return cls._of(
            {name: np.concatenate(parts) for name, parts in rows.items()},
            {name: np.concatenate(parts) for name, parts in shapes.items()},
            tuple(strings),
        )

    def compact(self) -> EventTable:
        """The same rows, with no string and no shape that they do not use."""
        used, shape = np.unique(self.varying["shape"], return_inverse=True)
        shapes = {name: array[used] for name, array in self.shapes.items()}
        rows = {**self.varying, "shape": shape.astype(np.int32)}
        texts = [(rows, name) for name in ROW_TEXTS] + [(shapes, name) for name in _SHAPE_TEXTS]
        kept = np.zeros(len(self.strings), np.bool_)
        kept[0] = True
        for columns, name in texts:
            kept[columns[name]] = True
        code = (np.cumsum(kept) - 1).astype(np.int32)
        for columns, name in texts:
            columns[name] = code[columns[name]]
        return EventTable._of(rows, shapes, tuple(self.strings[i] for i in np.flatnonzero(kept)))

    def with_patient(self, identifier: str) -> EventTable:
        """The same rows, all of one patient."""
        strings = self.strings if identifier in self.strings else (*self.strings, identifier)
        code = np.full(len(self), strings.index(identifier), np.int32)
        return EventTable._of({**self.varying, "patient": code}, dict(self.shapes), strings).compact()

    def patients(self) -> list[str]:
        """Identifiers of everybody in the table, in order of appearance."""
        codes, first = np.unique(self.varying["patient"], return_index=True)
        return [self.strings[i] for i in codes[np.argsort(first)].tolist()]

    def by_patient(self) -> list[tuple[str, EventTable]]:
        """(identifier, rows) of everybody in the table, in order of appearance."""
        codes = self.varying["patient"]
        order = np.argsort(codes, kind="stable")
        starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
        groups = zip(starts.tolist(), [*starts[1:].tolist(), len(order)], strict=True)
        found = {self.strings[codes[order[a]]]: self[order[a:b]] for a, b in groups}
        return [(key, found[key]) for key in self.patients()]

    def _array(self, name: str) -> NDArray[Any]:
        if name in self.varying:
            return self.varying[name]
        wide = self._wide.get(name)
        if wide is None:
            wide = self._wide[name] = self.shapes[name][self.varying["shape"]]
            wide.flags.writeable = False
        return wide

    def codes(self, name: str) -> NDArray[np.int32]:
        """Codes of a text column, indices into ``strings``; of ``place`` its form without the position."""
        if name not in TEXT_COLUMNS:
            raise InputError("record.no-column", f"there is no text column {name!r}")
        return self._array(name)

    def column(self, name: str) -> NDArray[Any]:
        """One column: the array of a numeric one, an object array of str of a text one."""
        if name in DTYPES:
            return self._array(name)
        texts: NDArray[Any] = np.array(self.strings, dtype=object)[self.codes(name)]
        if name == "place":
            pairs = zip(texts.tolist(), self.position.tolist(), strict=True)
            texts[:] = [place_text(form, position) for form, position in pairs]
        return texts

    @property
    def time(self) -> NDArray[np.int64]:
        """Instants, microseconds UTC."""
        return self._array("time")

    @property
    def width(self) -> NDArray[np.int64]:
        """Widths of the instants, microseconds."""
        return self._array("width")

    @property
    def offset(self) -> NDArray[np.int32]:
        """Zones, minutes east of UTC or ``NAIVE``."""
        return self._array("offset")

    @property
    def value(self) -> NDArray[np.float64]:
        """Numbers in canonical units."""
        return self._array("value")

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Whether a twin may use the row's number."""
        return self._array("usable")

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Whether the row's status leaves it standing."""
        return self._array("valid")

    @property
    def every(self) -> NDArray[np.float64]:
        """Dose intervals, hours."""
        return self._array("every")

    @property
    def until(self) -> NDArray[np.int64]:
        """Ends, microseconds UTC."""
        return self._array("until")

    @property
    def position(self) -> NDArray[np.int64]:
        """The number in each row's place (line, entry, message); -1 where it has none."""
        return self.varying["position"]

    def __len__(self) -> int:
        return len(self.varying["time"])

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice | NDArray[Any] | Sequence[int]) -> EventTable: ...
    def __getitem__(self, index: int | slice | NDArray[Any] | Sequence[int]) -> Event | EventTable:
        if isinstance(index, (int, np.integer)):
            at = range(len(self))[int(index)]
            return next(iter(self[at : at + 1]))
        keep = index if isinstance(index, slice) else np.asarray(index)
        return EventTable._of({n: a[keep] for n, a in self.varying.items()}, self.shapes, self.strings)

    def __iter__(self) -> Iterator[Event]:
        decoded = [self.column(name).tolist() for name in COLUMNS]
        return map(Event._make, zip(*decoded, strict=True))

    @property
    def rows(self) -> list[Event]:
        """All rows as ``Event`` tuples."""
        return list(self)

    def code_of(self, text: str) -> int:
        """Code of a text; -1 where no row has it."""
        if self._codes is None:
            self._codes = {string: code for code, string in enumerate(self.strings)}
        return self._codes.get(text, -1)

    def _equals(self, name: str, wanted: str | Sequence[str]) -> NDArray[np.bool_]:
        if name not in TEXT_COLUMNS:
            raise InputError("record.no-column", f"there is no text column {name!r}")
        wanted = (wanted,) if isinstance(wanted, str) else wanted
        if name == "place":
            return np.isin(self.column(name), list(wanted))
        shared = name in self.shapes
        column = self.shapes[name] if shared else self.varying[name]
        keep = np.zeros(len(column), dtype=np.bool_)
        for text in wanted:
            keep |= column == self.code_of(text)
        return keep[self.varying["shape"]] if shared else keep

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

    def to_arrow(self) -> Any:
        """The table as a ``pyarrow.Table`` with the columns of ``Event``.

        Text columns are dictionaries, instants ``timestamp[us, UTC]``, widths microseconds. Where a row has
        no number, no instant or no zone, the cell is null.

        Raises
        ------
        MissingExtraError
            ``extra.tables``.
        """
        from pytwin.record.frames import to_arrow

        return to_arrow(self)

    def to_pandas(self) -> Any:
        """The table as a ``pandas.DataFrame``, text columns categorical; see ``to_arrow``."""
        from pytwin.record.frames import to_pandas

        return to_pandas(self)

    def to_polars(self) -> Any:
        """The table as a ``polars.DataFrame``, text columns categorical; see ``to_arrow``."""
        from pytwin.record.frames import to_polars

        return to_polars(self)

    @classmethod
    def from_frame(cls, frame: Any) -> EventTable:
        """A table from a data frame with columns of ``Event``.

        Parameters
        ----------
        frame : pandas, polars or Arrow table, or any other frame that narwhals accepts
            Columns as ``to_arrow`` gives them; one that is left out holds the value by default. Instants may
            also be microseconds UTC; without ``offset`` those with a zone are in UTC.

        Raises
        ------
        InputError
            ``frame.type``, ``frame.column``, ``frame.value`` or ``frame.version``, with the column's name.
        MissingExtraError
            ``extra.tables``.
        """
        from pytwin.record.frames import from_frame

        return from_frame(frame)

    def to_parquet(self, path: str | os.PathLike[str]) -> None:
        """Write a Parquet file of mode 0600, from which ``from_parquet`` reads an equal table.

        It has the columns of ``to_arrow``, and ``position``: ``place`` has ``{}`` where that number goes.

        Raises
        ------
        InputError
            ``file.cannot-write``.
        MissingExtraError
            ``extra.tables``.
        """
        from pytwin.record.frames_parquet import to_parquet

        to_parquet(self, path)

    @classmethod
    def from_parquet(cls, path: str | os.PathLike[str]) -> EventTable:
        """Read a file that ``to_parquet`` wrote.

        Raises
        ------
        InputError
            ``parquet.malformed``, or as ``from_frame``.
        MissingExtraError
            ``extra.tables``.
        """
        from pytwin.record.frames_parquet import from_parquet

        return from_parquet(path)

    def __repr__(self) -> str:
        return f"<EventTable of {len(self)} events>"
