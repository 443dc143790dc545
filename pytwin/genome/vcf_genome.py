"""The genome of one sample of a VCF file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pytwin.errors import InputError
from pytwin.formats.archive import Member
from pytwin.formats.files import Input
from pytwin.genome.build import require_grch38
from pytwin.genome.genome import Genome, Source
from pytwin.genome.observe import Observer
from pytwin.genome.observed import called_genome
from pytwin.genome.options import Options
from pytwin.genome.tables import Gene, load_tables
from pytwin.genome.vcf import read_vcf
from pytwin.genome.vcf_stream import file_hash


def recognises(head: bytes, name: str) -> bool:
    """A first line of VCF, or a name that promises it: then what is wrong is said in terms of VCF."""
    return head.startswith(b"##fileformat=VCF") or name.endswith((".vcf", ".vcf.bgz", ".bcf"))


def read(source: Input, options: Options) -> Genome:
    """Read one sample of a VCF file; see ``read_genome``.

    Raises
    ------
    InputError
        Not a readable VCF, cut or damaged, of another build than GRCh38, or no single sample to choose.
    """
    if isinstance(source, Member) or isinstance(source.source, bytes):
        message = "a VCF within an archive is not read"
        raise InputError("format.unsupported", message, place=source.name, hint="unpack it")
    path = Path(source.source)
    genes = load_tables().genes.values()
    file = read_vcf(path, wanted(genes), options.sample)
    build = require_grch38(file, genes, options.build)
    return called_genome(
        Observer(path.name, file.records, file.issues),
        build=build,
        sample=file.sample,
        issues=file.issues,
        source=Source(path.name, file_hash(path)),
    )


def wanted(genes: Iterable[Gene]) -> dict[str, list[int]]:
    """Positions to look for, in both builds: the older one tells a file of GRCh37."""
    found: dict[str, set[int]] = {}
    for gene in genes:
        for position in (*gene.positions, *gene.extra):
            # A block or deletion that reaches into an indel's REF counts too.
            span = range(position.pos, position.pos + len(position.ref))
            found.setdefault(gene.chromosome, set()).update(span)
            if position.pos37 is not None:
                found[gene.chromosome].add(position.pos37)
    return {chromosome: sorted(positions) for chromosome, positions in found.items()}
