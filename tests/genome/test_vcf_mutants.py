"""Mutants and bombs: an InputError or a genome, within a second, and never a word of the sample's."""

from __future__ import annotations

import gzip
import io
import logging
import random
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytwin.errors import InputError
from pytwin.genome import Genome, read_genome, read_genomes
from pytwin.genome.vcf import check_vcf

LONGEST = 1.0
NAME = "ANNASECRET"
SECRETS = (NAME, "BERTASECRET", "0|1:77", "0/1:88", "SECRETINFO")

HEADER = f"""##fileformat=VCFv4.3
##contig=<ID=chr10,length=133797422,assembly=GRCh38>
##contig=<ID=chr16,length=90338345,assembly=GRCh38>
##META=<ID=Assay,Type=String,Number=.,Values=[WholeGenome, Exome]>
##SAMPLE=<ID={NAME},Assay=WholeGenome,Description="of \\"a\\" person">
##PEDIGREE=<ID={NAME},Father=BERTASECRET>
##ALT=<ID=DEL:ME,Description="deletion">
##INFO=<ID=AC,Number=A,Type=Integer,Description="count">
##INFO=<ID=AF,Number=A,Type=Float,Description="share, of all">
##INFO=<ID=NOTE,Number=.,Type=String,Description="text">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="quality">
##FORMAT=<ID=PL,Number=G,Type=Integer,Description="likelihoods">
##FORMAT=<ID=PS,Number=1,Type=Integer,Description="set">
#CHROM	POS	ID	REF	ALT	QUAL	FILTER	INFO	FORMAT	{NAME}	BERTASECRET
"""
BODY = """\
chr10	94942230	rs76	C	T	50	PASS	AC=1;AF=0.5	GT:GQ:PL:PS	0|1:77:1,2,3:9	0/1:88
chr10	94942290	rs1799853	C	T	.	PASS	AC=1;NOTE=SECRETINFO	GT:GQ	0|1:77	0/1:88
chr10	94949281	rs9332131	GAA	GA,G	1e3	LowQual	AC=1,0	GT:GQ:PL	0/1:88:1,2,3,4,5,6	0|1:77
chr10	94949290	.	A	<NON_REF>	.	.	END=94981400	GT:GQ	0/0:77	0/0:88
chr10	94981301	.	A	C,<DEL:ME>	.	.	AC=0,0	GT	1	./.
chr16	31096368	rs9923231	C	T	.	q10;s50	.	GT:GQ	0|1:77	0/1:88
"""


