"""Index of a bgzip VCF: where the records that overlap a position begin (tabix ``.tbi``, or ``.csi``).

Formats: The Tabix index file format, and Coordinate Sorted Index (CSI) format specification
(samtools.github.io/hts-specs). Of a tabix index only the linear part is used: the lowest virtual
offset of the records that overlap each window of 16,384 bases.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Collection, Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytwin.genome.bgzf import DamagedBlock, all_blocks

MOST_BYTES = 1 << 26
"""Decompressed bytes of an index; more is refused."""
_MOST_CHUNKS = 1 << 20
"""Chunks of a bin that the quick way through an index takes; the slow way takes any number."""
_MOST_MEMBERS = 1000
"""Gzip members of an index that is not made of blocks."""
_WINDOW = 14
_CHUNK = 16
_INT = struct.Struct("<i")
_CSI_BIN = struct.Struct("<IQi")
_TABIX_HEAD = struct.Struct("<8i")


class DamagedIndex(Exception):
    """The index cannot be used."""


class Index:
    """Start offsets of a file's chromosomes, by their names in the file; ``kept`` can be asked for."""

    def __init__(self, names: list[str], kept: Collection[str]) -> None:
        self.names = names
        self.kept = kept

    def start(self, name: str, pos: int, end: int) -> int | None:
        """Virtual offset from which records that overlap ``pos`` to ``end`` follow; None: there are none."""
        raise NotImplementedError


class _Linear(Index):
    def __init__(
        self, names: list[str], kept: Collection[str], offsets: dict[str, NDArray[np.uint64]]
    ) -> None:
        super().__init__(names, kept)
        self._offsets = offsets

    def start(self, name: str, pos: int, end: int) -> int | None:
        offsets = self._offsets.get(name)
        if offsets is None:
            return None
        later = offsets[max(0, pos - 1) >> _WINDOW :]
        # A window without records holds nothing; the next that has some comes after it.
        found = int(later[int(np.argmax(later != 0))]) if later.size else 0
        return found or None


class _Bins(NamedTuple):
    """For each bin the lowest offset of what overlaps it, and where its own first chunk begins."""

    low: dict[int, int]
    first: dict[int, int]


