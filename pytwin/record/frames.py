"""The event table as an Arrow table, and back from any data frame with its columns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytwin.errors import InputError, MissingExtraError
from pytwin.record.event import COLUMNS, DTYPES, ROW_TEXTS, SHAPE_COLUMNS, Event
from pytwin.record.frames_arrow import arrow_table
from pytwin.record.sheet import Columns, interner, split_place
from pytwin.record.table import EventTable
from pytwin.record.tables.encode import combine
from pytwin.record.tables.frames import arrow
from pytwin.record.time import NAIVE, NAT

SCHEMA = "1"
VERSION = b"pytwin.schema"  # keys of the metadata of an Arrow schema
_TEXTS = b"pytwin.texts"
POSITION = "position"
_INSTANTS = ("time", "until", "recorded")
_DEFAULTS: dict[str, Any] = {**Event._field_defaults, POSITION: -1}
_NUMBERS = {**DTYPES, POSITION: np.dtype(np.int64)}


class _Coded(NamedTuple):
    codes: NDArray[np.int32]
    texts: list[str]


# out


def to_arrow(table: EventTable, *, packed: bool = False) -> Any:
    """The columns of ``Event`` as a table of pyarrow.

    Parameters
    ----------
    table : EventTable
    packed : bool
        Leave places as a form with ``{}`` and a column ``position``, which few distinct texts suffice for.
    """
    pa = arrow()
    encodable, lost = _encodable(table.strings)
    names = (*COLUMNS, POSITION) if packed else COLUMNS
    arrays = [_array(table, name, encodable, packed) for name in names]
    metadata = {VERSION: SCHEMA, **({_TEXTS: json.dumps(lost)} if lost else {})}
    fields = [pa.field(name, array.type) for name, array in zip(names, arrays, strict=True)]
    return pa.table(arrays, schema=pa.schema(fields, metadata=metadata))


def _encodable(strings: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Strings that UTF-8 can hold, and what those say that it cannot."""
    written, lost = list(strings), {}
    for i, text in enumerate(strings):
        try:
            text.encode()
        except UnicodeEncodeError:
            plain = text.encode(errors="replace").decode()
            while plain in lost or plain in strings:
                plain += "?"
            written[i] = plain
            lost[plain] = text
    return written, lost


def _array(table: EventTable, name: str, strings: list[str], packed: bool) -> Any:
    pa = arrow()
    if name == POSITION:
        return pa.array(table.position, mask=table.position < 0)
    if name not in DTYPES:
        return _text(table, name, strings, packed)
    column = table.column(name)
    if name in _INSTANTS:
        return pa.array(column, mask=column == NAT).cast(pa.timestamp("us", "UTC"))
    if name == "offset":
        return pa.array(column, mask=column == NAIVE)
    return pa.array(column, mask=np.isnan(column) if column.dtype.kind == "f" else None)


def _text(table: EventTable, name: str, strings: list[str], packed: bool) -> Any:
    """A dictionary array that holds no text which the column does not use."""
    pa = arrow()
    codes = table.codes(name)
    used = np.zeros(len(strings), np.bool_)
    used[codes] = True
    places = np.flatnonzero(used).tolist()
    indices = (np.cumsum(used) - 1).astype(np.int32)[codes]
    texts = [strings[i] for i in places]
    if name == "place" and not packed:
        return _places(indices, texts, table.position)
    return pa.DictionaryArray.from_arrays(pa.array(indices), pa.array(texts, pa.string()))


def _places(codes: NDArray[np.int32], forms: list[str], position: NDArray[np.int64]) -> Any:
    """Forms with the positions put in, as ``sheet.place_text`` does for one."""
    pa = arrow()
    parts = [form.partition("{}") for form in [*forms, ""]]
    numbers = pa.array(position).cast(pa.string())
    indices = pa.array(codes)
    head, middle, tail = (pa.array(texts, pa.string()).take(indices) for texts in zip(*parts, strict=True))
    counted = pa.compute.and_(pa.array(position >= 0), pa.compute.equal(middle, "{}"))
    number = pa.compute.if_else(counted, numbers, middle)
    return pa.compute.binary_join_element_wise(head, number, tail, "").dictionary_encode()


def to_pandas(table: EventTable) -> Any:
    """The table for pandas."""
    try:
        import pandas  # noqa: F401 - pyarrow needs it
    except ImportError:
        raise MissingExtraError(
            "extra.pandas", "pandas is not installed", hint="pip install pandas"
        ) from None
    return to_arrow(table).to_pandas()


def to_polars(table: EventTable) -> Any:
    """The table for polars."""
    try:
        import polars
    except ImportError:
        raise MissingExtraError(
            "extra.polars", "polars is not installed", hint="pip install polars"
        ) from None
    return polars.from_arrow(to_arrow(table))


# in


def from_frame(frame: Any) -> EventTable:
    """The event table of a frame; see ``EventTable.from_frame``."""
    source = arrow_table(frame)
    known = {*COLUMNS, POSITION}
    for name in source.column_names:
        if name not in known:
            hint = f"Known are {', '.join(COLUMNS)}"
            raise InputError("frame.column", "the event table has no such column", place=name, hint=hint)
    _check_version(source.schema.metadata or {})
    lost = _lost(source.schema.metadata or {})
    texts = {name: _coded(source, name, lost) for name in COLUMNS if name not in DTYPES}
    numbers = {name: _numbers(source, name) for name in _NUMBERS}
    if POSITION not in source.column_names:
        texts["place"], numbers[POSITION] = _split(texts["place"])
    return _assembled(texts, numbers)


