"""Files of GRCh37: called from their own positions, with the same result as GRCh38; never read as it."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from pytwin.errors import InputError
from pytwin.genome import Genome, read_genome
from pytwin.genome.grch37 import positions37, shift
from pytwin.genome.tables import Position, load_tables

GENES = tuple(load_tables().genes.values())
PLACED = [(p, place) for gene in GENES for p, place in positions37(gene)]
TITLES = "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", "S"])
LENGTHS = {"GRCh38": 133797422, "GRCh37": 135534747}
SWAPPED = "rs3758581"

Row = tuple[Any, ...]


def _write(path: Path, rows: Iterable[Row], build: str | None) -> Path:
    header = ["##fileformat=VCFv4.2", '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">']
    if build:
        header.append(f"##contig=<ID=chr10,length={LENGTHS[build]}>")
    lines = [
        f"chr{c}\t{pos}\t{name or '.'}\t{ref}\t{alt}\t.\tPASS\t{info[0] if info else '.'}\tGT\t{gt}"
        for c, pos, name, ref, alt, gt, *info in rows
    ]
    path.write_text("\n".join([*header, TITLES, *lines]) + "\n")
    return path


def _row(position: Position, gt: str, place: int | None) -> Row:
    """A record of GRCh38, or of GRCh37 at its place there."""
    pos, ref, alts = position.pos, position.ref, position.alts
    if place is not None:
        pos = place
        if position.rsid == SWAPPED:
            ref, alts = alts[0], (ref,)
            gt = gt.translate(str.maketrans("01", "10"))
    return position.chromosome, pos, position.rsid, ref, ",".join(alts), gt


def _calls(genome: Genome) -> dict[str, Any]:
    return {name: (c.status, c.reported, c.diplotypes, c.phenotype) for name, c in genome.genes.items()}


def _sample(rng: random.Random) -> dict[Position, str]:
    genotypes = {p: "0|0" for p, _ in PLACED}
    for position, _ in rng.sample(PLACED, 12):
        genotypes[position] = rng.choice(("0|1", "1|0", "1|1", "./."))
    return genotypes


@pytest.mark.parametrize("build", ["GRCh37", None])
@pytest.mark.parametrize("seed", range(8))
def test_the_same_person_has_the_same_calls_in_both_builds(tmp_path: Path, seed: int, build: str) -> None:
    genotypes = _sample(random.Random(seed))
    new = [_row(p, genotypes[p], None) for p, _ in PLACED]
    old = [_row(p, genotypes[p], place) for p, place in PLACED]
    expected = read_genome(_write(tmp_path / "38.vcf", new, "GRCh38"))
    found = read_genome(_write(tmp_path / "37.vcf", old, build))
    assert (expected.build, found.build) == ("GRCh38", "GRCh37")
    assert _calls(found) == _calls(expected)
    assert found.issues.with_code("genome.build-37")


def test_the_other_reference_base_is_not_taken_for_the_same(tmp_path: Path) -> None:
    position = next(p for p, _ in PLACED if p.rsid == SWAPPED)
    place = dict((p.pos, place) for p, place in PLACED)[position.pos]
    anchor = [_row(p, "0/0", at) for p, at in PLACED if p.rsid in ("rs1799853", "rs1057910", "rs9923231")]
    for record, expected in (
        (("10", place, SWAPPED, "G", ".", "0/0"), ("G", "G")),
        (("10", place, SWAPPED, "G", "A", "0/1"), ("G", "A")),
        (("10", place, SWAPPED, "G", "A", "1/1"), ("A", "A")),
        (("10", place, SWAPPED, "A", "G", "0/1"), ("A", "G")),
        (("10", place, SWAPPED, "G", "C", "0/1"), ("G", "<other>")),
        (("10", place - 9, ".", "T", "<NON_REF>", "0/0", f"END={place + 5}"), ("G", "G")),
    ):
        genome = read_genome(_write(tmp_path / "one.vcf", [*anchor, record], "GRCh37"))
        assert genome.genotype(SWAPPED) == expected, record


def test_positions_without_a_place_are_missing(tmp_path: Path) -> None:
    rows = [_row(p, "0/0", place) for p, place in PLACED]
    for gene in GENES:
        distance = shift(gene)
        rows += [
            (p.chromosome, p.pos - distance, p.rsid, p.ref, p.alts[0], "0/0")
            for p in gene.positions
            if p.pos37 is None and distance is not None
        ]
    genome = read_genome(_write(tmp_path / "37.vcf", rows, "GRCh37"))
    for gene in GENES:
        known = sum(p.pos37 is not None for p in gene.positions)
        assert genome.callability[gene.name].called == known


def test_a_header_that_lies_is_refused(tmp_path: Path) -> None:
    old = [_row(p, "0/0", place) for p, place in PLACED]
    new = [_row(p, "0/0", None) for p, _ in PLACED]
    for rows, build in ((old, "GRCh38"), (new, "GRCh37")):
        with pytest.raises(InputError) as caught:
            read_genome(_write(tmp_path / "lies.vcf", rows, build))
        assert caught.value.code == "genome.build-conflict"


def test_a_whole_gene_lies_at_one_distance() -> None:
    """But for two indels that their source writes further right."""
    apart = {
        (gene.name, p.pos)
        for gene in GENES
        for p in gene.positions
        if p.pos37 is not None and p.pos - p.pos37 != shift(gene)
    }
    assert {name for name, _ in apart} <= {"CYP2C9", "CYP2D6"}
    assert len(apart) == 2
