"""Which files an input has, and which of them are read together."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

from pytwin.errors import InputError, MissingExtraError
from pytwin.formats.archive import unpacked
from pytwin.formats.files import Input, PathLike
from pytwin.issues import Issue, Issues
from pytwin.record.adapters import Adapter, is_table, named, sniff
from pytwin.record.frames_arrow import Frame, is_frame
from pytwin.record.sink import Options
from pytwin.record.tables.database import is_database, tables_of


class FrameLike(Protocol):
    """A data frame of any library."""

    @property
    def columns(self) -> Any:
        """Its columns, or their names."""


SourceLike = PathLike | bytes | FrameLike | Iterable[PathLike | bytes | FrameLike]
DataSet = tuple[Adapter, list[Input]]


def inputs_of(source: SourceLike) -> Iterator[Input]:
    """The files of a folder or an archive, or what is given one by one."""
    if isinstance(source, (str, bytes, os.PathLike)) or is_frame(source):
        yield from _one(source)
        return
    items: Any = source
    for item in items:
        yield from _one(item, folders=False)


def _one(source: Any, folders: bool = True) -> Iterator[Input]:
    if is_frame(source):
        yield Frame(source)
    elif folders and not isinstance(source, bytes) and Path(source).is_dir():
        for path in _paths(Path(source)):
            yield from _opened(Input(path))
    else:
        yield from _opened(Input(source))


def _opened(source: Input) -> Iterator[Input]:
    """A file as it is, or what an archive or a database holds."""
    for file in unpacked(source):
        yield from tables_of(file)


def _paths(root: Path) -> list[Path]:
    paths = [path for path in root.rglob("*") if path.is_file()]
    shown = sorted(path for path in paths if not _hidden(path.relative_to(root)))
    if not shown:
        raise InputError("file.none", "the folder has no file", place=root.name)
    return shown


def _hidden(path: Path) -> bool:
    return any(part.startswith((".", "__")) for part in path.parts)


def is_folder(source: SourceLike) -> bool:
    """Whether an input is a folder, an archive or a database, which may hold files that are nobody's data."""
    if not isinstance(source, (str, bytes, os.PathLike)):
        return False
    if not isinstance(source, bytes) and not Path(source).is_file():
        return Path(source).is_dir()
    return Input(source).head(4) == b"PK\x03\x04" or is_database(Input(source))


def left_out(issues: Issues, error: InputError | MissingExtraError) -> None:
    """Note a file that was not read."""
    issues.extend([Issue(error.code, error.message, error.place, "file left out", "error")])


def data_sets(
    source: SourceLike, stated: str, options: Options, issues: Issues, errors: str
) -> Iterator[DataSet]:
    """Files that are read together: those of one folder and format, where the format is spread so.

    What is no data in a folder or archive with data is listed, not raised.

    Parameters
    ----------
    source, stated : source and str
        As in ``read_records``.
    options : Options
    issues : Issues
        Gets the files that are left out.
    errors : str
        ``raise`` or ``list``.
    """
    adapter = named(stated) if stated != "auto" else None
    lenient = errors == "list" or is_folder(source)
    gathered: dict[tuple[str, str], DataSet] = {}
    first: InputError | MissingExtraError | None = None
    any_found = False
    for item in inputs_of(source):
        try:
            found = adapter or _sniff(item, options)
        except (InputError, MissingExtraError) as error:
            if not lenient:
                raise
            first = first or error
            left_out(issues, error)
            continue
        if found.together:
            gathered.setdefault((found.root(item.folder), found.name), (found, []))[1].append(item)
        else:
            any_found = True
            yield found, [item]
    if first and errors == "raise" and not any_found and not gathered:
        raise first
    yield from gathered.values()


def _sniff(source: Input, options: Options) -> Adapter:
    if options.mapping is not None and is_table(source):
        return named("csv")
    found = sniff(source)
    if found.name == "csv" and options.mapping is None:
        hint = "Say with mapping= what its columns mean"
        message = "a CSV file needs a column mapping"
        raise InputError("csv.no-mapping", message, place=source.name, hint=hint)
    return found
