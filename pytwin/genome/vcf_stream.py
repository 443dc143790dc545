"""Lines of a VCF file, plain or gzip (bgzip is gzip), with damage told apart from the end of the file."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from pytwin.errors import InputError

GZIP_MAGIC = b"\x1f\x8b"
BGZF_EXTRA = b"BC\x02\x00"
BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
MAX_LINE = 1 << 26
"""Longest line that is read, in bytes: room for a cohort of several million samples."""

UNDAMAGED = "copy or download the file again; a call is never made from a damaged file"


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _require_bgzf_end(path: Path, head: bytes) -> None:
    """A bgzip file cut between two blocks is valid gzip; only its end marker tells."""
    if head[:2] != GZIP_MAGIC or len(head) < 16 or not head[3] & 4 or head[12:16] != BGZF_EXTRA:
        return
    with open(path, "rb") as stream:
        stream.seek(max(0, path.stat().st_size - len(BGZF_END)))
        if stream.read() != BGZF_END:
            raise InputError(
                "vcf.truncated", "the bgzip file lacks its end marker", place=path.name, hint=UNDAMAGED
            )


def _open(path: Path) -> BinaryIO:
    try:
        return open(path, "rb")
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "cannot be opened"
        raise InputError("vcf.not-readable", reason, place=path.name) from None


@contextmanager
def open_vcf(path: Path) -> Iterator[BinaryIO]:
    """Open a plain or gzip file for reading by lines.

    Raises
    ------
    InputError
        ``vcf.not-readable`` where there is no such file, ``vcf.truncated`` for a bgzip file without end.
    """
    with _open(path) as raw:
        head = raw.read(18)
        raw.seek(0)
        _require_bgzf_end(path, head)
        if head[:2] == GZIP_MAGIC:
            with io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=raw)), 1 << 16) as stream:
                yield stream
        else:
            yield raw


def lines(stream: BinaryIO, name: str) -> Iterator[tuple[int, bytes]]:
    """Numbered lines from 1, with their line end.

    Raises
    ------
    InputError
        ``vcf.truncated`` or ``vcf.gzip-damaged`` with the line reached; ``vcf.line-too-long``.
    """
    number = 0
    while True:
        try:
            line = stream.readline(MAX_LINE)
        except EOFError:
            raise InputError(
                "vcf.truncated",
                "the compressed file ends early",
                place=f"{name}:line {number + 1}",
                hint=UNDAMAGED,
            ) from None
        except (zlib.error, OSError):
            raise InputError(
                "vcf.gzip-damaged",
                "the file cannot be decompressed",
                place=f"{name}:line {number + 1}",
                hint=UNDAMAGED,
            ) from None
        if not line:
            return
        number += 1
        if len(line) >= MAX_LINE:
            raise InputError(
                "vcf.line-too-long", "a line is longer than 64 MiB", place=f"{name}:line {number}"
            )
        yield number, line
