"""The allele tables: positions, definitions, functions and phenotypes of the pharmacogenes.

The data files beside this module are facts compiled by ``scripts/make_allele_tables.py`` and
``scripts/make_genotype_frequencies.py``; attribution and version stand in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

REFERENCE_BIT = 1
ANY_BASE = 0xFFFF

_IUPAC = {"R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT", "M": "AC"}


@dataclass(frozen=True, slots=True)
class Position:
    """One position of a gene's table, on the plus strand of GRCh38.

    ``shifts`` says for each ALT how many bases further right an insertion or deletion may be written and
    mean the same; it is empty where there is none.
    """

    chromosome: str
    pos: int
    pos37: int | None
    rsid: str | None
    ref: str
    alts: tuple[str, ...]
    shifts: tuple[int, ...] = ()

    @property
    def label(self) -> str:
        """The rsID, or chromosome and position where there is none."""
        return self.rsid or f"chr{self.chromosome}:{self.pos}"

    def mask(self, allele: str) -> int:
        """Bit set of the table's alleles that a letter stands for: bit 0 REF, bit i the i-th ALT.

        An IUPAC letter stands for several; an allele outside the table has no bit.
        """
        bases = (allele,) if allele in (self.ref, *self.alts) else tuple(_IUPAC.get(allele, ""))
        known = (self.ref, *self.alts)
        return sum(1 << known.index(base) for base in bases if base in known)


@dataclass(frozen=True, slots=True)
class Allele:
    """One named allele: the bases it defines, its clinical function and activity value."""

    name: str
    label: str
    defined: tuple[tuple[int, str], ...]
    function: str | None
    activity: float | None


@dataclass(frozen=True, eq=False)
class Gene:
    """The table of one gene.

    ``masks`` (alleles, positions) holds the bases each allele allows (``Position.mask``); a position
    that an allele does not define allows REF only. ``scored`` says which positions count in the
    allele's score: those it defines, for a ``complete`` allele (the reference; CYP2C19 ``*1``) all.
    ``wobble`` marks IUPAC letters. ``structural`` alleles have a function and no position: no file of
    variants shows them. Without the ``required`` positions nothing is reported; ``priorities`` are
    sets of diplotypes that unphased data cannot tell apart, with the one to report. In a gene that
    ``combines`` a strand may carry several alleles (``[a + b]``), of which the lowest activity counts.
    """

    name: str
    chromosome: str
    reference: str
    lookup: str | None
    modified: str
    undocumented_as_reference: bool
    combines: bool
    positions: tuple[Position, ...]
    extra: tuple[Position, ...]
    alleles: tuple[Allele, ...]
    structural: tuple[Allele, ...]
    complete: tuple[str, ...]
    required: tuple[int, ...]
    priorities: tuple[tuple[frozenset[str], str], ...]
    pairs: Mapping[frozenset[tuple[str, float | None]], tuple[float | None, str]]

    @cached_property
    def separator(self) -> str:
        """What stands between the alleles of a diplotype: nothing where labels are bases."""
        return "" if all(len(allele.label) == 1 for allele in self.alleles) else "/"

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Names of the alleles as they are reported."""
        return tuple(allele.label for allele in self.alleles)

    @cached_property
    def order(self) -> dict[str, int]:
        """Row of each reported name; the first one where suballeles share a name."""
        return {label: at for at, label in reversed(tuple(enumerate(self.labels)))}

    @cached_property
    def _named(self) -> dict[str, Allele]:
        known = (*self.structural, *reversed(self.alleles))
        return {allele.label: allele for allele in known}

    @cached_property
    def index(self) -> dict[int, int]:
        """Row of each GRCh38 position in ``positions``."""
        return {position.pos: at for at, position in enumerate(self.positions)}

    @cached_property
    def reference_row(self) -> int:
        """Row of the reference allele."""
        return next(i for i, allele in enumerate(self.alleles) if allele.name == self.reference)

    @cached_property
    def usual(self) -> str:
        """The allele that is usual where no variant is found: CYP2C19 ``*1``, else the reference."""
        name = self.complete[-1]
        return next(allele.label for allele in self.alleles if allele.name == name)

    @cached_property
    def masks(self) -> NDArray[np.uint16]:
        masks = np.full((len(self.alleles), len(self.positions)), REFERENCE_BIT, dtype=np.uint16)
        for row, allele in enumerate(self.alleles):
            for pos, base in allele.defined:
                at = self.index[pos]
                masks[row, at] = self.positions[at].mask(base)
        return masks

    @cached_property
    def scored(self) -> NDArray[np.bool_]:
        scored = np.zeros(self.masks.shape, dtype=np.bool_)
        for row, allele in enumerate(self.alleles):
            scored[row, [self.index[pos] for pos, _ in allele.defined]] = True
            if allele.name in self.complete:
                scored[row] = True
        return scored

    @cached_property
    def wobble(self) -> NDArray[np.bool_]:
        several: NDArray[np.bool_] = (self.masks & (self.masks - 1)) != 0
        return several

    def allele(self, label: str) -> Allele | None:
        """The allele of a reported name, or None where the table has none."""
        return self._named.get(label)

    def parts(self, label: str) -> tuple[str, ...]:
        """Alleles of a strand: those of a combination ``[a + b]``, else the one named."""
        if label.startswith("[") and label.endswith("]"):
            return tuple(label[1:-1].split(" + "))
        return (label,)

    def diplotype_name(self, first: str, second: str) -> str:
        """Name of a pair: in the table's order with ``/``, or as bases in alphabetical order."""
        if not self.separator:
            return "".join(sorted((first, second)))
        order, last = self.order, len(self.order)
        if (order.get(first, last), first) > (order.get(second, last), second):
            first, second = second, first
        return first + self.separator + second


