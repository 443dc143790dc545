"""Rules for the first seven columns of a data line: CHROM, POS, ID, REF, ALT, QUAL, FILTER."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pytwin.genome.vcf_fault import Fault
from pytwin.genome.vcf_fields import Version

_CHROM = re.compile(r"<[^\s<>,]+>|[^\s<>,]+")
_POS = re.compile(r"[0-9]{1,10}")
_ID = re.compile(r"[^\s;]+(?:;[^\s;]+)*")
_REF = re.compile(r"[ACGTNacgtn]+")
_BASES = "[ACGTNacgtn]+"
_BREAKEND = rf"(?:\.|{_BASES})[\[\]][^\[\]\s]+[\[\]]|[\[\]][^\[\]\s]+[\[\]](?:\.|{_BASES})"
_ALT = re.compile(rf"{_BASES}|\*|\.|\.{_BASES}|{_BASES}\.|<[^<>\s,]+>|{_BREAKEND}")
_QUAL = re.compile(
    r"\.|\+?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|-0(?:\.0*)?|\+?(?:inf|infinity)|[+-]?nan",
    re.IGNORECASE,
)
LONGEST = 100_000
"""Bases of an allele that is written out; longer ones are symbolic."""

_FILTER = re.compile(r"[^\s;,]+(?:;[^\s;,]+)*")


_USUAL = re.compile(
    r"[0-9A-Za-z_.]+\t[0-9]{1,10}\t(?:\.|[0-9A-Za-z_]+)\t[ACGTN]{1,1000}\t(?:[ACGTN]{1,1000}|\.|\*|<[A-Z_]+>)\t"
    r"(?:\.|[0-9]{1,15}(?:\.[0-9]{1,15})?)\t(?:PASS|\.)\t"
)


def surely_in_order(text: str) -> bool:
    """Whether a line's first seven columns are of the commonest kind; False says nothing."""
    return _USUAL.match(text) is not None


def check_columns(columns: Sequence[str], version: Version) -> Iterator[Fault]:
    """Findings about the first seven columns, those that make the line unusable marked so."""
    chrom, pos, name, ref, alt, qual, filters = columns[:7]
    if not _CHROM.fullmatch(chrom):
        yield Fault("vcf.chrom", "CHROM is empty or holds a blank, a comma or a lone angle bracket", True)
    elif ":" in chrom:
        yield Fault("vcf.chrom-colon", "CHROM holds a colon, which makes breakends ambiguous")
    if not _POS.fullmatch(pos):
        yield Fault("vcf.pos", "POS is not a whole number", True)
    yield from _names(name, version)
    if not _REF.fullmatch(ref):
        yield Fault("vcf.ref", "REF is not a sequence of A, C, G, T, N", True)
    elif max(len(ref), len(alt) if "," not in alt else max(map(len, alt.split(",")))) > LONGEST:
        yield Fault("vcf.ref", f"an allele is longer than {LONGEST} bases", True)
        return
    yield from _alts(alt)
    if not _QUAL.fullmatch(qual):
        yield Fault("vcf.qual", "QUAL is not a number from 0", True)
    yield from _filters(filters)


def _names(name: str, version: Version) -> Iterator[Fault]:
    if name == ".":
        return
    if not _ID.fullmatch(name):
        yield Fault("vcf.id", "ID is empty, or holds a blank or an empty name", True)
    elif ";" in name and len(set(parts := name.split(";"))) < len(parts):
        yield Fault("vcf.id-repeated", "ID holds a name twice")


def _alts(alt: str) -> Iterator[Fault]:
    alts = alt.split(",")
    if not all(map(_ALT.fullmatch, alts)) or ("." in alts and len(alts) > 1):
        yield Fault("vcf.alt", "ALT holds something that is no allele", True)
    elif len(alts) > 1 and len(set(alts)) < len(alts):
        yield Fault("vcf.alt", "ALT holds an allele twice", True)


def _filters(text: str) -> Iterator[Fault]:
    if text in ("PASS", "."):
        return
    names = text.split(";")
    if not _FILTER.fullmatch(text):
        yield Fault("vcf.filter", "FILTER is empty, or holds a blank or an empty name", True)
    elif "." in names or "PASS" in names:
        yield Fault("vcf.filter", "FILTER holds PASS or a dot beside another value", True)
    elif "0" in names:
        yield Fault("vcf.filter-name", "FILTER holds the reserved name 0")
    elif len(set(names)) < len(names):
        yield Fault("vcf.filter-name", "FILTER holds a name twice")
