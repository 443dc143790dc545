"""Genomes: read genotypes, call star-allele diplotypes with their probability, and phenotypes.

A missing genotype is missing, never reference. A position that a file lacks, or calls ``./.``, leaves
every allele possible that only it could exclude. ``Call.diplotypes`` holds all diplotypes that remain,
weighted by allele frequency; so a file that shows rs1799853 and rs1057910 as reference, and none of the
other 81 positions of CYP2C9, gives ``*1/*1`` a high probability and spreads the rest over the rare alleles.
``Call.reported`` is the usual report beside it, and ``Genome.callability`` tells what was not tested.
"""

from __future__ import annotations

from pytwin.genome.call import Call, Diplotype, Marginal
from pytwin.genome.frequencies import Frequencies, diplotype_frequencies
from pytwin.genome.genome import Callability, Genome, Source
from pytwin.genome.genotype import Genotype
from pytwin.genome.reading import read_genome, read_genomes
from pytwin.genome.rows import GenomeRow
from pytwin.genome.vcf_header import SampleError

__all__ = [
    "Call",
    "Callability",
    "Diplotype",
    "Frequencies",
    "Genome",
    "GenomeRow",
    "Genotype",
    "Marginal",
    "SampleError",
    "Source",
    "diplotype_frequencies",
    "read_genome",
    "read_genomes",
]
