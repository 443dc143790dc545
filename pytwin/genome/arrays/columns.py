"""Which columns an export of a consumer array has, by its header lines; the makers differ in little else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

_ID = ("rsid", "irsid", "snpname", "snp", "marker", "markername", "markerid", "name", "id")
_CHROMOSOME = ("chromosome", "chr", "chrom")
_POSITION = ("position", "pos", "location", "bp", "mapinfo")
_SAMPLE = ("sampleid", "samplename")
_GENOTYPE = ("genotype", "genotypes", "result", "alleles", "call")
# Illumina writes alleles on several strands; the plus strand is what other exports use.
_PAIRS = (("allele1plus", "allele2plus"), ("allele1", "allele2"), ("allele1forward", "allele2forward"))
_NOTHING = re.compile(r"[^0-9a-z]+")
_BARE = re.compile(
    r"\"?(?:rs|i|kgp|vg)\d+\"?[\t, ]+\"?(?:chr)?(?:\d{1,2}|[XYM]T?)\"?[\t, ]+\"?\d+\"?[\t, ]+\S"
)
_PLUS = re.compile(
    r"plus strand|\(\+\)[ -]*strand|strand[: ]*\(?\+|positive strand|forward \(\+\)", re.IGNORECASE
)
DEEPEST = 200
"""Header lines before the columns that are looked through."""


class Columns(NamedTuple):
    """Where an export keeps what.

    Attributes
    ----------
    delimiter : str
        A tab, comma or semicolon; empty for any run of blanks and tabs.
    width : int
        Number of columns.
    id, chromosome, position, sample : int
        Columns; -1 for one that is lacking.
    alleles : tuple of int
        One column with both letters, or two.
    plus : bool
        The columns are those of the plus strand by their name.
    """

    delimiter: str
    width: int
    id: int
    chromosome: int
    position: int
    alleles: tuple[int, ...]
    sample: int = -1
    plus: bool = False


def _plain(title: str) -> str:
    return _NOTHING.sub("", title.lower())


def _first(titles: Sequence[str], names: Iterable[str]) -> int:
    return next((titles.index(name) for name in names if name in titles), -1)


def _alleles(titles: Sequence[str]) -> tuple[tuple[int, ...], bool]:
    for pair in _PAIRS:
        if all(name in titles for name in pair):
            return tuple(titles.index(name) for name in pair), pair[0].endswith("plus")
    whole = _first(titles, _GENOTYPE)
    if whole < 0:
        begun = [at for at, title in enumerate(titles) if title.startswith("genotype")]
        whole = begun[0] if len(begun) == 1 else -1
    return ((whole,) if whole >= 0 else ()), False


def split(line: str, delimiter: str) -> list[str]:
    """Cells of one line without quotes and outer blanks."""
    if '"' in line or " " in line:
        cells = line.split(delimiter) if delimiter else line.split()
        return [cell.strip(' \t"\r\n') for cell in cells]
    return line.split(delimiter or None)


def columns_of(line: str) -> Columns | None:
    """The columns that a line names, or that a line of data without header has; None for another line."""
    text = line.lstrip("\ufeff# \t").rstrip()
    delimiter = next((sign for sign in "\t,;" if sign in text), "")
    titles = [_plain(cell) for cell in split(text, delimiter)]
    chromosome, position = _first(titles, _CHROMOSOME), _first(titles, _POSITION)
    alleles, plus = _alleles(titles)
    if chromosome >= 0 and position >= 0 and alleles:
        name, sample = _first(titles, _ID), _first(titles, _SAMPLE)
        return Columns(delimiter, len(titles), name, chromosome, position, alleles, sample, plus)
    return None


def bare_columns(line: str) -> Columns | None:
    """The columns of a file that begins with a SNP and has no header."""
    if not _BARE.match(line):
        return None
    delimiter = next((sign for sign in "\t," if sign in line), "")
    width = len(split(line, delimiter))
    return Columns(delimiter, width, 0, 1, 2, tuple(range(3, width))) if width in (4, 5) else None


def states_plus(header: str) -> bool:
    """Whether the text above the columns says that genotypes are on the plus strand."""
    return bool(_PLUS.search(header))


def recognises(head: bytes, name: str) -> bool:
    """A line among the first that names chromosome, position and alleles of a SNP, or is one."""
    if b"\x00" in head or head.startswith((b"##fileformat", b"{", b"[{", b"<")):
        return False
    for line in head.decode("utf-8", "replace").splitlines()[:DEEPEST]:
        if columns_of(line):
            return True
        if line.strip() and not line.startswith(("#", "[")) and bare_columns(line):
            return True
    return False
