"""The reference library: PharmCAT's own tests, the validators' files, the tables themselves.

Expected diplotypes: genomics/pharmcat_tests/manifest.json; how they are read: genomics/CASES.md, section 2.
"""

from __future__ import annotations

import csv
import gzip
from importlib import import_module
from pathlib import Path

import pytest

from pytwin.errors import InputError
from pytwin.genome import read_genome
from pytwin.genome.vcf import check_vcf, read_vcf
from pytwin.genome.vcf_header import SampleError
from pytwin.verify.run import Context

pytestmark = pytest.mark.reference


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
        assert not [issue for issue in check_vcf(path).issues if issue.severity == "error"], path.name
        _records(path)


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


def test_broken_headers_are_refused(genomics: Path) -> None:
    folder = genomics / "vcf"
    for name, code in (
        ("pysam_tests/24.vcf", "vcf.columns"),
        ("pysam_tests/issue85.vcf", "vcf.no-columns"),
        ("cyvcf2_tests/test-invalid-header.vcf", "vcf.samples"),
    ):
        with pytest.raises(InputError) as caught:
            read_genome(folder / name)
        assert caught.value.code == code


@pytest.mark.parametrize("part", ["tables", "pharmcat", "rules", "recommendations", "properties"])
def test_verified_cases_hold(genomics: Path, part: str) -> None:
    cases = list(import_module(f"pytwin.verify.genome_{part}").cases(Context(genomics.parent)))
    assert cases
    assert [case.name for case in cases if not case.passed] == []
