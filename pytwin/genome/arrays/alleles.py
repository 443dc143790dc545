"""The alleles of one SNP as an export writes them: letters, I and D, no-calls, one where one is right."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

Alleles = tuple[str | None, str | None]

NO_CALL: Alleles = (None, None)
_MISSING = frozenset({"", "-", "0", "?", ".", "N", "NA", "NC", "NAN", "NULL", "NOCALL"})
_LETTERS = re.compile(r"[ACGT]+|[ID]")
_DIPLOID = 2


class Unreadable(Exception):
    """The text is neither a genotype nor a word for 'not called'."""


def _one(text: str) -> str | None:
    text = text.upper()
    if text in _MISSING or not text.strip("-"):
        return None
    if not _LETTERS.fullmatch(text):
        raise Unreadable
    return text


@lru_cache(maxsize=4096)
def parse_alleles(cells: tuple[str, ...]) -> tuple[str | None, ...]:
    """Alleles of one SNP from one cell with both letters, or from two cells.

    Returns
    -------
    tuple
        Two alleles, or one where the export gives one; None for an allele that was not called.

    Raises
    ------
    Unreadable
    """
    if len(cells) == _DIPLOID:
        return tuple(_one(cell) for cell in cells)
    text = cells[0].upper()
    if text in _MISSING or not text.strip("-0?."):
        return NO_CALL
    parts = re.split(r"[/|]", text)
    if len(parts) == 1 and len(text) == _DIPLOID:
        parts = list(text)
    if len(parts) > _DIPLOID or (len(parts) == 1 and len(text) > 1):
        raise Unreadable
    return tuple(_one(part) for part in parts)


def haploid(alleles: Sequence[str | None], chromosome: str) -> tuple[tuple[str | None, ...], str]:
    """Alleles as the chromosome can have them, and the issue that this raises.

    The mitochondrion and the Y chromosome are there once: twice the same letter is one allele, and two
    letters are no valid call. Of X an export does not tell whether it is there twice.
    """
    if chromosome not in ("MT", "Y") or len(alleles) < _DIPLOID:
        return tuple(alleles), ""
    known = {allele for allele in alleles if allele}
    if len(known) > 1:
        return (None,), "array.haploid-heterozygous"
    return (known.pop() if known else None,), ""


def combine(one: Sequence[str | None], other: Sequence[str | None]) -> tuple[str | None, ...] | None:
    """What two rows of one SNP say together; None where they contradict.

    The order of alleles does not count, and a row without a call takes the other's.
    """
    if not any(one):
        return tuple(other) if any(other) else tuple(one)
    if not any(other) or sorted(map(str, one)) == sorted(map(str, other)):
        return tuple(one)
    return None
