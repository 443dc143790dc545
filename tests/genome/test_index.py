"""Indexed files: the same records as in one pass, from the blocks of wanted positions alone.

Oracle: pysam writes the indexes. Damaged and foreign indexes lead to a pass over the whole file.
"""

from __future__ import annotations

import gzip
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytwin.errors import InputError
from pytwin.genome import read_genome
from pytwin.genome.bgzf import Blocks
from pytwin.genome.tables import load_tables
from pytwin.genome.vcf import read_vcf
from pytwin.genome.vcf_regions import regions

pysam = pytest.importorskip("pysam")

Indexed = Callable[..., Path]
HEADER = ["##fileformat=VCFv4.2", '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">']
CHROMOSOMES = {"chr1": 3000, "chr2": 1, "chrX": 1500}


def _lines(rng: random.Random) -> list[str]:
    """Sorted records, among them indels and blocks that reach over many windows of an index."""
    lines = []
    for chromosome, count in CHROMOSOMES.items():
        pos = rng.randrange(1, 10_000)
        for _ in range(count):
            pos += rng.choice((1, 3, 500, 3000, 60_000))
            ref = rng.choice(("A", "ACGTACGT", "C", "G"))
            info = f"END={pos + rng.choice((10, 40_000, 700_000))}" if rng.random() < 0.1 else "."
            alt = "<NON_REF>" if info != "." else "T"
            note = "".join(rng.choices("abcdefgh", k=rng.randrange(60)))
            gt = rng.choice(("0/1", "1|1", "./.", "0/0"))
            lines.append(f"{chromosome}\t{pos}\tid{note}\t{ref}\t{alt}\t.\tPASS\t{info}\tGT\t{gt}")
    return lines


@pytest.fixture(scope="session")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Indexed:
    """Write lines as bgzip with an index of one kind; gives its path."""
    made = tmp_path_factory.mktemp("indexed")

    def write(name: str, lines: list[str], kind: str = "tbi", header: list[str] = HEADER) -> Path:
        titles = "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", "S"])
        plain, path = made / f"{name}.vcf", made / f"{name}.{kind}.vcf.gz"
        plain.write_text("\n".join([*header, titles, *lines]) + "\n")
        pysam.tabix_compress(str(plain), str(path), force=True)
        pysam.tabix_index(str(path), preset="vcf", force=True, csi=kind == "csi")
        return path

    return write


def _plain(path: Path, folder: Path) -> Path:
    """A copy without index."""
    folder.mkdir(exist_ok=True)
    return Path(shutil.copy(path, folder / path.name))


def _content(path: Path, wanted: dict[str, list[int]]) -> list[tuple[Any, ...]]:
    return [(r.chromosome, r.pos, r.ref, r.alts, r.end, r.gt) for r in read_vcf(path, wanted).records]


@pytest.mark.parametrize("kind", ["tbi", "csi"])
def test_an_index_gives_the_records_of_a_whole_pass(indexed: Indexed, tmp_path: Path, kind: str) -> None:
    rng = random.Random(5)
    path = indexed("random", _lines(rng), kind)
    plain = _plain(path, tmp_path / "plain")
    for _ in range(60):
        wanted = {
            chromosome: sorted(rng.sample(range(1, 40_000_000), rng.randrange(1, 40)))
            for chromosome in rng.sample(("1", "2", "X", "Y"), 2)
        }
        assert _content(path, wanted) == _content(plain, wanted)


