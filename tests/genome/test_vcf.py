"""The reader: ways of writing the same genotypes give the same calls; mutants never crash it.

Oracles: cyvcf2 and pysam on valid files.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import cycle
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pytwin.genome import Genome
from pytwin.genome.tables import Position, load_tables

Row = tuple[Any, ...]
Read = Callable[..., Genome]
POSITIONS = [p for gene in load_tables().genes.values() for p in gene.positions]
MULTI = [p for p in POSITIONS if len(p.alts) > 1]


def _row(position: Position, gt: str) -> Row:
    return (position.chromosome, position.pos, position.ref, ",".join(position.alts), gt)


def _calls(genome: Genome) -> dict[str, Any]:
    return {name: (call.status, call.diplotypes, call.reported) for name, call in genome.genes.items()}


@st.composite
def samples(draw: Any) -> list[Row]:
    """A complete sample with a few variant, missing and half-called positions."""
    genotypes = {p: "0/0" for p in POSITIONS}
    for position in draw(st.lists(st.sampled_from(POSITIONS), max_size=4, unique=True)):
        number = st.sampled_from([".", *map(str, range(len(position.alts) + 1))])
        genotypes[position] = draw(number) + draw(st.sampled_from("/|")) + draw(number)
    return [_row(p, gt) for p, gt in genotypes.items()]


@given(rows=samples(), seed=st.integers(0, 999))
@settings(max_examples=15, deadline=None)
def test_order_of_records_and_chr_prefix_do_not_matter(genome_of: Read, rows: list[Row], seed: int) -> None:
    expected = _calls(genome_of(rows))
    shuffled = random.Random(seed).sample(rows, len(rows))
    assert _calls(genome_of(shuffled)) == expected
    assert _calls(genome_of(rows, prefix="")) == expected


@given(rows=samples(), data=st.data())
@settings(max_examples=15, deadline=None)
def test_absent_and_uncalled_records_never_narrow(
    genome_of: Read, rows: list[Row], data: st.DataObject
) -> None:
    lost = data.draw(st.sets(st.sampled_from(range(len(rows))), max_size=10))
    full = genome_of(rows)
    absent = genome_of([row for at, row in enumerate(rows) if at not in lost])
    uncalled = genome_of([(*row[:4], "./.") if at in lost else row for at, row in enumerate(rows)])
    for name, call in full.genes.items():
        wider = {d.name for d in absent.genes[name].diplotypes}
        assert {d.name for d in call.diplotypes} <= wider or absent.genes[name].status == "no information"
        assert wider == {d.name for d in uncalled.genes[name].diplotypes}


@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_split_records_equal_one_multiallelic_record(genome_of: Read, data: st.DataObject) -> None:
    position = data.draw(st.sampled_from(MULTI))
    a, b = data.draw(st.integers(0, 2)), data.draw(st.integers(0, 2))
    separator = data.draw(st.sampled_from("/|"))
    rest = [_row(p, "0/0") for p in POSITIONS if p != position]
    whole = [*rest, _row(position, f"{a}{separator}{b}")]
    other = data.draw(st.sampled_from("0."))  # bcftools norm writes 0 for the other ALT, vt decompose a dot
    split = []
    for number, alt in enumerate(position.alts, 1):
        one, two = ("1" if x == number else "0" if x == 0 else other for x in (a, b))
        split.append((position.chromosome, position.pos, position.ref, alt, f"{one}{separator}{two}"))
    assert _calls(genome_of([*rest, *split])) == _calls(genome_of(whole))


def test_padded_and_multinucleotide_records_equal_plain_ones(genome_of: Read) -> None:
    rest = [_row(p, "0/0") for p in POSITIONS if p.rsid not in ("rs12414460", "rs767576260")]
    plain = [("10", 94942230, "C", "T", "0|1"), ("10", 94942231, "G", "A", "0|1")]
    mnp = [("10", 94942230, "CG", "TA", "0|1")]
    assert _calls(genome_of([*rest, *mnp])) == _calls(genome_of([*rest, *plain]))
    indel = [_row(p, "0/0") for p in POSITIONS if p.rsid != "rs9332131"]
    padded = genome_of([*indel, ("10", 94949281, "GAA", "GA", "0/1")])
    assert padded.genes["CYP2C9"].reported == ("*1/*6",)
    assert padded.genes["CYP2C9"].status == "called"


def test_reference_block_equals_explicit_reference(genome_of: Read) -> None:
    explicit = genome_of([_row(p, "0/0") for p in POSITIONS])
    chromosomes = sorted({p.chromosome for p in POSITIONS})
    bounds = {c: [p.pos for p in POSITIONS if p.chromosome == c] for c in chromosomes}
    blocks = [
        (c, min(at) - 5, "A", alt, "0/0", f"END={max(at) + 20}")
        for (c, at), alt in zip(bounds.items(), cycle(("<NON_REF>", "<*>", ".")), strict=False)
    ]
    assert _calls(genome_of(blocks)) == _calls(explicit)
    missing = [(*row[:4], "./.", row[5]) for row in blocks]
    assert all(call.status == "no information" for call in genome_of(missing).genes.values())
    variant = [*blocks, ("10", 94942290, "C", "T,<NON_REF>", "0/1")]
    assert genome_of(variant).genes["CYP2C9"].reported == ("*1/*2",)


def test_a_block_must_cover_the_whole_indel(genome_of: Read) -> None:
    short = genome_of([("10", 94949200, "A", "<NON_REF>", "0/0", "END=94949281")])
    assert short.genotype("rs9332131") is None
    assert short.genotype("rs9332130") == ("A", "A")


def test_reference_for_another_variant_nearby_says_nothing(genome_of: Read) -> None:
    genome = genome_of([("10", 94942288, "AGC", "A", "0/0"), ("16", 31096368, "C", "T", "0/0")])
    assert genome.genotype("rs1799853") is None


def test_deleted_base_is_no_reference(genome_of: Read) -> None:
    genome = genome_of([("10", 94942288, "AGC", "A", "0/1"), ("10", 94981296, "A", "C", "0/0")])
    assert genome.genes["CYP2C9"].status == "no match"


def test_phase_sets_are_kept_apart(genome_of: Read) -> None:
    rest = [_row(p, "0/0") for p in POSITIONS if p.rsid not in ("rs2108622", "rs3093105")]
    cis = [("19", 15879621, "C", "T", "0|1"), ("19", 15897578, "A", "C", "0|1")]
    assert genome_of([*rest, *cis]).genes["CYP4F2"].matched == ("*1/*4",)
    trans = [cis[0], ("19", 15897578, "A", "C", "1|0")]
    assert genome_of([*rest, *trans]).genes["CYP4F2"].matched == ("*2/*3",)
