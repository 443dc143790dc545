"""Any data frame as an Arrow table or as an input, whatever library made it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cached_property
from math import isnan
from numbers import Number
from typing import Any

from pytwin.errors import InputError, MissingExtraError
from pytwin.record.tables.frames import arrow
from pytwin.record.tables.sources import Columnar

_HINT = 'Install it with pip install "pytwin-health[tables]"'


def is_frame(source: Any) -> bool:
    """Whether something may be a data frame: it has columns, or hands out Arrow data."""
    return not isinstance(source, (str, bytes)) and any(
        hasattr(type(source), name) for name in ("columns", "collect_schema", "__arrow_c_stream__")
    )


def arrow_table(frame: Any) -> Any:
    """The columns of a frame as a table of pyarrow; an index of pandas is left out.

    Raises
    ------
    InputError
        ``frame.type`` for what is no data frame, ``frame.column`` for a column that Arrow cannot hold.
    MissingExtraError
        ``extra.tables``: pyarrow or narwhals is not installed.
    """
    pa = arrow()
    if isinstance(frame, pa.Table):
        return frame
    if isinstance(frame, pa.RecordBatch):
        return pa.Table.from_batches([frame])
    if isinstance(frame, pa.RecordBatchReader):
        return frame.read_all()
    try:
        import narwhals
    except ImportError:
        raise MissingExtraError("extra.tables", "narwhals is not installed", hint=_HINT) from None
    try:
        known: Any = narwhals.from_native(frame)
    except TypeError:
        message = "neither a data frame nor an Arrow table"
        raise InputError("frame.type", message, place=type(frame).__name__) from None
    if isinstance(known, narwhals.LazyFrame):
        known = known.collect("pyarrow")
    return _columns(known)


def _columns(frame: Any) -> Any:
    """Column by column, so that one that Arrow cannot hold is named."""
    pa = arrow()
    names = [str(name) for name in frame.columns]
    if len(set(names)) < len(names):
        raise InputError("frame.column", "two columns of the frame have one name")
    arrays = []
    for name in frame.columns:
        column = frame.get_column(name)
        try:
            found = column.to_arrow()
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            found = _mixed(column.to_list(), str(name))
        arrays.append(found)
    return pa.table(arrays, names=names)


def _mixed(values: list[Any], name: str) -> Any:
    """A column of numbers and texts as text; what is neither is refused."""
    texts: list[str | None] = []
    for value in values:
        if _missing(value):
            texts.append(None)
        elif isinstance(value, str):
            texts.append(value)
        elif isinstance(value, Number) or hasattr(value, "isoformat"):
            texts.append(_written(value))
        else:
            raise InputError("frame.column", "a column of mixed types", place=f"column {name}")
    return arrow().array(texts, arrow().string())


def _missing(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and isnan(value)


def _written(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).lower() if isinstance(value, bool) else str(value)


class Frame(Columnar):
    """A data frame in the place of a file; its name is ``frame``."""

    def __init__(self, frame: Any) -> None:
        super().__init__(b"", "frame")
        self._frame = frame

    @cached_property
    def _table(self) -> Any:
        return arrow_table(self._frame)

    @property
    def columns(self) -> list[str]:  # type: ignore[override]
        """Names of the columns."""
        return list(self._table.column_names)

    def batches(self) -> Iterator[Any]:
        """The rows as batches of pyarrow."""
        yield from self._table.to_batches()

    def sha256(self) -> str:
        """Of the columns as a stream of Arrow."""
        digest = _Digest()
        pa = arrow()
        with pa.PythonFile(digest, "w") as sink, pa.ipc.new_stream(sink, self._table.schema) as stream:
            stream.write_table(self._table)
        return digest.sha.hexdigest()


class _Digest:
    """A file that keeps no more than the digest of what is written."""

    closed = False

    def __init__(self) -> None:
        self.sha = hashlib.sha256()

    def write(self, data: Any) -> int:
        self.sha.update(data)
        return len(data)

    def flush(self) -> None:
        return

    def close(self) -> None:
        return
