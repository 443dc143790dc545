"""Getting at the bytes of an input: plain or gzip, with a bound, a hash and a name."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import zlib
from pathlib import Path
from typing import IO, NamedTuple, cast

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


def open_binary(source: PathLike) -> IO[bytes]:
    """Open a plain or gzip file for reading in pieces."""
    path = Path(source)
    try:
        with path.open("rb") as stream:
            packed = is_gzip(stream.read(2))
        return cast(IO[bytes], gzip.open(path)) if packed else path.open("rb")
    except OSError as error:
        raise _unreadable(path, error) from None


def head(source: PathLike | bytes, size: int = 4096) -> bytes:
    """The first bytes of an input, decompressed, for recognising its format.

    Raises
    ------
    InputError
        As ``load``.
    """
    if isinstance(source, bytes):
        return inflate(source, "bytes")[:size] if is_gzip(source) else source[:size]
    name = Path(source).name
    try:
        with open_binary(source) as stream:
            return stream.read(size)
    except EOFError:
        raise truncated(name) from None
    except (OSError, zlib.error):
        raise InputError("file.corrupt", "the compressed file is damaged", place=name) from None
