"""Tables of any text as rows of cells: CSV, TSV, JSON lists, data frames."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.formats.jsontext import ShapeError, as_utf8, decode

LARGEST = 64 << 20
"""Bytes of a table or JSON text of results."""


class Row(NamedTuple):
    """One row: its place in the source, and its cells by title."""

    place: str
    cells: Mapping[str, str]


def text_of(source: Input, largest: int = LARGEST) -> str:
    """The whole text.

    Raises
    ------
    InputError
        ``file.too-large``; as ``Input.load``.
    """
    data = source.load().data
    if len(data) > largest:
        raise InputError("file.too-large", "the file is larger than results are", place=source.name)
    return as_utf8(data)[0].decode("utf-8", "replace")


def json_of(source: Input, largest: int = LARGEST) -> Any:
    """The decoded JSON text.

    Raises
    ------
    InputError
        Not JSON; as ``text_of``.
    """
    try:
        return decode(text_of(source, largest).encode(), object, source.name)
    except ShapeError:
        raise InputError("json.not-json", "the text is not JSON", place=source.name) from None


def delimiter_of(line: str) -> str:
    """What separates the cells of a line; empty where nothing does."""
    return next((sign for sign in "\t;," if sign in line), "")


def lines_of(text: str, name: str) -> list[tuple[int, list[str]]]:
    """Numbered lines of a delimited text as cells, comments and blank lines left out.

    Raises
    ------
    InputError
        ``table.unreadable``.
    """
    kept = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    kept = [(number, line) for number, line in kept if not line.startswith("#")]
    if not kept:
        return []
    # The first line may be the name of a program.
    sign = next(filter(None, (delimiter_of(line) for _, line in kept[:2])), ",")
    try:
        cells = list(csv.reader(io.StringIO("\n".join(line for _, line in kept)), delimiter=sign))
    except csv.Error:
        raise InputError("table.unreadable", "the text is not a table", place=name) from None
    numbers = [number for number, _ in kept] if len(cells) == len(kept) else range(1, len(cells) + 1)
    return [(number, [cell.strip() for cell in row]) for number, row in zip(numbers, cells, strict=True)]


def rows_of(lines: Sequence[tuple[int, list[str]]], name: str) -> list[Row]:
    """Rows below a line of titles; a repeated title keeps its first column, a short row has blank cells."""
    if not lines:
        return []
    titles = lines[0][1]
    return [
        Row(
            f"{name}:line {number}",
            dict(reversed(list(itertools.zip_longest(titles, cells[: len(titles)], fillvalue="")))),
        )
        for number, cells in lines[1:]
    ]


def plain_rows(records: Iterable[Any], name: str) -> list[Row]:
    """Rows of a list of mappings, as JSON and data frames give them."""
    found = []
    for number, record in enumerate(records, 1):
        if isinstance(record, Mapping):
            cells = {str(key): _text(value) for key, value in record.items()}
            found.append(Row(f"{name}:row {number}", cells))
    return found


def _text(value: Any) -> str:
    if value is None or isinstance(value, dict | list):
        return ""
    text = str(value)
    return "" if text in ("nan", "NaT", "<NA>") else text


def frame_rows(frame: Any, name: str = "data frame") -> list[Row] | None:
    """Rows of a pandas, polars or Arrow table; None for something else."""
    for method, arguments in (("to_dicts", ()), ("to_pylist", ()), ("to_dict", ("records",))):
        if hasattr(frame, "columns") and hasattr(frame, method):
            return plain_rows(getattr(frame, method)(*arguments), name)
    return None