def _mutant(data: bytes, rng: random.Random) -> bytes:
    """One to four bytes changed, removed, repeated, or the end cut off."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(changed))
        kind = rng.randrange(6)
        if kind == 0:
            changed[at] = rng.randrange(256)
        elif kind == 1:
            del changed[at : at + rng.randint(1, 20)]
        elif kind == 2:
            changed[at:at] = changed[at : at + rng.randint(1, 20)]
        elif kind == 3:
            changed[at] = rng.choice(b'\t\n\r/|:,;.=0123456789<>[]"\\*ACGT')
        elif kind == 4:
            changed[at:at] = rng.choice((b"9" * 30, b"\t", b"\n", b"-1", b"nan", b"\xff", b"1e999", b"=,="))
        else:
            del changed[rng.randrange(len(changed) // 2, len(changed)) :]
        changed = changed or bytearray(b"#")
    return bytes(changed)


def _require_silence(texts: list[str]) -> None:
    for text in texts:
        assert not any(secret in text for secret in SECRETS), text


def _texts(genome: Genome) -> list[str]:
    issues = [text for issue in genome.issues for text in (str(issue), repr(issue))]
    return [repr(genome), *issues, *map(repr, genome.genes.values())]


def _within(work: Callable[[], Any]) -> Any:
    """Its result, None where the input was refused; never another error, never long."""
    begin = time.process_time()
    try:
        return work()
    except InputError as error:
        assert error.code
        _require_silence([str(error), repr(error), *map(str, error.args)])
        return None
    finally:
        assert time.process_time() - begin < LONGEST


def _survives(path: Path, data: bytes, rng: random.Random) -> None:
    path.write_bytes(data)
    way = rng.randrange(4)
    if way == 0:
        _within(
            lambda: _require_silence([text for i in check_vcf(path).issues for text in (str(i), repr(i))])
        )
        return
    if way == 1:
        genomes = _within(lambda: list(read_genomes(path))) or []
    else:
        options = {"filters": "PASS", "min_gq": 10, "validate": True} if way == 2 else {}
        genomes = [_within(lambda: read_genome(path, rng.choice((None, NAME)), **options))]
    for genome in filter(None, genomes):
        _require_silence(_texts(genome))
        for name in genome.genes:
            total = sum(p for _, p in genome.diplotypes(name))
            assert total == pytest.approx(1, abs=1e-9) or total == 0


def _seeds(corpus: Path) -> list[bytes]:
    rich = (HEADER + BODY).encode()
    plain = [rich, rich, *((corpus / n).read_bytes() for n in ("good.vcf", "deletion.vcf", "half_call.vcf"))]
    return [*plain, gzip.compress(rich, mtime=0), (corpus / "good.vcf.bgz").read_bytes()]


def _mutate(corpus: Path, folder: Path, count: int, seed: int) -> None:
    seeds, rng = _seeds(corpus), random.Random(seed)
    read_genome(corpus / "good.vcf")  # tables are loaded once
    for number in range(count):
        _survives(folder / f"mutant{number % 7}.vcf", _mutant(seeds[number % len(seeds)], rng), rng)


def test_mutants_are_read_or_refused_in_time_and_in_silence(
    corpus: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    _mutate(corpus, tmp_path, 200, 20240101)
    printed = capsys.readouterr()
    _require_silence([caplog.text, printed.out, printed.err])


@pytest.mark.slow
def test_thousands_of_mutants(corpus: Path, tmp_path: Path) -> None:
    _mutate(corpus, tmp_path, 2000, 7)


def test_the_seed_itself_is_read(tmp_path: Path) -> None:
    path = tmp_path / "rich.vcf"
    path.write_text(HEADER + BODY)
    genome = read_genome(path, NAME)
    assert genome.genotype("rs1799853") == ("C", "T")
    assert genome.genes["VKORC1"].status == "called"


def _line(**changed: str) -> str:
    fields = {
        "chrom": "chr16", "pos": "31096368", "id": "rs9923231", "ref": "C", "alt": "T", "qual": ".",
        "filter": "PASS", "info": ".", "format": "GT:GQ", "a": "0|1:77", "b": "0/1:88",
    } | changed  # fmt: skip
    return "\t".join(fields.values()) + "\n"


MANY = 10**6
BOMBS = {
    "position": _line(pos="3" * MANY),
    "quality": _line(qual="9" * MANY),
    "end": _line(info="END=" + "9" * MANY, alt="<DEL>"),
    "integer": _line(info="AC=" + "9" * MANY),
    "genotype quality": _line(a="0|1:" + "7" * MANY),
    "allele number": _line(a="1" * MANY + "/0"),
    "ploidy": _line(a="/".join("0" * MANY)),
    "likelihoods": _line(format="GT:PL", a="0/1:" + ",".join("1" * MANY)),
    "reference": _line(ref="C" * 100_000, alt="C" * 99_999),
    "many positions": _line(chrom="chr10", pos="94930000", ref="C" * 99_000, alt="C" * 98_000),
    "long reference": _line(ref="C" * 2 * MANY, alt="C" * MANY),
    "alleles": _line(alt=",".join("T" * 300_000)),
    "filters": _line(filter=";".join("q" * MANY)),
    "keys": _line(format=":".join("K" * MANY)),
    "entries": _line(info=";".join(f"K{n}" for n in range(200_000))),
    "backslashes": '##INFO=<ID=X,Number=1,Type=String,Description="' + '\\"' * MANY + "\n",
    "attributes": "##INFO=<" + ",".join(f"A{n}=1" for n in range(100_000)) + ">\n",
    "commas": "##INFO=<" + "," * MANY + ">\n",
    "brackets": "##META=<ID=X,Values=" + "[" * MANY + ">\n",
    "number": "##INFO=<ID=AC,Number=" + "9" * MANY + ',Type=Integer,Description="d">\n',
    "length": "##contig=<ID=chr16,length=" + "9" * MANY + ">\n",
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_of_text(tmp_path: Path, name: str) -> None:
    read_genome(Path(__file__).parent / "corpus" / "good.vcf")
    bomb = BOMBS[name]
    path = tmp_path / "bomb.vcf"
    lines = HEADER.splitlines(keepends=True)
    # The file's own header line comes first, the bomb second.
    path.write_text("".join([lines[0], bomb, *lines[1:], BODY]) if bomb[0] == "#" else HEADER + BODY + bomb)
    for work in (
        lambda: read_genome(path, NAME),
        lambda: check_vcf(path),
        lambda: list(read_genomes(path)),
    ):
        _within(work)


def _block(data: bytes) -> bytes:
    """One bgzip block, which may lie about nothing but its size."""
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packed.compress(data) + packed.flush()
    size = len(body) + 25
    head = struct.pack("<4BI2BH2BHH", 31, 139, 8, 4, 0, 0, 255, 6, 66, 67, 2, size & 0xFFFF)
    return head + body + struct.pack("<2I", zlib.crc32(data), len(data) & 0xFFFFFFFF)


@pytest.mark.parametrize("content", [b"\0", b"\n", b"#", b"##\n", b"x\t1\n"])
def test_bombs_of_compression(tmp_path: Path, content: bytes) -> None:
    """100 MB out of little, as one gzip member and as oversized bgzip blocks with an index beside."""
    read_genome(Path(__file__).parent / "corpus" / "good.vcf")
    head = (HEADER + BODY).encode()
    held = io.BytesIO()
    with gzip.GzipFile(fileobj=held, mode="wb", compresslevel=1) as stream:
        stream.write(head)
        for _ in range(100):
            stream.write(content * (MANY // len(content)))
    path = tmp_path / "bomb.vcf.gz"
    path.write_bytes(held.getvalue())
    _within(lambda: read_genome(path, NAME))
    blocks = (
        _block(head)
        + _block(content * (20 * MANY))
        + bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
    )
    path.write_bytes(blocks)
    path.with_name(path.name + ".tbi").write_bytes(gzip.compress(b"TBI\1" + bytes(100 * MANY), 1))
    _within(lambda: read_genome(path, NAME))
