"""Recommendations as data, and what weighs an open call."""

from __future__ import annotations

import pytest

from pytwin.errors import InputError
from pytwin.genome import Frequencies, Genome
from pytwin.genome.call import Call, call_gene
from pytwin.genome.frequencies import UNTRACED, weight_sources
from pytwin.genome.genotype import Genotype
from pytwin.genome.recommendations import drugs, recommendations, recommended
from pytwin.genome.tables import load_tables
from pytwin.therapies import load

ACTIONS = {"standard", "reduce", "increase", "limit", "alternative", "none"}


def _call(gene: str, missing: str | None = None) -> Call:
    """A gene that is reference everywhere, but for one rsID that was not seen."""
    table = load_tables().genes[gene]
    return call_gene(table, {p.pos: Genotype((p.ref, p.ref)) for p in table.positions if p.rsid != missing})


def test_rows_are_codes_of_our_own_and_no_text() -> None:
    rows = [row for drug in drugs() for row in recommendations(drug)]
    assert len(rows) == 310
    assert {row.action for row in rows} == ACTIONS
    assert all(row.dose is None or 0 < row.dose[0] <= row.dose[1] <= 2 for row in rows)
    assert all(len(text) < 40 for row in rows for pair in row.phenotypes for text in pair if text)
    assert all("cpicpgx.org" in row.source and row.strength is None for row in rows)


def test_a_stated_diplotype_has_its_recommendation() -> None:
    genome = Genome.from_diplotypes({"CYP2C19": "*2/*2", "TPMT": "*1/*3C", "NUDT15": "*1/*1"})
    (only,) = recommended(genome, "Clopidogrel")
    assert (only.recommendation.action, only.probability) == ("alternative", 1.0)
    (thiopurine,) = recommended(genome, "mercaptopurine")
    assert (thiopurine.recommendation.action, thiopurine.recommendation.dose) == ("reduce", (0.3, 0.8))


def test_an_open_genotype_gives_every_recommendation_with_its_probability() -> None:
    genes = {**Genome.from_diplotypes({}).genes, "CYP2C19": _call("CYP2C19", "rs4244285")}
    base = Genome.from_diplotypes({})
    genome = Genome(genes, None, None, base.issues, (), base.tables_version)
    found = recommended(genome, "clopidogrel")
    assert [row.action for row, _ in found if row.action != "none"]
    assert sum(probability for _, probability in found) == pytest.approx(
        sum(p for name, p in genes["CYP2C19"].phenotypes().items() if name), abs=1e-12
    )


def test_a_gene_that_was_not_tested_has_the_rows_for_that() -> None:
    genome = Genome.from_diplotypes({"TPMT": "*1/*3A"})
    (only,) = recommended(genome, "azathioprine")
    assert only.recommendation.partial
    assert dict(only.recommendation.phenotypes)["NUDT15"] is None
    assert recommended(Genome.from_diplotypes({}), "clopidogrel") == ()


def test_drugs_without_a_table() -> None:
    assert recommendations("warfarin") == () == load("warfarin").recommendations
    with pytest.raises(InputError, match="no-recommendations"):
        recommended(Genome.from_diplotypes({}), "warfarin")


def test_what_weighs_a_call_is_shown() -> None:
    genes = load_tables().genes
    assert weight_sources(genes["SLCO1B1"]) == UNTRACED
    assert "Zhou" in weight_sources(genes["CYP3A5"])
    call = _call("SLCO1B1", "rs4149056").with_frequencies(Frequencies({"SLCO1B1": {"*5": 0.02}}, "made up"))
    assert call.weighed_by == "made up"
    assert _call("SLCO1B1").weighed_by == UNTRACED


def test_without_frequencies_alleles_weigh_the_same_and_a_key_position_leaves_the_phenotype_open() -> None:
    call = _call("SLCO1B1", "rs4149056")
    shares = {d.name: d.probability for d in call.diplotypes}
    assert shares["*1/*5"] == pytest.approx(2 * shares["*1/*1"])
    assert call.phenotype is None


def test_frequencies_of_a_user_reweigh_a_call() -> None:
    rare = Frequencies({"SLCO1B1": {"*5": {"White": 0.0, "all": 0.5}}}, "made up")
    call = _call("SLCO1B1", "rs4149056").with_frequencies(rare)
    assert call.weighted("White")[0].name == "*1/*1"
    assert call.weighted("White")[0].probability > 0.9
    assert call.weighted("Asian")[0].name != "*1/*1"
    assert call.allows("*1", "*5")


@pytest.mark.parametrize("value", [-0.1, 1.5])
def test_a_frequency_is_between_0_and_1(value: float) -> None:
    with pytest.raises(InputError, match="frequency"):
        Frequencies({"CYP2C19": {"*2": value}}, "made up")


def test_the_table_says_where_alleles_are_weighed_alike_and_what_would_explain_the_data() -> None:
    base = Genome.from_diplotypes({})
    cis = {94942290: Genotype(("C", "T"), True), 94981296: Genotype(("A", "C"), True)}
    table = load_tables().genes["CYP2C9"]
    both = call_gene(table, {p.pos: Genotype((p.ref, p.ref)) for p in table.positions} | cis)
    genes = {**base.genes, "SLCO1B1": _call("SLCO1B1", "rs4149056"), "CYP2C9": both}
    rows = {row.gene: row for row in Genome(genes, None, None, base.issues, (), base.tables_version).table}
    assert "weighed alike" in rows["SLCO1B1"].open
    assert "*1/[*2 + *3]" in rows["CYP2C9"].open
    assert "alike" not in rows["CYP2C9"].open
