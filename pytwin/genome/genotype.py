"""What was observed at one position of a table."""

from __future__ import annotations

from dataclasses import dataclass, field

OTHER = "<other>"
"""An allele that was seen and that the table does not list."""


@dataclass(frozen=True, slots=True)
class Genotype:
    """The two alleles of one position, in the table's letters.

    ``None`` is an allele that was not seen (a half call or a haploid call has one); ``OTHER`` is one
    that the table does not list. The order means a strand only where ``phased``; positions of one
    ``phase_set`` (or of none, where the file gives none) are on common strands. ``repr`` leaves the
    alleles out: a genome identifies its owner.
    """

    alleles: tuple[str | None, str | None] = field(repr=False)
    phased: bool = False
    phase_set: str | None = None

    @property
    def missing(self) -> bool:
        """Neither allele was seen."""
        return self.alleles == (None, None)

    @property
    def half(self) -> bool:
        """Exactly one allele was seen."""
        return (self.alleles[0] is None) != (self.alleles[1] is None)


MISSING = Genotype((None, None))
