"""DPYD: sets of variants on two strands; sums in closed form against plain enumeration."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytwin.genome import Frequencies
from pytwin.genome.call import Call, call_gene
from pytwin.genome.genotype import MISSING, Genotype
from pytwin.genome.phenotype import Phenotype, phenotype
from pytwin.genome.rules.dpyd_strands import EXONIC, INTRONIC, sites
from pytwin.genome.tables import load_tables

GENE = load_tables().genes["DPYD"]
PLACE = {a.label: a.defined[0][0] for a in GENE.alleles if len(a.defined) == 1}
HAPB3, INTRON = sites(GENE).hapb3, sites(GENE).intronic


def _reference() -> dict[int, Genotype]:
    return {p.pos: Genotype((p.ref, p.ref)) for p in GENE.positions}


@st.composite
def genotypes(draw: Any) -> dict[int, Genotype]:
    """Mostly reference; some variant, phased, half or missing positions."""
    observed = _reference()
    favoured = [p for p in GENE.positions if p.pos in (INTRONIC, EXONIC)]
    chosen = draw(st.lists(st.sampled_from([*favoured, *GENE.positions[:12]]), max_size=5, unique=True))
    for position in chosen:
        allele = st.sampled_from([position.ref, position.alts[0], None])
        phased = draw(st.booleans())
        phase_set = draw(st.sampled_from([None, "1", "2"])) if phased else None
        observed[position.pos] = Genotype((draw(allele), draw(allele)), phased, phase_set)
    return observed


@st.composite
def strands(draw: Any) -> str:
    """Any set of a few variants, by name."""
    near = [a.label for a in GENE.alleles if a.defined and a.defined[0][0] in (INTRONIC, EXONIC)]
    first = [PLACE_LABEL for PLACE_LABEL in PLACE if PLACE[PLACE_LABEL] <= GENE.positions[11].pos]
    found = draw(st.sets(st.sampled_from([*near, *first]), max_size=3))
    if {HAPB3, INTRON} <= found:
        found.discard(INTRON)
    labels = sorted(found, key=GENE.order.__getitem__)
    return f"[{' + '.join(labels)}]" if len(labels) > 1 else labels[0] if labels else "Reference"


@given(observed=genotypes(), data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_missing_position_never_narrows(observed: dict[int, Genotype], data: st.DataObject) -> None:
    lost = data.draw(st.lists(st.sampled_from(sorted(observed)), max_size=9, unique=True))
    absent = {pos: genotype for pos, genotype in observed.items() if pos not in lost}
    uncalled = {pos: MISSING if pos in lost else genotype for pos, genotype in observed.items()}
    half = observed | {
        p: Genotype((observed[p].alleles[0], None), observed[p].phased, observed[p].phase_set) for p in lost
    }
    before, after = call_gene(GENE, observed), call_gene(GENE, absent)
    again, partly = call_gene(GENE, uncalled), call_gene(GENE, half)
    pairs = [d.alleles for d in before.diplotypes[:20]]
    pairs += [(data.draw(strands()), data.draw(strands())) for _ in range(5)]
    for pair in pairs:
        assert not before.allows(*pair) or (after.allows(*pair) and partly.allows(*pair))
        assert not partly.allows(*pair) or after.allows(*pair)
        assert after.allows(*pair) == again.allows(*pair) == after.allows(*reversed(pair))
    assert after.reported == again.reported


@given(observed=genotypes())
@settings(max_examples=25, deadline=None)
def test_what_is_listed_is_allowed_and_probabilities_add_up(observed: dict[int, Genotype]) -> None:
    call = call_gene(GENE, observed)
    assert all(call.allows(*d.alleles) for d in call.diplotypes)
    assert len({d.name for d in call.diplotypes}) == len(call.diplotypes)
    assert sum(d.probability for d in call.diplotypes) + call.unlisted() == pytest.approx(1, abs=1e-9)
    assert sum(call.phenotypes().values()) == pytest.approx(1, abs=1e-9)


def _enumerated(call: Call, labels: list[str], frequency: dict[str, float]) -> dict[Phenotype, float]:
    """Phenotypes by writing out every pair of subsets of a few variants."""
    sets = [
        s for n in range(len(labels) + 1) for s in combinations(labels, n) if not {HAPB3, INTRON} <= set(s)
    ]
    found: dict[Phenotype, float] = {}
    for one in sets:
        for two in sets:
            names = [f"[{' + '.join(s)}]" if len(s) > 1 else s[0] if s else "Reference" for s in (one, two)]
            if call.allows(*names):
                weight = 1.0
                for label in (*one, *two):
                    weight *= frequency[label] / (1 - frequency[label])
                key = phenotype(GENE, *names)
                found[key] = found.get(key, 0.0) + weight
    total = sum(found.values())
    return {key: weight / total for key, weight in found.items()}


@pytest.mark.parametrize("seen", ["nothing of them", "intronic variant", "exonic reference", "one unphased"])
def test_phenotypes_equal_those_of_all_pairs_of_subsets(seen: str) -> None:
    labels = ["c.1905+1G>A (*2A)", "c.2846A>T", "c.85T>C (*9A)", HAPB3, INTRON]
    frequency = dict(zip(labels, (0.01, 0.02, 0.2, 0.03, 0.01), strict=True))
    open_ = {*(PLACE[label] for label in labels[:3]), INTRONIC, EXONIC}
    observed = {pos: genotype for pos, genotype in _reference().items() if pos not in open_}
    if seen == "intronic variant":
        observed[INTRONIC] = Genotype(("G", "C"))
    elif seen == "exonic reference":
        observed[EXONIC] = Genotype(("C", "C"))
    elif seen == "one unphased":
        observed |= {INTRONIC: Genotype(("G", "C")), PLACE["c.2846A>T"]: Genotype(("T", "A"))}
    call = call_gene(GENE, observed)
    call.frequencies = Frequencies({"DPYD": frequency}, "made up")
    expected = _enumerated(call, labels, frequency)
    found = call.shares()
    assert set(found) == set(expected)
    for key, share in expected.items():
        # An exonic variant without the intronic one is no allele, and weighs what the project chose.
        assert found[key] == pytest.approx(share, abs=1e-12)
    assert call.unlisted() < 1e-8


def test_a_combination_counts_as_its_lowest_activity() -> None:
    assert phenotype(GENE, "[c.85T>C (*9A) + c.1905+1G>A (*2A)]", "Reference") == (
        "Intermediate Metabolizer",
        1.0,
    )
    assert phenotype(GENE, "[c.2846A>T + c.9X>Y]", "Reference") == (None, None)


def test_without_frequencies_every_allele_is_as_frequent() -> None:
    observed = {p: g for p, g in _reference().items() if p != PLACE["c.1905+1G>A (*2A)"]}
    call = call_gene(GENE, observed)
    n = len(GENE.alleles)
    assert call.phenotypes()["Normal Metabolizer"] == pytest.approx((1 - 1 / n) ** 2)
    assert call.untested == ("c.1905+1G>A (*2A)",)


def test_half_of_the_positions_leave_the_phenotype_open() -> None:
    seen = sorted(_reference())[::2]
    call = call_gene(GENE, {pos: _reference()[pos] for pos in seen})
    assert call.phenotype is None
    assert 0.5 < call.phenotypes()["Normal Metabolizer"] < 0.95
