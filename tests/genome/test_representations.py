"""Ways to write the same genotypes give the same calls, for every gene.

One gene's positions are written explicitly, then again in another order, without ``chr``, with split,
padded, shifted, or symbolic alleles, and with blocks instead of reference records.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytwin.genome import Genome
from pytwin.genome.changes import change, known
from pytwin.genome.genotype import Genotype
from pytwin.genome.tables import Gene, Position, load_tables

Row = tuple[Any, ...]
Read = Callable[..., Genome]
GENES = sorted(load_tables().genes)
BASES = {
    (p.chromosome, p.pos + i): b
    for g in load_tables().genes.values()
    for p in g.positions
    for i, b in enumerate(p.ref)
}
relaxed = settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))


def _row(position: Position, gt: str) -> Row:
    return (position.chromosome, position.pos, position.ref, ",".join(position.alts), gt)


@st.composite
def samples(draw: Any, gene: Gene) -> dict[Position, str]:
    """A complete sample with a few variants, phased or not, indels among them where the gene has some."""
    genotypes = {p: "0/0" for p in gene.positions}
    long = [p for p in gene.positions if p.shifts]
    chosen = draw(st.lists(st.sampled_from(gene.positions), max_size=2, unique=True))
    if long:
        chosen.append(draw(st.sampled_from(long)))
    for position in chosen:
        number = st.sampled_from([str(n) for n in range(len(position.alts) + 1)])
        genotypes[position] = draw(number) + draw(st.sampled_from("/|")) + draw(number)
    return genotypes


def _call(genome: Genome, gene: str) -> Any:
    call = genome.genes[gene]
    seen = {
        pos: (g.alleles, g.phased and g.alleles[0] != g.alleles[1], g.phase_set)
        for pos, g in call.observed.items()
    }
    return call.status, call.reported, call.matched, seen, call.untested


def _reference_base(position: Position, at: int) -> str:
    """A base beside a position: of the tables, else any."""
    return BASES.get((position.chromosome, at), "T")


def _stretch(position: Position, alt: str) -> str:
    """The reference from the position's anchor on, as far as the indel can be shifted."""
    first = change(position.pos, position.ref, alt)
    text, distance = first.removed or first.inserted, position.shifts[position.alts.index(alt)]
    length = distance + len(first.removed)
    return position.ref[0] + "".join(text[i % len(text)] for i in range(length))


def _shifted(position: Position, gt: str, step: int) -> Row:
    """A record of one ALT written ``step`` bases further right."""
    (alt,) = position.alts
    stretch, first = _stretch(position, alt), change(position.pos, position.ref, alt)
    text = first.removed or first.inserted
    moved = "".join(text[(i + step) % len(text)] for i in range(len(text)))
    anchor = stretch[step]
    ref, new = (anchor + moved, anchor) if first.removed else (anchor, anchor + moved)
    return (position.chromosome, position.pos + step, ref, new, gt)


@pytest.mark.parametrize("name", GENES)
@given(data=st.data())
@relaxed
def test_order_chr_and_symbols(genome_of: Read, name: str, data: st.DataObject) -> None:
    gene = load_tables().genes[name]
    rows = [_row(p, gt) for p, gt in data.draw(samples(gene)).items()]
    expected = _call(genome_of(rows), name)
    mixed = random.Random(data.draw(st.integers(0, 99))).sample(rows, len(rows))
    assert _call(genome_of(mixed), name) == expected
    assert _call(genome_of(rows, prefix=""), name) == expected
    symbols = [
        (*row[:3], row[3] + data.draw(st.sampled_from([",<NON_REF>", ",*", ",<DEL>", ""])), row[4])
        for row in rows
    ]
    assert _call(genome_of(symbols), name) == expected


@pytest.mark.parametrize("name", GENES)
@given(data=st.data())
@relaxed
def test_split_and_padded(genome_of: Read, name: str, data: st.DataObject) -> None:
    gene = load_tables().genes[name]
    sample = data.draw(samples(gene))
    expected = _call(genome_of([_row(p, gt) for p, gt in sample.items()]), name)
    split, padded = [], []
    for p, gt in sample.items():
        numbers, separator = (gt[0], gt[2]), gt[1]
        for number, alt in enumerate(p.alts, 1):
            one, two = ("1" if x == str(number) else "0" for x in numbers)
            split.append((p.chromosome, p.pos, p.ref, alt, f"{one}{separator}{two}"))
        left, right = _reference_base(p, p.pos - 1), _reference_base(p, p.pos + len(p.ref))
        alts = ",".join(left + alt + right for alt in p.alts)
        padded.append((p.chromosome, p.pos - 1, left + p.ref + right, alts, gt))
    assert _call(genome_of(split), name) == expected
    assert _call(genome_of(padded), name) == expected


