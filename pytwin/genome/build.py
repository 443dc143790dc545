"""Which genome build a VCF is written in: from its header, and from its reference bases.

A file of a third build, or in which these disagree, is refused: its positions mean other bases.
Lengths of the chromosomes: Genome Reference Consortium, assemblies GRCh37 (hg19) and GRCh38 (hg38).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, NoReturn, Protocol, cast

from pytwin.errors import InputError
from pytwin.genome.grch37 import positions37
from pytwin.genome.tables import Gene, Position
from pytwin.genome.vcf_header import Header
from pytwin.genome.vcf_record import Record

Build = Literal["GRCh38", "GRCh37"]

_NAMES = (*(str(n) for n in range(1, 23)), "X", "Y")
_LENGTHS = {
    "GRCh38": (
        248956422, 242193529, 198295559, 190214555, 181538259, 170805979, 159345973, 145138636,
        138394717, 133797422, 135086622, 133275309, 114364328, 107043718, 101991189, 90338345,
        83257441, 80373285, 58617616, 64444167, 46709983, 50818468, 156040895, 57227415,
    ),
    "GRCh37": (
        249250621, 243199373, 198022430, 191154276, 180915260, 171115067, 159138663, 146364022,
        141213431, 135534747, 135006516, 133851895, 115169878, 107349540, 102531392, 90354753,
        81195210, 78077248, 59128983, 63025520, 48129895, 51304566, 155270560, 59373566,
    ),
}  # fmt: skip
_PATTERNS = {
    "GRCh38": re.compile(
        r"grch38|hg[-_]?38|\bb38\b|hs38|GCA_000001405\.(1[5-9]|2\d)|GCF_000001405\.(2[6-9]|[34]\d)",
        re.IGNORECASE,
    ),
    "GRCh37": re.compile(
        r"grch37|hg[-_]?19|\bb37\b|hs37|g1k_v37|GCA_000001405\.(\d|1[0-4])\b|GCF_000001405\.(1[3-9]|2[0-5])\b",
        re.IGNORECASE,
    ),
    "another": re.compile(r"hg[-_]?1[678]\b|ncbi[-_ ]?(build)?3[456]|\bb36\b|chm13|t2t", re.IGNORECASE),
}

ENOUGH = 3
"""Reference bases that must agree where neither header nor rsIDs name the build (chance 1/64)."""


def _by_length(header: Header) -> set[str]:
    """Builds that the given lengths of whole chromosomes belong to."""
    found = set()
    for name, length in header.contigs.items():
        if name in _NAMES and length is not None:
            at = _NAMES.index(name)
            found.add(next((build for build, sizes in _LENGTHS.items() if sizes[at] == length), "another"))
    return found


def _by_name(texts: Iterable[str]) -> set[str]:
    return {build for text in texts for build, pattern in _PATTERNS.items() if pattern.search(text)}


class Positioned(Protocol):
    """A file with a header and records."""

    @property
    def name(self) -> str: ...
    @property
    def header(self) -> Header: ...
    @property
    def records(self) -> Sequence[Record]: ...


def chromosome_lengths(build: Build) -> dict[str, int]:
    """Bases of the whole chromosomes of a build."""
    return dict(zip(_NAMES, _LENGTHS[build], strict=True))


def header_build(header: Header) -> str | None:
    """``GRCh38``, ``GRCh37``, ``another``, ``conflict``, or None where the header does not tell.

    Lengths of contigs weigh more than the assembly names of contigs, and these more than the
    reference line, which liftover leaves as it was.
    """
    for found in (_by_length(header), _by_name(header.assemblies), _by_name(header.references)):
        if found:
            return found.pop() if len(found) == 1 else "conflict"
    return None


def _refuse(code: str, message: str, name: str, hint: str) -> NoReturn:
    raise InputError(code, message, place=name, hint=hint)


def _agreeing(records: Iterable[Record], places: Mapping[tuple[str, int], Position]) -> _Evidence:
    """Distinct positions whose REF agrees with the table, and whose rsID does too."""
    bases, names = set(), set()
    for record in records:
        position = places.get((record.chromosome, record.pos))
        if position is None or record.block:
            continue
        shorter = min(len(record.ref), len(position.ref))
        if record.ref[:shorter] == position.ref[:shorter]:
            bases.add(record.pos)
            if position.rsid and position.rsid in record.id.split(";"):
                names.add(record.pos)
    return _Evidence(len(bases), len(names))


class _Evidence(NamedTuple):
    """Positions whose reference base, and whose rsID, are those of a build."""

    bases: int
    names: int

    def beats(self, other: _Evidence) -> bool:
        """Enough to name the build."""
        return self.bases > other.bases and bool(self.names or self.bases >= ENOUGH)


def find_build(file: Positioned, genes: Iterable[Gene], stated: str | None) -> Build | None:
    """The build of a file by its header, its reference bases, and what the caller states.

    Returns
    -------
    "GRCh38", "GRCh37" or None
        None where the header is silent and no position is covered.

    Raises
    ------
    InputError
        ``genome.build-stated``, ``genome.build-other``, ``genome.build-conflict``, ``genome.build-unknown``.
    """
    genes = tuple(genes)
    if stated not in (None, "GRCh38", "GRCh37"):
        _refuse("genome.build-stated", "build must be GRCh38 or GRCh37", file.name, "")
    named = header_build(file.header)
    if named == "another" and file.records:
        _refuse("genome.build-other", "the file is of another build", file.name, "convert it to GRCh38")
    if named == "conflict":
        _refuse("genome.build-conflict", "the header names two genome builds", file.name, "which one is it?")
    seen = _by_bases(file, genes)
    named = None if named == "another" else named
    says = {build for build in (named, seen, stated) if build is not None}
    if len(says) > 1:
        _refuse(
            "genome.build-conflict",
            "the header, the reference bases and what was stated do not name one build",
            file.name,
            "which one is it? Was the header kept when positions were converted?",
        )
    if not says and file.records:
        _refuse(
            "genome.build-unknown",
            "neither header nor reference bases tell the genome build",
            file.name,
            "if you know it, say so: read_genome(path, build='GRCh38')",
        )
    return cast(Build, says.pop()) if says else None


def _by_bases(file: Positioned, genes: Sequence[Gene]) -> Build | None:
    """The build that the reference bases at the tables' positions agree with."""
    old = {(p.chromosome, place): p for gene in genes for p, place in positions37(gene)}
    new = {(p.chromosome, p.pos): p for gene in genes for p in (*gene.positions, *gene.extra)}
    in_37, in_38 = _agreeing(file.records, old), _agreeing(file.records, new)
    if in_37.beats(in_38):
        return "GRCh37"
    return "GRCh38" if in_38.beats(in_37) else None
