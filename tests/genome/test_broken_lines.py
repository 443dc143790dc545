"""Lines that validators reject, moved to a position of the tables: no call comes from a broken part."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from pytwin.errors import InputError
from pytwin.genome import read_genome
from pytwin.genome.vcf import check_vcf

pytestmark = pytest.mark.reference

_CALLED = {
    # What breaks a rule beside the genotype: the genotype is used, with a warning.
    "vcf.info-value",
    "vcf.info-repeated",
    "vcf.sample-value",
    "vcf.filter-name",
    "vcf.format-key",
    "vcf.format",
    "vcf.id-repeated",
    "vcf.duplicate",
    "vcf.not-sorted",
    "vcf.not-contiguous",
    "vcf.no-final-newline",
}
_SITE = re.compile(rb"^[0-9XY]+\t[0-9]+\t([^\t]*)\t[ACGT]\t[ACGT]\t", re.MULTILINE)


def _moved(path: Path, folder: Path) -> Path | None:
    """The file with its first simple record at CYP2C9 rs1799853; None where it has none."""
    data, count = _SITE.subn(rb"10\t94942290\t\1\tC\tT\t", path.read_bytes(), count=1)
    if not count:
        return None
    head, rest = data.split(b"\n", 1)
    moved = folder / path.name
    moved.write_bytes(head + b"\n##contig=<ID=10,length=133797422>\n" + rest)
    return moved


def test_no_call_comes_from_a_broken_part(genomics: Path, tmp_path: Path) -> None:
    folder = genomics / "vcf"
    with open(folder / "invalid_files.csv", newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["area"].startswith("body_")]
    tried = called = 0
    for row in rows:
        path = _moved(folder / row["file"], tmp_path)
        if path is None:
            continue
        try:
            samples = check_vcf(path).header.samples
            genome = read_genome(path, samples[0] if samples else None, validate=True)
        except InputError:
            continue
        tried += 1
        if genome.genotype("rs1799853") in (None, (None, None)):
            continue
        called += 1
        lines = path.read_bytes().splitlines()
        number = next(n for n, line in enumerate(lines, 1) if b"\t94942290\t" in line)
        here = {i.code for i in genome.issues if re.search(rf":line {number}(, column 10)?$", i.place)}
        assert here <= _CALLED, (path.name, here)
        assert not [
            i
            for i in genome.issues
            if i.severity == "error" and f":line {number}" in i.place and ", column" not in i.place
        ], path.name
    assert tried > 100
    assert 0 < called < tried
