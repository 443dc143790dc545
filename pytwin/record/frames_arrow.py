"""Any data frame as an Arrow table, whatever library made it."""

from __future__ import annotations

from typing import Any

from pytwin.errors import InputError, MissingExtraError
from pytwin.record.tables.frames import arrow

_HINT = 'Install it with pip install "pytwin-health[tables]"'


def is_frame(source: Any) -> bool:
    """Whether something may be a data frame: it has columns, or hands out Arrow data."""
    return not isinstance(source, (str, bytes)) and any(
        hasattr(source, name) for name in ("columns", "collect_schema", "__arrow_c_stream__")
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
        if value is None or value != value:  # noqa: PLR0124 - finds NaN and NaT
            texts.append(None)
        elif isinstance(value, str):
            texts.append(value)
        elif isinstance(value, (bool, int, float)) or hasattr(value, "isoformat"):
            texts.append(_written(value))
        else:
            raise InputError("frame.column", "a column of mixed types", place=f"column {name}")
    return arrow().array(texts, arrow().string())


def _written(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).lower() if isinstance(value, bool) else str(value)
