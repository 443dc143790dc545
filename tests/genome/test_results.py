"""What others have called: tables of diplotypes, PharmCAT, PyPGx, outside calls; and who disagrees."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytwin.errors import InputError
from pytwin.genome import Genome, SampleError, read_genome
from pytwin.genome.stated import parse_diplotype
from pytwin.genome.tables import load_tables

Write = Callable[[str, str], Path]
SAME = {"CYP2C9": (("*1/*2", 1.0),), "VKORC1": (("AG", 1.0),)}


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def both(genome: Genome) -> dict[str, Any]:
    return {gene: genome.diplotypes(gene) for gene in SAME}


TABLES = {
    "long.csv": "gene,diplotype\nCYP2C9,*1/*2\nVKORC1,A/G\n",
    "long.tsv": "Sample\tGene\tDiplotype\tPhenotype\nANNA\tCYP2C9\t*2/*1\t\nANNA\tVKORC1\t-1639 GA\t\n",
    "semicolon.csv": "Gene;Genotype\nCYP2C9;CYP2C9*1/*2\nVKORC1;rs9923231 C/T\n",
    "pairs.csv": "gene,allele1,allele2\nCYP2C9,*1,*2\nVKORC1,A,G\n",
    "wide.csv": "id,CYP2C9,VKORC1\n7,*1/*2,AG\n",
    "wide.tsv": "CYP2C9 genotype\tVKORC1_rs9923231\tage\n*1/*2\tA/G\t61\n",
    "wide_pairs.csv": "CYP2C9.1,CYP2C9.2,VKORC1_allele1,VKORC1_allele2\n*1,*2,A,G\n",
    "quoted.csv": '"gene","diplotype"\n"CYP2C9","*1/*2"\n"VKORC1","AG"\n',
    "mapping.json": '{"CYP2C9": "*1/*2", "VKORC1": "AG"}',
    "nested.json": '{"diplotypes": {"CYP2C9": {"diplotype": "*1/*2"}, "VKORC1": {"diplotype": "AG"}}}',
    "rows.json": '[{"gene": "CYP2C9", "diplotype": "*1/*2"}, {"gene": "VKORC1", "diplotype": "AG"}]',
    "outside.tsv": "# a comment\nCYP2C9\t*1/*2\nVKORC1\tAG\n",
}


@pytest.mark.parametrize("name", sorted(TABLES))
def test_tables_of_every_shape_say_the_same(write: Write, name: str) -> None:
    genome = read_genome(write(name, TABLES[name]))
    assert both(genome) == SAME
    assert set(genome.issues.counts()) <= {"genome.missing"}
    assert genome.sources[0].name == name


def test_data_frames_are_read() -> None:
    pandas = pytest.importorskip("pandas")
    genome = read_genome(
        pandas.DataFrame({"gene": ["CYP2C9", "VKORC1", "TPMT"], "diplotype": ["*1/*2", "AG", None]})
    )
    assert both(genome) == SAME
    assert genome.diplotypes("TPMT") == ()
    polars = pytest.importorskip("polars")
    assert both(read_genome(polars.DataFrame({"CYP2C9": ["*1/*2"], "VKORC1": ["AG"]}))) == SAME
    with pytest.raises(InputError, match=r"genome\.source"):
        read_genome(3.5)


def test_a_sample_is_chosen_from_several(write: Write) -> None:
    path = write("many.csv", "sample,CYP2C9,VKORC1\nANNA,*1/*2,AG\nBERTA,*1/*1,GG\n")
    with pytest.raises(SampleError) as caught:
        read_genome(path)
    assert caught.value.found == ("ANNA", "BERTA")
    assert "ANNA" not in str(caught.value)
    assert both(read_genome(path, sample="ANNA")) == SAME
    with pytest.raises(SampleError, match="sample-unknown"):
        read_genome(path, sample="CLARA")


def test_what_is_left_open_stays_open() -> None:
    genome = read_genome({"CYP2C9": "*1/*2 or *1/*3"})
    assert {name for name, _ in genome.diplotypes("CYP2C9")} == {"*1/*2", "*1/*3"}
    assert genome.genes["CYP2C9"].reported == ("*1/*2", "*1/*3")
    assert sum(p for _, p in genome.diplotypes("CYP2C9")) == pytest.approx(1)


def test_a_phenotype_alone_leaves_all_diplotypes_that_have_it(write: Write) -> None:
    genome = read_genome(write("p.csv", "gene,phenotype\nCYP2C9,PM\nTPMT,Poor Metaboliser\nCYP2B6,Odd\n"))
    call = genome.genes["CYP2C9"]
    assert (call.status, call.phenotype, call.reported) == ("ambiguous", "Poor Metabolizer", ())
    assert "*3/*3" in dict(genome.diplotypes("CYP2C9")) and "*1/*3" not in dict(genome.diplotypes("CYP2C9"))
    assert genome.genes["TPMT"].phenotype == "Poor Metabolizer"
    assert genome.diplotypes("CYP2B6") == ()
    assert genome.issues.counts()["genome.phenotype-unknown"] == 1
    scored = read_genome(write("a.csv", "gene,activity score\nCYP2C9,1.5\n"))
    assert scored.genes["CYP2C9"].activity_score == 1.5


def test_a_stated_phenotype_that_is_not_that_of_the_diplotype_is_an_issue(write: Write) -> None:
    genome = read_genome(write("p.csv", "gene,diplotype,phenotype\nCYP2C9,*1/*1,Poor Metabolizer\n"))
    assert genome.issues.counts() == {"genome.phenotype-differs": 1}
    assert genome.genes["CYP2C9"].phenotype == "Normal Metabolizer"


def test_rows_that_contradict_each_other_both_remain(write: Write) -> None:
    genome = read_genome(write("c.csv", "gene,diplotype\nCYP2C9,*1/*1\nCYP2C9,*3/*3\n"))
    assert dict(genome.diplotypes("CYP2C9")) == {"*1/*1": 0.5, "*3/*3": 0.5}
    assert genome.genes["CYP2C9"].reported == ("*1/*1", "*3/*3")
    assert genome.issues.counts() == {"genome.contradiction": 1}


def test_genes_without_table_are_kept_as_stated(write: Write) -> None:
    genome = read_genome(write("o.tsv", "HLA-B\t*15:02/*57:01\nMT-RNR1\t1555A>G\nNOGENE\t*1/*1\n"))
    assert genome.diplotypes("HLA-B") == (("*15:02/*57:01", 1.0),)
    assert genome.stated["MT-RNR1"][0].diplotypes == ("1555A>G",)
    assert genome.issues.counts() == {"genome.gene-unknown": 1}
    assert "15:02" not in repr(genome) + repr(genome.stated)


@pytest.mark.parametrize(
    ("gene", "text", "expected"),
    [
        ("DPYD", "c.1905+1G>A (*2A)/Reference", ("c.1905+1G>A (*2A)", "Reference")),
        ("DPYD", "*2A/*1", ("c.1905+1G>A (*2A)", "Reference")),
        ("DPYD", "c.1905+1G>A/HapB3", ("c.1905+1G>A (*2A)", "c.1129-5923C>G, c.1236G>A (HapB3)")),
        ("UGT1A1", "*1/*80+*28", ("*1", "*80+*28")),
        ("UGT1A1", "*1/*80 + *28", ("*1", "*80+*28")),
        ("CYP2D6", "*1x2/*4", ("*1x2", "*4")),
        ("CYP2D6", "*36+*10/*5", ("*36+*10", "*5")),
        ("CYP2D6", "*2≥3/*41", ("*2≥3", "*41")),
        ("IFNL3", "C/T", ("rs12979860 reference (C)", "rs12979860 variant (T)")),
        ("IFNL3", "rs12979860 reference (C)/rs12979860 variant (T)",
         ("rs12979860 reference (C)", "rs12979860 variant (T)")),
        ("VKORC1", "rs9923231 reference (C)/rs9923231 variant (T)", ("G", "A")),
        ("CYP2C19", "CYP2C19 *1/*2", ("*1", "*2")),
        ("CYP2C9", "*1", None),
        ("CYP2C9", "*1/*2/*3", None),
        ("CYP2C9", "c.430C>T/*1", None),
        ("DPYD", "[c.85T>C (*9A) + c.1905+1G>A (*2A)]/Reference",
         ("[c.1905+1G>A (*2A) + c.85T>C (*9A)]", "Reference")),
    ],
)  # fmt: skip
def test_spellings_of_diplotypes(gene: str, text: str, expected: tuple[str, str] | None) -> None:
    found = parse_diplotype(load_tables().genes[gene], text)
    if expected and expected[0].startswith("["):
        assert found is not None and set(found[0][1:-1].split(" + ")) == set(expected[0][1:-1].split(" + "))
    else:
        assert found == expected


def test_every_allele_of_the_tables_is_read_as_itself() -> None:
    for gene in load_tables().genes.values():
        for label in gene.labels:
            between = gene.separator or "/"
            assert parse_diplotype(gene, f"{label}{between}{label}") == (label, label)


# outside calls beside genotypes


def test_an_outside_call_that_the_genotypes_allow_is_taken(corpus: Path) -> None:
    genome = read_genome(corpus / "no_call.vcf", outside={"CYP2C9": "*1/*2"})
    assert genome.diplotypes("CYP2C9") == (("*1/*2", pytest.approx(1)),)
    assert genome.genes["CYP2C9"].uncalled
    assert "genome.outside-differs" not in genome.issues.counts()
    assert [source.name for source in genome.sources] == ["no_call.vcf", "diplotypes"]


def test_an_outside_call_that_the_genotypes_exclude_is_an_issue_and_both_remain(corpus: Path) -> None:
    alone = read_genome(corpus / "good.vcf")
    genome = read_genome(corpus / "good.vcf", outside={"CYP2C9": "*3/*3"})
    (issue,) = genome.issues.with_code("genome.outside-differs")
    assert issue.severity == "error"
    found = dict(genome.diplotypes("CYP2C9"))
    assert found["*3/*3"] == pytest.approx(0.5)
    for name, probability in alone.diplotypes("CYP2C9"):
        assert found[name] == pytest.approx(probability / 2)
    assert genome.genes["CYP2C9"].reported == ()
    assert genome.genes["CYP2C9"].phenotype is None


def test_copies_and_hla_come_from_outside(corpus: Path, write: Write) -> None:
    outside = write("lab.tsv", "CYP2D6\t*1x2/*4\tNormal Metabolizer\t2.0\nHLA-B\t*57:01/*07:02\n")
    genome = read_genome(corpus / "good.vcf", outside=outside)
    assert genome.diplotypes("CYP2D6") == (("*4/*1x2", 1.0),)
    assert genome.diplotypes("HLA-B") == (("*57:01/*07:02", 1.0),)
    assert genome.diplotypes("VKORC1") == read_genome(corpus / "good.vcf").diplotypes("VKORC1")
    with pytest.raises(InputError, match="outside-empty"):
        read_genome(corpus / "good.vcf", outside=corpus / "good.vcf")


def test_an_outside_phenotype_narrows_without_naming(corpus: Path, write: Write) -> None:
    outside = write("lab.tsv", "CYP2C9\t\tIntermediate Metabolizer\n")
    before = read_genome(corpus / "no_call.vcf")
    genome = read_genome(corpus / "no_call.vcf", outside=outside)
    after = dict(genome.diplotypes("CYP2C9"))
    assert set(after) < {name for name, _ in before.diplotypes("CYP2C9")}
    assert genome.genes["CYP2C9"].phenotype == "Intermediate Metabolizer"
    assert genome.genes["CYP2C9"].reported == ()


# PharmCAT


def variant(pos: int, rsid: str, call: str | None) -> dict[str, Any]:
    return {"position": pos, "dbSnpId": rsid, "call": call, "phased": False, "phaseSet": None}


def report(source: str, label: str, variants: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    diplotype = {"label": label, "phenotypes": more.pop("phenotypes", []), "activityScore": None}
    return {
        "callSource": source,
        "chr": "chr10",
        "sourceDiplotypes": [diplotype],
        "variants": variants,
        **more,
    }


def phenotype_json(reports: dict[str, Any]) -> str:
    return json.dumps(
        {"matcherMetadata": {"genomeBuild": "GRCh38.p14", "sampleId": "ANNA"}, "geneReports": reports}
    )


def test_positions_that_pharmcat_had_to_take_for_reference_stay_missing(write: Write) -> None:
    seen = [variant(94942290, "rs1799853", "C/T"), variant(94981296, "rs1057910", None)]
    genome = read_genome(
        write("x.phenotype.json", phenotype_json({"CYP2C9": report("MATCHER", "*1/*2", seen)}))
    )
    found = dict(genome.diplotypes("CYP2C9"))
    assert "*1/*2" in found and "*2/*3" in found
    assert genome.genotype("rs1799853") == ("C", "T")
    assert "rs1057910" in genome.genes["CYP2C9"].uncalled
    assert (genome.build, genome.sample) == ("GRCh38", "ANNA")
    assert "genome.outside-differs" not in genome.issues.counts()


def test_a_call_of_pharmcat_that_its_genotypes_exclude_is_an_issue(write: Write) -> None:
    seen = [variant(94942290, "rs1799853", "C/T")]
    genome = read_genome(write("x.json", phenotype_json({"CYP2C9": report("MATCHER", "*1/*1", seen)})))
    assert genome.issues.counts()["genome.outside-differs"] == 1
    assert "*1/*1" not in dict(genome.diplotypes("CYP2C9"))


def test_older_results_and_those_of_the_matcher_are_read(write: Write) -> None:
    seen = [variant(94942290, "rs1799853", "C|T")]
    older = phenotype_json({"CPIC": {"CYP2C9": report("MATCHER", "*1/*2", seen)}})
    assert read_genome(write("a.json", older)).genotype("rs1799853") == ("C", "T")
    matcher = {
        "metadata": {"namedAlleleMatcherVersion": "2.0", "genomeBuild": "GRCh38.p13"},
        "results": [
            {"gene": "CYP2C9", "chromosome": "chr10", "diplotypes": [{"name": "*1/*2"}],
             "variants": [{"position": 94942290, "rsid": "rs1799853", "vcfCall": "C|T"}]}
        ],
    }  # fmt: skip
    assert read_genome(write("b.json", json.dumps(matcher))).genotype("rs1799853") == ("C", "T")


def test_calls_that_pharmcat_had_from_outside_are_stated(write: Write) -> None:
    reports = {
        "CYP2D6": report("OUTSIDE", "*1/*4", [], phenotypes=["Intermediate Metabolizer"]),
        "HLA-B": report("OUTSIDE", "*57:01/*07:02", []),
        "HLA-A": report("NONE", "Unknown/Unknown", []),
    }
    genome = read_genome(write("x.json", phenotype_json(reports)))
    assert genome.diplotypes("CYP2D6") == (("*1/*4", 1.0),)
    assert set(genome.stated) == {"CYP2D6", "HLA-B"}


def test_a_result_of_another_build_is_refused(write: Write) -> None:
    text = phenotype_json({}).replace("GRCh38.p14", "GRCh37")
    with pytest.raises(InputError, match="build-other"):
        read_genome(write("x.json", text))
    with pytest.raises(InputError, match=r"pharmcat\.form"):
        read_genome(write("y.json", phenotype_json({})))


TITLES = (
    "Gene\tSource Diplotype\tPhenotype\tActivity Score\tMissing positions\tRecommendation Lookup Diplotype"
)


def test_the_report_leaves_open_what_has_several_rows(write: Write) -> None:
    rows = [
        "CYP2C9\t*1/*2\tIntermediate Metabolizer\t1.5\tyes\t*1/*2",
        "CYP2C9\t*1/*3\tIntermediate Metabolizer\t1.0\tyes\t*1/*3",
        "VKORC1\trs9923231 reference (C)/rs9923231 variant (T)\t-1639 AG\t\tno\t",
        "DPYD\tc.1905+1G>A (*2A)\tIntermediate Metabolizer\t1.0\tno\tReference/c.1905+1G>A (*2A)",
    ]
    genome = read_genome(write("x.report.tsv", "\n".join(["PharmCAT v3.1.0", TITLES, *rows]) + "\n"))
    assert {name for name, _ in genome.diplotypes("CYP2C9")} == {"*1/*2", "*1/*3"}
    assert genome.diplotypes("VKORC1") == (("AG", 1.0),)
    assert genome.diplotypes("DPYD")[0][0] == "Reference/c.1905+1G>A (*2A)"
    assert genome.issues.counts() == {"genome.positions-missing": 1}


# PyPGx

PYPGX = "\tGenotype\tPhenotype\tHaplotype1\tHaplotype2\tAlternativePhase\tVariantData\tCNV\n"
PYPGX_ROWS = "ANNA\t*1/*2\tIntermediate Metabolizer\t*1;\t*2;\t;\t*2:22-1-A-T:0.5;\tNormal\n"


def test_results_of_pypgx_by_file_name_option_column_and_archive(write: Write, tmp_path: Path) -> None:
    for path, options in (
        (write("grch38-CYP2C9-results.tsv", PYPGX + PYPGX_ROWS), {}),
        (write("results.tsv", PYPGX + PYPGX_ROWS), {"gene": "CYP2C9"}),
        (write("all.tsv", "Gene" + PYPGX + "CYP2C9\t" + PYPGX_ROWS.partition("\t")[2]), {}),
    ):
        genome = read_genome(path, **options)
        assert genome.diplotypes("CYP2C9") == (("*1/*2", 1.0),)
    archive = tmp_path / "results.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr(
            "a1b2/metadata.txt", "Gene=CYP2C9\nAssembly=GRCh37\nSemanticType=SampleTable[Results]\n"
        )
        packed.writestr("a1b2/data.tsv", PYPGX + PYPGX_ROWS)
    genome = read_genome(archive)
    assert genome.diplotypes("CYP2C9") == (("*1/*2", 1.0),)
    assert genome.sample == "ANNA"


def test_results_of_pypgx_without_gene_or_called_indeterminate(write: Write) -> None:
    with pytest.raises(InputError, match=r"pypgx\.gene"):
        read_genome(write("results.tsv", PYPGX + PYPGX_ROWS))
    open_ = PYPGX + PYPGX_ROWS.replace("*1/*2\tIntermediate Metabolizer", "Indeterminate\tIndeterminate")
    genome = read_genome(write("CYP2C9.tsv", open_))
    assert genome.diplotypes("CYP2C9") == ()
    assert genome.issues.counts() == {"genome.missing": 1}
    two = PYPGX + PYPGX_ROWS + PYPGX_ROWS.replace("ANNA", "BERTA").replace("*1/*2", "*1/*1")
    with pytest.raises(SampleError):
        read_genome(write("CYP2C9_two.tsv", two))
