"""Filters and quality: a genotype that does not count is missing, never reference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytwin.genome import read_genome

HEADER = """##fileformat=VCFv4.2
##contig=<ID=chr16,length=90338345>
##FILTER=<ID=LowQual,Description="low">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
#CHROM	POS	ID	REF	ALT	QUAL	FILTER	INFO	FORMAT	S
"""


def _genotype(folder: Path, shown: str, form: str, sample: str, **options: Any) -> Any:
    path = folder / "one.vcf"
    path.write_text(HEADER + f"chr16\t31096368\t.\tC\tT\t.\t{shown}\t.\t{form}\t{sample}\n")
    genome = read_genome(path, **options)
    found = genome.genotype("rs9923231")
    if options and found == (None, None):
        assert genome.genes["VKORC1"].status == "no information"
        assert genome.issues.with_code("vcf.filtered")
    return found


@pytest.mark.parametrize(
    ("filters", "form", "sample", "options", "counts"),
    [
        ("LowQual", "GT", "0/1", {}, True),
        ("LowQual", "GT", "0/1", {"filters": "PASS"}, False),
        ("LowQual", "GT", "0/1", {"filters": ["q10"]}, True),
        ("q9;LowQual", "GT", "0/1", {"filters": ["LowQual"]}, False),
        ("LowQual", "GT", "0/1", {"filters": "LowQual"}, False),
        ("PASS", "GT", "0/1", {"filters": "PASS"}, True),
        (".", "GT", "0/1", {"filters": "PASS"}, True),
        ("PASS", "GT:FT", "0/1:LowGQ", {"filters": "PASS"}, False),
        ("PASS", "GT:FT", "0/1:LowGQ", {}, True),
        ("PASS", "GT:GQ", "0/1:19", {"min_gq": 20}, False),
        ("PASS", "GT:GQ", "0/1:20", {"min_gq": 20}, True),
        ("PASS", "GT:RGQ", "0/1:30", {"min_gq": 20}, True),
        ("PASS", "GT", "0/1", {"min_gq": 20}, False),
        ("PASS", "GT:GQ", "0/1:.", {"min_gq": 20}, False),
        ("PASS", "GT:GQ", "0/1:nan", {"min_gq": 20}, False),
        ("PASS", "GT:DP", "0/1:9", {"min_depth": 10}, False),
        ("PASS", "GT:DP", "0/1:10", {"min_depth": 10}, True),
        ("PASS", "GT:DP", "0/1", {"min_depth": 10}, False),
    ],
)
def test_what_counts(
    tmp_path: Path, filters: str, form: str, sample: str, options: dict[str, Any], counts: bool
) -> None:
    found = _genotype(tmp_path, filters, form, sample, **options)
    assert found == (("C", "T") if counts else (None, None))


def test_a_filtered_reference_is_missing_too(tmp_path: Path) -> None:
    assert _genotype(tmp_path, "LowQual", "GT", "0/0") == ("C", "C")
    assert _genotype(tmp_path, "LowQual", "GT", "0/0", filters="PASS") == (None, None)