@dataclass(frozen=True)
class Tables:
    """All genes with the version, date and attribution of their source."""

    version: str
    date: str
    build: str
    attribution: str
    genes: Mapping[str, Gene]


def _position(chromosome: str, row: list[Any]) -> Position:
    pos, pos37, rsid, ref, alts, *shifts = row
    return Position(chromosome, pos, pos37, rsid, ref, tuple(alts), tuple(shifts[0]) if shifts else ())


def _allele(row: list[Any], labels: dict[str, str]) -> Allele:
    name, defined, function, activity = row
    pairs = tuple((pos, base) for pos, base in defined or ())
    return Allele(name, labels.get(name, name), pairs, function, activity)


def _gene(name: str, data: dict[str, Any]) -> Gene:
    chromosome, labels = data["chromosome"], data["labels"]
    return Gene(
        name=name,
        chromosome=chromosome,
        reference=data["reference"],
        lookup=data["lookup"],
        modified=data["modified"],
        undocumented_as_reference=data["undocumented_as_reference"],
        combines=data["combines"],
        positions=tuple(_position(chromosome, row) for row in data["positions"]),
        extra=tuple(_position(chromosome, row) for row in data["extra"]),
        alleles=tuple(_allele(row, labels) for row in data["alleles"] if row[1] is not None),
        structural=tuple(_allele(row, labels) for row in data["alleles"] if row[1] is None),
        complete=tuple(data["complete"]),
        required=tuple(data["required"]),
        priorities=tuple((frozenset(together), pick) for together, pick in data["priorities"]),
        pairs={
            frozenset({(f1, a1), (f2, a2)}): (score, text)
            for f1, a1, f2, a2, score, text in data["phenotypes"]
        },
    )


@lru_cache(maxsize=1)
def load_tables() -> Tables:
    """The shipped allele tables, read at first use."""
    data = msgspec.json.decode((Path(__file__).parent / "alleles.json").read_bytes())
    genes = {name: _gene(name, table) for name, table in data["genes"].items()}
    return Tables(data["version"], data["date"], data["build"], data["attribution"], genes)
