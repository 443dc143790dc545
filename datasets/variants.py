"""The VCF of the bundled patient: every position that the warfarin genes' alleles need, on GRCh38."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

GENES = ("CYP2C9", "VKORC1", "CYP4F2")
# Lengths of the GRCh38 primary assembly (GRCh38.p14).
CONTIGS = {"chr10": 133797422, "chr16": 90338345, "chr19": 58617616}
# CYP2C9 *1/*3, VKORC1 -1639 GA (the gene lies on the minus strand: GA reads C/T), CYP4F2 *1/*1.
HETEROZYGOUS = {"rs1057910", "rs9923231"}


class Variant(NamedTuple):
    """One position: 1-based on GRCh38, alleles on the plus strand."""

    gene: str
    chrom: str
    pos: int
    rsid: str
    ref: str
    alts: tuple[str, ...]


# CPIC names this extra position for warfarin in people of African ancestry (CYP2C cluster).
CLUSTER = Variant("CYP2C", "chr10", 94645745, "rs12777823", "G", ("A",))


def read_positions(table: Path) -> list[Variant]:
    """Positions of `GENES` in the reference library's table, and the CYP2C cluster, in genome order."""
    with table.open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["gene"] in GENES]
    found = [
        Variant(r["gene"], r["chrom"], int(r["pos_grch38"]), r["rsid"], r["ref"], tuple(r["alts"].split("|")))
        for r in rows
    ]
    return sorted([*found, CLUSTER], key=lambda v: (list(CONTIGS).index(v.chrom), v.pos))


def _line(variant: Variant) -> str:
    genotype = "0/1" if variant.rsid in HETEROZYGOUS else "0/0"
    fields = (
        variant.chrom,
        str(variant.pos),
        variant.rsid or ".",
        variant.ref,
        ",".join(variant.alts),
        ".",
        "PASS",
        f"GENE={variant.gene}",
        "GT:DP",
        f"{genotype}:30",
    )
    return "\t".join(fields)


def vcf(positions: list[Variant], sample: str = "SYNTHETIC-0001") -> str:
    """The file's text."""
    head = [
        "##fileformat=VCFv4.2",
        "##source=pytwin.datasets.generate (synthetic person; positions and alleles: CPIC/ClinPGx)",
        "##reference=GRCh38",
        *(f"##contig=<ID={name},length={length},assembly=GRCh38>" for name, length in CONTIGS.items()),
        '##FILTER=<ID=PASS,Description="All filters passed">',
        '##INFO=<ID=GENE,Number=1,Type=String,Description="Gene whose alleles use the position">',
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Read depth">',
        f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{sample}",
    ]
    return "\n".join([*head, *map(_line, positions)]) + "\n"
