"""Bad VCF files: a clear error, or a listed issue with file and line, and no call from the broken part.

The files in ``corpus/`` are small and hand-made: CYP2C9 rs1799853 and rs1057910, VKORC1 rs9923231 and
CYP4F2 rs2108622 of an invented person, each broken in the way its name says.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from pytwin.errors import InputError
from pytwin.genome import SampleError, read_genome

REFUSED = {
    "build_mislabelled.vcf": "genome.build-conflict",
    "build_conflict.vcf": "genome.build-conflict",
    "build_other.vcf": "genome.build-other",
    "build_unknown.vcf": "genome.build-unknown",
    "several_samples.vcf": "vcf.several-samples",
    "no_sample.vcf": "vcf.no-sample",
    "empty_sample_name.vcf": "vcf.samples",
    "repeated_sample_name.vcf": "vcf.samples",
    "blanks_for_tabs.vcf": "vcf.columns",
    "columns_renamed.vcf": "vcf.columns",
    "no_fileformat.vcf": "vcf.no-fileformat",
    "json.vcf": "vcf.no-fileformat",
    "version_3.vcf": "vcf.version",
    "no_columns.vcf": "vcf.no-columns",
    "header_only_cut.vcf": "vcf.no-columns",
    "empty.vcf": "vcf.empty",
    "truncated.vcf.gz": "vcf.truncated",
    "cut_between_blocks.vcf.bgz": "vcf.truncated",
    "damaged.vcf.gz": "vcf.gzip-damaged",
}

# The line of rs1799853 is broken: it must not be used, the others must.
BROKEN_LINE = {
    "alt_comma.vcf": "vcf.alt",
    "alt_letter.vcf": "vcf.alt",
    "column_extra.vcf": "vcf.columns-count",
    "column_lacking.vcf": "vcf.columns-count",
    "end_before_pos.vcf": "vcf.info",
    "end_text.vcf": "vcf.info",
    "format_repeated.vcf": "vcf.format",
    "gt_absent.vcf": "vcf.no-genotype",
    "gt_cut.vcf": "vcf.genotype",
    "gt_not_first.vcf": "vcf.format",
    "gt_out_of_range.vcf": "vcf.genotype",
    "gt_text.vcf": "vcf.genotype",
    "info_blank.vcf": "vcf.info",
    "not_utf8.vcf": "vcf.not-utf8",
    "nul_bytes.vcf": "vcf.control",
    "pos_negative.vcf": "vcf.pos",
    "pos_text.vcf": "vcf.pos",
    "qual_text.vcf": "vcf.qual",
    "ref_letter.vcf": "vcf.ref",
    "sample_too_long.vcf": "vcf.sample",
    "contradiction.vcf": "genome.contradiction",
    "reads_disagree.vcf": "genome.reads",
    "ref_mismatch.vcf": "genome.ref-mismatch",
    "star_allele.vcf": "genome.unusable",
    "deletion.vcf": "genome.contradiction",
    "no_call.vcf": "genome.no-call",
}

LISTED = {
    "blank_line.vcf": "vcf.blank-line",
    "meta_malformed.vcf": "vcf.meta-malformed",
    "no_newline.vcf": "vcf.no-final-newline",
    "filter.vcf": "genome.filter",
    "duplicate.vcf": "genome.duplicate",
    "half_call.vcf": "genome.half-call",
    "haploid.vcf": "genome.half-call",
    "triploid.vcf": "genome.unusable",
    "undocumented.vcf": "genome.undocumented",
    "phase_impossible.vcf": "genome.no-match",
    "no_positions.vcf": "genome.no-positions",
    "build37_header.vcf": "genome.build-37",
    "build37_silent.vcf": "genome.build-37",
}

CLEAN = {"good.vcf", "good.vcf.gz", "good.vcf.bgz", "crlf.vcf"}


def test_every_file_of_the_corpus_is_expected(corpus: Path) -> None:
    names = {path.name for path in corpus.iterdir()}
    assert names == set(REFUSED) | set(BROKEN_LINE) | set(LISTED) | CLEAN


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_refused_with_code_and_place(corpus: Path, name: str) -> None:
    with pytest.raises(InputError) as caught:
        read_genome(corpus / name)
    assert caught.value.code == REFUSED[name]
    assert name in caught.value.place


@pytest.mark.parametrize("name", sorted(BROKEN_LINE))
def test_broken_line_is_listed_and_gives_no_genotype(corpus: Path, name: str) -> None:
    genome = read_genome(corpus / name)
    found = genome.issues.with_code(BROKEN_LINE[name])
    assert len(found) >= 1
    assert f"{name}:line " in found[0].place
    assert genome.genotype("rs1799853") in (None, (None, None))
    assert genome.genotype("rs1057910") is not None


@pytest.mark.parametrize("name", sorted(LISTED))
def test_listed_issue(corpus: Path, name: str) -> None:
    genome = read_genome(corpus / name)
    found = genome.issues.with_code(LISTED[name])
    assert len(found) >= 1
    assert name in found[0].place


@pytest.mark.parametrize("name", sorted(CLEAN))
def test_clean_file_has_no_issue_but_the_missing_positions(corpus: Path, name: str) -> None:
    genome = read_genome(corpus / name)
    assert set(genome.issues.counts()) == {"genome.uncalled"}
    assert genome.genotype("rs1799853") == ("C", "T")
    assert genome.diplotypes("VKORC1") == (("AG", 1.0),)
    assert genome.build == "GRCh38"


def test_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not-readable"):
        read_genome(tmp_path / "absent.vcf")


def test_sample_names_stay_out_of_the_message(corpus: Path) -> None:
    with pytest.raises(SampleError) as caught:
        read_genome(corpus / "several_samples.vcf")
    assert "ANNA" not in str(caught.value)
    assert "2 samples" in str(caught.value)
    assert caught.value.found == ("ANNA", "BERTA")


def test_named_sample_is_read(corpus: Path) -> None:
    anna = read_genome(corpus / "several_samples.vcf", sample="ANNA")
    berta = read_genome(corpus / "several_samples.vcf", sample="BERTA")
    assert anna.diplotypes("VKORC1") == (("AG", 1.0),)
    assert berta.diplotypes("VKORC1") == (("GG", 1.0),)
    with pytest.raises(SampleError, match="sample-unknown"):
        read_genome(corpus / "several_samples.vcf", sample="CLARA")


def test_silent_build_can_be_stated_but_a_clear_one_not_overridden(corpus: Path) -> None:
    assert read_genome(corpus / "build_unknown.vcf", build="GRCh38").genotype("rs1799853") == ("C", "T")
    for name in ("build37_header.vcf", "build37_silent.vcf", "build_mislabelled.vcf"):
        with pytest.raises(InputError, match="build-conflict"):
            read_genome(corpus / name, build="GRCh38")
    with pytest.raises(InputError, match="build-stated"):
        read_genome(corpus / "good.vcf", build="GRCh36")


def test_no_genotype_in_texts(corpus: Path) -> None:
    letters = ("0/1", "1/1", "0|1", "C/T", "S1")
    for path in corpus.iterdir():
        if path.name in REFUSED:
            continue
        genome = read_genome(path)
        texts = [repr(genome), *(str(i) + repr(i) for i in genome.issues), *map(repr, genome.genes.values())]
        assert not any(letter in text for text in texts for letter in letters), path.name


def test_many_bad_lines_are_counted_not_listed(corpus: Path, tmp_path: Path) -> None:
    path = tmp_path / "many.vcf"
    path.write_bytes((corpus / "good.vcf").read_bytes() + b"nonsense\n" * 1000)
    genome = read_genome(path)
    assert len(genome.issues.with_code("vcf.columns-count")) == 20
    assert "980 more" in genome.issues.with_code("vcf.more")[0].message


def test_half_call_keeps_what_was_seen(corpus: Path) -> None:
    genome = read_genome(corpus / "half_call.vcf")
    assert {name for name, _ in genome.diplotypes("VKORC1")} == {"GG", "AG"}
    assert all(name != "*1/*1" for name, _ in genome.diplotypes("CYP2C9"))
    assert genome.genes["VKORC1"].reported == ()
