"""Matching against the allele tables, and the properties that the rules promise.

The matcher is compared with a slow one that enumerates every orientation of the strands.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytwin.genome.call import call_gene, missing_call, stated_call
from pytwin.genome.genotype import MISSING, OTHER, Genotype
from pytwin.genome.match import match
from pytwin.genome.phenotype import phenotype
from pytwin.genome.tables import Gene, load_tables
from pytwin.reference.star_alleles import matches

GENES = sorted(load_tables().genes)
MATCHED = [name for name in GENES if not load_tables().genes[name].combines]


def _reference(gene: Gene) -> dict[int, Genotype]:
    return {p.pos: Genotype((p.ref, p.ref)) for p in gene.positions}


@st.composite
def genotypes(draw: Any, gene: Gene) -> dict[int, Genotype]:
    """Genotypes of a gene: mostly reference, some variant, phased, half or missing positions."""
    observed = _reference(gene)
    chosen = draw(st.lists(st.sampled_from(gene.positions), max_size=5, unique=True))
    hidden = draw(st.lists(st.sampled_from(gene.positions), max_size=5, unique=True))
    for position in chosen:
        allele = st.sampled_from([position.ref, *position.alts, None, OTHER])
        phased = draw(st.booleans())
        phase_set = draw(st.sampled_from([None, "1", "2"])) if phased else None
        observed[position.pos] = Genotype((draw(allele), draw(allele)), phased, phase_set)
    for position in hidden:
        del observed[position.pos]
    return observed


def _pairs(gene: Gene, observed: dict[int, Genotype]) -> set[tuple[int, int]]:
    return {(int(a), int(b)) for a, b in match(gene, observed).pairs}


def _twin(gene: Gene, observed: dict[int, Genotype]) -> dict[tuple[int, int], int]:
    """Consistent pairs and scores by the plain matcher of pytwin.reference."""
    bases = max(len(p.alts) for p in gene.positions) + 2  # the last one is of no allele
    allowed = np.zeros((len(gene.alleles), len(gene.positions), bases), dtype=bool)
    strands, block = np.full((2, len(gene.positions)), -1), np.zeros(len(gene.positions), dtype=np.intp)
    names: dict[object, int] = {}
    for at, position in enumerate(gene.positions):
        letters = [position.ref, *position.alts]
        for row, allele in enumerate(gene.alleles):
            base = dict(allele.defined).get(position.pos, position.ref)
            allowed[row, at, : len(letters)] = [
                bool(position.mask(base) & 1 << i) for i in range(len(letters))
            ]
        genotype = observed.get(position.pos, MISSING)
        for strand, letter in enumerate(genotype.alleles):
            if letter == OTHER:
                strands[strand, at] = 0 if gene.undocumented_as_reference else bases - 1
            elif letter is not None:
                strands[strand, at] = letters.index(letter)
        if strands[0, at] != strands[1, at]:
            key: object = ("phased", genotype.phase_set) if genotype.phased else at
            block[at] = names.setdefault(key, len(names) + 1)
    return matches(allowed, gene.scored, gene.wobble, strands, block)


@pytest.mark.parametrize("name", MATCHED)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_pairs_and_scores_equal_those_of_the_plain_matcher(name: str, data: st.DataObject) -> None:
    gene = load_tables().genes[name]
    observed = data.draw(genotypes(gene))
    found = match(gene, observed)
    scores = found.scores(found.pairs) if found.rows else []
    assert dict(zip(found.rows, map(int, scores), strict=True)) == _twin(gene, observed)


@pytest.mark.parametrize("name", MATCHED)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_missing_position_never_narrows(name: str, data: st.DataObject) -> None:
    gene = load_tables().genes[name]
    observed = data.draw(genotypes(gene))
    before = _pairs(gene, observed)
    lost = data.draw(st.lists(st.sampled_from(sorted(observed)), unique=True)) if observed else []
    absent = {pos: genotype for pos, genotype in observed.items() if pos not in lost}
    uncalled = {pos: MISSING if pos in lost else genotype for pos, genotype in observed.items()}
    half = {
        p: Genotype((g.alleles[0], None), g.phased, g.phase_set) for p, g in observed.items() if p in lost
    }
    assert before <= _pairs(gene, observed | half) <= _pairs(gene, absent)
    assert _pairs(gene, absent) == _pairs(gene, uncalled)


@pytest.mark.parametrize("name", GENES)
def test_every_diplotype_is_found_from_its_own_genotypes(name: str) -> None:
    gene = load_tables().genes[name]
    for a, first in enumerate(gene.alleles):
        for second in gene.alleles[a :: max(1, len(gene.alleles) // 12)]:
            bases = [dict(first.defined), dict(second.defined)]
            observed = {}
            for p in gene.positions:
                letters = [strand.get(p.pos, p.ref) for strand in bases]
                one, two = (letter if letter in (p.ref, *p.alts) else p.alts[0] for letter in letters)
                observed[p.pos] = Genotype((one, two), phased=True)
            assert gene.diplotype_name(first.label, second.label) in call_gene(gene, observed).matched


def test_nothing_observed_is_no_information() -> None:
    for gene in load_tables().genes.values():
        call = missing_call(gene)
        assert (call.status, call.diplotypes, call.reported, call.phenotype) == (
            "no information",
            (),
            (),
            None,
        )
        assert len(call.uncalled) == len(gene.positions)


def test_undocumented_allele_is_not_called() -> None:
    gene = load_tables().genes["CYP2C9"]
    observed = _reference(gene) | {94942290: Genotype(("C", OTHER))}
    assert call_gene(gene, observed).status == "no match"


def test_unphased_ambiguity_is_weighted_and_phase_resolves_it() -> None:
    gene = load_tables().genes["CYP4F2"]
    both = {15897578: Genotype(("A", "C")), 15879621: Genotype(("C", "T"))}
    unphased = call_gene(gene, _reference(gene) | both)
    assert set(d.name for d in unphased.diplotypes) == {"*1/*4", "*2/*3"}
    assert unphased.reported == ("*1/*4",)
    assert sum(d.probability for d in unphased.diplotypes) == pytest.approx(1, abs=1e-12)
    trans = {pos: Genotype(g.alleles, True) for pos, g in both.items()}
    trans[15897578] = Genotype(("C", "A"), True)
    assert call_gene(gene, _reference(gene) | trans).matched == ("*2/*3",)


def test_iupac_letter_matches_both_bases_and_scores_the_variant() -> None:
    gene = load_tables().genes["CYP2C9"]  # *36 is rs114071557 G with rs28371686 C or G
    with_c = _reference(gene) | {94938683: Genotype(("A", "G"))}
    with_g = with_c | {94981301: Genotype(("C", "G"))}
    assert "*1/*36" in call_gene(gene, with_c).reported
    assert "*1/*36" in call_gene(gene, with_g).reported


def test_key_positions_alone_give_the_common_diplotype_a_high_probability() -> None:
    gene = load_tables().genes["CYP2C9"]
    call = call_gene(gene, {94942290: Genotype(("C", "C")), 94981296: Genotype(("A", "A"))})
    assert call.status == "ambiguous"
    assert call.diplotypes[0].name == "*1/*1"
    assert 0.9 < call.diplotypes[0].probability < 0.99
    assert call.weighted("Black or African American")[0].probability < 0.8
    assert not {"*2", "*3", "*35", "*61", "*18", "*68"} & {a for d in call.diplotypes for a in d.alleles}
    assert len(call.uncalled) == 81


def test_one_key_position_missing_leaves_its_allele_open() -> None:
    gene = load_tables().genes["CYP2C9"]
    call = call_gene(gene, {p: g for p, g in _reference(gene).items() if p != 94942290})
    shares = {d.name: d.probability for d in call.diplotypes}
    assert set(shares) == {"*1/*1", "*1/*2", "*2/*2"}
    assert shares["*1/*2"] > 0.1
    assert call.phenotype is None
    assert call.untested == ("*2",)


@pytest.mark.parametrize(
    ("gene", "pair", "expected"),
    [
        ("CYP2C9", ("*1", "*1"), ("Normal Metabolizer", 2.0)),
        ("CYP2C9", ("*1", "*3"), ("Intermediate Metabolizer", 1.0)),
        ("CYP2C9", ("*2", "*2"), ("Intermediate Metabolizer", 1.0)),
        ("CYP2C9", ("*2", "*3"), ("Poor Metabolizer", 0.5)),
        ("CYP2C9", ("*3", "*3"), ("Poor Metabolizer", 0.0)),
        ("CYP2C9", ("*1", "*7"), ("Indeterminate", None)),
        ("CYP2C9", ("*1", "*80"), (None, None)),
        ("CYP2C9", ("*1", "*999"), (None, None)),
        ("VKORC1", ("G", "A"), ("-1639 AG", None)),
        ("CYP4F2", ("*1", "*3"), (None, None)),
    ],
)
def test_phenotype(gene: str, pair: tuple[str, str], expected: tuple[str | None, float | None]) -> None:
    table = load_tables().genes[gene]
    assert tuple(phenotype(table, *pair)) == expected
    call = stated_call(table, *pair)
    assert (call.phenotype, call.activity_score) == expected


def test_strands_that_no_allele_explains_are_told_by_their_parts() -> None:
    gene = load_tables().genes["CYP2C9"]
    both = {94942290: Genotype(("C", "T"), True), 94981296: Genotype(("A", "C"), True)}  # *2 and *3, in cis
    call = call_gene(gene, _reference(gene) | both)
    assert (call.status, call.combinations) == ("no match", ("*1/[*2 + *3]",))
    assert call.diplotypes == () and call.phenotype is None
    other = _reference(gene) | {94942290: Genotype(("C", OTHER))}
    assert call_gene(gene, other).combinations == ("*1/[rs1799853 other]",)
    unphased = {pos: Genotype(g.alleles) for pos, g in both.items()}
    assert call_gene(gene, _reference(gene) | unphased).combinations == ()


def test_two_unphased_variants_beside_an_unknown_base_give_both_orientations() -> None:
    gene = load_tables().genes["CYP2C9"]
    seen = {94942290: Genotype(("C", "T")), 94981296: Genotype(("A", OTHER))}
    found = call_gene(gene, _reference(gene) | seen).combinations
    assert found == ("*1/[*2 + rs1057910 other]", "*2/[rs1057910 other]")
