"""A folder of tables that grow: whole when all is written, untouched when something fails."""

from __future__ import annotations

import io
import os
import shutil
from contextlib import ExitStack
from pathlib import Path
from tempfile import mkdtemp
from types import TracebackType
from typing import IO, Any

from pytwin.formats.private import private_file
from pytwin.record.tables.frames import arrow


class Folder:
    """Files of one folder, in Parquet or CSV by the end of their names; only their owner may read them.

    They are written beside their places and moved there at the end, where they replace earlier ones.

    Parameters
    ----------
    path : Path
        Made where it is not there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._files: dict[str, _Parquet | _Csv] = {}

    def __enter__(self) -> Folder:
        self._path.mkdir(parents=True, exist_ok=True)
        self._part = Path(mkdtemp(prefix=".", dir=self._path))
        self._streams = ExitStack()
        return self

    def add(self, name: str, rows: Any) -> None:
        """Append rows (a pyarrow table) to a file."""
        file = self._files.get(name)
        if file is None:
            stream = self._streams.enter_context(private_file(self._part / name))
            file = _Csv(stream) if name.endswith(".csv") else _Parquet(stream, rows.schema)
            self._files[name] = file
        file.add(rows)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            for file in self._files.values():
                file.close()
            self._streams.close()
            if kind is None:
                for name in self._files:
                    os.replace(self._part / name, self._path / name)
        finally:
            shutil.rmtree(self._part, ignore_errors=True)


class _Parquet:
    def __init__(self, stream: IO[bytes], schema: Any) -> None:
        self._writer = arrow().parquet.ParquetWriter(stream, schema)

    def add(self, rows: Any) -> None:
        if rows.num_rows:
            self._writer.write_table(rows)

    def close(self) -> None:
        self._writer.close()


class _Csv:
    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._begun = False

    def add(self, rows: Any) -> None:
        self._stream.write(dump(rows, "csv", header=not self._begun))
        self._begun = True

    def close(self) -> None:
        """Nothing: text has no footer."""


def dump(table: Any, kind: str, *, header: bool = True) -> bytes:
    """A table as the bytes of a file."""
    stream = io.BytesIO()
    if kind == "parquet":
        arrow().parquet.write_table(table, stream)
    else:
        options = arrow().csv.WriteOptions(include_header=header)
        arrow().csv.write_csv(_as_text(table), stream, options)
    return stream.getvalue()


def _as_text(table: Any) -> Any:
    """A table with its dates and times as ISO 8601, seconds in full where they are."""
    pa = arrow()
    for index, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            values = [x.isoformat(" ") if x else None for x in table.column(index).to_pylist()]
            table = table.set_column(index, field.name, pa.array(values, pa.string()))
    return table
