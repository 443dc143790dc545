"""What a REF and an ALT change, whichever way they are written: padded, split, or shifted.

No reference genome is at hand. The tables say for each insertion and deletion how far to the right it may
be written and mean the same; the bases between follow, because a sequence in which it can be shifted
repeats it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from pytwin.genome.tables import Position, load_tables


class Change(NamedTuple):
    """First base that changes, bases removed, bases inserted before what follows."""

    first: int
    removed: str
    inserted: str

    @property
    def indel(self) -> bool:
        """An insertion or a deletion, and nothing else."""
        return not (self.removed and self.inserted) and self.removed != self.inserted

    @property
    def same_length(self) -> bool:
        """A substitution, or no change."""
        return len(self.removed) == len(self.inserted)


def trimmed(pos: int, ref: str, alt: str) -> Change:
    """A change without common suffix and prefix."""
    end, shortest = 0, min(len(ref), len(alt))
    while end < shortest and ref[len(ref) - 1 - end] == alt[len(alt) - 1 - end]:
        end += 1
    ref, alt = ref[: len(ref) - end], alt[: len(alt) - end]
    start, shortest = 0, min(len(ref), len(alt))
    while start < shortest and ref[start] == alt[start]:
        start += 1
    return Change(pos + start, ref[start:], alt[start:])


@lru_cache(maxsize=8192)
def change(pos: int, ref: str, alt: str) -> Change:
    """``trimmed``, remembered: the records of a gene say the same things of all samples."""
    return trimmed(pos, ref, alt)


@lru_cache(maxsize=2048)
def known(position: Position) -> dict[Change, str]:
    """Every way to write each ALT of a position, as changes, with its letters in the table."""
    found = {}
    shifts = position.shifts or (0,) * len(position.alts)
    for alt, distance in zip(position.alts, shifts, strict=True):
        leftmost = change(position.pos, position.ref, alt)
        for step in range(distance + 1):
            found[_shifted(leftmost, step)] = alt
    return found


def _shifted(leftmost: Change, step: int) -> Change:
    """An insertion or deletion written ``step`` bases further right."""
    first, removed, inserted = leftmost
    return Change(first + step, _rotated(removed, step), _rotated(inserted, step))


def _rotated(text: str, step: int) -> str:
    at = step % len(text) if text else 0
    return text[at:] + text[:at]


@lru_cache(maxsize=32)
def indels(chromosome: str) -> frozenset[Change]:
    """Every way to write the insertions and deletions of the tables on a chromosome."""
    positions = (p for gene in load_tables().genes.values() for p in gene.positions)
    return frozenset(
        written
        for position in positions
        if position.chromosome == chromosome
        for written in known(position)
        if written.indel
    )


def reach(position: Position) -> int:
    """Last base at which a change of the position may be written."""
    furthest = max(position.shifts) if position.shifts else 0
    return position.pos + len(position.ref) - 1 + furthest
