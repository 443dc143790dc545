"""Small VCF files written for one test, and the reference library's genomics folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from pytwin.genome import Genome, read_genome
from pytwin.verify.library import reference_dir

HEADER = (
    "##fileformat=VCFv4.2",
    "##contig=<ID=chr10,length=133797422,assembly=GRCh38>",
    "##contig=<ID=chr16,length=90338345,assembly=GRCh38>",
    "##contig=<ID=chr19,length=58617616,assembly=GRCh38>",
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
    "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", "S"]),
)

Read = Callable[..., Genome]


@pytest.fixture(scope="session")
def genomics() -> Path:
    """Folder ``genomics`` of the reference library (tests marked ``reference``)."""
    checkout = Path(__file__).resolve().parents[2]
    found = reference_dir(os.environ.get("PYTWIN_REFERENCE") or checkout.parent / "shared" / "reference")
    assert found is not None
    return found / "genomics"


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The seed corpus: one file for each way in which a VCF can be bad."""
    return Path(__file__).parent / "corpus"


@pytest.fixture(scope="session")
def genome_of(tmp_path_factory: pytest.TempPathFactory) -> Read:
    """Read a genome from data lines given as tuples (chromosome, POS, REF, ALT, GT[, INFO])."""
    path = tmp_path_factory.mktemp("vcf") / "sample.vcf"

    def read(rows: Iterable[tuple[str, ...]], prefix: str = "chr", header: Iterable[str] = HEADER) -> Genome:
        lines = [
            "\t".join([prefix + c, str(pos), ".", ref, alt, ".", "PASS", info[0] if info else ".", "GT", gt])
            for c, pos, ref, alt, gt, *info in rows
        ]
        path.write_text("\n".join([*header, *lines]) + "\n")
        return read_genome(path)

    return read
