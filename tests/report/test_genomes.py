"""`pytwin genome FILE`, the table of a genome and its figure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import pytwin as pt
from pytwin.cli import main
from pytwin.datasets import path
from pytwin.genome import Genome, read_genome

VCF = path("patient.vcf")
PARTIAL = Path(__file__).parents[1] / "genome" / "corpus" / "good.vcf"


def call(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["genome", *map(str, words)], catch_exceptions=False)


def row(genome: Genome, gene: str) -> dict[str, object]:
    return next(one._asdict() for one in genome.table if one.gene == gene)


def test_the_command_shows_genes_and_what_is_open() -> None:
    done = call(PARTIAL)
    assert done.exit_code == 0
    assert "CYP2C9" in done.stdout and "positions not called" in done.stdout
    assert "Nothing is known about" in done.stdout
    assert "genome.uncalled" not in done.stdout


def test_no_name_of_a_sample_is_shown(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text("sample,gene,diplotype\nANNA,CYP2C9,*1/*2\nBERTA,CYP2C9,*1/*1\n")
    for options in ((), ("--json",)):
        done = call(file, "--sample", "ANNA", *options)
        assert "*1/*2" in done.stdout
        assert "ANNA" not in done.stdout
    failed = call(file)
    assert failed.exit_code == 2
    assert "table.several-samples" in failed.stderr and "ANNA" not in failed.stderr


def test_json_and_fhir(tmp_path: Path) -> None:
    target = tmp_path / "genome.json"
    outside = tmp_path / "lab.tsv"
    outside.write_text("CYP2D6\t*1x2/*4\tNormal Metabolizer\t2.0\nHLA-B\t*57:01/*07:02\n")
    done = call(VCF, "--outside", outside, "--json", "--fhir", target)
    shown = {one["gene"]: one for one in json.loads(done.stdout)["genes"]}
    assert shown["CYP2D6"]["phenotype"] == "Normal Metabolizer"
    assert shown["HLA-B"]["reported"] == "*57:01/*07:02"
    assert sum(shown["CYP2C9"]["phenotypes"].values()) == pytest.approx(1)
    again = read_genome(target)
    assert again.table == read_genome(VCF, outside=outside).table


def test_the_table_says_what_is_open() -> None:
    genome = read_genome({"CYP2C9": "*1/*1 or *1/*2", "TPMT": "*1/*1", "HLA-B": "*57:01/*07:02"})
    assert row(genome, "TPMT")["open"] == ""
    assert row(genome, "TPMT")["phenotype"] == "Normal Metabolizer"
    assert row(genome, "CYP2B6")["open"] == "nothing is known"
    said = str(row(genome, "CYP2C9")["open"])
    assert said.startswith("2 diplotypes possible") and "Intermediate Metabolizer" in said
    assert row(genome, "HLA-B")["open"] == "no allele table; as stated"
    assert "HLA-B" in genome._repr_html_()


def test_a_stated_phenotype_stands_only_where_the_tables_have_none(tmp_path: Path) -> None:
    file = tmp_path / "lab.tsv"
    file.write_text("CYP2D6\t*1/*4\tIntermediate Metabolizer\t1.0\nCYP2C9\t*1/*1\tPoor Metabolizer\n")
    genome = read_genome(file)
    assert row(genome, "CYP2D6")["phenotype"] == "Intermediate Metabolizer"
    assert row(genome, "CYP2D6")["activity_score"] == 1.0
    assert row(genome, "CYP2C9")["phenotype"] == "Normal Metabolizer"


def test_html_escapes_what_a_source_states(tmp_path: Path) -> None:
    file = tmp_path / "lab.tsv"
    file.write_text("HLA-B\t<script>alert(1)</script>\n")
    assert "<script>" not in read_genome(file)._repr_html_()


def test_the_figure_has_a_bar_for_each_gene_of_which_something_is_known() -> None:
    figure = pt.read_genome(VCF, outside={"TPMT": "*1/*3A or *1/*1"}).plot()
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert {"CYP2C9", "VKORC1", "TPMT"} <= set(labels)
    ends = {}
    for bar in figure.axes[0].patches:
        at = round(bar.get_y() + bar.get_height() / 2)
        ends[at] = max(ends.get(at, 0.0), bar.get_x() + bar.get_width())
    assert all(end == pytest.approx(1) for end in ends.values())
    assert len(ends) == len(labels)
    empty = Genome.from_diplotypes({}).plot()
    assert not empty.axes[0].patches
