"""Genome: stated diplotypes, marginals, frequencies, tables, and what a notebook shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytwin.errors import InputError
from pytwin.genome import Genome, diplotype_frequencies, read_genome
from pytwin.genome.frequencies import allele_frequency, groups, sources
from pytwin.genome.tables import load_tables


@pytest.mark.parametrize(
    "text", ["A/G", "G/A", "GA", "ag", "-1639 G/A", "-1639GA", "C/T", "TC", "rs9923231 C/T", "G|A"]
)
def test_vkorc1_is_read_in_either_strand(text: str) -> None:
    genome = Genome.from_diplotypes({"VKORC1": text})
    assert genome.diplotypes("VKORC1") == (("AG", 1.0),)
    assert genome.genes["VKORC1"].phenotype == "-1639 AG"


@pytest.mark.parametrize(("text", "expected"), [("CC", "GG"), ("GG", "GG"), ("TT", "AA"), ("A/A", "AA")])
def test_vkorc1_homozygotes(text: str, expected: str) -> None:
    assert Genome.from_diplotypes({"VKORC1": text}).diplotypes("VKORC1") == ((expected, 1.0),)


@pytest.mark.parametrize("text", ["A/C", "G/T", "-1639G>A", "AX", "A/G/A", "high"])
def test_unreadable_is_an_error_issue_and_missing(text: str) -> None:
    genome = Genome.from_diplotypes({"VKORC1": text, "CYP2C9": "*1/*2"})
    assert genome.diplotypes("VKORC1") == ()
    (issue,) = genome.issues.with_code("genome.diplotype-unreadable")
    assert (issue.severity, issue.found) == ("error", text)
    assert text not in str(issue)
    assert genome.diplotypes("CYP2C9") == (("*1/*2", 1.0),)


@pytest.mark.parametrize("text", [None, "", " ", "NA", float("nan"), "./.", "Unknown"])
def test_missing_is_missing(text: str | None) -> None:
    genome = Genome.from_diplotypes({"CYP2C9": text})
    assert genome.diplotypes("CYP2C9") == ()
    assert genome.genes["CYP2C9"].status == "no information"
    assert genome.issues.counts() == {"genome.missing": 1}


def test_star_alleles_in_any_order_known_or_not() -> None:
    assert Genome.from_diplotypes({"CYP2C9": "*3/*2"}).diplotypes("CYP2C9") == (("*2/*3", 1.0),)
    assert Genome.from_diplotypes({"CYP2C9": "*1 | *5"}).genes["CYP2C9"].activity_score == 1.5
    unknown = Genome.from_diplotypes({"CYP2C9": "*1/*999"})
    assert unknown.diplotypes("CYP2C9") == (("*1/*999", 1.0),)
    assert unknown.genes["CYP2C9"].phenotype is None
    assert unknown.issues.counts() == {"genome.allele-unknown": 1}


def test_gene_without_table_is_an_error_issue() -> None:
    genome = Genome.from_diplotypes({"CYP2X9": "*1/*2"})
    assert genome.issues.counts() == {"genome.gene-unknown": 1}
    assert genome.diplotypes("CYP2X9") == ()
    assert genome.marginal("CYP2X9").diplotypes == ()


def test_marginal_over_common_alleles_and_the_other_share(corpus: Path) -> None:
    genome = read_genome(corpus / "good.vcf")
    found = genome.marginal("CYP2C9")
    total = sum(p for _, p in found.diplotypes) + found.other
    assert total == pytest.approx(1, abs=1e-12)
    assert found.diplotypes[0][0] == "*1/*2"
    assert 0 < found.other < 0.1
    assert sum(p for _, p in found.normalised()) == pytest.approx(1, abs=1e-12)
    wider = genome.marginal("CYP2C9", {"*1": ("*1", "*9"), "*2": ("*2",), "*3": ("*3",)})
    assert wider.other < found.other


def test_marginal_of_stated_rare_allele_is_all_other() -> None:
    found = Genome.from_diplotypes({"CYP2C9": "*1/*5"}).marginal("CYP2C9")
    assert (found.diplotypes, found.other, found.normalised()) == ((), 1.0, ())


def test_marginal_of_vkorc1_and_without_information() -> None:
    genome = Genome.from_diplotypes({"VKORC1": "AG"})
    assert genome.marginal("VKORC1").diplotypes == (("AG", 1.0),)
    assert genome.marginal("CYP2C9") == ((), 0.0)


@pytest.mark.parametrize("race", [None, "Unknown", *groups()])
@pytest.mark.parametrize(
    ("gene", "names"),
    [
        ("CYP2C9", {"*1/*1", "*1/*2", "*1/*3", "*2/*2", "*2/*3", "*3/*3"}),
        ("VKORC1", {"GG", "AG", "AA"}),
        ("CYP4F2", {"*1/*1", "*1/*3", "*3/*3"}),
    ],
)
def test_diplotype_frequencies(race: str | None, gene: str, names: set[str]) -> None:
    found = diplotype_frequencies(gene, race)
    assert set(found) == names
    assert sum(found.values()) == pytest.approx(1, abs=1e-12)
    assert min(found.values()) > 0


def test_frequencies_differ_by_group_and_name_their_source() -> None:
    assert diplotype_frequencies("VKORC1", "Asian")["AA"] > 0.7
    assert diplotype_frequencies("VKORC1", "Black or African American")["GG"] > 0.7
    assert allele_frequency("CYP2C9", "*2", "White").source == "iwpc"
    assert allele_frequency("CYP2C9", "*8", "Black or African American") == (0.053, "shendre2018")
    assert allele_frequency("CYP2C9", "*88", "White").source == "untraced"
    assert {"iwpc", "shendre2018", "zhou2017", "untraced"} <= set(sources())
    with pytest.raises(InputError, match="gene-unknown"):
        diplotype_frequencies("CYP2X9")


def test_race_weighs_what_the_data_leave_open(corpus: Path) -> None:
    genome = read_genome(corpus / "no_call.vcf")
    white, asian = (dict(genome.diplotypes("CYP2C9", race)) for race in ("White", "Asian"))
    assert white["*1/*2"] > 0.15
    assert asian["*1/*2"] < 0.01


def test_tables_carry_version_and_attribution() -> None:
    tables = load_tables()
    assert (tables.version, tables.build) == ("2025-11-05-00-25", "GRCh38.p14")
    assert "CPIC" in tables.attribution
    genes = tables.genes.values()
    assert len(genes) == 16
    assert sum(len(gene.positions) for gene in genes) == 622
    assert sum(len(gene.alleles) for gene in genes) == 686


def test_table_callability_and_html(corpus: Path) -> None:
    genome = read_genome(corpus / "good.vcf")
    rows = {row.gene: row for row in genome.table}
    assert (rows["CYP2C9"].called, rows["CYP2C9"].total, rows["CYP2C9"].likeliest) == (2, 83, "*1/*2")
    assert genome.callability["CYP2C9"].called == 2
    assert "*8" in genome.callability["CYP2C9"].untested
    assert genome.callability["VKORC1"] == (1, 1, (), ())
    html = genome._repr_html_()
    assert "AG" in html and "research" in html
    assert genome.sources[0].name == "good.vcf"
    assert len(genome.sources[0].sha256) == 64
