"""The genome of one sample of a VCF file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from pytwin.errors import InputError
from pytwin.formats.archive import Member
from pytwin.formats.files import Input
from pytwin.genome.build import find_build, header_build
from pytwin.genome.genome import Genome, Source
from pytwin.genome.grch37 import Observer37, shift
from pytwin.genome.observe import Observer
from pytwin.genome.observed import Observes, called_genome
from pytwin.genome.options import Options
from pytwin.genome.tables import Gene, load_tables
from pytwin.genome.vcf import read_vcf
from pytwin.genome.vcf_header import Header
from pytwin.genome.vcf_record import Record
from pytwin.genome.vcf_stream import file_hash
from pytwin.issues import Issues

SIGNPOSTS = frozenset({"CYP2C9", "CYP3A5", "NAT2", "VKORC1"})
"""Genes with frequent variants in little space, that are looked for in the other build, too."""


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
    genes = tuple(load_tables().genes.values())
    file = read_vcf(
        path,
        lambda header: wanted(genes, likely_build(header, options.build)),
        options.sample,
        quality=options.quality,
        validate=options.validate,
    )
    build = find_build(file, genes, options.build)
    note_build(path.name, genes, build, file.issues)
    return called_genome(
        observer(path.name, file.records, genes, build, file.issues),
        build=build,
        sample=file.sample,
        issues=file.issues,
        source=Source(path.name, file.sha256 or file_hash(path)),
    )


def observer(
    name: str, records: Sequence[Record], genes: Sequence[Gene], build: str | None, issues: Issues
) -> Observes:
    """Says what records mean for the genes' positions of GRCh38."""
    if build == "GRCh37":
        return Observer37(name, records, genes, issues)
    return Observer(name, records, issues)


def note_build(name: str, genes: Sequence[Gene], build: str | None, issues: Issues) -> None:
    """Say what a file of GRCh37 cannot show."""
    if build != "GRCh37":
        return
    unplaced = sum(p.pos37 is None for gene in genes for p in gene.positions)
    issues.add(
        "genome.build-37",
        f"the file is of GRCh37, in which {unplaced} positions of the tables have no known place",
        place=name,
        action="called from its GRCh37 positions; those without one are missing",
        severity="note",
    )


def likely_build(header: Header, stated: str | None) -> str | None:
    """The build whose positions are to be read; None where both must be, to find out."""
    named = header_build(header)
    return named if named in ("GRCh38", "GRCh37") and stated in (None, named) else None


@lru_cache(maxsize=8)
def wanted(genes: tuple[Gene, ...], build: str | None = None) -> Mapping[str, Sequence[int]]:
    """Positions to look for, of both builds where it is not known which one it is.

    A block, deletion or indel written further right that reaches into a position's REF counts, too.
    Some positions of the other build are among them, so that a header that lies is found out.
    """
    found: dict[str, set[int]] = {}
    for gene in genes:
        places = found.setdefault(gene.chromosome, set())
        distance = shift(gene) or 0
        for position in (*gene.positions, *gene.extra):
            span = range(position.pos, position.pos + len(position.ref) + max(position.shifts, default=0))
            if build != "GRCh37":
                places.update(span)
            if build != "GRCh38" and position.pos37 is not None:
                places.update(pos - distance for pos in span)
        places.update(_signposts(gene, build, distance))
    return {chromosome: sorted(positions) for chromosome, positions in found.items()}


def _signposts(gene: Gene, build: str | None, distance: int) -> Iterator[int]:
    """Positions of the build that a file should not be of."""
    for position in gene.positions if gene.name in SIGNPOSTS and build else ():
        if position.pos37 is not None:
            yield position.pos if build == "GRCh37" else position.pos - distance