def _check_version(metadata: dict[bytes, bytes]) -> None:
    if metadata.get(VERSION, SCHEMA.encode()) != SCHEMA.encode():
        hint = "Read it with the version of pytwin that wrote it"
        raise InputError("frame.version", "the table has a schema that is not known", hint=hint)


def _lost(metadata: dict[bytes, bytes]) -> dict[str, str]:
    try:
        found = json.loads(metadata.get(_TEXTS, b"{}"))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        raise InputError("frame.metadata", "what pytwin wrote beside the table is damaged")
    return found


def _wrong(name: str, kind: Any) -> InputError:
    return InputError("frame.column", f"a column of a wrong type, {kind}", place=f"column {name}")


def _chunk(source: Any, name: str) -> Any:
    """A column as one array; None where there is none or it holds nothing."""
    pa = arrow()
    if name not in source.column_names:
        return None
    column = source.column(name).combine_chunks()
    array = column if isinstance(column, pa.Array) else pa.concat_arrays(column.chunks)
    return None if pa.types.is_null(array.type) else array


def _coded(source: Any, name: str, lost: dict[str, str]) -> _Coded:
    pa = arrow()
    array = _chunk(source, name)
    if array is None:
        return _Coded(np.zeros(source.num_rows, np.int32), [""])
    if not pa.types.is_dictionary(array.type):
        array = array.dictionary_encode()
    kind = array.dictionary.type
    if str(kind) not in ("string", "large_string", "string_view", "null") and not pa.types.is_integer(kind):
        raise _wrong(name, kind)
    try:
        texts = ["" if text is None else str(text) for text in array.dictionary.to_pylist()]
    except UnicodeDecodeError:
        raise InputError("frame.value", "text that is no UTF-8", place=f"column {name}") from None
    codes = array.indices.cast(pa.int32()).fill_null(len(texts)).to_numpy(zero_copy_only=False)
    return _Coded(codes, [*(lost.get(text, text) for text in texts), ""])


def _numbers(source: Any, name: str) -> NDArray[Any]:
    pa = arrow()
    dtype = _NUMBERS[name]
    array = _chunk(source, name)
    if array is None:
        offset = 0 if name == "offset" and _zoned(source) else _DEFAULTS[name]
        return np.full(source.num_rows, offset, dtype)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if not _fits(array.type, name):
        raise _wrong(name, array.type)
    try:
        if name in _INSTANTS and not pa.types.is_integer(array.type):
            zone = getattr(array.type, "tz", None)
            array = array.cast(pa.timestamp("us", zone), safe=False).cast(pa.int64())
        if pa.types.is_floating(array.type) and dtype.kind == "i":
            array = pa.compute.if_else(pa.compute.is_nan(array), None, array)
        array = array.cast(pa.from_numpy_dtype(dtype))
    except pa.ArrowException:
        raise InputError("frame.value", "a value out of range", place=f"column {name}") from None
    missing = NAIVE if name == "offset" else _DEFAULTS[name]
    found: NDArray[Any] = array.fill_null(missing).to_numpy(zero_copy_only=False)
    return found.astype(dtype)


def _zoned(source: Any) -> bool:
    if "time" not in source.column_names:
        return False
    return getattr(source.schema.field("time").type, "tz", None) is not None


def _fits(kind: Any, name: str) -> bool:
    types = arrow().types
    if DTYPES.get(name) == np.bool_:
        return bool(types.is_boolean(kind))
    if name in _INSTANTS:
        return bool(types.is_timestamp(kind) or types.is_date(kind) or types.is_integer(kind))
    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind))


def _split(places: _Coded) -> tuple[_Coded, NDArray[np.int64]]:
    """Places as forms and positions."""
    forms = interner()
    pairs = [split_place(text) for text in places.texts]
    codes = np.array([forms[form] for form, _ in pairs], np.int32)
    positions = np.array([position for _, position in pairs], np.int64)
    return _Coded(codes[places.codes], list(forms)), positions[places.codes]


def _assembled(texts: dict[str, _Coded], numbers: Columns) -> EventTable:
    """Rows and shapes from whole columns; a shape is a distinct combination of the columns that repeat."""
    coded = {}
    for name in SHAPE_COLUMNS:
        if name in texts:
            coded[name] = (texts[name].codes, len(texts[name].texts))
        else:
            column = arrow().array(_bits(numbers[name])).dictionary_encode()
            coded[name] = (column.indices.to_numpy(zero_copy_only=False), len(column.dictionary))
    shape, first = combine(list(coded.values()))
    strings = interner()
    code = {name: np.array([strings[t] for t in column.texts], np.int32) for name, column in texts.items()}
    rows: Columns = {"shape": shape}
    rows |= {name: code[name][texts[name].codes] for name in ROW_TEXTS}
    rows |= {name: numbers[name] for name in (*_INSTANTS, POSITION, "value")}
    shapes = {
        name: code[name][texts[name].codes[first]] if name in texts else numbers[name][first]
        for name in SHAPE_COLUMNS
    }
    return EventTable._of(rows, shapes, tuple(strings)).compact()


def _bits(column: NDArray[Any]) -> NDArray[np.int64]:
    """Numbers as whole ones that are equal where the numbers are, NaN among them."""
    if column.dtype.kind == "f":
        return np.where(np.isnan(column), np.nan, column + 0.0).view(np.int64)
    return column.astype(np.int64)
