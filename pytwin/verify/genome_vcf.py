"""The VCF reader: every file of the validators, the test files of two readers and of PharmCAT."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

from pytwin.errors import InputError
from pytwin.genome.vcf import check_vcf, read_vcf
from pytwin.issues import Issue
from pytwin.verify.case import Case, at_least, equal, info
from pytwin.verify.run import Context

_SOURCE = "EBI vcf-validator and hts-specs test files (reference library, genomics/vcf, CASES.md section 4)"
_TESTS = "Test files of cyvcf2, pysam and PharmCAT (reference library, genomics/vcf, CASES.md section 4)"

# Codes that say what the stated cause says, by the area in a file's name.
_SPECIFIC = {
    "body_alt": {"vcf.alt"},
    "body_chrom": {"vcf.chrom", "vcf.chrom-colon"},
    "body_contiguous": {"vcf.not-contiguous"},
    "body_duplicated": {"vcf.duplicate"},
    "body_filter": {"vcf.filter", "vcf.filter-name"},
    "body_format": {"vcf.format", "vcf.format-key", "vcf.genotype"},
    "body_id": {"vcf.id", "vcf.id-repeated"},
    "body_info": {"vcf.info", "vcf.info-value", "vcf.info-repeated"},
    "body_no_newline": {"vcf.no-final-newline"},
    "body_pos": {"vcf.pos"},
    "body_qual": {"vcf.qual"},
    "body_ref": {"vcf.ref"},
    "body_sample": {"vcf.sample", "vcf.sample-value", "vcf.genotype", "vcf.samples"},
    "body_samples_ploidy": {"vcf.sample-value"},
    "body_unsorted": {"vcf.not-sorted"},
    "fileformat": {"vcf.no-fileformat"},
    "header": {"vcf.columns", "vcf.samples"},
    "meta": {"vcf.meta-malformed", "vcf.no-columns"},
}
_COUNTS = {
    "cyvcf2_tests/decomposed.vcf": (1, 5),
    "cyvcf2_tests/issue_198.vcf": (2, 1),
    "cyvcf2_tests/issue_44.vcf": (4, 1),
    "cyvcf2_tests/no-seq-names.vcf": (1, 5),
    "cyvcf2_tests/test-alt-repr.vcf": (1, 6),
    "cyvcf2_tests/test-format-string.vcf": (4, 2),
    "cyvcf2_tests/test-genotypes.vcf": (5, 2),
    "cyvcf2_tests/test-no-genotypes.vcf": (1, 2),
    "cyvcf2_tests/test.bug.117.vcf": (3, 3),
    "cyvcf2_tests/test.comp_het.3.vcf": (6, 12),
    "cyvcf2_tests/test.isa.vcf": (5, 0),
    "cyvcf2_tests/test.mnp.vcf": (6, 1),
    "cyvcf2_tests/test.snpeff.vcf": (10, 4),
    "cyvcf2_tests/test_gt_alt_freqs.vcf": (6, 2),
    "cyvcf2_tests/bug.vcf.gz": (72, 1),
    "cyvcf2_tests/seg.vcf.gz": (1, 1),
    "cyvcf2_tests/test-multiallelic-homozygous-alt.vcf.gz": (1, 1),
    "cyvcf2_tests/test-strict-gt-option-flag.vcf.gz": (1, 9),
    "cyvcf2_tests/test_gt_bases.vcf.gz": (4, 2),
    "pysam_tests/5.vcf": (977, 1),
    "pysam_tests/10.vcf": (63, 383),
    "pysam_tests/12.vcf": (998, 1),
    "pysam_tests/13.vcf": (179, 2),
    "pysam_tests/20.vcf": (300, 0),
    "pysam_tests/21.vcf": (300, 0),
    "pysam_tests/23.vcf": (200, 0),
    "pysam_tests/example_vcf42.vcf": (5, 3),
    "pysam_tests/example_vcf43_with_utf8.vcf": (6, 3),
    "pysam_tests/example_vcf42_only_header.vcf": (0, 3),
    "pharmcat_reader/100samples.vcf.bgz": (873, 100),
    "pharmcat_reader/NamedAlleleMatcher-sortError.vcf.gz": (906, 1),
    "pharmcat_reader/NamedAlleleMatcher-mismatchedRefAllele.vcf": (66, 1),
    "pharmcat_reader/VcfReaderTest-phaseSet.vcf": (47, 2),
    "pharmcat_reader/VcfSampleReaderTest-multisample.vcf": (18, 2),
    "pharmcat_preprocessor/raw.vcf": (22, 2),
    "pharmcat_preprocessor/test.g.vcf.bgz": (287, 1),
    "pharmcat_preprocessor/reference.missing_pgx_var.vcf.bgz": (585, 1),
}
_REFUSED = {
    "cyvcf2_tests/test-invalid-header.vcf": "vcf.samples",
    "pysam_tests/24.vcf": "vcf.columns",
    "pysam_tests/issue85.vcf": "vcf.no-columns",
}


def cases(context: Context) -> Iterator[Case]:
    """All cases of the reader."""
    folder = context.folder("genomics", "vcf")
    yield from _valid(folder)
    yield from _invalid(folder)
    for name, counts in _COUNTS.items():
        found = str(_outcome(folder / name)[0])
        yield equal(f"{name}: (data lines, samples)", str(counts), found, source=_TESTS)
    for name, code in _REFUSED.items():
        yield equal(f"{name} is refused", code, _outcome(folder / name)[1][0].code, source=_TESTS)


def _valid(folder: Path) -> Iterator[Case]:
    paths = sorted([*folder.glob("ebi_validator/passed/*.vcf"), *folder.glob("hts_specs/*/passed/*.vcf")])
    yield equal("valid files", 60, len(paths), source=_SOURCE)
    outcomes = [_outcome(path) for path in paths]
    yield equal("valid files that are read", 60, sum(bool(found) for found, _ in outcomes), source=_SOURCE)
    errors = sum(issue.severity == "error" for _, issues in outcomes for issue in issues)
    yield equal("error-level issues on valid files", 0, errors, source=_SOURCE)
    lines = sum(_lines(path) for path in paths)
    yield equal(
        "data lines of valid files", lines, sum(counts[0] for counts, _ in outcomes if counts), source=_SOURCE
    )


def _invalid(folder: Path) -> Iterator[Case]:
    with open(folder / "invalid_files.csv", newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    yield equal("invalid files", 381, len(rows), source=_SOURCE)
    specific = exact = used = 0
    for row in rows:
        path = folder / row["file"]
        issues = [issue for issue in _outcome(path)[1] if _is_specific(issue.code, row["area"])]
        places = {_line(issue) for issue in issues} - {""}
        specific += bool(places)
        exact += bool(places & set(row["unusual_lines"].split()))
        used += _used(path)
    yield at_least("invalid files with a specific issue and its line", 381, specific, source=_SOURCE)
    note = _SOURCE + "; the list has header lines where it is a data line that contradicts them"
    yield info("of these at a listed line", exact, source=note, expected=381)
    yield equal("records used although a finding says that they are broken", 0, used, source=_SOURCE)


def _is_specific(code: str, area: str) -> bool:
    if area.startswith("meta_"):
        kind = area.removeprefix("meta_")
        return code in (f"vcf.meta-{kind}", "vcf.meta-malformed")
    if area.startswith("body_info"):
        area = "body_info"
    return code in _SPECIFIC[area]


def _line(issue: Issue) -> str:
    return issue.place.partition(":line ")[2].partition(",")[0]


def _outcome(path: Path) -> tuple[tuple[int, int] | tuple[()], list[Issue]]:
    """(data lines, samples), nothing where the file is refused; and the issues, or the refusal as one."""
    try:
        check = check_vcf(path)
    except InputError as error:
        return (), [Issue(error.code, error.message, error.place, severity="error")]
    return (check.lines, len(check.header.samples)), list(check.issues)


def _used(path: Path) -> int:
    """Records of the first sample that come from a line with an error."""
    try:
        check = check_vcf(path)
        if not check.header.samples:
            return 0
        file = read_vcf(path, None, check.header.samples[0])
    except InputError:
        return 0
    broken = {_line(issue) for issue in _site_errors(check.issues)}
    return sum(str(record.line) in broken for record in file.records)


def _site_errors(issues: Iterable[Issue]) -> Iterator[Issue]:
    """Errors of a whole line or of the first sample."""
    for issue in issues:
        if issue.severity == "error" and ", column " not in issue.place.replace(", column 10", ""):
            yield issue


def _lines(path: Path) -> int:
    """Data lines, counted without the reader."""
    return sum(1 for line in path.read_bytes().splitlines() if line.strip() and line[:1] != b"#")
