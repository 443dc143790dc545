"""From the letters of an export to the letters of a table, with care for the strand.

An export that does not say its strand may hold either: a genotype that fits the table on one strand
only is taken on that one; one that fits on both with different meaning (as A/A of an A/T SNP) is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pytwin.genome.genotype import OTHER
from pytwin.genome.tables import Position

_OTHER_STRAND = str.maketrans("ACGT", "TGCA")


class Oriented(NamedTuple):
    """Alleles in the table's letters (None: not called or not usable), and the issue that this raises."""

    alleles: tuple[str | None, ...]
    issue: str = ""


def _complement(letters: Sequence[str]) -> list[str]:
    return [letter.translate(_OTHER_STRAND)[::-1] for letter in letters]


def _lengths(position: Position, alleles: Sequence[str | None]) -> Oriented:
    """I is the longer and D the shorter allele, where the table has just one of each."""
    known = sorted((position.ref, *position.alts), key=len)
    if len(known) != 2 or len(known[0]) == len(known[1]):
        return Oriented((None,) * len(alleles), "array.indel-unclear")
    meaning = {"D": known[0], "I": known[1]}
    letters = tuple(meaning.get(allele) if allele else None for allele in alleles)
    mixed = any(allele and allele not in meaning for allele in alleles)
    return Oriented((None,) * len(alleles), "array.indel-unclear") if mixed else Oriented(letters)


def _fits(position: Position, letters: Sequence[str]) -> bool:
    return all(letter == position.ref or letter in position.alts for letter in letters)


def orient(position: Position, alleles: Sequence[str | None], plus: bool) -> Oriented:
    """The alleles of one SNP in the table's letters.

    Parameters
    ----------
    position : Position
    alleles : sequence of str or None
        As the export has them.
    plus : bool
        The export says that its letters are on the plus strand.
    """
    seen = [allele for allele in alleles if allele]
    if any(allele in "ID" for allele in seen):
        return _lengths(position, alleles)
    flipped = _complement(seen)
    lost: tuple[str | None, ...] = (None,) * len(alleles)
    here, there = _fits(position, seen), _fits(position, flipped)
    if here and (plus or not there or sorted(seen) == sorted(flipped)):
        return Oriented(tuple(alleles))
    if here:
        return Oriented(lost, "array.strand-ambiguous")
    if there:
        if plus:
            return Oriented(lost, "array.strand-contradicted")
        turned = dict(zip(seen, flipped, strict=True))
        return Oriented(tuple(turned[a] if a else None for a in alleles), "array.strand-other")
    if plus and all(len(letter) == 1 for letter in seen):
        return Oriented(tuple(a if a is None or _fits(position, [a]) else OTHER for a in alleles))
    return Oriented(lost, "array.not-in-table")
