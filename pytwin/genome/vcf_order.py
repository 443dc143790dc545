"""Rules that hold between the lines of a file: sorted, each chromosome in one piece, no variant twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytwin.genome.changes import change
from pytwin.genome.vcf_fault import Fault

_WINDOW = 1000
"""Start positions whose variants are remembered."""


class OrderRules:
    """Remembers what the lines so far said."""

    def __init__(self) -> None:
        self._finished: set[str] = set()
        self._chromosome = ""
        self._pos = 0
        self._seen: dict[int, set[tuple[str, str]]] = {}

    def check(self, columns: Sequence[str]) -> Iterator[Fault]:
        """Findings about a line whose first columns are in order."""
        chromosome, pos = columns[0], int(columns[1])
        if chromosome != self._chromosome:
            if chromosome in self._finished:
                yield Fault("vcf.not-contiguous", "the chromosome comes back after another one")
            self._finished.add(self._chromosome)
            self._chromosome, self._pos, self._seen = chromosome, pos, {}
        elif pos < self._pos:
            yield Fault("vcf.not-sorted", "POS is smaller than in the line before")
        self._pos = pos
        if self._repeats(pos, columns[3].upper(), columns[4].upper()):
            yield Fault("vcf.duplicate", "a variant is listed a second time")

    def _repeats(self, pos: int, ref: str, alts: str) -> bool:
        repeated = False
        for alt in alts.split(","):
            if not alt.isalpha():
                continue
            start, removed, inserted = change(pos, ref, alt)
            known = self._seen.setdefault(start, set())
            repeated |= (removed, inserted) in known
            known.add((removed, inserted))
        if len(self._seen) > 2 * _WINDOW:
            self._seen = dict(list(self._seen.items())[-_WINDOW:])
        return repeated
