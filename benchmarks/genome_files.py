"""Files of the suite ``genome``, made here from a seed: a whole genome, a cohort, and a phased gene."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pytwin.genome.build import chromosome_lengths
from pytwin.genome.tables import Gene, Position, load_tables

RECORDS = 4_000_000
BUILD = Path(__file__).resolve().parent / "build"

_HEADER = """##fileformat=VCFv4.2
##FILTER=<ID=PASS,Description="All filters passed">
##INFO=<ID=AC,Number=A,Type=Integer,Description="Alleles">
##INFO=<ID=AF,Number=A,Type=Float,Description="Share">
##INFO=<ID=AN,Number=1,Type=Integer,Description="All alleles">
##INFO=<ID=DP,Number=1,Type=Integer,Description="Reads">
##INFO=<ID=FS,Number=1,Type=Float,Description="Strand bias">
##INFO=<ID=MQ,Number=1,Type=Float,Description="Mapping quality">
##INFO=<ID=QD,Number=1,Type=Float,Description="Quality by depth">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Reads of alleles">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Reads">
##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Genotype quality">
##FORMAT=<ID=PL,Number=G,Type=Integer,Description="Likelihoods">
"""
_TITLES = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t"


def genes() -> tuple[Gene, ...]:
    """The genes of the tables."""
    return tuple(load_tables().genes.values())


def _own() -> dict[str, dict[int, Position]]:
    found: dict[str, dict[int, Position]] = {}
    for gene in genes():
        for position in gene.positions:
            found.setdefault(position.chromosome, {})[position.pos] = position
    return found


def _contigs(prefix: str = "chr") -> str:
    return "".join(
        f"##contig=<ID={prefix}{name},length={size},assembly=GRCh38>\n"
        for name, size in chromosome_lengths("GRCh38").items()
    )


def _record(chromosome: str, position: Position, depth: int, gt: str) -> str:
    n = len(position.alts)
    reads = ",".join(["0" if gt == "0/0" else str(depth // 2)] * (n + 1))
    likelihoods = ",".join(["0"] * ((n + 1) * (n + 2) // 2))
    info = f"AC={','.join('1' * n)};AF={','.join(['0.5'] * n)};AN=2;DP={depth};FS=0.{depth};MQ=60.00;QD=9.5"
    return (
        f"chr{chromosome}\t{position.pos}\t{position.rsid or '.'}\t{position.ref}\t"
        f"{','.join(position.alts)}\t99.77\tPASS\t{info}\tGT:AD:DP:GQ:PL\t{gt}:{reads}:{depth}:99:{likelihoods}\n"
    )


def _chromosome(name: str, size: int, count: int, rng: np.random.Generator) -> Iterator[str]:
    own = _own().get(name, {})
    places = np.unique(
        np.concatenate([rng.integers(10_000, size, count), np.array(list(own), dtype=np.int64)])
    )
    depths, quality = rng.integers(15, 60, places.size), rng.integers(100, 2000, places.size)
    for pos, depth, qual in zip(places.tolist(), depths.tolist(), quality.tolist(), strict=True):
        if pos in own:
            yield _record(name, own[pos], depth, "0/0")
            continue
        ref, alt = "ACGT"[pos & 3], "CGTA"[pos & 3]
        yield (
            f"chr{name}\t{pos}\t.\t{ref}\t{alt}\t{qual}.77\tPASS\tAC=1;AF=0.500;AN=2;DP={depth};FS=0.{depth};"
            f"MQ=60.00;QD={depth}.{qual}\tGT:AD:DP:GQ:PL\t0/1:{depth // 2},{depth - depth // 2}:{depth}:99:"
            f"{qual},0,{qual + 7}\n"
        )


def whole_genome() -> Path:
    """4 million records of one sample, bgzip with tabix index, all genes' positions in it; made once."""
    import pysam

    path = BUILD / "genome-4m.vcf.gz"
    if path.exists() and path.with_name(path.name + ".tbi").exists():
        return path
    BUILD.mkdir(exist_ok=True)
    plain = BUILD / "genome-4m.vcf"
    rng = np.random.default_rng(1)
    lengths = chromosome_lengths("GRCh38")
    with open(plain, "w", encoding="ascii") as stream:
        stream.write(_HEADER + _contigs() + _TITLES + "S\n")
        for name, size in lengths.items():
            stream.writelines(_chromosome(name, size, RECORDS * size // sum(lengths.values()), rng))
    pysam.tabix_compress(str(plain), str(path), force=True)
    pysam.tabix_index(str(path), preset="vcf", force=True)
    plain.unlink()
    return path


def cohort(path: Path, samples: int) -> Path:
    """The genes' positions of many samples, a variant in a hundred genotypes."""
    rng = random.Random(2)
    lines = [_HEADER + _contigs() + _TITLES + "\t".join(f"S{n}" for n in range(samples)) + "\n"]
    for chromosome, places in sorted(_own().items()):
        for pos, p in sorted(places.items()):
            columns = rng.choices(("0/0", "0/1", "1/1", "./."), (985, 8, 2, 5), k=samples)
            head = f"chr{chromosome}\t{pos}\t{p.rsid or '.'}\t{p.ref}\t{','.join(p.alts)}\t.\tPASS\t.\tGT\t"
            lines.append(head + "\t".join(columns) + "\n")
    path.write_text("".join(lines), encoding="ascii")
    return path


def phased_gene(path: Path, gene: str, samples: int) -> Path:
    """One gene's positions, phased: each strand carries the reference or one of the commonest alleles."""
    table = load_tables().genes[gene]
    rng = random.Random(3)
    names = [name for name in ("*1", "*2", "*3", "*8", "*9", "*11") if table.allele(name)]
    strands = [[dict(table.allele(rng.choice(names)).defined) for _ in "ab"] for _ in range(samples)]
    lines = [_HEADER + _contigs("") + _TITLES + "\t".join(f"S{n}" for n in range(samples)) + "\n"]
    for p in table.positions:
        letters = (p.ref, *p.alts)
        columns = [
            "|".join(str(letters.index(strand.get(p.pos, p.ref))) for strand in pair) for pair in strands
        ]
        head = f"{p.chromosome}\t{p.pos}\t{p.rsid or '.'}\t{p.ref}\t{','.join(p.alts)}\t.\tPASS\t.\tGT\t"
        lines.append(head + "\t".join(columns) + "\n")
    path.write_text("".join(lines), encoding="ascii")
    return path
