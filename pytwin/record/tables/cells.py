"""Cells of typed columns as text, for rules that are made for CSV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import Any

from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.record.tables.frames import arrow, as_text
from pytwin.record.tables.sources import typed_pieces


def rows_of_text(source: Input, wanted: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """(number from 1, cells) of each row of a table; cells of columns that nobody wants are empty.

    Numbers are written with the fewest digits that tell them apart, whole ones without a point, times and
    dates in ISO 8601, truth values as ``true`` and ``false``; a missing value is empty.

    Raises
    ------
    InputError
        ``csv.column-type``: a column of lists or the like.
    """
    named = set(wanted)
    for piece in typed_pieces(source):
        columns = [
            _texts(array, name, source.name) if name.strip() in named else repeat("", len(piece))
            for name, array in zip(piece.batch.schema.names, piece.batch.columns, strict=True)
        ]
        for number, cells in enumerate(zip(*columns, strict=True), piece.first):
            yield number, list(cells)


def _texts(array: Any, name: str, source: str) -> list[str]:
    pa = arrow()
    if pa.types.is_dictionary(array.type):
        distinct = [*_texts(array.dictionary, name, source), ""]
        codes = array.indices.cast(pa.int32()).fill_null(len(distinct) - 1)
        return [distinct[code] for code in codes.to_pylist()]
    texts: list[str] = _text_array(array, name, source).fill_null("").to_pylist()
    return texts


def _text_array(array: Any, name: str, source: str) -> Any:
    pa, types = arrow(), arrow().types
    kind = array.type
    if isinstance(array, pa.ExtensionArray):
        return _text_array(array.storage, name, source)
    if types.is_floating(kind):
        array = pa.compute.if_else(pa.compute.is_nan(array), None, array)
        return array.cast(pa.float32() if types.is_float16(kind) else kind).cast(pa.string())
    if types.is_timestamp(kind):
        return _moments(array)
    if types.is_nested(kind) or types.is_duration(kind) or types.is_time(kind) or types.is_interval(kind):
        place = f"{source}:column {name}"
        message = "a column that holds neither text, numbers nor times"
        raise InputError("csv.column-type", message, place=place)
    return as_text(array)


def _moments(array: Any) -> Any:
    pa = arrow()
    try:
        return array.cast(pa.string())
    except pa.ArrowException:  # a zone that is not known here
        return array.cast(pa.timestamp(array.type.unit, "UTC")).cast(pa.string())
