"""Files of GRCh37: their records are moved to the positions of GRCh38, gene by gene.

The genes' sequence is the same in both builds but for the bases listed here, so that one distance
holds for a whole gene. A position counts where the tables know its place in GRCh37 (as collected by
PyPGx); the others are missing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pytwin.genome.genotype import Genotype
from pytwin.genome.observe import Observer
from pytwin.genome.tables import Gene, Position
from pytwin.genome.vcf_record import Record
from pytwin.issues import Issues

OTHER_BASE = {("10", 94842866): ("G", "A")}
"""Positions whose base differs, in GRCh37 and in GRCh38: CYP2C19 rs3758581 (dbSNP)."""


def shift(gene: Gene) -> int | None:
    """What is added to a gene's positions in GRCh37 to give those of GRCh38; None where none is known.

    Two positions are listed with their indel written further right; the gene's others outvote them.
    """
    found = Counter(p.pos - p.pos37 for p in (*gene.positions, *gene.extra) if p.pos37 is not None)
    return found.most_common(1)[0][0] if found else None


def positions37(gene: Gene) -> list[tuple[Position, int]]:
    """The positions that have a place in GRCh37, with the place where a left-aligned record has it."""
    distance = shift(gene)
    if distance is None:
        return []
    return [(p, p.pos - distance) for p in (*gene.positions, *gene.extra) if p.pos37 is not None]


class Observer37:
    """Says what the records of a GRCh37 file mean for positions of GRCh38."""

    def __init__(self, name: str, records: Sequence[Record], genes: Iterable[Gene], issues: Issues) -> None:
        self.name = name
        self._by_shift: dict[tuple[str, int], Observer] = {}
        self._place: dict[tuple[str, int], tuple[str, int]] = {}
        by_chromosome = defaultdict(list)
        for record in records:
            by_chromosome[record.chromosome].append(record)
        for gene in genes:
            distance = shift(gene)
            if distance is None:
                continue
            key = (gene.chromosome, distance)
            if key not in self._by_shift:
                moved = [m for r in by_chromosome[gene.chromosome] for m in _moved(r, distance)]
                self._by_shift[key] = Observer(name, moved, issues)
            self._place |= {(p.chromosome, p.pos): key for p, _ in positions37(gene)}

    def observe(self, position: Position) -> Genotype | None:
        """The genotype of one position; None where no record speaks about it, or it has no known place."""
        key = self._place.get((position.chromosome, position.pos))
        return None if key is None else self._by_shift[key].observe(position)


def _moved(record: Record, distance: int) -> list[Record]:
    """The record at its place in GRCh38, told from the other reference base where it covers one."""
    moved = replace(record, pos=record.pos + distance, end=record.end + distance)
    for (chromosome, pos), (base, reference) in OTHER_BASE.items():
        if chromosome != moved.chromosome or not moved.pos <= pos <= moved.end:
            continue
        here = _retold(moved, pos, base, reference)
        return [here] if moved.pos == moved.end else [*_around(moved, pos), here]
    return [moved]


def _around(block: Record, pos: int) -> list[Record]:
    """A block without one position."""
    if not block.block:
        return []
    parts = []
    if block.pos < pos:
        parts.append(replace(block, end=pos - 1))
    if pos < block.end:
        parts.append(replace(block, pos=pos + 1, ref="N"))
    return parts


def _retold(record: Record, pos: int, base: str, reference: str) -> Record:
    """A single base or a block, told from the reference of GRCh38; anything else stays as it is."""
    single = len(record.ref) == 1 and all(len(alt) == 1 or alt[0] == "<" for alt in record.alts)
    if not (record.block or single) or (record.pos == pos and record.ref != base):
        return record
    letters = [base, *(() if record.block else record.alts)]
    others = [letter for letter in letters if letter != reference]
    numbers = {letter: at for at, letter in enumerate([reference, *others])}
    gt = tuple(None if number is None else numbers[letters[number]] for number in record.gt)
    depths = _reordered(record.depths, letters, [reference, *others])
    return replace(record, pos=pos, end=pos, ref=reference, alts=tuple(others), gt=gt, depths=depths)


def _reordered(depths: tuple[int, ...], old: list[str], new: list[str]) -> tuple[int, ...]:
    if len(depths) != len(old):
        return ()
    known = dict(zip(old, depths, strict=True))
    return tuple(known.get(letter, 0) for letter in new)
