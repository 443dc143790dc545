"""Genomes of consumer arrays: what the exports of each maker hold, and how they are joined."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from pytwin.formats.files import Input
from pytwin.genome import read_genome
from pytwin.genome.arrays import ArrayFile, read_array
from pytwin.genome.arrays.alleles import combine
from pytwin.genome.arrays.places import place_par
from pytwin.genome.arrays.read import find_build
from pytwin.genome.tables import load_tables
from pytwin.verify.case import Case, equal
from pytwin.verify.run import Context

_SOURCE = "reference library, genomics/consumer_dna/{}"
_GENERIC = "AA CC GG TT -- GC TC AT"

# file -> its genotypes, in the order of rows
_GENOTYPES = {
    "23andme_allele.txt": _GENERIC,
    "23andme_win.txt": _GENERIC,
    "23mofang.txt": _GENERIC,
    "DNALand.txt": _GENERIC,
    "ancestry.txt": _GENERIC,
    "ancestry_mt.txt": "A - -",
    "ancestry_multi_sep.txt": _GENERIC,
    "duplicate_rsids.csv": "AA CC GG",
    "ftdna.csv": _GENERIC,
    "ftdna_famfinder.csv": _GENERIC,
    "generic.csv": _GENERIC,
    "generic.tsv": _GENERIC,
    "generic_multi_rsid.tsv": _GENERIC,
    "generic_non_standard_columns.tsv": _GENERIC,
    "GRCh37.csv": "AA -- ID TC",
    "GRCh37_PAR.csv": "AA AA AA AA",
    "GRCh38.csv": "AA ID -- TC",
    "mapmygenome.txt": _GENERIC,
    "mapmygenome_alt_header.txt": _GENERIC,
    "mapmygenome_new_format.txt": _GENERIC,
    "myheritage.csv": _GENERIC,
    "NCBI36.csv": "AA -- ID AG",
    "sano.txt": "AA CC GG TT -- GC AG TA",
    "tellmeGen.txt": _GENERIC,
}
# file -> what else must be said about it, and how often
_ISSUES = {
    "23andme_win.txt": {"array.place": 2},
    "ancestry_mt.txt": {"array.haploid-heterozygous": 1},
    "duplicate_rsids.csv": {"array.duplicate": 2},
}
_BUILDS = {"NCBI36.csv": "NCBI36", "GRCh37.csv": "GRCh37", "GRCh38.csv": "GRCh38",
           "mapmygenome_new_format.txt": "GRCh37"}  # fmt: skip


def cases(context: Context) -> Iterator[Case]:
    """All cases of consumer arrays."""
    folder = context.folder("genomics", "consumer_dna", "generic.csv").parent
    for name, expected in _GENOTYPES.items():
        yield from _array(folder / name, expected)
    yield from _pseudo_autosomal(folder / "GRCh37_PAR.csv")
    yield from _joined(folder / "discrepant_snps.csv")
    for name in ("testvcf.vcf", "testvcf_chr_prefix.vcf"):
        yield from _export_as_vcf(folder / name)


def _written(alleles: Sequence[str | None]) -> str:
    return "".join(allele or "-" for allele in alleles)


def _array(path: Path, expected: str) -> Iterator[Case]:
    source = _SOURCE.format(path.name)
    file = read_array(Input(path))
    got = " ".join(_written(snp.alleles) for snp in file.snps)
    yield equal(f"{path.name}: genotypes", expected, got, source=source)
    found = _counts(file)
    yield equal(f"{path.name}: oddities", str(_ISSUES.get(path.name, {})), str(found), source=source)
    build = find_build(file, load_tables())
    yield equal(f"{path.name}: build", _BUILDS.get(path.name, "unknown"), build or "unknown", source=source)
    genome = read_genome(path)
    silent = all(call.status == "no information" for call in genome.genes.values())
    yield equal(f"{path.name}: says nothing about a pharmacogene", True, silent, source=source)


def _counts(file: ArrayFile) -> dict[str, int]:
    return file.issues.counts()


def _pseudo_autosomal(path: Path) -> Iterator[Case]:
    """Positions in a region of X are X, whichever of both chromosomes has them there too."""
    source = _SOURCE.format(path.name) + "; regions: Genome Reference Consortium, GRCh37"
    expected = {"rs28736870": "X", "rs113313554": "X", "rs758419898": "neither", "rs113378274": "neither"}
    for snp in read_array(Input(path)).snps:
        name = snp.ids[0]
        got = place_par(snp.pos, "GRCh37") or "neither"
        yield equal(f"{path.name}: chromosome of {name}", expected[name], got, source=source)


def _letters(text: str) -> tuple[str | None, ...]:
    return tuple(None if letter == "-" else letter for letter in text)


def _joined(path: Path) -> Iterator[Case]:
    """Two rows of one SNP: equal whatever the order, completed where one is missing, else contradictory."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    right = 0
    for row in rows:
        one, other = _letters(row["genotype_file1"]), _letters(row["genotype_file2"])
        together = combine(one, other)
        expected = _letters(row["expected_genotype"])
        right += (together or (None,) * len(expected)) == expected
    yield equal(f"{path.name}: pairs joined as expected", len(rows), right, source=_SOURCE.format(path.name))


def _export_as_vcf(path: Path) -> Iterator[Case]:
    source = _SOURCE.format(path.name)
    genome = read_genome(path)
    got = genome.issues.counts().get("vcf.ref", 0)
    yield equal(f"{path.name}: rows without reference base", 3, got, source=source)
    silent = all(call.status == "no information" for call in genome.genes.values())
    yield equal(f"{path.name}: says nothing about a pharmacogene", True, silent, source=source)
