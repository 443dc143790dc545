"""Many samples in one pass: for each the genome that reading it alone gives."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import pytwin as pt
from pytwin.errors import InputError
from pytwin.genome import Genome, SampleError, read_genome, read_genomes
from pytwin.genome.tables import load_tables
from pytwin.genome.vcf_lines import LineReader

GENES = tuple(load_tables().genes.values())


def _same(one: Genome, other: Genome) -> None:
    assert (one.sample, one.build, one.sources) == (other.sample, other.build, other.sources)
    for name, call in one.genes.items():
        twin = other.genes[name]
        assert (call.status, call.reported, call.matched, call.diplotypes) == (
            twin.status,
            twin.reported,
            twin.matched,
            twin.diplotypes,
        )
        assert (call.phenotype, call.uncalled) == (twin.phenotype, twin.uncalled)
    assert one.others == other.others
    assert Counter(map(str, one.issues)) == Counter(map(str, other.issues))


def _cohort(path: Path, samples: int, seed: int) -> Path:
    """Positions of all genes; samples with odd columns among them."""
    rng = random.Random(seed)
    names = [f"P{n}" for n in range(samples)]
    titles = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *names]
    lines = ["##fileformat=VCFv4.2", "##contig=<ID=chr10,length=133797422>", "\t".join(titles)]
    for gene in GENES:
        for p in gene.positions:
            columns = []
            for _ in names:
                draw = rng.random()
                number = rng.randrange(len(p.alts) + 1) if draw < 0.02 else 0
                columns.append(f"0|{number}:{rng.randrange(90)}:{rng.randrange(20)},{rng.randrange(2)}")
                if 0.02 < draw < 0.03:
                    columns[-1] = rng.choice(("./.", "1/x:9:.", "0/0:1:2:3", "9/9:1", ".|0:3", "0:9:1,1"))
            head = ["chr" + p.chromosome, str(p.pos), p.rsid or ".", p.ref, ",".join(p.alts)]
            rest = [".", rng.choice(("PASS", "LowQual")), "DP=9", "GT:GQ:AD"]
            lines.append("\t".join([*head, *rest, *columns]))
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("options", [{}, {"filters": "PASS", "min_gq": 20}, {"validate": True}])
def test_each_genome_is_that_of_the_sample_alone(tmp_path: Path, options: dict[str, Any]) -> None:
    path = _cohort(tmp_path / "cohort.vcf", 12, 4)
    found = list(read_genomes(path, **options))
    assert [genome.sample for genome in found] == [f"P{n}" for n in range(12)]
    for genome in found:
        alone = read_genome(path, genome.sample, **options)
        if options.get("validate"):
            # Alone, what is wrong with other samples' columns is listed too.
            assert set(genome.issues.counts()) <= set(alone.issues.counts())
            assert {n: c.diplotypes for n, c in genome.genes.items()} == {
                n: c.diplotypes for n, c in alone.genes.items()
            }
        else:
            _same(genome, alone)


def test_each_line_is_split_once_and_equal_columns_judged_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "many.vcf"
    names = "\t".join(f"P{n}" for n in range(300))
    columns = "\t".join(("0/0", "0/1", "./.")[n % 3] for n in range(300))
    path.write_text(
        "##fileformat=VCFv4.2\n##contig=<ID=chr16,length=90338345>\n"
        f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{names}\n"
        f"chr16\t31096368\trs9923231\tC\tT\t.\tPASS\t.\tGT\t{columns}\n"
    )
    judged: list[str] = []
    inner = LineReader.judge
    monkeypatch.setattr(
        LineReader, "judge", lambda self, site, text: judged.append(text) or inner(self, site, text)
    )
    genomes = list(pt.read_genomes(path))
    assert sorted(judged) == ["./.", "0/0", "0/1"]
    assert [g.genes["VKORC1"].status for g in genomes[:3]] == ["called", "called", "no information"]
    assert len(genomes) == 300


def test_samples_are_chosen_and_a_wrong_one_refused(tmp_path: Path) -> None:
    path = _cohort(tmp_path / "cohort.vcf", 3, 1)
    assert [genome.sample for genome in read_genomes(path, ["P2", "P0"])] == ["P2", "P0"]
    with pytest.raises(SampleError) as caught:
        read_genomes(path, ["P2", "ANNA"])
    assert "ANNA" not in str(caught.value)


def test_what_is_no_vcf_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("rsid,chromosome,position,genotype\nrs1,1,101,AA\n")
    with pytest.raises(InputError):
        read_genomes(path)


@pytest.mark.reference
def test_the_hundred_samples_of_pharmcat(genomics: Path) -> None:
    path = genomics / "vcf" / "pharmcat_reader" / "100samples.vcf.bgz"
    found = list(read_genomes(path))
    assert len(found) == 100
    for genome in found[::9]:
        _same(genome, read_genome(path, genome.sample))
