"""The reference library: PharmCAT's own tests, the validators' files, the tables themselves.

Expected diplotypes: genomics/pharmcat_tests/manifest.json; how they are read: genomics/CASES.md, section 2.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytwin.errors import InputError
from pytwin.genome import read_genome
from pytwin.genome.phenotype import phenotype
from pytwin.genome.tables import Gene, load_tables
from pytwin.genome.vcf import read_vcf
from pytwin.genome.vcf_header import SampleError

pytestmark = pytest.mark.reference

EXACT = ("testPrintCpicCalls", "testPrintCalls", "testSourceDiplotypes")


def _expectations(test: dict[str, Any]) -> Iterator[tuple[str, list[str], str]]:
    """(gene, diplotypes, which list of the call) of one record of the manifest."""
    genes, expected = load_tables().genes, test["expected"]
    if test["gene"] in genes and "diplotypes" in expected:
        yield (
            test["gene"],
            expected["diplotypes"],
            "reported" if expected.get("note_flag_true_in_call") else "matched",
        )
    for assertion in expected.get("assertions", []):
        args = re.findall(r'"([^"]*)"', assertion["args"])
        if args and args[0] in genes:
            if assertion["fn"] in EXACT:
                yield args[0], args[1:], "reported"
            elif assertion["fn"] == "testRecommendedDiplotypes":
                yield args[0], ["/".join(args[1:])], "reported"
            elif assertion["fn"] == "testCalledByMatcher":
                yield args[0], ["*"], "reported"


def _named(gene: Gene, diplotype: str) -> str:
    labels = {allele.name: allele.label for allele in gene.alleles}
    first, second = (labels[name] for name in diplotype.split("/"))
    return gene.diplotype_name(first, second)


def test_pharmcat_expectations_of_the_three_genes_are_all_exact(genomics: Path) -> None:
    manifest = json.loads((genomics / "pharmcat_tests" / "manifest.json").read_text())
    done = 0
    for test in manifest:
        for name, expected, which in _expectations(test):
            call = read_genome(genomics / "pharmcat_tests" / test["vcf"]).genes[name]
            found = set(getattr(call, which))
            if expected == ["*"]:
                assert found, test["id"]
            else:
                assert found == {_named(call.table, diplotype) for diplotype in expected}, test["id"]
            done += 1
    assert done == 14


def test_pharmcat_example_has_its_published_calls(genomics: Path) -> None:
    genome = read_genome(genomics / "vcf" / "pharmcat_examples" / "pharmcat.example.vcf")
    with gzip.open(genomics / "vcf" / "pharmcat_examples" / "pharmcat.example.phenotype.json.gz") as stream:
        text = stream.read().decode()
    for name, call in genome.genes.items():
        assert call.status == "called"
        assert name in text
    assert len(genome.issues) == 0


def test_gvcf_and_mismatched_reference_files(genomics: Path) -> None:
    folder = genomics / "vcf"
    block = read_genome(folder / "pharmcat_preprocessor" / "test_gvcf_block.vcf")
    assert all(call.status == "no information" for call in block.genes.values())
    mismatched = read_genome(folder / "pharmcat_reader" / "NamedAlleleMatcher-mismatchedRefAllele.vcf")
    assert mismatched.genes["VKORC1"].status == "no information"


def _wanted(path: Path) -> dict[str, list[int]]:
    found: dict[str, set[int]] = {}
    for line in path.read_bytes().splitlines():
        parts = line.split(b"\t")
        if len(parts) > 2 and parts[1].isdigit() and not line.startswith(b"#"):
            found.setdefault(parts[0].decode("utf-8", "replace").removeprefix("chr"), set()).add(
                int(parts[1][:10])
            )
    return {chromosome: sorted(at) for chromosome, at in found.items()}


def _validator_files(genomics: Path, folder: str) -> list[Path]:
    return [
        path
        for source in ("ebi_validator", "hts_specs")
        for path in sorted((genomics / "vcf" / source).rglob("*.vcf"))
        if path.parent.name == folder
    ]


def _records(path: Path) -> tuple[int, list[str]]:
    """Records and issue codes over all samples of a file."""
    try:
        file = read_vcf(path, _wanted(path))
    except SampleError as error:
        if not error.found:
            return 0, []
        file = read_vcf(path, _wanted(path), error.found[0])
    return len(file.records), [issue.code for issue in file.issues]


def test_valid_files_of_the_validators_are_read_without_a_refused_line(genomics: Path) -> None:
    files = _validator_files(genomics, "passed")
    assert len(files) == 60
    for path in files:
        _, codes = _records(path)
        assert set(codes) <= {"vcf.no-genotype", "vcf.no-final-newline"}, path.name


def test_invalid_files_of_the_validators_never_crash_and_give_no_call(genomics: Path) -> None:
    files = _validator_files(genomics, "failed")
    assert len(files) == 381
    for path in files:
        try:
            _records(path)
            genome = read_genome(path)
        except InputError as error:
            assert error.code
            continue
        assert all(call.status == "no information" for call in genome.genes.values()), path.name


def test_broken_positions_and_alleles_are_all_refused(genomics: Path) -> None:
    with open(genomics / "vcf" / "invalid_files.csv", newline="") as stream:
        rows = [r for r in csv.DictReader(stream) if r["area"] in ("body_pos", "body_ref", "body_alt")]
    assert len(rows) == 24
    for row in rows:
        try:
            _, codes = _records(genomics / "vcf" / row["file"])
        except InputError as error:
            codes = [error.code]
        assert codes, row["file"]


def test_files_of_other_builds_and_broken_headers_are_refused(genomics: Path) -> None:
    folder = genomics / "vcf"
    for name, code in (
        ("cyvcf2_tests/test-multiallelic-homozygous-alt.vcf.gz", "genome.build-37"),
        ("pysam_tests/24.vcf", "vcf.columns"),
        ("pysam_tests/issue85.vcf", "vcf.no-columns"),
        ("cyvcf2_tests/test-invalid-header.vcf", "vcf.version"),
    ):
        with pytest.raises(InputError) as caught:
            read_genome(folder / name)
        assert caught.value.code == code


def test_tables_equal_the_reference_tables(genomics: Path) -> None:
    folder = genomics / "tables"
    genes = load_tables().genes
    with open(folder / "allele_definitions_long.csv", newline="") as stream:
        rows = [r for r in csv.DictReader(stream) if r["gene"] in genes and r["pos_grch38"]]
    theirs = {(r["gene"], r["allele"], int(r["pos_grch38"]), r["vcf_allele"]) for r in rows}
    ours = {(g.name, a.name, pos, base) for g in genes.values() for a in g.alleles for pos, base in a.defined}
    assert ours == theirs


@pytest.mark.parametrize("name", ["CYP2C9", "VKORC1"])
def test_every_diplotype_of_the_cpic_table_maps_to_its_phenotype(genomics: Path, name: str) -> None:
    gene = load_tables().genes[name]
    labels = {allele.name: allele.label for allele in gene.alleles}
    with gzip.open(genomics / "tables" / f"diplotype_phenotype_{name}.csv.gz", "rt", newline="") as stream:
        for row in csv.DictReader(stream):
            found = phenotype(gene, *(labels[allele] for allele in row["diplotype"].split("/")))
            assert found.name == row["phenotype"]
            score = row["activity_score"]
            assert found.activity_score == (None if score in ("", "n/a") else float(score))