class _Binned(Index):
    def __init__(
        self, names: list[str], kept: Collection[str], shift: int, depth: int, bins: dict[str, _Bins]
    ) -> None:
        super().__init__(names, kept)
        self._shift, self._depth, self._bins = shift, depth, bins

    def start(self, name: str, pos: int, end: int) -> int | None:
        bins = self._bins.get(name)
        if bins is None:
            return None
        starts = [bins.first[b] for b in self._overlapping(pos, end) if b in bins.first]
        return max(min(starts), self._lowest(bins, pos)) if starts else None

    def _level(self, level: int) -> int:
        """Number of a level's first bin."""
        return int(((1 << 3 * level) - 1) // 7)

    def _overlapping(self, pos: int, end: int) -> Iterator[int]:
        for level in range(self._depth + 1):
            shift = self._shift + 3 * (self._depth - level)
            first, last = max(0, pos - 1) >> shift, max(0, end - 1) >> shift
            if first < 1 << 3 * level:
                yield from range(
                    self._level(level) + first, self._level(level) + min(last, (1 << 3 * level) - 1) + 1
                )

    def _lowest(self, bins: _Bins, pos: int) -> int:
        """A bound below all records that overlap a position: of its leaf, an earlier sibling, or a parent."""
        number = self._level(self._depth) + (max(0, pos - 1) >> self._shift)
        while number and number not in bins.low:
            parent = (number - 1) >> 3
            number = number - 1 if number > 8 * parent + 1 else parent
        return bins.low.get(number, 0)


def find_index(path: Path) -> Path | None:
    """The index beside a file, if there is one."""
    for ending in (".tbi", ".csi"):
        beside = path.with_name(path.name + ending)
        if beside.is_file():
            return beside
    return None


def read_index(path: Path, chromosomes: Collection[str]) -> Index:
    """Read an index, of which only some chromosomes (names in any spelling) will be asked for.

    The last few are kept in memory, as long as their files do not change.

    Raises
    ------
    DamagedIndex
    """
    try:
        state = path.stat()
    except OSError:
        raise DamagedIndex from None
    return _read_index(path, (state.st_size, state.st_mtime_ns, state.st_ino), frozenset(chromosomes))


@lru_cache(maxsize=4)
def _read_index(path: Path, state: tuple[int, int, int], chromosomes: frozenset[str]) -> Index:
    try:
        raw = path.read_bytes()
        blocks = all_blocks(raw, MOST_BYTES)
        data = _members(raw) if blocks is None else blocks
        if data[:4] == b"TBI\x01":
            return _read_tabix(data, chromosomes)
        if data[:4] == b"CSI\x01":
            return _read_csi(data, chromosomes)
    except (OSError, zlib.error, struct.error, ValueError, IndexError, OverflowError, DamagedBlock):
        raise DamagedIndex from None
    raise DamagedIndex


def _members(raw: bytes) -> bytes:
    """All gzip members of a file."""
    parts: list[bytes] = []
    size = 0
    while raw:
        decoder = zlib.decompressobj(31)
        part = decoder.decompress(raw, MOST_BYTES - size + 1)
        size += len(part)
        if size > MOST_BYTES or not decoder.eof or len(parts) > _MOST_MEMBERS:
            raise DamagedIndex
        parts.append(part)
        raw = decoder.unused_data
    return b"".join(parts)


def _names(raw: bytes) -> list[str]:
    return [name.decode("utf-8") for name in raw.split(b"\0") if name]


def _wants(name: str, chromosomes: Collection[str]) -> bool:
    return (name[3:] if name[:3].lower() == "chr" else name) in chromosomes


def _count(data: bytes, at: int) -> int:
    (number,) = _INT.unpack_from(data, at)
    if number < 0 or number > len(data):
        raise DamagedIndex
    return int(number)


def _read_tabix(data: bytes, chromosomes: Collection[str]) -> Index:
    head = _TABIX_HEAD.unpack_from(data, 4)
    n_refs, length = head[0], head[7]
    names = _names(data[36 : 36 + length])
    at = 36 + length
    if n_refs != len(names) or head[1] & 0xFFFF != 2:
        raise DamagedIndex
    heads = _bin_heads(data, at + 4)
    offsets = {}
    for name in names:
        at = _skip_bins(data, at, heads)
        n_windows = _count(data, at)
        at += 4
        if at + 8 * n_windows > len(data):
            raise DamagedIndex
        if _wants(name, chromosomes):
            offsets[name] = np.frombuffer(data, "<u8", n_windows, at).copy()
        at += 8 * n_windows
    return _Linear(names, chromosomes, offsets)


def _bin_heads(data: bytes, base: int) -> tuple[int, NDArray[np.int64], NDArray[np.int64]]:
    """Places that look like the head of a bin, as 8-byte words from ``base``, and their chunk counts.

    A bin is one word (its number below, the count of its chunks above) and two words a chunk, so that
    all heads of a file lie on the same words. An offset looks like a head only where its block starts at a
    multiple of 65,536; the chain of counts is checked before anything is believed.
    """
    words = np.frombuffer(data, "<u4", max(0, len(data) - base) // 8 * 2, base)
    numbers, counts = words[::2], words[1::2]
    likely = np.flatnonzero((numbers < 1 << 16) & (counts - np.uint32(1) < np.uint32(_MOST_CHUNKS)))
    return base, likely, counts[likely].astype(np.int64)


def _skip_bins(data: bytes, at: int, heads: tuple[int, NDArray[np.int64], NDArray[np.int64]]) -> int:
    """The place after a chromosome's bins."""
    n_bins = _count(data, at)
    at += 4
    if not n_bins:
        return at
    base, likely, counts = heads
    word, rest = divmod(at - base, 8)
    first = int(np.searchsorted(likely, word))
    places, sizes = likely[first : first + n_bins], counts[first : first + n_bins]
    if not rest and places.size == n_bins and places[0] == word:
        after = places + 1 + 2 * sizes
        if np.array_equal(after[:-1], places[1:]):
            return base + 8 * int(after[-1])
    for _ in range(n_bins):
        at += 8 + _CHUNK * _count(data, at + 4)
    return at


def _read_csi(data: bytes, chromosomes: Collection[str]) -> Index:
    shift, depth, aux = struct.unpack_from("<3i", data, 4)
    if not (0 < shift < 32 and 0 < depth < 10 and 28 <= aux <= len(data)):
        raise DamagedIndex
    (length,) = _INT.unpack_from(data, 16 + 24)
    names = _names(data[44 : 44 + length])
    at = 16 + aux
    n_refs = _count(data, at)
    at += 4
    if n_refs != len(names):
        raise DamagedIndex
    bins = {}
    for name in names:
        found, at = _csi_bins(data, at, _wants(name, chromosomes), depth)
        if found is not None:
            bins[name] = found
    return _Binned(names, chromosomes, shift, depth, bins)


def _csi_bins(data: bytes, at: int, wanted: bool, depth: int) -> tuple[_Bins | None, int]:
    n_bins = _count(data, at)
    at += 4
    low: dict[int, int] = {}
    first: dict[int, int] = {}
    last = ((1 << 3 * (depth + 1)) - 1) // 7
    for _ in range(n_bins):
        number, offset, n_chunks = _CSI_BIN.unpack_from(data, at)
        at += 16
        if n_chunks < 0 or at + _CHUNK * n_chunks > len(data):
            raise DamagedIndex
        if wanted and number < last and n_chunks:
            low[number] = offset
            (first[number],) = struct.unpack_from("<Q", data, at)
        at += _CHUNK * n_chunks
    return (_Bins(low, first) if wanted else None), at
