"""One pass over a VCF file: over its index where it has a sound one, else over all lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from pytwin.genome.bgzf import Blocks, DamagedBlock
from pytwin.genome.vcf_header import Header, read_header
from pytwin.genome.vcf_index import DamagedIndex, find_index, read_index
from pytwin.genome.vcf_regions import NotAsIndexed, lines_from, region_lines, require_own
from pytwin.genome.vcf_stream import lines, open_vcf
from pytwin.issues import Issues

Wish = Mapping[str, Sequence[int]] | Callable[[Header], Mapping[str, Sequence[int]]] | None
"""Sorted positions of each chromosome, what gives them for a header, or None for all lines."""

Numbered = Iterator[tuple[int, bytes]]
T = TypeVar("T")


def positions(wish: Wish, header: Header) -> Mapping[str, Sequence[int]] | None:
    """The positions that are wished for in a file with this header."""
    return wish(header) if callable(wish) else wish


def through(path: Path, wish: Wish, read: Callable[[Header, Numbered, Issues], T]) -> tuple[T, str | None]:
    """Let ``read`` have the header and the lines that may cover wished positions.

    Returns
    -------
    tuple
        What ``read`` returned, and the SHA-256 of the blocks that were read, None where all were.

    Raises
    ------
    InputError
        The file is not a readable VCF, or is cut or damaged.
    """
    issues = Issues()
    beside = None if wish is None else find_index(path)
    if beside is not None:
        try:
            with open_vcf(path), open(path, "rb") as raw:
                return _by_index(path, Blocks(raw), beside, wish, read)
        except (DamagedBlock, DamagedIndex, NotAsIndexed):
            issues.add(
                "vcf.index-unusable",
                "the index is damaged or not of this file",
                place=beside.name,
                action="the whole file is read",
            )
    with open_vcf(path) as stream:
        numbered = lines(stream, path.name)
        return read(read_header(numbered, path.name, issues), numbered, issues), None


def _by_index(
    path: Path, blocks: Blocks, beside: Path, wish: Wish, read: Callable[[Header, Numbered, Issues], T]
) -> tuple[T, str]:
    issues = Issues()
    header = read_header(enumerate((line for _, line in lines_from(blocks, 0)), 1), path.name, issues)
    wanted = positions(wish, header) or {}
    index = read_index(beside, wanted)
    require_own(blocks, index)
    found = read(header, region_lines(blocks, index, wanted), issues)
    return found, blocks.digest.hexdigest()
