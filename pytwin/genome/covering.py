"""Records by place: those that cover a position, without looking at all of them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable

from pytwin.genome.vcf_record import Record

_WIDE = 256
"""Bases from which on a record is kept apart: blocks and long deletions."""


class Covering:
    """Records of one file, in its order, by chromosome and place."""

    def __init__(self, records: Iterable[Record]) -> None:
        narrow: dict[str, list[tuple[int, int, Record]]] = defaultdict(list)
        self._wide: dict[str, list[tuple[int, Record]]] = defaultdict(list)
        for number, record in enumerate(records):
            if record.end - record.pos < _WIDE:
                narrow[record.chromosome].append((record.pos, number, record))
            else:
                self._wide[record.chromosome].append((number, record))
        for rows in narrow.values():
            rows.sort(key=lambda row: row[:2])
        self._narrow = narrow
        self._starts = {name: [pos for pos, *_ in rows] for name, rows in narrow.items()}

    def over(self, chromosome: str, first: int, last: int) -> list[Record]:
        """Records that cover any base from ``first`` to ``last``, in the file's order."""
        starts = self._starts.get(chromosome, [])
        low, high = bisect_left(starts, first - _WIDE), bisect_right(starts, last)
        rows = self._narrow[chromosome][low:high] if high > low else []
        found = [(number, record) for _, number, record in rows if record.end >= first]
        wide = self._wide.get(chromosome)
        if wide:
            found += [(n, r) for n, r in wide if r.pos <= last and r.end >= first]
        found.sort(key=lambda row: row[0])
        return [record for _, record in found]
