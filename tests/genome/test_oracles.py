"""The reader beside cyvcf2 and pysam on valid files: identical genotypes, record by record."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytwin.genome.vcf import check_vcf, read_vcf

pysam = pytest.importorskip("pysam")
cyvcf2 = pytest.importorskip("cyvcf2")

COUNTED = "13.vcf"  # 48 lines with blanks in INFO: the first 20 are listed, the rest counted

Genotypes = dict[int, tuple[Any, ...]]  # by data line, from 0
SAMPLES = 5

# Of these a line or a column breaks a rule, or htslib gives up: what each test says of them is elsewhere.
APART = {
    "12.vcf": "GT is not the first key",
    "24.vcf": "blanks for tabs",
    "issue85.vcf": "no column line",
    "test-invalid-header.vcf": "an empty sample name",
}


def _ours(path: Path, sample: str) -> tuple[Genotypes, set[int]]:
    """Genotypes by data line, and the data lines that are listed as unusable."""
    file = read_vcf(path, None, sample)
    first = _first_line(path)
    listed = [issue for issue in file.issues if "not used" in issue.action and ":line " in issue.place]
    refused = {int(i.place.split(":line ")[1].split(",")[0]) - first for i in listed}
    found = {r.line - first: (r.pos, r.ref, r.alts, r.gt, r.phased) for r in file.records}
    return found, refused


def _first_line(path: Path) -> int:
    """Number of the first data line."""
    opener = gzip.open if path.suffix in (".gz", ".bgz") else open
    with opener(path, "rb") as stream:
        return next((n for n, line in enumerate(stream, 1) if line[:1] != b"#"), 1)


def _pysam(path: Path, sample: str) -> Genotypes:
    with pysam.VariantFile(str(path)) as file:
        return {
            n: (r.pos, r.ref.upper(), tuple(a if a[0] == "<" else a.upper() for a in r.alts or ()))
            + (r.samples[sample]["GT"],)
            for n, r in enumerate(file)
            if "GT" in r.format
        }


def _cyvcf2(path: Path, sample: str) -> Genotypes:
    file = cyvcf2.VCF(str(path), samples=[sample], strict_gt=True)
    found = {}
    for n, record in enumerate(file):
        if "GT" in record.FORMAT:
            *numbers, phased = record.genotypes[0]
            gt = tuple(None if number == -1 else number for number in numbers if number != -2)
            found[n] = (record.POS, gt, bool(phased))
    file.close()
    return found


def _valid(folder: Path) -> Iterator[Path]:
    kinds = ("ebi_validator/passed/*", "hts_specs/*/passed/*", "cyvcf2_tests/*", "pysam_tests/*")
    for kind in (*kinds, "pharmcat_*/*"):
        for path in sorted(folder.glob(kind)):
            if path.name.endswith((".vcf", ".vcf.gz", ".vcf.bgz", ".g.vcf")) and path.name not in APART:
                yield path


def _readable(path: Path, folder: Path) -> Path:
    """The file, or a plain copy of one that is gzip but not bgzip, which pysam does not read."""
    if path.suffix != ".gz" or path.read_bytes()[12:14] == b"BC":
        return path
    plain = folder / path.stem
    plain.write_bytes(gzip.decompress(path.read_bytes()))
    return plain


def _compare(path: Path, sample: str, folder: Path) -> int:
    ours, refused = _ours(path, sample)
    plain = _readable(path, folder)
    theirs, others = _pysam(plain, sample), _cyvcf2(plain, sample)
    for n, (pos, ref, alts, gt, phased) in ours.items():
        assert (pos, ref, alts, gt) == theirs[n], (path.name, n)
        # htslib calls a haploid genotype phased or not by its own convention.
        assert (pos, gt) == others[n][:2], (path.name, n)
        if len(gt) > 1 and None not in gt:
            assert phased == others[n][2] or len(set(gt)) == 1 or len(gt) > 2, (path.name, n)
    if path.name != COUNTED:
        assert set(theirs) - set(ours) <= refused, path.name
    return len(ours)


def test_the_bundled_file(corpus: Path, tmp_path: Path) -> None:
    path = corpus.parents[2] / "datasets" / "patient.vcf"
    assert _compare(path, read_vcf(path, {}).sample, tmp_path) == 105


@pytest.mark.reference
def test_identical_genotypes_on_all_valid_files(genomics: Path, tmp_path: Path) -> None:
    files = compared = 0
    for path in _valid(genomics / "vcf"):
        try:
            samples = check_vcf(path).header.samples
        except ValueError as error:
            raise AssertionError(path.name) from error
        for sample in samples[:SAMPLES]:
            compared += _compare(path, sample, tmp_path)
        files += bool(samples)
    assert files >= 90
    assert compared > 10_000
