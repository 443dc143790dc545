"""Sheet: where readers write events, row by row, before they become an EventTable."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import count
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.record.event import DTYPES, NAN, ROW_TEXTS, SHAPE_COLUMNS, Event

_COUNTER = re.compile(r"(?<![0-9])(?:0|[1-9][0-9]{0,17})(?![0-9])", re.ASCII)
_shape_of = attrgetter(*SHAPE_COLUMNS)
_PLACE = SHAPE_COLUMNS.index("place")
_ROW = ("shape", "patient", "time", "until", "recorded", "value", "original_value", "id", "position")
_DTYPES = {**DTYPES, "shape": np.dtype(np.int32), "position": np.dtype(np.int64)}
_NUMBERS = tuple((SHAPE_COLUMNS.index(name), NAN) for name in ("every", "rate"))

Columns = dict[str, NDArray[Any]]
Taken = tuple[Columns, Columns, tuple[str, ...]]  # row columns, shape columns, strings


def split_place(place: str) -> tuple[str, int]:
    """A place with its first number taken out: ``("line {}, column INR", 17)``; -1 where it has none.

    What follows a ``#`` is a part of the resource and stays.
    """
    found = _COUNTER.search(place) if place and "{" not in place else None
    if found is None or "#" in place[: found.start()]:
        return place, -1
    return f"{place[: found.start()]}{{}}{place[found.end() :]}", int(found[0])


@lru_cache(maxsize=65536)
def place_text(form: str, position: int) -> str:
    """The inverse of ``split_place``."""
    return form.replace("{}", str(position), 1) if position >= 0 else form


class Sheet:
    """Rows that grow, with what repeats kept once.

    A row is what varies (patient, times, value, value as written, id, position) and the number of
    its shape: all other columns together. A reader that knows a row's shape from before pays for
    the rest alone (``shape`` once, then ``row``); any other hands over whole events (``add``).
    ``generation`` counts how often the sheet was taken: numbers of shapes hold within one.
    """

    def __init__(self) -> None:
        self._rows: list[tuple[int, str, int, int, int, float, str, str, int]] = []
        self._shapes: dict[tuple[Any, ...], int] = {}
        self.row = self._rows.append
        self.rows = self._rows.extend
        self.generation = 0
        self._begin()

    def _begin(self) -> None:
        self._columns: tuple[list[Any], ...] = tuple([] for _ in _ROW)

    def __len__(self) -> int:
        return len(self._columns[0]) + len(self._rows)

    def fold(self) -> None:
        """Put the rows so far into columns; it costs less if there are not too many tuples at a time."""
        if self._rows:
            for column, values in zip(self._columns, zip(*self._rows, strict=True), strict=True):
                column.extend(values)
            self._rows.clear()

    def shape(self, event: Event, place: str) -> int:
        """Number of the shape of an event, whose place is given with ``{}`` for the position.

        It holds until the sheet is taken.
        """
        return self._shapes.setdefault(self._key(event, place), len(self._shapes))

    def number(self, event: Event, place: str) -> None:
        """Give the shape of an event the next number, whether it is there already or not."""
        self._shapes[(*self._key(event, place), len(self._shapes))] = len(self._shapes)

    def _key(self, event: Event, place: str) -> tuple[Any, ...]:
        key = list(_shape_of(event))
        key[_PLACE] = place
        for index, nan in _NUMBERS:
            if key[index] != key[index]:
                key[index] = nan
        return tuple(key)

    def add(self, event: Event, patient: str) -> None:
        """Write one event of a patient.

        The rows that ``row`` takes are (shape, patient, time, until, recorded, value, value as written,
        id, position).
        """
        form, position = split_place(event.place)
        shape = self.shape(event, form)
        self.row(
            (
                shape,
                patient,
                event.time,
                event.until,
                event.recorded,
                event.value,
                event.original_value,
                event.id,
                position,
            )
        )

    def take(self) -> Taken:
        """All rows; the sheet is empty afterwards."""
        self.fold()
        strings = interner()
        rows = {
            name: _coded(values, strings) if name in ROW_TEXTS else np.array(values, _DTYPES[name])
            for name, values in zip(_ROW, self._columns, strict=True)
        }
        shapes = self._shape_columns(strings)
        self._shapes = {}
        self._begin()
        self.generation += 1
        return rows, shapes, tuple(strings)

    def _shape_columns(self, strings: dict[str, int]) -> Columns:
        wide = range(len(SHAPE_COLUMNS))
        columns = {SHAPE_COLUMNS[i]: tuple(key[i] for key in self._shapes) for i in wide}
        return {
            name: np.array(values, DTYPES[name]) if name in DTYPES else _coded(values, strings)
            for name, values in columns.items()
        }

    def take_with(self, texts: Mapping[str, tuple[NDArray[np.int32], Sequence[str]]], rows: Columns) -> Taken:
        """As ``take`` for rows that are given as whole columns, text as (codes, texts).

        The column ``shape`` counts the calls of ``number``.
        """
        strings = interner()
        rows = dict(rows)
        for name, (codes, values) in texts.items():
            rows[name] = _coded(values, strings)[codes]
        shapes = self._shape_columns(strings)
        self._shapes = {}
        return rows, shapes, tuple(strings)


def interner() -> dict[str, int]:
    """Numbers for strings in the order in which they are first asked for; the empty one is 0."""
    strings: defaultdict[str, int] = defaultdict(count().__next__)
    strings[""]
    return strings


def _coded(texts: Sequence[str], strings: dict[str, int]) -> NDArray[np.int32]:
    return np.fromiter(map(strings.__getitem__, texts), np.int32, len(texts))
