"""The members of a ZIP archive as inputs: read in place, never written to disk."""

from __future__ import annotations

import hashlib
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO, Any

from pytwin.errors import InputError
from pytwin.formats.files import Blob, Input, PathLike

_MAGIC = b"PK\x03\x04"
_MEMBERS = 100_000
_RATIO = 200  # text compresses 5 to 30 times
_FLOOR = 64 << 20  # bytes below which a high ratio does no harm
_LARGEST = 4 << 30
# what the standard library raises for archives that are cut off, changed, or packed in ways that it lacks
_DAMAGE = (
    EOFError, OSError, RuntimeError, ValueError, OverflowError, struct.error, lzma.LZMAError, zlib.error,
    zipfile.BadZipFile,
)  # fmt: skip


def _damaged(name: str) -> InputError:
    return InputError("file.corrupt", "a file of the archive is damaged", place=name)


class Member(Input):
    """One file of an archive."""

    def __init__(self, archive: PathLike | bytes, info: zipfile.ZipInfo, folder: str) -> None:
        super().__init__(archive, PurePosixPath(info.filename).name)
        self._info = info
        self._folder = f"{folder}!{PurePosixPath(info.filename).parent}"

    @property
    def folder(self) -> str:
        """Archive and folder within it."""
        return self._folder

    def open(self) -> IO[bytes]:
        """A decompressed stream that refuses damage."""
        try:
            archive = zipfile.ZipFile(_stored(self.source))
            stream = archive.open(self._info)
        except _DAMAGE:
            raise _damaged(self.name) from None
        return io.BufferedReader(_Checked(stream, self.name), 1 << 20)

    def head(self, size: int = 4096) -> bytes:
        """The first bytes."""
        with self.open() as stream:
            return stream.read(size)

    def load(self) -> Blob:
        """The whole content."""
        with self.open() as stream:
            data = stream.read(_LARGEST)
        return Blob(self.name, data, hashlib.sha256(data).hexdigest())

    def sha256(self) -> str:
        """Of the content, decompressed."""
        with self.open() as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]


class _Checked(io.RawIOBase):
    """A member that says what is wrong with it as pytwin says it."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self._stream = stream
        self._name = name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._stream.read(len(buffer))
        except _DAMAGE:
            raise _damaged(self._name) from None
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _stored(source: PathLike | bytes) -> Any:
    return io.BytesIO(source) if isinstance(source, bytes) else source


def unpacked(source: Input) -> Iterator[Input]:
    """A file as it is, or the files of a ZIP archive.

    Hidden files and what operating systems add are left out.

    Raises
    ------
    InputError
        ``file.corrupt``; ``file.too-large`` for bombs; ``archive.path`` for a name that leads out of the
        archive; ``archive.encrypted``; ``archive.nested`` for an archive within an archive.
    """
    try:
        packed = source.head(4) == _MAGIC
    except InputError:
        packed = False  # whoever reads it will say so
    if not packed:
        yield source
        return
    try:
        with zipfile.ZipFile(_stored(source.source)) as archive:
            members = archive.infolist()
    except _DAMAGE:
        raise InputError("file.corrupt", "the archive is damaged", place=source.name) from None
    _refuse_bombs(members, source.name)
    if not all(info.filename for info in members):
        raise InputError("archive.path", "a file of the archive has no name", place=source.name)
    for info in sorted(members, key=lambda member: member.filename):
        path = PurePosixPath(info.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts:
            message = "a file of the archive has a name that leads out of it"
            raise InputError("archive.path", message, place=source.name)
        if info.is_dir() or any(part.startswith((".", "__")) for part in path.parts):
            continue
        if info.flag_bits & 1:
            raise InputError("archive.encrypted", "the archive is encrypted", place=source.name)
        member = Member(source.source, info, source.name)
        if member.head(4) == _MAGIC:
            raise InputError("archive.nested", "an archive within an archive", place=source.name)
        yield member


def _refuse_bombs(members: list[zipfile.ZipInfo], name: str) -> None:
    # what a member says of its size holds: zipfile stops reading there
    size = sum(info.file_size for info in members)
    stored = sum(info.compress_size for info in members)
    if len(members) > _MEMBERS or (size > _FLOOR and size > _RATIO * max(stored, 1)):
        raise InputError("file.too-large", "the decompressed archive is too large", place=name)
