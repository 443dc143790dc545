"""What the caller of ``read_genome`` says about a file that the file does not say itself."""

from __future__ import annotations

from dataclasses import dataclass

from pytwin.genome.vcf_record import Quality


@dataclass(frozen=True, slots=True)
class Options:
    """The options of ``read_genome`` that a reader may use.

    Attributes
    ----------
    sample : str or None
        The sample wanted from a file of several.
    build : str or None
        Build for a file that is silent about it.
    strand : str or None
        ``plus`` where the caller knows that letters of an array are on the plus strand.
    gene : str or None
        The gene of results that do not name it.
    quality : Quality
        Which called genotypes of a VCF count as missing.
    validate : bool
        Hold all lines of a VCF to every rule, not only those that are read.
    """

    sample: str | None = None
    build: str | None = None
    strand: str | None = None
    gene: str | None = None
    quality: Quality = Quality()
    validate: bool = False