@pytest.mark.parametrize("kind", ["tbi", "csi"])
def test_only_blocks_of_wanted_positions_are_read(
    indexed: Indexed, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = indexed("random", _lines(random.Random(5)), kind)
    read: list[int] = []
    inner = Blocks._read
    monkeypatch.setattr(Blocks, "_read", lambda self, at: read.append(at) or inner(self, at))
    pos = int(_lines(random.Random(5))[1500].split("\t")[1])
    assert _content(path, {"1": [pos]})
    assert len(set(read)) <= 4
    assert path.stat().st_size > 10 * 4096


def test_regions_join_near_positions() -> None:
    assert list(regions([5, 9, 70_000, 200_000])) == [(5, 9), (70_000, 70_000), (200_000, 200_000)] or list(
        regions([5, 9, 70_000, 200_000])
    ) == [(5, 70_000), (200_000, 200_000)]


def _sample_lines() -> list[str]:
    positions = {
        (int(p.chromosome) if p.chromosome.isdigit() else 23, p.pos): p
        for gene in load_tables().genes.values()
        for p in gene.positions
    }
    return [
        f"chr{p.chromosome}\t{p.pos}\t.\t{p.ref}\t{','.join(p.alts)}\t.\tPASS\t.\tGT\t0/{n % 7 == 0:d}"
        for n, (_, p) in enumerate(sorted(positions.items(), key=lambda item: item[0]))
    ]


BUILD = [*HEADER, "##contig=<ID=chr10,length=133797422>", "##contig=<ID=chr1,length=248956422>"]


def _calls(path: Path) -> dict[str, Any]:
    genome = read_genome(path)
    return {name: (call.status, call.reported, call.diplotypes) for name, call in genome.genes.items()}


def test_plain_gzip_bgzip_and_both_indexes_give_equal_calls(indexed: Indexed, tmp_path: Path) -> None:
    lines = _sample_lines()
    paths = [indexed("sample", lines, kind, BUILD) for kind in ("tbi", "csi")]
    text = gzip.decompress(paths[0].read_bytes())
    (tmp_path / "plain.vcf").write_bytes(text)
    (tmp_path / "gzip.vcf.gz").write_bytes(gzip.compress(text))
    expected = _calls(tmp_path / "plain.vcf")
    assert sum(status != "no information" for status, *_ in expected.values()) > 10
    for path in (*paths, tmp_path / "gzip.vcf.gz", _plain(paths[0], tmp_path / "bgzip")):
        assert _calls(path) == expected, path.name


@pytest.mark.parametrize("kind", ["tbi", "csi"])
@pytest.mark.parametrize("damage", ["cut", "empty", "text", "foreign", "shifted"])
def test_a_bad_index_is_said_and_the_whole_file_read(
    indexed: Indexed, tmp_path: Path, kind: str, damage: str
) -> None:
    source = indexed("sample", _sample_lines(), kind, BUILD)
    path = _plain(source, tmp_path / "damaged")
    index = source.with_name(source.name + "." + kind).read_bytes()
    beside = path.with_name(path.name + "." + kind)
    if damage == "foreign":
        other = indexed("random", _lines(random.Random(5)), kind)
        index = other.with_name(other.name + "." + kind).read_bytes()
    elif damage == "shifted":
        body = bytearray(gzip.decompress(index))
        body[-16:] = bytes(16)
        for at in range(200, len(body) - 40, 97):
            body[at] ^= 0x15
        index = gzip.compress(bytes(body))
    beside.write_bytes(
        {"cut": index[: len(index) // 2], "empty": b"", "text": b"no index"}.get(damage, index)
    )
    assert _calls(path) == _calls(source)
    if damage != "shifted":
        assert read_genome(path).issues.with_code("vcf.index-unusable")


def test_mutated_indexes_never_crash(indexed: Indexed, tmp_path: Path) -> None:
    rng = random.Random(3)
    for kind in ("tbi", "csi"):
        source = indexed("sample", _sample_lines(), kind, BUILD)
        path = _plain(source, tmp_path / "mutants")
        body = gzip.decompress(source.with_name(source.name + "." + kind).read_bytes())
        for _ in range(40):
            mutant = bytearray(body)
            for _ in range(rng.randint(1, 4)):
                mutant[rng.randrange(len(mutant))] = rng.randrange(256)
            path.with_name(path.name + "." + kind).write_bytes(gzip.compress(bytes(mutant), 1))
            try:
                read_vcf(path, {"10": [94942290], "1": [97450058]})
            except InputError as error:
                assert error.code
