"""Getting at the bytes of an input: plain or gzip, with a bound, a hash and a name."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from pytwin.errors import InputError

PathLike = str | os.PathLike[str]
LARGEST = 4 << 30  # bytes after decompression; a larger file needs a streaming format
_CHUNK = 1 << 20
_BOMB_RATIO = 200  # text compresses 5 to 30 times
_BOMB_FLOOR = 64 << 20  # bytes below which a high ratio does no harm


class Blob(NamedTuple):
    """The bytes of one input.

    Attributes
    ----------
    name : str
        File name without its folder.
    data : bytes
        Decompressed.
    sha256 : str
        Of the bytes as stored.
    """

    name: str
    data: bytes
    sha256: str


def truncated(name: str) -> InputError:
    """The error of a gzip file that ends too early."""
    return InputError("file.truncated", "the compressed file is cut off", place=name)


def inflate(stored: bytes, name: str, limit: int = LARGEST) -> bytes:
    """Decompress gzip members, refusing bombs and truncation.

    Raises
    ------
    InputError
        ``file.truncated``, ``file.corrupt`` or ``file.too-large``.
    """
    parts: list[bytes] = []
    size = 0
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(stored)) as stream:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                if size > limit or (size > _BOMB_FLOOR and size > _BOMB_RATIO * len(stored)):
                    raise InputError("file.too-large", "the decompressed file is too large", place=name)
                parts.append(chunk)
    except EOFError:
        raise truncated(name) from None
    except (OSError, zlib.error):
        raise InputError("file.corrupt", "the compressed file is damaged", place=name) from None
    return b"".join(parts)


def is_gzip(head: bytes) -> bool:
    """Whether the bytes begin with the gzip magic number."""
    return head[:2] == b"\x1f\x8b"


def _unreadable(path: Path, error: OSError) -> InputError:
    reason = "there is no such file" if isinstance(error, FileNotFoundError) else "the file cannot be read"
    return InputError("file.unreadable", reason, place=path.name)


def load(source: PathLike | bytes) -> Blob:
    """Read a whole file, or take bytes as they are; gzip is recognised by its content.

    Raises
    ------
    InputError
        ``file.unreadable``, ``file.truncated``, ``file.corrupt`` or ``file.too-large``.
    """
    if isinstance(source, bytes):
        name, stored = "bytes", source
    else:
        path = Path(source)
        name = path.name
        try:
            stored = path.read_bytes()
        except OSError as error:
            raise _unreadable(path, error) from None
    data = inflate(stored, name) if is_gzip(stored) else stored
    return Blob(name, data, hashlib.sha256(stored).hexdigest())


def fingerprint(source: PathLike) -> str:
    """SHA-256 of a file, read in pieces."""
    path = Path(source)
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(path, error) from None


class _Inflating(io.RawIOBase):
    """A gzip stream that is read in pieces and refuses bombs and truncation."""

    def __init__(self, stored: IO[bytes], name: str) -> None:
        self._stored = stored
        self._gzip = gzip.GzipFile(fileobj=stored)
        self._name = name
        self._size = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._gzip.read(min(len(buffer), _CHUNK))
        except EOFError:
            raise truncated(self._name) from None
        except (OSError, zlib.error):
            raise InputError("file.corrupt", "the compressed file is damaged", place=self._name) from None
        self._size += len(data)
        if self._size > _BOMB_FLOOR and self._size > _BOMB_RATIO * self._stored.tell():
            raise InputError("file.too-large", "the decompressed file is too large", place=self._name)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._stored.close()
        super().close()


def open_binary(source: PathLike | bytes) -> IO[bytes]:
    """Open a plain or gzip file, or bytes, for reading in pieces."""
    stored: IO[bytes]
    if isinstance(source, bytes):
        name, stored = "bytes", io.BytesIO(source)
    else:
        name = Path(source).name
        try:
            stored = Path(source).open("rb")  # noqa: SIM115 - the caller closes what is returned
        except OSError as error:
            raise _unreadable(Path(source), error) from None
    packed = is_gzip(stored.read(2))
    stored.seek(0)
    return io.BufferedReader(_Inflating(stored, name), _CHUNK) if packed else stored


class Input:
    """One file, or bytes in its place, that a reader may look at, load or go through in pieces.

    Parameters
    ----------
    source : path or bytes
    name : str, optional
        How issues call it; by default the file's name without its folder, or ``bytes``.
    """

    def __init__(self, source: PathLike | bytes, name: str = "") -> None:
        self.source = source
        self.name = name or ("bytes" if isinstance(source, bytes) else Path(source).name)

    @property
    def folder(self) -> str:
        """The folder that the file is in, for telling which files belong together."""
        return "" if isinstance(self.source, bytes) else str(Path(self.source).parent)

    def head(self, size: int = 4096) -> bytes:
        """The first bytes, decompressed."""
        return head(self.source, size)

    def load(self) -> Blob:
        """The whole content."""
        return load(self.source)._replace(name=self.name)

    def open(self) -> IO[bytes]:
        """A decompressed stream."""
        return open_binary(self.source)

    def lines(self, longest: int = 64 << 20) -> Iterator[tuple[int, bytes]]:
        """(number from 1, line) of each line, in memory one at a time.

        Raises
        ------
        InputError
            ``file.too-large`` for a line beyond ``longest`` bytes, and as ``open``.
        """
        with self.open() as stream:
            number = 0
            while line := stream.readline(longest + 1):
                number += 1
                if len(line) > longest:
                    place = f"{self.name}:line {number}"
                    raise InputError("file.too-large", "a line is too long", place=place)
                yield number, line

    def sha256(self) -> str:
        """Of the bytes as stored."""
        if isinstance(self.source, bytes):
            return hashlib.sha256(self.source).hexdigest()
        return fingerprint(self.source)


def head(source: PathLike | bytes, size: int = 4096) -> bytes:
    """The first bytes of an input, decompressed, for recognising its format.

    Raises
    ------
    InputError
        As ``load``.
    """
    with open_binary(source) as stream:
        return stream.read(size)
