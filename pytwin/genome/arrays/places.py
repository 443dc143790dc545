"""Chromosomes and builds of array exports.

Pseudo-autosomal regions: Genome Reference Consortium, assemblies GRCh37 and GRCh38. SNPs that tell the
build: their positions in dbSNP for NCBI36, GRCh37 and GRCh38, beside the positions of the allele tables.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

from pytwin.genome.tables import Tables

BUILDS = ("NCBI36", "GRCh37", "GRCh38")
_NUMBER = {"36": "NCBI36", "18": "NCBI36", "37": "GRCh37", "19": "GRCh37", "38": "GRCh38"}
_BUILD = re.compile(r"(?:build|grch|ncbi|hg|assembly)[ _:.-]{0,3}(36|37|38|18|19)(?!\d)", re.IGNORECASE)
_AUTOSOMES = frozenset(str(number) for number in range(1, 23))
_NAMES = {
    "X": "X", "23": "X", "Y": "Y", "24": "Y", "25": "PAR", "XY": "PAR", "PAR": "PAR", "26": "MT", "M": "MT",
    "MT": "MT",
}  # fmt: skip
# (X, Y) spans of both regions
_PAR = {
    "GRCh37": (((60001, 2699520), (154931044, 155260560)), ((10001, 2649520), (59034050, 59363566))),
    "GRCh38": (((10001, 2781479), (155701383, 156030895)), ((10001, 2781479), (56887903, 57217415))),
}
_TELLING = {
    "rs3094315": ("1", (742429, 752566, 817186)),
    "rs2500347": ("1", (143649677, 144938320, 148946169)),
    "rs11928389": ("3", (50908372, 50927009, 50889578)),
}


@lru_cache(maxsize=256)
def chromosome_name(text: str) -> str | None:
    """1 to 22, X, Y, MT or PAR; None for anything else."""
    name = text.upper().removeprefix("CHR")
    return name if name in _AUTOSOMES else _NAMES.get(name)


def build_named(header: str) -> str | None:
    """The build that the header text names, if it names one."""
    found = {_NUMBER[number] for number in _BUILD.findall(header)}
    return found.pop() if len(found) == 1 else None


def telling_positions(tables: Tables) -> dict[str, tuple[str, tuple[int | None, ...]]]:
    """rsID -> (chromosome, its positions in ``BUILDS``; None where not known)."""
    found: dict[str, tuple[str, tuple[int | None, ...]]] = dict(_TELLING)
    for gene in tables.genes.values():
        for position in (*gene.positions, *gene.extra):
            if position.rsid:
                found[position.rsid] = (position.chromosome, (None, position.pos37, position.pos))
    return found


def votes(
    rows: Iterable[tuple[str, str, int]], telling: Mapping[str, tuple[str, tuple[int | None, ...]]]
) -> Counter[str]:
    """How many (rsID, chromosome, position) stand where each build has them."""
    counts: Counter[str] = Counter()
    for rsid, chromosome, pos in rows:
        known = telling.get(rsid)
        if known and known[0] == chromosome:
            counts.update(build for build, at in zip(BUILDS, known[1], strict=True) if at == pos)
    return counts


def place_par(pos: int, build: str | None) -> str | None:
    """The chromosome of a pseudo-autosomal position: X where X has it there, else Y; None for neither.

    Both chromosomes have these regions, and assemblies keep their sequence on X.
    """
    for chromosome, spans in zip("XY", _PAR.get(build or "GRCh37", _PAR["GRCh37"]), strict=True):
        if any(first <= pos <= last for first, last in spans):
            return chromosome
    return None
