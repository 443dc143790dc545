"""Lines of a bgzip VCF that cover wanted regions, by its index: only the blocks that hold them are read."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Generator, Iterator, Mapping, Sequence

from pytwin.genome.bgzf import Blocks, DamagedBlock
from pytwin.genome.vcf_header import bare
from pytwin.genome.vcf_index import Index

_GAP = 1 << 16
"""Wanted positions closer than this are read in one go: a block holds about as many bases."""
_LONGEST = 1 << 26


class NotAsIndexed(Exception):
    """The file is not what its index says."""


class BlockLine(int):
    """A line's virtual offset, which takes the place of its number; shown as block and byte."""

    def __str__(self) -> str:
        return f"in block {self >> 16}, byte {self & 0xFFFF}"

    def __format__(self, spec: str) -> str:
        return str(self)


def regions(positions: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Sorted positions as stretches without wide gaps."""
    if not positions:
        return
    start = last = positions[0]
    for pos in positions:
        if pos - last > _GAP:
            yield start, last
            start = pos
        last = pos
    yield start, last


def region_lines(
    blocks: Blocks, index: Index, wanted: Mapping[str, Sequence[int]]
) -> Iterator[tuple[int, bytes]]:
    """Lines that may cover wanted positions, each once, with their place.

    Raises
    ------
    NotAsIndexed
        A start is in no block, or what is found there is not of the chromosome, or not sorted.
    """
    try:
        for name in index.names:
            past = 0
            places = wanted.get(bare(name), ())
            for first, last in regions(places):
                start = index.start(name, first, last)
                if start is not None:
                    past = yield from _lines(blocks, name.encode(), (start, past), last, places)
    except DamagedBlock:
        raise NotAsIndexed from None


def _lines(
    blocks: Blocks, name: bytes, begin: tuple[int, int], last: int, places: Sequence[int]
) -> Generator[tuple[int, bytes], None, int]:
    """Lines from an offset and past what was read, up to the first beyond ``last``; returns its offset."""
    start, past = begin
    previous = 0
    at = max(start, past)
    for at, line in lines_from(blocks, at):  # noqa: B020
        chromosome, _, rest = line.partition(b"\t")
        if chromosome != name:
            if not previous and at > past:
                raise NotAsIndexed
            return at
        text = rest.partition(b"\t")[0]
        if text.isdigit() and len(text) < 11:
            pos = int(text)
            if pos < previous:
                raise NotAsIndexed
            if pos > last:
                return at
            previous = pos
            # No REF reaches further than its line is long.
            after = bisect_left(places, pos)
            if (after == len(places) or places[after] > pos + len(line)) and b"END=" not in line:
                continue
        yield BlockLine(at), line
    return at + 1


def lines_from(blocks: Blocks, start: int) -> Iterator[tuple[int, bytes]]:
    """Lines from a virtual offset on, each with its own."""
    block, byte = start >> 16, start & 0xFFFF
    data, after = blocks.block(block)
    if byte > len(data) or (byte and data[byte - 1 : byte] != b"\n"):
        raise NotAsIndexed
    while True:
        end = data.find(b"\n", byte)
        if end >= 0:
            yield block << 16 | byte, data[byte : end + 1]
            byte = end + 1
        elif byte >= len(data):
            if after == block:
                return
            block, byte = after, 0
            data, after = blocks.block(block)
        else:
            place = block << 16 | byte
            line, (block, byte, data, after) = _joined(blocks, data[byte:], after)
            yield place, line


def _joined(blocks: Blocks, head: bytes, at: int) -> tuple[bytes, tuple[int, int, bytes, int]]:
    """A line that goes on in the next blocks, and where the one after it begins."""
    parts = [head]
    size = len(head)
    while True:
        block = at
        data, at = blocks.block(block)
        end = data.find(b"\n")
        size += len(data)
        if size > _LONGEST:
            raise NotAsIndexed
        if end >= 0 or not data and at == block:
            parts.append(data[: end + 1])
            return b"".join(parts), (block, end + 1, data, at)
        parts.append(data)


def require_own(blocks: Blocks, index: Index) -> None:
    """Refuse the index of another file: it must know the chromosomes of the first and the last line.

    Raises
    ------
    NotAsIndexed
    """
    try:
        first = next((line for _, line in lines_from(blocks, 0) if line[:1] != b"#"), b"")
        last = _last_line(blocks)
    except DamagedBlock:
        raise NotAsIndexed from None
    for line in (first, last):
        chromosome, _, rest = line.partition(b"\t")
        pos = rest.partition(b"\t")[0]
        if not line.strip() or not pos.isdigit() or len(pos) > 10:
            continue
        name = chromosome.decode("utf-8", "replace")
        if name not in index.names or (
            bare(name) in index.kept and index.start(name, int(pos), int(pos)) is None
        ):
            raise NotAsIndexed


def _last_line(blocks: Blocks) -> bytes:
    """The last line, empty where it begins too far before the end of the file."""
    data = b""
    for at in blocks.backwards(4):
        data = blocks.block(at)[0] + data
        start = data.rfind(b"\n", 0, max(0, len(data) - 1))
        if start >= 0:
            return data[start + 1 :]
    return b""
