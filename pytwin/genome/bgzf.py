"""Blocks of a bgzip file: gzip members of at most 64 KiB that can be read from any of their starts.

Format: SAM specification, section 4.1 (The BGZF compression format). A virtual offset is the file
offset of a block, shifted left by 16 bits, plus an offset within its decompressed data.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from typing import BinaryIO

LARGEST = 1 << 16
"""Bytes of a block, compressed or not."""
_MAGIC = b"\x1f\x8b\x08\x04"
_HEAD = struct.Struct("<4BI2BH")
_TAIL = struct.Struct("<2I")
_KEPT = 8
"""Decompressed blocks that are kept, because neighbouring regions share them."""


class DamagedBlock(Exception):
    """There is no whole, sound block where one was expected."""


class Blocks:
    """Decompressed blocks of a file by their file offset; ``digest`` is the SHA-256 of what was read."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._kept: OrderedDict[int, tuple[bytes, int]] = OrderedDict()
        self.digest = hashlib.sha256()

    def block(self, at: int) -> tuple[bytes, int]:
        """Data of the block at a file offset, and the offset of the next block.

        Raises
        ------
        DamagedBlock
        """
        found = self._kept.get(at)
        if found is None:
            found = self._read(at)
            self._kept[at] = found
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found

    def backwards(self, most: int) -> Iterator[int]:
        """File offsets of the last blocks, from the end; none where they cannot be told."""
        size = self._stream.seek(0, 2)
        first = max(0, size - (most + 1) * LARGEST)
        self._stream.seek(first)
        tail = self._stream.read()
        end = len(tail)
        at = tail.rfind(_MAGIC, 0, end)
        while at >= 0 and most:
            if _block_size(tail[at : at + LARGEST]) == end - at:
                yield first + at
                end, most = at, most - 1
            at = tail.rfind(_MAGIC, 0, at)

    def _read(self, at: int) -> tuple[bytes, int]:
        self._stream.seek(at)
        raw = self._stream.read(LARGEST)
        if not raw:
            return b"", at
        size = _block_size(raw)
        if size is None or size > len(raw):
            raise DamagedBlock
        self.digest.update(raw[:size])
        return _inflate(raw, size), at + size


def _block_size(raw: bytes) -> int | None:
    """Bytes of the block that starts here, from its extra field ``BC``; None where it is no block."""
    if len(raw) < 18:
        return None
    one, two, method, flags, _, _, _, extra = _HEAD.unpack_from(raw)
    if (one, two, method) != (0x1F, 0x8B, 8) or flags != 4:
        return None
    at, end = 12, 12 + extra
    while at + 4 <= min(end, len(raw)):
        length = raw[at + 2] | raw[at + 3] << 8
        if raw[at : at + 2] == b"BC" and length == 2 and at + 6 <= len(raw):
            return (raw[at + 4] | raw[at + 5] << 8) + 1
        at += 4 + length
    return None


def _inflate(raw: bytes, size: int) -> bytes:
    start = 12 + (raw[10] | raw[11] << 8)
    try:
        data = zlib.decompressobj(-15).decompress(raw[start : size - 8], LARGEST + 1)
        check, length = _TAIL.unpack_from(raw, size - 8)
    except (zlib.error, struct.error):
        raise DamagedBlock from None
    if len(data) > LARGEST or len(data) != length or zlib.crc32(data) != check:
        raise DamagedBlock
    return data


def all_blocks(raw: bytes, most: int) -> bytes | None:
    """The data of a whole file of blocks; None where it is not made of blocks alone.

    Raises
    ------
    DamagedBlock
        A block is damaged, or there are more than ``most`` bytes.
    """
    parts, at, total = [], 0, 0
    while at < len(raw):
        size = _block_size(raw[at : at + 64])
        if size is None or at + size > len(raw):
            return None
        parts.append(_inflate(raw[at : at + size], size))
        at, total = at + size, total + len(parts[-1])
        if total > most:
            raise DamagedBlock
    return b"".join(parts)