@pytest.mark.parametrize("name", GENES)
@given(data=st.data())
@relaxed
def test_blocks_instead_of_reference_records(genome_of: Read, name: str, data: st.DataObject) -> None:
    gene = load_tables().genes[name]
    sample = data.draw(samples(gene))
    expected = _call(genome_of([_row(p, gt) for p, gt in sample.items()]), name)
    alt = data.draw(st.sampled_from(["<NON_REF>", "<*>", "."]))
    rows: list[Row] = []
    for p, gt in sample.items():
        if gt in ("0/0", "0|0"):
            end = p.pos + len(p.ref) - 1
            rows.append((p.chromosome, p.pos, p.ref[0], alt, "0/0", f"END={end}"))
        else:
            rows.append((*_row(p, gt)[:3], ",".join((*p.alts, "<NON_REF>")), gt))
    assert _call(genome_of(rows), name) == expected


SHIFTED = [
    (g.name, p)
    for g in load_tables().genes.values()
    for p in g.positions
    if any(p.shifts) and len(p.alts) == 1
]


@pytest.mark.parametrize(("name", "position"), SHIFTED, ids=[f"{n}-{p.pos}" for n, p in SHIFTED])
def test_an_indel_is_the_same_wherever_it_is_written(genome_of: Read, name: str, position: Position) -> None:
    gene = load_tables().genes[name]
    rest = [_row(p, "0/0") for p in gene.positions if p != position]
    for gt in ("0/1", "1|1", "0/0"):
        expected = _call(genome_of([*rest, _row(position, gt)]), name)
        for step in range(1, position.shifts[0] + 1):
            assert _call(genome_of([*rest, _shifted(position, gt, step)]), name) == expected


def test_every_way_to_write_an_indel_is_another_change() -> None:
    for gene in load_tables().genes.values():
        for position in gene.positions:
            assert len(known(position)) == len(position.alts) + sum(position.shifts)


def test_multinucleotide_records_cover_neighbours(genome_of: Read) -> None:
    for gene in load_tables().genes.values():
        for p, q in zip(gene.positions, gene.positions[1:], strict=False):
            if q.pos != p.pos + 1 or len(p.ref) > 1 or len(q.ref) > 1 or p.shifts or q.shifts:
                continue
            rest = [_row(r, "0/0") for r in gene.positions if r not in (p, q)]
            single = [
                (p.chromosome, p.pos, p.ref, p.alts[0], "0|1"),
                (q.chromosome, q.pos, q.ref, q.alts[0], "0|1"),
            ]
            both = [(p.chromosome, p.pos, p.ref + q.ref, p.alts[0] + q.alts[0], "0|1")]
            assert _call(genome_of([*rest, *both]), gene.name) == _call(
                genome_of([*rest, *single]), gene.name
            )


def test_a_selected_symbol_is_missing_and_never_reference(genome_of: Read) -> None:
    for gene in load_tables().genes.values():
        position = gene.positions[0]
        rest = [_row(p, "0/0") for p in gene.positions[1:]]
        absent = _call(genome_of(rest), gene.name)[:3]
        for alt in ("*", "<DEL>", "<NON_REF>"):
            row = (*_row(position, "")[:3], f"{position.alts[0]},{alt}", "0/2")
            found = genome_of([*rest, row])
            assert _call(found, gene.name)[:3] == absent
            assert found.genes[gene.name].observed.get(position.pos, Genotype((None, None))).missing


def test_a_substitution_within_an_indels_reach_leaves_the_indel_as_it_is(genome_of: Read) -> None:
    gene = load_tables().genes["NUDT15"]
    within = next(p for p in gene.positions if p.pos == 48037798)
    rows = [_row(p, "0/1" if p == within else "0/0") for p in gene.positions]
    call = genome_of(rows).genes["NUDT15"]
    assert call.status == "called"
    assert call.observed[48037782].alleles == ("AGGAGTC", "AGGAGTC")


def test_a_known_deletion_says_nothing_about_bases_it_removes(genome_of: Read) -> None:
    gene = load_tables().genes["CYP2D6"]
    deletion = next(p for p in gene.positions if p.pos == 42127845)
    covered = next(p for p in gene.positions if p.pos == 42127852)
    genome = genome_of([_row(p, "0/1" if p == deletion else "0/0") for p in gene.positions if p != covered])
    assert covered.pos not in genome.genes["CYP2D6"].observed
